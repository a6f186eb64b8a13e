import * as sdk from "@aws-sdk/client-ec2";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ec2Handlers } from "../../server/ec2/registry.ts";
import { Chance } from "../../server/kit/chance.ts";
import { loadService, type Operation } from "../../server/wire/service.ts";
import type { Shape } from "../../server/wire/shape.ts";
import { freshKeys, configOf, ownIslet } from "../islet.ts";
import { valuesOf } from "../wire/values.ts";
import { linux } from "./launch.ts";

const SEED = 20_161_115;
const CALLS_PER_OPERATION = 8;

const { operations } = await loadService("ec2");
const chance = new Chance(String(SEED));
const oneOf = <T>(list: readonly T[]): T | undefined => list[chance.below(list.length)];

/** What answers have said, by the name of the member: so that calls speak of what is there. */
const known = new Map<string, Set<string>>(
  Object.entries({
    CidrBlock: ["10.0.0.0/16", "10.0.1.0/24", "10.0.2.0/28", "10.1.0.0/16"],
    DestinationCidrBlock: ["0.0.0.0/0", "10.9.0.0/16"],
    Device: ["/dev/sdf", "/dev/sdg"],
    ImageId: [linux.id],
    InstanceType: ["t3.micro", "m5.large"],
    AvailabilityZone: ["us-east-1a", "us-east-1b"],
    IpAddress: ["203.0.113.7", "203.0.113.8"],
    IpProtocol: ["tcp", "-1", "icmp"],
    CidrIp: ["0.0.0.0/0"],
    Cidr: ["10.0.1.16/28", "10.0.1.32/28"],
    Description: ["of a test"],
    GroupName: ["web", "db", "cache"],
    Key: ["Name", "Stage"],
    Protocol: ["6", "-1", "tcp"],
    PrivateIpAddress: ["10.0.1.20", "10.0.1.21"],
    TransferAccountId: ["123456789012"],
  }).map(([name, values]) => [name, new Set(values)]),
);

function learn(value: unknown, name = ""): void {
  if (Array.isArray(value)) for (const each of value) learn(each, name);
  else if (typeof value === "object" && value !== null)
    for (const [key, each] of Object.entries(value)) learn(each, key);
  else if (typeof value === "string" && value !== "" && name !== "NextToken") {
    const values = known.get(name) ?? new Set();
    known.set(name, values.add(value));
  }
}

/** Mostly what is there, for a member of this name; now and then what is random, or something of another kind. */
function likely(name: string, random: string): string {
  if (random !== "" && chance.below(12) === 0) return random;
  if (name === "Resources" || chance.below(40) === 0)
    return oneOf([...known.values()].flatMap((all) => [...all])) ?? random;
  const kin = [name, name.replace(/s$/, ""), name.replace(/^.*(?=[A-Z][a-z]+Id$)/, "")];
  for (const each of kin) {
    const values = known.get(each);
    if (values) return oneOf([...values].slice(-12)) ?? random;
  }
  return random;
}

/** A random value of a shape, made likely. */
function adapt(shape: Shape, value: unknown, name: string): unknown {
  if (shape.kind === "structure") {
    const entries = Object.entries(value as object).filter(
      ([key]) => !/^(?:DryRun|NextToken|ClientToken)$/.test(key),
    );
    return Object.fromEntries(
      entries.map(([key, each]) => {
        const member = shape.members.get(key);
        return [key, member ? adapt(member.shape, each, key) : each];
      }),
    );
  }
  if (shape.kind === "list") return (value as unknown[]).map((each) => adapt(shape.element, each, name));
  if (shape.kind === "string" && !shape.values) return likely(name, value as string);
  if (name === "MinCount" || name === "MaxCount") return name === "MinCount" ? 1 : 1 + chance.below(3);
  if (shape.kind === "integer")
    return chance.below(8) === 0 && !name.endsWith("Count") ? value : chance.below(9);
  return value;
}

/** Without which a call has no chance, though the schema does not require it. */
const basics: Readonly<Record<string, object>> = {
  AllocateAddress: {},
  CreateCustomerGateway: { IpAddress: "" },
  CreateInternetGateway: {},
  CreateNetworkInterface: {},
  CreateSubnet: { CidrBlock: "" },
  CreateVolume: { AvailabilityZone: "", Size: 1 },
  CreateVpc: { CidrBlock: "" },
  CreateVpnConnection: { VpnGatewayId: "", Options: {} },
  RunInstances: { ImageId: "", InstanceType: "", MinCount: 1, MaxCount: 1 },
};

/** Of the members that a call can do without, some calls have none, others a few or most. */
function thin({ name, input }: Operation, value: object): object {
  const needed = new Set(input.required.map((member) => member.name));
  const share = oneOf([0, 20, 50, 90]) ?? 0;
  const kept = Object.entries(value).filter(([member]) => needed.has(member) || chance.below(100) < share);
  return { ...Object.fromEntries(kept), ...basics[name] };
}

const plan = [...ec2Handlers.keys()].flatMap((name) => {
  const operation = operations.get(name);
  if (!operation) throw new TypeError(`the API has no ${name}`);
  const numRuns = CALLS_PER_OPERATION * (name in basics ? 4 : 1);
  const inputs = fc.sample(valuesOf(operation.input, "input"), { seed: SEED, numRuns });
  return inputs.map((input) => ({ name, operation, input: thin(operation, input) }));
});

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((each) => [chance.below(2 ** 32), each] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, each]) => each);
}

type AnyCommand = new (input: object) => sdk.DescribeVpcsCommand;

async function send(ec2: sdk.EC2Client, name: string, input: object): Promise<object> {
  const Command = (sdk as unknown as Readonly<Record<string, AnyCommand | undefined>>)[`${name}Command`];
  if (!Command) throw new TypeError(`the SDK has no ${name}`);
  const { $metadata: _, ...answer } = await ec2.send(new Command(input));
  return answer;
}

/** So that there is something of each kind, whatever chance brings. */
const prelude: Readonly<Record<string, object>> = {
  RunInstances: { ImageId: linux.id, InstanceType: "t3.micro", MinCount: 3, MaxCount: 3 },
  CreateVolume: { AvailabilityZone: "us-east-1a", Size: 1 },
  CreateSecurityGroup: { GroupName: "web", Description: "of a test" },
  AllocateAddress: {},
  CreateCustomerGateway: { Type: "ipsec.1", IpAddress: "203.0.113.7" },
  CreateVpnGateway: { Type: "ipsec.1" },
  CreateTransitGateway: {},
  CreateInternetGateway: {},
  CreateManagedPrefixList: { PrefixListName: "offices", MaxEntries: 5, AddressFamily: "IPv4" },
  CreatePlacementGroup: { GroupName: "apart", Strategy: "spread" },
  AllocateHosts: { InstanceType: "m5.large", AvailabilityZone: "us-east-1a", Quantity: 1 },
  CreateTrafficMirrorFilter: {},
  ProvisionByoipCidr: { Cidr: "203.0.112.0/24" },
  CreatePublicIpv4Pool: {},
  CreateInstanceEventWindow: { CronExpression: "* 21-23 * * 2,3" },
  DescribeSubnets: {},
  DescribeNetworkAcls: {},
  DescribeVolumes: {},
};

/** Facts that nobody made. */
const CATALOGUE = /^Describe(?:AvailabilityZones|Images|InstanceType.*|Regions)$|^GetInstanceTypes/;

const sorted = (ids: readonly (string | undefined)[]): string[] =>
  ids.map(String).toSorted((a, b) => a.localeCompare(b));

/** What must hold of all that an account has, whatever it was asked to become. */
async function checkWhole(ec2: sdk.EC2Client): Promise<void> {
  const { Vpcs = [] } = await ec2.send(new sdk.DescribeVpcsCommand());
  const { RouteTables = [] } = await ec2.send(new sdk.DescribeRouteTablesCommand());
  const { SecurityGroups = [] } = await ec2.send(new sdk.DescribeSecurityGroupsCommand());
  const { NetworkAcls = [] } = await ec2.send(new sdk.DescribeNetworkAclsCommand());
  const { Subnets = [] } = await ec2.send(new sdk.DescribeSubnetsCommand());
  const { NetworkInterfaces = [] } = await ec2.send(new sdk.DescribeNetworkInterfacesCommand());
  const { Reservations = [] } = await ec2.send(new sdk.DescribeInstancesCommand());
  const { Volumes = [] } = await ec2.send(new sdk.DescribeVolumesCommand());
  const vpcs = sorted(Vpcs.map(({ VpcId }) => VpcId));
  const mains = RouteTables.filter(({ Associations = [] }) => Associations.some(({ Main }) => Main));
  expect(sorted(mains.map(({ VpcId }) => VpcId))).toEqual(vpcs);
  const groups = SecurityGroups.filter(({ GroupName }) => GroupName === "default");
  expect(sorted(groups.map(({ VpcId }) => VpcId))).toEqual(vpcs);
  const acls = NetworkAcls.filter(({ IsDefault }) => IsDefault);
  expect(sorted(acls.map(({ VpcId }) => VpcId))).toEqual(vpcs);
  const guarded = NetworkAcls.flatMap(({ Associations = [] }) =>
    Associations.map(({ SubnetId }) => SubnetId),
  );
  expect(sorted(guarded)).toEqual(sorted(Subnets.map(({ SubnetId }) => SubnetId)));
  for (const { VpcId } of [...RouteTables, ...SecurityGroups, ...NetworkAcls, ...Subnets])
    expect(vpcs).toContain(VpcId);
  const subnets = new Set(Subnets.map(({ SubnetId }) => SubnetId));
  expect(NetworkInterfaces.filter(({ SubnetId }) => !subnets.has(SubnetId))).toEqual([]);
  const addresses = NetworkInterfaces.flatMap(({ SubnetId, PrivateIpAddresses = [] }) =>
    PrivateIpAddresses.map(({ PrivateIpAddress }) => `${SubnetId}/${PrivateIpAddress}`),
  );
  expect(new Set(addresses).size).toBe(addresses.length);
  const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
  const living = instances
    .filter(({ State }) => State?.Name !== "terminated")
    .map(({ InstanceId }) => InstanceId);
  const primaries = NetworkInterfaces.filter(
    ({ Attachment }) => Attachment?.DeviceIndex === 0 && Attachment.NetworkCardIndex === 0,
  );
  expect(sorted(primaries.map(({ Attachment }) => Attachment?.InstanceId))).toEqual(sorted(living));
  for (const { Attachments = [] } of Volumes) {
    for (const { InstanceId } of Attachments) expect(living).toContain(InstanceId);
  }
}

test("whatever is asked, nothing breaks, and nothing is left half-made", { timeout: 60_000 }, async () => {
  const islet = await ownIslet({ seed: String(SEED) });
  try {
    const ec2 = new sdk.EC2Client(configOf(islet, freshKeys(islet)));
    for (const [name, input] of Object.entries(prelude)) learn(await send(ec2, name, input));
    const succeeded = new Set<string>();
    for (const { name, operation, input } of shuffled(plan)) {
      const asked = adapt(operation.input, input, name) as object;
      try {
        const answer = await send(ec2, name, asked);
        if (!CATALOGUE.test(name)) learn(answer);
        succeeded.add(name);
      } catch (error) {
        const isAnswer = error instanceof sdk.EC2ServiceException && error.name !== "InternalError";
        if (!isAnswer) throw new Error(`${name} ${JSON.stringify(asked)} breaks`, { cause: error });
      }
    }
    await checkWhole(ec2);
    expect(succeeded.size).toBeGreaterThan(ec2Handlers.size / 2);
  } finally {
    await islet.close();
  }
});
