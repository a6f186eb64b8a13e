import {
  AcceptAddressTransferCommand,
  AllocateAddressCommand,
  AssociateAddressCommand,
  DescribeAddressTransfersCommand,
  DescribeAddressesCommand,
  DisableAddressTransferCommand,
  DisassociateAddressCommand,
  EC2Client,
  EnableAddressTransferCommand,
  ModifyAddressAttributeCommand,
  ProvisionByoipCidrCommand,
  ReleaseAddressCommand,
  ResetAddressAttributeCommand,
  type TagSpecification,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { asUser, statement } from "../iam/person.ts";
import { configOf, freshKeys, ownIslet, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { launch } from "./launch.ts";

const DAY = 86_400;

/** An account with its client. */
async function account(islet?: Islet) {
  const server = islet ?? (await sharedIslet());
  const keys = freshKeys(server);
  return { id: keys.account, ec2: new EC2Client(configOf(server, keys)) };
}

const enable = (ec2: EC2Client, AllocationId: string, TransferAccountId: string) =>
  ec2.send(new EnableAddressTransferCommand({ AllocationId, TransferAccountId }));
const disable = (ec2: EC2Client, AllocationId: string) =>
  ec2.send(new DisableAddressTransferCommand({ AllocationId }));
const accept = (ec2: EC2Client, Address: string, TagSpecifications?: TagSpecification[]) =>
  ec2.send(new AcceptAddressTransferCommand({ Address, TagSpecifications }));
const transfers = async (ec2: EC2Client, ...AllocationIds: string[]) =>
  (await ec2.send(new DescribeAddressTransfersCommand({ AllocationIds }))).AddressTransfers ?? [];
const addresses = async (ec2: EC2Client) =>
  (await ec2.send(new DescribeAddressesCommand({}))).Addresses ?? [];

async function allocate(ec2: EC2Client, input: object = {}) {
  const { AllocationId = "", PublicIp = "" } = await ec2.send(new AllocateAddressCommand(input));
  return { AllocationId, PublicIp };
}

describe("what it refuses to parse", () => {
  test("what is no other account", async () => {
    const { id, ec2 } = await account();
    const { AllocationId } = await allocate(ec2);
    for (const wrong of ["", "12345678901", "1234567890ab", id]) {
      await refused(enable(ec2, AllocationId, wrong), "InvalidParameterValue");
    }
  });

  test("pages of no size", async () => {
    const { ec2 } = await account();
    await refused(ec2.send(new DescribeAddressTransfersCommand({ MaxResults: 4 })), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("anything with what is another's", async () => {
    const [from, to] = [await account(), await account()];
    const { AllocationId, PublicIp } = await allocate(from.ec2);
    await refused(enable(to.ec2, AllocationId, from.id), "InvalidAllocationID.NotFound");
    await refused(disable(to.ec2, AllocationId), "InvalidAllocationID.NotFound");
    await refused(transfers(to.ec2, AllocationId), "InvalidAllocationID.NotFound");
    await refused(accept(to.ec2, PublicIp), "InvalidAddress.NotFound");
    await refused(accept(to.ec2, "nowhere"), "InvalidAddress.NotFound");
    const third = await account();
    await enable(from.ec2, AllocationId, to.id);
    await refused(accept(third.ec2, PublicIp), "InvalidAddress.NotFound");
    await refused(accept(from.ec2, PublicIp), "InvalidAddress.NotFound");
  });

  test("two offers at once, or to withdraw none", async () => {
    const [from, to, third] = [await account(), await account(), await account()];
    const { AllocationId } = await allocate(from.ec2);
    await refused(disable(from.ec2, AllocationId), "IncorrectState");
    await enable(from.ec2, AllocationId, to.id);
    await enable(from.ec2, AllocationId, to.id);
    await refused(enable(from.ec2, AllocationId, third.id), "IncorrectState");
    expect(await transfers(from.ec2)).toHaveLength(1);
  });

  test("an address of a pool of one's own", async () => {
    const [from, to] = [await account(), await account()];
    await from.ec2.send(new ProvisionByoipCidrCommand({ Cidr: "203.0.113.0/24" }));
    const { AllocationId } = await allocate(from.ec2, { Address: "203.0.113.9" });
    await refused(enable(from.ec2, AllocationId, to.id), "UnsupportedOperation", /which you brought to AWS/);
  });

  test("the transfer of an address that is associated, or has a name", async () => {
    const [from, to] = [await account(), await account()];
    const { AllocationId, PublicIp } = await allocate(from.ec2);
    await enable(from.ec2, AllocationId, to.id);
    const InstanceId = await launch(from.ec2);
    const { AssociationId } = await from.ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId }));
    await refused(accept(to.ec2, PublicIp), "InvalidTransfer.AddressAssociated");
    await from.ec2.send(new DisassociateAddressCommand({ AssociationId }));
    const DomainName = "mail.example.com";
    await from.ec2.send(new ModifyAddressAttributeCommand({ AllocationId, DomainName }));
    await refused(accept(to.ec2, PublicIp), "InvalidTransfer.AddressCustomPtrSet");
    await from.ec2.send(new ResetAddressAttributeCommand({ AllocationId, Attribute: "domain-name" }));
    await accept(to.ec2, PublicIp);
  });

  test("what a user may not", async () => {
    const [from, person] = [await account(), await asUser(statement("Allow", "ec2:AllocateAddress"))];
    const own = await allocate(person.ec2);
    await refused(enable(person.ec2, own.AllocationId, from.id), "UnauthorizedOperation");
    const { AllocationId, PublicIp } = await allocate(from.ec2);
    await enable(from.ec2, AllocationId, person.account);
    await refused(accept(person.ec2, PublicIp), "UnauthorizedOperation");
    const offered = (id = "") => `arn:aws:ec2:us-east-1:${person.account}:elastic-ip/${id}`;
    await person.allow(statement("Allow", "ec2:AcceptAddressTransfer", offered(own.AllocationId)));
    await refused(accept(person.ec2, PublicIp), "UnauthorizedOperation");
    await person.allow(statement("Allow", "ec2:AcceptAddressTransfer", offered(AllocationId)));
    const tags: TagSpecification[] = [{ ResourceType: "elastic-ip", Tags: [{ Key: "a", Value: "b" }] }];
    await refused(accept(person.ec2, PublicIp, tags), "UnauthorizedOperation", /ec2:CreateTags/);
    await accept(person.ec2, PublicIp);
  });

  test("one more address than the account may have", async () => {
    const islet = await ownIslet({ quotas: "usual" });
    try {
      const [from, to] = [await account(islet), await account(islet)];
      const { AllocationId, PublicIp } = await allocate(from.ec2);
      const own = await allocate(to.ec2);
      for (let more = 0; more < 4; more++) await allocate(to.ec2);
      await enable(from.ec2, AllocationId, to.id);
      await refused(accept(to.ec2, PublicIp), "AddressLimitExceeded");
      // Of a range of one's own there may be more.
      await to.ec2.send(new ProvisionByoipCidrCommand({ Cidr: "203.0.113.0/24" }));
      await allocate(to.ec2, { Address: "203.0.113.9" });
      expect(await addresses(from.ec2)).toHaveLength(1);
      await to.ec2.send(new ReleaseAddressCommand({ AllocationId: own.AllocationId }));
      await accept(to.ec2, PublicIp);
    } finally {
      await islet.close();
    }
  });
});

describe("what it does", () => {
  test("moves an address, without its tags", async () => {
    const [from, to] = [await account(), await account()];
    const tagged = (Key: string): TagSpecification[] => [
      { ResourceType: "elastic-ip", Tags: [{ Key, Value: "x" }] },
    ];
    const { AllocationId, PublicIp } = await allocate(from.ec2, { TagSpecifications: tagged("old") });
    const offer = { AllocationId, PublicIp, TransferAccountId: to.id };
    const { AddressTransfer } = await enable(from.ec2, AllocationId, to.id);
    expect(AddressTransfer).toMatchObject({ ...offer, AddressTransferStatus: "pending" });
    expect(await transfers(from.ec2)).toEqual([AddressTransfer]);
    expect(await transfers(from.ec2, AllocationId)).toEqual([AddressTransfer]);
    expect(await transfers(to.ec2)).toEqual([]);
    const accepted = await accept(to.ec2, PublicIp, tagged("new"));
    expect(accepted.AddressTransfer).toMatchObject({
      ...offer,
      TransferOfferAcceptedTimestamp: expect.any(Date) as Date,
      AddressTransferStatus: "accepted",
    });
    expect(await addresses(from.ec2)).toEqual([]);
    expect(await addresses(to.ec2)).toMatchObject([
      { AllocationId, PublicIp, Tags: [{ Key: "new", Value: "x" }] },
    ]);
    expect(await transfers(from.ec2, AllocationId)).toEqual([accepted.AddressTransfer]);
    await refused(accept(to.ec2, PublicIp), "InvalidAddress.NotFound");
    await refused(from.ec2.send(new ReleaseAddressCommand({ AllocationId })), "InvalidAllocationID.NotFound");
    await launch(to.ec2).then((InstanceId) =>
      to.ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId })),
    );
  });

  test("there and back again", async () => {
    const [from, to] = [await account(), await account()];
    const { AllocationId, PublicIp } = await allocate(from.ec2);
    await enable(from.ec2, AllocationId, to.id);
    await accept(to.ec2, PublicIp);
    await enable(to.ec2, AllocationId, from.id);
    await accept(from.ec2, PublicIp);
    await enable(from.ec2, AllocationId, to.id);
    expect(await transfers(from.ec2)).toMatchObject([{ AddressTransferStatus: "pending" }]);
    expect(await transfers(to.ec2)).toMatchObject([{ AddressTransferStatus: "accepted" }]);
  });

  test("ends an offer", async () => {
    const [from, to] = [await account(), await account()];
    const { AllocationId, PublicIp } = await allocate(from.ec2);
    await enable(from.ec2, AllocationId, to.id);
    const { AddressTransfer } = await disable(from.ec2, AllocationId);
    expect(AddressTransfer).toMatchObject({ AllocationId, AddressTransferStatus: "disabled" });
    expect(await transfers(from.ec2)).toEqual([]);
    await refused(accept(to.ec2, PublicIp), "InvalidAddress.NotFound");
  });

  test("an offer ends with the allocation", async () => {
    const [from, to] = [await account(), await account()];
    const { AllocationId, PublicIp } = await allocate(from.ec2);
    await enable(from.ec2, AllocationId, to.id);
    await from.ec2.send(new ReleaseAddressCommand({ AllocationId }));
    expect(await transfers(from.ec2)).toEqual([]);
    await refused(accept(to.ec2, PublicIp), "InvalidAddress.NotFound");
    await allocate(from.ec2, { Address: PublicIp });
    await refused(accept(to.ec2, PublicIp), "InvalidAddress.NotFound");
  });

  test("an offer stands for seven days, and an accepted one is shown for fourteen", async () => {
    const islet = await ownIslet();
    try {
      const [from, to] = [await account(islet), await account(islet)];
      const { AllocationId, PublicIp } = await allocate(from.ec2);
      await enable(from.ec2, AllocationId, to.id);
      await advanceClock(islet, 7 * DAY);
      expect(await transfers(from.ec2)).toEqual([]);
      await refused(accept(to.ec2, PublicIp), "InvalidAddress.NotFound");
      await enable(from.ec2, AllocationId, to.id);
      await advanceClock(islet, 6 * DAY);
      await accept(to.ec2, PublicIp);
      await advanceClock(islet, 13 * DAY);
      expect(await transfers(from.ec2)).toMatchObject([{ AddressTransferStatus: "accepted" }]);
      // Also where the account is no more that has accepted it.
      await operate(islet, "POST reset", { AccountId: to.id });
      await advanceClock(islet, DAY);
      expect(await transfers(from.ec2)).toEqual([]);
    } finally {
      await islet.close();
    }
  });
});
