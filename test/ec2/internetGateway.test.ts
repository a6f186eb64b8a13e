import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteInternetGatewayCommand,
  DeleteVpcCommand,
  DescribeInternetGatewaysCommand,
  DetachInternetGatewayCommand,
  DisassociateAddressCommand,
  type DescribeInternetGatewaysRequest,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();
const MISSING = "igw-0123456789abcdef0";

const newVpc = async () =>
  (await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc?.VpcId ?? "";

const newGateway = async () =>
  (await ec2.send(new CreateInternetGatewayCommand({}))).InternetGateway?.InternetGatewayId ?? "";

const attach = (InternetGatewayId: string, VpcId: string) =>
  ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));

const detach = (InternetGatewayId: string, VpcId: string) =>
  ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId, VpcId }));

const remove = (InternetGatewayId: string) =>
  ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId }));

const gateways = async (input: DescribeInternetGatewaysRequest) =>
  (await ec2.send(new DescribeInternetGatewaysCommand(input))).InternetGateways ?? [];

describe("what it refuses to parse", () => {
  test("an id of another form", async () => {
    await refused(
      remove("igw-1"),
      "InvalidInternetGatewayId.Malformed",
      'Invalid id: "igw-1" (expecting "igw-...")',
    );
  });

  test("pages out of bounds or from nowhere", async () => {
    await refused(gateways({ MaxResults: 1001 }), "InvalidParameterValue");
    await refused(gateways({ NextToken: "bm93aGVyZQ" }), "InvalidPaginationToken");
  });

  test("a call without its parameters", async () => {
    const nothing = { InternetGatewayId: undefined, VpcId: undefined };
    await refused(ec2.send(new AttachInternetGatewayCommand(nothing)), "MissingParameter");
  });
});

describe("what it refuses to do", () => {
  test("what is not there", async () => {
    const [gateway, vpc] = [await newGateway(), await newVpc()];
    const text = `The internetGateway ID '${MISSING}' does not exist`;
    await refused(remove(MISSING), "InvalidInternetGatewayID.NotFound", text);
    await refused(attach(MISSING, vpc), "InvalidInternetGatewayID.NotFound");
    await refused(attach(gateway, "vpc-01234567"), "InvalidVpcID.NotFound");
    await refused(detach(MISSING, vpc), "InvalidInternetGatewayID.NotFound");
    await refused(detach(gateway, "vpc-01234567"), "InvalidVpcID.NotFound");
  });

  test("another account's gateway", async () => {
    const InternetGatewayId = await newGateway();
    const other = await freshClient();
    await refused(
      other.send(new DeleteInternetGatewayCommand({ InternetGatewayId })),
      "InvalidInternetGatewayID.NotFound",
    );
  });

  test("a second VPC for a gateway, and a second gateway for a VPC", async () => {
    const [gateway, vpc] = [await newGateway(), await newVpc()];
    await attach(gateway, vpc);
    await refused(
      attach(gateway, await newVpc()),
      "Resource.AlreadyAssociated",
      `resource ${gateway} is already attached to network ${vpc}`,
    );
    await refused(
      attach(await newGateway(), vpc),
      "InvalidParameterValue",
      `Network ${vpc} already has an internet gateway attached`,
    );
  });

  test("to detach what is not attached", async () => {
    const [gateway, vpc] = [await newGateway(), await newVpc()];
    const text = `resource ${gateway} is not attached to network ${vpc}`;
    await refused(detach(gateway, vpc), "Gateway.NotAttached", text);
    await attach(gateway, await newVpc());
    await refused(detach(gateway, vpc), "Gateway.NotAttached", text);
  });

  test("to delete a gateway that is attached, or its VPC", async () => {
    const [gateway, vpc] = [await newGateway(), await newVpc()];
    await attach(gateway, vpc);
    await refused(
      remove(gateway),
      "DependencyViolation",
      `The internetGateway '${gateway}' has dependencies and cannot be deleted.`,
    );
    await refused(ec2.send(new DeleteVpcCommand({ VpcId: vpc })), "DependencyViolation");
    await detach(gateway, vpc);
    await ec2.send(new DeleteVpcCommand({ VpcId: vpc }));
    await remove(gateway);
  });

  test("to detach it while the VPC has public addresses", async () => {
    const [gateway, VpcId] = [await newGateway(), await newVpc()];
    await attach(gateway, VpcId);
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.0.0/24" }));
    const { NetworkInterface } = await ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId: Subnet?.SubnetId }),
    );
    const { AllocationId } = await ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
    const { AssociationId } = await ec2.send(
      new AssociateAddressCommand({
        AllocationId,
        NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId,
      }),
    );
    await refused(
      detach(gateway, VpcId),
      "DependencyViolation",
      `Network ${VpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
    );
    await ec2.send(new DisassociateAddressCommand({ AssociationId }));
    await detach(gateway, VpcId);
  });

  test("a dry run, and a filter that gateways do not have", async () => {
    await refused(ec2.send(new CreateInternetGatewayCommand({ DryRun: true })), "DryRunOperation");
    await refused(gateways({ Filters: [{ Name: "vpc-id", Values: ["*"] }] }), "InvalidParameterValue");
  });
});

describe("what it does", () => {
  test("creates, attaches, detaches and deletes a gateway", async () => {
    const { InternetGateway } = await ec2.send(
      new CreateInternetGatewayCommand({
        TagSpecifications: [{ ResourceType: "internet-gateway", Tags: [{ Key: "Name", Value: "door" }] }],
      }),
    );
    const id = InternetGateway?.InternetGatewayId ?? "";
    expect(InternetGateway).toMatchObject({ Attachments: [], Tags: [{ Key: "Name", Value: "door" }] });
    const vpc = await newVpc();
    await attach(id, vpc);
    const attached = { ...InternetGateway, Attachments: [{ VpcId: vpc, State: "available" }] };
    expect(await gateways({ InternetGatewayIds: [id] })).toEqual([attached]);
    await detach(id, vpc);
    expect(await gateways({ InternetGatewayIds: [id] })).toEqual([InternetGateway]);
    await remove(id);
    await refused(gateways({ InternetGatewayIds: [id] }), "InvalidInternetGatewayID.NotFound");
  });

  test("filters", async () => {
    const { InternetGateway } = await ec2.send(
      new CreateInternetGatewayCommand({
        TagSpecifications: [{ ResourceType: "internet-gateway", Tags: [{ Key: "k", Value: "v" }] }],
      }),
    );
    const id = InternetGateway?.InternetGatewayId ?? "";
    const vpc = await newVpc();
    await attach(id, vpc);
    for (const [Name, value = ""] of [
      ["attachment.state", "available"],
      ["attachment.vpc-id", vpc],
      ["internet-gateway-id", id],
      ["owner-id", InternetGateway?.OwnerId],
      ["tag-key", "k"],
      ["tag:k", "v"],
    ]) {
      const found = await gateways({ Filters: [{ Name, Values: [value] }] });
      expect(found.map(({ InternetGatewayId }) => InternetGatewayId)).toContain(id);
      expect(await gateways({ Filters: [{ Name, Values: ["none such"] }] })).toEqual([]);
    }
  });

  test("pages through all gateways", async () => {
    for (let count = 0; count < 6; count++) await newGateway();
    const first = await ec2.send(new DescribeInternetGatewaysCommand({ MaxResults: 5 }));
    expect(first.InternetGateways).toHaveLength(5);
    const { NextToken } = first;
    const rest = await gateways({ NextToken });
    expect([...(first.InternetGateways ?? []), ...rest]).toEqual(await gateways({}));
  });
});
