import {
  AcceptVpcPeeringConnectionCommand,
  AssociateRouteTableCommand,
  AttachVpnGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateManagedPrefixListCommand,
  CreateNetworkInsightsAccessScopeCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateTransitGatewayCommand,
  CreateTransitGatewayVpcAttachmentCommand,
  CreateVpcCommand,
  CreateVpcPeeringConnectionCommand,
  CreateVpnGatewayCommand,
  DeleteNetworkInsightsAccessScopeAnalysisCommand,
  DeleteNetworkInsightsAccessScopeCommand,
  DescribeNetworkInsightsAccessScopeAnalysesCommand,
  DescribeNetworkInsightsAccessScopesCommand,
  DescribeTransitGatewaysCommand,
  GetNetworkInsightsAccessScopeAnalysisFindingsCommand,
  GetNetworkInsightsAccessScopeContentCommand,
  StartNetworkInsightsAccessScopeAnalysisCommand,
  type AccessScopeAnalysisFinding,
  type AccessScopePathRequest,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { dropDefaultVpc } from "./defaultVpcOf.ts";
import { launch, shownInstance } from "./launch.ts";
import { newNat } from "./natNetwork.ts";
import { newWeb, type Web } from "./networkInsightsNetwork.ts";

const NOBODY = "nis-0123456789abcdef0";
const NOTHING = "nisa-0123456789abcdef0";
const INTERNET = { ResourceStatement: { ResourceTypes: ["AWS::EC2::InternetGateway"] } };
const of = (...Resources: string[]) => ({ ResourceStatement: { Resources } });

/** An account with a web server that can be reached from outside. */
async function site(): Promise<{ readonly ec2: EC2Client; readonly web: Web }> {
  const ec2 = await freshClient();
  await dropDefaultVpc(ec2);
  return { ec2, web: await newWeb(ec2) };
}

async function newScope(
  ec2: EC2Client,
  MatchPaths: AccessScopePathRequest[] | undefined,
  ExcludePaths?: AccessScopePathRequest[],
): Promise<string> {
  const { NetworkInsightsAccessScope: scope } = await ec2.send(
    new CreateNetworkInsightsAccessScopeCommand({ MatchPaths, ExcludePaths, ClientToken: undefined }),
  );
  return scope?.NetworkInsightsAccessScopeId ?? "";
}

/** The id of a finished analysis of a scope. */
async function analyze(ec2: EC2Client, NetworkInsightsAccessScopeId: string): Promise<string> {
  const { NetworkInsightsAccessScopeAnalysis: analysis } = await ec2.send(
    new StartNetworkInsightsAccessScopeAnalysisCommand({
      NetworkInsightsAccessScopeId,
      ClientToken: undefined,
    }),
  );
  expect(analysis).toMatchObject({ Status: "running", AnalyzedEniCount: 0 });
  return analysis?.NetworkInsightsAccessScopeAnalysisId ?? "";
}

async function findings(
  ec2: EC2Client,
  match: AccessScopePathRequest[],
  exclude?: AccessScopePathRequest[],
): Promise<AccessScopeAnalysisFinding[]> {
  const NetworkInsightsAccessScopeAnalysisId = await analyze(ec2, await newScope(ec2, match, exclude));
  const { AnalysisFindings, AnalysisStatus } = await ec2.send(
    new GetNetworkInsightsAccessScopeAnalysisFindingsCommand({ NetworkInsightsAccessScopeAnalysisId }),
  );
  expect(AnalysisStatus).toBe("succeeded");
  return AnalysisFindings ?? [];
}

/** Where findings begin and end. */
const ends = (all: readonly AccessScopeAnalysisFinding[]): string[] =>
  all
    .map(({ FindingComponents: path = [] }) => `${path[0]?.Component?.Id} ${path.at(-1)?.Component?.Id}`)
    .toSorted();

describe("what it refuses to parse", () => {
  test("ids of another form", async () => {
    const ec2 = await freshClient();
    await refused(
      ec2.send(new GetNetworkInsightsAccessScopeContentCommand({ NetworkInsightsAccessScopeId: "scope" })),
      "InvalidNetworkInsightsAccessScopeId.Malformed",
    );
    await refused(
      ec2.send(
        new DeleteNetworkInsightsAccessScopeAnalysisCommand({
          NetworkInsightsAccessScopeAnalysisId: NOBODY,
        }),
      ),
      "InvalidNetworkInsightsAccessScopeAnalysisId.Malformed",
    );
  });

  test("statements that say nothing, or cannot be", async () => {
    const { ec2, web } = await site();
    const headers = (PacketHeaderStatement: object) => [{ Source: { PacketHeaderStatement } }];
    for (const [match, code] of [
      [[{}], "MissingParameter"],
      [[{ Source: {} }], "MissingParameter"],
      [[{ Source: of() }], "MissingParameter"],
      [headers({}), "MissingParameter"],
      [[{ ThroughResources: [{}] }], "MissingParameter"],
      [headers({ SourceAddresses: ["everywhere"] }), "InvalidParameterValue"],
      [headers({ DestinationPorts: ["443-80"] }), "InvalidParameterValue"],
      [headers({ SourcePorts: ["65536"] }), "InvalidParameterValue"],
      [[{ Source: of("web") }], "InvalidParameterValue"],
      [[{ Source: of("nat-0123456789abcdef0") }], "InvalidParameterValue"],
      [[{ Source: of("arn:aws:resource-groups:us-east-1:123456789012:group/x") }], "InvalidParameterValue"],
      [
        [{ Source: { ResourceStatement: { ResourceTypes: ["AWS::EC2::VPCEndpoint"] } } }],
        "InvalidParameterValue",
      ],
      [
        [
          {
            Source: {
              ResourceStatement: { Resources: [web.vpc], ResourceTypes: ["AWS::EC2::InternetGateway"] },
            },
          },
        ],
        "InvalidParameterCombination",
      ],
      [
        headers({ SourceAddresses: ["10.0.0.0/8"], SourcePrefixLists: ["pl-12345678"] }),
        "InvalidParameterCombination",
      ],
      [headers({ SourcePrefixLists: ["pl-0123456789abcdef0"] }), "InvalidPrefixListID.NotFound"],
    ] as const) {
      await refused(newScope(ec2, match as unknown as AccessScopePathRequest[]), code);
    }
    await refused(newScope(ec2, undefined), "MissingParameter");
  });
});

describe("what it refuses to do", () => {
  test("anything with what is not there", async () => {
    const { ec2 } = await site();
    const scope = { NetworkInsightsAccessScopeId: NOBODY };
    const analysis = { NetworkInsightsAccessScopeAnalysisId: NOTHING };
    for (const call of [
      new DeleteNetworkInsightsAccessScopeCommand(scope),
      new StartNetworkInsightsAccessScopeAnalysisCommand({ ...scope, ClientToken: undefined }),
    ]) {
      await refused(ec2.send(call), "InvalidNetworkInsightsAccessScopeId.NotFound");
    }
    await refused(
      ec2.send(new GetNetworkInsightsAccessScopeAnalysisFindingsCommand(analysis)),
      "InvalidNetworkInsightsAccessScopeAnalysisId.NotFound",
    );
  });

  test("filter", async () => {
    const { ec2 } = await site();
    const Filters = [{ Name: "status", Values: ["succeeded"] }];
    await refused(
      ec2.send(new DescribeNetworkInsightsAccessScopeAnalysesCommand({ Filters })),
      "InvalidParameterValue",
    );
  });
});

describe("what it does", () => {
  test("keeps a scope and tells its content, and finds what it asks for", async () => {
    const { ec2, web } = await site();
    const match = [{ Source: INTERNET }];
    const { NetworkInsightsAccessScope: scope, NetworkInsightsAccessScopeContent: content } = await ec2.send(
      new CreateNetworkInsightsAccessScopeCommand({
        MatchPaths: match,
        ClientToken: undefined,
        TagSpecifications: [
          { ResourceType: "network-insights-access-scope", Tags: [{ Key: "Name", Value: "in" }] },
        ],
      }),
    );
    const NetworkInsightsAccessScopeId = scope?.NetworkInsightsAccessScopeId ?? "";
    expect(scope?.NetworkInsightsAccessScopeArn).toMatch(
      new RegExp(
        `^arn:aws:ec2:us-east-1:\\d{12}:network-insights-access-scope/${NetworkInsightsAccessScopeId}$`,
      ),
    );
    expect(content).toEqual({ NetworkInsightsAccessScopeId, MatchPaths: match, ExcludePaths: [] });
    const kept = await ec2.send(
      new GetNetworkInsightsAccessScopeContentCommand({ NetworkInsightsAccessScopeId }),
    );
    expect(kept.NetworkInsightsAccessScopeContent).toEqual(content);
    const shown = await ec2.send(new DescribeNetworkInsightsAccessScopesCommand({}));
    expect(shown.NetworkInsightsAccessScopes).toEqual([scope]);

    const NetworkInsightsAccessScopeAnalysisId = await analyze(ec2, NetworkInsightsAccessScopeId);
    const { NetworkInsightsAccessScopeAnalyses: analyses } = await ec2.send(
      new DescribeNetworkInsightsAccessScopeAnalysesCommand({ NetworkInsightsAccessScopeId }),
    );
    expect(analyses).toMatchObject([
      {
        NetworkInsightsAccessScopeAnalysisId,
        NetworkInsightsAccessScopeId,
        Status: "succeeded",
        FindingsFound: "true",
        AnalyzedEniCount: 1,
        EndDate: expect.any(Date),
      },
    ]);
    const late = { AnalysisStartTimeBegin: new Date(Date.now() + 3_600_000) };
    const none = await ec2.send(new DescribeNetworkInsightsAccessScopeAnalysesCommand(late));
    expect(none.NetworkInsightsAccessScopeAnalyses).toEqual([]);

    const { AnalysisFindings } = await ec2.send(
      new GetNetworkInsightsAccessScopeAnalysisFindingsCommand({ NetworkInsightsAccessScopeAnalysisId }),
    );
    expect(AnalysisFindings).toHaveLength(1);
    expect(AnalysisFindings?.[0]).toMatchObject({
      FindingId: "AnalysisFinding-1",
      NetworkInsightsAccessScopeId,
      FindingComponents: [
        {
          Component: { Id: web.gateway },
          InboundHeader: {
            DestinationAddresses: [`${web.publicIp}/32`],
            DestinationPortRanges: [{ From: 80, To: 80 }],
            Protocol: "6",
          },
          OutboundHeader: { DestinationAddresses: [`${web.privateIp}/32`] },
        },
        { Component: { Id: web.acl }, AclRule: { RuleNumber: 100 } },
        { Component: { Id: web.group }, SecurityGroupRule: { PortRange: { From: 80, To: 80 } } },
        { Component: { Id: web.networkInterface }, AttachedTo: { Id: web.instance } },
      ],
    });
    await ec2.send(
      new DeleteNetworkInsightsAccessScopeAnalysisCommand({ NetworkInsightsAccessScopeAnalysisId }),
    );
    const second = await analyze(ec2, NetworkInsightsAccessScopeId);
    await ec2.send(new DeleteNetworkInsightsAccessScopeCommand({ NetworkInsightsAccessScopeId }));
    // With the scope go its analyses.
    await refused(
      ec2.send(
        new DeleteNetworkInsightsAccessScopeAnalysisCommand({ NetworkInsightsAccessScopeAnalysisId: second }),
      ),
      "InvalidNetworkInsightsAccessScopeAnalysisId.NotFound",
    );
  });

  test("leaves out what is meant to be: by port, by address, by prefix list", async () => {
    const { ec2, web } = await site();
    const match = [{ Source: INTERNET }];
    const to = (port: string) => [{ Destination: { PacketHeaderStatement: { DestinationPorts: [port] } } }];
    expect(await findings(ec2, match, to("80"))).toEqual([]);
    expect(await findings(ec2, match, to("22"))).toHaveLength(1);
    const from = (statement: object) => [{ Source: { PacketHeaderStatement: statement } }];
    const [finding] = await findings(ec2, match, from({ SourceAddresses: ["0.0.0.0/1"] }));
    const sources = finding?.FindingComponents?.[0]?.InboundHeader?.SourceAddresses ?? [];
    expect(sources.every((cidr) => Number(cidr.split(".")[0]) >= 128)).toBe(true);
    const { PrefixList } = await ec2.send(
      new CreateManagedPrefixListCommand({
        PrefixListName: "trusted",
        AddressFamily: "IPv4",
        MaxEntries: 2,
        Entries: [{ Cidr: "0.0.0.0/1" }, { Cidr: "128.0.0.0/1" }],
        ClientToken: undefined,
      }),
    );
    const SourcePrefixLists = [PrefixList?.PrefixListId ?? ""];
    expect(await findings(ec2, match, from({ SourcePrefixLists }))).toEqual([]);
    // It is the source, not the destination, that is trusted.
    const wrong = [{ Source: of(web.instance) }];
    expect(await findings(ec2, match, wrong)).toHaveLength(1);
  });

  test("finds what leads between two subnets, to a group, to an instance, and out", async () => {
    const { ec2, web } = await site();
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: web.vpc, CidrBlock: "10.0.2.0/24" }));
    const other = Subnet?.SubnetId ?? "";
    const inside = await launch(ec2, { SubnetId: other, SecurityGroupIds: [web.group] });
    const { NetworkInterfaces } = await shownInstance(ec2, inside);
    const eni = NetworkInterfaces?.[0]?.NetworkInterfaceId ?? "";
    const between = [
      { Source: of(web.subnet), Destination: of(other) },
      { Source: of(other), Destination: of(web.subnet) },
    ];
    const own = web.networkInterface;
    expect(ends(await findings(ec2, between))).toEqual([`${own} ${eni}`, `${eni} ${own}`].toSorted());
    const allowed = {
      GroupId: web.group,
      IpProtocol: "tcp",
      FromPort: 22,
      ToPort: 22,
      CidrIp: "0.0.0.0/0",
    };
    await ec2.send(new AuthorizeSecurityGroupIngressCommand(allowed));
    const toInstance = [{ Source: INTERNET, Destination: of(web.instance) }];
    expect(ends(await findings(ec2, toInstance))).toEqual([`${web.gateway} ${own}`]);
    // The one without a public address is in the group, too, and is not reached.
    expect(ends(await findings(ec2, [{ Source: INTERNET, Destination: of(web.group) }]))).toEqual([
      `${web.gateway} ${own}`,
    ]);

    const out = [{ Source: of(web.vpc), Destination: INTERNET }];
    expect(ends(await findings(ec2, out))).toEqual([`${own} ${web.gateway}`]);
    const { NatGatewayId = "" } = await newNat(ec2, web.subnet);
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: web.vpc }));
    const RouteTableId = RouteTable?.RouteTableId ?? "";
    await ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId }));
    await ec2.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId: other }));
    const both = [`${own} ${web.gateway}`, `${eni} ${web.gateway}`].toSorted();
    expect(ends(await findings(ec2, out))).toEqual(both);
    const around = [
      { ThroughResources: [{ ResourceStatement: { ResourceTypes: ["AWS::EC2::NatGateway"] } }] },
    ];
    expect(ends(await findings(ec2, out, around))).toEqual([`${own} ${web.gateway}`]);
    const firewall = [
      { ThroughResources: [{ ResourceStatement: { ResourceTypes: ["AWS::NetworkFirewall::Firewall"] } }] },
    ];
    expect(ends(await findings(ec2, out, firewall))).toEqual(both);
  });

  test("finds what the scopes ask for that Amazon makes: into and out of VPCs, by whatever door", async () => {
    const { ec2, web } = await site();
    const types = (...ResourceTypes: string[]) => ({ ResourceStatement: { ResourceTypes } });
    const doors = types(
      "AWS::EC2::InternetGateway",
      "AWS::EC2::TransitGatewayAttachment",
      "AWS::EC2::VPCEndpointService",
      "AWS::EC2::VPCPeeringConnection",
      "AWS::EC2::VPNGateway",
    );
    const own = web.networkInterface;
    const inwards = ends(await findings(ec2, [{ Source: types("AWS::EC2::InternetGateway") }]));
    expect(inwards).toEqual([`${web.gateway} ${own}`]);
    expect(ends(await findings(ec2, [{ Destination: types("AWS::EC2::InternetGateway") }]))).toEqual([
      `${own} ${web.gateway}`,
    ]);
    expect(ends(await findings(ec2, [{ Source: doors }]))).toEqual(inwards);

    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.9.0.0/16" }));
    const { VpcPeeringConnection } = await ec2.send(
      new CreateVpcPeeringConnectionCommand({ VpcId: web.vpc, PeerVpcId: Vpc?.VpcId ?? "" }),
    );
    const pcx = VpcPeeringConnection?.VpcPeeringConnectionId ?? "";
    await ec2.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId: pcx }));
    const { VpnGateway } = await ec2.send(new CreateVpnGatewayCommand({ Type: "ipsec.1" }));
    const vgw = VpnGateway?.VpnGatewayId ?? "";
    await ec2.send(new AttachVpnGatewayCommand({ VpnGatewayId: vgw, VpcId: web.vpc }));
    const office = ["192.168.0.0/16"];
    await operate(await sharedIslet(), "POST sites", {
      Region: "us-east-1",
      Name: `office-of-${vgw}`,
      Blocks: office,
      Advertises: office,
      VirtualInterfaces: [vgw],
    });
    const { TransitGateway } = await ec2.send(new CreateTransitGatewayCommand({}));
    const tgw = TransitGateway?.TransitGatewayId ?? "";
    await ec2.send(new DescribeTransitGatewaysCommand({}));
    const { TransitGatewayVpcAttachment: made } = await ec2.send(
      new CreateTransitGatewayVpcAttachmentCommand({
        TransitGatewayId: tgw,
        VpcId: web.vpc,
        SubnetIds: [web.subnet],
      }),
    );
    const attachment = made?.TransitGatewayAttachmentId ?? "";
    const entering = [web.gateway, pcx, vgw, attachment];
    // From its attachment, the gateway leads straight into the VPC, and back into it by its table.
    expect([...new Set(ends(await findings(ec2, [{ Source: doors, Destination: of(web.vpc) }])))]).toEqual(
      entering.map((door) => `${door} ${own}`).toSorted(),
    );
    for (const [DestinationCidrBlock, target] of [
      ["10.9.0.0/16", { VpcPeeringConnectionId: pcx }],
      ["192.168.0.0/16", { GatewayId: vgw }],
      ["172.16.0.0/12", { TransitGatewayId: tgw }],
    ] as const) {
      await ec2.send(new CreateRouteCommand({ RouteTableId: web.table, DestinationCidrBlock, ...target }));
    }
    expect(ends(await findings(ec2, [{ Source: of(web.vpc), Destination: doors }]))).toEqual(
      entering.map((door) => `${own} ${door}`).toSorted(),
    );
  });

  test("tells findings in pages", async () => {
    const { ec2, web } = await site();
    await launch(ec2, { SubnetId: web.subnet, SecurityGroupIds: [web.group] });
    const scope = await newScope(ec2, [{ Source: of(web.vpc), Destination: of(web.vpc) }]);
    const NetworkInsightsAccessScopeAnalysisId = await analyze(ec2, scope);
    const page = (NextToken?: string) =>
      ec2.send(
        new GetNetworkInsightsAccessScopeAnalysisFindingsCommand({
          NetworkInsightsAccessScopeAnalysisId,
          MaxResults: 1,
          NextToken,
        }),
      );
    const first = await page();
    const second = await page(first.NextToken);
    expect([...(first.AnalysisFindings ?? []), ...(second.AnalysisFindings ?? [])]).toMatchObject([
      { FindingId: "AnalysisFinding-1" },
      { FindingId: "AnalysisFinding-2" },
    ]);
    expect(second.NextToken).toBeUndefined();
  });
});
