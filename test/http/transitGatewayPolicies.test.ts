import {
  AcceptTransitGatewayPeeringAttachmentCommand,
  AssociateTransitGatewayPolicyTableCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTransitGatewayPeeringAttachmentCommand,
  CreateTransitGatewayPolicyTableCommand,
  CreateTransitGatewayPolicyTableEntryCommand,
  CreateTransitGatewayRouteCommand,
  CreateTransitGatewayRouteTableAnnouncementCommand,
  CreateTransitGatewayRouteTableCommand,
  DeleteTransitGatewayPolicyTableEntryCommand,
  DeleteTransitGatewayVpcAttachmentCommand,
  DescribeTransitGatewayRouteTableAnnouncementsCommand,
  DescribeTransitGatewaysCommand,
  DisassociateTransitGatewayPolicyTableCommand,
  DisassociateTransitGatewayRouteTableCommand,
  EC2Client,
  EnableTransitGatewayRouteTablePropagationCommand,
  ModifyTransitGatewayAttachmentNatConfigurationCommand,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawExchange } from "../../server/cli/drawing.ts";
import type { ExchangeView } from "../../server/http/journeyView.ts";
import type { Islet } from "../../server/index.ts";
import { launch } from "../ec2/launch.ts";
import { attach, leadTo, newGateway, newNetwork, type Network } from "../ec2/transitGateways.ts";
import { configOf, freshKeys, ownIslet } from "../islet.ts";
import { operate } from "./send.ts";

const Region = "us-east-1";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
});
afterAll(() => islet.close());

interface Spoke extends Network {
  readonly attachment: string;
  readonly instance: string;
}

const PORTS = [80, 443];

/** A network whose instance listens to everybody at two ports. */
async function spoke(ec2: EC2Client, gateway: string, n: number, address = `10.${n}.0.10`): Promise<Spoke> {
  const network = await newNetwork(ec2, n);
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: network.vpc, GroupName: "web", Description: "web" }),
  );
  const IpPermissions = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  const instance = await launch(ec2, {
    SubnetId: network.subnets[0],
    SecurityGroupIds: [GroupId],
    PrivateIpAddress: address,
  });
  // Only now: the gateway's interface takes an address of the subnet by chance.
  const attachment = await attach(ec2, gateway, network);
  await leadTo(ec2, gateway, network);
  for (const Port of PORTS) {
    await operate(islet, "POST", "listen", { Region, InstanceId: instance, Protocol: "tcp", Port });
  }
  return { ...network, attachment, instance };
}

async function exchange(from: Pick<Spoke, "instance">, to: string, Port = 443): Promise<ExchangeView> {
  const asked = { Region, From: from.instance, To: to, Protocol: "tcp", Port, Exchange: true };
  const { status, json } = await operate(islet, "POST", "packets", asked);
  expect({ status, json }).toMatchObject({ status: 200 });
  return json as ExchangeView;
}

const client = () => new EC2Client(configOf(islet, freshKeys(islet), Region));

describe("a policy table", () => {
  test("chooses the route table of each packet, and drops what no entry is for", async () => {
    const ec2 = client();
    const { id: gateway, table } = await newGateway(ec2);
    const [one, two] = [await spoke(ec2, gateway, 1), await spoke(ec2, gateway, 2)];
    const { TransitGatewayRouteTable } = await ec2.send(
      new CreateTransitGatewayRouteTableCommand({ TransitGatewayId: gateway }),
    );
    const closed = TransitGatewayRouteTable?.TransitGatewayRouteTableId ?? "";
    await ec2.send(
      new CreateTransitGatewayRouteCommand({
        TransitGatewayRouteTableId: closed,
        DestinationCidrBlock: "0.0.0.0/0",
        Blackhole: true,
      }),
    );
    const { TransitGatewayPolicyTable } = await ec2.send(
      new CreateTransitGatewayPolicyTableCommand({ TransitGatewayId: gateway }),
    );
    const policy = TransitGatewayPolicyTable?.TransitGatewayPolicyTableId ?? "";
    const TransitGatewayAttachmentId = one.attachment;
    await ec2.send(
      new DisassociateTransitGatewayRouteTableCommand({
        TransitGatewayRouteTableId: table,
        TransitGatewayAttachmentId,
      }),
    );
    const pair = { TransitGatewayPolicyTableId: policy, TransitGatewayAttachmentId };
    await ec2.send(new AssociateTransitGatewayPolicyTableCommand(pair));
    expect((await exchange(one, two.instance)).Forward).toMatchObject({
      Reason: "TGW_POLICY_MISMATCH",
      Remedy: `add an entry that matches to ${policy} (CreateTransitGatewayPolicyTableEntry)`,
    });

    const add = (PolicyRuleNumber: string, TargetRouteTableId: string, DestinationPortRange?: string) =>
      ec2.send(
        new CreateTransitGatewayPolicyTableEntryCommand({
          TransitGatewayPolicyTableId: policy,
          PolicyRuleNumber,
          TargetRouteTableId,
          ...(DestinationPortRange !== undefined && { PolicyRule: { Protocol: "6", DestinationPortRange } }),
        }),
      );
    await add("200", closed);
    await add("100", table, "443");
    const web = await exchange(one, two.instance, 443);
    expect(web.Learned).toBe("answer");
    const step = web.Forward.Steps.find(({ Component }) => Component.Id === policy);
    expect(step).toMatchObject({
      Component: { Type: "transit-gateway-policy-table" },
      Ground: { Policy: { Number: 100, RouteTable: table } },
    });
    expect(drawExchange(web)).toContain(`transit policy ${policy}`);
    expect((await exchange(one, two.instance, 80)).Forward.Reason).toBe("TGW_RTB_BAD_STATE_ROUTE");
    // Who answers comes in by another attachment, which goes by its own table.
    expect((await exchange(two, one.instance)).Forward.Outcome).toBe("delivered");

    const entry = { TransitGatewayPolicyTableId: policy, PolicyRuleNumber: "100" };
    await ec2.send(new DeleteTransitGatewayPolicyTableEntryCommand(entry));
    expect((await exchange(one, two.instance, 443)).Forward.Reason).toBe("TGW_RTB_BAD_STATE_ROUTE");
    await ec2.send(new DisassociateTransitGatewayPolicyTableCommand(pair));
    expect((await exchange(one, two.instance)).Forward.Reason).toBe("TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION");
  });
});

describe("1:1 translation", () => {
  test("lets networks of the same addresses reach each other", async () => {
    const ec2 = client();
    const { id: gateway } = await newGateway(ec2);
    const one = await spoke(ec2, gateway, 1);
    const twin = await spoke(ec2, gateway, 1, "10.1.0.20");
    const translate = (TransitGatewayAttachmentId: string, NatCidr: string) =>
      ec2.send(
        new ModifyTransitGatewayAttachmentNatConfigurationCommand({
          TransitGatewayAttachmentId,
          NatGatewaySupport: "enable",
          NatGatewayRules: [{ RuleNumber: 1, MatchSourceCidr: "10.1.0.0/16", NatCidr }],
        }),
      );
    expect((await exchange(one, "100.64.0.20")).Forward.Reason).toBe("NO_ROUTE_TO_DESTINATION");
    await translate(twin.attachment, "100.64.0.0/16");
    await translate(one.attachment, "192.168.0.0/16");
    const shown = await exchange(one, "100.64.0.20");
    expect(shown.Learned).toBe("answer");
    const seen = shown.Forward.Steps.at(-1)?.Packet;
    expect(seen).toMatchObject({ Source: "192.168.0.10", Destination: "10.1.0.20" });
    expect(shown.Back?.Steps.at(-1)?.Packet).toMatchObject({
      Source: "100.64.0.20",
      Destination: "10.1.0.10",
    });
    await ec2.send(
      new ModifyTransitGatewayAttachmentNatConfigurationCommand({
        TransitGatewayAttachmentId: twin.attachment,
        NatGatewaySupport: "disable",
      }),
    );
    expect((await exchange(one, "100.64.0.20")).Forward.Reason).toBe("NO_ROUTE_TO_DESTINATION");
  });
});

describe("gateways with dynamic routing", () => {
  test("learn from each other where packets go", async () => {
    const keys = freshKeys(islet);
    const ec2 = new EC2Client(configOf(islet, keys, Region));
    const [a, b] = [await newGateway(ec2), await newGateway(ec2)];
    const [one, two] = [await spoke(ec2, a.id, 1), await spoke(ec2, b.id, 2)];
    const { TransitGatewayPeeringAttachment: made } = await ec2.send(
      new CreateTransitGatewayPeeringAttachmentCommand({
        TransitGatewayId: a.id,
        PeerTransitGatewayId: b.id,
        PeerAccountId: keys.account,
        PeerRegion: Region,
        Options: { DynamicRouting: "enable" },
      }),
    );
    const ends = [made?.TransitGatewayAttachmentId ?? "", made?.AccepterTransitGatewayAttachmentId ?? ""];
    await ec2.send(new AcceptTransitGatewayPeeringAttachmentCommand({ TransitGatewayAttachmentId: ends[1] }));
    const tell = async (from: string, over: string | undefined, to: string): Promise<void> => {
      await ec2.send(
        new CreateTransitGatewayRouteTableAnnouncementCommand({
          TransitGatewayRouteTableId: from,
          PeeringAttachmentId: over,
        }),
      );
      const { TransitGatewayRouteTableAnnouncements: all = [] } = await ec2.send(
        new DescribeTransitGatewayRouteTableAnnouncementsCommand({}),
      );
      await ec2.send(
        new EnableTransitGatewayRouteTablePropagationCommand({
          TransitGatewayRouteTableId: to,
          TransitGatewayRouteTableAnnouncementId: all.at(-1)?.TransitGatewayRouteTableAnnouncementId,
        }),
      );
    };
    expect((await exchange(one, two.instance)).Forward.Reason).toBe("NO_ROUTE_TO_DESTINATION");
    await tell(b.table, ends[1], a.table);
    expect((await exchange(one, two.instance)).Forward.Outcome).toBe("delivered");
    await tell(a.table, ends[0], b.table);
    expect((await exchange(one, two.instance)).Learned).toBe("answer");
    // What comes later is told, too.
    const three = await spoke(ec2, b.id, 3);
    expect((await exchange(one, three.instance)).Learned).toBe("answer");
    await ec2.send(
      new DeleteTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId: three.attachment }),
    );
    expect((await exchange(one, three.instance)).Forward.Reason).toBe("NO_ROUTE_TO_DESTINATION");
  });
});

test("after a restart policies and translations are what the rows say", async () => {
  const data = mkdtempSync(join(tmpdir(), "islet-policies-"));
  const keep = islet;
  try {
    islet = await ownIslet({ memory: false, data });
    const ec2 = client();
    const { id: TransitGatewayId } = await newGateway(ec2, { DefaultRouteTableAssociation: "disable" });
    const { TransitGateways } = await ec2.send(
      new DescribeTransitGatewaysCommand({ TransitGatewayIds: [TransitGatewayId] }),
    );
    const [one, two] = [await spoke(ec2, TransitGatewayId, 1), await spoke(ec2, TransitGatewayId, 2)];
    const { TransitGatewayPolicyTable } = await ec2.send(
      new CreateTransitGatewayPolicyTableCommand({ TransitGatewayId }),
    );
    const TransitGatewayPolicyTableId = TransitGatewayPolicyTable?.TransitGatewayPolicyTableId;
    await ec2.send(
      new CreateTransitGatewayPolicyTableEntryCommand({
        TransitGatewayPolicyTableId,
        PolicyRuleNumber: "1",
        TargetRouteTableId: TransitGateways?.[0]?.Options?.PropagationDefaultRouteTableId,
      }),
    );
    for (const { attachment: TransitGatewayAttachmentId } of [one, two]) {
      await ec2.send(
        new AssociateTransitGatewayPolicyTableCommand({
          TransitGatewayPolicyTableId,
          TransitGatewayAttachmentId,
        }),
      );
    }
    await ec2.send(
      new ModifyTransitGatewayAttachmentNatConfigurationCommand({
        TransitGatewayAttachmentId: two.attachment,
        NatGatewaySupport: "enable",
        NatGatewayRules: [{ RuleNumber: 1, MatchSourceCidr: two.cidr, NatCidr: "100.64.0.0/16" }],
      }),
    );
    await islet.close();
    islet = await ownIslet({ memory: false, data });
    const { Forward, Back } = await exchange(one, "100.64.0.10");
    await islet.close();
    expect(Forward.Receiver?.InstanceId).toBe(two.instance);
    expect(Back?.Receiver?.InstanceId).toBe(one.instance);
  } finally {
    islet = keep;
    rmSync(data, { recursive: true });
  }
});
