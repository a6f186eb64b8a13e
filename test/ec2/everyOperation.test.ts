import * as sdk from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { ec2Handlers } from "../../server/ec2/registry.ts";
import { loadService } from "../../server/wire/service.ts";
import type { Member } from "../../server/wire/shape.ts";
import { call, errorOf } from "../http/send.ts";
import { freshClient, refused, sharedIslet } from "../islet.ts";
import { completeValue } from "../wire/values.ts";

const ec2 = await freshClient();
const { operations } = await loadService("ec2");

type AnyCommand = new (input: object) => sdk.DescribeVpcsCommand;

function send(name: string, input: object): Promise<object> {
  const Command = (sdk as unknown as Readonly<Record<string, AnyCommand | undefined>>)[`${name}Command`];
  if (!Command) throw new TypeError(`the SDK has no ${name}`);
  return ec2.send(new Command(input));
}

const built = [...ec2Handlers.keys()].map((name) => {
  const operation = operations.get(name);
  if (!operation) throw new TypeError(`the API has no ${name}`);
  const { members, required } = operation.input;
  return { name, members, required };
});

/** Some value for each of the members. */
function some(members: readonly Member[]): Record<string, unknown> {
  const all = completeValue({
    kind: "structure",
    name: "",
    union: false,
    members: new Map(members.map((member) => [member.name, member])),
    parameters: new Map(),
    required: members,
  });
  return all;
}

/** All that the account has, as far as it can be asked for without naming anything. */
async function everything(): Promise<object[]> {
  const lists = built.filter(
    ({ name, required }) => /^(?:Describe|List)/.test(name) && required.length === 0,
  );
  return Promise.all(lists.map(async ({ name }) => ({ ...(await send(name, {})), $metadata: undefined })));
}

const isId = ({ name }: Member): boolean => /(?:Ids?|Resources)$/.test(name);

/** With an element, where a list is wanted. */
const asWanted = ({ shape }: Member, text: string): unknown => (shape.kind === "list" ? [text] : text);

describe("what it refuses to parse", () => {
  test.each(built)("$name without its parameters", async ({ name, required }) => {
    for (const missing of required) {
      const others = some(required.filter((member) => member !== missing));
      await refused(send(name, others), "MissingParameter", new RegExp(missing.queryName));
    }
  });

  test.each(built)("$name with a parameter that it does not have", async ({ name }) => {
    const answer = await call(await sharedIslet(), { Action: name, Nonsense: "1" });
    expect(errorOf(answer)).toMatchObject({ code: "UnknownParameter", status: 400 });
  });

  test.each(built)("$name with ids that are none", async ({ name, members, required }) => {
    const wrong = ["", "x", "i-zzzzzzzz", "eni-0123456789ABCDEF0", "💥"];
    const inputs = [...members.values()]
      .filter(isId)
      .flatMap((member) =>
        wrong.map((text) => ({ ...some(required), [member.name]: asWanted(member, text) })),
      );
    const statuses = await Promise.all(
      inputs.map((input) =>
        send(name, input).then(
          () => 200,
          (reason: unknown) => (reason as sdk.EC2ServiceException).$metadata.httpStatusCode,
        ),
      ),
    );
    expect(inputs.filter((_, place) => ![200, 400].includes(statuses[place] ?? 0))).toEqual([]);
  });
});

describe("what it does", () => {
  test("a dry run of everything, that changes nothing", async () => {
    const before = await everything();
    for (const { name, members, required } of built) {
      if (!members.has("DryRun")) continue;
      const outcome = await send(name, { ...some(required), DryRun: true }).catch(
        (reason: unknown) => reason,
      );
      expect([name, (outcome as Error).name]).toEqual([name, "DryRunOperation"]);
    }
    expect(await everything()).toEqual(before);
  });
});
