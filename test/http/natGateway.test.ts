import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AssociateNatGatewayAddressCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateEgressOnlyInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcBlockPublicAccessExclusionCommand,
  CreateVpcCommand,
  DeleteNatGatewayCommand,
  DeleteVpcBlockPublicAccessExclusionCommand,
  DescribeVpcsCommand,
  EC2Client,
  ModifySubnetAttributeCommand,
  ModifyVpcBlockPublicAccessExclusionCommand,
  ModifyVpcBlockPublicAccessOptionsCommand,
  type InternetGatewayBlockMode,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawExchange } from "../../server/cli/drawing.ts";
import type { ExchangeView, JourneyView } from "../../server/http/journeyView.ts";
import type { Islet } from "../../server/index.ts";
import { partOf } from "../ec2/ipv6Block.ts";
import { launch } from "../ec2/launch.ts";
import { newNat, shownNat } from "../ec2/natNetwork.ts";
import { configOf, freshKeys, ownIslet } from "../islet.ts";
import { operate } from "./send.ts";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
});
afterAll(() => islet.close());

const Region = "us-east-1";
const OUTSIDE = "203.0.113.9";
const OUTSIDE_6 = "2001:db8::9";
const BLOCKED = "VPC_BLOCK_PUBLIC_ACCESS_ENABLED";

async function exchange(fields: object, on = islet): Promise<ExchangeView> {
  const asked = { Region, Protocol: "tcp", Port: 443, Exchange: true, ...fields };
  const { status, json } = await operate(on, "POST", "packets", asked);
  expect({ status, json }).toMatchObject({ status: 200 });
  return json as ExchangeView;
}

const stepAt = ({ Steps }: JourneyView, kind: string) =>
  Steps.find(({ Component }) => Component.Type === kind);

interface Site {
  readonly ec2: EC2Client;
  readonly vpc: string;
  readonly open: string;
  readonly hidden: string;
  /** The elastic address of the NAT gateway, which is in the open subnet. */
  readonly address: string;
  readonly nat: string;
  /** In the hidden subnet, which leads to the NAT gateway, and by IPv6 to the egress-only one. */
  readonly client: string;
  /** In the open subnet, with a public address. */
  readonly server: string;
}

/** A VPC as the tutorials make it: a public subnet with a NAT gateway, and a private one. */
async function site(on = islet): Promise<Site> {
  const ec2 = new EC2Client(configOf(on, freshKeys(on), Region));
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
  );
  const vpc = Vpc?.VpcId ?? "";
  const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [vpc] }));
  const six = Vpcs?.[0]?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock;
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const GatewayId = InternetGateway?.InternetGatewayId ?? "";
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId: vpc }));
  const { EgressOnlyInternetGateway } = await ec2.send(
    new CreateEgressOnlyInternetGatewayCommand({ VpcId: vpc }),
  );
  const { EgressOnlyInternetGatewayId } = EgressOnlyInternetGateway ?? {};
  const subnet = async (CidrBlock: string, digits: string, ...routes: object[]): Promise<string> => {
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({
        VpcId: vpc,
        CidrBlock,
        Ipv6CidrBlock: partOf(six, digits),
        AvailabilityZone: `${Region}a`,
      }),
    );
    const SubnetId = Subnet?.SubnetId ?? "";
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpc }));
    const RouteTableId = RouteTable?.RouteTableId ?? "";
    for (const route of routes) await ec2.send(new CreateRouteCommand({ RouteTableId, ...route }));
    await ec2.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId }));
    return SubnetId;
  };
  const all4 = { DestinationCidrBlock: "0.0.0.0/0" };
  const all6 = { DestinationIpv6CidrBlock: "::/0" };
  const open = await subnet("10.0.1.0/24", "01", { ...all4, GatewayId }, { ...all6, GatewayId });
  const made = await newNat(ec2, open, { PrivateIpAddress: "10.0.1.220" });
  const { NatGatewayId: nat = "", NatGatewayAddresses } = await shownNat(ec2, made.NatGatewayId);
  const hidden = await subnet(
    "10.0.2.0/24",
    "02",
    { ...all4, NatGatewayId: nat },
    { ...all6, EgressOnlyInternetGatewayId },
    { DestinationIpv6CidrBlock: "64:ff9b::/96", NatGatewayId: nat },
  );
  await ec2.send(new ModifySubnetAttributeCommand({ SubnetId: hidden, EnableDns64: { Value: true } }));
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: vpc, GroupName: "all", Description: "all" }),
  );
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [
        { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }], Ipv6Ranges: [{ CidrIpv6: "::/0" }] },
      ],
    }),
  );
  const plan = { SecurityGroupIds: [GroupId], Ipv6AddressCount: 1 };
  const client = await launch(ec2, { ...plan, SubnetId: hidden, PrivateIpAddress: "10.0.2.5" });
  const server = await launch(ec2, { ...plan, SubnetId: open, PrivateIpAddress: "10.0.1.5" });
  const { AllocationId } = await ec2.send(new AllocateAddressCommand({}));
  await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: server }));
  for (const InstanceId of [client, server]) {
    await operate(on, "POST", "listen", { Region, InstanceId, Protocol: "tcp", Port: 443 });
  }
  const address = NatGatewayAddresses?.[0]?.PublicIp ?? "";
  return { ec2, vpc, open, hidden, address, nat, client, server };
}

describe("by a NAT gateway", () => {
  test("out and back, with the rewritten headers at each step", async () => {
    const { client, nat, address } = await site();
    const { Forward, Back, Learned } = await exchange({ From: client, To: OUTSIDE });
    expect(Learned).toBe("answer");
    expect(stepAt(Forward, "nat-gateway")).toMatchObject({
      Component: { Id: nat },
      Direction: "egress",
      Ground: { Translated: { Source: "10.0.2.5", SourcePort: 49_152, Destination: OUTSIDE } },
      Packet: { Source: "10.0.1.220", SourcePort: 1024, Destination: OUTSIDE, TimeToLive: 63 },
    });
    expect(stepAt(Forward, "internet-gateway")).toMatchObject({
      Ground: { Translated: { Source: "10.0.1.220", SourcePort: 1024 } },
      Packet: { Source: address, SourcePort: 1024 },
    });
    expect(Back?.Sent).toMatchObject({ Source: OUTSIDE, Destination: address, DestinationPort: 1024 });
    expect(stepAt(Back ?? Forward, "nat-gateway")?.Packet).toMatchObject({
      Source: OUTSIDE,
      Destination: "10.0.2.5",
      DestinationPort: 49_152,
    });
  });

  test("as `islet trace` draws it", async () => {
    const { client, nat, address } = await site();
    const drawn = drawExchange(await exchange({ From: client, To: OUTSIDE }));
    expect(drawn).toContain(`NAT gateway ${nat}`);
    expect(drawn).toContain("10.0.2.5:49152 becomes 10.0.1.220:1024\n");
    expect(drawn).toContain(`10.0.1.220 becomes ${address}\n`);
    expect(drawn).toContain("10.0.1.220:1024 becomes 10.0.2.5:49152\n");
    const ping = drawExchange(
      await exchange({ From: client, To: OUTSIDE, Protocol: "icmp", Port: undefined }),
    );
    expect(ping).toContain("10.0.2.5 becomes 10.0.1.220, id 1 becomes id 1024");
  });

  test("nothing comes in, and says why", async () => {
    const { address, nat, client } = await site();
    const { Forward, Learned } = await exchange({ From: OUTSIDE, To: address });
    expect(Forward).toMatchObject({
      Outcome: "dropped",
      Reason: "UNSOLICITED",
      Remedy: `begin from inside; to be reached from outside, use an internet gateway instead of ${nat}`,
    });
    expect(Learned).toBe("nothing");
    expect((await exchange({ From: OUTSIDE, To: client })).Forward.Outcome).toBe("dropped");
  });

  test("to another instance of the VPC by its public address, as the gateway", async () => {
    const { client, server, address } = await site();
    const { Forward: there } = await exchange({ From: server, To: OUTSIDE });
    const own = there.Steps.at(-1)?.Packet.Source ?? "";
    const { Forward, Learned } = await exchange({ From: client, To: own });
    expect([Learned, Forward.Receiver?.InstanceId]).toEqual(["answer", server]);
    expect(Forward.Steps.at(-1)?.Packet.Source).toBe(address);
  });

  test("from IPv6 to IPv4, with the prefix of DNS64", async () => {
    const { client } = await site();
    const { Forward, Back, Learned } = await exchange({ From: client, To: `64:ff9b::${OUTSIDE}` });
    expect(Learned).toBe("answer");
    expect(stepAt(Forward, "nat-gateway")?.Packet).toMatchObject({
      Source: "10.0.1.220",
      Destination: OUTSIDE,
    });
    expect(Back?.Steps.at(-1)?.Packet.Source).toBe("64:ff9b::cb00:7109");
  });

  test("a second address takes a share; deleted, the gateway leaves a black hole", async () => {
    const { ec2, client, nat } = await site();
    const { AllocationId = "", PublicIp } = await ec2.send(new AllocateAddressCommand({}));
    await ec2.send(
      new AssociateNatGatewayAddressCommand({ NatGatewayId: nat, AllocationIds: [AllocationId] }),
    );
    const sources = new Set<string | undefined>();
    for (const SourcePort of [50_001, 50_002]) {
      const { Forward } = await exchange({ From: client, To: OUTSIDE, SourcePort });
      sources.add(Forward.Steps.at(-1)?.Packet.Source);
    }
    expect([sources.size, sources.has(PublicIp)]).toEqual([2, true]);
    await ec2.send(new DeleteNatGatewayCommand({ NatGatewayId: nat }));
    expect((await exchange({ From: client, To: OUTSIDE })).Forward.Reason).toBe("BAD_STATE_ROUTE");
  });
});

describe("by an egress-only internet gateway", () => {
  test("out and back, and nothing in", async () => {
    const { client, server } = await site();
    const { Forward, Learned } = await exchange({ From: client, To: OUTSIDE_6 });
    expect(Learned).toBe("answer");
    expect(stepAt(Forward, "egress-only-internet-gateway")?.Verdict).toBe("passed");
    expect(drawExchange(await exchange({ From: client, To: OUTSIDE_6 }))).toContain(
      "egress-only internet gateway eigw-",
    );
    const inside = Forward.Sent.Source;
    expect((await exchange({ From: "2001:db8::77", To: inside })).Forward.Reason).toBe("UNSOLICITED");
    const { Forward: open } = await exchange({ From: server, To: OUTSIDE_6 });
    expect((await exchange({ From: "2001:db8::77", To: open.Sent.Source })).Learned).toBe("answer");
  });
});

describe("Block Public Access", () => {
  const block = (ec2: EC2Client, InternetGatewayBlockMode: InternetGatewayBlockMode) =>
    ec2.send(new ModifyVpcBlockPublicAccessOptionsCommand({ InternetGatewayBlockMode }));

  /** By NAT gateway, by egress-only gateway, in and out by internet gateway. */
  async function learned({ client, server }: Site): Promise<string[]> {
    const { Forward } = await exchange({ From: client, To: server, DestinationAddress: "10.0.1.5" });
    expect(Forward.Outcome).toBe("delivered");
    const answers: string[] = [];
    for (const fields of [
      { From: client, To: OUTSIDE },
      { From: client, To: OUTSIDE_6 },
      { From: OUTSIDE, To: server },
      { From: server, To: OUTSIDE },
    ]) {
      const { Forward: there, Learned } = await exchange(fields);
      answers.push(there.Reason ?? Learned);
    }
    return answers;
  }

  test("both ways, one way, with exclusions, of one account", async () => {
    const here = await site();
    const { ec2, vpc, open } = here;
    const answer = "answer";
    expect(await learned(here)).toEqual([answer, answer, answer, answer]);
    await block(ec2, "block-bidirectional");
    expect(await learned(here)).toEqual([BLOCKED, BLOCKED, BLOCKED, BLOCKED]);
    expect(await learned(await site())).toEqual([answer, answer, answer, answer]);
    await block(ec2, "block-ingress");
    expect(await learned(here)).toEqual([answer, answer, BLOCKED, BLOCKED]);
    await block(ec2, "block-bidirectional");
    const { VpcBlockPublicAccessExclusion } = await ec2.send(
      new CreateVpcBlockPublicAccessExclusionCommand({
        SubnetId: open,
        InternetGatewayExclusionMode: "allow-bidirectional",
      }),
    );
    const { ExclusionId } = VpcBlockPublicAccessExclusion ?? {};
    expect(await learned(here)).toEqual([answer, BLOCKED, answer, answer]);
    await ec2.send(
      new ModifyVpcBlockPublicAccessExclusionCommand({
        ExclusionId,
        InternetGatewayExclusionMode: "allow-egress",
      }),
    );
    expect(await learned(here)).toEqual([answer, BLOCKED, BLOCKED, BLOCKED]);
    await ec2.send(new DeleteVpcBlockPublicAccessExclusionCommand({ ExclusionId }));
    await ec2.send(
      new CreateVpcBlockPublicAccessExclusionCommand({
        VpcId: vpc,
        InternetGatewayExclusionMode: "allow-egress",
      }),
    );
    expect(await learned(here)).toEqual([answer, answer, BLOCKED, BLOCKED]);
    await block(ec2, "off");
    expect(await learned(here)).toEqual([answer, answer, answer, answer]);
  });

  test("says why, and what would have to change", async () => {
    const { ec2, server, open } = await site();
    await block(ec2, "block-bidirectional");
    const { Forward } = await exchange({ From: OUTSIDE, To: server });
    expect(Forward).toMatchObject({
      Reason: BLOCKED,
      Explanation: "VPC Block Public Access keeps the subnet from the internet",
      Remedy: `exclude ${open} from Block Public Access (CreateVpcBlockPublicAccessExclusion), or turn that off`,
    });
    expect(Forward.Steps.at(-1)).toMatchObject({ SubnetId: open, Direction: "ingress" });
  });
});

test("after a restart all of it is what the rows say", async () => {
  const folder = mkdtempSync(join(tmpdir(), "islet-nat-"));
  try {
    const first = await ownIslet({ memory: false, data: folder });
    const { ec2, client, server, hidden } = await site(first);
    await ec2.send(
      new ModifyVpcBlockPublicAccessOptionsCommand({ InternetGatewayBlockMode: "block-bidirectional" }),
    );
    await ec2.send(
      new CreateVpcBlockPublicAccessExclusionCommand({
        SubnetId: hidden,
        InternetGatewayExclusionMode: "allow-egress",
      }),
    );
    await first.close();
    const second = await ownIslet({ memory: false, data: folder });
    expect((await exchange({ From: client, To: OUTSIDE }, second)).Forward.Reason).toBe(BLOCKED);
    expect((await exchange({ From: server, To: OUTSIDE }, second)).Forward.Reason).toBe(BLOCKED);
    expect((await exchange({ From: client, To: OUTSIDE_6 }, second)).Learned).toBe("answer");
    await second.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
