import * as Ec2 from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { ec2Handlers } from "../../server/ec2/registry.ts";
import { loadEc2Actions } from "../../server/iam/actionTable.ts";
import { resources } from "../../server/kit/resource.ts";
import { loadService } from "../../server/wire/service.ts";
import { minimalInput } from "./minimalInput.ts";
import { asUser, statement } from "./person.ts";

/** Types by what members are called that are not called after them. */
const called: Readonly<Record<string, string>> = {
  Allocation: "elastic-ip",
  Group: "security-group",
  SecurityGroup: "security-group",
  FlowLog: "vpc-flow-log",
  Host: "dedicated-host",
  NatGateway: "natgateway",
};

const kebab = (name: string): string => name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "-").toLowerCase();

/** The type that a member of a request has an id of: `PeerVpcId` one of a `vpc`. */
function typeCalled(member: string, types: readonly string[]): string | undefined {
  const noun = /^(.*?)Ids?$/.exec(member)?.[1];
  if (noun === undefined) return undefined;
  const exact = called[noun];
  if (exact !== undefined) return types.includes(exact) ? exact : undefined;
  const fitting = types.filter((type) => kebab(noun) === type || kebab(noun).endsWith(`-${type}`));
  return fitting.toSorted((a, b) => b.length - a.length)[0];
}

const prefixOf = (type: string): string | undefined => resources.get(type)?.definition.idPrefix;

/** Allows what has this id, and what has none yet. */
const onlyThis = [
  statement("Allow", "iam:PassRole"),
  statement("Allow", "ec2:*", [
    "arn:aws:ec2:*:*:*/*-0aaaaaaaaaaaaaaaa",
    "arn:aws:ec2:*:*:*/${*}",
    "arn:aws:ec2:*:*:*/none",
  ]),
];
const [THIS, OTHER] = ["0aaaaaaaaaaaaaaaa", "0bbbbbbbbbbbbbbbb"];

test("who may act on one resource may not act on its neighbour, by any action", async () => {
  const { ec2 } = await asUser(...onlyThis);
  const actions = await loadEc2Actions();
  const { operations } = await loadService("ec2");
  const send = (name: string, input: object): Promise<string> => {
    const commands = Ec2 as unknown as Record<string, new (input: object) => never>;
    const Command = commands[`${name}Command`];
    if (!Command) throw new TypeError(name);
    return ec2.send(new Command(input)).then(
      () => "ok",
      (error: unknown) => (error as Error).name,
    );
  };
  const wrong: string[] = [];
  let tried = 0;
  for (const name of ec2Handlers.keys()) {
    const types = actions.get(name)?.resources.map(({ type }) => type) ?? [];
    const input = operations.get(name)?.input;
    if (!input) continue;
    const members = [...input.members.values()].flatMap(({ name: member, shape }) => {
      const prefix = prefixOf(typeCalled(member, types) ?? "");
      const isList = shape.kind === "list";
      return prefix === undefined || !(isList || shape.kind === "string") ? [] : [{ member, prefix, isList }];
    });
    const idsOf = (ids: readonly { member: string; prefix: string; isList: boolean }[], end = THIS) =>
      Object.fromEntries(
        ids.map(({ member, prefix, isList }) => {
          const id = `${prefix}-${end}`;
          return [member, isList ? [id] : id];
        }),
      );
    const least = { ...minimalInput(input.required), ...idsOf(members) };
    if (members.length > 0 && (await send(name, least)) === "UnauthorizedOperation") {
      wrong.push(`${name} on this`);
    }
    for (const each of members) {
      tried += 1;
      if ((await send(name, { ...least, ...idsOf([each], OTHER) })) !== "UnauthorizedOperation") {
        wrong.push(`${name} on another ${each.member}`);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(tried).toBeGreaterThan(300);
}, 120_000);
