import {
  CreateTagsCommand,
  CreateTransitGatewayCommand,
  CreateTransitGatewayRouteTableCommand,
  DeleteTransitGatewayCommand,
  DeleteTransitGatewayRouteTableCommand,
  DescribeTransitGatewayRouteTablesCommand,
  DescribeTransitGatewaysCommand,
  ModifyTransitGatewayCommand,
  type DescribeTransitGatewaysRequest,
  type ModifyTransitGatewayOptions,
  type TransitGatewayRequestOptions,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, ownIslet, refused } from "../islet.ts";
import { attach, newGateway, newNetwork } from "./transitGateways.ts";

const ec2 = await freshClient();
const MISSING = "tgw-0123456789abcdef0";

const create = (Options?: TransitGatewayRequestOptions) =>
  ec2.send(new CreateTransitGatewayCommand({ Options }));
const modify = (TransitGatewayId: string, Options: ModifyTransitGatewayOptions) =>
  ec2.send(new ModifyTransitGatewayCommand({ TransitGatewayId, Options }));
const remove = (TransitGatewayId: string) => ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId }));
const gateways = async (input: DescribeTransitGatewaysRequest) =>
  (await ec2.send(new DescribeTransitGatewaysCommand(input))).TransitGateways ?? [];
const shown = async (id: string) => (await gateways({ TransitGatewayIds: [id] }))[0];
const newTable = async (TransitGatewayId: string) =>
  (await ec2.send(new CreateTransitGatewayRouteTableCommand({ TransitGatewayId }))).TransitGatewayRouteTable
    ?.TransitGatewayRouteTableId ?? "";
const removeTable = (TransitGatewayRouteTableId: string) =>
  ec2.send(new DeleteTransitGatewayRouteTableCommand({ TransitGatewayRouteTableId }));
const tables = async (Name: string, value: string) => {
  const { TransitGatewayRouteTables } = await ec2.send(
    new DescribeTransitGatewayRouteTablesCommand({ Filters: [{ Name, Values: [value] }] }),
  );
  return (TransitGatewayRouteTables ?? []).map((table) => table.TransitGatewayRouteTableId);
};

describe("what it refuses to parse", () => {
  test("ids of another form", async () => {
    await refused(
      remove("tgw-1"),
      "InvalidTransitGatewayID.Malformed",
      'Invalid id: "tgw-1" (expecting "tgw-...")',
    );
    await refused(
      removeTable("tgw-rtb-1"),
      "InvalidRouteTableId.Malformed",
      'Invalid id: "tgw-rtb-1" (expecting "tgw-rtb-...")',
    );
  });

  test("numbers that are not for private use", async () => {
    for (const AmazonSideAsn of [0, 64_511, 65_535, 4_199_999_999, 4_294_967_295]) {
      await refused(create({ AmazonSideAsn }), "InvalidParameterValue", /amazonSideAsn/);
    }
  });

  test("blocks that are too small, link-local, overlapping, or too many", async () => {
    const refuse = (...TransitGatewayCidrBlocks: string[]) =>
      refused(create({ TransitGatewayCidrBlocks }), "InvalidParameterValue");
    await refuse("10.0.0.0/25");
    await refuse("2001:db8::/65");
    await refuse("169.254.1.0/24");
    await refuse("10.0.0.0/16", "10.0.1.0/24");
    await refuse("10.0.0.0");
    await refuse(...[0, 1, 2, 3, 4, 5].map((i) => `10.0.${i}.0/24`));
  });
});

describe("what it refuses to do", () => {
  test("what is not there", async () => {
    const text = `Transit Gateway ${MISSING} was deleted or does not exist.`;
    await refused(remove(MISSING), "InvalidTransitGatewayID.NotFound", text);
    await refused(shown(MISSING), "InvalidTransitGatewayID.NotFound");
    await refused(newTable(MISSING), "InvalidTransitGatewayID.NotFound");
    await refused(
      removeTable("tgw-rtb-0123456789abcdef0"),
      "InvalidRouteTableID.NotFound",
      "Transit Gateway Route Table tgw-rtb-0123456789abcdef0 was deleted or does not exist.",
    );
  });

  test("to delete a gateway with attachments, in words that say which", async () => {
    const { id } = await newGateway(ec2);
    const attachment = await attach(ec2, id, await newNetwork(ec2, 1));
    const text = `${id} has non-deleted Transit Gateway Attachments: ${attachment}.`;
    await refused(remove(id), "IncorrectState", text);
  });

  test("anything with one that is deleted", async () => {
    const { id } = await newGateway(ec2);
    await remove(id);
    expect(await shown(id)).toMatchObject({ State: "deleted" });
    await refused(remove(id), "InvalidTransitGatewayID.NotFound");
    await refused(newTable(id), "InvalidTransitGatewayID.NotFound");
  });

  test("another account's gateway", async () => {
    const { id } = await newGateway(ec2);
    const other = await freshClient();
    await refused(
      other.send(new DeleteTransitGatewayCommand({ TransitGatewayId: id })),
      "InvalidTransitGatewayID.NotFound",
    );
  });

  test("default tables that contradict the switches", async () => {
    const { id, table } = await newGateway(ec2, { DefaultRouteTablePropagation: "disable" });
    await refused(
      modify(id, { DefaultRouteTablePropagation: "enable" }),
      "InvalidParameterCombination",
      "enable DefaultRouteTablePropagation conflicts with PropagationDefaultRouteTableId null",
    );
    await refused(
      modify(id, { PropagationDefaultRouteTableId: table }),
      "InvalidParameterCombination",
      `disable DefaultRouteTablePropagation conflicts with PropagationDefaultRouteTableId ${table}`,
    );
    const other = await newGateway(ec2);
    await refused(
      modify(id, { AssociationDefaultRouteTableId: other.table }),
      "InvalidRouteTableID.NotFound",
    );
  });

  test("to remove a block that the gateway does not have", async () => {
    const { id } = await newGateway(ec2);
    await refused(modify(id, { RemoveTransitGatewayCidrBlocks: ["10.0.0.0/24"] }), "InvalidParameterValue");
  });

  test("to delete a default table", async () => {
    const { id, table } = await newGateway(ec2);
    await refused(removeTable(table), "IncorrectState", `${table} is a default route table of ${id}`);
  });

  test("more gateways and tables than the quotas allow", async () => {
    const islet = await ownIslet({ quotas: "usual" });
    try {
      const client = await freshClient({ islet });
      const { id } = await newGateway(client);
      for (let count = 1; count < 5; count++) await newGateway(client);
      await refused(client.send(new CreateTransitGatewayCommand({})), "TransitGatewayLimitExceeded");
      const add = () => client.send(new CreateTransitGatewayRouteTableCommand({ TransitGatewayId: id }));
      for (let count = 1; count < 20; count++) await add();
      await refused(add(), "TransitGatewayRouteTableLimitExceeded");
    } finally {
      await islet.close();
    }
  });
});

describe("what it does", () => {
  test("creates a gateway, pending and then available, with its default table", async () => {
    const { TransitGateway } = await ec2.send(
      new CreateTransitGatewayCommand({
        Description: "hub",
        TagSpecifications: [{ ResourceType: "transit-gateway", Tags: [{ Key: "Name", Value: "hub" }] }],
      }),
    );
    const { TransitGatewayId: id = "", Options, OwnerId } = TransitGateway ?? {};
    const table = Options?.AssociationDefaultRouteTableId ?? "";
    expect(TransitGateway).toEqual({
      TransitGatewayId: expect.stringMatching(/^tgw-0[0-9a-f]{16}$/) as string,
      TransitGatewayArn: `arn:aws:ec2:us-east-1:${OwnerId}:transit-gateway/${id}`,
      OwnerId: expect.stringMatching(/^\d{12}$/) as string,
      State: "pending",
      Description: "hub",
      CreationTime: expect.any(Date) as Date,
      Options: {
        AmazonSideAsn: 64_512,
        TransitGatewayCidrBlocks: [],
        AutoAcceptSharedAttachments: "disable",
        DefaultRouteTableAssociation: "enable",
        AssociationDefaultRouteTableId: table,
        DefaultRouteTablePropagation: "enable",
        PropagationDefaultRouteTableId: table,
        VpnEcmpSupport: "enable",
        DnsSupport: "enable",
        SecurityGroupReferencingSupport: "disable",
        MulticastSupport: "disable",
        EncryptionSupport: { EncryptionState: "disabled" },
      },
      Tags: [{ Key: "Name", Value: "hub" }],
    });
    expect(await shown(id)).toEqual({ ...TransitGateway, State: "available" });
    expect(await tables("transit-gateway-id", id)).toEqual([table]);
  });

  test("takes every option", async () => {
    const options = {
      AmazonSideAsn: 4_200_000_001,
      AutoAcceptSharedAttachments: "enable",
      DefaultRouteTableAssociation: "disable",
      DefaultRouteTablePropagation: "disable",
      VpnEcmpSupport: "disable",
      DnsSupport: "disable",
      SecurityGroupReferencingSupport: "enable",
      MulticastSupport: "enable",
      TransitGatewayCidrBlocks: ["10.99.0.0/24", "2001:db8::/64"],
    } as const;
    const { id, shown: gateway } = await newGateway(ec2, {
      ...options,
      TransitGatewayCidrBlocks: [...options.TransitGatewayCidrBlocks],
    });
    expect(gateway.Options).toMatchObject(options);
    expect(await tables("transit-gateway-id", id)).toEqual([]);
  });

  test("changes what can be changed, and other tables become the defaults", async () => {
    const { id, table } = await newGateway(ec2, { TransitGatewayCidrBlocks: ["10.99.0.0/24"] });
    const other = await newTable(id);
    const { TransitGateway } = await ec2.send(
      new ModifyTransitGatewayCommand({
        TransitGatewayId: id,
        Description: "other",
        Options: {
          AddTransitGatewayCidrBlocks: ["10.98.0.0/24"],
          RemoveTransitGatewayCidrBlocks: ["10.99.0.0/24"],
          AmazonSideAsn: 64_600,
          VpnEcmpSupport: "disable",
          DnsSupport: "disable",
          SecurityGroupReferencingSupport: "enable",
          AutoAcceptSharedAttachments: "enable",
          AssociationDefaultRouteTableId: other,
          DefaultRouteTablePropagation: "disable",
        },
      }),
    );
    expect(TransitGateway).toMatchObject({ State: "modifying", Description: "other" });
    const now = await shown(id);
    expect(now).toMatchObject({
      State: "available",
      Options: {
        AmazonSideAsn: 64_600,
        TransitGatewayCidrBlocks: ["10.98.0.0/24"],
        AutoAcceptSharedAttachments: "enable",
        DefaultRouteTableAssociation: "enable",
        AssociationDefaultRouteTableId: other,
        DefaultRouteTablePropagation: "disable",
        VpnEcmpSupport: "disable",
        DnsSupport: "disable",
        SecurityGroupReferencingSupport: "enable",
      },
    });
    expect(now?.Options?.PropagationDefaultRouteTableId).toBeUndefined();
    expect(await tables("default-association-route-table", "true")).toContain(other);
    expect(await tables("default-association-route-table", "true")).not.toContain(table);
    await removeTable(table);
  });

  test("is found by each filter", async () => {
    const { id, shown: gateway } = await newGateway(ec2);
    const { Options } = gateway;
    await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "k", Value: "v" }] }));
    for (const [Name, value] of [
      ["options.amazon-side-asn", "64512"],
      ["options.association-default-route-table-id", Options?.AssociationDefaultRouteTableId],
      ["options.auto-accept-shared-attachments", "disable"],
      ["options.default-route-table-association", "enable"],
      ["options.default-route-table-propagation", "enable"],
      ["options.dns-support", "enable"],
      ["options.propagation-default-route-table-id", Options?.PropagationDefaultRouteTableId],
      ["options.vpn-ecmp-support", "enable"],
      ["owner-id", gateway.OwnerId],
      ["state", "available"],
      ["transit-gateway-id", id],
      ["tag:k", "v"],
      ["tag-key", "k"],
    ] as const) {
      const found = await gateways({ Filters: [{ Name, Values: [value ?? ""] }] });
      expect([Name, found.map(({ TransitGatewayId }) => TransitGatewayId)]).toEqual([
        Name,
        expect.arrayContaining([id]),
      ]);
      expect(await gateways({ Filters: [{ Name, Values: ["none such"] }] })).toEqual([]);
    }
  });

  test("tables are found by each filter, and tagged under their own name", async () => {
    const { id, table } = await newGateway(ec2);
    await ec2.send(new CreateTagsCommand({ Resources: [table], Tags: [{ Key: "k", Value: "table" }] }));
    for (const [Name, value] of [
      ["default-association-route-table", "true"],
      ["default-propagation-route-table", "true"],
      ["state", "available"],
      ["transit-gateway-id", id],
      ["transit-gateway-route-table-id", table],
      ["tag:k", "table"],
    ] as const) {
      expect(await tables(Name, value)).toContain(table);
      expect(await tables(Name, "none such")).toEqual([]);
    }
  });

  test("deletes a table, and with a gateway all of its tables", async () => {
    const { id, table } = await newGateway(ec2);
    const [one, two] = [await newTable(id), await newTable(id)];
    await removeTable(one);
    await refused(removeTable(one), "InvalidRouteTableID.NotFound");
    expect(await tables("state", "deleted")).toContain(one);
    await remove(id);
    for (const gone of [table, two]) expect(await tables("transit-gateway-route-table-id", gone)).toEqual([]);
  });
});
