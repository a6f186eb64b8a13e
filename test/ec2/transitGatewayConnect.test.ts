import {
  CreateTagsCommand,
  CreateTransitGatewayConnectCommand,
  CreateTransitGatewayConnectPeerCommand,
  CreateTransitGatewayRouteCommand,
  DeleteTransitGatewayConnectCommand,
  DeleteTransitGatewayConnectPeerCommand,
  DeleteTransitGatewayVpcAttachmentCommand,
  DescribeTransitGatewayAttachmentsCommand,
  DescribeTransitGatewayConnectPeersCommand,
  DescribeTransitGatewayConnectsCommand,
  ModifyTransitGatewayCommand,
  type CreateTransitGatewayConnectPeerRequest,
  type Filter,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { attach, newGateway, newNetwork } from "./transitGateways.ts";

const ec2 = await freshClient();
const MISSING = "tgw-attach-0123456789abcdef0";
const MISSING_PEER = "tgw-connect-peer-0123456789abcdef0";

const create = async (TransportTransitGatewayAttachmentId: string) =>
  (
    await ec2.send(
      new CreateTransitGatewayConnectCommand({
        TransportTransitGatewayAttachmentId,
        Options: { Protocol: "gre" },
        TagSpecifications: [{ ResourceType: "transit-gateway-attachment", Tags: [{ Key: "k", Value: "v" }] }],
      }),
    )
  ).TransitGatewayConnect;
const remove = (TransitGatewayAttachmentId: string) =>
  ec2.send(new DeleteTransitGatewayConnectCommand({ TransitGatewayAttachmentId }));
const addPeer = async (
  TransitGatewayAttachmentId: string,
  asked: Partial<CreateTransitGatewayConnectPeerRequest> = {},
) =>
  (
    await ec2.send(
      new CreateTransitGatewayConnectPeerCommand({
        TransitGatewayAttachmentId,
        PeerAddress: "10.1.0.10",
        InsideCidrBlocks: ["169.254.6.0/29"],
        ...asked,
      }),
    )
  ).TransitGatewayConnectPeer;
const removePeer = (TransitGatewayConnectPeerId: string) =>
  ec2.send(new DeleteTransitGatewayConnectPeerCommand({ TransitGatewayConnectPeerId }));
const peers = async (...Filters: Filter[]) =>
  (await ec2.send(new DescribeTransitGatewayConnectPeersCommand({ Filters }))).TransitGatewayConnectPeers ??
  [];
const connects = async (...Filters: Filter[]) =>
  (await ec2.send(new DescribeTransitGatewayConnectsCommand({ Filters }))).TransitGatewayConnects ?? [];

/** A gateway with blocks for tunnels, a VPC at it, and a Connect attachment over that. */
async function site() {
  const { id: gateway, table } = await newGateway(ec2, {
    TransitGatewayCidrBlocks: ["10.99.0.0/24", "2001:db8:99::/64"],
  });
  const transport = await attach(ec2, gateway, await newNetwork(ec2, 1));
  const id = (await create(transport))?.TransitGatewayAttachmentId ?? "";
  return { gateway, table, transport, id };
}

describe("what it refuses to parse", () => {
  test("addresses, blocks and numbers that will not do", async () => {
    const { id } = await site();
    for (const [asked, text] of [
      [{ PeerAddress: "here" }, /peerAddress/],
      [{ TransitGatewayAddress: "there" }, /transitGatewayAddress/],
      [{ TransitGatewayAddress: "10.98.0.1" }, /transitGatewayAddress/],
      [{ TransitGatewayAddress: "2001:db8:99::1" }, /transitGatewayAddress/],
      [{ InsideCidrBlocks: ["169.254.6.0/28"] }, /insideCidrBlocks/],
      [{ InsideCidrBlocks: ["10.0.0.0/29"] }, /insideCidrBlocks/],
      [{ InsideCidrBlocks: ["169.254.0.0/29"] }, /insideCidrBlocks/],
      [{ InsideCidrBlocks: ["169.254.169.248/29"] }, /insideCidrBlocks/],
      [{ InsideCidrBlocks: ["fd00::/125"] }, /insideCidrBlocks/],
      [{ InsideCidrBlocks: ["169.254.6.0/29", "fd00::/124"] }, /insideCidrBlocks/],
      [{ InsideCidrBlocks: ["169.254.6.0/29", "169.254.7.0/29"] }, /insideCidrBlocks/],
      [{ BgpOptions: { PeerAsn: 0 } }, /peerAsn/],
    ] as const) {
      const input = { ...asked } as Partial<CreateTransitGatewayConnectPeerRequest>;
      await refused(addPeer(id, input), "InvalidParameterValue", text);
    }
    await refused(removePeer("tgw-connect-peer-1"), "InvalidTransitGatewayConnectPeerID.Malformed");
  });
});

describe("what it refuses to do", () => {
  test("what is not there", async () => {
    for (const call of [create, remove, addPeer]) {
      await refused(call(MISSING), "InvalidTransitGatewayAttachmentID.NotFound");
    }
    await refused(
      removePeer(MISSING_PEER),
      "InvalidTransitGatewayConnectPeerID.NotFound",
      `Transit Gateway Connect Peer ${MISSING_PEER} was deleted or does not exist.`,
    );
  });

  test("tunnels over tunnels; static routes to them; a peer of an attachment that has none", async () => {
    const { id, table, transport } = await site();
    await refused(create(id), "InvalidParameterValue", /cannot carry a Connect attachment/);
    await refused(addPeer(transport), "InvalidTransitGatewayAttachmentID.NotFound");
    await refused(
      ec2.send(
        new CreateTransitGatewayRouteCommand({
          TransitGatewayRouteTableId: table,
          DestinationCidrBlock: "10.200.0.0/16",
          TransitGatewayAttachmentId: id,
        }),
      ),
      "UnsupportedOperation",
    );
  });

  test("an address or a block that another peer has; a gateway without blocks", async () => {
    const { id } = await site();
    await addPeer(id, { TransitGatewayAddress: "10.99.0.7" });
    await refused(addPeer(id), "InvalidParameterValue", /insideCidrBlocks/);
    const InsideCidrBlocks = ["169.254.7.0/29"];
    await refused(
      addPeer(id, { InsideCidrBlocks, TransitGatewayAddress: "10.99.0.7" }),
      "InvalidParameterValue",
    );
    const { id: gateway } = await newGateway(ec2);
    const bare = await create(await attach(ec2, gateway, await newNetwork(ec2, 1)));
    await refused(
      addPeer(bare?.TransitGatewayAttachmentId ?? ""),
      "InvalidParameterValue",
      /has no CIDR block/,
    );
  });

  test("to delete what something depends on, or to change the gateway under it", async () => {
    const { id, gateway, transport } = await site();
    const peer = (await addPeer(id))?.TransitGatewayConnectPeerId ?? "";
    await refused(remove(id), "IncorrectState", `${id} has non-deleted Connect Peers: ${peer}.`);
    await refused(
      ec2.send(new DeleteTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId: transport })),
      "IncorrectState",
      `${transport} has non-deleted Transit Gateway Connect Attachments: ${id}.`,
    );
    const modify = (Options: object) =>
      ec2.send(new ModifyTransitGatewayCommand({ TransitGatewayId: gateway, Options }));
    await refused(modify({ RemoveTransitGatewayCidrBlocks: ["10.99.0.0/24"] }), "IncorrectState");
    await refused(modify({ AmazonSideAsn: 64_600 }), "IncorrectState");
  });
});

describe("what it does", () => {
  test("attaches tunnels over a VPC attachment", async () => {
    const { gateway, transport, id } = await site();
    const [connect] = await connects({ Name: "transit-gateway-attachment-id", Values: [id] });
    expect(connect).toEqual({
      TransitGatewayAttachmentId: id,
      TransportTransitGatewayAttachmentId: transport,
      TransitGatewayId: gateway,
      State: "available",
      CreationTime: expect.any(Date) as Date,
      Options: { Protocol: "gre" },
      Tags: [{ Key: "k", Value: "v" }],
    });
    const { TransitGatewayAttachments } = await ec2.send(
      new DescribeTransitGatewayAttachmentsCommand({ TransitGatewayAttachmentIds: [id] }),
    );
    expect(TransitGatewayAttachments).toMatchObject([
      { ResourceType: "connect", Association: { State: "associated" } },
    ]);
    for (const [Name, value] of [
      ["options.protocol", "gre"],
      ["state", "available"],
      ["tag:k", "v"],
      ["transit-gateway-attachment-id", id],
      ["transit-gateway-id", gateway],
      ["transport-transit-gateway-attachment-id", transport],
    ] as const) {
      const found = await connects({ Name, Values: [value] });
      expect([Name, found.map((each) => each.TransitGatewayAttachmentId)]).toEqual([
        Name,
        expect.arrayContaining([id]),
      ]);
      expect(await connects({ Name, Values: ["none such"] })).toEqual([]);
    }
  });

  test("and peers to them, with addresses of the gateway's blocks and two sessions a block", async () => {
    const { id } = await site();
    const made = await addPeer(id, {
      InsideCidrBlocks: ["169.254.6.0/29", "fd00::8/125"],
      BgpOptions: { PeerAsn: 65_000 },
    });
    const session = (TransitGatewayAddress: string, PeerAddress: string) => ({
      TransitGatewayAsn: 64_512,
      PeerAsn: 65_000,
      TransitGatewayAddress,
      PeerAddress,
      BgpStatus: "down",
    });
    expect(made).toEqual({
      TransitGatewayAttachmentId: id,
      TransitGatewayConnectPeerId: expect.stringMatching(/^tgw-connect-peer-0[0-9a-f]{16}$/) as string,
      State: "pending",
      CreationTime: expect.any(Date) as Date,
      ConnectPeerConfiguration: {
        TransitGatewayAddress: "10.99.0.1",
        PeerAddress: "10.1.0.10",
        InsideCidrBlocks: ["169.254.6.0/29", "fd00::8/125"],
        Protocol: "gre",
        BgpConfigurations: [
          session("169.254.6.2", "169.254.6.1"),
          session("169.254.6.3", "169.254.6.1"),
          session("fd00::a", "fd00::9"),
          session("fd00::b", "fd00::9"),
        ],
      },
      Tags: [],
    });
    const peer = made?.TransitGatewayConnectPeerId ?? "";
    await ec2.send(new CreateTagsCommand({ Resources: [peer], Tags: [{ Key: "k", Value: "peer" }] }));
    for (const [Name, value] of [
      ["state", "available"],
      ["tag:k", "peer"],
      ["transit-gateway-attachment-id", id],
      ["transit-gateway-connect-peer-id", peer],
    ] as const) {
      const found = await peers({ Name, Values: [value] });
      expect([Name, found.map((each) => each.TransitGatewayConnectPeerId)]).toEqual([
        Name,
        expect.arrayContaining([peer]),
      ]);
      expect(await peers({ Name, Values: ["none such"] })).toEqual([]);
    }
    const next = await addPeer(id, { InsideCidrBlocks: ["169.254.7.0/29"] });
    expect(next?.ConnectPeerConfiguration?.TransitGatewayAddress).toBe("10.99.0.2");
  });

  test("and takes them away again, in order", async () => {
    const { id, transport } = await site();
    const peer = (await addPeer(id))?.TransitGatewayConnectPeerId ?? "";
    expect((await removePeer(peer)).TransitGatewayConnectPeer).toMatchObject({ State: "deleting" });
    await refused(removePeer(peer), "InvalidTransitGatewayConnectPeerID.NotFound");
    expect((await remove(id)).TransitGatewayConnect).toMatchObject({ State: "deleting" });
    await ec2.send(new DeleteTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId: transport }));
  });
});
