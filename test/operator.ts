import { expect } from "vitest";
import type { Islet } from "../server/index.ts";
import { operate as call } from "./http/send.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Calls a route of the operator, such as `POST reset`, and returns the members of the answer. */
export async function operate(islet: Islet, route: string, fields: Fields = {}): Promise<Fields> {
  const { status, json } = await answered(islet, route, fields);
  expect({ status, json }).toMatchObject({ status: 200 });
  return json as Fields;
}

/** Asserts that a route refuses, with this code and, where given, this message. */
export async function operationRefused(
  islet: Islet,
  route: string,
  fields: Fields,
  code: string,
  message?: RegExp,
): Promise<void> {
  const { json } = await answered(islet, route, fields);
  expect(json).toMatchObject({ error: code });
  if (message) expect((json as { message?: string }).message).toMatch(message);
}

/** The members of a GET go into the query string. */
function answered(islet: Islet, route: string, fields: Fields): ReturnType<typeof call> {
  const [method, path = ""] = route.split(" ");
  if (method !== "GET") return call(islet, "POST", path, fields);
  const query = new URLSearchParams(fields as Record<string, string>).toString();
  return call(islet, "GET", query === "" ? path : `${path}?${query}`);
}
