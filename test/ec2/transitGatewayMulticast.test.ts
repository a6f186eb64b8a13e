import {
  AcceptTransitGatewayMulticastDomainAssociationsCommand,
  AssociateTransitGatewayMulticastDomainCommand,
  CreateNetworkInterfaceCommand,
  CreateTagsCommand,
  CreateTransitGatewayMulticastDomainCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSubnetCommand,
  DeleteTransitGatewayCommand,
  DeleteTransitGatewayMulticastDomainCommand,
  DeleteTransitGatewayVpcAttachmentCommand,
  DeregisterTransitGatewayMulticastGroupMembersCommand,
  DeregisterTransitGatewayMulticastGroupSourcesCommand,
  DescribeTransitGatewayMulticastDomainsCommand,
  DisassociateTransitGatewayMulticastDomainCommand,
  EC2Client,
  GetTransitGatewayMulticastDomainAssociationsCommand,
  RegisterTransitGatewayMulticastGroupMembersCommand,
  RegisterTransitGatewayMulticastGroupSourcesCommand,
  RejectTransitGatewayMulticastDomainAssociationsCommand,
  SearchTransitGatewayMulticastGroupsCommand,
  type CreateTransitGatewayMulticastDomainRequestOptions,
  type Filter,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharings } from "../../server/ec2/transitGateway.ts";
import { domainSharings } from "../../server/ec2/transitGatewayMulticastDomain.ts";
import { configOf, freshClient, freshKeys, refused, sharedIslet } from "../islet.ts";
import { attach, newGateway, newNetwork } from "./transitGateways.ts";

const ec2 = await freshClient();
const islet = await sharedIslet();
const keys = freshKeys(islet);
const guest = new EC2Client(configOf(islet, keys));
const MISSING = "tgw-mcast-domain-0123456789abcdef0";
const GROUP = "239.1.2.3";

type Options = CreateTransitGatewayMulticastDomainRequestOptions;

const create = async (TransitGatewayId: string, Options?: Options) =>
  (await ec2.send(new CreateTransitGatewayMulticastDomainCommand({ TransitGatewayId, Options })))
    .TransitGatewayMulticastDomain;
const remove = (TransitGatewayMulticastDomainId: string) =>
  ec2.send(new DeleteTransitGatewayMulticastDomainCommand({ TransitGatewayMulticastDomainId }));
const place = (domain: string, attachment: string, SubnetIds: readonly string[]) => ({
  TransitGatewayMulticastDomainId: domain,
  TransitGatewayAttachmentId: attachment,
  SubnetIds: [...SubnetIds],
});
type Place = readonly [domain: string, attachment: string, subnets: readonly string[]];
const associate = (client: EC2Client, ...where: Place) =>
  client.send(new AssociateTransitGatewayMulticastDomainCommand(place(...where)));
const disassociate = (...where: Place) =>
  ec2.send(new DisassociateTransitGatewayMulticastDomainCommand(place(...where)));
const accept = (...where: Place) =>
  ec2.send(new AcceptTransitGatewayMulticastDomainAssociationsCommand(place(...where)));
const reject = (...where: Place) =>
  ec2.send(new RejectTransitGatewayMulticastDomainAssociationsCommand(place(...where)));
const associations = async (TransitGatewayMulticastDomainId: string, ...Filters: Filter[]) =>
  (
    await ec2.send(
      new GetTransitGatewayMulticastDomainAssociationsCommand({ TransitGatewayMulticastDomainId, Filters }),
    )
  ).MulticastDomainAssociations ?? [];
const domains = async (...Filters: Filter[]) =>
  (await ec2.send(new DescribeTransitGatewayMulticastDomainsCommand({ Filters })))
    .TransitGatewayMulticastDomains ?? [];
const groups = async (TransitGatewayMulticastDomainId: string, ...Filters: Filter[]) =>
  (
    await ec2.send(
      new SearchTransitGatewayMulticastGroupsCommand({ TransitGatewayMulticastDomainId, Filters }),
    )
  ).MulticastGroups ?? [];
const group = (domain: string, enis: readonly string[], GroupIpAddress: string | undefined = GROUP) => ({
  TransitGatewayMulticastDomainId: domain,
  GroupIpAddress,
  NetworkInterfaceIds: [...enis],
});
const addMembers = (...which: Parameters<typeof group>) =>
  ec2.send(new RegisterTransitGatewayMulticastGroupMembersCommand(group(...which)));
const addSources = (...which: Parameters<typeof group>) =>
  ec2.send(new RegisterTransitGatewayMulticastGroupSourcesCommand(group(...which)));
const dropMembers = (...which: Parameters<typeof group>) =>
  ec2.send(new DeregisterTransitGatewayMulticastGroupMembersCommand(group(...which)));
const dropSources = (...which: Parameters<typeof group>) =>
  ec2.send(new DeregisterTransitGatewayMulticastGroupSourcesCommand(group(...which)));
const newInterface = async (SubnetId: string) =>
  (await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }))).NetworkInterface?.NetworkInterfaceId ??
  "";

/** A domain of static sources, and a VPC at its gateway that takes no part yet. */
async function site(Options: Options = { StaticSourcesSupport: "enable" }) {
  const { id: gateway } = await newGateway(ec2, { MulticastSupport: "enable" });
  const network = await newNetwork(ec2, 1);
  const attachment = await attach(ec2, gateway, network);
  const domain = (await create(gateway, Options))?.TransitGatewayMulticastDomainId ?? "";
  return { gateway, domain, attachment, ...network };
}

describe("what it refuses to parse", () => {
  test("ids of another form, groups that are none, and what is missing", async () => {
    await refused(remove("tgw-mcast-domain-1"), "InvalidTransitGatewayMulticastDomainId.Malformed");
    const { domain, attachment, subnets } = await site();
    await associate(ec2, domain, attachment, subnets);
    const eni = await newInterface(subnets[0]);
    await refused(addMembers(domain, [eni], "10.0.0.1"), "InvalidParameterValue", /groupIpAddress/);
    const bare = { TransitGatewayMulticastDomainId: domain, NetworkInterfaceIds: [eni] };
    await refused(ec2.send(new RegisterTransitGatewayMulticastGroupMembersCommand(bare)), "MissingParameter");
    await refused(dropMembers(domain, []), "MissingParameter");
    await refused(
      ec2.send(new DeregisterTransitGatewayMulticastGroupMembersCommand({ GroupIpAddress: GROUP })),
      "MissingParameter",
    );
    for (const Command of [
      AcceptTransitGatewayMulticastDomainAssociationsCommand,
      RejectTransitGatewayMulticastDomainAssociationsCommand,
    ]) {
      await refused(ec2.send(new Command({})), "MissingParameter");
      await refused(ec2.send(new Command({ TransitGatewayMulticastDomainId: domain })), "MissingParameter");
    }
  });
});

describe("what it refuses to do", () => {
  test("what is not there", async () => {
    const text = `Transit Gateway Multicast Domain ${MISSING} was deleted or does not exist.`;
    await refused(remove(MISSING), "InvalidTransitGatewayMulticastDomainId.NotFound", text);
    await refused(groups(MISSING), "InvalidTransitGatewayMulticastDomainId.NotFound");
    await refused(associations(MISSING), "InvalidTransitGatewayMulticastDomainId.NotFound");
    const { domain, attachment, subnets } = await site();
    await refused(
      disassociate(domain, attachment, [subnets[0]]),
      "InvalidTransitGatewayMulticastDomainAssociation.NotFound",
    );
    await remove(domain);
    await refused(remove(domain), "InvalidTransitGatewayMulticastDomainId.NotFound");
  });

  test("a domain of a gateway without multicast; IGMP together with static sources", async () => {
    await refused(create((await newGateway(ec2)).id), "InvalidParameterValue");
    const { gateway } = await site();
    await refused(
      create(gateway, { Igmpv2Support: "enable", StaticSourcesSupport: "enable" }),
      "InvalidParameterCombination",
    );
  });

  test("subnets of other VPCs, or of another domain; attachments of another gateway", async () => {
    const [here, there] = [await site(), await site()];
    await refused(associate(ec2, here.domain, here.attachment, there.subnets), "InvalidParameterValue");
    await refused(
      associate(ec2, here.domain, there.attachment, there.subnets),
      "InvalidTransitGatewayAttachmentID.NotFound",
    );
    await associate(ec2, here.domain, here.attachment, here.subnets);
    await refused(
      associate(ec2, here.domain, here.attachment, [here.subnets[0]]),
      "Resource.AlreadyAssociated",
    );
    await refused(accept(here.domain, here.attachment, here.subnets), "IncorrectState");
  });

  test("interfaces outside of the domain; sources where any may send; who is not registered", async () => {
    const { domain, attachment, subnets } = await site({});
    await associate(ec2, domain, attachment, [subnets[0]]);
    const [inside, outside] = [await newInterface(subnets[0]), await newInterface(subnets[1])];
    await refused(addMembers(domain, [outside]), "InvalidParameterValue", /is in no subnet/);
    await refused(addSources(domain, [inside]), "InvalidParameterValue", /static sources/);
    await refused(dropMembers(domain, [inside]), "InvalidParameterValue", /is no member/);
    await refused(dropSources(domain, [inside]), "InvalidParameterValue", /is no source/);
  });

  test("to delete what takes part", async () => {
    const { gateway, domain, attachment, subnets } = await site();
    await associate(ec2, domain, attachment, subnets);
    await refused(remove(domain), "IncorrectState");
    await refused(ec2.send(new DeleteSubnetCommand({ SubnetId: subnets[0] })), "DependencyViolation");
    const detach = () =>
      ec2.send(new DeleteTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId: attachment }));
    await refused(detach(), "IncorrectState", `${attachment} has non-deleted Multicast Domain Associations.`);
    await disassociate(domain, attachment, subnets);
    await detach();
    const removeGateway = () => ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId: gateway }));
    await refused(removeGateway(), "IncorrectState");
    await remove(domain);
    await removeGateway();
  });
});

describe("what it does", () => {
  test("makes a domain", async () => {
    const { id: gateway } = await newGateway(ec2, { MulticastSupport: "enable" });
    const made = await create(gateway, {
      StaticSourcesSupport: "enable",
      AutoAcceptSharedAssociations: "enable",
    });
    const id = made?.TransitGatewayMulticastDomainId ?? "";
    expect(made).toEqual({
      TransitGatewayMulticastDomainId: expect.stringMatching(/^tgw-mcast-domain-0[0-9a-f]{16}$/) as string,
      TransitGatewayMulticastDomainArn: `arn:aws:ec2:us-east-1:${made?.OwnerId}:transit-gateway-multicast-domain/${id}`,
      TransitGatewayId: gateway,
      OwnerId: expect.stringMatching(/^\d{12}$/) as string,
      Options: {
        Igmpv2Support: "disable",
        StaticSourcesSupport: "enable",
        AutoAcceptSharedAssociations: "enable",
      },
      State: "pending",
      CreationTime: expect.any(Date) as Date,
      Tags: [],
    });
    await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "k", Value: "v" }] }));
    for (const [Name, value] of [
      ["state", "available"],
      ["tag:k", "v"],
      ["transit-gateway-id", gateway],
      ["transit-gateway-multicast-domain-id", id],
    ] as const) {
      const found = await domains({ Name, Values: [value] });
      expect([Name, found.map((domain) => domain.TransitGatewayMulticastDomainId)]).toEqual([
        Name,
        expect.arrayContaining([id]),
      ]);
      expect(await domains({ Name, Values: ["none such"] })).toEqual([]);
    }
    expect((await remove(id)).TransitGatewayMulticastDomain).toMatchObject({ State: "deleting" });
    expect(await domains({ Name: "transit-gateway-multicast-domain-id", Values: [id] })).toMatchObject([
      { State: "deleted" },
    ]);
  });

  test("associates subnets", async () => {
    const { domain, attachment, subnets, vpc } = await site();
    const { Associations } = await associate(ec2, domain, attachment, subnets);
    expect(Associations).toEqual({
      TransitGatewayMulticastDomainId: domain,
      TransitGatewayAttachmentId: attachment,
      ResourceId: vpc,
      ResourceType: "vpc",
      ResourceOwnerId: Associations?.ResourceOwnerId,
      Subnets: subnets.map((SubnetId) => ({ SubnetId, State: "associating" })),
    });
    for (const [Name, value, count] of [
      ["resource-id", vpc, 2],
      ["resource-type", "vpc", 2],
      ["state", "associated", 2],
      ["subnet-id", subnets[0], 1],
      ["transit-gateway-attachment-id", attachment, 2],
    ] as const) {
      expect([Name, await associations(domain, { Name, Values: [value] })]).toMatchObject([
        Name,
        { length: count },
      ]);
      expect(await associations(domain, { Name, Values: ["none such"] })).toEqual([]);
    }
    const gone = await disassociate(domain, attachment, [subnets[0]]);
    expect(gone.Associations?.Subnets).toEqual([{ SubnetId: subnets[0], State: "disassociating" }]);
    expect((await associations(domain)).map(({ Subnet }) => Subnet?.SubnetId)).toEqual([subnets[1]]);
  });

  test("registers members and sources", async () => {
    const { domain, attachment, subnets, vpc } = await site();
    await associate(ec2, domain, attachment, subnets);
    const [one, two] = [await newInterface(subnets[0]), await newInterface(subnets[1])];
    expect((await addMembers(domain, [one, two])).RegisteredMulticastGroupMembers).toEqual({
      TransitGatewayMulticastDomainId: domain,
      RegisteredNetworkInterfaceIds: [one, two],
      GroupIpAddress: GROUP,
    });
    expect((await addSources(domain, [one])).RegisteredMulticastGroupSources).toMatchObject({
      RegisteredNetworkInterfaceIds: [one],
    });
    const [line] = await groups(domain, { Name: "subnet-id", Values: [subnets[0]] });
    expect(line).toEqual({
      GroupIpAddress: GROUP,
      TransitGatewayAttachmentId: attachment,
      SubnetId: subnets[0],
      ResourceId: vpc,
      ResourceType: "vpc",
      ResourceOwnerId: line?.ResourceOwnerId,
      NetworkInterfaceId: one,
      GroupMember: true,
      GroupSource: true,
      MemberType: "static",
      SourceType: "static",
    });
    for (const [Name, value, count] of [
      ["group-ip-address", GROUP, 2],
      ["is-group-member", "true", 2],
      ["is-group-source", "true", 1],
      ["member-type", "static", 2],
      ["resource-id", vpc, 2],
      ["resource-type", "vpc", 2],
      ["source-type", "static", 1],
      ["subnet-id", subnets[1], 1],
      ["transit-gateway-attachment-id", attachment, 2],
    ] as const) {
      expect([Name, await groups(domain, { Name, Values: [value] })]).toMatchObject([
        Name,
        { length: count },
      ]);
      expect(await groups(domain, { Name, Values: ["none such"] })).toEqual([]);
    }
    expect((await dropMembers(domain, [one])).DeregisteredMulticastGroupMembers).toEqual({
      TransitGatewayMulticastDomainId: domain,
      DeregisteredNetworkInterfaceIds: [one],
      GroupIpAddress: GROUP,
    });
    expect((await dropSources(domain, [one])).DeregisteredMulticastGroupSources).toMatchObject({
      DeregisteredNetworkInterfaceIds: [one],
    });
    expect((await groups(domain)).map(({ NetworkInterfaceId }) => NetworkInterfaceId)).toEqual([two]);
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: two }));
    expect(await groups(domain)).toEqual([]);
  });
});

describe("a domain that another account shares", () => {
  const shared = new Set<string>();
  const share = (_ctx: unknown, { id }: { readonly id: string }): boolean => shared.has(id);
  beforeAll(() => {
    sharings.push(share);
    domainSharings.push(share);
  });
  afterAll(() => {
    sharings.splice(sharings.indexOf(share), 1);
    domainSharings.splice(domainSharings.indexOf(share), 1);
  });

  async function sharedSite(AutoAcceptSharedAssociations: "enable" | "disable") {
    const { id: gateway } = await newGateway(ec2, {
      MulticastSupport: "enable",
      AutoAcceptSharedAttachments: "enable",
    });
    const domain =
      (await create(gateway, { AutoAcceptSharedAssociations }))?.TransitGatewayMulticastDomainId ?? "";
    for (const id of [gateway, domain]) shared.add(id);
    const network = await newNetwork(guest, 8);
    return { domain, attachment: await attach(guest, gateway, network), subnets: network.subnets };
  }

  test("waits for its owner, who accepts one subnet and rejects another", async () => {
    const { domain, attachment, subnets } = await sharedSite("disable");
    const { Associations } = await associate(guest, domain, attachment, subnets);
    expect(Associations?.Subnets?.map(({ State }) => State)).toEqual([
      "pendingAcceptance",
      "pendingAcceptance",
    ]);
    const asked = { TransitGatewayMulticastDomainId: domain, TransitGatewayAttachmentId: attachment };
    for (const Command of [
      AcceptTransitGatewayMulticastDomainAssociationsCommand,
      RejectTransitGatewayMulticastDomainAssociationsCommand,
    ]) {
      await refused(guest.send(new Command(asked)), "UnauthorizedOperation");
    }
    await refused(guest.send(new DeleteTransitGatewayMulticastDomainCommand(asked)), "UnauthorizedOperation");
    const [one, two] = subnets;
    expect((await accept(domain, attachment, [one])).Associations?.Subnets).toEqual([
      { SubnetId: one, State: "associating" },
    ]);
    expect((await reject(domain, attachment, [two])).Associations?.Subnets).toEqual([
      { SubnetId: two, State: "rejected" },
    ]);
    expect(await associations(domain)).toMatchObject([
      { ResourceOwnerId: keys.account, Subnet: { SubnetId: one, State: "associated" } },
    ]);
  });

  test("or accepts them by itself", async () => {
    const { domain, attachment, subnets } = await sharedSite("enable");
    await associate(guest, domain, attachment, subnets);
    expect(await associations(domain, { Name: "state", Values: ["associated"] })).toHaveLength(2);
  });
});
