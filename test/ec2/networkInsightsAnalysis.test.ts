import {
  AcceptVpcPeeringConnectionCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkAclEntryCommand,
  CreateRouteCommand,
  CreateTagsCommand,
  CreateVpcPeeringConnectionCommand,
  DeleteNetworkInsightsAnalysisCommand,
  DeleteNetworkInsightsPathCommand,
  DeleteRouteCommand,
  DescribeNetworkInsightsAnalysesCommand,
  DisassociateAddressCommand,
  EC2Client,
  EnableReachabilityAnalyzerOrganizationSharingCommand,
  RevokeSecurityGroupIngressCommand,
  StartNetworkInsightsAnalysisCommand,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { configOf, freshClient, freshKeys, ownIslet, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { launch } from "./launch.ts";
import { newNat } from "./natNetwork.ts";
import { analysisOf, analyze, codesOf, newPath, newWeb, passed } from "./networkInsightsNetwork.ts";

const ec2 = await freshClient();
const web = await newWeb(ec2);
const port = (port: number) => ({ DestinationPortRange: { FromPort: port, ToPort: port } });
const fromInternet = { Source: web.gateway, Destination: web.instance, FilterAtSource: port(80) };
const path = await newPath(ec2, fromInternet);
const NOBODY = "nia-0123456789abcdef0";

const start = (asked: object) =>
  ec2.send(
    new StartNetworkInsightsAnalysisCommand({
      NetworkInsightsPathId: path,
      ClientToken: undefined,
      ...asked,
    }),
  );

describe("what it refuses to parse", () => {
  test("ids of another form", async () => {
    await refused(start({ NetworkInsightsPathId: "path" }), "InvalidNetworkInsightsPathId.Malformed");
    await refused(
      ec2.send(new DeleteNetworkInsightsAnalysisCommand({ NetworkInsightsAnalysisId: "nip-1" })),
      "InvalidNetworkInsightsAnalysisId.Malformed",
    );
  });

  test("filters that it does not have", async () => {
    const Filters = [{ Name: "vpc-id", Values: ["x"] }];
    await refused(ec2.send(new DescribeNetworkInsightsAnalysesCommand({ Filters })), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("analyze what is not there", async () => {
    const NetworkInsightsPathId = "nip-0123456789abcdef0";
    await refused(start({ NetworkInsightsPathId }), "InvalidNetworkInsightsPathId.NotFound");
    const asked = { NetworkInsightsAnalysisIds: [NOBODY] };
    await refused(
      ec2.send(new DescribeNetworkInsightsAnalysesCommand(asked)),
      "InvalidNetworkInsightsAnalysisId.NotFound",
    );
  });

  test("look into accounts of no common organization", async () => {
    await refused(start({ AdditionalAccounts: ["123456789012"] }), "InvalidParameterValue", /organization/);
    const sharing = new EnableReachabilityAnalyzerOrganizationSharingCommand({});
    await refused(ec2.send(sharing), "OperationNotPermitted", /management account/);
  });

  test("lead through, or around, anything but one intermediate component", async () => {
    const arn = (id: string, type: string) => `arn:aws:ec2:us-east-1:000000000000:${type}/${id}`;
    for (const FilterInArns of [["nat-1"], [arn(web.instance, "instance")], ["a", "b"]]) {
      await refused(start({ FilterInArns }), "InvalidParameterValue", /filterInArn/);
    }
    await refused(start({ FilterOutArns: ["arn:aws:s3:::bucket"] }), "InvalidParameterValue", /filterOutArn/);
  });

  test("more analyses than the quota allows", async () => {
    const folder = mkdtempSync(join(tmpdir(), "islet-quotas-"));
    const file = join(folder, "quotas.json");
    writeFileSync(file, JSON.stringify({ "Network insights analyses": 1, "Network insights paths": 1 }));
    const islet = await ownIslet({ quotas: file });
    try {
      const limited = await freshClient({ islet });
      const small = await newWeb(limited);
      const asked = { Source: small.gateway, Destination: small.instance };
      const first = await newPath(limited, asked);
      await analysisOf(limited, first);
      await refused(analysisOf(limited, first), "NetworkInsightsAnalysis.LimitExceeded");
      await refused(newPath(limited, asked), "NetworkInsightsPath.LimitExceeded");
    } finally {
      await islet.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe("what it does", () => {
  test("tells the whole way there and back, with what decided", async () => {
    await ec2.send(
      new CreateTagsCommand({ Resources: [web.instance], Tags: [{ Key: "Name", Value: "web" }] }),
    );
    const { NetworkInsightsAnalysis: started } = await start({});
    expect(started).toMatchObject({ Status: "running", NetworkInsightsPathId: path });
    const analysis = await analysisOf(ec2, path);
    expect(analysis).toMatchObject({ Status: "succeeded", NetworkPathFound: true, Explanations: [] });
    const { ForwardPathComponents: forward, ReturnPathComponents: back } = analysis;
    const { gateway, acl, group, networkInterface, instance, table } = web;
    expect(passed(forward)).toEqual([gateway, acl, group, networkInterface, instance]);
    expect(passed(back)).toEqual([instance, networkInterface, group, acl, table, gateway]);
    expect(forward?.map(({ SequenceNumber }) => SequenceNumber)).toEqual([1, 2, 3, 4, 5]);
    const [byGateway, byAcl, byGroup, byInterface, atInstance] = forward ?? [];
    expect(byGateway).toMatchObject({
      Component: {
        Arn: expect.stringMatching(`^arn:aws:ec2:us-east-1:\\d{12}:internet-gateway/${gateway}$`),
      },
      Vpc: { Id: web.vpc },
      InboundHeader: {
        DestinationAddresses: [`${web.publicIp}/32`],
        DestinationPortRanges: [{ From: 80, To: 80 }],
        SourcePortRanges: [{ From: 0, To: 65_535 }],
        Protocol: "6",
      },
      OutboundHeader: { DestinationAddresses: [`${web.privateIp}/32`] },
    });
    expect(byAcl?.AclRule).toEqual({
      Cidr: "0.0.0.0/0",
      Egress: false,
      Protocol: "all",
      RuleAction: "allow",
      RuleNumber: 100,
    });
    expect(byGroup?.SecurityGroupRule).toEqual({
      Cidr: "0.0.0.0/0",
      Direction: "ingress",
      PortRange: { From: 80, To: 80 },
      Protocol: "tcp",
    });
    expect(byInterface).toMatchObject({
      AttachedTo: { Id: instance, Name: "web" },
      Subnet: { Id: web.subnet },
    });
    expect(atInstance?.InboundHeader?.DestinationAddresses).toEqual([`${web.privateIp}/32`]);
    expect(back?.at(4)?.RouteTableRoute).toEqual({
      DestinationCidr: "0.0.0.0/0",
      GatewayId: gateway,
      Origin: "createroute",
      State: "active",
    });
    expect(back?.at(5)?.OutboundHeader?.SourceAddresses).toEqual([`${web.publicIp}/32`]);
  });

  test("explains all that stands in the way, in one run", async () => {
    const other = await newWeb(ec2, "10.7");
    const asked = await newPath(ec2, {
      Source: other.gateway,
      Destination: other.instance,
      FilterAtSource: port(80),
    });
    const rule = { IpProtocol: "tcp", FromPort: 80, ToPort: 80, CidrIp: "0.0.0.0/0" };
    await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: other.group, ...rule }));
    await ec2.send(
      new CreateNetworkAclEntryCommand({
        NetworkAclId: other.acl,
        RuleNumber: 90,
        Protocol: "6",
        PortRange: { From: 80, To: 80 },
        RuleAction: "deny",
        Egress: false,
        CidrBlock: "0.0.0.0/0",
      }),
    );
    await ec2.send(new DeleteRouteCommand({ RouteTableId: other.table, DestinationCidrBlock: "0.0.0.0/0" }));
    const { Explanations, ...analysis } = await analysisOf(ec2, asked);
    expect(analysis.NetworkPathFound).toBe(false);
    expect(Explanations).toMatchObject([
      {
        ExplanationCode: "SUBNET_ACL_RESTRICTION",
        Direction: "ingress",
        Acl: { Id: other.acl },
        AclRule: { RuleNumber: 90, RuleAction: "deny", PortRange: { From: 80, To: 80 }, Protocol: "tcp" },
        Subnet: { Id: other.subnet },
        Vpc: { Id: other.vpc },
      },
      {
        ExplanationCode: "SG_HAS_NO_RULES",
        Direction: "ingress",
        NetworkInterface: { Id: other.networkInterface },
        SecurityGroups: [{ Id: other.group }],
      },
      {
        ExplanationCode: "NO_ROUTE_TO_DESTINATION",
        RouteTable: { Id: other.table },
        Destination: { Id: other.gateway },
        Vpc: { Id: other.vpc },
      },
    ]);
    // The way is shown as it would be.
    expect(passed(analysis.ForwardPathComponents)).toEqual([
      other.gateway,
      other.acl,
      other.group,
      other.networkInterface,
      other.instance,
    ]);
    await ec2.send(new DisassociateAddressCommand({ PublicIp: other.publicIp }));
    expect(codesOf(await analysisOf(ec2, asked))[0]).toBe("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS");
    await ec2.send(new StopInstancesCommand({ InstanceIds: [other.instance] }));
    expect(codesOf(await analysisOf(ec2, asked))).toContain("BAD_STATE");
  });

  test("tells of UDP, and of an address alone, what there is to tell", async () => {
    const out = { Source: web.instance, Destination: web.gateway };
    const udp = await analyze(ec2, { ...out, Protocol: "udp" });
    expect(udp).toMatchObject({ NetworkPathFound: true, ReturnPathComponents: [] });
    const { instance, networkInterface, group, acl, table, gateway } = web;
    expect(passed(udp.ForwardPathComponents)).toEqual([
      instance,
      networkInterface,
      group,
      acl,
      table,
      gateway,
    ]);
    const address = await analyze(ec2, {
      Source: web.networkInterface,
      FilterAtSource: { DestinationAddress: "93.184.215.14", ...port(443) },
    });
    expect(address.NetworkPathFound).toBe(true);
    expect(address.ForwardPathComponents?.at(0)?.OutboundHeader).toMatchObject({
      DestinationAddresses: ["93.184.215.14/32"],
      SourceAddresses: [`${web.privateIp}/32`],
    });
    const spoofed = await analyze(ec2, {
      Source: web.networkInterface,
      Destination: web.gateway,
      SourceIp: "10.0.1.99",
    });
    expect(codesOf(spoofed)).toContain("ENI_SOURCE_DEST_CHECK_RESTRICTION");
    const elsewhere = await analyze(ec2, { ...fromInternet, FilterAtDestination: port(81) });
    expect(codesOf(elsewhere)).toEqual(["FILTER_AT_DESTINATION_DESTINATION_PORT_RANGE"]);
  });

  test("finds the way by a NAT gateway, and around it", async () => {
    const site = await newWeb(ec2, "10.8");
    const inside = await launch(ec2, { SubnetId: site.subnet, SecurityGroupIds: [site.group] });
    const out = { Source: inside, Destination: site.gateway, FilterAtSource: port(443) };
    const asked = await newPath(ec2, out);
    // It has no public address of its own.
    expect(codesOf(await analysisOf(ec2, asked))).toEqual(["IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"]);
    const { NatGatewayId = "" } = await newNat(ec2, site.subnet);
    await ec2.send(
      new CreateRouteCommand({
        RouteTableId: site.table,
        DestinationCidrBlock: "93.184.0.0/16",
        NatGatewayId,
      }),
    );
    const arn = `arn:aws:ec2:us-east-1:${await accountOf(ec2)}:natgateway/${NatGatewayId}`;
    // What comes out of the gateway goes by the same table, and so back in.
    const circular = await analysisOf(ec2, asked, { FilterInArns: [arn] });
    expect(circular.NetworkPathFound).toBe(false);
    const around = await analysisOf(ec2, asked, { FilterOutArns: [arn] });
    expect(around).toMatchObject({ NetworkPathFound: false, FilterOutArns: [arn] });
    const gone = arn.replace(NatGatewayId, "nat-0123456789abcdef0");
    expect(await analysisOf(ec2, asked, { FilterInArns: [gone] })).toMatchObject({
      Status: "failed",
      StatusMessage: "The request failed due to missing component nat-0123456789abcdef0",
    });
    await refused(
      ec2.send(
        new StartNetworkInsightsAnalysisCommand({
          NetworkInsightsPathId: asked,
          ClientToken: undefined,
          FilterInArns: [arn],
          FilterOutArns: [arn],
        }),
      ),
      "InvalidParameterValue",
      /filterInArn, too/,
    );
  });

  test("leads over a peering connection, but not into another account's VPC", async () => {
    const one = await newWeb(ec2, "10.20");
    const two = await newWeb(ec2, "10.21");
    const between = { Source: one.instance, Destination: two.instance, FilterAtSource: port(80) };
    expect(codesOf(await analyze(ec2, between))).toEqual(["DISCONNECTED_VPCS"]);
    const { VpcPeeringConnection: peering } = await ec2.send(
      new CreateVpcPeeringConnectionCommand({ VpcId: one.vpc, PeerVpcId: two.vpc }),
    );
    const VpcPeeringConnectionId = peering?.VpcPeeringConnectionId ?? "";
    await ec2.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
    const asked = await newPath(ec2, between);
    // A route is missing on either side.
    const missing = await analysisOf(ec2, asked);
    expect(missing.Explanations?.map(({ RouteTable }) => RouteTable?.Id)).toEqual([one.table, two.table]);
    const route = (RouteTableId: string, DestinationCidrBlock: string) =>
      ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock, VpcPeeringConnectionId }));
    await route(one.table, "10.21.0.0/16");
    await route(two.table, "10.20.0.0/16");
    const { NetworkPathFound, ForwardPathComponents } = await analysisOf(ec2, asked);
    expect(NetworkPathFound).toBe(true);
    expect(ForwardPathComponents?.find(({ SourceVpc }) => SourceVpc)).toMatchObject({
      Component: { Id: VpcPeeringConnectionId },
      SourceVpc: { Id: one.vpc },
      DestinationVpc: { Id: two.vpc },
    });

    const islet = await sharedIslet();
    const keys = freshKeys(islet);
    const theirs = await newWeb(new EC2Client(configOf(islet, keys)), "10.22");
    const { VpcPeeringConnection: abroad } = await ec2.send(
      new CreateVpcPeeringConnectionCommand({
        VpcId: one.vpc,
        PeerVpcId: theirs.vpc,
        PeerOwnerId: keys.account,
      }),
    );
    const id = abroad?.VpcPeeringConnectionId ?? "";
    await new EC2Client(configOf(islet, keys)).send(
      new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId: id }),
    );
    await ec2.send(
      new CreateRouteCommand({
        RouteTableId: one.table,
        DestinationCidrBlock: "10.22.0.0/16",
        VpcPeeringConnectionId: id,
      }),
    );
    const beyond = await analyze(ec2, {
      Source: one.instance,
      FilterAtSource: { DestinationAddress: theirs.privateIp, ...port(80) },
    });
    expect(beyond).toMatchObject({ NetworkPathFound: false, SuggestedAccounts: [keys.account] });
    expect(codesOf(beyond)).toEqual(["NO_POSSIBLE_DESTINATION"]);
    // Nothing that is theirs is named.
    const told = JSON.stringify([beyond.ForwardPathComponents, beyond.ReturnPathComponents]);
    for (const hidden of [theirs.subnet, theirs.networkInterface, theirs.group, theirs.acl]) {
      expect(told).not.toContain(hidden);
    }
  });

  test("is found by path, by time, by status and by outcome, in pages", async () => {
    const mine = await freshClient();
    const site = await newWeb(mine);
    const open = await newPath(mine, { Source: site.gateway, Destination: site.instance });
    const shut = await newPath(mine, {
      Source: site.gateway,
      Destination: site.instance,
      FilterAtSource: port(22),
    });
    const found = await analysisOf(mine, open);
    const blocked = await analysisOf(mine, shut);
    const ids = async (asked: object): Promise<(string | undefined)[]> => {
      const { NetworkInsightsAnalyses } = await mine.send(new DescribeNetworkInsightsAnalysesCommand(asked));
      return (NetworkInsightsAnalyses ?? []).map((each) => each.NetworkInsightsAnalysisId);
    };
    const [first, second] = [found, blocked].map((each) => each.NetworkInsightsAnalysisId);
    expect(await ids({})).toEqual([first, second]);
    expect(await ids({ NetworkInsightsPathId: shut })).toEqual([second]);
    expect(await ids({ Filters: [{ Name: "path-found", Values: ["true"] }] })).toEqual([first]);
    expect(await ids({ Filters: [{ Name: "status", Values: ["running"] }] })).toEqual([]);
    expect(await ids({ AnalysisStartTime: new Date(Date.now() + 3_600_000) })).toEqual([]);
    expect(await ids({ AnalysisEndTime: new Date(Date.now() + 3_600_000) })).toEqual([first, second]);
    const page = await mine.send(new DescribeNetworkInsightsAnalysesCommand({ MaxResults: 1 }));
    expect(await ids({ MaxResults: 1, NextToken: page.NextToken })).toEqual([second]);
  });

  test("keeps its path until it is deleted, or 120 days old", async () => {
    const islet = await ownIslet();
    try {
      await operate(islet, "POST clock", { Frozen: true });
      const mine = await freshClient({ islet });
      const site = await newWeb(mine);
      const asked = await newPath(mine, { Source: site.gateway, Destination: site.instance });
      const { NetworkInsightsAnalysisId } = await analysisOf(mine, asked);
      const drop = () => mine.send(new DeleteNetworkInsightsPathCommand({ NetworkInsightsPathId: asked }));
      await refused(
        drop(),
        "AnalysisExistsForNetworkInsightsPath",
        `At least one analysis [${NetworkInsightsAnalysisId}] exists for path ${asked}. Delete all the analyses before deleting this network path.`,
      );
      await mine.send(new DeleteNetworkInsightsAnalysisCommand({ NetworkInsightsAnalysisId }));
      await analysisOf(mine, asked);
      await advanceClock(islet, 120 * 24 * 3600);
      expect(await drop()).toMatchObject({ NetworkInsightsPathId: asked });
    } finally {
      await islet.close();
    }
  });

  test("follows rules that name groups", async () => {
    const site = await newWeb(ec2, "10.9");
    const client = await launch(ec2, { SubnetId: site.subnet });
    const asked = await newPath(ec2, {
      Source: client,
      Destination: site.instance,
      FilterAtSource: port(5432),
    });
    expect(codesOf(await analysisOf(ec2, asked))).toEqual(["ENI_SG_RULES_MISMATCH"]);
    const { NetworkInterfaceId: _, ...own } = { NetworkInterfaceId: site.networkInterface };
    expect(own).toEqual({});
    const { Explanations } = await analysisOf(ec2, asked);
    const groups = Explanations?.[0]?.SecurityGroups?.map(({ Id }) => Id);
    expect(groups).toEqual([site.group]);
    const described = await analyze(ec2, { Source: client, Destination: site.gateway });
    const [, , byGroup] = described.ForwardPathComponents ?? [];
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: site.group,
        IpPermissions: [
          {
            IpProtocol: "tcp",
            FromPort: 5432,
            ToPort: 5432,
            UserIdGroupPairs: [{ GroupId: byGroup?.Component?.Id }],
          },
        ],
      }),
    );
    const open = await analysisOf(ec2, asked);
    expect(open.NetworkPathFound).toBe(true);
    expect(open.ForwardPathComponents?.map((each) => each.SecurityGroupRule?.SecurityGroupId)).toContain(
      byGroup?.Component?.Id,
    );
  });
});

/** The account of a client, as its own resources tell. */
async function accountOf(client: EC2Client): Promise<string> {
  const { ForwardPathComponents } = await analyze(client, fromInternet);
  return ForwardPathComponents?.[0]?.Component?.Arn?.split(":")[4] ?? "";
}
