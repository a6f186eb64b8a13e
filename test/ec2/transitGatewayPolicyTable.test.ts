import {
  AssociateTransitGatewayPolicyTableCommand,
  AssociateTransitGatewayRouteTableCommand,
  CreateTransitGatewayPolicyTableCommand,
  CreateTransitGatewayPolicyTableEntryCommand,
  CreateTransitGatewayRouteTableCommand,
  DeleteTransitGatewayCommand,
  DeleteTransitGatewayPolicyTableCommand,
  DeleteTransitGatewayPolicyTableEntryCommand,
  DeleteTransitGatewayRouteTableCommand,
  DescribeTransitGatewayAttachmentsCommand,
  DescribeTransitGatewayPolicyTablesCommand,
  DisassociateTransitGatewayPolicyTableCommand,
  DisassociateTransitGatewayRouteTableCommand,
  GetTransitGatewayPolicyTableAssociationsCommand,
  GetTransitGatewayPolicyTableEntriesCommand,
  ModifyTransitGatewayPolicyTableEntryCommand,
  type EC2Client,
  type Filter,
  type TransitGatewayRequestPolicyRule,
} from "@aws-sdk/client-ec2";
import { beforeEach, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { attach, newGateway, newNetwork } from "./transitGateways.ts";

let ec2: EC2Client;
beforeEach(async () => {
  ec2 = await freshClient();
});

const MISSING = "tgw-ptb-0123456789abcdef0";
const ANYTHING = {
  SourceCidrBlock: "*",
  SourcePortRange: "*",
  DestinationCidrBlock: "*",
  DestinationPortRange: "*",
  Protocol: "*",
};

async function newPolicy(TransitGatewayId: string): Promise<string> {
  const { TransitGatewayPolicyTable: made } = await ec2.send(
    new CreateTransitGatewayPolicyTableCommand({ TransitGatewayId }),
  );
  return made?.TransitGatewayPolicyTableId ?? "";
}

async function newTable(TransitGatewayId: string): Promise<string> {
  const { TransitGatewayRouteTable: made } = await ec2.send(
    new CreateTransitGatewayRouteTableCommand({ TransitGatewayId }),
  );
  return made?.TransitGatewayRouteTableId ?? "";
}

const addEntry = async (
  TransitGatewayPolicyTableId: string,
  PolicyRuleNumber: string,
  TargetRouteTableId: string,
  PolicyRule?: TransitGatewayRequestPolicyRule,
) => {
  const asked = { TransitGatewayPolicyTableId, PolicyRuleNumber, TargetRouteTableId, PolicyRule };
  return (await ec2.send(new CreateTransitGatewayPolicyTableEntryCommand(asked)))
    .TransitGatewayPolicyTableEntry;
};

const changeEntry = async (
  TransitGatewayPolicyTableId: string,
  PolicyRuleNumber: string,
  change: { PolicyRule?: TransitGatewayRequestPolicyRule; TargetRouteTableId?: string },
) => {
  const asked = { TransitGatewayPolicyTableId, PolicyRuleNumber, ...change };
  return (await ec2.send(new ModifyTransitGatewayPolicyTableEntryCommand(asked)))
    .TransitGatewayPolicyTableEntry;
};

const removeEntry = (TransitGatewayPolicyTableId: string, PolicyRuleNumber: string) =>
  ec2.send(
    new DeleteTransitGatewayPolicyTableEntryCommand({ TransitGatewayPolicyTableId, PolicyRuleNumber }),
  );

const entries = async (TransitGatewayPolicyTableId: string, Filters?: Filter[]) =>
  (await ec2.send(new GetTransitGatewayPolicyTableEntriesCommand({ TransitGatewayPolicyTableId, Filters })))
    .TransitGatewayPolicyTableEntries;

const numbers = async (id: string, Name: string, ...Values: string[]) =>
  (await entries(id, [{ Name, Values }]))?.map(({ PolicyRuleNumber }) => PolicyRuleNumber);

const associate = (TransitGatewayPolicyTableId: string, TransitGatewayAttachmentId: string) =>
  ec2.send(
    new AssociateTransitGatewayPolicyTableCommand({
      TransitGatewayPolicyTableId,
      TransitGatewayAttachmentId,
    }),
  );

const disassociate = (TransitGatewayPolicyTableId: string, TransitGatewayAttachmentId: string) =>
  ec2.send(
    new DisassociateTransitGatewayPolicyTableCommand({
      TransitGatewayPolicyTableId,
      TransitGatewayAttachmentId,
    }),
  );

const remove = (TransitGatewayPolicyTableId: string) =>
  ec2.send(new DeleteTransitGatewayPolicyTableCommand({ TransitGatewayPolicyTableId }));

const shown = async (...TransitGatewayPolicyTableIds: string[]) =>
  (await ec2.send(new DescribeTransitGatewayPolicyTablesCommand({ TransitGatewayPolicyTableIds })))
    .TransitGatewayPolicyTables;

/** A gateway whose attachments are associated with nothing, and a policy table of it. */
async function bare() {
  const gateway = await newGateway(ec2, { DefaultRouteTableAssociation: "disable" });
  return {
    gateway: gateway.id,
    policy: await newPolicy(gateway.id),
    table: await newTable(gateway.id),
    attachment: await attach(ec2, gateway.id, await newNetwork(ec2, 1)),
  };
}

describe("what it refuses to parse", () => {
  test("ids of another form, and of no table", async () => {
    await refused(remove("tgw-ptb-1"), "InvalidTransitGatewayPolicyTableId.Malformed");
    for (const call of [remove, shown, entries]) {
      await refused(
        call(MISSING),
        "InvalidTransitGatewayPolicyTableId.NotFound",
        `Transit Gateway Policy Table ${MISSING} was deleted or does not exist.`,
      );
    }
  });

  test("rule numbers, blocks, protocols and ports that are none", async () => {
    const { policy, table } = await bare();
    for (const number of ["0", "50001", "-1", "1.5", "*", "", "1e3"]) {
      await refused(addEntry(policy, number, table), "InvalidParameterValue", /policyRuleNumber/);
    }
    const wrong: [TransitGatewayRequestPolicyRule, RegExp][] = [
      [{ SourceCidrBlock: "10.0.0.0" }, /sourceCidrBlock/],
      [{ DestinationCidrBlock: "10.0.0.0/33" }, /destinationCidrBlock/],
      [{ Protocol: "tcp" }, /protocol/],
      [{ Protocol: "58" }, /protocol/],
      [{ Protocol: "6", SourcePortRange: "80-79" }, /sourcePortRange/],
      [{ Protocol: "6", DestinationPortRange: "65536" }, /destinationPortRange/],
      [{ Protocol: "17", DestinationPortRange: "http" }, /destinationPortRange/],
    ];
    for (const [rule, message] of wrong) {
      await refused(addEntry(policy, "1", table, rule), "InvalidParameterValue", message);
    }
  });
});

describe("what it refuses to do", () => {
  test("ports of protocols that have none, and metadata, which only core networks give", async () => {
    const { policy, table } = await bare();
    for (const Protocol of ["*", "1", "47"]) {
      const rule = { Protocol, DestinationPortRange: "443" };
      await refused(addEntry(policy, "1", table, rule), "InvalidParameterCombination");
    }
    const MetaData = { MetaDataKey: "segment", MetaDataValue: "prod" };
    await refused(addEntry(policy, "1", table, { MetaData }), "UnsupportedOperation");
    await addEntry(policy, "1", table, { Protocol: "6", DestinationPortRange: "443" });
    await refused(changeEntry(policy, "1", { PolicyRule: { Protocol: "1" } }), "InvalidParameterCombination");
  });

  test("two entries of one number, and entries that are not there", async () => {
    const { policy, table } = await bare();
    await addEntry(policy, "7", table);
    await refused(addEntry(policy, "7", table), "InvalidParameterValue", /7 already exists/);
    await refused(changeEntry(policy, "8", {}), "InvalidTransitGatewayPolicyTableEntry.NotFound");
    await refused(removeEntry(policy, "8"), "InvalidTransitGatewayPolicyTableEntry.NotFound");
  });

  test("a route table of another gateway", async () => {
    const { policy } = await bare();
    const other = await newGateway(ec2);
    await refused(addEntry(policy, "1", other.table), "InvalidRouteTableID.NotFound");
  });

  test("to take a route table away that an entry chooses", async () => {
    const { policy, table } = await bare();
    await addEntry(policy, "1", table);
    const take = new DeleteTransitGatewayRouteTableCommand({ TransitGatewayRouteTableId: table });
    await refused(ec2.send(take), "IncorrectState");
    await removeEntry(policy, "1");
    await ec2.send(take);
  });

  test("an attachment with both a route table and a policy table", async () => {
    const { policy, table, attachment } = await bare();
    const pair = { TransitGatewayRouteTableId: table, TransitGatewayAttachmentId: attachment };
    await ec2.send(new AssociateTransitGatewayRouteTableCommand(pair));
    await refused(associate(policy, attachment), "Resource.AlreadyAssociated", /route table/);
    await refused(
      disassociate(policy, attachment),
      "InvalidTransitGatewayPolicyTableAssociation.NotFound",
      `Transit Gateway Attachment ${attachment} is not associated with Transit Gateway Policy Table ${policy}.`,
    );
    await ec2.send(new DisassociateTransitGatewayRouteTableCommand(pair));
    await associate(policy, attachment);
    await refused(
      ec2.send(new AssociateTransitGatewayRouteTableCommand(pair)),
      "Resource.AlreadyAssociated",
      /policy table/,
    );
  });

  test("to delete one that is associated; others' tables", async () => {
    const { policy, attachment } = await bare();
    await associate(policy, attachment);
    await refused(remove(policy), "IncorrectState");
    const stranger = await freshClient();
    const theirs = new DeleteTransitGatewayPolicyTableCommand({ TransitGatewayPolicyTableId: policy });
    await refused(stranger.send(theirs), "InvalidTransitGatewayPolicyTableId.NotFound");
    await disassociate(policy, attachment);
    await remove(policy);
    await refused(associate(policy, attachment), "InvalidTransitGatewayPolicyTableId.NotFound");
  });
});

describe("what it does", () => {
  test("makes a table, which is pending first, and shows it deleted for a while", async () => {
    const { id: TransitGatewayId } = await newGateway(ec2);
    const Tags = [{ Key: "Name", Value: "by port" }];
    const { TransitGatewayPolicyTable: made } = await ec2.send(
      new CreateTransitGatewayPolicyTableCommand({
        TransitGatewayId,
        TagSpecifications: [{ ResourceType: "transit-gateway-policy-table", Tags }],
      }),
    );
    const id = made?.TransitGatewayPolicyTableId ?? "";
    expect(made).toEqual({
      TransitGatewayPolicyTableId: expect.stringMatching(/^tgw-ptb-[0-9a-f]{17}$/),
      TransitGatewayId,
      State: "pending",
      CreationTime: expect.any(Date),
      Tags,
    });
    expect(await shown(id)).toEqual([{ ...made, State: "available" }]);
    const named = new DescribeTransitGatewayPolicyTablesCommand({
      Filters: [{ Name: "tag:Name", Values: ["by port"] }],
    });
    expect((await ec2.send(named)).TransitGatewayPolicyTables).toHaveLength(1);
    expect((await remove(id)).TransitGatewayPolicyTable?.State).toBe("deleting");
    expect(await shown(id)).toMatchObject([{ State: "deleted" }]);
  });

  test("keeps entries in the order of their numbers; what a rule does not say is *", async () => {
    const { policy, table, gateway } = await bare();
    expect(await addEntry(policy, "1000", table)).toEqual({
      PolicyRuleNumber: "1000",
      PolicyRule: ANYTHING,
      TargetRouteTableId: table,
      State: "active",
    });
    const web = { SourceCidrBlock: "10.1.2.3/16", Protocol: "6", DestinationPortRange: "443-443" };
    const rule = { ...ANYTHING, SourceCidrBlock: "10.1.0.0/16", Protocol: "6", DestinationPortRange: "443" };
    expect(await addEntry(policy, "99", table, web)).toMatchObject({ PolicyRule: rule });
    expect((await entries(policy))?.map(({ PolicyRuleNumber }) => PolicyRuleNumber)).toEqual(["99", "1000"]);

    const other = await newTable(gateway);
    const changed = await changeEntry(policy, "99", {
      PolicyRule: { SourcePortRange: "1024-65535" },
      TargetRouteTableId: other,
    });
    expect(changed).toEqual({
      PolicyRuleNumber: "99",
      PolicyRule: { ...rule, SourcePortRange: "1024-65535" },
      TargetRouteTableId: other,
      State: "active",
    });
    const gone = await removeEntry(policy, "1000");
    expect(gone.TransitGatewayPolicyTableEntry).toMatchObject({ PolicyRuleNumber: "1000", State: "deleted" });
    expect(await entries(policy)).toEqual([changed]);
  });

  test("finds entries by what they say", async () => {
    const { policy, table, gateway } = await bare();
    const other = await newTable(gateway);
    await addEntry(policy, "1", table, {
      SourceCidrBlock: "10.1.0.0/16",
      DestinationCidrBlock: "2001:db8::/32",
      Protocol: "17",
      SourcePortRange: "53",
      DestinationPortRange: "1-9",
    });
    await addEntry(policy, "2", other);
    expect(await numbers(policy, "policy-rule-number", "2")).toEqual(["2"]);
    expect(await numbers(policy, "target-route-table-id", other)).toEqual(["2"]);
    expect(await numbers(policy, "policy-rule.source-ip", "10.1.0.0/16")).toEqual(["1"]);
    expect(await numbers(policy, "policy-rule.destination-ip", "2001:db8::/32")).toEqual(["1"]);
    expect(await numbers(policy, "policy-rule.source-port", "53")).toEqual(["1"]);
    expect(await numbers(policy, "policy-rule.destination-port", "1-9")).toEqual(["1"]);
    expect(await numbers(policy, "policy-rule.protocol", "17")).toEqual(["1"]);
    expect(await numbers(policy, "policy-rule.meta-data.key", "*")).toEqual([]);
    expect(await numbers(policy, "policy-rule.meta-data.value", "*")).toEqual([]);
  });

  test("associates attachments, which then have no route table to show", async () => {
    const { policy, attachment } = await bare();
    const { Association } = await associate(policy, attachment);
    expect(Association).toEqual({
      TransitGatewayPolicyTableId: policy,
      TransitGatewayAttachmentId: attachment,
      ResourceId: expect.stringMatching(/^vpc-/),
      ResourceType: "vpc",
      State: "associating",
    });
    const asked = new GetTransitGatewayPolicyTableAssociationsCommand({
      TransitGatewayPolicyTableId: policy,
    });
    expect((await ec2.send(asked)).Associations).toEqual([{ ...Association, State: "associated" }]);
    const { TransitGatewayAttachments } = await ec2.send(
      new DescribeTransitGatewayAttachmentsCommand({ TransitGatewayAttachmentIds: [attachment] }),
    );
    expect(TransitGatewayAttachments?.[0]?.Association).toBeUndefined();
    const undone = await disassociate(policy, attachment);
    expect(undone.Association).toEqual({ ...Association, State: "disassociating" });
    expect((await ec2.send(asked)).Associations).toEqual([]);
  });

  test("goes with its gateway", async () => {
    const { id } = await newGateway(ec2);
    const policy = await newPolicy(id);
    await ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId: id }));
    await refused(shown(policy), "InvalidTransitGatewayPolicyTableId.NotFound");
  });
});
