/** A web server on the internet, and what the analyzers say of it, for tests. */
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateNetworkInsightsPathCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeInstancesCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInsightsAnalysesCommand,
  DescribeRouteTablesCommand,
  StartNetworkInsightsAnalysisCommand,
  type CreateNetworkInsightsPathCommandInput,
  type EC2Client,
  type NetworkInsightsAnalysis,
  type StartNetworkInsightsAnalysisCommandInput,
} from "@aws-sdk/client-ec2";
import { launch } from "./launch.ts";

export interface Web {
  readonly vpc: string;
  readonly subnet: string;
  readonly gateway: string;
  readonly table: string;
  readonly acl: string;
  readonly group: string;
  readonly instance: string;
  readonly networkInterface: string;
  readonly allocation: string;
  readonly publicIp: string;
  readonly privateIp: string;
}

/** A VPC with an internet gateway, and an instance that is reached from there by TCP 80. */
export async function newWeb(ec2: EC2Client, block = "10.0"): Promise<Web> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: `${block}.0.0/16` }));
  const vpc = Vpc?.VpcId ?? "";
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: `${block}.1.0/24` }));
  const subnet = Subnet?.SubnetId ?? "";
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const gateway = InternetGateway?.InternetGatewayId ?? "";
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
  const Filters = [{ Name: "vpc-id", Values: [vpc] }];
  const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
  const table = RouteTables?.[0]?.RouteTableId ?? "";
  await ec2.send(
    new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0", GatewayId: gateway }),
  );
  const { NetworkAcls } = await ec2.send(new DescribeNetworkAclsCommand({ Filters }));
  const { GroupId: group = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: vpc, GroupName: "web", Description: "web" }),
  );
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: group,
      IpProtocol: "tcp",
      FromPort: 80,
      ToPort: 80,
      CidrIp: "0.0.0.0/0",
    }),
  );
  const instance = await launch(ec2, { SubnetId: subnet, SecurityGroupIds: [group] });
  const { AllocationId: allocation = "", PublicIp: publicIp = "" } = await ec2.send(
    new AllocateAddressCommand({}),
  );
  await ec2.send(new AssociateAddressCommand({ AllocationId: allocation, InstanceId: instance }));
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instance] }));
  const [own] = Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces ?? [];
  return {
    vpc,
    subnet,
    gateway,
    table,
    acl: NetworkAcls?.[0]?.NetworkAclId ?? "",
    group,
    instance,
    networkInterface: own?.NetworkInterfaceId ?? "",
    allocation,
    publicIp,
    privateIp: own?.PrivateIpAddress ?? "",
  };
}

export async function newPath(
  ec2: EC2Client,
  asked: Partial<CreateNetworkInsightsPathCommandInput>,
): Promise<string> {
  const { NetworkInsightsPath } = await ec2.send(
    new CreateNetworkInsightsPathCommand({ Source: "", Protocol: "tcp", ClientToken: undefined, ...asked }),
  );
  return NetworkInsightsPath?.NetworkInsightsPathId ?? "";
}

/** A finished analysis of a path. */
export async function analysisOf(
  ec2: EC2Client,
  NetworkInsightsPathId: string,
  asked: Partial<StartNetworkInsightsAnalysisCommandInput> = {},
): Promise<NetworkInsightsAnalysis> {
  const { NetworkInsightsAnalysis: started } = await ec2.send(
    new StartNetworkInsightsAnalysisCommand({ NetworkInsightsPathId, ClientToken: undefined, ...asked }),
  );
  const { NetworkInsightsAnalyses } = await ec2.send(
    new DescribeNetworkInsightsAnalysesCommand({
      NetworkInsightsAnalysisIds: [started?.NetworkInsightsAnalysisId ?? ""],
    }),
  );
  return NetworkInsightsAnalyses?.[0] ?? {};
}

/** As `analysisOf`, of a new path. */
export const analyze = async (
  ec2: EC2Client,
  asked: Partial<CreateNetworkInsightsPathCommandInput>,
): Promise<NetworkInsightsAnalysis> => analysisOf(ec2, await newPath(ec2, asked));

export const codesOf = ({ Explanations }: NetworkInsightsAnalysis): (string | undefined)[] =>
  (Explanations ?? []).map(({ ExplanationCode }) => ExplanationCode);

export const passed = (path: NetworkInsightsAnalysis["ForwardPathComponents"]): (string | undefined)[] =>
  (path ?? []).map(({ Component }) => Component?.Id);
