import {
  AssociateTransitGatewayMulticastDomainCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkAclEntryCommand,
  CreateSecurityGroupCommand,
  CreateTransitGatewayMulticastDomainCommand,
  DeleteNetworkAclEntryCommand,
  DeregisterTransitGatewayMulticastGroupMembersCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  EC2Client,
  RegisterTransitGatewayMulticastGroupMembersCommand,
  RegisterTransitGatewayMulticastGroupSourcesCommand,
  SearchTransitGatewayMulticastGroupsCommand,
  StopInstancesCommand,
  type Filter,
  type IpPermission,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ExchangeView, JourneyView } from "../../server/http/journeyView.ts";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { launch } from "../ec2/launch.ts";
import { attach, newGateway, newNetwork } from "../ec2/transitGateways.ts";
import { configOf, freshKeys, ownIslet, refused } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
  await operate(islet, "POST clock", { Frozen: true });
});
afterAll(() => islet.close());

const Region = "us-east-1";
const GROUP = "239.0.0.1";
const LEAVE = 23;
const query: IpPermission = { IpProtocol: "2", IpRanges: [{ CidrIp: "0.0.0.0/32" }] };
const data: IpPermission = {
  IpProtocol: "udp",
  FromPort: 5000,
  ToPort: 5000,
  IpRanges: [{ CidrIp: "10.0.0.0/8" }],
};

/** Two instances that let in queries and UDP, in two VPCs of a domain with IGMP. */
async function site() {
  const ec2 = new EC2Client(configOf(islet, freshKeys(islet), Region));
  const { id: gateway } = await newGateway(ec2, { MulticastSupport: "enable" });
  const { TransitGatewayMulticastDomain: made } = await ec2.send(
    new CreateTransitGatewayMulticastDomainCommand({
      TransitGatewayId: gateway,
      Options: { Igmpv2Support: "enable" },
    }),
  );
  expect(made?.Options).toMatchObject({ Igmpv2Support: "enable", StaticSourcesSupport: "disable" });
  const TransitGatewayMulticastDomainId = made?.TransitGatewayMulticastDomainId ?? "";
  const member = async (n: number) => {
    const network = await newNetwork(ec2, n);
    const { GroupId = "" } = await ec2.send(
      new CreateSecurityGroupCommand({ VpcId: network.vpc, GroupName: "igmp", Description: "igmp" }),
    );
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [query, data] }));
    const instance = await launch(ec2, { SubnetId: network.subnets[0], SecurityGroupIds: [GroupId] });
    await ec2.send(
      new AssociateTransitGatewayMulticastDomainCommand({
        TransitGatewayMulticastDomainId,
        TransitGatewayAttachmentId: await attach(ec2, gateway, network),
        SubnetIds: [...network.subnets],
      }),
    );
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({
        Filters: [{ Name: "attachment.instance-id", Values: [instance] }],
      }),
    );
    return { ...network, GroupId, instance, eni: NetworkInterfaces?.[0]?.NetworkInterfaceId ?? "" };
  };
  const groups = async (...Filters: Filter[]) => {
    const { MulticastGroups } = await ec2.send(
      new SearchTransitGatewayMulticastGroupsCommand({ TransitGatewayMulticastDomainId, Filters }),
    );
    return MulticastGroups ?? [];
  };
  const one = await member(1);
  const group = {
    TransitGatewayMulticastDomainId,
    GroupIpAddress: GROUP,
    NetworkInterfaceIds: [one.eni],
  };
  return { ec2, group, one, two: await member(2), groups };
}

type Host = Awaited<ReturnType<typeof site>>["one"];

const igmp = async ({ instance: From }: Host, Type?: number): Promise<JourneyView> => {
  const asked = { Region, From, To: GROUP, Protocol: "2", ...(Type !== undefined && { Type }) };
  return ((await operate(islet, "POST packets", asked)) as unknown as { Forward: JourneyView }).Forward;
};
const send = async ({ instance: From }: Host): Promise<JourneyView> => {
  const asked = { Region, From, To: GROUP, Protocol: "udp", Port: 5000, Exchange: true };
  return ((await operate(islet, "POST packets", asked)) as unknown as ExchangeView).Forward;
};

test("instances join and leave groups, and are found as members by IGMP", async () => {
  const { ec2, group, one, two, groups } = await site();
  expect((await send(one)).Reason).toBe("NO_BROADCAST");
  expect(await igmp(two)).toMatchObject({
    Outcome: "served",
    Receiver: { Id: "igmp" },
    Sent: { Destination: GROUP, Protocol: "2", Type: 22, Group: GROUP },
  });
  expect(await groups({ Name: "member-type", Values: ["igmp"] })).toEqual([
    {
      GroupIpAddress: GROUP,
      TransitGatewayAttachmentId: expect.stringMatching(/^tgw-attach-/) as string,
      SubnetId: two.subnets[0],
      ResourceId: two.vpc,
      ResourceType: "vpc",
      ResourceOwnerId: expect.stringMatching(/^\d{12}$/) as string,
      NetworkInterfaceId: two.eni,
      GroupMember: true,
      GroupSource: false,
      MemberType: "igmp",
    },
  ]);
  expect(await groups({ Name: "is-group-member", Values: ["false"] })).toEqual([]);
  expect((await send(one)).Receivers).toEqual([{ Id: two.eni, InstanceId: two.instance }]);
  await refused(
    ec2.send(new RegisterTransitGatewayMulticastGroupSourcesCommand(group)),
    "InvalidParameterValue",
    /static sources/,
  );
  expect(await igmp(two, LEAVE)).toMatchObject({
    Outcome: "served",
    Sent: { Destination: "224.0.0.2", Type: LEAVE, Group: GROUP },
  });
  expect(await groups()).toEqual([]);
  expect((await send(one)).Reason).toBe("NO_BROADCAST");
});

test("what is registered counts before what was joined, and stays when the guest leaves", async () => {
  const { ec2, group, one, two, groups } = await site();
  await ec2.send(new RegisterTransitGatewayMulticastGroupMembersCommand(group));
  await igmp(one);
  const types = async () => (await groups()).map(({ MemberType }) => MemberType);
  expect(await types()).toEqual(["static"]);
  await ec2.send(new DeregisterTransitGatewayMulticastGroupMembersCommand(group));
  expect(await types()).toEqual(["igmp"]);
  await ec2.send(new RegisterTransitGatewayMulticastGroupMembersCommand(group));
  await igmp(one, LEAVE);
  expect(await types()).toEqual(["static"]);
  expect((await send(two)).Receivers).toEqual([{ Id: one.eni, InstanceId: one.instance }]);
});

test("who cannot hear three queries is a member no more, until it can again", async () => {
  const { ec2, two, groups } = await site();
  await igmp(two);
  await advanceClock(islet, 3600);
  expect(await groups()).toHaveLength(1);
  // Groups remember the queries that they have let in: an ACL does not.
  const { NetworkAcls } = await ec2.send(
    new DescribeNetworkAclsCommand({ Filters: [{ Name: "vpc-id", Values: [two.vpc] }] }),
  );
  const entry = { NetworkAclId: NetworkAcls?.[0]?.NetworkAclId, RuleNumber: 1, Egress: false };
  await ec2.send(
    new CreateNetworkAclEntryCommand({
      ...entry,
      Protocol: "2",
      RuleAction: "deny",
      CidrBlock: "0.0.0.0/32",
    }),
  );
  await advanceClock(islet, 240);
  expect(await groups()).toHaveLength(1);
  await advanceClock(islet, 120);
  expect(await groups()).toEqual([]);
  await ec2.send(new DeleteNetworkAclEntryCommand(entry));
  await advanceClock(islet, 120);
  expect(await groups()).toHaveLength(1);
  await ec2.send(new StopInstancesCommand({ InstanceIds: [two.instance] }));
  await advanceClock(islet, 360);
  expect(await groups()).toEqual([]);
});

test("groups that are none", async () => {
  const { one } = await site();
  for (const To of ["10.0.0.1", "255.255.255.255", one.instance]) {
    await operationRefused(
      islet,
      "POST packets",
      { Region, From: one.instance, To, Protocol: "2" },
      "InvalidParameterValue",
    );
  }
});
