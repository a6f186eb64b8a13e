/** What paths lead through: the components of the analyzers that need more around them than a web server. */
import {
  AssociateTransitGatewayPolicyTableCommand,
  CreateNetworkInsightsAccessScopeCommand,
  CreateSubnetCommand,
  CreateTransitGatewayPolicyTableCommand,
  CreateTransitGatewayPolicyTableEntryCommand,
  CreateVpcEndpointServiceConfigurationCommand,
  DisassociateTransitGatewayRouteTableCommand,
  EC2Client,
  GetNetworkInsightsAccessScopeAnalysisFindingsCommand,
  ModifyTransitGatewayAttachmentNatConfigurationCommand,
  StartNetworkInsightsAccessScopeAnalysisCommand,
  type AccessScopePathRequest,
} from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { configOf, freshKeys, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { launch } from "./launch.ts";
import { analysisOf, analyze, codesOf, newPath, newWeb, passed } from "./networkInsightsNetwork.ts";
import { attach, leadTo, newGateway, newNetwork } from "./transitGateways.ts";

const Region = "us-east-1";

async function newAccount() {
  const islet = await sharedIslet();
  const keys = freshKeys(islet);
  return { islet, account: keys.account, ec2: new EC2Client(configOf(islet, keys, Region)) };
}

const port = (number: number) => ({ FromPort: number, ToPort: number });

test("a policy table leads by the entry that is for the packets; attachments translate addresses", async () => {
  const { ec2 } = await newAccount();
  const { id: gateway, table } = await newGateway(ec2);
  const [one, two] = [await newNetwork(ec2, 1), await newNetwork(ec2, 2)];
  const Source = await launch(ec2, { SubnetId: one.subnets[0] });
  const Destination = await launch(ec2, { SubnetId: two.subnets[0], PrivateIpAddress: "10.2.0.10" });
  const attachment = await attach(ec2, gateway, one);
  const far = await attach(ec2, gateway, two);
  for (const network of [one, two]) await leadTo(ec2, gateway, network);
  const { TransitGatewayPolicyTable: made } = await ec2.send(
    new CreateTransitGatewayPolicyTableCommand({ TransitGatewayId: gateway }),
  );
  const policy = made?.TransitGatewayPolicyTableId ?? "";
  const from = { TransitGatewayAttachmentId: attachment };
  await ec2.send(
    new DisassociateTransitGatewayRouteTableCommand({ ...from, TransitGatewayRouteTableId: table }),
  );
  await ec2.send(
    new AssociateTransitGatewayPolicyTableCommand({ ...from, TransitGatewayPolicyTableId: policy }),
  );
  await ec2.send(
    new CreateTransitGatewayPolicyTableEntryCommand({
      TransitGatewayPolicyTableId: policy,
      PolicyRuleNumber: "1",
      TargetRouteTableId: table,
      PolicyRule: { Protocol: "6", DestinationPortRange: "443" },
    }),
  );
  const blocked = await analyze(ec2, {
    Source,
    Destination,
    FilterAtSource: { DestinationPortRange: port(80) },
  });
  expect(codesOf(blocked)).toContain("TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION");
  const at443 = await newPath(ec2, {
    Source,
    Destination: far,
    FilterAtSource: { DestinationAddress: "10.2.0.10", DestinationPortRange: port(443) },
  });
  const led = await analysisOf(ec2, at443);
  expect(led.NetworkPathFound).toBe(true);
  expect(passed(led.ForwardPathComponents)).toEqual(expect.arrayContaining([attachment, policy, table, far]));
  const component = led.ForwardPathComponents?.find(({ Component }) => Component?.Id === policy);
  expect(component?.Component?.Arn).toMatch(`:transit-gateway-policy-table/${policy}`);

  await ec2.send(
    new ModifyTransitGatewayAttachmentNatConfigurationCommand({
      ...from,
      NatGatewaySupport: "enable",
      NatGatewayRules: [{ RuleNumber: 1, MatchSourceCidr: one.cidr, NatCidr: "100.64.0.0/16" }],
    }),
  );
  const translated = await analysisOf(ec2, at443);
  const entered = translated.ForwardPathComponents?.find(({ Component }) => Component?.Id === attachment);
  expect(entered?.OutboundHeader?.SourceAddresses?.[0]).toMatch(/^100\.64\./);
});

test("a load balancer speaks to its targets in its own name, and can be named on the way", async () => {
  const { islet, ec2, account } = await newAccount();
  const web = await newWeb(ec2);
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: web.vpc, CidrBlock: "10.0.2.0/24" }));
  const subnet = Subnet?.SubnetId ?? "";
  const client = await launch(ec2, { SubnetId: subnet });
  const arn = `arn:aws:elasticloadbalancing:${Region}:${account}:loadbalancer/net/web/50dc6c495c0c9188`;
  const balancer = { Region, LoadBalancerArn: arn, CrossZone: true };
  await operate(islet, "POST load-balancers", { ...balancer, SubnetIds: [subnet], Targets: [web.instance] });
  const path = await newPath(ec2, {
    Source: client,
    Destination: web.instance,
    FilterAtSource: { DestinationPortRange: port(80) },
  });
  const straight = await analysisOf(ec2, path);
  expect(straight.NetworkPathFound).toBe(true);
  expect(passed(straight.ForwardPathComponents)).not.toContain(arn);
  const around = await analysisOf(ec2, path, { FilterInArns: [arn] });
  expect(around.NetworkPathFound).toBe(true);
  const hop = around.ForwardPathComponents?.find(({ Component }) => Component?.Id === arn);
  expect(hop).toMatchObject({
    Component: { Arn: arn },
    OutboundHeader: { DestinationAddresses: [`${web.privateIp}/32`] },
  });
  expect(passed(around.ReturnPathComponents)).toContain(arn);
  await refused(
    analysisOf(ec2, path, { FilterInArns: [arn.replace(account, "999999999999")] }),
    "InvalidParameterValue",
  );

  const service = await ec2.send(
    new CreateVpcEndpointServiceConfigurationCommand({ NetworkLoadBalancerArns: [arn] }),
  );
  const serviceId = service.ServiceConfiguration?.ServiceId ?? "";
  const offered = await analyze(ec2, {
    Source: serviceId,
    Destination: web.instance,
    FilterAtDestination: { DestinationPortRange: port(80) },
  });
  expect(offered.NetworkPathFound).toBe(true);
  expect(passed(offered.ForwardPathComponents)[0]).toBe(serviceId);
  expect(passed(offered.ReturnPathComponents).at(-1)).toBe(arn);

  const findings = async (ExcludePaths: AccessScopePathRequest[]): Promise<number | undefined> => {
    const { NetworkInsightsAccessScope: scope } = await ec2.send(
      new CreateNetworkInsightsAccessScopeCommand({
        MatchPaths: [
          {
            Source: { ResourceStatement: { Resources: [client, serviceId] } },
            Destination: { ResourceStatement: { Resources: [web.instance] } },
          },
        ],
        ExcludePaths,
        ClientToken: undefined,
      }),
    );
    const { NetworkInsightsAccessScopeAnalysis: started } = await ec2.send(
      new StartNetworkInsightsAccessScopeAnalysisCommand({
        NetworkInsightsAccessScopeId: scope?.NetworkInsightsAccessScopeId,
        ClientToken: undefined,
      }),
    );
    const { AnalysisFindings } = await ec2.send(
      new GetNetworkInsightsAccessScopeAnalysisFindingsCommand({
        NetworkInsightsAccessScopeAnalysisId: started?.NetworkInsightsAccessScopeAnalysisId,
      }),
    );
    return AnalysisFindings?.length;
  };
  expect(await findings([])).toBe(3);
  for (const ResourceStatement of [
    { Resources: [arn] },
    { ResourceTypes: ["AWS::ElasticLoadBalancingV2::LoadBalancer"] },
  ]) {
    expect(await findings([{ ThroughResources: [{ ResourceStatement }] }])).toBe(1);
  }
  await operate(islet, "POST load-balancers", { ...balancer, SubnetIds: [] });
  expect(await analysisOf(ec2, path, { FilterInArns: [arn] })).toMatchObject({
    Status: "failed",
    StatusMessage: `The request failed due to missing component ${arn}`,
  });
});
