import {
  DescribeTransitGatewayAttachmentsCommand,
  GetTransitGatewayAttachmentNatConfigurationCommand,
  ModifyTransitGatewayAttachmentNatConfigurationCommand,
  SearchTransitGatewayRoutesCommand,
  type EC2Client,
  type ModifyTransitGatewayAttachmentNatConfigurationRequest,
  type TransitGatewayNatRuleRequest,
} from "@aws-sdk/client-ec2";
import { beforeEach, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { attach, newGateway, newNetwork } from "./transitGateways.ts";
import { newConnection } from "./vpnNetwork.ts";

let ec2: EC2Client;
let attachment: string;
let gateway: string;
let table: string;
beforeEach(async () => {
  ec2 = await freshClient();
  ({ id: gateway, table } = await newGateway(ec2));
  attachment = await attach(ec2, gateway, await newNetwork(ec2, 1));
});

type Change = Partial<ModifyTransitGatewayAttachmentNatConfigurationRequest>;

const RULE = { RuleNumber: 10, MatchSourceCidr: "10.1.0.0/16", NatCidr: "100.64.0.0/16" };

const modify = (change: Change, client = ec2) =>
  client.send(
    new ModifyTransitGatewayAttachmentNatConfigurationCommand({
      TransitGatewayAttachmentId: attachment,
      ...change,
    }),
  );
const get = (client = ec2) =>
  client.send(
    new GetTransitGatewayAttachmentNatConfigurationCommand({ TransitGatewayAttachmentId: attachment }),
  );
const withRule = (rule: Partial<TransitGatewayNatRuleRequest>) =>
  modify({ NatGatewayRules: [{ ...RULE, ...rule }] });
const destinations = async () =>
  (
    await ec2.send(
      new SearchTransitGatewayRoutesCommand({
        TransitGatewayRouteTableId: table,
        Filters: [{ Name: "type", Values: ["propagated"] }],
      }),
    )
  ).Routes?.map(({ DestinationCidrBlock }) => DestinationCidrBlock);

describe("what it refuses to parse", () => {
  test("rules without one of their parts", async () => {
    await refused(withRule({ RuleNumber: undefined }), "MissingParameter", /ruleNumber/);
    await refused(withRule({ MatchSourceCidr: undefined }), "MissingParameter", /matchSourceCidr/);
    await refused(withRule({ NatCidr: undefined }), "MissingParameter", /natCidr/);
  });

  test("numbers and blocks that no rule can have", async () => {
    for (const RuleNumber of [0, 32_767]) {
      await refused(withRule({ RuleNumber }), "InvalidParameterValue", /ruleNumber/);
    }
    for (const MatchSourceCidr of ["224.1.0.0/16", "169.254.0.0/16", "0.0.0.0/0", "2001:db8::/32", "x"]) {
      await refused(withRule({ MatchSourceCidr }), "InvalidParameterValue", /matchSourceCidr/);
    }
    for (const NatCidr of ["100.64.0.0/17", "8.8.0.0/16", "2001:db8::/16", ""]) {
      await refused(withRule({ NatCidr }), "InvalidParameterValue", /natCidr/);
    }
  });
});

describe("what it refuses to do", () => {
  test("attachments that are not there, and others' gateways", async () => {
    const missing = { TransitGatewayAttachmentId: "tgw-attach-0123456789abcdef0" };
    await refused(modify(missing), "InvalidTransitGatewayAttachmentID.NotFound");
    const stranger = await freshClient();
    await refused(get(stranger), "InvalidTransitGatewayAttachmentID.NotFound");
  });

  test("rules with one number, with overlapping addresses, or one too many", async () => {
    const twice = { NatGatewayRules: [RULE, { ...RULE, NatCidr: "100.65.0.0/16" }] };
    await refused(modify(twice), "InvalidParameterValue", /ruleNumber/);
    const overlapping = { NatGatewayRules: [RULE, { ...RULE, RuleNumber: 11 }] };
    await refused(modify(overlapping), "InvalidParameterValue", /natCidr/);
    const many = Array.from({ length: 51 }, (_, i) => ({
      RuleNumber: i + 1,
      MatchSourceCidr: `10.1.${i}.0/24`,
      NatCidr: `100.64.${i}.0/24`,
    }));
    await refused(modify({ NatGatewayRules: many }), "InvalidParameterValue", /at most 50/);
    await modify({ NatGatewayRules: many.slice(1) });
  });

  test("to be turned on without rules, and to lose them while it is", async () => {
    await refused(modify({ NatGatewaySupport: "enable" }), "InvalidParameterCombination");
    await modify({ NatGatewaySupport: "enable", NatGatewayRules: [RULE] });
    await refused(modify({ ResetNatGatewayRules: true }), "InvalidParameterCombination");
    await refused(
      modify({ ResetNatGatewayRules: true, NatGatewayRules: [RULE] }),
      "InvalidParameterCombination",
    );
  });

  test("to leave the routes of a VPC's translated addresses out", async () => {
    await refused(
      modify({ NatSystemRouteSupport: "disable" }),
      "InvalidParameterValue",
      /natSystemRouteSupport/,
    );
    await modify({ NatSystemRouteSupport: "enable" });
  });
});

describe("what it does", () => {
  test("has none until somebody says so", async () => {
    expect(await get()).toMatchObject({
      TransitGatewayAttachmentId: attachment,
      NatGatewaySupport: "disabled",
      NatSystemRouteSupport: "enable",
      NatGatewayRules: [],
    });
  });

  test("keeps rules that do not apply yet, turns them on, replaces them, and turns them off", async () => {
    const staged = await modify({ NatGatewayRules: [{ ...RULE, MatchSourceCidr: "10.1.2.3/16" }] });
    expect(staged).toMatchObject({
      NatGatewaySupport: "disabled",
      NatGatewayRules: [{ ...RULE, State: "pending" }],
    });
    expect((await get()).NatGatewayRules).toEqual([{ ...RULE, State: "deactivated" }]);
    expect(await destinations()).toEqual(["10.1.0.0/16"]);

    expect(await modify({ NatGatewaySupport: "enable" })).toMatchObject({
      NatGatewaySupport: "enabling",
      NatGatewayRules: [{ ...RULE, State: "pending" }],
    });
    expect(await get()).toMatchObject({
      NatGatewaySupport: "enabled",
      NatGatewayRules: [{ ...RULE, State: "activated" }],
    });

    const later = { ...RULE, RuleNumber: 20, MatchSourceCidr: "10.9.0.0/24", NatCidr: "192.168.9.0/24" };
    expect(await modify({ NatGatewayRules: [later, RULE] })).toMatchObject({
      NatGatewaySupport: "enabled",
      NatGatewayRules: [{ RuleNumber: 10, State: "pending" }, { RuleNumber: 20 }],
    });
    expect((await get()).NatGatewayRules).toHaveLength(2);

    const off = await modify({ NatGatewaySupport: "disable", ResetNatGatewayRules: true });
    expect(off).toMatchObject({ NatGatewaySupport: "disabling", NatGatewayRules: [] });
    expect((await get()).NatGatewaySupport).toBe("disabled");
  });

  test("a block that a rule translates as a whole is propagated by its other addresses alone", async () => {
    await modify({ NatGatewaySupport: "enable", NatGatewayRules: [RULE] });
    expect(await destinations()).toEqual(["100.64.0.0/16"]);
    const half = { ...RULE, MatchSourceCidr: "10.1.0.0/17", NatCidr: "100.64.0.0/17" };
    await modify({ NatGatewayRules: [half] });
    expect(await destinations()).toEqual(["10.1.0.0/16"]);
  });

  test("only over a VPN connection that speaks BGP is there a choice of routes", async () => {
    const attached = async (StaticRoutesOnly: boolean): Promise<string> => {
      const asked = { TransitGatewayId: gateway, Options: { StaticRoutesOnly } };
      const { VpnConnectionId = "" } = await newConnection(ec2, asked);
      const { TransitGatewayAttachments } = await ec2.send(
        new DescribeTransitGatewayAttachmentsCommand({
          Filters: [{ Name: "resource-id", Values: [VpnConnectionId] }],
        }),
      );
      return TransitGatewayAttachments?.[0]?.TransitGatewayAttachmentId ?? "";
    };
    attachment = await attached(true);
    expect((await get()).NatSystemRouteSupport).toBe("disable");
    await refused(modify({ NatSystemRouteSupport: "enable" }), "InvalidParameterValue");
    attachment = await attached(false);
    expect((await get()).NatSystemRouteSupport).toBe("enable");
    await modify({ NatGatewaySupport: "enable", NatGatewayRules: [RULE] });
    expect(await destinations()).toContain("100.64.0.0/16");
    await modify({ NatSystemRouteSupport: "disable" });
    expect((await get()).NatSystemRouteSupport).toBe("disable");
    expect(await destinations()).not.toContain("100.64.0.0/16");
  });
});
