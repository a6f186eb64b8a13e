import {
  AcceptTransitGatewayClientVpnAttachmentCommand,
  DeleteTransitGatewayClientVpnAttachmentCommand,
  DescribeTransitGatewayAttachmentsCommand,
  RejectTransitGatewayClientVpnAttachmentCommand,
} from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { newGateway } from "./transitGateways.ts";
import { newConnection } from "./vpnNetwork.ts";

test("what it refuses to do: without Client VPN endpoints, there is no attachment of theirs", async () => {
  const ec2 = await freshClient();
  const { id: TransitGatewayId } = await newGateway(ec2);
  await newConnection(ec2, { TransitGatewayId });
  const { TransitGatewayAttachments = [] } = await ec2.send(new DescribeTransitGatewayAttachmentsCommand({}));
  const others = TransitGatewayAttachments.map(({ TransitGatewayAttachmentId: id = "" }) => id);
  expect(others).toHaveLength(1);
  for (const TransitGatewayAttachmentId of ["tgw-attach-0123456789abcdef0", ...others]) {
    const code = "InvalidTransitGatewayAttachmentID.NotFound";
    const input = { TransitGatewayAttachmentId };
    await refused(ec2.send(new AcceptTransitGatewayClientVpnAttachmentCommand(input)), code);
    await refused(ec2.send(new RejectTransitGatewayClientVpnAttachmentCommand(input)), code);
    await refused(ec2.send(new DeleteTransitGatewayClientVpnAttachmentCommand(input)), code);
  }
  await refused(
    ec2.send(
      new AcceptTransitGatewayClientVpnAttachmentCommand({ TransitGatewayAttachmentId: "tgw-attach-x" }),
    ),
    "InvalidTransitGatewayAttachmentID.Malformed",
  );
});
