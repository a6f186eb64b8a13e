/** Customers' sites in the network of a server, for tests of what gets there. */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSubnetCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  EnableVgwRoutePropagationCommand,
} from "@aws-sdk/client-ec2";
import type { ExchangeView } from "../../server/http/journeyView.ts";
import type { Islet } from "../../server/index.ts";
import { launch } from "../ec2/launch.ts";
import { DEVICE, mainTable, newConnection, newVpc, newVpnGateway } from "../ec2/vpnNetwork.ts";
import { configOf, freshKeys } from "../islet.ts";
import { operate } from "../operator.ts";

export const Region = "us-east-1";
export const OFFICE = "192.168.0.0/16";
export const HOST = "192.168.1.5";

let sites = 0;

/** What can be done on a server, which may not have been started yet. */
export const sitesOf = (islet: () => Islet) => ({
  /** Makes a site, or changes the one of that name. */
  site: async (fields: object, Name = `office-${++sites}`): Promise<string> => {
    const sent = { Region, Name, Addresses: [DEVICE], Blocks: [OFFICE], ...fields };
    await operate(islet(), "POST sites", sent);
    return Name;
  },

  exchange: async (fields: object): Promise<ExchangeView> => {
    const sent = { Region, Protocol: "tcp", Port: 443, Exchange: true, ...fields };
    return (await operate(islet(), "POST packets", sent)) as unknown as ExchangeView;
  },

  wired: (staticRoutes: boolean, cidr?: string, on = islet()) => wired(on, staticRoutes, cidr),
});

/** A VPC with an instance that listens, and a connection at a gateway whose routes the main table learns. */
async function wired(on: Islet, staticRoutes: boolean, cidr = "10.0.0.0/16") {
  const ec2 = new EC2Client(configOf(on, freshKeys(on), Region));
  const vpc = await newVpc(ec2, cidr);
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId: vpc, CidrBlock: cidr.replace("16", "24") }),
  );
  const gateway = await newVpnGateway(ec2, vpc);
  const { RouteTableId = "" } = await mainTable(ec2, vpc);
  await ec2.send(new EnableVgwRoutePropagationCommand({ RouteTableId, GatewayId: gateway }));
  const Filters = [{ Name: "vpc-id", Values: [vpc] }];
  const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
  const all = { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({ GroupId: SecurityGroups?.[0]?.GroupId, IpPermissions: [all] }),
  );
  const instance = await launch(ec2, { SubnetId: Subnet?.SubnetId });
  await operate(on, "POST listen", { Region, InstanceId: instance, Protocol: "tcp", Port: 443 });
  const connection = await newConnection(ec2, {
    VpnGatewayId: gateway,
    Options: { StaticRoutesOnly: staticRoutes },
  });
  const id = connection.VpnConnectionId ?? "";
  return { ec2, vpc, subnet: Subnet?.SubnetId ?? "", gateway, table: RouteTableId, instance, id, connection };
}

/** The routes that a main table has learned. */
export const learned = async (ec2: EC2Client, vpc: string) =>
  (await mainTable(ec2, vpc)).Routes?.filter(({ Origin }) => Origin === "EnableVgwRoutePropagation");
