/** What names lead to, by who asks: through the front door. */
import {
  AcceptVpcPeeringConnectionCommand,
  AssociateDhcpOptionsCommand,
  AssociateSubnetCidrBlockCommand,
  AssignIpv6AddressesCommand,
  CreateDhcpOptionsCommand,
  CreateRouteCommand,
  CreateSubnetCommand,
  CreateTransitGatewayVpcAttachmentCommand,
  CreateVpcEndpointCommand,
  CreateVpcEndpointServiceConfigurationCommand,
  CreateVpcPeeringConnectionCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  ModifyAddressAttributeCommand,
  ModifyPrivateDnsNameOptionsCommand,
  ModifyPublicIpDnsNameOptionsCommand,
  ModifySubnetAttributeCommand,
  ModifyTransitGatewayVpcAttachmentCommand,
  ModifyVpcEndpointCommand,
  ModifyVpcPeeringConnectionOptionsCommand,
  RevokeSecurityGroupEgressCommand,
  StartVpcEndpointServicePrivateDnsVerificationCommand,
  StopInstancesCommand,
  type CreateVpcEndpointCommandInput,
  type DnsEntry,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import type { ExchangeView } from "../../server/http/journeyView.ts";
import { partOf } from "../ec2/ipv6Block.ts";
import { newGateway } from "../ec2/transitGateways.ts";
import { ownIslet } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";
import { answers, instance, publish, resolve, setNames, site, type Site } from "./names.ts";

const Region = "us-east-1";
const CLIENT = "203.0.113.9";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
});
afterAll(() => islet.close());

const ask = (From: string, Name: string, Type = "A", region = Region) =>
  answers(islet, From, Name, Type, region);

/** Connects two VPCs, with routes both ways. */
async function peer(one: Site, other: Site, blocks: readonly [string, string]): Promise<string> {
  const { VpcPeeringConnection } = await one.ec2.send(
    new CreateVpcPeeringConnectionCommand({
      VpcId: one.vpc,
      PeerVpcId: other.vpc,
      PeerOwnerId: other.account,
      PeerRegion: other.region,
    }),
  );
  const VpcPeeringConnectionId = VpcPeeringConnection?.VpcPeeringConnectionId ?? "";
  await other.ec2.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
  for (const [at, DestinationCidrBlock] of [
    [one, blocks[1]],
    [other, blocks[0]],
  ] as const) {
    await at.ec2.send(
      new CreateRouteCommand({ RouteTableId: at.table, DestinationCidrBlock, VpcPeeringConnectionId }),
    );
  }
  return VpcPeeringConnectionId;
}

const addIpv6 = ({ ec2, subnet, block }: Site): Promise<unknown> =>
  ec2.send(new AssociateSubnetCidrBlockCommand({ SubnetId: subnet, Ipv6CidrBlock: partOf(block, "01") }));

async function endpoint(
  { ec2, vpc, subnet, group }: Site,
  service: string,
  asked: Partial<CreateVpcEndpointCommandInput> = {},
): Promise<{ readonly id: string; readonly names: readonly string[]; readonly address: string }> {
  const { VpcEndpoint } = await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: vpc,
      ServiceName: `com.amazonaws.${Region}.${service}`,
      VpcEndpointType: "Interface",
      SubnetIds: [subnet],
      SecurityGroupIds: [group],
      ...asked,
    }),
  );
  const names = (VpcEndpoint?.DnsEntries ?? []).map(({ DnsName = "" }: DnsEntry) => DnsName);
  const { NetworkInterfaces } = await ec2.send(
    new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: VpcEndpoint?.NetworkInterfaceIds }),
  );
  const address = NetworkInterfaces?.[0]?.PrivateIpAddress ?? "";
  return { id: VpcEndpoint?.VpcEndpointId ?? "", names, address };
}

describe("what it refuses to parse", () => {
  const fields = { Region, From: CLIENT, Name: "example.com" };

  test.each([
    [{ Name: undefined }, "InvalidParameterValue"],
    [{ Name: "a..b" }, "InvalidParameterValue"],
    [{ Name: "x".repeat(300) }, "InvalidParameterValue"],
    [{ Name: 7 }, "InvalidParameterValue"],
    [{ Name: { toString: 7 } }, "InvalidParameterValue"],
    [{ Type: "MX" }, "InvalidParameterValue"],
    [{ From: undefined }, "InvalidParameterValue"],
    [{ From: "nobody" }, "InvalidParameterValue"],
    [{ From: "i-0123456789abcdef0" }, "InvalidInstanceID.NotFound"],
    [{ From: "eni-0123456789abcdef0" }, "InvalidNetworkInterfaceID.NotFound"],
    [{ Server: "10.0.0.2" }, "InvalidParameterValue"],
    [{ Region: "mars-1" }, "InvalidParameterValue"],
    [{ Nmae: "example.com" }, "UnknownParameter"],
  ])("a question with %j", (wrong, code) =>
    operationRefused(islet, "POST resolve", { ...fields, ...wrong }, code),
  );

  test.each([
    [{ Name: "a b" }],
    [{ Type: "CNAME" }],
    [{ Values: "203.0.113.9" }],
    [{ Values: [{ toString: null, valueOf: null }] }],
    [{ Values: ["2001:db8::1"] }],
    [{ Type: "AAAA" }],
    [{ Type: "PTR", Values: ["a..b"] }],
    [{ Type: "TXT", Values: ["x".repeat(4001)] }],
    [{ Values: Array.from({ length: 401 }, () => "203.0.113.9") }],
  ])("records with %#", (wrong) =>
    operationRefused(
      islet,
      "POST dns-records",
      { Name: "example.com", Type: "A", Values: ["203.0.113.9"], ...wrong },
      "InvalidParameterValue",
    ),
  );

  test("what is no name, and one that leads nowhere, as the receiver of a packet", async () => {
    const packet = { Region, From: CLIENT, Protocol: "tcp", Port: 80 };
    await operationRefused(islet, "POST packets", { ...packet, To: "a..b" }, "InvalidParameterValue");
    await operationRefused(
      islet,
      "POST packets",
      { ...packet, To: "nowhere.example" },
      "InvalidParameterValue",
      /learns no address/,
    );
  });

  test("an interface of another region", async () => {
    const at = await site(islet, "10.0");
    const id = await instance(at, "10.0.1.10");
    const { NetworkInterfaces } = await at.ec2.send(
      new DescribeNetworkInterfacesCommand({
        Filters: [{ Name: "attachment.instance-id", Values: [id] }],
      }),
    );
    const From = NetworkInterfaces?.[0]?.NetworkInterfaceId ?? "";
    expect(await ask(From, "ip-10-0-1-10.ec2.internal")).toEqual(["10.0.1.10"]);
    const elsewhere = { Region: "eu-west-1", From, Name: "example.com" };
    await operationRefused(islet, "POST resolve", elsewhere, "InvalidNetworkInterfaceID.NotFound");
  });
});

describe("who is asked", () => {
  test("Amazon's server at the base of the VPC's primary block plus two, which no group and no ACL keeps from anybody", async () => {
    const at = await site(islet, "10.0");
    const id = await instance(at, "10.0.1.10");
    const egress = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
    await at.ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId: at.group, IpPermissions: egress }));
    const learned = await resolve(islet, { From: id, Name: "ip-10-0-1-10.ec2.internal" });
    expect(learned).toMatchObject({
      Status: "NOERROR",
      Reason: "RECORD",
      Answers: ["10.0.1.10"],
      Zone: { Domain: "ec2.internal", Of: at.vpc },
      Asked: [{ Server: "10.0.0.2", Forward: { Outcome: "served", Receiver: { Id: "dns" } } }],
    });
    for (const Server of ["169.254.169.253", "10.0.0.2"]) {
      const { Status } = await resolve(islet, { From: id, Name: "ip-10-0-1-10.ec2.internal", Server });
      expect(Status).toBe("NOERROR");
    }
    await at.ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    expect(await resolve(islet, { From: id, Name: "example.com" })).toMatchObject({
      Status: "TIMEOUT",
      Asked: [{ Forward: { Outcome: "dropped", Reason: "BAD_STATE" } }],
    });
  });

  test("nobody, where DNS support is off", async () => {
    const at = await site(islet, "10.0");
    const id = await instance(at, "10.0.1.10");
    await setNames(at.ec2, at.vpc, { EnableDnsSupport: false });
    const asks = { From: id, Name: "ip-10-0-1-10.ec2.internal" };
    for (const Server of [undefined, "169.254.169.253"]) {
      const learned = await resolve(islet, { ...asks, ...(Server !== undefined && { Server }) });
      expect(learned).toMatchObject({ Status: "TIMEOUT", Reason: "NO_ANSWER", Answers: [] });
    }
  });

  test("the servers of the DHCP options: others than Amazon's do not know private names", async () => {
    const at = await site(islet, "10.0");
    const [id, guest] = [await instance(at, "10.0.1.10"), await instance(at, "10.0.1.53")];
    const serve = async (...Values: string[]): Promise<void> => {
      const { DhcpOptions } = await at.ec2.send(
        new CreateDhcpOptionsCommand({ DhcpConfigurations: [{ Key: "domain-name-servers", Values }] }),
      );
      const DhcpOptionsId = DhcpOptions?.DhcpOptionsId ?? "";
      await at.ec2.send(new AssociateDhcpOptionsCommand({ DhcpOptionsId, VpcId: at.vpc }));
    };
    const asks = { From: id, Name: "ip-10-0-1-10.ec2.internal" };
    await operate(islet, "POST dns-records", { Name: "www.example.net", Type: "A", Values: [CLIENT] });

    await serve("10.0.1.53");
    expect(await resolve(islet, asks)).toMatchObject({ Status: "TIMEOUT", Asked: [{ Server: "10.0.1.53" }] });
    await operate(islet, "POST listen", { Region, InstanceId: guest, Protocol: "udp", Port: 53 });
    expect(await resolve(islet, asks)).toMatchObject({ Status: "TIMEOUT", Asked: [{ Learned: "answer" }] });

    await serve("10.0.1.53", "AmazonProvidedDNS");
    expect(await resolve(islet, asks)).toMatchObject({
      Answers: ["10.0.1.10"],
      Asked: [{ Server: "10.0.1.53" }, { Server: "10.0.0.2" }],
    });

    await serve("198.51.100.53");
    expect((await resolve(islet, asks)).Status).toBe("TIMEOUT");
    await publish(at.ec2, id);
    expect(await resolve(islet, asks)).toMatchObject({ Status: "NXDOMAIN", Zone: { Of: "internet" } });
    expect(await ask(id, "www.example.net")).toEqual([CLIENT]);

    await at.ec2.send(new AssociateDhcpOptionsCommand({ DhcpOptionsId: "default", VpcId: at.vpc }));
    expect(await resolve(islet, asks)).toMatchObject({ Status: "TIMEOUT", Asked: [] });
  });

  test("the server's IPv6 address, by who has no IPv4 address", async () => {
    const at = await site(islet, "10.0");
    const { Subnet } = await at.ec2.send(
      new CreateSubnetCommand({ VpcId: at.vpc, Ipv6CidrBlock: partOf(at.block, "10"), Ipv6Native: true }),
    );
    const six: Site = { ...at, subnet: Subnet?.SubnetId ?? "" };
    const id = await instance(six, "", { PrivateIpAddress: undefined });
    await at.ec2.send(
      new ModifyPrivateDnsNameOptionsCommand({ InstanceId: id, EnableResourceNameDnsAAAARecord: true }),
    );
    const learned = await resolve(islet, { From: id, Name: `${id}.ec2.internal`, Type: "AAAA" });
    expect(learned.Asked).toMatchObject([{ Server: "fd00:ec2::253" }]);
    const { Reservations } = await at.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    const { Ipv6Address } = Reservations?.[0]?.Instances?.[0] ?? {};
    expect(learned.Answers).toEqual([Ipv6Address]);
    expect(await resolve(islet, { From: id, Name: "www.example.com", Server: "10.0.0.2" })).toMatchObject({
      Status: "TIMEOUT",
      Asked: [],
    });
  });
});

describe("private names", () => {
  test("of addresses, in the VPC and, of RFC 1918, in the region; only with both attributes", async () => {
    const at = await site(islet, "10.0");
    const id = await instance(at, "10.0.1.10");
    expect(await ask(id, "ip-10-0-1-10.ec2.internal")).toEqual(["10.0.1.10"]);
    expect(await ask(id, "IP-10-0-1-10.ec2.internal.")).toEqual(["10.0.1.10"]);
    expect(await ask(id, "ip-192-168-7-9.ec2.internal")).toEqual(["192.168.7.9"]);
    expect(await resolve(islet, { From: id, Name: "ip-10-0-1-10.ec2.internal", Type: "AAAA" })).toMatchObject(
      {
        Status: "NOERROR",
        Reason: "NO_SUCH_TYPE",
        Answers: [],
      },
    );
    for (const Name of [
      "ip-8-8-8-8.ec2.internal",
      "ip-010-0-1-10.ec2.internal",
      "ip-10-0-1.ec2.internal",
      "ip-10-0-1-300.ec2.internal",
      "x.ec2.internal",
      "ec2.internal",
      "ip-10-0-1-10.eu-west-1.compute.internal",
    ]) {
      expect([Name, (await resolve(islet, { From: id, Name })).Status]).toEqual([Name, "NXDOMAIN"]);
    }
    expect(await ask(CLIENT, "ip-10-0-1-10.ec2.internal")).toEqual([]);
    await setNames(at.ec2, at.vpc, { EnableDnsHostnames: false });
    expect((await resolve(islet, { From: id, Name: "ip-10-0-1-10.ec2.internal" })).Status).toBe("NXDOMAIN");
  });

  test("of blocks that are not private, of the own VPC alone", async () => {
    const [at, other] = [await site(islet, "100.64"), await site(islet, "10.0")];
    const [id, stranger] = [await instance(at, "100.64.1.10"), await instance(other, "10.0.1.10")];
    expect(await ask(id, "ip-100-64-1-10.ec2.internal")).toEqual(["100.64.1.10"]);
    expect(await ask(stranger, "ip-100-64-1-10.ec2.internal")).toEqual([]);
  });

  test("of other regions", async () => {
    const at = await site(islet, "10.0", { region: "eu-west-1" });
    const id = await instance(at, "10.0.1.10");
    expect(await ask(id, "ip-10-0-1-10.eu-west-1.compute.internal", "A", at.region)).toEqual(["10.0.1.10"]);
    expect(await ask(id, "ip-10-0-1-10.ec2.internal", "A", at.region)).toEqual([]);
  });

  test("of instances, with the records that their options say", async () => {
    const at = await site(islet, "10.0");
    await addIpv6(at);
    const id = await instance(at, "10.0.1.10", { Ipv6AddressCount: 1 });
    const other = await instance(await site(islet, "10.0"), "10.0.1.10");
    const name = `${id}.ec2.internal`;
    expect((await resolve(islet, { From: id, Name: name })).Status).toBe("NXDOMAIN");
    const options = (a: boolean, aaaa: boolean) =>
      at.ec2.send(
        new ModifyPrivateDnsNameOptionsCommand({
          InstanceId: id,
          EnableResourceNameDnsARecord: a,
          EnableResourceNameDnsAAAARecord: aaaa,
        }),
      );
    await options(true, false);
    expect(await ask(id, name)).toEqual(["10.0.1.10"]);
    expect((await resolve(islet, { From: id, Name: name, Type: "AAAA" })).Reason).toBe("NO_SUCH_TYPE");
    await options(true, true);
    expect(await ask(id, name, "AAAA")).toHaveLength(1);
    expect((await resolve(islet, { From: other, Name: name })).Status).toBe("NXDOMAIN");
    expect(await ask(CLIENT, name)).toEqual([]);
  });
});

describe("public names", () => {
  test("lead to the private address inside the VPC and to the public one outside", async () => {
    const [at, other] = [await site(islet, "10.0"), await site(islet, "10.0")];
    const [id, stranger] = [await instance(at, "10.0.1.10"), await instance(other, "10.0.1.20")];
    const { name, address } = await publish(at.ec2, id);
    expect(await ask(id, name)).toEqual(["10.0.1.10"]);
    expect(await ask(stranger, name)).toEqual([address]);
    expect(await ask(CLIENT, name)).toEqual([address]);
    expect(await resolve(islet, { From: CLIENT, Name: name, Type: "AAAA" })).toMatchObject({
      Status: "NOERROR",
      Zone: { Domain: "", Of: "internet" },
      Asked: [],
    });
    await setNames(at.ec2, at.vpc, { EnableDnsHostnames: false });
    expect((await resolve(islet, { From: CLIENT, Name: name })).Status).toBe("NXDOMAIN");
    expect(await ask(CLIENT, "ec2-203-0-113-9.compute-1.amazonaws.com")).toEqual([]);
    expect(await ask(CLIENT, name.replace("compute-1", "mars-1.compute"))).toEqual([]);
  });

  test("lead to IPv6 addresses as well, if the interface's owner has chosen such a name", async () => {
    const at = await site(islet, "10.0");
    await addIpv6(at);
    const id = await instance(at, "10.0.1.10");
    const { address } = await publish(at.ec2, id);
    const Filters = [{ Name: "attachment.instance-id", Values: [id] }];
    const shown = async () =>
      (await at.ec2.send(new DescribeNetworkInterfacesCommand({ Filters }))).NetworkInterfaces?.[0];
    const NetworkInterfaceId = (await shown())?.NetworkInterfaceId ?? "";
    await at.ec2.send(new AssignIpv6AddressesCommand({ NetworkInterfaceId, Ipv6AddressCount: 1 }));
    const six = (await shown())?.Ipv6Addresses?.[0]?.Ipv6Address ?? "";
    const choose = (HostnameType: "public-dual-stack-dns-name" | "public-ipv6-dns-name") =>
      at.ec2.send(new ModifyPublicIpDnsNameOptionsCommand({ NetworkInterfaceId, HostnameType }));

    await choose("public-dual-stack-dns-name");
    const dual = (await shown())?.PublicIpDnsNameOptions?.PublicDualStackDnsName ?? "";
    expect([await ask(id, dual), await ask(id, dual, "AAAA")]).toEqual([["10.0.1.10"], [six]]);
    expect([await ask(CLIENT, dual), await ask(CLIENT, dual, "AAAA")]).toEqual([[address], [six]]);
    await choose("public-ipv6-dns-name");
    const single = (await shown())?.PublicIpDnsNameOptions?.PublicIpv6DnsName ?? "";
    expect([await ask(id, single), await ask(CLIENT, single, "AAAA")]).toEqual([[], [six]]);
    expect((await resolve(islet, { From: CLIENT, Name: dual })).Status).toBe("NXDOMAIN");
  });
});

describe("addresses", () => {
  test("lead back to private names in the VPC, to public ones outside, or to what their owners say", async () => {
    const at = await site(islet, "10.0");
    const id = await instance(at, "10.0.1.10");
    const { name, address, allocation } = await publish(at.ec2, id);
    expect(await ask(id, "10.0.1.10", "PTR")).toEqual(["ip-10-0-1-10.ec2.internal"]);
    expect(await ask(id, "10.1.0.0.in-addr.arpa", "PTR")).toEqual([]);
    expect((await resolve(islet, { From: id, Name: "192.168.0.1", Type: "PTR" })).Status).toBe("NXDOMAIN");
    expect(await ask(CLIENT, "10.0.1.10", "PTR")).toEqual([]);
    for (const from of [id, CLIENT]) expect(await ask(from, address, "PTR")).toEqual([name]);
    await at.ec2.send(
      new ModifyAddressAttributeCommand({ AllocationId: allocation, DomainName: "mail.example.com" }),
    );
    for (const from of [id, CLIENT]) expect(await ask(from, address, "PTR")).toEqual(["mail.example.com"]);
    expect(await ask(CLIENT, "198.51.100.7", "PTR")).toEqual([]);
    expect(await ask(id, "2001:db8::1", "PTR")).toEqual([]);
    expect((await resolve(islet, { From: id, Name: "x.in-addr.arpa", Type: "PTR" })).Status).toBe("NXDOMAIN");
  });
});

describe("names of other VPCs", () => {
  const allow = (ec2: EC2Client, id: string, which: "Requester" | "Accepter", allowed = true) =>
    ec2.send(
      new ModifyVpcPeeringConnectionOptionsCommand({
        VpcPeeringConnectionId: id,
        [`${which}PeeringConnectionOptions`]: { AllowDnsResolutionFromRemoteVpc: allowed },
      }),
    );

  test("8.4 public names lead to private addresses over peering, where the names' side allows it", async () => {
    const [one, other] = [await site(islet, "10.0"), await site(islet, "100.64")];
    const [id, far] = [await instance(one, "10.0.1.10"), await instance(other, "100.64.1.10")];
    const [near, there] = [await publish(one.ec2, id), await publish(other.ec2, far)];
    const pcx = await peer(one, other, ["10.0.0.0/16", "100.64.0.0/16"]);
    expect(await ask(id, there.name)).toEqual([there.address]);
    expect(await ask(id, "100.64.1.10", "PTR")).toEqual([]);
    await allow(other.ec2, pcx, "Accepter");
    expect(await ask(id, there.name)).toEqual(["100.64.1.10"]);
    expect(await ask(id, "100.64.1.10", "PTR")).toEqual(["ip-100-64-1-10.ec2.internal"]);
    expect(await ask(id, "ip-100-64-1-10.ec2.internal")).toEqual(["100.64.1.10"]);
    expect(await ask(far, near.name)).toEqual([near.address]);
    await setNames(one.ec2, one.vpc, { EnableDnsHostnames: false });
    expect(await ask(id, there.name)).toEqual([there.address]);
    await allow(other.ec2, pcx, "Accepter", false);
    await setNames(one.ec2, one.vpc, { EnableDnsHostnames: true });
    expect(await ask(id, there.name)).toEqual([there.address]);
  });

  test("8.4 between regions, too, with the private names of the other one; the peer's server answers nobody", async () => {
    const [one, other] = [await site(islet, "10.0"), await site(islet, "10.1", { region: "eu-west-1" })];
    const [id, far] = [await instance(one, "10.0.1.10"), await instance(other, "10.1.1.10")];
    const there = await publish(other.ec2, far);
    const pcx = await peer(one, other, ["10.0.0.0/16", "10.1.0.0/16"]);
    const name = "ip-10-1-1-10.eu-west-1.compute.internal";
    expect([await ask(id, there.name), await ask(id, name)]).toEqual([[there.address], []]);
    await allow(other.ec2, pcx, "Accepter");
    expect([await ask(id, there.name), await ask(id, name)]).toEqual([["10.1.1.10"], ["10.1.1.10"]]);
    expect(await ask(id, "10.1.1.10", "PTR")).toEqual([name]);
    expect(await ask(id, "ip-10-9-1-10.eu-west-1.compute.internal")).toEqual([]);
    expect(await resolve(islet, { From: id, Name: name, Server: "10.1.0.2" })).toMatchObject({
      Status: "TIMEOUT",
      Asked: [{ Forward: { Outcome: "dropped", Reason: "NO_POSSIBLE_DESTINATION" } }],
    });
  });

  test("over a transit gateway, where both attachments and the gateway have DNS support", async () => {
    const one = await site(islet, "10.0");
    const { ec2 } = one;
    const [other, stranger] = [await site(islet, "10.2", { of: one }), await site(islet, "10.1")];
    const [id, far] = [await instance(one, "10.0.1.10"), await instance(other, "10.2.1.10")];
    const there = await publish(ec2, far);
    const gateway = await newGateway(ec2);
    const join = async ({ vpc, subnet }: Site): Promise<string> => {
      const { TransitGatewayVpcAttachment } = await ec2.send(
        new CreateTransitGatewayVpcAttachmentCommand({
          TransitGatewayId: gateway.id,
          VpcId: vpc,
          SubnetIds: [subnet],
        }),
      );
      return TransitGatewayVpcAttachment?.TransitGatewayAttachmentId ?? "";
    };
    await join(one);
    expect(await ask(id, there.name)).toEqual([there.address]);
    const TransitGatewayAttachmentId = await join(other);
    expect(await ask(id, there.name)).toEqual(["10.2.1.10"]);
    expect(await ask(await instance(stranger, "10.1.1.10"), there.name)).toEqual([there.address]);
    await ec2.send(
      new ModifyTransitGatewayVpcAttachmentCommand({
        TransitGatewayAttachmentId,
        Options: { DnsSupport: "disable" },
      }),
    );
    expect(await ask(id, there.name)).toEqual([there.address]);
  });
});

describe("names of endpoints", () => {
  test("9.2 the service's own name leads to the endpoint in its VPC alone, with both attributes; the endpoint's names everywhere", async () => {
    const [at, other] = [await site(islet, "10.0"), await site(islet, "10.0")];
    const [id, stranger] = [await instance(at, "10.0.1.10"), await instance(other, "10.0.1.20")];
    const service = `sts.${Region}.amazonaws.com`;
    expect((await resolve(islet, { From: id, Name: service })).Status).toBe("NXDOMAIN");
    const made = await endpoint(at, "sts");
    const own = made.names.filter((name) => name.startsWith("vpce-"));
    expect(own).toHaveLength(2);
    for (const name of own) {
      for (const from of [id, stranger, CLIENT]) expect(await ask(from, name)).toEqual([made.address]);
    }
    expect(await resolve(islet, { From: id, Name: service })).toMatchObject({
      Answers: [made.address],
      Zone: { Domain: service, Of: made.id },
    });
    expect((await resolve(islet, { From: id, Name: `x.${service}` })).Status).toBe("NXDOMAIN");
    for (const from of [stranger, CLIENT]) expect(await ask(from, service)).toEqual([]);
    expect(await ask(CLIENT, own[0]?.replace("vpce-0", "vpce-1") ?? "")).toEqual([]);
    await setNames(at.ec2, at.vpc, { EnableDnsHostnames: false });
    expect(await ask(id, service)).toEqual([]);
    await setNames(at.ec2, at.vpc, { EnableDnsHostnames: true });
    await at.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId: made.id, PrivateDnsEnabled: false }));
    expect(await ask(id, service)).toEqual([]);
  });

  test("an account's service has a name of its own, once its domain is proven to be the owner's", async () => {
    const at = await site(islet, "10.0");
    const id = await instance(at, "10.0.1.10");
    const balancer = `arn:aws:elasticloadbalancing:${Region}:${at.account}:loadbalancer/net/lb/0123456789abcdef`;
    const name = "api.example.net";
    const { ServiceConfiguration } = await at.ec2.send(
      new CreateVpcEndpointServiceConfigurationCommand({
        NetworkLoadBalancerArns: [balancer],
        AcceptanceRequired: false,
        PrivateDnsName: name,
      }),
    );
    const { ServiceId, ServiceName, PrivateDnsNameConfiguration: proof } = ServiceConfiguration ?? {};
    await operate(islet, "POST dns-records", {
      Name: `${proof?.Name}.${name}`,
      Type: "TXT",
      Values: [proof?.Value],
    });
    expect(await ask(CLIENT, `${proof?.Name}.${name}`, "TXT")).toEqual([proof?.Value]);
    await at.ec2.send(new StartVpcEndpointServicePrivateDnsVerificationCommand({ ServiceId }));
    const { address } = await endpoint(at, "", { ServiceName, PrivateDnsEnabled: true });
    expect([await ask(id, name), await ask(CLIENT, name)]).toEqual([[address], []]);
  });

  test("zonal names lead to the zone's interface; records are of the endpoint's type", async () => {
    const at = await site(islet, "10.0");
    const id = await instance(at, "10.0.1.10");
    const subnets = [];
    for (const [letter, n] of [
      ["b", "02"],
      ["c", "03"],
    ] as const) {
      const { Subnet } = await at.ec2.send(
        new CreateSubnetCommand({
          VpcId: at.vpc,
          CidrBlock: `10.0.${Number(n)}.0/24`,
          Ipv6CidrBlock: partOf(at.block, n),
          AvailabilityZone: `${Region}${letter}`,
        }),
      );
      subnets.push(Subnet?.SubnetId ?? "");
    }
    const made = await endpoint(at, "sts", {
      SubnetIds: subnets,
      IpAddressType: "dualstack",
      DnsOptions: { DnsRecordIpType: "service-defined" },
    });
    const [regional = "", first = "", second = ""] = made.names;
    const addresses = await ask(id, regional);
    expect(addresses).toHaveLength(2);
    expect([...(await ask(id, first)), ...(await ask(id, second))]).toEqual(addresses);
    expect(await ask(id, regional, "AAAA")).toHaveLength(2);
    const service = `sts.${Region}.amazonaws.com`;
    expect(await ask(id, service)).toEqual(addresses);
    expect(await ask(id, service, "AAAA")).toEqual([]);
    const change = (DnsRecordIpType: "dualstack" | "ipv4" | "ipv6") =>
      at.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId: made.id, DnsOptions: { DnsRecordIpType } }));
    await change("dualstack");
    expect(await ask(id, service, "AAAA")).toHaveLength(2);
    await change("ipv6");
    expect([await ask(id, service), await ask(id, first)]).toEqual([[], []]);
  });

  test("a gateway endpoint changes no name; S3's endpoint has names for buckets", async () => {
    const at = await site(islet, "10.0");
    const id = await instance(at, "10.0.1.10");
    const names = [`s3.${Region}.amazonaws.com`, `photos.s3.${Region}.amazonaws.com`];
    const [outside] = await ask(id, names[0] ?? "");
    expect(outside).toMatch(/^3\.5\./);
    for (const name of names) expect(await ask(CLIENT, name)).toEqual([outside]);
    await at.ec2.send(
      new CreateVpcEndpointCommand({
        VpcId: at.vpc,
        ServiceName: `com.amazonaws.${Region}.s3`,
        RouteTableIds: [at.table],
      }),
    );
    for (const name of names) expect(await ask(id, name)).toEqual([outside]);
    const sent = { Region, From: id, To: names[1], Protocol: "tcp", Port: 443, Exchange: true };
    const { Forward } = (await operate(islet, "POST packets", sent)) as unknown as ExchangeView;
    expect(Forward).toMatchObject({ Outcome: "served", Receiver: { Id: `com.amazonaws.${Region}.s3` } });

    const inbound = await endpoint(at, "s3", {
      PrivateDnsEnabled: true,
      DnsOptions: { PrivateDnsOnlyForInboundResolverEndpoint: true },
    });
    for (const name of names) expect(await ask(id, name)).toEqual([outside]);
    await at.ec2.send(
      new ModifyVpcEndpointCommand({
        VpcEndpointId: inbound.id,
        DnsOptions: { PrivateDnsOnlyForInboundResolverEndpoint: false },
      }),
    );
    for (const name of names) expect(await ask(id, name)).toEqual([inbound.address]);
    const own = inbound.names.find((name) => name.startsWith("*.vpce-"))?.replace("*", "photos") ?? "";
    expect(await ask(CLIENT, own)).toEqual([inbound.address]);
  });
});

describe("names on the internet", () => {
  test("are the operator's records, and hosts that have a domain's name; DNS64 is of the subnet", async () => {
    const at = await site(islet, "10.0", { names: false });
    const id = await instance(at, "10.0.1.10");
    await operate(islet, "POST outside-hosts", { Name: "shop.example.com", Address: "198.51.100.20" });
    await operate(islet, "POST dns-records", {
      Name: "Shop.Example.org.",
      Type: "A",
      Values: ["198.51.100.21", "198.51.100.22"],
    });
    await operate(islet, "POST dns-records", {
      Name: "20.100.51.198.in-addr.arpa",
      Type: "PTR",
      Values: ["Shop.example.com."],
    });
    for (const Name of ["shop.example.com", "*.example.com", "*.amazonaws.com"]) {
      await operate(islet, "POST dns-records", { Name, Type: "TXT", Values: [Name] });
    }
    expect(await ask(CLIENT, "other.example.com", "TXT")).toEqual(["*.example.com"]);
    expect(await ask(CLIENT, `s3.${Region}.amazonaws.com`, "TXT")).toEqual([]);
    for (const from of [id, CLIENT]) {
      expect(await ask(from, "shop.example.com", "TXT")).toEqual(["shop.example.com"]);
      expect(await ask(from, "shop.example.com")).toEqual(["198.51.100.20"]);
      expect(await ask(from, "shop.example.org")).toEqual(["198.51.100.21", "198.51.100.22"]);
      expect(await ask(from, "198.51.100.20", "PTR")).toEqual(["shop.example.com"]);
      expect(await ask(from, "shop.example.org", "AAAA")).toEqual([]);
    }
    await addIpv6(at);
    await at.ec2.send(
      new ModifySubnetAttributeCommand({ SubnetId: at.subnet, EnableDns64: { Value: true } }),
    );
    expect(await resolve(islet, { From: id, Name: "shop.example.com", Type: "AAAA" })).toMatchObject({
      Reason: "SYNTHESIZED",
      Answers: ["64:ff9b::c633:6414"],
    });
    expect(await ask(CLIENT, "shop.example.com", "AAAA")).toEqual([]);
    await operate(islet, "POST dns-records", { Name: "shop.example.org", Type: "A" });
    expect((await resolve(islet, { From: CLIENT, Name: "shop.example.org" })).Status).toBe("NXDOMAIN");
  });

  test("a packet is sent to where the sender's answer leads", async () => {
    const [at, other] = [await site(islet, "10.0"), await site(islet, "10.0")];
    const [id, near, far] = [
      await instance(at, "10.0.1.10"),
      await instance(at, "10.0.1.20"),
      await instance(other, "10.0.1.30"),
    ];
    const { name, address } = await publish(at.ec2, id);
    await publish(other.ec2, far);
    const destination = async (From: string): Promise<string> => {
      const sent = { Region, From, To: name, Protocol: "tcp", Port: 443 };
      const { Forward } = (await operate(islet, "POST packets", sent)) as unknown as ExchangeView;
      expect(Forward).toMatchObject({ Outcome: "delivered", Receiver: { InstanceId: id } });
      return Forward.Sent.Destination;
    };
    expect(await destination(near)).toBe("10.0.1.10");
    expect(await destination(far)).toBe(address);
    expect(await destination(CLIENT)).toBe(address);
    const To = "ip-10-0-1-20.ec2.internal";
    const { Forward } = (await operate(islet, "POST packets", {
      Region,
      From: id,
      To,
    })) as unknown as ExchangeView;
    expect(Forward).toMatchObject({ Outcome: "delivered", Receiver: { InstanceId: near } });
  });
});
