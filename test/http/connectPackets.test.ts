import {
  CreateRouteCommand,
  CreateTransitGatewayConnectCommand,
  CreateTransitGatewayConnectPeerCommand,
  CreateTransitGatewayVpcAttachmentCommand,
  DeleteTransitGatewayConnectPeerCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeTransitGatewayAttachmentsCommand,
  DescribeTransitGatewayConnectPeersCommand,
  RevokeSecurityGroupIngressCommand,
  SearchTransitGatewayRoutesCommand,
  StopInstancesCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawExchange } from "../../server/cli/drawing.ts";
import type { Islet } from "../../server/index.ts";
import { launch } from "../ec2/launch.ts";
import { newGateway } from "../ec2/transitGateways.ts";
import { ownIslet } from "../islet.ts";
import { HOST, OFFICE, sitesOf } from "./sites.ts";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
});
afterAll(() => islet.close());
const { site, exchange, wired } = sitesOf(() => islet);

describe("a site behind an appliance", () => {
  /** A client and an appliance in a VPC, at a gateway with a Connect attachment that has peers. */
  async function connected(peers = 1) {
    const wire = await wired(false);
    const { ec2, vpc, subnet, table } = wire;
    const TransitGatewayCidrBlocks = ["10.99.0.0/24"];
    const { id: TransitGatewayId, table: tableId } = await newGateway(ec2, { TransitGatewayCidrBlocks });
    const { TransitGatewayVpcAttachment } = await ec2.send(
      new CreateTransitGatewayVpcAttachmentCommand({ TransitGatewayId, VpcId: vpc, SubnetIds: [subnet] }),
    );
    for (const DestinationCidrBlock of [OFFICE, ...TransitGatewayCidrBlocks]) {
      await ec2.send(new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock, TransitGatewayId }));
    }
    const { TransitGatewayConnect } = await ec2.send(
      new CreateTransitGatewayConnectCommand({
        TransportTransitGatewayAttachmentId: TransitGatewayVpcAttachment?.TransitGatewayAttachmentId,
        Options: { Protocol: "gre" },
      }),
    );
    const connect = TransitGatewayConnect?.TransitGatewayAttachmentId ?? "";
    const appliance = await launch(ec2, { SubnetId: subnet });
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [appliance] }));
    const PeerAddress = Reservations?.[0]?.Instances?.[0]?.PrivateIpAddress;
    const ids: string[] = [];
    for (let i = 0; i < peers; i++) {
      const { TransitGatewayConnectPeer: peer } = await ec2.send(
        new CreateTransitGatewayConnectPeerCommand({
          TransitGatewayAttachmentId: connect,
          PeerAddress,
          InsideCidrBlocks: [`169.254.${i + 6}.0/29`],
        }),
      );
      ids.push(peer?.TransitGatewayConnectPeerId ?? "");
    }
    return { ...wire, TransitGatewayId, tableId, connect, appliance, ids };
  }

  const sessions = async (ec2: EC2Client) => {
    const { TransitGatewayConnectPeers = [] } = await ec2.send(
      new DescribeTransitGatewayConnectPeersCommand({}),
    );
    return TransitGatewayConnectPeers.flatMap(({ ConnectPeerConfiguration }) =>
      ConnectPeerConfiguration?.BgpConfigurations?.map(({ BgpStatus }) => BgpStatus),
    );
  };

  const search = async (ec2: EC2Client, TransitGatewayRouteTableId: string) => {
    const Filters = [{ Name: "route-search.exact-match", Values: [OFFICE] }];
    const { Routes } = await ec2.send(
      new SearchTransitGatewayRoutesCommand({ TransitGatewayRouteTableId, Filters }),
    );
    return Routes;
  };

  test("is reached by GRE through the VPC while the appliance speaks BGP, and reaches by it", async () => {
    const { ec2, instance, connect, tableId, appliance, ids } = await connected();
    expect(await sessions(ec2)).toEqual(["down", "down"]);
    const Name = await site({ Advertises: [OFFICE, "2001:db8::/32"], ConnectPeers: ids, Hosts: [HOST] });
    expect(await sessions(ec2)).toEqual(["up", "up"]);
    expect(await search(ec2, tableId)).toMatchObject([
      { Type: "propagated", TransitGatewayAttachments: [{ TransitGatewayAttachmentId: connect }] },
    ]);
    const there = await exchange({ From: instance, To: HOST });
    expect(there).toMatchObject({
      Learned: "answer",
      Forward: { Receiver: { Site: Name } },
      Back: { Receiver: { InstanceId: instance } },
    });
    const drawn = drawExchange(there);
    expect(drawn).toContain(`Connect peer ${ids[0]}`);
    expect((await exchange({ From: Name, To: instance })).Learned).toBe("answer");
    await ec2.send(new StopInstancesCommand({ InstanceIds: [appliance] }));
    expect((await exchange({ From: instance, To: HOST })).Forward.Reason).toBe("BAD_STATE");
    expect((await exchange({ From: Name, To: instance })).Forward.Reason).toBe("BAD_STATE");
    await site({}, Name);
    expect(await sessions(ec2)).toEqual(["down", "down"]);
    expect(await search(ec2, tableId)).toEqual([]);
    expect((await exchange({ From: instance, To: HOST })).Forward.Reason).toBe("NO_ROUTE_TO_DESTINATION");
  });

  test("is not reached where the VPC's security groups let no GRE in", async () => {
    const { ec2, vpc, instance, ids } = await connected();
    await site({ Advertises: [OFFICE], ConnectPeers: ids });
    const Filters = [{ Name: "vpc-id", Values: [vpc] }];
    const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
    const [group] = SecurityGroups ?? [];
    await ec2.send(
      new RevokeSecurityGroupIngressCommand({
        GroupId: group?.GroupId,
        IpPermissions: group?.IpPermissions,
      }),
    );
    const { Forward } = await exchange({ From: instance, To: HOST });
    expect(Forward.Reason).toBe("SG_HAS_NO_RULES");
    expect(Forward.Steps.at(-1)?.Packet).toMatchObject({ Protocol: "47" });
  });

  test("can have the appliance at a dedicated line", async () => {
    const { ec2, instance, TransitGatewayId } = await connected(0);
    const wire = { Blocks: [OFFICE, "172.31.0.0/16"], Advertises: ["172.31.0.0/16"], Hosts: [HOST] };
    const line = { ...wire, VirtualInterfaces: [TransitGatewayId] };
    const Name = await site(line);
    const { TransitGatewayAttachments } = await ec2.send(
      new DescribeTransitGatewayAttachmentsCommand({
        Filters: [{ Name: "resource-type", Values: ["direct-connect-gateway"] }],
      }),
    );
    const { TransitGatewayConnect } = await ec2.send(
      new CreateTransitGatewayConnectCommand({
        TransportTransitGatewayAttachmentId: TransitGatewayAttachments?.[0]?.TransitGatewayAttachmentId,
        Options: { Protocol: "gre" },
      }),
    );
    const { TransitGatewayConnectPeer: { TransitGatewayConnectPeerId: peer = "" } = {} } = await ec2.send(
      new CreateTransitGatewayConnectPeerCommand({
        TransitGatewayAttachmentId: TransitGatewayConnect?.TransitGatewayAttachmentId,
        PeerAddress: "172.31.0.9",
        InsideCidrBlocks: ["169.254.9.0/29"],
      }),
    );
    expect((await exchange({ From: instance, To: HOST })).Forward.Reason).toBe("NO_ROUTE_TO_DESTINATION");
    await site({ ...line, Advertises: ["172.31.0.0/16", OFFICE], ConnectPeers: [peer] }, Name);
    const there = await exchange({ From: Name, To: instance, SourceAddress: HOST });
    expect(there.Learned).toBe("answer");
    const { Forward } = await exchange({ From: instance, To: HOST });
    expect(Forward).toMatchObject({ Outcome: "site", Receiver: { Site: Name } });
    await site({ Blocks: [] }, Name);
    expect((await exchange({ From: instance, To: HOST })).Learned).toBe("nothing");
  });

  test("is reached by all peers of the attachment, which share the flows; nobody else's GRE gets in", async () => {
    const { ec2, instance, ids } = await connected(2);
    await site({ Advertises: [OFFICE], ConnectPeers: ids });
    const used = new Set<unknown>();
    for (let SourcePort = 40_000; SourcePort < 40_032; SourcePort++) {
      const { Forward } = await exchange({ From: instance, To: HOST, SourcePort });
      for (const { Component } of Forward.Steps)
        if (Component.Type === "connect-peer") used.add(Component.Id);
    }
    expect(used).toEqual(new Set(ids));
    const { TransitGatewayConnectPeers } = await ec2.send(new DescribeTransitGatewayConnectPeersCommand({}));
    const To = TransitGatewayConnectPeers?.[0]?.ConnectPeerConfiguration?.TransitGatewayAddress;
    const bare = await exchange({ From: instance, To, Protocol: "47", Port: undefined });
    expect(bare.Forward.Reason).toBe("GATEWAY_REJECTS_SPOOFED_TRAFFIC");
    await ec2.send(new DeleteTransitGatewayConnectPeerCommand({ TransitGatewayConnectPeerId: ids[0] }));
    expect((await exchange({ From: instance, To: HOST })).Learned).toBe("answer");
    await ec2.send(new DeleteTransitGatewayConnectPeerCommand({ TransitGatewayConnectPeerId: ids[1] }));
    expect((await exchange({ From: instance, To: HOST })).Learned).toBe("nothing");
  });
});
