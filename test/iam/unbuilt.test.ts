import * as Iam from "@aws-sdk/client-iam";
import * as Sts from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
import { iamHandlers } from "../../server/iam/registry.ts";
import { stsHandlers } from "../../server/sts/registry.ts";
import { loadService, type ServiceId } from "../../server/wire/service.ts";
import { configOf } from "../islet.ts";
import { freshIam } from "./client.ts";
import { minimalInput } from "./minimalInput.ts";

type Commands = Readonly<Record<string, unknown>>;

/** SAML and MFA devices, password policies, reports on services: nobody shall think that they have them. */
test.each<[ServiceId, ReadonlyMap<string, unknown>, Commands]>([
  ["iam", iamHandlers, Iam],
  ["sts", stsHandlers, Sts],
])("%s: what is not built is refused as such, and nothing of it is done", async (id, handlers, commands) => {
  const { islet, keys } = await freshIam();
  const config = configOf(islet, keys);
  const client: { send(command: never): Promise<unknown> } =
    id === "iam" ? new Iam.IAMClient(config) : new Sts.STSClient(config);
  const { operations } = await loadService(id);
  const codes: Record<string, string> = {};
  for (const [name, { input }] of operations) {
    const Command = commands[`${name}Command`] as new (input: object) => never;
    if (handlers.has(name)) continue;
    codes[name] = await client.send(new Command(minimalInput(input.required))).then(
      () => "ok",
      (error: unknown) => (error as Error).name,
    );
  }
  expect(Object.keys(codes).length).toBeGreaterThan(0);
  // The least that it takes is more than the least of each of its members.
  delete codes["PutAccountProperties"];
  expect(Object.entries(codes).filter(([, code]) => code !== "NotImplemented")).toEqual([]);
});
