import {
  CreateSecondaryNetworkCommand,
  CreateSecondarySubnetCommand,
  DeleteSecondaryNetworkCommand,
  DeleteSecondarySubnetCommand,
  DescribeSecondaryNetworksCommand,
  DescribeSecondarySubnetsCommand,
  type CreateSecondarySubnetCommandInput,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();

const create = (Ipv4CidrBlock: string) =>
  ec2.send(new CreateSecondaryNetworkCommand({ Ipv4CidrBlock, NetworkType: "rdma" }));
const newNetwork = async (cidr = "10.0.0.0/16") =>
  (await create(cidr)).SecondaryNetwork?.SecondaryNetworkId ?? "";
const removeNetwork = (SecondaryNetworkId: string) =>
  ec2.send(new DeleteSecondaryNetworkCommand({ SecondaryNetworkId }));

const createSubnet = (SecondaryNetworkId: string, more: Partial<CreateSecondarySubnetCommandInput> = {}) =>
  ec2.send(new CreateSecondarySubnetCommand({ SecondaryNetworkId, Ipv4CidrBlock: "10.0.1.0/24", ...more }));
const newSubnet = async (network: string) =>
  (await createSubnet(network)).SecondarySubnet?.SecondarySubnetId ?? "";
const removeSubnet = (SecondarySubnetId: string) =>
  ec2.send(new DeleteSecondarySubnetCommand({ SecondarySubnetId }));

describe("what it refuses to parse", () => {
  test.each(["10.0.0.0/11", "10.0.0.0/29", "fd00::/16", "x"])("the block %s", async (cidr) => {
    await refused(create(cidr), "InvalidParameterValue");
    await refused(createSubnet(await newNetwork(), { Ipv4CidrBlock: cidr }), "InvalidParameterValue");
  });

  test("unknown networks, subnets and zones", async () => {
    const network = "InvalidSecondaryNetworkId.NotFound";
    await refused(removeNetwork("sn-0123456789abcdef0"), network);
    await refused(createSubnet("sn-zzz"), network);
    const subnet = "InvalidSecondarySubnetId.NotFound";
    await refused(removeSubnet("ss-0123456789abcdef0"), subnet);
    await refused(
      createSubnet(await newNetwork(), { AvailabilityZone: "us-east-9z" }),
      "InvalidParameterValue",
    );
  });
});

describe("what it refuses to do", () => {
  test("subnets outside the network, or over each other", async () => {
    const network = await newNetwork();
    await refused(createSubnet(network, { Ipv4CidrBlock: "10.1.0.0/24" }), "InvalidSubnet.Range");
    await createSubnet(network);
    await refused(createSubnet(network, { Ipv4CidrBlock: "10.0.0.0/20" }), "InvalidSubnet.Conflict");
  });

  test("delete a network before its subnets, or anything twice", async () => {
    const network = await newNetwork();
    const subnet = await newSubnet(network);
    await refused(removeNetwork(network), "DependencyViolation");
    await removeSubnet(subnet);
    await refused(removeSubnet(subnet), "InvalidState", /not in a modifiable state/);
    await removeNetwork(network);
    await refused(removeNetwork(network), "InvalidState");
    await refused(createSubnet(network), "InvalidState");
  });
});

describe("what it does", () => {
  test("makes networks and subnets, and shows how they go", async () => {
    const made = (await create("10.16.0.0/12")).SecondaryNetwork;
    expect(made).toMatchObject({
      SecondaryNetworkId: expect.stringMatching(/^sn-0[0-9a-f]{16}$/),
      SecondaryNetworkArn: expect.stringMatching(/:secondary-network\/sn-/),
      Type: "rdma",
      State: "create-in-progress",
      Ipv4CidrBlockAssociations: [{ CidrBlock: "10.16.0.0/12", State: "associating" }],
    });
    const network = made?.SecondaryNetworkId ?? "";
    const { SecondarySubnet } = await createSubnet(network, {
      Ipv4CidrBlock: "10.17.0.0/16",
      AvailabilityZone: "us-east-1b",
      TagSpecifications: [{ ResourceType: "secondary-subnet", Tags: [{ Key: "a", Value: "b" }] }],
    });
    const subnet = SecondarySubnet?.SecondarySubnetId ?? "";
    const networks = async (Name: string, value = "") =>
      (await ec2.send(new DescribeSecondaryNetworksCommand({ Filters: [{ Name, Values: [value] }] })))
        .SecondaryNetworks;
    const subnets = async (Name: string, value = "") =>
      (await ec2.send(new DescribeSecondarySubnetsCommand({ Filters: [{ Name, Values: [value] }] })))
        .SecondarySubnets;
    const [network1] = (await networks("secondary-network-id", network)) ?? [];
    expect(network1).toMatchObject({
      State: "create-complete",
      Ipv4CidrBlockAssociations: [{ State: "associated" }],
    });
    const [subnet1] = (await subnets("secondary-network-id", network)) ?? [];
    expect(subnet1).toMatchObject({
      SecondarySubnetId: subnet,
      SecondaryNetworkType: "rdma",
      AvailabilityZone: "us-east-1b",
      State: "create-complete",
      Tags: [{ Key: "a", Value: "b" }],
    });
    const association = network1?.Ipv4CidrBlockAssociations?.[0]?.AssociationId;
    expect(await networks("ipv4-cidr-block-association.association-id", association)).toHaveLength(1);
    expect(await networks("ipv4-cidr-block-association.cidr-block", "10.16.0.0/12")).toHaveLength(1);
    expect(await subnets("ipv4-cidr-block-association.cidr-block", "10.17.0.0/16")).toHaveLength(1);
    expect(await subnets("secondary-subnet-arn", subnet1?.SecondarySubnetArn)).toHaveLength(1);

    expect((await removeSubnet(subnet)).SecondarySubnet?.State).toBe("delete-in-progress");
    expect((await subnets("state", "delete-complete"))?.map((each) => each.SecondarySubnetId)).toContain(
      subnet,
    );
    expect((await removeNetwork(network)).SecondaryNetwork?.State).toBe("delete-in-progress");
    expect((await networks("secondary-network-id", network))?.[0]?.State).toBe("delete-complete");
  });
});
