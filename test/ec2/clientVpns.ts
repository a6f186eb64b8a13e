/** Client VPN endpoints and what they are in, for tests. */
import { randomUUID } from "node:crypto";
import {
  AssociateClientVpnTargetNetworkCommand,
  AuthorizeClientVpnIngressCommand,
  CreateClientVpnEndpointCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeClientVpnEndpointsCommand,
  DescribeClientVpnTargetNetworksCommand,
  EC2Client,
  type ClientVpnEndpoint,
  type CreateClientVpnEndpointCommandInput,
  type TargetNetwork,
} from "@aws-sdk/client-ec2";
import type { Islet } from "../../server/index.ts";
import { configOf, freshKeys, sharedIslet, type Keys } from "../islet.ts";

export const Region = "us-east-1";
export const CLIENTS = "172.16.0.0/22";

/** An account that may have endpoints. */
export interface Owner {
  readonly islet: Islet;
  readonly keys: Keys;
  readonly ec2: EC2Client;
  readonly account: string;
  /** A certificate that it could have. */
  readonly certificate: string;
}

export async function newOwner(given?: Islet): Promise<Owner> {
  const islet = given ?? (await sharedIslet());
  const keys = freshKeys(islet);
  const { account } = keys;
  const ec2 = new EC2Client(configOf(islet, keys, Region));
  return {
    islet,
    keys,
    ec2,
    account,
    certificate: `arn:aws:acm:${Region}:${account}:certificate/${randomUUID()}`,
  };
}

/** What an endpoint for clients with certificates needs. */
export const wanted = (
  { certificate }: Owner,
  asked: Partial<CreateClientVpnEndpointCommandInput> = {},
): CreateClientVpnEndpointCommandInput => ({
  ClientCidrBlock: CLIENTS,
  ServerCertificateArn: certificate,
  AuthenticationOptions: [
    {
      Type: "certificate-authentication",
      MutualAuthentication: { ClientRootCertificateChainArn: certificate },
    },
  ],
  ConnectionLogOptions: { Enabled: false },
  ...asked,
});

/** Users of a directory. */
export const BY_NAME: Partial<CreateClientVpnEndpointCommandInput> = {
  AuthenticationOptions: [
    { Type: "directory-service-authentication", ActiveDirectory: { DirectoryId: "d-0123456789" } },
  ],
};

export async function newEndpoint(
  owner: Owner,
  asked?: Partial<CreateClientVpnEndpointCommandInput>,
): Promise<string> {
  const made = await owner.ec2.send(new CreateClientVpnEndpointCommand(wanted(owner, asked)));
  return made.ClientVpnEndpointId ?? "";
}

export async function shownEndpoint({ ec2 }: Owner, id: string): Promise<ClientVpnEndpoint> {
  const { ClientVpnEndpoints } = await ec2.send(
    new DescribeClientVpnEndpointsCommand({ ClientVpnEndpointIds: [id] }),
  );
  return ClientVpnEndpoints?.[0] ?? {};
}

export async function newSubnet({ ec2 }: Owner, vpc: string, cidr: string, zone = "a"): Promise<string> {
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId: vpc, CidrBlock: cidr, AvailabilityZone: `${Region}${zone}` }),
  );
  return Subnet?.SubnetId ?? "";
}

/** A VPC 10.0.0.0/16 with the subnet 10.0.0.0/24 in the first zone. */
export async function newNetwork(owner: Owner): Promise<{ readonly vpc: string; readonly subnet: string }> {
  const { Vpc } = await owner.ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const vpc = Vpc?.VpcId ?? "";
  return { vpc, subnet: await newSubnet(owner, vpc, "10.0.0.0/24") };
}

export async function associate({ ec2 }: Owner, endpoint: string, SubnetId: string): Promise<string> {
  const { AssociationId } = await ec2.send(
    new AssociateClientVpnTargetNetworkCommand({ ClientVpnEndpointId: endpoint, SubnetId }),
  );
  return AssociationId ?? "";
}

export async function targetNetworks({ ec2 }: Owner, endpoint: string): Promise<TargetNetwork[]> {
  const { ClientVpnTargetNetworks } = await ec2.send(
    new DescribeClientVpnTargetNetworksCommand({ ClientVpnEndpointId: endpoint }),
  );
  return ClientVpnTargetNetworks ?? [];
}

/** Lets everybody, or a group, send to a block. */
export const authorize = ({ ec2 }: Owner, endpoint: string, cidr: string, AccessGroupId?: string) =>
  ec2.send(
    new AuthorizeClientVpnIngressCommand({
      ClientVpnEndpointId: endpoint,
      TargetNetworkCidr: cidr,
      ...(AccessGroupId === undefined ? { AuthorizeAllGroups: true } : { AccessGroupId }),
    }),
  );

/** An endpoint with an associated subnet, whose VPC everybody may send to. */
export async function newReadyEndpoint(owner: Owner, asked?: Partial<CreateClientVpnEndpointCommandInput>) {
  const endpoint = await newEndpoint(owner, asked);
  const network = await newNetwork(owner);
  const association = await associate(owner, endpoint, network.subnet);
  await authorize(owner, endpoint, "10.0.0.0/16");
  return { ...network, endpoint, association };
}
