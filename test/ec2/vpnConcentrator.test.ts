import {
  CreateTagsCommand,
  CreateVpnConcentratorCommand,
  CreateVpnConnectionRouteCommand,
  DeleteTransitGatewayCommand,
  DeleteVpnConcentratorCommand,
  DeleteVpnConnectionCommand,
  DescribeTransitGatewayAttachmentsCommand,
  DescribeVpnConcentratorsCommand,
  DescribeVpnConnectionsCommand,
  ModifyTransitGatewayCommand,
  ModifyVpnConnectionCommand,
  type EC2Client,
  type VpnConcentrator,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { newGateway } from "./transitGateways.ts";
import { newConnection, newVpnGateway } from "./vpnNetwork.ts";

const shown = async (ec2: EC2Client, ...VpnConcentratorIds: string[]): Promise<VpnConcentrator[]> =>
  (await ec2.send(new DescribeVpnConcentratorsCommand({ VpnConcentratorIds }))).VpnConcentrators ?? [];

/** A concentrator that is available, at a gateway of its own unless one is named. */
async function newConcentrator(ec2: EC2Client, gateway?: string) {
  const TransitGatewayId = gateway ?? (await newGateway(ec2)).id;
  const { VpnConcentrator: made } = await ec2.send(
    new CreateVpnConcentratorCommand({ Type: "ipsec.1", TransitGatewayId }),
  );
  return { id: made?.VpnConcentratorId ?? "", gateway: TransitGatewayId, made };
}

const absent = "vcn-0123456789abcdef0";

describe("what it refuses to parse", () => {
  test("a concentrator of another type, or at no transit gateway", async () => {
    const ec2 = await freshClient();
    const { id: TransitGatewayId } = await newGateway(ec2);
    await refused(
      ec2.send(new CreateVpnConcentratorCommand({ Type: "ipsec.2" as "ipsec.1", TransitGatewayId })),
      "InvalidParameterValue",
    );
    await refused(ec2.send(new CreateVpnConcentratorCommand({ Type: "ipsec.1" })), "MissingParameter");
  });
});

describe("what it refuses to do", () => {
  test("what is not there", async () => {
    const ec2 = await freshClient();
    const TransitGatewayId = "tgw-0123456789abcdef0";
    await refused(
      ec2.send(new CreateVpnConcentratorCommand({ Type: "ipsec.1", TransitGatewayId })),
      "InvalidTransitGatewayID.NotFound",
    );
    const code = "InvalidVpnConcentratorID.NotFound";
    await refused(ec2.send(new DeleteVpnConcentratorCommand({ VpnConcentratorId: absent })), code);
    await refused(shown(ec2, absent), code);
    await refused(newConnection(ec2, { VpnConcentratorId: absent }), code);
    const { id } = await newConcentrator(ec2);
    await ec2.send(new DeleteVpnConcentratorCommand({ VpnConcentratorId: id }));
    await refused(ec2.send(new DeleteVpnConcentratorCommand({ VpnConcentratorId: id })), code);
    await refused(newConnection(ec2, { VpnConcentratorId: id }), code);
  });

  test("connections that do not fit", async () => {
    const ec2 = await freshClient();
    const { id: VpnConcentratorId, gateway: TransitGatewayId } = await newConcentrator(ec2);
    const VpnGatewayId = await newVpnGateway(ec2);
    for (const other of [
      { TransitGatewayId },
      { VpnGatewayId },
      { Options: { StaticRoutesOnly: true } },
      { Options: { EnableAcceleration: true } },
      { Options: { TunnelBandwidth: "large" as const } },
    ]) {
      await refused(newConnection(ec2, { VpnConcentratorId, ...other }), "InvalidParameterCombination");
    }
    const { VpnConnectionId } = await newConnection(ec2, { VpnConcentratorId });
    await refused(
      ec2.send(
        new CreateVpnConnectionRouteCommand({ VpnConnectionId, DestinationCidrBlock: "192.168.0.0/16" }),
      ),
      "InvalidVpnConnection.InvalidType",
    );
  });

  test("to go with connections, to leave its gateway alone, or the gateway to change its number", async () => {
    const ec2 = await freshClient();
    const { id: VpnConcentratorId, gateway: TransitGatewayId } = await newConcentrator(ec2);
    const { VpnConnectionId } = await newConnection(ec2, { VpnConcentratorId });
    await refused(ec2.send(new DeleteVpnConcentratorCommand({ VpnConcentratorId })), "IncorrectState");
    await refused(
      ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId })),
      "IncorrectState",
      /VPN Conc/,
    );
    await refused(
      ec2.send(new ModifyTransitGatewayCommand({ TransitGatewayId, Options: { AmazonSideAsn: 65_000 } })),
      "IncorrectState",
    );
    await ec2.send(new DeleteVpnConnectionCommand({ VpnConnectionId }));
    await ec2.send(new DeleteVpnConcentratorCommand({ VpnConcentratorId }));
    expect((await shown(ec2, VpnConcentratorId))[0]?.State).toBe("deleted");
    await ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId }));
  });
});

describe("what it does", () => {
  test("is an attachment of its gateway, with the gateway's tables, until it goes", async () => {
    const ec2 = await freshClient();
    const { id: TransitGatewayId, table } = await newGateway(ec2);
    const { VpnConcentrator: made } = await ec2.send(
      new CreateVpnConcentratorCommand({
        Type: "ipsec.1",
        TransitGatewayId,
        TagSpecifications: [{ ResourceType: "vpn-concentrator", Tags: [{ Key: "Name", Value: "shops" }] }],
      }),
    );
    const id = made?.VpnConcentratorId ?? "";
    expect(made).toEqual({
      VpnConcentratorId: expect.stringMatching(/^vcn-[0-9a-f]{17}$/) as string,
      State: "pending",
      TransitGatewayId,
      TransitGatewayAttachmentId: expect.stringMatching(/^tgw-attach-/) as string,
      Type: "ipsec.1",
      Tags: [{ Key: "Name", Value: "shops" }],
    });
    expect(await shown(ec2, id)).toEqual([{ ...made, State: "available" }]);
    const attachments = async () =>
      (
        await ec2.send(
          new DescribeTransitGatewayAttachmentsCommand({
            Filters: [{ Name: "resource-type", Values: ["vpn-concentrator"] }],
          }),
        )
      ).TransitGatewayAttachments;
    expect(await attachments()).toMatchObject([
      {
        TransitGatewayAttachmentId: made?.TransitGatewayAttachmentId,
        ResourceId: id,
        State: "available",
        Association: { TransitGatewayRouteTableId: table },
      },
    ]);
    const answer = await ec2.send(new DeleteVpnConcentratorCommand({ VpnConcentratorId: id }));
    expect(answer.Return).toBe(true);
    expect(await attachments()).toMatchObject([{ State: "deleted" }]);
  });

  test("is found by its tags, and by no other filter", async () => {
    const ec2 = await freshClient();
    const { id } = await newConcentrator(ec2);
    await newConcentrator(ec2);
    await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "for", Value: "shops" }] }));
    const find = async (Name: string, ...Values: string[]) => {
      const input = { Filters: [{ Name, Values }] };
      const { VpnConcentrators } = await ec2.send(new DescribeVpnConcentratorsCommand(input));
      return VpnConcentrators?.map(({ VpnConcentratorId }) => VpnConcentratorId);
    };
    expect(await find("tag:for", "shops")).toEqual([id]);
    await refused(find("state", "available"), "InvalidParameterValue");
  });

  test("has connections, which say so, and which can move to a gateway", async () => {
    const ec2 = await freshClient();
    const { id: VpnConcentratorId, gateway: TransitGatewayId } = await newConcentrator(ec2);
    const connection = await newConnection(ec2, {
      VpnConcentratorId,
      Options: { TunnelInsideIpVersion: "ipv4" },
    });
    expect(connection).toMatchObject({
      VpnConcentratorId,
      State: "available",
      GatewayAssociationState: "associated",
    });
    expect(connection.TransitGatewayId).toBeUndefined();
    expect(connection.CustomerGatewayConfiguration).toContain(`<transit_gateway_id>${TransitGatewayId}<`);
    const { VpnConnectionId = "" } = connection;
    await ec2.send(new ModifyVpnConnectionCommand({ VpnConnectionId, TransitGatewayId }));
    const { VpnConnections } = await ec2.send(
      new DescribeVpnConnectionsCommand({ VpnConnectionIds: [VpnConnectionId] }),
    );
    expect(VpnConnections).toMatchObject([{ TransitGatewayId, State: "available" }]);
    expect(VpnConnections?.[0]?.VpnConcentratorId).toBeUndefined();
    await ec2.send(new DeleteVpnConcentratorCommand({ VpnConcentratorId }));
  });
});
