import {
  AcceptTransitGatewayPeeringAttachmentCommand,
  AssociateTransitGatewayRouteTableCommand,
  AssociateTransitGatewayMulticastDomainCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateManagedPrefixListCommand,
  CreateSecurityGroupCommand,
  CreateTransitGatewayMulticastDomainCommand,
  CreateTransitGatewayPeeringAttachmentCommand,
  CreateTransitGatewayPrefixListReferenceCommand,
  CreateTransitGatewayRouteCommand,
  CreateTransitGatewayRouteTableAnnouncementCommand,
  DeleteTransitGatewayPeeringAttachmentCommand,
  DeleteTransitGatewayVpcAttachmentCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupReferencesCommand,
  DescribeTransitGatewayPeeringAttachmentsCommand,
  DescribeTransitGatewayRouteTableAnnouncementsCommand,
  DisableTransitGatewayRouteTablePropagationCommand,
  DisassociateTransitGatewayRouteTableCommand,
  EC2Client,
  EnableTransitGatewayRouteTablePropagationCommand,
  ModifyInstanceAttributeCommand,
  ModifyTransitGatewayCommand,
  ModifyTransitGatewayVpcAttachmentCommand,
  RegisterTransitGatewayMulticastGroupMembersCommand,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { imagesOf } from "../../server/ec2/catalogue/images.ts";
import type { ExchangeView, JourneyView } from "../../server/http/journeyView.ts";
import type { Islet } from "../../server/index.ts";
import { launch, linux } from "../ec2/launch.ts";
import { attach, leadTo, newGateway, newNetwork, type Network } from "../ec2/transitGateways.ts";
import { configOf, freshKeys, ownIslet, refused } from "../islet.ts";
import { operate } from "./send.ts";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
});
afterAll(() => islet.close());

const HERE = "us-east-1";

interface Spoke extends Network {
  readonly attachment: string;
  readonly instance: string;
  readonly address: string;
}

/** A network with an instance that everybody may reach at port 443, and that listens there. */
async function spoke(ec2: EC2Client, gateway: string, n: number): Promise<Spoke> {
  const Region = await ec2.config.region();
  const network = await newNetwork(ec2, n);
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: network.vpc, GroupName: "web", Description: "web" }),
  );
  const IpPermissions = [
    { IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "0.0.0.0/0" }] },
  ];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  const address = `10.${n}.0.10`;
  const instance = await launch(ec2, {
    SubnetId: network.subnets[0],
    SecurityGroupIds: [GroupId],
    PrivateIpAddress: address,
    ImageId: imageIn(Region),
  });
  // Only now: the gateway's interface takes an address of the subnet by chance.
  const attachment = await attach(ec2, gateway, network);
  await leadTo(ec2, gateway, network);
  await operate(islet, "POST", "listen", { Region, InstanceId: instance, Protocol: "tcp", Port: 443 });
  return { ...network, attachment, instance, address };
}

/** Each region has ids of its own for the same image. */
const imageIn = (region: string): string =>
  imagesOf(region).find(({ name }) => name === linux.name)?.id ?? "";

async function exchange(from: Spoke, to: string, Region = HERE, SourcePort?: number): Promise<ExchangeView> {
  const { status, json } = await operate(islet, "POST", "packets", {
    Region,
    From: from.instance,
    To: to,
    Protocol: "tcp",
    Port: 443,
    ...(SourcePort !== undefined && { SourcePort }),
    Exchange: true,
  });
  expect({ status, json }).toMatchObject({ status: 200 });
  return json as ExchangeView;
}

const transit = ({ Forward }: ExchangeView): string[] =>
  Forward.Steps.map(({ Component }) => Component.Id).filter((id) => id.startsWith("tgw-"));

/** Two VPCs at one gateway. */
async function hub() {
  const ec2 = new EC2Client(configOf(islet, freshKeys(islet), HERE));
  const { id: gateway, table } = await newGateway(ec2);
  return { ec2, gateway, table, one: await spoke(ec2, gateway, 1), two: await spoke(ec2, gateway, 2) };
}

describe("two VPCs at a gateway", () => {
  test("exchange packets by its default table, and the way is shown", async () => {
    const { table, one, two } = await hub();
    const shown = await exchange(one, two.instance);
    expect(shown.Learned).toBe("answer");
    expect(transit(shown)).toEqual([one.attachment, table, two.attachment]);
    const step = shown.Forward.Steps.find(({ Component }) => Component.Id === table);
    expect(step?.Ground).toEqual({ Route: { Destination: two.cidr, Target: two.attachment } });
  });

  test("no association, no propagation, no packet", async () => {
    const { ec2, table, one, two } = await hub();
    const pair = { TransitGatewayRouteTableId: table, TransitGatewayAttachmentId: one.attachment };
    await ec2.send(new DisassociateTransitGatewayRouteTableCommand(pair));
    expect((await exchange(one, two.instance)).Forward).toMatchObject({
      Reason: "TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION",
      Remedy: `associate ${one.attachment} with a route table of its transit gateway (AssociateTransitGatewayRouteTable)`,
    });
    await ec2.send(new AssociateTransitGatewayRouteTableCommand(pair));
    expect((await exchange(one, two.instance)).Learned).toBe("answer");
    await ec2.send(new DisableTransitGatewayRouteTablePropagationCommand(pair));
    const { Forward, Back } = await exchange(one, two.instance);
    expect([Forward.Outcome, Back?.Reason]).toEqual(["delivered", "NO_ROUTE_TO_DESTINATION"]);
    expect(Back?.Remedy).toBe(`add a route for ${one.address} to ${table}`);
  });

  test("blackholes, of a block and of a prefix list", async () => {
    const { ec2, table, one, two } = await hub();
    const asked = { TransitGatewayRouteTableId: table, Blackhole: true };
    await ec2.send(new CreateTransitGatewayRouteCommand({ ...asked, DestinationCidrBlock: "10.2.0.0/24" }));
    expect((await exchange(one, two.instance)).Forward).toMatchObject({
      Reason: "TGW_RTB_BAD_STATE_ROUTE",
      Remedy: `let ${table} lead ${two.address} to an attachment that works`,
    });
    const { PrefixList } = await ec2.send(
      new CreateManagedPrefixListCommand({
        PrefixListName: "blocked",
        MaxEntries: 1,
        AddressFamily: "IPv4",
        Entries: [{ Cidr: "10.1.0.0/24" }],
      }),
    );
    await ec2.send(
      new CreateTransitGatewayPrefixListReferenceCommand({
        ...asked,
        PrefixListId: PrefixList?.PrefixListId,
      }),
    );
    expect((await exchange(two, one.instance)).Forward).toMatchObject({ Reason: "TGW_RTB_BAD_STATE_ROUTE" });
  });

  test("who is in a zone without a subnet of the attachment does not get in; a VPC that leaves is not reached", async () => {
    const { ec2, one, two } = await hub();
    const { attachment: TransitGatewayAttachmentId, subnets } = one;
    await ec2.send(
      new ModifyTransitGatewayVpcAttachmentCommand({
        TransitGatewayAttachmentId,
        RemoveSubnetIds: [subnets[0]],
      }),
    );
    expect((await exchange(one, two.instance)).Forward).toMatchObject({
      Reason: "TGW_ROUTE_AZ_RESTRICTION",
      Remedy: `add a subnet of us-east-1a to ${TransitGatewayAttachmentId} (ModifyTransitGatewayVpcAttachment)`,
    });
    await ec2.send(new DeleteTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId }));
    expect((await exchange(one, two.instance)).Forward.Reason).toBe("BAD_STATE_ROUTE");
    expect((await exchange(two, one.instance)).Forward.Reason).toBe("NO_ROUTE_TO_DESTINATION");
  });
});

describe("gateways that are peered", () => {
  test.each(["us-east-1", "eu-west-1"])("lead on to each other, in %s", async (region) => {
    const keys = freshKeys(islet);
    const near = new EC2Client(configOf(islet, keys, HERE));
    const far = new EC2Client(configOf(islet, keys, region));
    const [a, b] = [await newGateway(near), await newGateway(far)];
    const [one, nine] = [await spoke(near, a.id, 1), await spoke(far, b.id, 9)];
    const { TransitGatewayPeeringAttachment: made } = await near.send(
      new CreateTransitGatewayPeeringAttachmentCommand({
        TransitGatewayId: a.id,
        PeerTransitGatewayId: b.id,
        PeerAccountId: keys.account,
        PeerRegion: region,
      }),
    );
    const { TransitGatewayPeeringAttachments: waiting } = await far.send(
      new DescribeTransitGatewayPeeringAttachmentsCommand({
        Filters: [
          { Name: "transit-gateway-attachment-id", Values: [made?.AccepterTransitGatewayAttachmentId ?? ""] },
        ],
      }),
    );
    const [{ TransitGatewayAttachmentId: farEnd = "" } = {}] = waiting ?? [];
    const nearEnd = made?.TransitGatewayAttachmentId ?? "";
    expect(nearEnd === farEnd).toBe(region !== HERE);
    await far.send(new AcceptTransitGatewayPeeringAttachmentCommand({ TransitGatewayAttachmentId: farEnd }));
    const lead = (ec2: EC2Client, TransitGatewayRouteTableId: string, block: string, end: string) =>
      ec2.send(
        new CreateTransitGatewayRouteCommand({
          TransitGatewayRouteTableId,
          DestinationCidrBlock: block,
          TransitGatewayAttachmentId: end,
        }),
      );
    await lead(near, a.table, nine.cidr, nearEnd);
    await lead(far, b.table, one.cidr, farEnd);
    const shown = await exchange(one, nine.address);
    expect(shown.Learned).toBe("answer");
    expect(transit(shown)).toEqual([one.attachment, a.table, nearEnd, farEnd, b.table, nine.attachment]);
    expect((await exchange(nine, one.address, region)).Learned).toBe("answer");
    await far.send(new DeleteTransitGatewayPeeringAttachmentCommand({ TransitGatewayAttachmentId: farEnd }));
    expect((await exchange(one, nine.address)).Forward.Reason).toBe("TGW_RTB_BAD_STATE_ROUTE");
  });
});

describe("security groups of VPCs at one gateway", () => {
  test("can be named by inbound rules, if it and both attachments allow it, and packets pass by that", async () => {
    const { ec2, gateway, one, two } = await hub();
    const group = async ({ vpc: VpcId }: Spoke, GroupName: string) =>
      (await ec2.send(new CreateSecurityGroupCommand({ VpcId, GroupName, Description: GroupName })))
        .GroupId ?? "";
    const [client, server] = [await group(one, "client"), await group(two, "server")];
    const IpPermissions = [
      { IpProtocol: "tcp", FromPort: 443, ToPort: 443, UserIdGroupPairs: [{ GroupId: client }] },
    ];
    const name = () => ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: server, IpPermissions }));
    await refused(name(), "InvalidGroup.NotFound");
    await ec2.send(
      new ModifyTransitGatewayCommand({
        TransitGatewayId: gateway,
        Options: { SecurityGroupReferencingSupport: "enable" },
      }),
    );
    await name();
    await refused(
      ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId: server, IpPermissions })),
      "InvalidGroup.NotFound",
    );
    const { SecurityGroupReferenceSet } = await ec2.send(
      new DescribeSecurityGroupReferencesCommand({ GroupId: [client] }),
    );
    expect(SecurityGroupReferenceSet).toEqual([
      { GroupId: client, ReferencingVpcId: two.vpc, TransitGatewayId: gateway },
    ]);
    const carry = (InstanceId: string, Groups: string[]) =>
      ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, Groups }));
    await carry(two.instance, [server]);
    expect((await exchange(one, two.instance)).Forward.Reason).toBe("ENI_SG_RULES_MISMATCH");
    await carry(one.instance, [client]);
    expect((await exchange(one, two.instance)).Learned).toBe("answer");
    const switchOff = new ModifyTransitGatewayVpcAttachmentCommand({
      TransitGatewayAttachmentId: one.attachment,
      Options: { SecurityGroupReferencingSupport: "disable" },
    });
    await ec2.send(switchOff);
    expect((await exchange(one, two.instance, HERE, 50_000)).Forward.Reason).toBe("ENI_SG_RULES_MISMATCH");
  });
});

test("announced routes lead packets over two peerings, as long as they are true", async () => {
  const keys = freshKeys(islet);
  const ec2 = new EC2Client(configOf(islet, keys, HERE));
  const hubs = [await newGateway(ec2), await newGateway(ec2), await newGateway(ec2)] as const;
  const [first, , last] = hubs;
  const [one, two] = [await spoke(ec2, first.id, 1), await spoke(ec2, last.id, 2)];
  const announce = async (TransitGatewayRouteTableId: string, PeeringAttachmentId: string) => {
    await ec2.send(
      new CreateTransitGatewayRouteTableAnnouncementCommand({
        TransitGatewayRouteTableId,
        PeeringAttachmentId,
      }),
    );
  };
  for (const [from, to] of [hubs.slice(0, 2), hubs.slice(1)]) {
    if (!from || !to) continue;
    const { TransitGatewayPeeringAttachment: made } = await ec2.send(
      new CreateTransitGatewayPeeringAttachmentCommand({
        TransitGatewayId: from.id,
        PeerTransitGatewayId: to.id,
        PeerAccountId: keys.account,
        PeerRegion: HERE,
        Options: { DynamicRouting: "enable" },
      }),
    );
    const { TransitGatewayAttachmentId: near = "", AccepterTransitGatewayAttachmentId: far = "" } =
      made ?? {};
    await ec2.send(new AcceptTransitGatewayPeeringAttachmentCommand({ TransitGatewayAttachmentId: far }));
    await announce(from.table, near);
    await announce(to.table, far);
  }
  const { TransitGatewayRouteTableAnnouncements: all = [] } = await ec2.send(
    new DescribeTransitGatewayRouteTableAnnouncementsCommand({}),
  );
  for (const { TransitGatewayRouteTableAnnouncementId, AnnouncementDirection, TransitGatewayId } of all) {
    const table = hubs.find(({ id }) => id === TransitGatewayId)?.table;
    if (AnnouncementDirection === "outgoing") continue;
    await ec2.send(
      new EnableTransitGatewayRouteTablePropagationCommand({
        TransitGatewayRouteTableId: table,
        TransitGatewayRouteTableAnnouncementId,
      }),
    );
  }
  const shown = await exchange(one, two.instance);
  expect(shown.Learned).toBe("answer");
  expect(transit(shown).filter((id) => id.startsWith("tgw-rtb-"))).toEqual(hubs.map(({ table }) => table));
  await ec2.send(
    new DisableTransitGatewayRouteTablePropagationCommand({
      TransitGatewayRouteTableId: last.table,
      TransitGatewayAttachmentId: two.attachment,
    }),
  );
  expect((await exchange(one, two.instance)).Forward).toMatchObject({
    Reason: "NO_ROUTE_TO_DESTINATION",
    Remedy: `add a route for ${two.address} to ${first.table}`,
  });
});

test("multicast reaches the members of a group, and nobody else", async () => {
  const ec2 = new EC2Client(configOf(islet, freshKeys(islet), HERE));
  const { id: gateway } = await newGateway(ec2, { MulticastSupport: "enable" });
  const [one, two, three] = [
    await spoke(ec2, gateway, 1),
    await spoke(ec2, gateway, 2),
    await spoke(ec2, gateway, 3),
  ];
  const { TransitGatewayMulticastDomain } = await ec2.send(
    new CreateTransitGatewayMulticastDomainCommand({ TransitGatewayId: gateway }),
  );
  const domain = TransitGatewayMulticastDomain?.TransitGatewayMulticastDomainId ?? "";
  const send = async () => {
    const { json } = await operate(islet, "POST", "packets", {
      Region: HERE,
      From: one.instance,
      To: "239.0.0.1",
      Protocol: "tcp",
      Port: 443,
    });
    return (json as { readonly Forward: JourneyView }).Forward;
  };
  expect(await send()).toMatchObject({ Outcome: "dropped", Reason: "NO_BROADCAST" });
  for (const { attachment, subnets } of [one, two, three]) {
    await ec2.send(
      new AssociateTransitGatewayMulticastDomainCommand({
        TransitGatewayMulticastDomainId: domain,
        TransitGatewayAttachmentId: attachment,
        SubnetIds: [...subnets],
      }),
    );
  }
  const { NetworkInterfaces } = await ec2.send(
    new DescribeNetworkInterfacesCommand({
      Filters: [{ Name: "attachment.instance-id", Values: [two.instance] }],
    }),
  );
  const member = NetworkInterfaces?.[0]?.NetworkInterfaceId ?? "";
  await ec2.send(
    new RegisterTransitGatewayMulticastGroupMembersCommand({
      TransitGatewayMulticastDomainId: domain,
      GroupIpAddress: "239.0.0.1",
      NetworkInterfaceIds: [member],
    }),
  );
  expect(await send()).toMatchObject({
    Outcome: "multicast",
    Receivers: [{ Id: member, InstanceId: two.instance }],
  });
});

test("after a restart the gateways are what the rows say", async () => {
  const folder = mkdtempSync(join(tmpdir(), "islet-transit-"));
  const keep = islet;
  try {
    islet = await ownIslet({ memory: false, data: folder });
    const { ec2, one, two } = await hub();
    await ec2.send(
      new DeleteTransitGatewayVpcAttachmentCommand({
        TransitGatewayAttachmentId: (await spoke(ec2, (await newGateway(ec2)).id, 3)).attachment,
      }),
    );
    await islet.close();
    islet = await ownIslet({ memory: false, data: folder });
    const { Forward, Back } = await exchange(one, two.address);
    await islet.close();
    expect(Forward.Receiver?.InstanceId).toBe(two.instance);
    // The guest that listened has booted anew; its refusal comes back by the gateway, too.
    expect(Back?.Receiver?.InstanceId).toBe(one.instance);
  } finally {
    islet = keep;
    rmSync(folder, { recursive: true });
  }
});

test("another account's gateway, with the same addresses, is another world", async () => {
  const [mine, other] = [await hub(), await hub()];
  const shown = await exchange(mine.one, mine.two.address);
  expect(shown.Forward.Receiver?.InstanceId).toBe(mine.two.instance);
  expect((await exchange(other.one, other.two.address)).Forward.Receiver?.InstanceId).toBe(
    other.two.instance,
  );
});
