/** Transit gateways with what is attached to them, for tests. */
import {
  CreateRouteCommand,
  CreateSubnetCommand,
  CreateTransitGatewayCommand,
  CreateTransitGatewayVpcAttachmentCommand,
  CreateVpcCommand,
  DescribeRouteTablesCommand,
  DescribeTransitGatewaysCommand,
  DescribeTransitGatewayVpcAttachmentsCommand,
  type CreateTransitGatewayVpcAttachmentRequest,
  type CreateVpcRequest,
  type EC2Client,
  type TransitGateway,
  type TransitGatewayRequestOptions,
  type TransitGatewayVpcAttachment,
} from "@aws-sdk/client-ec2";

/** A gateway that is available. */
export async function newGateway(
  ec2: EC2Client,
  Options?: TransitGatewayRequestOptions,
): Promise<{ readonly id: string; readonly table: string; readonly shown: TransitGateway }> {
  const { TransitGateway: made } = await ec2.send(new CreateTransitGatewayCommand({ Options }));
  const id = made?.TransitGatewayId ?? "";
  const { TransitGateways } = await ec2.send(new DescribeTransitGatewaysCommand({ TransitGatewayIds: [id] }));
  const shown = TransitGateways?.[0] ?? {};
  return { id, table: shown.Options?.AssociationDefaultRouteTableId ?? "", shown };
}

export interface Network {
  readonly vpc: string;
  readonly cidr: string;
  /** In the zones a and b. */
  readonly subnets: readonly [string, string];
  readonly table: string;
}

/** A VPC 10.n.0.0/16 with the subnets 10.n.0.0/24 and 10.n.1.0/24 in the first two zones. */
export async function newNetwork(
  ec2: EC2Client,
  n: number,
  asked: Partial<CreateVpcRequest> = {},
): Promise<Network> {
  const region = await ec2.config.region();
  const cidr = `10.${n}.0.0/16`;
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: cidr, AmazonProvidedIpv6CidrBlock: true, ...asked }),
  );
  const vpc = Vpc?.VpcId ?? "";
  const subnet = async (i: number): Promise<string> => {
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({
        VpcId: vpc,
        CidrBlock: `10.${n}.${i}.0/24`,
        AvailabilityZone: `${region}${"ab"[i]}`,
      }),
    );
    return Subnet?.SubnetId ?? "";
  };
  const subnets = [await subnet(0), await subnet(1)] as const;
  const { RouteTables } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [vpc] }] }),
  );
  return { vpc, cidr, subnets, table: RouteTables?.[0]?.RouteTableId ?? "" };
}

/** Attaches a network, by both its subnets; the attachment is available by then. */
export async function attach(
  ec2: EC2Client,
  TransitGatewayId: string,
  { vpc, subnets }: Network,
  asked: Partial<CreateTransitGatewayVpcAttachmentRequest> = {},
): Promise<string> {
  const { TransitGatewayVpcAttachment } = await ec2.send(
    new CreateTransitGatewayVpcAttachmentCommand({
      TransitGatewayId,
      VpcId: vpc,
      SubnetIds: [...subnets],
      ...asked,
    }),
  );
  return TransitGatewayVpcAttachment?.TransitGatewayAttachmentId ?? "";
}

export async function shownAttachment(ec2: EC2Client, id: string): Promise<TransitGatewayVpcAttachment> {
  const { TransitGatewayVpcAttachments } = await ec2.send(
    new DescribeTransitGatewayVpcAttachmentsCommand({ TransitGatewayAttachmentIds: [id] }),
  );
  return TransitGatewayVpcAttachments?.[0] ?? {};
}

/** Sends all packets that leave a network to a gateway. */
export const leadTo = (ec2: EC2Client, TransitGatewayId: string, { table }: Network): Promise<unknown> =>
  ec2.send(
    new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0", TransitGatewayId }),
  );
