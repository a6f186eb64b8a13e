import {
  AcceptTransitGatewayClientVpnAttachmentCommand,
  ApplySecurityGroupsToClientVpnTargetNetworkCommand,
  AssociateClientVpnTargetNetworkCommand,
  CreateClientVpnRouteCommand,
  CreateTransitGatewayVpcAttachmentCommand,
  DeleteClientVpnEndpointCommand,
  DeleteClientVpnRouteCommand,
  DeleteTransitGatewayClientVpnAttachmentCommand,
  DeleteTransitGatewayCommand,
  DescribeClientVpnConnectionsCommand,
  DescribeClientVpnRoutesCommand,
  DescribeTransitGatewayAttachmentsCommand,
  DisassociateClientVpnTargetNetworkCommand,
  ModifyClientVpnEndpointCommand,
  RejectTransitGatewayClientVpnAttachmentCommand,
  SearchTransitGatewayRoutesCommand,
  type AssociateClientVpnTargetNetworkCommandInput,
  type TransitGatewayConfigurationInputStructure,
  type TransitGatewayRequestOptions,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { refused } from "../islet.ts";
import { operate } from "../operator.ts";
import { acceptAll, newAccount, newShare } from "../ram/account.ts";
import {
  CLIENTS,
  newEndpoint,
  newNetwork,
  newOwner,
  newReadyEndpoint,
  Region,
  shownEndpoint,
  targetNetworks,
  type Owner,
} from "./clientVpns.ts";
import { newGateway } from "./transitGateways.ts";
import { newConnection } from "./vpnNetwork.ts";

const NOT_FOUND = "InvalidTransitGatewayAttachmentID.NotFound";

let owner: Owner;
beforeAll(async () => {
  owner = await newOwner();
});

const gatewayOf = ({ ec2 }: Pick<Owner, "ec2">, options: TransitGatewayRequestOptions = {}) =>
  newGateway(ec2, { TransitGatewayCidrBlocks: ["192.0.2.0/24"], ...options });
const atGateway = (configuration: TransitGatewayConfigurationInputStructure, cidr = CLIENTS, by = owner) =>
  newEndpoint(by, { ClientCidrBlock: cidr, TransitGatewayConfiguration: configuration });
const attachmentOf = async (endpoint: string, by = owner) =>
  (await shownEndpoint(by, endpoint)).TransitGatewayConfiguration?.TransitGatewayAttachmentId ?? "";
const ask = (
  ClientVpnEndpointId: string,
  asked: Omit<AssociateClientVpnTargetNetworkCommandInput, "ClientVpnEndpointId">,
) => owner.ec2.send(new AssociateClientVpnTargetNetworkCommand({ ClientVpnEndpointId, ...asked }));

async function attachments({ ec2 }: Pick<Owner, "ec2">, TransitGatewayId: string) {
  const Filters = [{ Name: "transit-gateway-id", Values: [TransitGatewayId] }];
  const { TransitGatewayAttachments } = await ec2.send(
    new DescribeTransitGatewayAttachmentsCommand({ Filters }),
  );
  return TransitGatewayAttachments ?? [];
}

describe("what it refuses to parse", () => {
  test("ids of another form", async () => {
    const input = { TransitGatewayAttachmentId: "tgw-attach-x" };
    await refused(
      owner.ec2.send(new AcceptTransitGatewayClientVpnAttachmentCommand(input)),
      "InvalidTransitGatewayAttachmentID.Malformed",
    );
  });

  test("zones in two ways, too many, or of another region", async () => {
    const { id: TransitGatewayId } = await gatewayOf(owner);
    const zones = (AvailabilityZones: string[], AvailabilityZoneIds?: string[]) =>
      atGateway({ TransitGatewayId, AvailabilityZones, AvailabilityZoneIds });
    await refused(zones(["us-east-1a"], ["use1-az1"]), "InvalidParameterCombination");
    await refused(zones(["eu-west-1a"]), "InvalidParameterValue");
    const six = ["a", "b", "c", "d", "e", "f"].map((letter) => `us-east-1${letter}`);
    await refused(zones(six), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("anything with attachments that are not there, or lead to something else", async () => {
    const { id: TransitGatewayId } = await gatewayOf(owner);
    await newConnection(owner.ec2, { TransitGatewayId });
    const [other] = await attachments(owner, TransitGatewayId);
    for (const id of ["tgw-attach-0123456789abcdef0", other?.TransitGatewayAttachmentId]) {
      const input = { TransitGatewayAttachmentId: id };
      await refused(owner.ec2.send(new AcceptTransitGatewayClientVpnAttachmentCommand(input)), NOT_FOUND);
      await refused(owner.ec2.send(new RejectTransitGatewayClientVpnAttachmentCommand(input)), NOT_FOUND);
      await refused(owner.ec2.send(new DeleteTransitGatewayClientVpnAttachmentCommand(input)), NOT_FOUND);
    }
  });

  test("to accept or reject what waits for nobody", async () => {
    const { id: TransitGatewayId } = await gatewayOf(owner);
    const input = { TransitGatewayAttachmentId: await attachmentOf(await atGateway({ TransitGatewayId })) };
    await refused(
      owner.ec2.send(new AcceptTransitGatewayClientVpnAttachmentCommand(input)),
      "IncorrectState",
    );
    await refused(
      owner.ec2.send(new RejectTransitGatewayClientVpnAttachmentCommand(input)),
      "IncorrectState",
    );
  });

  test("gateways without addresses, or whose networks have clients' addresses", async () => {
    const bare = await newGateway(owner.ec2);
    await refused(atGateway({ TransitGatewayId: bare.id }), "InvalidParameterValue", /no IPv4 CIDR block/);
    const { id: TransitGatewayId } = await gatewayOf(owner);
    await refused(atGateway({ TransitGatewayId }, "192.0.0.0/16"), "InvalidParameterValue", /overlaps/);
    const { vpc, subnet } = await newNetwork(owner);
    await owner.ec2.send(
      new CreateTransitGatewayVpcAttachmentCommand({ TransitGatewayId, VpcId: vpc, SubnetIds: [subnet] }),
    );
    await refused(atGateway({ TransitGatewayId }, "10.0.0.0/22"), "InvalidParameterValue", /10\.0\.0\.0\/16/);
  });

  test("subnets and groups at a transit gateway, and zones in a VPC", async () => {
    const { id: TransitGatewayId } = await gatewayOf(owner);
    const endpoint = await atGateway({ TransitGatewayId });
    const { vpc, subnet } = await newNetwork(owner);
    await refused(ask(endpoint, { SubnetId: subnet }), "MissingParameter");
    const VpcId = vpc;
    const modify = new ModifyClientVpnEndpointCommand({ ClientVpnEndpointId: endpoint, VpcId });
    await refused(owner.ec2.send(modify), "UnsupportedOperation");
    const SecurityGroupIds = ["sg-01234567"];
    const apply = { ClientVpnEndpointId: endpoint, VpcId, SecurityGroupIds };
    await refused(
      owner.ec2.send(new ApplySecurityGroupsToClientVpnTargetNetworkCommand(apply)),
      "InvalidParameterValue",
    );
    const route = { ClientVpnEndpointId: endpoint, DestinationCidrBlock: "10.0.0.0/16" };
    await refused(
      owner.ec2.send(new CreateClientVpnRouteCommand({ ...route, TargetVpcSubnetId: subnet })),
      "InvalidParameterCombination",
    );
    const ready = await newReadyEndpoint(owner);
    await refused(ask(ready.endpoint, { AvailabilityZone: "us-east-1a" }), "MissingParameter");
  });

  test("a zone twice, one that is not there, and a sixth", async () => {
    const { id: TransitGatewayId } = await gatewayOf(owner);
    const AvailabilityZones = ["a", "b", "c", "d", "e"].map((letter) => `us-east-1${letter}`);
    const endpoint = await atGateway({ TransitGatewayId, AvailabilityZones });
    await refused(ask(endpoint, { AvailabilityZone: "us-east-1a" }), "ClientVpnEndpointAssociationExists");
    await refused(ask(endpoint, { AvailabilityZone: "nowhere" }), "InvalidParameterValue");
    await refused(ask(endpoint, { AvailabilityZone: "us-east-1f" }), "InvalidParameterValue", /Up to 5/);
  });
});

describe("what it does", () => {
  test("attaches an endpoint to a gateway, in two zones unless others are named", async () => {
    const { id: TransitGatewayId, table } = await gatewayOf(owner);
    const endpoint = await atGateway({ TransitGatewayId });
    const id = await attachmentOf(endpoint);
    expect(await shownEndpoint(owner, endpoint)).toMatchObject({
      Status: { Code: "available" },
      AssociatedTargetNetworks: [],
      SecurityGroupIds: [],
      TransitGatewayConfiguration: {
        TransitGatewayId,
        TransitGatewayAttachmentId: expect.stringMatching(/^tgw-attach-/),
        AvailabilityZones: ["us-east-1a", "us-east-1b"],
        AvailabilityZoneIds: [expect.stringMatching(/^use1-az\d$/), expect.stringMatching(/^use1-az\d$/)],
      },
    });
    expect(await attachments(owner, TransitGatewayId)).toMatchObject([
      {
        TransitGatewayAttachmentId: id,
        ResourceType: "client-vpn",
        ResourceId: endpoint,
        ResourceOwnerId: owner.account,
        State: "available",
        Association: { TransitGatewayRouteTableId: table, State: "associated" },
      },
    ]);
    const Filters = [{ Name: "type", Values: ["propagated"] }];
    const search = new SearchTransitGatewayRoutesCommand({ TransitGatewayRouteTableId: table, Filters });
    expect((await owner.ec2.send(search)).Routes).toMatchObject([
      {
        DestinationCidrBlock: CLIENTS,
        TransitGatewayAttachments: [{ ResourceType: "client-vpn", TransitGatewayAttachmentId: id }],
      },
    ]);
  });

  test("adds and removes zones", async () => {
    const { id: TransitGatewayId } = await gatewayOf(owner);
    const endpoint = await atGateway({ TransitGatewayId, AvailabilityZoneIds: ["use1-az1"] });
    expect((await ask(endpoint, { AvailabilityZone: "us-east-1c" })).Status?.Code).toBe("associating");
    const [first, second] = await targetNetworks(owner, endpoint);
    expect(first).toMatchObject({ AvailabilityZoneIds: ["use1-az1"], Status: { Code: "associated" } });
    expect(second?.AvailabilityZones).toEqual(["us-east-1c"]);
    expect(second?.TargetNetworkId).toBeUndefined();
    for (const each of [first, second]) {
      const AssociationId = each?.AssociationId;
      const leave = { ClientVpnEndpointId: endpoint, AssociationId };
      await owner.ec2.send(new DisassociateClientVpnTargetNetworkCommand(leave));
    }
    expect((await shownEndpoint(owner, endpoint)).Status?.Code).toBe("pending-associate");
  });

  test("has routes without a subnet", async () => {
    const { id: TransitGatewayId } = await gatewayOf(owner);
    const ClientVpnEndpointId = await atGateway({ TransitGatewayId });
    const route = { ClientVpnEndpointId, DestinationCidrBlock: "10.0.0.0/8" };
    await owner.ec2.send(new CreateClientVpnRouteCommand(route));
    const shown = () => owner.ec2.send(new DescribeClientVpnRoutesCommand({ ClientVpnEndpointId }));
    expect((await shown()).Routes).toMatchObject([
      {
        DestinationCidr: "10.0.0.0/8",
        Origin: "add-route",
        Status: { Code: "active" },
        TransitGatewayAttachmentId: await attachmentOf(ClientVpnEndpointId),
      },
    ]);
    await owner.ec2.send(new DeleteClientVpnRouteCommand(route));
    expect((await shown()).Routes).toEqual([]);
  });

  test("goes with the endpoint and its connections, and keeps the gateway until then", async () => {
    const { id: TransitGatewayId } = await gatewayOf(owner);
    const ClientVpnEndpointId = await atGateway({ TransitGatewayId });
    const client = { Region, ClientVpnEndpointId, CommonName: "client1" };
    await operate(owner.islet, "POST client-vpn-connections", client);
    const remove = () => owner.ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId }));
    await refused(remove(), "IncorrectState", /Client VPN/);
    await owner.ec2.send(new DeleteClientVpnEndpointCommand({ ClientVpnEndpointId }));
    const shown = new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId });
    expect((await owner.ec2.send(shown)).Connections).toMatchObject([{ Status: { Code: "terminated" } }]);
    expect(await attachments(owner, TransitGatewayId)).toMatchObject([{ State: "deleted" }]);
    await remove();
  });

  test("can be taken away by the gateway's owner", async () => {
    const { id: TransitGatewayId } = await gatewayOf(owner);
    const endpoint = await atGateway({ TransitGatewayId });
    const TransitGatewayAttachmentId = await attachmentOf(endpoint);
    const { TransitGatewayClientVpnAttachment: gone } = await owner.ec2.send(
      new DeleteTransitGatewayClientVpnAttachmentCommand({ TransitGatewayAttachmentId }),
    );
    expect(gone).toMatchObject({
      TransitGatewayAttachmentId,
      TransitGatewayId,
      ClientVpnEndpointId: endpoint,
      ClientVpnOwnerId: owner.account,
      State: "deleting",
      CreationTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect((await shownEndpoint(owner, endpoint)).Status?.Code).toBe("pending-associate");
    await owner.ec2.send(new DeleteClientVpnEndpointCommand({ ClientVpnEndpointId: endpoint }));
  });

  test("of another account waits for the gateway's owner, who accepts or rejects it", async () => {
    const lender = await newAccount(owner.islet);
    const borrower = await newAccount(owner.islet);
    const { id: TransitGatewayId, shown } = await gatewayOf(lender);
    await newShare(lender, {
      resourceArns: [shown.TransitGatewayArn ?? ""],
      principals: [borrower.account],
    });
    await acceptAll(borrower);
    const by: Owner = {
      ...borrower,
      certificate: owner.certificate.replace(owner.account, borrower.account),
    };
    const [one, other] = [
      await atGateway({ TransitGatewayId }, CLIENTS, by),
      await atGateway({ TransitGatewayId }, "172.20.0.0/22", by),
    ];
    const [first, second] = [await attachmentOf(one, by), await attachmentOf(other, by)];
    expect((await shownEndpoint(by, one)).Status?.Code).toBe("pending-associate");
    const accept = new AcceptTransitGatewayClientVpnAttachmentCommand({ TransitGatewayAttachmentId: first });
    await refused(by.ec2.send(accept), NOT_FOUND);
    const accepted = await lender.ec2.send(accept);
    expect(accepted.TransitGatewayClientVpnAttachment).toMatchObject({
      ClientVpnOwnerId: borrower.account,
      State: "pending",
    });
    expect((await shownEndpoint(by, one)).Status?.Code).toBe("available");
    const reject = new RejectTransitGatewayClientVpnAttachmentCommand({ TransitGatewayAttachmentId: second });
    expect((await lender.ec2.send(reject)).TransitGatewayClientVpnAttachment?.State).toBe("rejected");
    expect((await shownEndpoint(by, other)).Status?.Code).toBe("pending-associate");
    await by.ec2.send(new DeleteClientVpnEndpointCommand({ ClientVpnEndpointId: other }));
  });
});
