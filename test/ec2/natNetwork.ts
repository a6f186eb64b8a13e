import {
  AllocateAddressCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateNatGatewayCommand,
  CreateSubnetCidrReservationCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeNatGatewaysCommand,
  type CreateNatGatewayCommandInput,
  type EC2Client,
  type NatGateway,
} from "@aws-sdk/client-ec2";

/** A VPC 10.0.0.0/16 with a subnet, and an internet gateway unless it is to have none. */
export async function natNetwork(
  ec2: EC2Client,
  { cidr = "10.0.1.0/24", connected = true } = {},
): Promise<{ readonly vpc: string; readonly subnet: string; readonly gateway: string }> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const vpc = Vpc?.VpcId ?? "";
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: cidr }));
  if (cidr === "10.0.1.0/24") {
    // What tests name is in the lower half; EC2 chooses from the upper one.
    const kept = { Cidr: "10.0.1.0/25", ReservationType: "explicit" } as const;
    await ec2.send(new CreateSubnetCidrReservationCommand({ SubnetId: Subnet?.SubnetId, ...kept }));
  }
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const gateway = InternetGateway?.InternetGatewayId ?? "";
  if (connected) await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
  return { vpc, subnet: Subnet?.SubnetId ?? "", gateway };
}

export async function newAllocation(ec2: EC2Client): Promise<string> {
  return (await ec2.send(new AllocateAddressCommand({}))).AllocationId ?? "";
}

/** Makes a NAT gateway, public with an elastic address of its own unless asked otherwise; as the answer shows it. */
export async function newNat(
  ec2: EC2Client,
  SubnetId: string,
  asked: Partial<CreateNatGatewayCommandInput> = {},
): Promise<NatGateway> {
  const isPublic = asked.ConnectivityType !== "private";
  const { NatGateway } = await ec2.send(
    new CreateNatGatewayCommand({
      SubnetId,
      ...(isPublic && { AllocationId: asked.AllocationId ?? (await newAllocation(ec2)) }),
      ...asked,
    }),
  );
  return NatGateway ?? {};
}

export async function shownNat(ec2: EC2Client, id: string | undefined): Promise<NatGateway> {
  const { NatGateways } = await ec2.send(new DescribeNatGatewaysCommand({ NatGatewayIds: [id ?? ""] }));
  return NatGateways?.[0] ?? {};
}
