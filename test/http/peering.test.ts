/** Packets between VPCs, and what prefix lists mean to them, through the front door. */
import {
  AcceptVpcPeeringConnectionCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateManagedPrefixListCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcPeeringConnectionCommand,
  DeleteVpcPeeringConnectionCommand,
  DescribeRouteTablesCommand,
  EC2Client,
  ModifyManagedPrefixListCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExchangeView } from "../../server/http/journeyView.ts";
import type { Islet } from "../../server/index.ts";
import { imagesOf } from "../../server/ec2/catalogue/images.ts";
import { launch, linux } from "../ec2/launch.ts";
import { configOf, freshKeys, ownIslet } from "../islet.ts";
import { operate } from "./send.ts";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
});
afterAll(() => islet.close());

interface Site {
  readonly account: string;
  readonly region: string;
  readonly ec2: EC2Client;
  readonly vpc: string;
  readonly group: string;
  readonly instance: string;
  readonly address: string;
}

/** A VPC with one instance at x.x.1.10, in an account of its own. */
async function site(net: string, region = "us-east-1"): Promise<Site> {
  const keys = freshKeys(islet);
  const ec2 = new EC2Client(configOf(islet, keys, region));
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: `${net}.0.0/16` }));
  const vpc = Vpc?.VpcId ?? "";
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId: vpc, CidrBlock: `${net}.1.0/24`, AvailabilityZone: `${region}a` }),
  );
  const { GroupId: group = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: vpc, GroupName: "g", Description: "g" }),
  );
  const address = `${net}.1.10`;
  const instance = await launch(ec2, {
    ImageId: imagesOf(region).find(({ name }) => name === linux.name)?.id,
    SubnetId: Subnet?.SubnetId,
    SecurityGroupIds: [group],
    PrivateIpAddress: address,
  });
  const listening = { Region: region, InstanceId: instance, Protocol: "tcp", Port: 443 };
  await operate(islet, "POST", "listen", listening);
  return { account: keys.account, region, ec2, vpc, group, instance, address };
}

async function connect(from: Site, to: string): Promise<ExchangeView> {
  const { status, json } = await operate(islet, "POST", "packets", {
    Region: from.region,
    From: from.instance,
    To: to,
    Protocol: "tcp",
    Port: 443,
    Exchange: true,
  });
  expect({ status, json }).toMatchObject({ status: 200 });
  return json as ExchangeView;
}

async function tableOf({ ec2, vpc }: Site): Promise<string> {
  const { RouteTables } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [vpc] }] }),
  );
  return RouteTables?.[0]?.RouteTableId ?? "";
}

const addRoute = async (from: Site, to: Site, VpcPeeringConnectionId: string) =>
  from.ec2.send(
    new CreateRouteCommand({
      RouteTableId: await tableOf(from),
      DestinationCidrBlock: `${to.address}/32`,
      VpcPeeringConnectionId,
    }),
  );

async function ask(near: Site, far: Site): Promise<string> {
  const { VpcPeeringConnection } = await near.ec2.send(
    new CreateVpcPeeringConnectionCommand({
      VpcId: near.vpc,
      PeerVpcId: far.vpc,
      PeerOwnerId: far.account,
      PeerRegion: far.region,
    }),
  );
  return VpcPeeringConnection?.VpcPeeringConnectionId ?? "";
}

const accept = ({ ec2 }: Site, VpcPeeringConnectionId: string) =>
  ec2.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));

const fromGroup = (near: Site) => ({
  IpProtocol: "tcp",
  FromPort: 443,
  ToPort: 443,
  UserIdGroupPairs: [{ GroupId: near.group, UserId: near.account }],
});

const fromBlock = (CidrIp: string) => ({
  IpProtocol: "tcp",
  FromPort: 443,
  ToPort: 443,
  IpRanges: [{ CidrIp }],
});

const allow = ({ ec2, group }: Site, permission: object) =>
  ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: [permission] }));

describe("between two VPCs of two accounts", () => {
  test("packets pass when it is asked, accepted, routed on both sides and allowed, and no sooner", async () => {
    const [near, far] = [await site("10.0"), await site("10.1")];
    const reason = async () => (await connect(near, far.address)).Forward.Reason;
    expect(await reason()).toBe("NO_ROUTE_TO_DESTINATION");
    const id = await ask(near, far);
    await addRoute(near, far, id);
    expect(await reason()).toBe("BAD_STATE_ROUTE");
    await accept(far, id);
    expect(await reason()).toBe("SG_HAS_NO_RULES");
    await allow(far, fromGroup(near));
    const oneWay = await connect(near, far.address);
    expect(oneWay.Forward).toMatchObject({ Outcome: "delivered", Receiver: { InstanceId: far.instance } });
    expect(oneWay.Back?.Reason).toBe("NO_ROUTE_TO_DESTINATION");
    await addRoute(far, near, id);
    const both = await connect(near, far.address);
    expect(both.Learned).toBe("answer");
    expect(both.Forward.Steps.map(({ Component }) => Component.Type)).toContain("vpc-peering-connection");
    await far.ec2.send(new DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId: id }));
    expect(await reason()).toBe("BAD_STATE_ROUTE");
  });

  test("in two regions too, but there groups are not known", async () => {
    const [near, far] = [await site("10.0"), await site("10.2", "eu-west-1")];
    const id = await ask(near, far);
    await accept(far, id);
    await addRoute(near, far, id);
    await addRoute(far, near, id);
    await allow(far, fromBlock("10.0.0.0/16"));
    // The other side becomes active by itself.
    await near.ec2.send(new DescribeRouteTablesCommand({}));
    expect((await connect(near, far.address)).Learned).toBe("answer");
    await near.ec2.send(new DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId: id }));
    expect((await connect(near, far.address)).Forward.Reason).toBe("BAD_STATE_ROUTE");
  });
});

test("what changes in a prefix list counts for the next packet, in rules and in routes", async () => {
  const [near, far] = [await site("10.0"), await site("10.3")];
  const id = await ask(near, far);
  await accept(far, id);
  const list = async ({ ec2 }: Site, cidr: string) => {
    const { PrefixList } = await ec2.send(
      new CreateManagedPrefixListCommand({
        PrefixListName: "peers",
        AddressFamily: "IPv4",
        MaxEntries: 2,
        Entries: [{ Cidr: cidr }],
      }),
    );
    return PrefixList?.PrefixListId ?? "";
  };
  const change = ({ ec2 }: Site, PrefixListId: string, out: string, into: string) =>
    ec2.send(
      new ModifyManagedPrefixListCommand({
        PrefixListId,
        CurrentVersion: 1,
        RemoveEntries: [{ Cidr: out }],
        AddEntries: [{ Cidr: into }],
      }),
    );
  const sources = await list(far, "10.0.9.0/24");
  const targets = await list(near, "10.3.0.0/16");
  await near.ec2.send(
    new CreateRouteCommand({
      RouteTableId: await tableOf(near),
      DestinationPrefixListId: targets,
      VpcPeeringConnectionId: id,
    }),
  );
  await addRoute(far, near, id);
  await allow(far, {
    IpProtocol: "tcp",
    FromPort: 443,
    ToPort: 443,
    PrefixListIds: [{ PrefixListId: sources }],
  });
  const learned = async () => {
    const { Learned, Forward } = await connect(near, far.address);
    return Forward.Reason ?? Learned;
  };
  expect(await learned()).toBe("ENI_SG_RULES_MISMATCH");
  await change(far, sources, "10.0.9.0/24", "10.0.1.0/24");
  expect(await learned()).toBe("answer");
  await change(near, targets, "10.3.0.0/16", "10.3.9.0/24");
  expect(await learned()).toBe("NO_ROUTE_TO_DESTINATION");
});
