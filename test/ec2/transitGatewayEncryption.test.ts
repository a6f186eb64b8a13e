import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AcceptTransitGatewayPeeringAttachmentCommand,
  CreateFlowLogsCommand,
  CreateTransitGatewayConnectCommand,
  CreateTransitGatewayPeeringAttachmentCommand,
  CreateVpcEncryptionControlCommand,
  CreateVpnConcentratorCommand,
  DeleteTransitGatewayVpcAttachmentCommand,
  DescribeTransitGatewaysCommand,
  DescribeVpcEncryptionControlsCommand,
  EC2Client,
  GetVpcResourcesBlockingEncryptionEnforcementCommand,
  ModifyTransitGatewayCommand,
  ModifyVpcEncryptionControlCommand,
  type ModifyTransitGatewayOptions,
  type VpcEncryptionControlMode,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { configOf, freshClient, freshKeys, ownIslet, refused } from "../islet.ts";
import { operate } from "../operator.ts";
import { launch } from "./launch.ts";
import { attach, leadTo, newGateway, newNetwork } from "./transitGateways.ts";

const ec2 = await freshClient();
const MISSING = "tgw-0123456789abcdef0";

const modify = (TransitGatewayId: string, Options: ModifyTransitGatewayOptions, client = ec2) =>
  client.send(new ModifyTransitGatewayCommand({ TransitGatewayId, Options }));
const encrypt = (id: string, client = ec2) => modify(id, { EncryptionSupport: "enable" }, client);
const unencrypt = (id: string, client = ec2) => modify(id, { EncryptionSupport: "disable" }, client);
const shown = async (id: string, client = ec2) => {
  const asked = new DescribeTransitGatewaysCommand({ TransitGatewayIds: [id] });
  const [gateway] = (await client.send(asked)).TransitGateways ?? [];
  return [gateway?.State, gateway?.Options?.EncryptionSupport?.EncryptionState];
};

const control = async (VpcId: string, client = ec2) => {
  const { VpcEncryptionControl } = await client.send(new CreateVpcEncryptionControlCommand({ VpcId }));
  return VpcEncryptionControl?.VpcEncryptionControlId;
};
const change = async (VpcEncryptionControlId: string | undefined, Mode: VpcEncryptionControlMode) => {
  await ec2.send(new ModifyVpcEncryptionControlCommand({ VpcEncryptionControlId, Mode }));
  const { VpcEncryptionControls } = await ec2.send(
    new DescribeVpcEncryptionControlsCommand({ VpcEncryptionControlIds: [VpcEncryptionControlId ?? ""] }),
  );
  return VpcEncryptionControls?.[0];
};
const enforced = (n: number, client = ec2) =>
  newNetwork(client, n, { VpcEncryptionControl: { Mode: "enforce" } });
const blocking = async (VpcId: string) =>
  (await ec2.send(new GetVpcResourcesBlockingEncryptionEnforcementCommand({ VpcId }))).NonCompliantResources;

const connect = (TransportTransitGatewayAttachmentId: string) =>
  ec2.send(
    new CreateTransitGatewayConnectCommand({
      TransportTransitGatewayAttachmentId,
      Options: { Protocol: "gre" },
    }),
  );
const concentrate = (TransitGatewayId: string) =>
  ec2.send(new CreateVpnConcentratorCommand({ Type: "ipsec.1", TransitGatewayId }));
const peer = async (TransitGatewayId: string, PeerTransitGatewayId: string) => {
  const asked = new DescribeTransitGatewaysCommand({ TransitGatewayIds: [TransitGatewayId] });
  const PeerAccountId = (await ec2.send(asked)).TransitGateways?.[0]?.OwnerId;
  const { TransitGatewayPeeringAttachment } = await ec2.send(
    new CreateTransitGatewayPeeringAttachmentCommand({
      TransitGatewayId,
      PeerTransitGatewayId,
      PeerAccountId,
      PeerRegion: "us-east-1",
    }),
  );
  return TransitGatewayPeeringAttachment;
};

describe("what it refuses to parse", () => {
  test("unknown gateways", () => refused(encrypt(MISSING), "InvalidTransitGatewayID.NotFound"));
});

describe("what it refuses to do", () => {
  test("encrypt with attachments that do not go together with it", async () => {
    const tunnels = await newGateway(ec2);
    const { TransitGatewayConnect } = await connect(await attach(ec2, tunnels.id, await newNetwork(ec2, 1)));
    await refused(
      encrypt(tunnels.id),
      "IncorrectState",
      `${tunnels.id} has non-deleted Transit Gateway Connect Attachments: ${TransitGatewayConnect?.TransitGatewayAttachmentId}.`,
    );
    const [one, other] = [await newGateway(ec2), await newGateway(ec2)];
    await peer(one.id, other.id);
    await refused(encrypt(one.id), "IncorrectState", /Peering Attachments/);
    await refused(encrypt(other.id), "IncorrectState", /Peering Attachments/);
    const many = await newGateway(ec2);
    await concentrate(many.id);
    await refused(encrypt(many.id), "IncorrectState", /VPN Concentrator Attachments/);
    expect(await shown(many.id)).toEqual(["available", "disabled"]);
  });

  test("encrypt with features that do not go together with it", async () => {
    const code = "UnsupportedOperation";
    await refused(encrypt((await newGateway(ec2, { MulticastSupport: "enable" })).id), code, /^Multicast/);
    const { id } = await newGateway(ec2, { SecurityGroupReferencingSupport: "enable" });
    await refused(encrypt(id), code, /^Security group references/);
    await modify(id, { EncryptionSupport: "enable", SecurityGroupReferencingSupport: "disable" });
    await refused(modify(id, { SecurityGroupReferencingSupport: "enable" }), code);
  });

  test("attach to a gateway that encrypts what it does not encrypt", async () => {
    const code = "UnsupportedOperation";
    const [one, other] = [await newGateway(ec2), await newGateway(ec2)];
    const attachment = await attach(ec2, one.id, await newNetwork(ec2, 1));
    await encrypt(one.id);
    await refused(
      connect(attachment),
      code,
      `Connect attachments are not supported with the encryption support of ${one.id}.`,
    );
    await refused(concentrate(one.id), code, /^VPN Concentrator/);
    await refused(peer(one.id, other.id), code, /^Peering/);
    const asked = (await peer(other.id, one.id))?.AccepterTransitGatewayAttachmentId;
    const accept = new AcceptTransitGatewayPeeringAttachmentCommand({ TransitGatewayAttachmentId: asked });
    await refused(ec2.send(accept), code, /^Peering/);
  });

  test("attach a VPC that enforces encryption to a gateway that does not encrypt", async () => {
    const { id } = await newGateway(ec2);
    await refused(
      attach(ec2, id, await enforced(1)),
      "OperationNotPermitted",
      new RegExp(`^The transit gateway ${id} does not encrypt`),
    );
  });

  test("enforce encryption in a VPC whose gateway does not encrypt", async () => {
    const { id } = await newGateway(ec2);
    const { vpc } = await newNetwork(ec2, 1).then(async (network) => {
      await attach(ec2, id, network);
      return network;
    });
    const [blocker] = (await blocking(vpc)) ?? [];
    expect(blocker).toMatchObject({ Type: "transit-gateway-attachment", IsExcludable: false });
    const failed = await change(await control(vpc), "enforce");
    expect(failed).toMatchObject({ Mode: "monitor", State: "enforce-failed" });
    expect(failed?.StateMessage).toContain(blocker?.Id);
  });

  test("stop to encrypt for VPCs that enforce it", async () => {
    const { id } = await newGateway(ec2);
    await encrypt(id);
    const attachment = await attach(ec2, id, await enforced(1));
    await refused(unencrypt(id), "IncorrectState", new RegExp(attachment));
    await ec2.send(new DeleteTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId: attachment }));
    await unencrypt(id);
    expect(await shown(id)).toEqual(["available", "disabled"]);
  });
});

describe("what it does", () => {
  test("turns encryption on, and then VPCs may enforce it", async () => {
    const { id } = await newGateway(ec2);
    const network = await newNetwork(ec2, 1);
    await attach(ec2, id, network);
    const { TransitGateway } = await encrypt(id);
    expect(TransitGateway?.Options?.EncryptionSupport).toEqual({ EncryptionState: "enabling" });
    expect(await shown(id)).toEqual(["available", "enabled"]);
    expect(await blocking(network.vpc)).toEqual([]);
    const done = await change(await control(network.vpc), "enforce");
    expect(done).toMatchObject({ Mode: "enforce", State: "available" });
    await encrypt(id);
    await attach(ec2, id, await enforced(2));
    expect(await shown(id)).toEqual(["available", "enabled"]);
  });

  test("takes its time, in which the gateway carries on but VPCs that enforce encryption have to wait", async () => {
    const slow = await ownIslet({ pace: "real" });
    try {
      const client = await freshClient({ islet: slow });
      const settle = () => advanceClock(slow, 60);
      const { id } = await newGateway(client);
      await settle();
      const network = await enforced(1, client);
      await settle();
      await encrypt(id, client);
      await settle();
      expect(await shown(id, client)).toEqual(["available", "enabling"]);
      await encrypt(id, client);
      await refused(unencrypt(id, client), "IncorrectState", `The encryption support of ${id} is enabling.`);
      await refused(attach(client, id, network), "OperationNotPermitted");
      await attach(client, id, await newNetwork(client, 2));
      await advanceClock(slow, 3600);
      expect(await shown(id, client)).toEqual(["available", "enabled"]);
      await unencrypt(id, client);
      await settle();
      expect(await shown(id, client)).toEqual(["available", "disabling"]);
      await refused(encrypt(id, client), "IncorrectState");
      await refused(attach(client, id, network), "OperationNotPermitted");
      await advanceClock(slow, 3600);
      expect(await shown(id, client)).toEqual(["available", "disabled"]);
    } finally {
      await slow.close();
    }
  });
});

describe("what flow logs tell of it", () => {
  let islet: Islet;
  beforeAll(async () => {
    islet = await ownIslet();
    await operate(islet, "POST clock", { Frozen: true });
  });
  afterAll(() => islet.close());

  test("hops to and from a gateway are encrypted once it encrypts", async () => {
    const keys = freshKeys(islet);
    const client = new EC2Client(configOf(islet, keys));
    const logs = new CloudWatchLogsClient(configOf(islet, keys));
    const { id } = await newGateway(client);
    const hosts: string[] = [];
    for (const n of [1, 2]) {
      const network = await newNetwork(client, n);
      await control(network.vpc, client);
      hosts.push(
        await launch(client, {
          SubnetId: network.subnets[0],
          PrivateIpAddress: `10.${n}.0.10`,
          InstanceType: "m6i.large",
        }),
      );
      await attach(client, id, network);
      await leadTo(client, id, network);
      await client.send(
        new CreateFlowLogsCommand({
          ResourceType: "VPC",
          ResourceIds: [network.vpc],
          TrafficType: "ACCEPT",
          LogGroupName: "flows",
          DeliverLogsPermissionArn: "arn:aws:iam::123456789012:role/flow-logs",
          MaxAggregationInterval: 60,
          LogFormat: "${encryption-status} ${flow-direction} ${interface-type} ${srcaddr}",
        }),
      );
    }
    const told = async () => {
      const [From, To] = hosts;
      await operate(islet, "POST packets", { Region: "us-east-1", From, To, Protocol: "tcp", Port: 443 });
      await advanceClock(islet, 120);
      const { events } = await logs.send(
        new FilterLogEventsCommand({ logGroupName: "flows", filterPattern: "gress" }),
      );
      return new Set(events?.map(({ message }) => message?.split(" ").slice(0, 2).join(" ")));
    };
    expect(await told()).toEqual(new Set(["0 egress", "0 ingress"]));
    await encrypt(id, client);
    expect(await told()).toEqual(new Set(["0 egress", "0 ingress", "1 egress", "1 ingress"]));
  });
});
