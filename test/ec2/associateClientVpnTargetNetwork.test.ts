import {
  ApplySecurityGroupsToClientVpnTargetNetworkCommand,
  AssociateClientVpnTargetNetworkCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DescribeClientVpnTargetNetworksCommand,
  DescribeNetworkInterfacesCommand,
  DisassociateClientVpnTargetNetworkCommand,
  type AssociateClientVpnTargetNetworkCommandInput,
  type NetworkInterface,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { ownIslet, refused } from "../islet.ts";
import {
  associate,
  newEndpoint,
  newNetwork,
  newOwner,
  newReadyEndpoint,
  newSubnet,
  shownEndpoint,
  targetNetworks,
  type Owner,
} from "./clientVpns.ts";

let owner: Owner;
beforeAll(async () => {
  owner = await newOwner();
});

const ask = (
  ClientVpnEndpointId: string,
  asked: Omit<AssociateClientVpnTargetNetworkCommandInput, "ClientVpnEndpointId">,
) => owner.ec2.send(new AssociateClientVpnTargetNetworkCommand({ ClientVpnEndpointId, ...asked }));
const disassociate = (ClientVpnEndpointId: string, AssociationId: string) =>
  owner.ec2.send(new DisassociateClientVpnTargetNetworkCommand({ ClientVpnEndpointId, AssociationId }));
const apply = (ClientVpnEndpointId: string, VpcId: string, SecurityGroupIds: string[]) =>
  owner.ec2.send(
    new ApplySecurityGroupsToClientVpnTargetNetworkCommand({ ClientVpnEndpointId, VpcId, SecurityGroupIds }),
  );

async function interfacesIn(subnet: string): Promise<NetworkInterface[]> {
  const Filters = [{ Name: "subnet-id", Values: [subnet] }];
  return (await owner.ec2.send(new DescribeNetworkInterfacesCommand({ Filters }))).NetworkInterfaces ?? [];
}

describe("what it refuses to parse", () => {
  test("neither a subnet nor a zone, and both", async () => {
    const endpoint = await newEndpoint(owner);
    await refused(ask(endpoint, {}), "MissingParameter");
    await refused(ask(endpoint, { AvailabilityZone: "us-east-1a" }), "MissingParameter");
    await refused(
      ask(endpoint, { SubnetId: "subnet-01234567", AvailabilityZone: "us-east-1a" }),
      "InvalidParameterCombination",
    );
    await refused(ask(endpoint, { SubnetId: "net-1" }), "InvalidSubnetID.Malformed");
    await refused(ask("cvpn-1", { SubnetId: "subnet-01234567" }), "InvalidClientVpnEndpointId.NotFound");
  });
});

describe("what it refuses to do", () => {
  test("subnets that are not there, that are associated, in the same zone, or of another VPC", async () => {
    const { endpoint, vpc, subnet } = await newReadyEndpoint(owner);
    const there = (SubnetId: string) => ask(endpoint, { SubnetId });
    await refused(there("subnet-0123456789abcdef0"), "InvalidClientVpnSubnetId.NotFound");
    await refused(there(subnet), "ClientVpnEndpointAssociationExists");
    const beside = await newSubnet(owner, vpc, "10.0.1.0/24");
    await refused(there(beside), "InvalidClientVpnSubnetId.DuplicateAz");
    const other = await newNetwork(owner);
    await refused(there(other.subnet), "InvalidParameterValue", /is associated with vpc-/);
  });

  test("subnets whose VPC has clients' addresses, or is for one tenant", async () => {
    const { subnet } = await newNetwork(owner);
    const endpoint = await newEndpoint(owner, { ClientCidrBlock: "10.0.8.0/22" });
    await refused(ask(endpoint, { SubnetId: subnet }), "InvalidClientVpnSubnetId.OverlappingCidr");
    const made = await owner.ec2.send(
      new CreateVpcCommand({ CidrBlock: "10.9.0.0/16", InstanceTenancy: "dedicated" }),
    );
    const dedicated = await newSubnet(owner, made.Vpc?.VpcId ?? "", "10.9.0.0/24");
    await refused(
      ask(await newEndpoint(owner), { SubnetId: dedicated }),
      "InvalidParameterValue",
      /dedicated tenancy/,
    );
  });

  test("subnets with too few addresses", async () => {
    const { vpc } = await newNetwork(owner);
    const endpoint = await newEndpoint(owner);
    const small = await newSubnet(owner, vpc, "10.0.1.0/28");
    await refused(ask(endpoint, { SubnetId: small }), "InvalidParameterValue", /at least a \/27/);
    const SubnetId = await newSubnet(owner, vpc, "10.0.2.0/27");
    const taken = { SubnetId, SecondaryPrivateIpAddressCount: 7 };
    await owner.ec2.send(new CreateNetworkInterfaceCommand(taken));
    await refused(ask(endpoint, { SubnetId }), "InvalidParameterValue", /20 available/);
    await associate(owner, endpoint, await newSubnet(owner, vpc, "10.0.3.0/27"));
  });

  test("associations that are not there, or another endpoint's", async () => {
    const [one, other] = [await newReadyEndpoint(owner), await newReadyEndpoint(owner)];
    const code = "InvalidClientVpnAssociationIdNotFound";
    await refused(disassociate(one.endpoint, "cvpn-assoc-0123456789abcdef0"), code);
    await refused(disassociate(one.endpoint, other.association), code);
    const described = new DescribeClientVpnTargetNetworksCommand({
      ClientVpnEndpointId: one.endpoint,
      AssociationIds: [other.association],
    });
    await refused(owner.ec2.send(described), code);
  });

  test("one that is on its way out, at EC2's pace", async () => {
    const islet = await ownIslet({ pace: "real" });
    const slow = await newOwner(islet);
    const endpoint = await newEndpoint(slow);
    const { subnet } = await newNetwork(slow);
    const AssociationId = await associate(slow, endpoint, subnet);
    expect((await shownEndpoint(slow, endpoint)).Status?.Code).toBe("pending-associate");
    expect((await targetNetworks(slow, endpoint))[0]?.Status?.Code).toBe("associating");
    const leave = () =>
      slow.ec2.send(
        new DisassociateClientVpnTargetNetworkCommand({ ClientVpnEndpointId: endpoint, AssociationId }),
      );
    expect((await leave()).Status?.Code).toBe("disassociating");
    await refused(leave(), "InvalidClientVpnAssociationIdNotFound");
    await islet.close();
  });

  test("security groups without a VPC of the endpoint's, or none", async () => {
    const { endpoint, vpc } = await newReadyEndpoint(owner);
    const other = await newNetwork(owner);
    await refused(apply(endpoint, other.vpc, ["sg-01234567"]), "InvalidParameterValue");
    await refused(apply(endpoint, vpc, ["sg-0123456789abcdef0"]), "InvalidGroup.NotFound");
  });
});

describe("what it does", () => {
  test("puts an interface of Amazon's into the subnet, with a public address, in the VPC's default group", async () => {
    const endpoint = await newEndpoint(owner);
    const { vpc, subnet } = await newNetwork(owner);
    const made = await ask(endpoint, { SubnetId: subnet });
    expect(made).toMatchObject({
      AssociationId: expect.stringMatching(/^cvpn-assoc-[0-9a-f]{17}$/),
      Status: { Code: "associating" },
    });
    const [door, ...others] = await interfacesIn(subnet);
    expect(others).toEqual([]);
    expect(door).toMatchObject({
      Description: "ClientVPN Endpoint resource",
      InterfaceType: "interface",
      RequesterManaged: true,
      OwnerId: owner.account,
      Association: { IpOwnerId: "amazon" },
    });
    const groups = door?.Groups?.map(({ GroupId }) => GroupId);
    expect(await targetNetworks(owner, endpoint)).toEqual([
      {
        AssociationId: made.AssociationId,
        VpcId: vpc,
        TargetNetworkId: subnet,
        ClientVpnEndpointId: endpoint,
        Status: { Code: "associated" },
        SecurityGroups: groups,
      },
    ]);
    expect(await shownEndpoint(owner, endpoint)).toMatchObject({ VpcId: vpc, SecurityGroupIds: groups });
    const command = new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: door?.NetworkInterfaceId });
    await refused(owner.ec2.send(command), "InvalidParameterValue");
  });

  test("applies other groups to all interfaces of the endpoint", async () => {
    const { endpoint, vpc, subnet } = await newReadyEndpoint(owner);
    const asked = { GroupName: "vpn", Description: "-", VpcId: vpc };
    const { GroupId = "" } = await owner.ec2.send(new CreateSecurityGroupCommand(asked));
    expect((await apply(endpoint, vpc, [GroupId])).SecurityGroupIds).toEqual([GroupId]);
    expect((await interfacesIn(subnet))[0]?.Groups).toMatchObject([{ GroupId }]);
    expect((await targetNetworks(owner, endpoint))[0]?.SecurityGroups).toEqual([GroupId]);
    expect((await shownEndpoint(owner, endpoint)).SecurityGroupIds).toEqual([GroupId]);
    const beside = await newSubnet(owner, vpc, "10.0.1.0/24", "b");
    await associate(owner, endpoint, beside);
    expect((await interfacesIn(beside))[0]?.Groups).toMatchObject([{ GroupId }]);
  });

  test("finds target networks", async () => {
    const { endpoint, vpc, subnet, association } = await newReadyEndpoint(owner);
    const beside = await newSubnet(owner, vpc, "10.0.1.0/24", "b");
    const second = await associate(owner, endpoint, beside);
    const found = async (Name: string, value: string) => {
      const command = new DescribeClientVpnTargetNetworksCommand({
        ClientVpnEndpointId: endpoint,
        Filters: [{ Name, Values: [value] }],
      });
      const { ClientVpnTargetNetworks } = await owner.ec2.send(command);
      return ClientVpnTargetNetworks?.map(({ AssociationId }) => AssociationId);
    };
    expect(await found("association-id", second)).toEqual([second]);
    expect(await found("target-network-id", subnet)).toEqual([association]);
    expect(await found("vpc-id", vpc)).toEqual([association, second]);
    const command = new DescribeClientVpnTargetNetworksCommand({
      ClientVpnEndpointId: endpoint,
      AssociationIds: [second],
    });
    expect((await owner.ec2.send(command)).ClientVpnTargetNetworks).toMatchObject([
      { AssociationId: second },
    ]);
  });

  test("takes the interface away with the association", async () => {
    const { endpoint, subnet, association } = await newReadyEndpoint(owner);
    const left = await disassociate(endpoint, association);
    expect(left).toMatchObject({ AssociationId: association, Status: { Code: "disassociating" } });
    expect(await interfacesIn(subnet)).toEqual([]);
    expect(await targetNetworks(owner, endpoint)).toEqual([]);
    expect(await associate(owner, endpoint, subnet)).not.toBe(association);
  });
});
