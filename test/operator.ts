import { expect } from "vitest";
import type { Islet } from "../server/index.ts";
import { send } from "./http/send.ts";

/** Calls a route of the operator, such as `POST reset`, and returns the members of the answer. */
export async function operate(
  islet: Islet,
  route: string,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const { status, text } = await operated(islet, route, fields);
  expect({ status, text }).toMatchObject({ status: 200 });
  return JSON.parse(text) as Record<string, unknown>;
}

/** Asserts that a route refuses, with this code and, where given, this message. */
export async function operationRefused(
  islet: Islet,
  route: string,
  fields: Readonly<Record<string, unknown>>,
  code: string,
  message?: RegExp,
): Promise<void> {
  const { text } = await operated(islet, route, fields);
  const answer = JSON.parse(text) as { error?: string; message?: string };
  expect(answer).toMatchObject({ error: code });
  if (message) expect(answer.message).toMatch(message);
}

function operated(islet: Islet, route: string, fields: Readonly<Record<string, unknown>>) {
  const [method = "", name = ""] = route.split(" ");
  const query = new URLSearchParams(fields as Record<string, string>).toString();
  const path = `/_islet/${name}${method === "GET" && query ? `?${query}` : ""}`;
  return send(islet, {
    method,
    path,
    service: "islet",
    ...(method === "POST" && {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields),
    }),
  });
}
