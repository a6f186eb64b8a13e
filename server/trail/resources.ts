import type { TrailEvent } from "./event.ts";

export interface TrailResource {
  readonly ResourceType: string;
  readonly ResourceName: string;
}

/** CloudFormation's names of types, by what comes before the hyphen in their ids. */
const typesByPrefix: Readonly<Record<string, string>> = {
  acl: "NetworkAcl",
  ami: "Ami",
  cgw: "CustomerGateway",
  cr: "CapacityReservation",
  dopt: "DHCPOptions",
  eigw: "EgressOnlyInternetGateway",
  eipalloc: "EIP",
  eni: "NetworkInterface",
  fl: "FlowLog",
  fleet: "EC2Fleet",
  h: "Host",
  i: "Instance",
  igw: "InternetGateway",
  key: "KeyPair",
  lt: "LaunchTemplate",
  nat: "NatGateway",
  pcx: "VPCPeeringConnection",
  pg: "PlacementGroup",
  pl: "PrefixList",
  rtb: "RouteTable",
  sg: "SecurityGroup",
  snap: "Snapshot",
  subnet: "Subnet",
  tgw: "TransitGateway",
  vgw: "VPNGateway",
  vol: "Volume",
  vpc: "VPC",
  vpce: "VPCEndpoint",
  vpn: "VPNConnection",
};
const id = /^([a-z]+)-[0-9a-f]{8}(?:[0-9a-f]{9})?$/;

/** Types by the members that name them, in services that have names. */
const typesByMember: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "ec2.amazonaws.com": { keyName: "AWS::EC2::KeyPair" },
  "iam.amazonaws.com": {
    accessKeyId: "AWS::IAM::AccessKey",
    groupName: "AWS::IAM::Group",
    instanceProfileName: "AWS::IAM::InstanceProfile",
    policyArn: "AWS::IAM::Policy",
    roleName: "AWS::IAM::Role",
    userName: "AWS::IAM::User",
  },
  "sts.amazonaws.com": { accessKeyId: "AWS::IAM::AccessKey", roleArn: "AWS::IAM::Role" },
  "logs.amazonaws.com": { logGroupName: "AWS::Logs::LogGroup" },
};

/** What an event is about, as far as its members name it; each once. */
export function resourcesOf(event: TrailEvent): readonly TrailResource[] {
  const found = new Map<string, TrailResource>();
  const byMember = typesByMember[event.eventSource] ?? {};
  const visit = (value: unknown, name: string): void => {
    if (typeof value === "string") {
      const ResourceType = typeOf(value, name, byMember);
      if (ResourceType !== undefined) found.set(value, { ResourceType, ResourceName: value });
    } else if (typeof value === "object" && value !== null) {
      for (const [key, each] of Object.entries(value)) visit(each, Array.isArray(value) ? name : key);
    }
  };
  visit(event.requestParameters, "");
  visit(event.responseElements, "");
  return [...found.values()];
}

function typeOf(text: string, name: string, byMember: Readonly<Record<string, string>>): string | undefined {
  if (Object.hasOwn(byMember, name)) return byMember[name];
  const prefix = id.exec(text)?.[1] ?? "";
  return Object.hasOwn(typesByPrefix, prefix) ? `AWS::EC2::${typesByPrefix[prefix] ?? ""}` : undefined;
}
