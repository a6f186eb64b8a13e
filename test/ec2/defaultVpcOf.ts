import {
  CreateDefaultVpcCommand,
  DeleteInternetGatewayCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeInternetGatewaysCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  DetachInternetGatewayCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";

/** The id of the account's default VPC. */
export async function defaultVpcOf(ec2: EC2Client): Promise<string | undefined> {
  const { Vpcs } = await ec2.send(
    new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] }),
  );
  return Vpcs?.[0]?.VpcId;
}

/** As `defaultVpcOf`; one is made where there is none. */
export async function neededDefaultVpc(ec2: EC2Client): Promise<string> {
  const known = await defaultVpcOf(ec2);
  if (known !== undefined) return known;
  const { Vpc } = await ec2.send(new CreateDefaultVpcCommand({}));
  return Vpc?.VpcId ?? "";
}

/** Takes the account's default VPC away, in the order that EC2 wants. */
export async function dropDefaultVpc(ec2: EC2Client): Promise<void> {
  const VpcId = await defaultVpcOf(ec2);
  if (VpcId === undefined) return;
  const { Subnets = [] } = await ec2.send(
    new DescribeSubnetsCommand({ Filters: [{ Name: "vpc-id", Values: [VpcId] }] }),
  );
  for (const { SubnetId } of Subnets) await ec2.send(new DeleteSubnetCommand({ SubnetId }));
  const { InternetGateways = [] } = await ec2.send(
    new DescribeInternetGatewaysCommand({ Filters: [{ Name: "attachment.vpc-id", Values: [VpcId] }] }),
  );
  for (const { InternetGatewayId } of InternetGateways) {
    await ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId, VpcId }));
    await ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId }));
  }
  await ec2.send(new DeleteVpcCommand({ VpcId }));
}
