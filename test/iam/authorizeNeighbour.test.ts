import * as Ec2 from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { ec2Handlers } from "../../server/ec2/registry.ts";
import { loadEc2Actions, type Action } from "../../server/iam/actionTable.ts";
import { resources } from "../../server/kit/resource.ts";
import type { Shape } from "../../server/wire/shape.ts";
import { loadService } from "../../server/wire/service.ts";
import { minimalInput } from "./minimalInput.ts";
import { asUser, statement, type Person } from "./person.ts";

/** Types by what members are called that are not called after them. */
const called: Readonly<Record<string, string>> = {
  Allocation: "elastic-ip",
  Exclusion: "vpc-block-public-access-exclusion",
  Service: "vpc-endpoint-service",
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
    "arn:aws:ec2:*:*:*/this",
  ]),
];
const [THIS, OTHER] = ["0aaaaaaaaaaaaaaaa", "0bbbbbbbbbbbbbbbb"];

/** A place in an input where an id stands: `NetworkInterfaces.SubnetId`. */
interface Place {
  readonly path: readonly string[];
  readonly prefix: string;
}

/** Members with ids of what the call is not about. */
const skipped: ReadonlySet<string> = new Set(["ExcludeDataVolumeIds", "Filters"]);

/** Where in an input of this shape there are ids of one of the types, in whatever depth. */
function placesIn(shape: Shape, types: readonly string[], path: readonly string[] = []): Place[] {
  if (shape.kind === "list") return placesIn(shape.element, types, path);
  if (shape.kind !== "structure") {
    const prefix = shape.kind === "string" ? prefixOf(typeCalled(path.at(-1) ?? "", types) ?? "") : undefined;
    return prefix === undefined ? [] : [{ path, prefix }];
  }
  // Shapes may be within themselves.
  if (path.length > 3) return [];
  return [...shape.members.values()].flatMap((member) =>
    skipped.has(member.name) ? [] : placesIn(member.shape, types, [...path, member.name]),
  );
}

/** The input with an id in a place of it. */
function withId(shape: Shape, input: unknown, [name, ...rest]: readonly string[], id: string): unknown {
  if (shape.kind === "list") {
    const [first] = Array.isArray(input) ? (input as unknown[]) : [];
    return [withId(shape.element, first, name === undefined ? [] : [name, ...rest], id)];
  }
  if (shape.kind !== "structure" || name === undefined) return id;
  const inner = [...shape.members.values()].find((member) => member.name === name)?.shape;
  if (!inner) throw new TypeError(name);
  const before = (input ?? minimalInput(shape.required)) as Record<string, unknown>;
  return { ...before, [name]: withId(inner, before[name], rest, id) };
}

/** Inputs about what is called otherwise than by a member that has the type's name. */
const otherwise = (id: typeof THIS): Readonly<Record<string, object>> => {
  const name = id === THIS ? "this" : "that";
  return {
    CancelImportTask: { ImportTaskId: `import-snap-${id}` },
    CreateFlowLogs: { ResourceType: "Subnet", ResourceIds: [`subnet-${id}`] },
    CreateNetworkInsightsPath: { Source: `eni-${id}`, Protocol: "tcp" },
    CreateTags: { Resources: [`vpc-${id}`], Tags: [{ Key: "a", Value: "b" }] },
    DeleteKeyPair: { KeyName: name },
    DeletePlacementGroup: { GroupName: name },
    DeletePublicIpv4Pool: { PoolId: `ipv4pool-ec2-${id}` },
    DeleteTags: { Resources: [`vpc-${id}`] },
    DeprovisionPublicIpv4PoolCidr: { PoolId: `ipv4pool-ec2-${id}`, Cidr: "203.0.113.0/24" },
    GetAssociatedIpv6PoolCidrs: { PoolId: `ipv6pool-ec2-${id}` },
    ProvisionPublicIpv4PoolCidr: {
      IpamPoolId: `ipam-pool-${id}`,
      PoolId: `ipv4pool-ec2-${id}`,
      NetmaskLength: 24,
    },
    ReportInstanceStatus: { Instances: [`i-${id}`], Status: "ok", ReasonCodes: ["other"] },
  };
};

/** What they are about is told by rows alone: see authorizeByRows.test.ts. */
const byRows: ReadonlySet<string> = new Set([
  "DeleteNetworkInterfacePermission",
  "DeleteVpcEndpointConnectionNotifications",
  "DetachNetworkInterface",
  // See authorize.test.ts.
  "DisassociateAddress",
  "DisassociateIamInstanceProfile",
  "DisassociateRouteTable",
  "DisassociateSubnetCidrBlock",
  "DisassociateVpcCidrBlock",
  "ModifyVpcEndpointConnectionNotification",
  "ReplaceIamInstanceProfileAssociation",
]);

const commands = Ec2 as unknown as Record<string, new (input: object) => never>;

async function send({ ec2 }: Person, name: string, input: object): Promise<string> {
  const Command = commands[`${name}Command`];
  if (!Command) throw new TypeError(name);
  return ec2.send(new Command(input)).then(
    () => "ok",
    (error: unknown) => (error as Error).name,
  );
}

const builtActions = async (): Promise<Action[]> => {
  const actions = await loadEc2Actions();
  return [...ec2Handlers.keys()].flatMap((name) => {
    const action = actions.get(name);
    return action && action.resources.length > 0 ? [action] : [];
  });
};

test("who may act on one resource may not act on its neighbour, by any action", async () => {
  const person = await asUser(...onlyThis);
  const { operations } = await loadService("ec2");
  const wrong: string[] = [];
  const untried: string[] = [];
  let tried = 0;
  for (const { name, resources: about } of await builtActions()) {
    const input = operations.get(name)?.input;
    if (!input) throw new TypeError(name);
    const least = minimalInput(input.required);
    const places = placesIn(
      input,
      about.map(({ type }) => type),
    );
    const filled = places
      .filter(({ path }) => path.length === 1)
      .reduce<unknown>((made, { path, prefix }) => withId(input, made, path, `${prefix}-${THIS}`), least);
    const pairs = places.map(({ path, prefix }) => ({
      what: path.join("."),
      good: withId(input, filled, path, `${prefix}-${THIS}`) as object,
      bad: withId(input, filled, path, `${prefix}-${OTHER}`) as object,
    }));
    const [good, bad] = [otherwise(THIS)[name], otherwise(OTHER)[name]];
    if (good && bad) pairs.push({ what: "what is called otherwise", good, bad });
    for (const each of pairs) {
      tried += 1;
      if ((await send(person, name, each.good)) === "UnauthorizedOperation") {
        wrong.push(`${name} on this ${each.what}`);
      }
      if ((await send(person, name, each.bad)) !== "UnauthorizedOperation") {
        wrong.push(`${name} on another ${each.what}`);
      }
    }
    const required = about.filter((type) => type.required);
    // Of what is to be made there is no neighbour yet: see the next test.
    const makesOnly =
      required.length > 0 &&
      (name === "ImportVolume" || required.every(({ keys }) => keys.includes("aws:RequestTag/${TagKey}")));
    if (pairs.length === 0 && !makesOnly && !byRows.has(name)) untried.push(name);
  }
  expect(wrong).toEqual([]);
  expect(untried).toEqual([]);
  expect(tried).toBeGreaterThan(375);
}, 120_000);

/** Whoever may do it to one type of what a call is always about, and not to the others, may not do it. */
test("each type that an action is always about must be allowed", async () => {
  const person = await asUser();
  const { operations } = await loadService("ec2");
  const wrong: string[] = [];
  for (const { name, resources: about } of await builtActions()) {
    const required = about.filter((type) => type.required);
    const input = operations.get(name)?.input;
    if (!input || required.length === 0) continue;
    const arns = about.map(({ type }) => `arn:aws:ec2:*:*:${type}/*`);
    const least = minimalInput(input.required);
    for (const left of [undefined, ...required.map(({ type }) => `arn:aws:ec2:*:*:${type}/*`)]) {
      await person.allow(
        statement("Allow", ["iam:PassRole", "ec2:CreateTags"]),
        statement("Allow", "ec2:DescribeRegions"),
        ...arns.filter((arn) => arn !== left).map((arn) => statement("Allow", `ec2:${name}`, arn)),
      );
      const isRefused = (await send(person, name, least)) === "UnauthorizedOperation";
      if (isRefused !== (left !== undefined)) wrong.push(`${name} without ${left}`);
    }
  }
  expect(wrong).toEqual([]);
}, 120_000);
