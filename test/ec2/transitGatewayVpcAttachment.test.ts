import {
  AcceptTransitGatewayVpcAttachmentCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateTransitGatewayVpcAttachmentCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSubnetCommand,
  DeleteTransitGatewayCommand,
  DeleteTransitGatewayVpcAttachmentCommand,
  DeleteVpcCommand,
  DescribeNetworkInterfacesCommand,
  DescribeTransitGatewayAttachmentsCommand,
  DescribeTransitGatewaysCommand,
  DescribeTransitGatewayVpcAttachmentsCommand,
  EC2Client,
  ModifyTransitGatewayVpcAttachmentCommand,
  RejectTransitGatewayVpcAttachmentCommand,
  type CreateTransitGatewayVpcAttachmentRequest,
  type ModifyTransitGatewayVpcAttachmentRequest,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharings } from "../../server/ec2/transitGateway.ts";
import { configOf, freshClient, freshKeys, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { attach, newGateway, newNetwork, shownAttachment } from "./transitGateways.ts";

const ec2 = await freshClient();
const islet = await sharedIslet();
const keys = freshKeys(islet);
const guest = new EC2Client(configOf(islet, keys));
const MISSING = "tgw-attach-0123456789abcdef0";

const create = (input: Partial<CreateTransitGatewayVpcAttachmentRequest>, client = ec2) =>
  client.send(
    new CreateTransitGatewayVpcAttachmentCommand({
      TransitGatewayId: undefined,
      VpcId: undefined,
      SubnetIds: undefined,
      ...input,
    }),
  );
const modify = (
  TransitGatewayAttachmentId: string,
  input: Partial<ModifyTransitGatewayVpcAttachmentRequest>,
) => ec2.send(new ModifyTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId, ...input }));
const remove = (TransitGatewayAttachmentId: string, client = ec2) =>
  client.send(new DeleteTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId }));
const accept = (TransitGatewayAttachmentId: string, client = ec2) =>
  client.send(new AcceptTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId }));
const reject = (TransitGatewayAttachmentId: string, client = ec2) =>
  client.send(new RejectTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId }));

const interfaces = async (id: string, client = ec2) => {
  const { NetworkInterfaces } = await client.send(
    new DescribeNetworkInterfacesCommand({
      Filters: [{ Name: "description", Values: [`Network Interface for Transit Gateway Attachment ${id}`] }],
    }),
  );
  return NetworkInterfaces ?? [];
};

const addSubnet = async (VpcId: string, CidrBlock: string, AvailabilityZone: string) =>
  (await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone }))).Subnet?.SubnetId ?? "";

describe("what it refuses to parse", () => {
  test("ids of another form", async () => {
    await refused(
      remove("tgw-attach-1"),
      "InvalidTransitGatewayAttachmentID.Malformed",
      'Invalid id: "tgw-attach-1" (expecting "tgw-attach-...")',
    );
  });

  test("no subnets", async () => {
    const [{ id }, { vpc }] = [await newGateway(ec2), await newNetwork(ec2, 1)];
    await refused(create({ TransitGatewayId: id, VpcId: vpc }), "MissingParameter");
  });
});

describe("what it refuses to do", () => {
  test("what is not there", async () => {
    const text = `Transit Gateway Attachment ${MISSING} was deleted or does not exist.`;
    for (const call of [remove, accept, reject]) {
      await refused(call(MISSING), "InvalidTransitGatewayAttachmentID.NotFound", text);
    }
    await refused(modify(MISSING, {}), "InvalidTransitGatewayAttachmentID.NotFound", text);
    await refused(shownAttachment(ec2, MISSING), "InvalidTransitGatewayAttachmentID.NotFound", text);
    const other = "tgw-attach-0fedcba9876543210";
    await refused(
      ec2.send(
        new DescribeTransitGatewayVpcAttachmentsCommand({ TransitGatewayAttachmentIds: [MISSING, other] }),
      ),
      "InvalidTransitGatewayAttachmentID.NotFound",
      `Transit Gateway Attachments ${MISSING}, ${other} were deleted or do not exist.`,
    );
  });

  test("a second attachment of a VPC; two subnets of one zone; subnets of another VPC", async () => {
    const [{ id: TransitGatewayId }, here] = [await newGateway(ec2), await newNetwork(ec2, 1)];
    const { vpc: VpcId, subnets } = here;
    const third = await addSubnet(VpcId, "10.1.2.0/24", "us-east-1a");
    await refused(
      create({ TransitGatewayId, VpcId, SubnetIds: [subnets[0], third] }),
      "DuplicateSubnetsInSameZone",
      "Duplicate Subnets for same AZ",
    );
    const there = await newNetwork(ec2, 2);
    await refused(
      create({ TransitGatewayId, VpcId, SubnetIds: [...there.subnets] }),
      "InvalidParameterValue",
    );
    await attach(ec2, TransitGatewayId, here);
    await refused(
      create({ TransitGatewayId, VpcId, SubnetIds: [...subnets] }),
      "DuplicateTransitGatewayAttachment",
      `${TransitGatewayId} has non-deleted Transit Gateway Attachments with same VPC ID.`,
    );
  });

  test("IPv6 support with subnets that have no IPv6; subnets that have no IPv4", async () => {
    const [{ id: TransitGatewayId }, { vpc: VpcId, subnets }] = [
      await newGateway(ec2),
      await newNetwork(ec2, 1),
    ];
    const asked = { TransitGatewayId, VpcId, SubnetIds: [subnets[0]] };
    await refused(
      create({ ...asked, Options: { Ipv6Support: "enable" } }),
      "InvalidParameterValue",
      `The subnet '${subnets[0]}' does not have an IPv6 CIDR block.`,
    );
  });

  test("to accept what does not wait; to change what is not available", async () => {
    const [{ id: gateway }, network] = [await newGateway(ec2), await newNetwork(ec2, 1)];
    const id = await attach(ec2, gateway, network);
    await refused(accept(id), "IncorrectState", `${id} is in invalid state`);
    await refused(reject(id), "IncorrectState");
    await remove(id);
    await refused(modify(id, {}), "InvalidTransitGatewayAttachmentID.NotFound");
    await refused(remove(id), "InvalidTransitGatewayAttachmentID.NotFound");
  });

  test("subnets that are not part of it, two in a zone, and none at all", async () => {
    const [{ id: gateway }, network] = [await newGateway(ec2), await newNetwork(ec2, 1)];
    const [one, two] = network.subnets;
    const id = await attach(ec2, gateway, network, { SubnetIds: [one] });
    await refused(modify(id, { RemoveSubnetIds: [two] }), "InvalidParameterValue", /is not part/);
    await refused(modify(id, { RemoveSubnetIds: [one] }), "InvalidParameterValue", /at least one/);
    const third = await addSubnet(network.vpc, "10.1.2.0/24", "us-east-1a");
    await refused(modify(id, { AddSubnetIds: [third] }), "DuplicateSubnetsInSameZone");
  });

  test("to delete what it is in, and the gateway's interfaces", async () => {
    const [{ id: gateway }, network] = [await newGateway(ec2), await newNetwork(ec2, 1)];
    const id = await attach(ec2, gateway, network);
    const [SubnetId] = network.subnets;
    await refused(ec2.send(new DeleteSubnetCommand({ SubnetId })), "DependencyViolation");
    await refused(ec2.send(new DeleteVpcCommand({ VpcId: network.vpc })), "DependencyViolation");
    const [eni] = await interfaces(id);
    await refused(
      ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eni?.NetworkInterfaceId })),
      "InvalidParameterValue",
    );
  });
});

describe("what it does", () => {
  test("attaches a VPC, by an interface in each subnet, and the gateway's default tables", async () => {
    const [{ id: TransitGatewayId, table }, { vpc: VpcId, subnets }] = [
      await newGateway(ec2),
      await newNetwork(ec2, 1),
    ];
    const { TransitGatewayVpcAttachment: made } = await create({
      TransitGatewayId,
      VpcId,
      SubnetIds: [...subnets],
      TagSpecifications: [
        { ResourceType: "transit-gateway-attachment", Tags: [{ Key: "Name", Value: "spoke" }] },
      ],
    });
    const id = made?.TransitGatewayAttachmentId ?? "";
    expect(made).toEqual({
      TransitGatewayAttachmentId: expect.stringMatching(/^tgw-attach-0[0-9a-f]{16}$/) as string,
      TransitGatewayId,
      VpcId,
      VpcOwnerId: made?.VpcOwnerId,
      State: "pending",
      SubnetIds: subnets,
      CreationTime: expect.any(Date) as Date,
      Options: {
        DnsSupport: "enable",
        SecurityGroupReferencingSupport: "enable",
        Ipv6Support: "disable",
        ApplianceModeSupport: "disable",
      },
      Tags: [{ Key: "Name", Value: "spoke" }],
    });
    expect(await shownAttachment(ec2, id)).toEqual({ ...made, State: "available" });
    const { TransitGatewayAttachments } = await ec2.send(
      new DescribeTransitGatewayAttachmentsCommand({ TransitGatewayAttachmentIds: [id] }),
    );
    expect(TransitGatewayAttachments).toEqual([
      {
        TransitGatewayAttachmentId: id,
        TransitGatewayId,
        TransitGatewayOwnerId: made?.VpcOwnerId,
        ResourceOwnerId: made?.VpcOwnerId,
        ResourceType: "vpc",
        ResourceId: VpcId,
        State: "available",
        Association: { TransitGatewayRouteTableId: table, State: "associated" },
        CreationTime: made?.CreationTime,
        Tags: made?.Tags,
      },
    ]);
    const enis = await interfaces(id);
    expect(enis.map(({ SubnetId }) => SubnetId)).toEqual([...subnets]);
    for (const eni of enis) {
      expect(eni).toMatchObject({
        InterfaceType: "transit_gateway",
        RequesterManaged: true,
        Status: "in-use",
        Groups: [],
        Attachment: { InstanceOwnerId: "amazon-aws", Status: "attached" },
      });
    }
  });

  test("changes subnets and options", async () => {
    const [{ id: gateway }, network] = [await newGateway(ec2), await newNetwork(ec2, 1)];
    const [one, two] = network.subnets;
    const id = await attach(ec2, gateway, network, { SubnetIds: [one] });
    const { TransitGatewayVpcAttachment } = await modify(id, {
      AddSubnetIds: [two],
      RemoveSubnetIds: [one],
      Options: {
        DnsSupport: "disable",
        SecurityGroupReferencingSupport: "disable",
        ApplianceModeSupport: "enable",
      },
    });
    expect(TransitGatewayVpcAttachment).toMatchObject({ State: "modifying", SubnetIds: [two] });
    expect(await shownAttachment(ec2, id)).toMatchObject({
      State: "available",
      SubnetIds: [two],
      Options: {
        DnsSupport: "disable",
        SecurityGroupReferencingSupport: "disable",
        Ipv6Support: "disable",
        ApplianceModeSupport: "enable",
      },
    });
    expect((await interfaces(id)).map(({ SubnetId }) => SubnetId)).toEqual([two]);
  });

  test("goes, with its interfaces, in the order that tools use, and is shown as deleted for a while", async () => {
    const [{ id: gateway }, network] = [await newGateway(ec2), await newNetwork(ec2, 1)];
    const id = await attach(ec2, gateway, network);
    expect((await remove(id)).TransitGatewayVpcAttachment).toMatchObject({ State: "deleting" });
    expect(await interfaces(id)).toEqual([]);
    expect(await shownAttachment(ec2, id)).toMatchObject({ State: "deleted" });
    for (const SubnetId of network.subnets) await ec2.send(new DeleteSubnetCommand({ SubnetId }));
    await ec2.send(new DeleteVpcCommand({ VpcId: network.vpc }));
    await ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId: gateway }));
  });

  test("is found by each filter", async () => {
    const [{ id: gateway, table, shown }, network] = [await newGateway(ec2), await newNetwork(ec2, 1)];
    const id = await attach(ec2, gateway, network);
    await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "k", Value: "v" }] }));
    const same: [string, string][] = [
      ["state", "available"],
      ["transit-gateway-attachment-id", id],
      ["transit-gateway-id", gateway],
      ["tag:k", "v"],
      ["tag-key", "k"],
    ];
    for (const [Name, value] of [...same, ["vpc-id", network.vpc]] as const) {
      const search = async (text: string) => {
        const Filters = [{ Name, Values: [text] }];
        const { TransitGatewayVpcAttachments: found } = await ec2.send(
          new DescribeTransitGatewayVpcAttachmentsCommand({ Filters }),
        );
        return found?.map(({ TransitGatewayAttachmentId }) => TransitGatewayAttachmentId);
      };
      expect([Name, await search(value)]).toEqual([Name, expect.arrayContaining([id])]);
      expect(await search("none such")).toEqual([]);
    }
    const general: [string, string][] = [
      ["association.state", "associated"],
      ["association.transit-gateway-route-table-id", table],
      ["resource-id", network.vpc],
      ["resource-owner-id", shown.OwnerId ?? ""],
      ["resource-type", "vpc"],
      ["transit-gateway-owner-id", shown.OwnerId ?? ""],
    ];
    for (const [Name, value] of [...same, ...general]) {
      const search = async (text: string) => {
        const { TransitGatewayAttachments: found } = await ec2.send(
          new DescribeTransitGatewayAttachmentsCommand({ Filters: [{ Name, Values: [text] }] }),
        );
        return found?.map(({ TransitGatewayAttachmentId }) => TransitGatewayAttachmentId);
      };
      expect([Name, await search(value)]).toEqual([Name, expect.arrayContaining([id])]);
      expect(await search("none such")).toEqual([]);
    }
  });
});

describe("a gateway that another account shares", () => {
  // What shares resources between accounts adds itself here.
  const shared = new Set<string>();
  const share = (_ctx: unknown, { id }: { readonly id: string }): boolean => shared.has(id);
  beforeAll(() => {
    sharings.push(share);
  });
  afterAll(() => {
    sharings.splice(sharings.indexOf(share), 1);
  });

  async function sharedGateway(AutoAcceptSharedAttachments: "enable" | "disable" = "disable") {
    const { id } = await newGateway(ec2, { AutoAcceptSharedAttachments });
    shared.add(id);
    return id;
  }

  test("is seen, and not changed, by others", async () => {
    const id = await sharedGateway();
    const { TransitGateways } = await guest.send(new DescribeTransitGatewaysCommand({}));
    expect(TransitGateways?.map(({ TransitGatewayId }) => TransitGatewayId)).toContain(id);
    await refused(
      guest.send(new DeleteTransitGatewayCommand({ TransitGatewayId: id })),
      "UnauthorizedOperation",
    );
  });

  test("waits for its owner to accept attachments", async () => {
    const gateway = await sharedGateway();
    const id = await attach(guest, gateway, await newNetwork(guest, 5));
    expect(await shownAttachment(guest, id)).toMatchObject({ State: "pendingAcceptance" });
    expect(await shownAttachment(ec2, id)).toMatchObject({
      State: "pendingAcceptance",
      VpcOwnerId: keys.account,
    });
    expect(await interfaces(id, guest)).toEqual([]);
    await refused(accept(id, guest), "InvalidTransitGatewayAttachmentID.NotFound");
    expect((await accept(id)).TransitGatewayVpcAttachment).toMatchObject({ State: "pending" });
    expect(await shownAttachment(guest, id)).toMatchObject({ State: "available" });
    expect(await interfaces(id, guest)).toHaveLength(2);
    await refused(modify(id, {}), "InvalidTransitGatewayAttachmentID.NotFound");
    await remove(id, guest);
    expect(await shownAttachment(ec2, id)).toMatchObject({ State: "deleted" });
  });

  test("or to reject them", async () => {
    const id = await attach(guest, await sharedGateway(), await newNetwork(guest, 6));
    expect((await reject(id)).TransitGatewayVpcAttachment).toMatchObject({ State: "rejecting" });
    expect(await shownAttachment(guest, id)).toMatchObject({ State: "rejected" });
    await refused(accept(id), "IncorrectState");
  });

  test("or accepts them by itself", async () => {
    const id = await attach(guest, await sharedGateway("enable"), await newNetwork(guest, 7));
    expect(await shownAttachment(ec2, id)).toMatchObject({ State: "available" });
  });

  test("leaves attachments behind when its account is emptied, which can then be taken away", async () => {
    const owner = freshKeys(islet);
    const { id: gateway } = await newGateway(new EC2Client(configOf(islet, owner)), {
      AutoAcceptSharedAttachments: "enable",
    });
    shared.add(gateway);
    const id = await attach(guest, gateway, await newNetwork(guest, 9));
    await operate(islet, "POST reset", { AccountId: owner.account });
    await guest.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "k", Value: "v" }] }));
    expect(await shownAttachment(guest, id)).toMatchObject({ State: "available" });
    await remove(id, guest);
    expect(await shownAttachment(guest, id)).toMatchObject({ State: "deleted" });
  });
});
