/**
 * Why does the web server not answer? There are four causes that everybody meets: no route back, a network ACL, a
 * security group, no public address. Reachability Analyzer names each of them, and all of them at once, without a packet;
 * a packet shows that it is right.
 *
 * Run it with: npm run build && node examples/whyNoAnswer/whyNoAnswer.mjs
 */
import {
  AssociateAddressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkAclEntryCommand,
  CreateNetworkInsightsPathCommand,
  CreateRouteCommand,
  DeleteNetworkAclEntryCommand,
  DeleteRouteCommand,
  DescribeAddressesCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInsightsAnalysesCommand,
  DisassociateAddressCommand,
  RevokeSecurityGroupIngressCommand,
  StartNetworkInsightsAnalysisCommand,
} from "@aws-sdk/client-ec2";
import { startIslet } from "islet";
import { conclude, https, inLab, say } from "../network/lab.mjs";

const REGION = "us-east-1";
const CLIENT = "203.0.113.9";

/** What an explanation is about, in words. */
function inWords({ ExplanationCode, Direction, ...where }) {
  const { AclRule, Acl, RouteTable, SecurityGroups, InternetGateway } = where;
  const at = [Acl, RouteTable, InternetGateway, ...(SecurityGroups ?? [])].find((each) => each)?.Id;
  const rule = AclRule ? `, entry ${AclRule.RuleNumber}: ${AclRule.RuleAction}` : "";
  return `${ExplanationCode} (${at}${rule}${Direction ? `, ${Direction}` : ""})`;
}

await inLab(startIslet, async (lab) => {
  const tenant = lab.tenant("A");
  const vpc = await tenant.vpc();
  const subnet = await tenant.subnet(vpc, "10.0.1.0/24", { GatewayId: vpc.gateway });
  const web = await tenant.group(vpc, "web", https());
  const server = await tenant.instance(subnet, web, "10.0.1.10");
  const address = await tenant.publish(server);
  const { Addresses } = await tenant.send(new DescribeAddressesCommand({ PublicIps: [address] }));
  const [{ AllocationId }] = Addresses;
  const { NetworkAcls } = await tenant.send(
    new DescribeNetworkAclsCommand({ Filters: [{ Name: "association.subnet-id", Values: [subnet.id] }] }),
  );
  const [{ NetworkAclId }] = NetworkAcls;
  const { NetworkInsightsPath } = await tenant.send(
    new CreateNetworkInsightsPathCommand({
      Source: vpc.gateway,
      Destination: server.id,
      Protocol: "tcp",
      FilterAtSource: { DestinationPortRange: { FromPort: 443, ToPort: 443 } },
    }),
  );
  const { NetworkInsightsPathId } = NetworkInsightsPath;

  /** What Reachability Analyzer says of the path from the internet to the server. */
  const analyze = async () => {
    const { NetworkInsightsAnalysis } = await tenant.send(
      new StartNetworkInsightsAnalysisCommand({ NetworkInsightsPathId }),
    );
    const { NetworkInsightsAnalysisId } = NetworkInsightsAnalysis;
    const { NetworkInsightsAnalyses } = await tenant.send(
      new DescribeNetworkInsightsAnalysesCommand({ NetworkInsightsAnalysisIds: [NetworkInsightsAnalysisId] }),
    );
    return NetworkInsightsAnalyses[0];
  };

  let port = 50_000;
  /** Whether a client on the internet gets an answer. */
  const isAnswered = async () => {
    const packet = { Region: REGION, From: CLIENT, To: address, Protocol: "tcp", Port: 443 };
    const { Learned } = await lab.operate("POST", "packets", {
      ...packet,
      SourcePort: ++port,
      Exchange: true,
    });
    return Learned === "answer";
  };

  const { ForwardPathComponents, ReturnPathComponents, NetworkPathFound } = await analyze();
  say(`1. A web server, ${address}, that answers\n`);
  const drawn = (path) => path.map(({ Component }) => Component.Id).join(" → ");
  say(`    there: ${drawn(ForwardPathComponents)}`);
  say(`    back:  ${drawn(ReturnPathComponents)}`);
  conclude(
    NetworkPathFound && (await isAnswered()),
    "The analyzer finds the way there and back, and it is so.",
  );

  const route = { RouteTableId: subnet.table, DestinationCidrBlock: "0.0.0.0/0" };
  const entry = { NetworkAclId, RuleNumber: 50, Egress: false };
  const deny = {
    ...entry,
    Protocol: "6",
    PortRange: { From: 443, To: 443 },
    RuleAction: "deny",
    CidrBlock: "0.0.0.0/0",
  };
  const rule = { GroupId: web, IpPermissions: [https()] };
  const causes = [
    {
      what: "no route back to the internet gateway",
      code: "NO_ROUTE_TO_DESTINATION",
      make: new DeleteRouteCommand(route),
      mend: new CreateRouteCommand({ ...route, GatewayId: vpc.gateway }),
    },
    {
      what: "a network ACL that denies port 443",
      code: "SUBNET_ACL_RESTRICTION",
      make: new CreateNetworkAclEntryCommand(deny),
      mend: new DeleteNetworkAclEntryCommand(entry),
    },
    {
      what: "a security group without a rule for it",
      code: "SG_HAS_NO_RULES",
      make: new RevokeSecurityGroupIngressCommand(rule),
      mend: new AuthorizeSecurityGroupIngressCommand(rule),
    },
    {
      what: "no public address",
      code: "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
      make: new DisassociateAddressCommand({ PublicIp: address }),
      mend: new AssociateAddressCommand({ AllocationId, InstanceId: server.id }),
    },
  ];

  for (const [i, { what, code, make, mend }] of causes.entries()) {
    say(`\n${i + 2}. With ${what}\n`);
    await tenant.send(make);
    const { Explanations } = await analyze();
    for (const each of Explanations) say(`    ${inWords(each)}`);
    const isRight = Explanations.length === 1 && Explanations[0].ExplanationCode === code;
    conclude(isRight && !(await isAnswered()), `It does not answer, for ${what}: ${code}.`);
    await tenant.send(mend);
  }

  say("\n6. With all four at once\n");
  for (const { make } of causes) await tenant.send(make);
  const { Explanations } = await analyze();
  for (const each of Explanations) say(`    ${inWords(each)}`);
  const named = causes.every(({ code }) => Explanations.some((each) => each.ExplanationCode === code));
  conclude(named && Explanations.length === 4, "One run names all four.");
  for (const { mend } of causes) await tenant.send(mend);
  const mended = await analyze();
  conclude(mended.NetworkPathFound && (await isAnswered()), "Once all are mended, it answers again.");
});
