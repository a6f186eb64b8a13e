import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVpcsCommand,
  DisassociateAddressCommand,
  ModifyPublicIpDnsNameOptionsCommand,
  ModifyVpcAttributeCommand,
  type PublicIpDnsOption,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { publicDualStackDnsName, publicIpv6DnsName } from "../../server/ec2/dnsName.ts";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();

const { Vpc } = await ec2.send(
  new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
);
const VpcId = Vpc?.VpcId;
const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId ?? ""] }));
const Ipv6CidrBlock = Vpcs?.[0]?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock?.replace("/56", "/64");
const { Subnet } = await ec2.send(
  new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.0.0/24", Ipv6CidrBlock }),
);
const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
await ec2.send(
  new AttachInternetGatewayCommand({ VpcId, InternetGatewayId: InternetGateway?.InternetGatewayId }),
);
const nameVpc = (Value: boolean) =>
  ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value } }));
await nameVpc(true);

/** An interface with such addresses. */
const newInterface = async ({ ipv4 = true, ipv6 = true } = {}) => {
  const { NetworkInterface } = await ec2.send(
    new CreateNetworkInterfaceCommand({ SubnetId: Subnet?.SubnetId, Ipv6AddressCount: ipv6 ? 1 : 0 }),
  );
  const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? "";
  if (!ipv4) return { id: NetworkInterfaceId, association: undefined };
  const { AllocationId } = await ec2.send(new AllocateAddressCommand({}));
  const { AssociationId } = await ec2.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId }));
  return { id: NetworkInterfaceId, association: AssociationId };
};

const shown = async (id: string) => {
  const { NetworkInterfaces } = await ec2.send(
    new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }),
  );
  return NetworkInterfaces?.[0] ?? {};
};

const modify = (NetworkInterfaceId: string, HostnameType: PublicIpDnsOption) =>
  ec2.send(new ModifyPublicIpDnsNameOptionsCommand({ NetworkInterfaceId, HostnameType }));

describe("what it refuses to parse", () => {
  test("unknown interfaces and types", async () => {
    await refused(
      modify("eni-0123456789abcdef0", "public-ipv4-dns-name"),
      "InvalidNetworkInterfaceID.NotFound",
    );
    const { id } = await newInterface();
    await refused(modify(id, "x" as PublicIpDnsOption), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("name what is not there", async () => {
    const six = await newInterface({ ipv4: false });
    await refused(modify(six.id, "public-ipv4-dns-name"), "InvalidParameterValue", /public IPv4/);
    await refused(modify(six.id, "public-dual-stack-dns-name"), "InvalidParameterValue");
    const four = await newInterface({ ipv6: false });
    await refused(modify(four.id, "public-ipv6-dns-name"), "InvalidParameterValue", /IPv6/);
  });

  test("name anything in a VPC without names", async () => {
    const { id } = await newInterface();
    await nameVpc(false);
    await refused(modify(id, "public-ipv4-dns-name"), "OperationNotPermitted");
    expect((await shown(id)).PublicIpDnsNameOptions).toBeUndefined();
    await nameVpc(true);
  });

  test("take the address away that a dual-stack name leads to", async () => {
    const { id, association } = await newInterface();
    await modify(id, "public-dual-stack-dns-name");
    const remove = () => ec2.send(new DisassociateAddressCommand({ AssociationId: association }));
    await refused(remove(), "OperationNotPermitted", /dual-stack name/);
    await modify(id, "public-ipv6-dns-name");
    await remove();
    expect((await shown(id)).PublicIpDnsNameOptions?.DnsHostnameType).toBe("public-ipv6-dns-name");
  });
});

describe("what it does", () => {
  test("writes addresses as the documentation's example does", () => {
    const ipv6 = "ffff:1407:4:f000:81d:2689:1066:4489";
    expect(publicIpv6DnsName("ap-southeast-2", ipv6)).toBe(
      "f5lnz-0khrm-nt2u3-gyqqt-nbdl5.ap-southeast-2.ip.aws",
    );
    expect(publicDualStackDnsName("ap-southeast-2", ipv6, "52.54.55.66")).toBe(
      "f5lnz-0khrm-nt2u3-gyqqt-nbdl5-ehj1he.ap-southeast-2.ip.aws",
    );
  });

  test("gives an interface the name it is to have", async () => {
    const { id } = await newInterface();
    const before = await shown(id);
    const ipv4Name = before.Association?.PublicDnsName;
    expect(ipv4Name).toMatch(/^ec2-.*\.compute-1\.amazonaws\.com$/);
    expect(before).toMatchObject({
      PublicDnsName: ipv4Name,
      PublicIpDnsNameOptions: { DnsHostnameType: "public-ipv4-dns-name", PublicIpv4DnsName: ipv4Name },
    });
    expect(await modify(id, "public-dual-stack-dns-name")).toMatchObject({ Successful: true });
    const dual = await shown(id);
    const names = dual.PublicIpDnsNameOptions;
    expect(names?.DnsHostnameType).toBe("public-dual-stack-dns-name");
    expect(dual.PublicDnsName).toBe(names?.PublicDualStackDnsName);
    expect(names?.PublicIpv6DnsName).toMatch(/^(?:[0-9a-z]{5}-){4}[0-9a-z]{5}\.us-east-1\.ip\.aws$/);
    await modify(id, "public-ipv6-dns-name");
    const six = await shown(id);
    expect(six.PublicDnsName).toBe(names?.PublicIpv6DnsName);
    expect(six.PublicIpDnsNameOptions?.PublicDualStackDnsName).toBeUndefined();
    await modify(id, "public-ipv4-dns-name");
    expect((await shown(id)).PublicDnsName).toBe(ipv4Name);
  });
});
