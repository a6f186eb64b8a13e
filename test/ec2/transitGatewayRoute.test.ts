import {
  AssociateTransitGatewayRouteTableCommand,
  AssociateVpcCidrBlockCommand,
  CreateManagedPrefixListCommand,
  CreateRouteCommand,
  CreateTransitGatewayPrefixListReferenceCommand,
  CreateTransitGatewayRouteCommand,
  CreateTransitGatewayRouteTableCommand,
  DeleteRouteCommand,
  DeleteTransitGatewayPrefixListReferenceCommand,
  DeleteTransitGatewayRouteCommand,
  DeleteTransitGatewayRouteTableCommand,
  DeleteTransitGatewayVpcAttachmentCommand,
  DescribeRouteTablesCommand,
  DisableTransitGatewayRouteTablePropagationCommand,
  DisassociateTransitGatewayRouteTableCommand,
  EnableTransitGatewayRouteTablePropagationCommand,
  GetTransitGatewayAttachmentPropagationsCommand,
  GetTransitGatewayPrefixListReferencesCommand,
  GetTransitGatewayRouteTableAssociationsCommand,
  GetTransitGatewayRouteTablePropagationsCommand,
  ModifyManagedPrefixListCommand,
  ModifyTransitGatewayPrefixListReferenceCommand,
  ReplaceTransitGatewayRouteCommand,
  SearchTransitGatewayRoutesCommand,
  type Filter,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { attach, leadTo, newGateway, newNetwork, type Network } from "./transitGateways.ts";

const ec2 = await freshClient();
const MISSING_TABLE = "tgw-rtb-0123456789abcdef0";
const MISSING = "tgw-attach-0123456789abcdef0";
const MISSING_LIST = "pl-0123456789abcdef0";

interface Spoke extends Network {
  readonly id: string;
}

/** A gateway with two VPCs, 10.1.0.0/16 and 10.2.0.0/16, that its default table knows. */
async function hub() {
  const { id, table } = await newGateway(ec2);
  const spoke = async (n: number): Promise<Spoke> => {
    const network = await newNetwork(ec2, n);
    return { ...network, id: await attach(ec2, id, network) };
  };
  return { gateway: id, table, one: await spoke(1), two: await spoke(2) };
}

type Target = { readonly TransitGatewayAttachmentId?: string; readonly Blackhole?: boolean };

const create = (TransitGatewayRouteTableId: string, DestinationCidrBlock: string, target: Target) =>
  ec2.send(
    new CreateTransitGatewayRouteCommand({ TransitGatewayRouteTableId, DestinationCidrBlock, ...target }),
  );
const replace = (TransitGatewayRouteTableId: string, DestinationCidrBlock: string, target: Target) =>
  ec2.send(
    new ReplaceTransitGatewayRouteCommand({ TransitGatewayRouteTableId, DestinationCidrBlock, ...target }),
  );
const remove = (TransitGatewayRouteTableId: string, DestinationCidrBlock: string) =>
  ec2.send(new DeleteTransitGatewayRouteCommand({ TransitGatewayRouteTableId, DestinationCidrBlock }));
const search = (TransitGatewayRouteTableId: string, ...Filters: Filter[]) =>
  ec2.send(new SearchTransitGatewayRoutesCommand({ TransitGatewayRouteTableId, Filters }));
const found = async (table: string, Name: string, ...Values: string[]) =>
  ((await search(table, { Name, Values })).Routes ?? []).map((route) => route.DestinationCidrBlock);
const everything = (table: string) => found(table, "type", "*");
const pair = (TransitGatewayRouteTableId: string, TransitGatewayAttachmentId: string) => ({
  TransitGatewayRouteTableId,
  TransitGatewayAttachmentId,
});
const associate = (table: string, id: string) =>
  ec2.send(new AssociateTransitGatewayRouteTableCommand(pair(table, id)));
const disassociate = (table: string, id: string) =>
  ec2.send(new DisassociateTransitGatewayRouteTableCommand(pair(table, id)));
const enable = (table: string, id: string) =>
  ec2.send(new EnableTransitGatewayRouteTablePropagationCommand(pair(table, id)));
const disable = (table: string, id: string) =>
  ec2.send(new DisableTransitGatewayRouteTablePropagationCommand(pair(table, id)));
const newTable = async (TransitGatewayId: string) =>
  (await ec2.send(new CreateTransitGatewayRouteTableCommand({ TransitGatewayId }))).TransitGatewayRouteTable
    ?.TransitGatewayRouteTableId ?? "";
const newList = async (...cidrs: string[]) =>
  (
    await ec2.send(
      new CreateManagedPrefixListCommand({
        PrefixListName: "networks",
        MaxEntries: 5,
        AddressFamily: "IPv4",
        Entries: cidrs.map((Cidr) => ({ Cidr })),
      }),
    )
  ).PrefixList?.PrefixListId ?? "";

describe("what it refuses to parse", () => {
  test("destinations that are none, no target and two", async () => {
    const { table, one } = await hub();
    await refused(create(table, "10.0.0.0", { Blackhole: true }), "InvalidParameterValue");
    await refused(create(table, "10.0.0.0/8", {}), "MissingParameter");
    const both = { TransitGatewayAttachmentId: one.id, Blackhole: true };
    await refused(create(table, "10.0.0.0/8", both), "InvalidParameterCombination");
    await refused(found(table, "route-search.exact-match", "here"), "InvalidParameterValue");
    await refused(found(table, "vpc-id", "*"), "InvalidParameterValue", "The filter 'vpc-id' is invalid");
  });

  test("propagation of nothing", async () => {
    const { table } = await hub();
    const nothing = new EnableTransitGatewayRouteTablePropagationCommand({
      TransitGatewayRouteTableId: table,
    });
    await refused(ec2.send(nothing), "MissingParameter");
  });
});

describe("what it refuses to do", () => {
  test("what is not there", async () => {
    const { table, gateway } = await hub();
    const calls = [associate, disassociate, enable, disable];
    for (const call of calls) {
      await refused(call(MISSING_TABLE, MISSING), "InvalidRouteTableID.NotFound");
      await refused(call(table, MISSING), "InvalidTransitGatewayAttachmentID.NotFound");
    }
    await refused(create(MISSING_TABLE, "10.0.0.0/8", { Blackhole: true }), "InvalidRouteTableID.NotFound");
    await refused(
      create(table, "10.0.0.0/8", { TransitGatewayAttachmentId: MISSING }),
      "InvalidTransitGatewayAttachmentID.NotFound",
    );
    await refused(remove(table, "10.0.0.0/8"), "InvalidRoute.NotFound");
    await refused(replace(table, "10.0.0.0/8", { Blackhole: true }), "InvalidRoute.NotFound");
    await refused(everything(MISSING_TABLE), "InvalidRouteTableID.NotFound");
    const elsewhere = await newTable((await newGateway(ec2)).id);
    const other = await newTable(gateway);
    const { one } = await hub();
    await refused(associate(elsewhere, one.id), "InvalidTransitGatewayAttachmentID.NotFound");
    await refused(enable(other, one.id), "InvalidTransitGatewayAttachmentID.NotFound");
  });

  test("a second table for an attachment, a route or a propagation twice, and to undo what is not done", async () => {
    const { gateway, table, one } = await hub();
    const other = await newTable(gateway);
    await refused(
      associate(other, one.id),
      "Resource.AlreadyAssociated",
      `Transit Gateway Attachment ${one.id} is already associated to a route table.`,
    );
    await refused(disassociate(other, one.id), "InvalidAssociation.NotFound");
    await refused(
      enable(table, one.id),
      "TransitGatewayRouteTablePropagation.Duplicate",
      `Propagation ${one.id} already exists in Transit Gateway Route Table ${table}.`,
    );
    await refused(disable(other, one.id), "TransitGatewayRouteTablePropagation.NotFound");
    await create(table, "10.0.0.0/8", { Blackhole: true });
    await refused(
      create(table, "10.0.0.0/8", { Blackhole: true }),
      "RouteAlreadyExists",
      `Route 10.0.0.0/8 already exists in Transit Gateway Route Table ${table}.`,
    );
  });

  test("to delete a table with associations", async () => {
    const { gateway, table, one } = await hub();
    const TransitGatewayRouteTableId = await newTable(gateway);
    await disassociate(table, one.id);
    await associate(TransitGatewayRouteTableId, one.id);
    const call = () => ec2.send(new DeleteTransitGatewayRouteTableCommand({ TransitGatewayRouteTableId }));
    await refused(call(), "IncorrectState");
    await disassociate(TransitGatewayRouteTableId, one.id);
    await call();
  });

  test("announcements of tables", async () => {
    const { table } = await hub();
    const TransitGatewayRouteTableAnnouncementId = "tgw-rtb-ann-0123456789abcdef0";
    const asked = { TransitGatewayRouteTableId: table, TransitGatewayRouteTableAnnouncementId };
    await refused(
      ec2.send(new EnableTransitGatewayRouteTablePropagationCommand(asked)),
      "InvalidTransitGatewayRouteTableAnnouncementId.NotFound",
    );
  });

  test("a route of a VPC to a gateway that it is not attached to", async () => {
    const { gateway } = await hub();
    const network = await newNetwork(ec2, 3);
    await refused(
      leadTo(ec2, gateway, network),
      "InvalidTransitGatewayID.NotFound",
      `The transitGateway ID '${gateway}' does not exist`,
    );
  });

  test("prefix lists that are not there, twice, or not referenced", async () => {
    const { table } = await hub();
    const asked = { TransitGatewayRouteTableId: table, Blackhole: true };
    const add = (PrefixListId: string) =>
      ec2.send(new CreateTransitGatewayPrefixListReferenceCommand({ ...asked, PrefixListId }));
    const drop = (PrefixListId: string) =>
      ec2.send(new DeleteTransitGatewayPrefixListReferenceCommand({ ...asked, PrefixListId }));
    await refused(add(MISSING_LIST), "InvalidPrefixListID.NotFound");
    await refused(add("pl-1"), "InvalidPrefixListId.Malformed");
    const list = await newList("10.0.0.0/8");
    await refused(drop(list), "InvalidPrefixListID.NotFound");
    await add(list);
    await refused(add(list), "RouteAlreadyExists");
  });
});

describe("what it does", () => {
  test("associates and disassociates", async () => {
    const { gateway, table, one, two } = await hub();
    const other = await newTable(gateway);
    const association = {
      TransitGatewayAttachmentId: one.id,
      ResourceId: one.vpc,
      ResourceType: "vpc",
    };
    expect((await disassociate(table, one.id)).Association).toEqual({
      ...association,
      TransitGatewayRouteTableId: table,
      State: "disassociating",
    });
    expect((await associate(other, one.id)).Association).toEqual({
      ...association,
      TransitGatewayRouteTableId: other,
      State: "associating",
    });
    const get = async (id: string, ...Filters: Filter[]) =>
      (
        await ec2.send(
          new GetTransitGatewayRouteTableAssociationsCommand({ TransitGatewayRouteTableId: id, Filters }),
        )
      ).Associations;
    expect(await get(other)).toEqual([{ ...association, State: "associated" }]);
    expect((await get(table))?.map((each) => each.TransitGatewayAttachmentId)).toEqual([two.id]);
    for (const [Name, value] of [
      ["resource-id", one.vpc],
      ["resource-type", "vpc"],
      ["transit-gateway-attachment-id", one.id],
    ] as const) {
      expect(await get(other, { Name, Values: [value] })).toHaveLength(1);
      expect(await get(other, { Name, Values: ["none such"] })).toEqual([]);
    }
  });

  test("propagates the blocks of VPCs, as they come and go", async () => {
    const { gateway, table, one, two } = await hub();
    expect(await everything(table)).toEqual([one.cidr, two.cidr]);
    const other = await newTable(gateway);
    expect((await enable(other, one.id)).Propagation).toEqual({
      TransitGatewayAttachmentId: one.id,
      ResourceId: one.vpc,
      ResourceType: "vpc",
      TransitGatewayRouteTableId: other,
      State: "enabled",
    });
    await ec2.send(new AssociateVpcCidrBlockCommand({ VpcId: one.vpc, CidrBlock: "10.101.0.0/16" }));
    expect(await everything(other)).toEqual([one.cidr, "10.101.0.0/16"]);
    const ofTable = async (...Filters: Filter[]) =>
      (
        await ec2.send(
          new GetTransitGatewayRouteTablePropagationsCommand({ TransitGatewayRouteTableId: other, Filters }),
        )
      ).TransitGatewayRouteTablePropagations;
    expect(await ofTable()).toEqual([
      { TransitGatewayAttachmentId: one.id, ResourceId: one.vpc, ResourceType: "vpc", State: "enabled" },
    ]);
    for (const [Name, value] of [
      ["resource-id", one.vpc],
      ["resource-type", "vpc"],
      ["transit-gateway-attachment-id", one.id],
    ] as const) {
      expect(await ofTable({ Name, Values: [value] })).toHaveLength(1);
      expect(await ofTable({ Name, Values: ["none such"] })).toEqual([]);
    }
    const ofAttachment = async (...Filters: Filter[]) =>
      (
        await ec2.send(
          new GetTransitGatewayAttachmentPropagationsCommand({ TransitGatewayAttachmentId: one.id, Filters }),
        )
      ).TransitGatewayAttachmentPropagations;
    expect(await ofAttachment()).toEqual([
      { TransitGatewayRouteTableId: table, State: "enabled" },
      { TransitGatewayRouteTableId: other, State: "enabled" },
    ]);
    expect(await ofAttachment({ Name: "transit-gateway-route-table-id", Values: [other] })).toHaveLength(1);
    expect((await disable(other, one.id)).Propagation).toMatchObject({ State: "disabled" });
    expect(await everything(other)).toEqual([]);
  });

  test("of VPCs that overlap, the first is reached", async () => {
    const { gateway, table, one, two } = await hub();
    const again = await attach(ec2, gateway, await newNetwork(ec2, 1));
    expect(await everything(table)).toEqual([one.cidr, two.cidr]);
    expect(await found(table, "attachment.transit-gateway-attachment-id", again)).toEqual([]);
  });

  test("makes, replaces and deletes static routes", async () => {
    const { table, one } = await hub();
    const { Route } = await create(table, "10.200.1.0/16", { TransitGatewayAttachmentId: one.id });
    expect(Route).toEqual({
      DestinationCidrBlock: "10.200.0.0/16",
      TransitGatewayAttachments: [
        { TransitGatewayAttachmentId: one.id, ResourceId: one.vpc, ResourceType: "vpc" },
      ],
      Type: "static",
      State: "active",
    });
    expect((await replace(table, "10.200.0.0/16", { Blackhole: true })).Route).toEqual({
      DestinationCidrBlock: "10.200.0.0/16",
      TransitGatewayAttachments: [],
      Type: "static",
      State: "blackhole",
    });
    expect((await remove(table, "10.200.0.0/16")).Route).toMatchObject({ State: "deleted" });
    expect(await everything(table)).not.toContain("10.200.0.0/16");
  });

  test("a static route to an attachment that goes becomes a blackhole; propagated ones go", async () => {
    const { table, one, two } = await hub();
    await create(table, "10.200.0.0/16", { TransitGatewayAttachmentId: one.id });
    await ec2.send(new DeleteTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId: one.id }));
    expect(await everything(table)).toEqual(["10.200.0.0/16", two.cidr]);
    expect(await found(table, "state", "blackhole")).toEqual(["10.200.0.0/16"]);
  });

  test("searches by every filter", async () => {
    const { table, one, two } = await hub();
    await create(table, "10.1.128.0/17", { Blackhole: true });
    await create(table, "10.0.0.0/8", { TransitGatewayAttachmentId: two.id });
    const list = await newList("10.3.0.0/16", "10.4.0.0/16");
    await ec2.send(
      new CreateTransitGatewayPrefixListReferenceCommand({
        TransitGatewayRouteTableId: table,
        PrefixListId: list,
        TransitGatewayAttachmentId: one.id,
      }),
    );
    for (const [name, value, ...expected] of [
      ["attachment.resource-id", two.vpc, "10.0.0.0/8", two.cidr],
      ["attachment.resource-type", "vpc", "10.0.0.0/8", "10.3.0.0/16", "10.4.0.0/16", one.cidr, two.cidr],
      ["attachment.transit-gateway-attachment-id", one.id, "10.3.0.0/16", "10.4.0.0/16", one.cidr],
      ["prefix-list-id", list, "10.3.0.0/16", "10.4.0.0/16"],
      ["route-search.exact-match", "10.1.0.0/16", one.cidr],
      ["route-search.longest-prefix-match", "10.1.200.7", "10.1.128.0/17"],
      ["route-search.longest-prefix-match", "10.1.1.0/24", one.cidr],
      ["route-search.longest-prefix-match", "10.9.0.0/16", "10.0.0.0/8"],
      ["route-search.longest-prefix-match", "192.0.2.1"],
      ["route-search.subnet-of-match", "10.1.0.0/16", "10.1.128.0/17", one.cidr],
      ["route-search.supernet-of-match", "10.1.128.0/17", "10.1.128.0/17", "10.0.0.0/8", one.cidr],
      ["state", "blackhole", "10.1.128.0/17"],
      ["type", "propagated", one.cidr, two.cidr],
    ] as const) {
      expect([name, value, await found(table, name, value)]).toEqual([name, value, expected]);
    }
    const both = await search(
      table,
      { Name: "type", Values: ["propagated"] },
      { Name: "route-search.subnet-of-match", Values: ["10.1.0.0/16"] },
    );
    expect(both.Routes?.map(({ DestinationCidrBlock }) => DestinationCidrBlock)).toEqual([one.cidr]);
    expect(both.AdditionalRoutesAvailable).toBe(false);
  });

  test("says when there are more routes than asked for", async () => {
    const { table } = await hub();
    for (let i = 0; i < 6; i++) await create(table, `10.20${i}.0.0/16`, { Blackhole: true });
    const asked = {
      TransitGatewayRouteTableId: table,
      Filters: [{ Name: "type", Values: ["static"] }],
      MaxResults: 5,
    };
    const first = await ec2.send(new SearchTransitGatewayRoutesCommand(asked));
    expect(first.Routes).toHaveLength(5);
    expect(first.AdditionalRoutesAvailable).toBe(true);
    const rest = await ec2.send(
      new SearchTransitGatewayRoutesCommand({ ...asked, NextToken: first.NextToken }),
    );
    expect(rest.Routes?.map(({ DestinationCidrBlock }) => DestinationCidrBlock)).toEqual(["10.205.0.0/16"]);
  });

  test("references prefix lists, which may change", async () => {
    const { table, one, two } = await hub();
    const list = await newList("10.3.0.0/16");
    const asked = { TransitGatewayRouteTableId: table, PrefixListId: list };
    const { TransitGatewayPrefixListReference: made } = await ec2.send(
      new CreateTransitGatewayPrefixListReferenceCommand({ ...asked, TransitGatewayAttachmentId: one.id }),
    );
    expect(made).toEqual({
      ...asked,
      PrefixListOwnerId: made?.PrefixListOwnerId,
      State: "available",
      Blackhole: false,
      TransitGatewayAttachment: {
        TransitGatewayAttachmentId: one.id,
        ResourceType: "vpc",
        ResourceId: one.vpc,
      },
    });
    await ec2.send(
      new ModifyManagedPrefixListCommand({
        PrefixListId: list,
        CurrentVersion: 1,
        AddEntries: [{ Cidr: "10.4.0.0/16" }],
      }),
    );
    expect(await found(table, "prefix-list-id", list)).toEqual(["10.3.0.0/16", "10.4.0.0/16"]);
    const modified = await ec2.send(
      new ModifyTransitGatewayPrefixListReferenceCommand({ ...asked, TransitGatewayAttachmentId: two.id }),
    );
    expect(modified.TransitGatewayPrefixListReference).toMatchObject({
      State: "modifying",
      TransitGatewayAttachment: { TransitGatewayAttachmentId: two.id },
    });
    const get = async (...Filters: Filter[]) =>
      (
        await ec2.send(
          new GetTransitGatewayPrefixListReferencesCommand({ TransitGatewayRouteTableId: table, Filters }),
        )
      ).TransitGatewayPrefixListReferences;
    for (const [Name, value] of [
      ["attachment.resource-id", two.vpc],
      ["attachment.resource-type", "vpc"],
      ["attachment.transit-gateway-attachment-id", two.id],
      ["is-blackhole", "false"],
      ["prefix-list-id", list],
      ["prefix-list-owner-id", made?.PrefixListOwnerId],
      ["state", "available"],
    ] as const) {
      expect([Name, await get({ Name, Values: [value ?? ""] })]).toMatchObject([
        Name,
        [{ PrefixListId: list }],
      ]);
      expect(await get({ Name, Values: ["none such"] })).toEqual([]);
    }
    const gone = await ec2.send(new DeleteTransitGatewayPrefixListReferenceCommand(asked));
    expect(gone.TransitGatewayPrefixListReference).toMatchObject({ State: "deleting" });
    expect(await get()).toEqual([]);
  });

  test("a VPC's table leads to a gateway, and says so when that is gone", async () => {
    const { gateway, one } = await hub();
    await leadTo(ec2, gateway, one);
    const route = async () => {
      const { RouteTables } = await ec2.send(
        new DescribeRouteTablesCommand({
          RouteTableIds: [one.table],
          Filters: [{ Name: "route.transit-gateway-id", Values: [gateway] }],
        }),
      );
      return RouteTables?.[0]?.Routes?.find(({ TransitGatewayId }) => TransitGatewayId === gateway);
    };
    expect(await route()).toEqual({
      DestinationCidrBlock: "0.0.0.0/0",
      TransitGatewayId: gateway,
      Origin: "CreateRoute",
      State: "active",
    });
    await refused(
      ec2.send(
        new CreateRouteCommand({
          RouteTableId: one.table,
          DestinationCidrBlock: "10.1.0.0/24",
          TransitGatewayId: gateway,
        }),
      ),
      "InvalidParameterValue",
    );
    await ec2.send(new DeleteTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId: one.id }));
    expect(await route()).toMatchObject({ State: "blackhole" });
    await ec2.send(new DeleteRouteCommand({ RouteTableId: one.table, DestinationCidrBlock: "0.0.0.0/0" }));
  });
});
