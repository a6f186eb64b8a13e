/** VPN gateways and connections, for tests. */
import {
  AttachVpnGatewayCommand,
  CreateCustomerGatewayCommand,
  CreateVpcCommand,
  CreateVpnConnectionCommand,
  CreateVpnGatewayCommand,
  DescribeRouteTablesCommand,
  DescribeVpnConnectionsCommand,
  type CreateVpnConnectionCommandInput,
  type EC2Client,
  type VpnConnection,
} from "@aws-sdk/client-ec2";

export const DEVICE = "203.0.113.7";
export const DEVICE_6 = "2001:db8::7";

export const newVpc = async (ec2: EC2Client, CidrBlock = "10.0.0.0/16"): Promise<string> =>
  (await ec2.send(new CreateVpcCommand({ CidrBlock }))).Vpc?.VpcId ?? "";

export const mainTable = async (ec2: EC2Client, vpc: string) => {
  const Filters = [{ Name: "vpc-id", Values: [vpc] }];
  const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
  return RouteTables?.[0] ?? {};
};

/** A gateway, attached to the VPC if one is named. */
export async function newVpnGateway(ec2: EC2Client, VpcId?: string): Promise<string> {
  const { VpnGateway } = await ec2.send(new CreateVpnGatewayCommand({ Type: "ipsec.1" }));
  const VpnGatewayId = VpnGateway?.VpnGatewayId ?? "";
  if (VpcId !== undefined) await ec2.send(new AttachVpnGatewayCommand({ VpcId, VpnGatewayId }));
  return VpnGatewayId;
}

export const newCustomerGateway = async (ec2: EC2Client, IpAddress = DEVICE): Promise<string> =>
  (await ec2.send(new CreateCustomerGatewayCommand({ Type: "ipsec.1", IpAddress }))).CustomerGateway
    ?.CustomerGatewayId ?? "";

export async function shownConnection(ec2: EC2Client, id: string): Promise<VpnConnection> {
  const { VpnConnections } = await ec2.send(new DescribeVpnConnectionsCommand({ VpnConnectionIds: [id] }));
  return VpnConnections?.[0] ?? {};
}

/** A connection that is available, to a device of its own unless a customer gateway is named. */
export async function newConnection(
  ec2: EC2Client,
  input: Partial<CreateVpnConnectionCommandInput>,
): Promise<VpnConnection> {
  const CustomerGatewayId = input.CustomerGatewayId ?? (await newCustomerGateway(ec2));
  const { VpnConnection } = await ec2.send(
    new CreateVpnConnectionCommand({ Type: "ipsec.1", ...input, CustomerGatewayId }),
  );
  return shownConnection(ec2, VpnConnection?.VpnConnectionId ?? "");
}

/** AWS's addresses of its tunnels. */
export const outsideOf = ({ Options }: VpnConnection): string[] =>
  Options?.TunnelOptions?.map(({ OutsideIpAddress = "" }) => OutsideIpAddress) ?? [];
