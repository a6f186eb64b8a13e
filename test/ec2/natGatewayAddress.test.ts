import {
  AssignPrivateNatGatewayAddressCommand,
  AssociateAddressCommand,
  AssociateNatGatewayAddressCommand,
  CreateNetworkInterfaceCommand,
  DescribeAddressesCommand,
  DescribeNetworkInterfacesCommand,
  DisassociateNatGatewayAddressCommand,
  ReleaseAddressCommand,
  UnassignPrivateNatGatewayAddressCommand,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";
import { natNetwork, newAllocation, newNat, shownNat } from "./natNetwork.ts";

const ec2 = await freshClient();
const NatGatewayId = "nat-0123456789abcdef0";

const publicNat = async (client = ec2) => {
  const { subnet } = await natNetwork(client);
  return { subnet, id: (await newNat(client, subnet)).NatGatewayId ?? "" };
};

const privateNat = async (client = ec2) => {
  const { subnet } = await natNetwork(client);
  return { subnet, id: (await newNat(client, subnet, { ConnectivityType: "private" })).NatGatewayId ?? "" };
};

const associate = (id: string, AllocationIds: string[], PrivateIpAddresses?: string[], client = ec2) =>
  client.send(new AssociateNatGatewayAddressCommand({ NatGatewayId: id, AllocationIds, PrivateIpAddresses }));

const disassociate = (id: string, AssociationIds: string[], MaxDrainDurationSeconds?: number, client = ec2) =>
  client.send(
    new DisassociateNatGatewayAddressCommand({ NatGatewayId: id, AssociationIds, MaxDrainDurationSeconds }),
  );

const assign = (id: string, PrivateIpAddressCount?: number, PrivateIpAddresses?: string[], client = ec2) =>
  client.send(
    new AssignPrivateNatGatewayAddressCommand({
      NatGatewayId: id,
      PrivateIpAddressCount,
      PrivateIpAddresses,
    }),
  );

const unassign = (id: string, PrivateIpAddresses: string[], MaxDrainDurationSeconds?: number) =>
  ec2.send(
    new UnassignPrivateNatGatewayAddressCommand({
      NatGatewayId: id,
      PrivateIpAddresses,
      MaxDrainDurationSeconds,
    }),
  );

const addressesOf = async (id: string, client = ec2) =>
  (await shownNat(client, id)).NatGatewayAddresses ?? [];

describe("what it refuses to parse", () => {
  test("ids of another form, and calls without what they need", async () => {
    await refused(associate("nat-1", ["eipalloc-0123456789abcdef0"]), "NatGatewayMalformed");
    const { id } = await publicNat();
    await refused(associate(id, ["eipalloc-1"]), "InvalidElasticIpID.Malformed");
    await refused(associate(id, []), "MissingParameter");
    await refused(disassociate(id, []), "MissingParameter");
    const closed = await privateNat();
    await refused(assign(closed.id), "MissingParameter");
    await refused(unassign(closed.id, []), "MissingParameter");
  });

  test("drains that are too short or too long", async () => {
    const { id } = await privateNat();
    await assign(id, undefined, ["10.0.1.50"]);
    await refused(unassign(id, ["10.0.1.50"], 0), "InvalidParameterValue");
    await refused(unassign(id, ["10.0.1.50"], 4001), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("with a gateway that is not there, or of the other kind", async () => {
    await refused(assign(NatGatewayId, 1), "NatGatewayNotFound");
    await refused(unassign(NatGatewayId, ["10.0.1.50"]), "NatGatewayNotFound");
    await refused(disassociate(NatGatewayId, ["eipassoc-0123456789abcdef0"]), "NatGatewayNotFound");
    const [open, closed] = [await publicNat(), await privateNat()];
    await refused(assign(open.id, 1), "InvalidParameterValue", /does not have private connectivity/);
    await refused(associate(closed.id, [await newAllocation(ec2)]), "InvalidParameterValue");
  });

  test("with addresses that are not there, or named twice", async () => {
    const { id } = await publicNat();
    const allocation = await newAllocation(ec2);
    await refused(associate(id, ["eipalloc-0123456789abcdef0"]), "InvalidElasticIpID.NotFound");
    await refused(associate(id, [allocation, allocation]), "InvalidParameterValue");
    await refused(associate(id, [allocation], ["10.0.1.50", "10.0.1.51"]), "InvalidParameterCombination");
    await refused(associate(id, [allocation], ["10.0.9.9"]), "InvalidParameterValue");
    await refused(
      ec2.send(
        new AssociateNatGatewayAddressCommand({
          NatGatewayId: id,
          AllocationIds: [allocation],
          AvailabilityZone: "us-east-1a",
        }),
      ),
      "InvalidParameterCombination",
    );
    await refused(disassociate(id, ["eipassoc-0123456789abcdef0"]), "InvalidAssociationID.NotFound");
    const closed = await privateNat();
    await refused(
      unassign(closed.id, ["10.0.1.50"]),
      "InvalidParameterValue",
      `Some of [10.0.1.50] are not assigned to NAT gateway ${closed.id}`,
    );
    await refused(assign(closed.id, 8), "PrivateIpAddressLimitExceeded");
  });

  test("to take the primary address away", async () => {
    const { id } = await publicNat();
    const [primary] = await addressesOf(id);
    await refused(disassociate(id, [primary?.AssociationId ?? ""]), "InvalidParameterValue");
    const closed = await privateNat();
    const [own] = await addressesOf(closed.id);
    await refused(unassign(closed.id, [own?.PrivateIp ?? ""]), "InvalidParameterValue");
  });

  test("two changes at a time, or of a gateway that is not available", async () => {
    const islet = await ownIslet({ pace: "real" });
    try {
      const slow = await freshClient({ islet });
      const { id } = await privateNat(slow);
      await refused(assign(id, 1, undefined, slow), "IncorrectState", /is in state 'pending'/);
      await advanceClock(islet, 120);
      await assign(id, 1, undefined, slow);
      await refused(assign(id, 1, undefined, slow), "IncorrectState", /are being changed/);
      await advanceClock(islet, 60);
      await assign(id, 1, undefined, slow);
    } finally {
      await islet.close();
    }
  });
});

describe("what it does", () => {
  test("elastic addresses come and go", async () => {
    const { id, subnet } = await publicNat();
    const allocation = await newAllocation(ec2);
    const { NatGatewayAddresses = [], ...answer } = await associate(id, [allocation], ["10.0.1.50"]);
    expect(answer.NatGatewayId).toBe(id);
    expect(NatGatewayAddresses[1]).toMatchObject({
      AllocationId: allocation,
      PrivateIp: "10.0.1.50",
      IsPrimary: false,
      Status: "associating",
    });
    const [, added] = await addressesOf(id);
    const { Addresses } = await ec2.send(new DescribeAddressesCommand({ AllocationIds: [allocation] }));
    expect(added).toMatchObject({
      Status: "succeeded",
      PublicIp: Addresses?.[0]?.PublicIp,
      AssociationId: Addresses?.[0]?.AssociationId,
    });
    const gone = await disassociate(id, [added?.AssociationId ?? ""], 60);
    expect(gone.NatGatewayAddresses?.[1]?.Status).toBe("disassociating");
    expect(await addressesOf(id)).toHaveLength(1);
    await ec2.send(new ReleaseAddressCommand({ AllocationId: allocation }));
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ Filters: [{ Name: "subnet-id", Values: [subnet] }] }),
    );
    expect(NetworkInterfaces?.[0]?.PrivateIpAddresses).toHaveLength(1);
  });

  test("an elastic address that leads elsewhere fails alone, and is forgotten", async () => {
    const islet = await ownIslet();
    try {
      const client = await freshClient({ islet });
      const { id, subnet } = await publicNat(client);
      const [taken, free] = [await newAllocation(client), await newAllocation(client)];
      const { NetworkInterface } = await client.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet }));
      await client.send(
        new AssociateAddressCommand({
          AllocationId: taken,
          NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId,
        }),
      );
      await associate(id, [taken, free], undefined, client);
      const shown = await addressesOf(id, client);
      expect(shown.map(({ Status }) => Status)).toEqual(["succeeded", "failed", "succeeded"]);
      expect(shown[1]?.FailureMessage).toBe(`Elastic IP address ${taken} is already associated`);
      await advanceClock(islet, 3601);
      expect((await addressesOf(id, client)).map(({ AllocationId }) => AllocationId)).toEqual([
        shown[0]?.AllocationId,
        free,
      ]);
    } finally {
      await islet.close();
    }
  });

  test("private addresses come and go, by name or as many as are wanted", async () => {
    const { id } = await privateNat();
    const { NatGatewayAddresses = [] } = await assign(id, 2);
    expect(NatGatewayAddresses.map(({ Status }) => Status)).toEqual(["succeeded", "assigning", "assigning"]);
    await assign(id, undefined, ["10.0.1.50"]);
    expect((await addressesOf(id)).map(({ Status }) => Status)).toEqual(Array(4).fill("succeeded"));
    const { NatGatewayAddresses: left = [] } = await unassign(id, ["10.0.1.50"]);
    expect(left[3]?.Status).toBe("unassigning");
    expect(await addressesOf(id)).toHaveLength(3);
    // It is free again.
    await assign(id, undefined, ["10.0.1.50"]);
  });

  test("at EC2's own pace connections drain for 350 seconds", async () => {
    const islet = await ownIslet({ pace: "real" });
    try {
      const slow = await freshClient({ islet });
      const { id } = await publicNat(slow);
      await advanceClock(islet, 120);
      await associate(id, [await newAllocation(slow)], undefined, slow);
      await advanceClock(islet, 60);
      const [, second] = await addressesOf(id, slow);
      await disassociate(id, [second?.AssociationId ?? ""], undefined, slow);
      await advanceClock(islet, 340);
      expect((await addressesOf(id, slow))[1]).toMatchObject({
        Status: "disassociating",
        PublicIp: second?.PublicIp,
      });
      await advanceClock(islet, 20);
      expect(await addressesOf(id, slow)).toHaveLength(1);
    } finally {
      await islet.close();
    }
  });
});
