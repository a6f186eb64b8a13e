import {
  CreateTransitGatewayConnectCommand,
  CreateTransitGatewayMeteringPolicyCommand,
  CreateTransitGatewayMeteringPolicyEntryCommand,
  DeleteTransitGatewayCommand,
  DeleteTransitGatewayMeteringPolicyCommand,
  DeleteTransitGatewayMeteringPolicyEntryCommand,
  DescribeTransitGatewayMeteringPoliciesCommand,
  GetTransitGatewayMeteringPolicyEntriesCommand,
  ModifyTransitGatewayMeteringPolicyCommand,
  type CreateTransitGatewayMeteringPolicyEntryRequest,
  type CreateTransitGatewayMeteringPolicyRequest,
  type EC2Client,
  type ModifyTransitGatewayMeteringPolicyRequest,
} from "@aws-sdk/client-ec2";
import { beforeEach, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { attach, newGateway, newNetwork } from "./transitGateways.ts";

let ec2: EC2Client;
let gateway: string;
let attachment: string;
beforeEach(async () => {
  ec2 = await freshClient();
  gateway = (await newGateway(ec2)).id;
  attachment = await attach(ec2, gateway, await newNetwork(ec2, 1));
});

const MISSING = "tgw-mp-0123456789abcdef0";

const create = async (asked: Partial<CreateTransitGatewayMeteringPolicyRequest> = {}) =>
  (await ec2.send(new CreateTransitGatewayMeteringPolicyCommand({ TransitGatewayId: gateway, ...asked })))
    .TransitGatewayMeteringPolicy;
const newPolicy = async () => (await create())?.TransitGatewayMeteringPolicyId ?? "";
const modify = async (
  TransitGatewayMeteringPolicyId: string,
  change: Omit<ModifyTransitGatewayMeteringPolicyRequest, "TransitGatewayMeteringPolicyId">,
) =>
  (
    await ec2.send(
      new ModifyTransitGatewayMeteringPolicyCommand({ TransitGatewayMeteringPolicyId, ...change }),
    )
  ).TransitGatewayMeteringPolicy;
const remove = async (TransitGatewayMeteringPolicyId: string) =>
  (await ec2.send(new DeleteTransitGatewayMeteringPolicyCommand({ TransitGatewayMeteringPolicyId })))
    .TransitGatewayMeteringPolicy;
const shown = async (id: string) =>
  (
    await ec2.send(
      new DescribeTransitGatewayMeteringPoliciesCommand({ TransitGatewayMeteringPolicyIds: [id] }),
    )
  ).TransitGatewayMeteringPolicies?.[0];

const addEntry = async (
  TransitGatewayMeteringPolicyId: string,
  PolicyRuleNumber: number,
  rule: Partial<CreateTransitGatewayMeteringPolicyEntryRequest> = {},
) => {
  const asked = { TransitGatewayMeteringPolicyId, PolicyRuleNumber, ...rule };
  const MeteredAccount = "destination-attachment-owner" as const;
  return (await ec2.send(new CreateTransitGatewayMeteringPolicyEntryCommand({ MeteredAccount, ...asked })))
    .TransitGatewayMeteringPolicyEntry;
};
const removeEntry = async (TransitGatewayMeteringPolicyId: string, PolicyRuleNumber: number) =>
  (
    await ec2.send(
      new DeleteTransitGatewayMeteringPolicyEntryCommand({
        TransitGatewayMeteringPolicyId,
        PolicyRuleNumber,
      }),
    )
  ).TransitGatewayMeteringPolicyEntry;
const entries = async (TransitGatewayMeteringPolicyId: string) =>
  (await ec2.send(new GetTransitGatewayMeteringPolicyEntriesCommand({ TransitGatewayMeteringPolicyId })))
    .TransitGatewayMeteringPolicyEntries;

describe("what it refuses to parse", () => {
  test("ids of another form, and of no policy", async () => {
    await refused(remove("tgw-mp-1"), "InvalidTransitGatewayMeteringPolicyId.Malformed");
    for (const call of [remove, shown, entries]) {
      await refused(
        call(MISSING),
        "InvalidTransitGatewayMeteringPolicyId.NotFound",
        `Transit Gateway Metering Policy ${MISSING} was deleted or does not exist.`,
      );
    }
  });

  test("rule numbers, protocols, blocks and ports that are none", async () => {
    const id = await newPolicy();
    for (const number of [0, 32_767]) {
      await refused(addEntry(id, number), "InvalidParameterValue", /policyRuleNumber/);
    }
    const wrong: [Partial<CreateTransitGatewayMeteringPolicyEntryRequest>, RegExp][] = [
      [{ Protocol: "tcp" }, /protocol/],
      [{ Protocol: "256" }, /protocol/],
      [{ SourceCidrBlock: "here" }, /sourceCidrBlock/],
      [{ DestinationCidrBlock: "10.0.0.0/40" }, /destinationCidrBlock/],
      [{ SourcePortRange: "*" }, /sourcePortRange/],
      [{ DestinationPortRange: "9-1" }, /destinationPortRange/],
      [{ SourceTransitGatewayAttachmentType: "tgw-peering" }, /tgw-peering/],
    ];
    for (const [rule, message] of wrong)
      await refused(addEntry(id, 1, rule), "InvalidParameterValue", message);
  });
});

describe("what it refuses to do", () => {
  test("attachments of other gateways, or of another kind than is said", async () => {
    const id = await newPolicy();
    const other = (await newGateway(ec2)).id;
    const foreign = await attach(ec2, other, await newNetwork(ec2, 2));
    const code = "InvalidTransitGatewayAttachmentID.NotFound";
    await refused(create({ MiddleboxAttachmentIds: [foreign] }), code);
    await refused(addEntry(id, 1, { SourceTransitGatewayAttachmentId: foreign }), code);
    await refused(
      addEntry(id, 1, {
        DestinationTransitGatewayAttachmentId: attachment,
        DestinationTransitGatewayAttachmentType: "vpn",
      }),
      "InvalidParameterValue",
    );
  });

  test("attachments that cannot be middleboxes, more than ten of them, and to remove what is none", async () => {
    const id = await newPolicy();
    const { TransitGatewayConnect } = await ec2.send(
      new CreateTransitGatewayConnectCommand({
        TransportTransitGatewayAttachmentId: attachment,
        Options: { Protocol: "gre" },
      }),
    );
    const tunnels = TransitGatewayConnect?.TransitGatewayAttachmentId ?? "";
    await refused(modify(id, { AddMiddleboxAttachmentIds: [tunnels] }), "InvalidParameterValue", /connect/);
    await refused(modify(id, { RemoveMiddleboxAttachmentIds: [attachment] }), "InvalidParameterValue");
    const many: string[] = [];
    for (let n = 2; n <= 11; n++) many.push(await attach(ec2, gateway, await newNetwork(ec2, n)));
    await modify(id, { AddMiddleboxAttachmentIds: many });
    await refused(
      modify(id, { AddMiddleboxAttachmentIds: [attachment] }),
      "InvalidParameterValue",
      /at most 10/,
    );
  });

  test("two entries of one number, and to delete one that is not there", async () => {
    const id = await newPolicy();
    await addEntry(id, 5);
    await refused(addEntry(id, 5), "InvalidParameterValue", /already exists/);
    await refused(removeEntry(id, 6), "InvalidParameterValue", "RuleNumber provided does not exists");
  });
});

describe("what it does", () => {
  test("makes a policy that counts two billing hours later, and shows it deleted for a while", async () => {
    const Tags = [{ Key: "Env", Value: "Prod" }];
    const made = await create({
      MiddleboxAttachmentIds: [attachment],
      TagSpecifications: [{ ResourceType: "transit-gateway-metering-policy", Tags }],
    });
    expect(made).toEqual({
      TransitGatewayMeteringPolicyId: expect.stringMatching(/^tgw-mp-[0-9a-f]{17}$/),
      TransitGatewayId: gateway,
      MiddleboxAttachmentIds: [attachment],
      State: "pending",
      UpdateEffectiveAt: expect.any(Date),
      Tags,
    });
    const at = made?.UpdateEffectiveAt?.getTime() ?? 0;
    expect(at % 3_600_000).toBe(0);
    expect(at).toBeGreaterThan(Date.now() + 3_500_000);
    const id = made?.TransitGatewayMeteringPolicyId ?? "";
    expect(await shown(id)).toEqual({ ...made, State: "available" });
    await addEntry(id, 1);
    expect(await remove(id)).toMatchObject({ State: "deleting" });
    expect(await shown(id)).toMatchObject({ State: "deleted" });
    await refused(entries(id), "InvalidTransitGatewayMeteringPolicyId.NotFound");
  });

  test("changes its middleboxes", async () => {
    const id = await newPolicy();
    const other = await attach(ec2, gateway, await newNetwork(ec2, 2));
    const both = await modify(id, { AddMiddleboxAttachmentIds: [attachment, other] });
    expect(both).toMatchObject({ MiddleboxAttachmentIds: [attachment, other], State: "available" });
    const one = await modify(id, { RemoveMiddleboxAttachmentIds: [attachment] });
    expect(one?.MiddleboxAttachmentIds).toEqual([other]);
    expect(await shown(id)).toEqual(one);
  });

  test("keeps entries in the order of their numbers", async () => {
    const id = await newPolicy();
    const all = await addEntry(id, 200, { MeteredAccount: "transit-gateway-owner" });
    expect(all).toEqual({
      PolicyRuleNumber: "200",
      MeteredAccount: "transit-gateway-owner",
      State: "available",
      UpdatedAt: expect.any(Date),
      UpdateEffectiveAt: expect.any(Date),
      MeteringPolicyRule: {},
    });
    const rule = {
      SourceTransitGatewayAttachmentId: attachment,
      SourceTransitGatewayAttachmentType: "vpc",
      SourceCidrBlock: "10.1.0.0/16",
      SourcePortRange: "1024-65535",
      DestinationTransitGatewayAttachmentType: "peering",
      DestinationCidrBlock: "10.2.0.0/16",
      DestinationPortRange: "443",
      Protocol: "6",
    } as const;
    const one = await addEntry(id, 100, rule);
    expect(one).toMatchObject({
      PolicyRuleNumber: "100",
      MeteredAccount: "destination-attachment-owner",
      MeteringPolicyRule: rule,
    });
    expect(await entries(id)).toEqual([one, all]);
    expect(await removeEntry(id, 100)).toMatchObject({ PolicyRuleNumber: "100", State: "deleted" });
    expect(await entries(id)).toEqual([all]);
  });

  test("goes with its gateway", async () => {
    gateway = (await newGateway(ec2)).id;
    const id = await newPolicy();
    await ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId: gateway }));
    await refused(shown(id), "InvalidTransitGatewayMeteringPolicyId.NotFound");
  });
});
