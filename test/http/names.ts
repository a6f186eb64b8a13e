/** VPCs whose instances ask for names, and what they learn. */
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeRouteTablesCommand,
  DescribeVpcsCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import { imagesOf } from "../../server/ec2/catalogue/images.ts";
import type { ExchangeView } from "../../server/http/journeyView.ts";
import type { Islet } from "../../server/index.ts";
import { launch, linux } from "../ec2/launch.ts";
import { configOf, freshKeys } from "../islet.ts";
import { operate } from "../operator.ts";

export interface Learned {
  readonly Status: string;
  readonly Answers: readonly string[];
  readonly Zone?: { readonly Domain: string; readonly Of: string };
  readonly Reason: string;
  readonly Asked: readonly (ExchangeView & { readonly Server: string })[];
}

export interface Asks {
  readonly Region?: string;
  readonly From: string;
  readonly Name: string;
  readonly Type?: string;
  readonly Server?: string;
}

/** What somebody learns by a name. */
export const resolve = async (islet: Islet, asks: Asks): Promise<Learned> =>
  (await operate(islet, "POST resolve", { Region: "us-east-1", ...asks })) as unknown as Learned;

/** The addresses, names or texts alone. */
export const answers = async (islet: Islet, From: string, Name: string, Type = "A", Region = "us-east-1") =>
  (await resolve(islet, { Region, From, Name, Type })).Answers;

interface Account {
  readonly ec2: EC2Client;
  readonly account: string;
}

function newAccount(islet: Islet, region: string): Account {
  const keys = freshKeys(islet);
  return { ec2: new EC2Client(configOf(islet, keys, region)), account: keys.account };
}

export interface Site extends Account {
  readonly region: string;
  readonly vpc: string;
  readonly subnet: string;
  readonly group: string;
  readonly table: string;
  /** Of the VPC, IPv6. */
  readonly block: string;
}

/** A VPC n.0.0/16 with a subnet n.1.0/24 and ways to the internet; of a fresh account, and giving names, unless asked otherwise. */
export async function site(
  islet: Islet,
  net: string,
  {
    region = "us-east-1",
    names = true,
    of = newAccount(islet, region),
  }: { readonly region?: string; readonly names?: boolean; readonly of?: Account } = {},
): Promise<Site> {
  const { ec2, account } = of;
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: `${net}.0.0/16`, AmazonProvidedIpv6CidrBlock: true }),
  );
  const vpc = Vpc?.VpcId ?? "";
  if (names) await setNames(ec2, vpc, { EnableDnsHostnames: true });
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId: vpc, CidrBlock: `${net}.1.0/24`, AvailabilityZone: `${region}a` }),
  );
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const InternetGatewayId = InternetGateway?.InternetGatewayId ?? "";
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId: vpc }));
  const Filters = [{ Name: "vpc-id", Values: [vpc] }];
  const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
  const table = RouteTables?.[0]?.RouteTableId ?? "";
  await ec2.send(
    new CreateRouteCommand({
      RouteTableId: table,
      DestinationCidrBlock: "0.0.0.0/0",
      GatewayId: InternetGatewayId,
    }),
  );
  const { GroupId: group = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: vpc, GroupName: "open", Description: "open" }),
  );
  const IpPermissions = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions }));
  const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [vpc] }));
  const block = Vpcs?.[0]?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock ?? "";
  return { ec2, account, region, vpc, subnet: Subnet?.SubnetId ?? "", group, table, block };
}

export const setNames = (
  ec2: EC2Client,
  VpcId: string,
  attribute: { readonly EnableDnsHostnames: boolean } | { readonly EnableDnsSupport: boolean },
): Promise<unknown> =>
  ec2.send(
    new ModifyVpcAttributeCommand({
      VpcId,
      ...("EnableDnsHostnames" in attribute
        ? { EnableDnsHostnames: { Value: attribute.EnableDnsHostnames } }
        : { EnableDnsSupport: { Value: attribute.EnableDnsSupport } }),
    }),
  );

export const instance = (
  { ec2, region, subnet, group }: Site,
  PrivateIpAddress: string,
  asked: Partial<RunInstancesCommandInput> = {},
): Promise<string> =>
  launch(ec2, {
    ImageId: imagesOf(region).find(({ name }) => name === linux.name)?.id,
    SubnetId: subnet,
    SecurityGroupIds: [group],
    PrivateIpAddress,
    ...asked,
  });

/** Gives an instance an elastic address. */
export async function publish(
  ec2: EC2Client,
  InstanceId: string,
): Promise<{ readonly address: string; readonly name: string; readonly allocation: string }> {
  const { PublicIp: address = "", AllocationId: allocation = "" } = await ec2.send(
    new AllocateAddressCommand({}),
  );
  await ec2.send(new AssociateAddressCommand({ AllocationId: allocation, InstanceId }));
  const region = await ec2.config.region();
  const part = region === "us-east-1" ? "compute-1" : `${region}.compute`;
  return { address, name: `ec2-${address.replaceAll(".", "-")}.${part}.amazonaws.com`, allocation };
}
