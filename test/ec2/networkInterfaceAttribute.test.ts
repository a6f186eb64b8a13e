import {
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeNetworkInterfaceAttributeCommand,
  DescribeNetworkInterfacesCommand,
  ModifyNetworkInterfaceAttributeCommand,
  ResetNetworkInterfaceAttributeCommand,
  type ModifyNetworkInterfaceAttributeCommandInput,
  type NetworkInterface,
  type NetworkInterfaceAttribute,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();
let VpcId = "";
let SubnetId = "";

beforeAll(async () => {
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
  );
  VpcId = Vpc?.VpcId ?? "";
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({
      VpcId,
      CidrBlock: "10.0.1.0/24",
      Ipv6CidrBlock: Vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock?.replace("/56", "/64"),
    }),
  );
  SubnetId = Subnet?.SubnetId ?? "";
});

async function create(Ipv6AddressCount = 0): Promise<string> {
  const { NetworkInterface: eni } = await ec2.send(
    new CreateNetworkInterfaceCommand({ SubnetId, Ipv6AddressCount }),
  );
  return eni?.NetworkInterfaceId ?? "";
}

const modify = (
  NetworkInterfaceId: string,
  input: Omit<ModifyNetworkInterfaceAttributeCommandInput, "NetworkInterfaceId">,
) => ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, ...input }));

const attribute = async (NetworkInterfaceId: string, Attribute?: NetworkInterfaceAttribute) => {
  const { $metadata: _, ...attributes } = await ec2.send(
    new DescribeNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Attribute }),
  );
  return attributes;
};

async function show(id: string): Promise<NetworkInterface | undefined> {
  const { NetworkInterfaces } = await ec2.send(
    new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }),
  );
  return NetworkInterfaces?.[0];
}

describe("what it refuses to parse", () => {
  test("no attribute, or several", async () => {
    const id = await create();
    await refused(modify(id, {}), "MissingParameter");
    await refused(
      modify(id, { Description: { Value: "x" }, SourceDestCheck: { Value: false } }),
      "InvalidParameterCombination",
      "Fields for multiple attribute types specified",
    );
    await refused(attribute(id), "MissingParameter");
    await refused(
      ec2.send(new ResetNetworkInterfaceAttributeCommand({ NetworkInterfaceId: id })),
      "MissingParameter",
    );
    await refused(modify(id, { SourceDestCheck: {} }), "MissingParameter");
    await refused(modify(id, { Attachment: { DeleteOnTermination: true } }), "MissingParameter");
  });

  test("values that cannot be", async () => {
    const id = await create();
    await refused(modify(id, { Description: { Value: "x".repeat(256) } }), "InvalidParameterValue");
    await refused(
      modify(id, { ConnectionTrackingSpecification: { UdpTimeout: 61 } }),
      "InvalidParameterValue",
    );
  });
});

describe("what it refuses to do", () => {
  test("change what is not there", async () => {
    await refused(
      modify("eni-0123456789abcdef0", { Description: { Value: "x" } }),
      "InvalidNetworkInterfaceID.NotFound",
    );
    const id = await create();
    await refused(
      modify(id, { Attachment: { AttachmentId: "eni-attach-0123456789abcdef0", DeleteOnTermination: true } }),
      "InvalidAttachmentID.NotFound",
      "The interface attachment 'eni-attach-0123456789abcdef0' does not exist.",
    );
    await refused(modify(id, { Groups: ["sg-0123456789abcdef0"] }), "InvalidGroup.NotFound");
  });

  test("make an IPv6 address primary that is not there, or give one up", async () => {
    await refused(modify(await create(), { EnablePrimaryIpv6: true }), "InvalidParameterValue");
    const id = await create(1);
    await modify(id, { EnablePrimaryIpv6: false });
    await modify(id, { EnablePrimaryIpv6: true });
    await refused(modify(id, { EnablePrimaryIpv6: false }), "InvalidParameterValue");
  });

  test("what is not built", async () => {
    const id = await create();
    await refused(modify(id, { AssociatedSubnetIds: [SubnetId] }), "UnsupportedOperation");
    await refused(
      modify(id, { AssociatedSubnetIds: ["subnet-0123456789abcdef0"] }),
      "InvalidSubnetID.NotFound",
    );
  });
});

describe("what it does", () => {
  test("changes each attribute and shows it", async () => {
    const id = await create(1);
    const { GroupId = "" } = await ec2.send(
      new CreateSecurityGroupCommand({ VpcId, GroupName: "attribute", Description: "x" }),
    );
    await modify(id, { Description: { Value: "new" } });
    await modify(id, { SourceDestCheck: { Value: false } });
    await modify(id, { Groups: [GroupId] });
    await modify(id, { AssociatePublicIpAddress: true });
    await modify(id, { ConnectionTrackingSpecification: { TcpEstablishedTimeout: 60 } });
    await modify(id, { ConnectionTrackingSpecification: { UdpTimeout: 30 } });
    await modify(id, { EnablePrimaryIpv6: true });
    expect(await show(id)).toMatchObject({
      Description: "new",
      SourceDestCheck: false,
      Groups: [{ GroupId, GroupName: "attribute" }],
      ConnectionTrackingConfiguration: { TcpEstablishedTimeout: 60, UdpTimeout: 30 },
      Ipv6Addresses: [{ IsPrimaryIpv6: true }],
    });
    const NetworkInterfaceId = id;
    expect(await attribute(id, "description")).toEqual({ NetworkInterfaceId, Description: { Value: "new" } });
    expect(await attribute(id, "sourceDestCheck")).toEqual({
      NetworkInterfaceId,
      SourceDestCheck: { Value: false },
    });
    expect(await attribute(id, "groupSet")).toEqual({
      NetworkInterfaceId,
      Groups: [{ GroupId, GroupName: "attribute" }],
    });
    expect(await attribute(id, "associatePublicIpAddress")).toEqual({
      NetworkInterfaceId,
      AssociatePublicIpAddress: true,
    });
    expect(await attribute(id, "attachment")).toEqual({ NetworkInterfaceId });
    await ec2.send(
      new ResetNetworkInterfaceAttributeCommand({ NetworkInterfaceId, SourceDestCheck: "true" }),
    );
    expect(await show(id)).toMatchObject({ SourceDestCheck: true });
  });
});
