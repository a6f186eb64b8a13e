import {
  AcceptVpcPeeringConnectionCommand,
  AssociateVpcCidrBlockCommand,
  CreateRouteCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  CreateVpcPeeringConnectionCommand,
  DeleteRouteCommand,
  DeleteVpcCommand,
  DeleteVpcPeeringConnectionCommand,
  DescribeRouteTablesCommand,
  DescribeVpcPeeringConnectionsCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
  ModifyVpcPeeringConnectionOptionsCommand,
  RejectVpcPeeringConnectionCommand,
  type CreateVpcPeeringConnectionCommandInput,
  type VpcPeeringConnection,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { configOf, freshClient, freshKeys, ownIslet, refused, sharedIslet } from "../islet.ts";

const US = "us-east-1";
const EU = "eu-west-1";
const DAY = 24 * 3600;

/** An account with its clients in two regions. */
interface Account {
  readonly id: string;
  readonly us: EC2Client;
  readonly eu: EC2Client;
}

async function account(islet?: Islet): Promise<Account> {
  const server = islet ?? (await sharedIslet());
  const keys = freshKeys(server);
  return {
    id: keys.account,
    us: new EC2Client(configOf(server, keys, US)),
    eu: new EC2Client(configOf(server, keys, EU)),
  };
}

async function vpc(ec2: EC2Client, CidrBlock: string): Promise<string> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock }));
  return Vpc?.VpcId ?? "";
}

async function request(
  ec2: EC2Client,
  VpcId: string,
  PeerVpcId: string,
  more: Partial<CreateVpcPeeringConnectionCommandInput> = {},
): Promise<VpcPeeringConnection> {
  const { VpcPeeringConnection: peering } = await ec2.send(
    new CreateVpcPeeringConnectionCommand({ VpcId, PeerVpcId, ...more }),
  );
  return peering ?? {};
}

const idOf = async (peering: Promise<VpcPeeringConnection>): Promise<string> =>
  (await peering).VpcPeeringConnectionId ?? "";

async function shown(ec2: EC2Client, id: string): Promise<VpcPeeringConnection> {
  const { VpcPeeringConnections } = await ec2.send(
    new DescribeVpcPeeringConnectionsCommand({ VpcPeeringConnectionIds: [id] }),
  );
  return VpcPeeringConnections?.[0] ?? {};
}

const stateOf = async (ec2: EC2Client, id: string) => (await shown(ec2, id)).Status?.Code;

async function visible(ec2: EC2Client): Promise<(string | undefined)[]> {
  const { VpcPeeringConnections = [] } = await ec2.send(new DescribeVpcPeeringConnectionsCommand({}));
  return VpcPeeringConnections.map(({ VpcPeeringConnectionId }) => VpcPeeringConnectionId);
}

const accept = (ec2: EC2Client, VpcPeeringConnectionId: string) =>
  ec2.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
const reject = (ec2: EC2Client, VpcPeeringConnectionId: string) =>
  ec2.send(new RejectVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
const remove = (ec2: EC2Client, VpcPeeringConnectionId: string) =>
  ec2.send(new DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));

/** Two VPCs of one account that are peered. */
async function peered(ec2: EC2Client): Promise<{ id: string; near: string; far: string }> {
  const near = await vpc(ec2, "10.0.0.0/16");
  const far = await vpc(ec2, "10.1.0.0/16");
  const id = await idOf(request(ec2, near, far));
  await accept(ec2, id);
  return { id, near, far };
}

async function mainTable(ec2: EC2Client, vpcId: string) {
  const { RouteTables } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [vpcId] }] }),
  );
  return RouteTables?.[0] ?? {};
}

const routeStates = async (ec2: EC2Client, vpcId: string) =>
  (await mainTable(ec2, vpcId)).Routes?.map((route) => [
    route.DestinationCidrBlock,
    route.VpcPeeringConnectionId ?? route.GatewayId,
    route.State,
  ]);

async function addRoute(ec2: EC2Client, vpcId: string, to: string, VpcPeeringConnectionId: string) {
  const { RouteTableId } = await mainTable(ec2, vpcId);
  return ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: to, VpcPeeringConnectionId }));
}

describe("what it refuses to parse", () => {
  test("ids of another form, accounts and regions that are none", async () => {
    const ec2 = await freshClient();
    const VpcId = await vpc(ec2, "10.0.0.0/16");
    await refused(shown(ec2, "pcx-1"), "InvalidVpcPeeringConnectionId.Malformed");
    await refused(request(ec2, VpcId, "vpc-1"), "InvalidVpcID.Malformed");
    const PeerVpcId = "vpc-0123456789abcdef0";
    await refused(request(ec2, VpcId, PeerVpcId, { PeerOwnerId: "me" }), "InvalidParameterValue");
    await refused(request(ec2, VpcId, PeerVpcId, { PeerRegion: "moon-1" }), "InvalidParameterValue");
    await refused(ec2.send(new CreateVpcPeeringConnectionCommand({ VpcId })), "MissingParameter");
  });
});

describe("what it refuses to do", () => {
  test("to find what is not there", async () => {
    const ec2 = await freshClient();
    const near = await vpc(ec2, "10.0.0.0/16");
    const id = "pcx-0123456789abcdef0";
    await refused(shown(ec2, id), "InvalidVpcPeeringConnectionID.NotFound", /pcx-0123456789abcdef0/);
    await refused(accept(ec2, id), "InvalidVpcPeeringConnectionID.NotFound");
    await refused(addRoute(ec2, near, "10.1.0.0/16", id), "InvalidVpcPeeringConnectionID.NotFound");
    await refused(request(ec2, near, "vpc-0123456789abcdef0"), "InvalidVpcID.NotFound");
    await refused(request(ec2, "vpc-0123456789abcdef0", near), "InvalidVpcID.NotFound");
  });

  test("to let anybody but who is asked accept or reject, and anybody but who asks take it back", async () => {
    const [asks, asked, third] = [await account(), await account(), await account()];
    const near = await vpc(asks.us, "10.0.0.0/16");
    const far = await vpc(asked.us, "10.1.0.0/16");
    const id = await idOf(request(asks.us, near, far, { PeerOwnerId: asked.id }));
    await refused(
      accept(asks.us, id),
      "OperationNotPermitted",
      `User ${asks.id} cannot accept peering ${id}`,
    );
    await refused(reject(asks.us, id), "OperationNotPermitted");
    await refused(remove(asked.us, id), "OperationNotPermitted");
    await refused(shown(third.us, id), "InvalidVpcPeeringConnectionID.NotFound");
    await refused(accept(third.us, id), "InvalidVpcPeeringConnectionID.NotFound");
  });

  test("to accept in another region than that of the VPC", async () => {
    const { us, eu } = await account();
    const id = await idOf(
      request(us, await vpc(us, "10.0.0.0/16"), await vpc(eu, "10.1.0.0/16"), { PeerRegion: EU }),
    );
    await refused(accept(us, id), "OperationNotPermitted", /must be accepted in region eu-west-1/);
    await refused(reject(us, id), "OperationNotPermitted", /must be rejected in region eu-west-1/);
  });

  test("to go from one state to another that does not follow", async () => {
    const ec2 = await freshClient();
    const near = await vpc(ec2, "10.0.0.0/16");
    const far = await vpc(ec2, "10.1.0.0/16");
    const id = await idOf(request(ec2, near, far));
    await reject(ec2, id);
    const text = (to: string) =>
      `Invalid state transition for ${id}, attempted to transition from rejected to ${to}`;
    await refused(remove(ec2, id), "InvalidStateTransition", text("deleting"));
    await refused(accept(ec2, id), "InvalidStateTransition", text("provisioning"));
    await refused(reject(ec2, id), "InvalidStateTransition", text("rejected"));
    await refused(addRoute(ec2, near, "10.1.0.0/16", id), "InvalidVpcPeeringConnectionID.NotFound");
  });

  test("a second connection between two VPCs", async () => {
    const ec2 = await freshClient();
    const { id, near, far } = await peered(ec2);
    expect(await idOf(request(ec2, near, far))).toBe(id);
    const reversed = await idOf(request(ec2, far, near));
    expect(reversed).not.toBe(id);
    await refused(
      accept(ec2, reversed),
      "VpcPeeringConnectionAlreadyExists",
      `The vpc peering connection identified by ${reversed} already exists.`,
    );
  });

  test("routes by a connection of other VPCs", async () => {
    const ec2 = await freshClient();
    const { id } = await peered(ec2);
    const third = await vpc(ec2, "10.2.0.0/16");
    await refused(addRoute(ec2, third, "10.1.0.0/16", id), "InvalidParameterValue", /different networks/);
  });

  test("options of what is not active, of the other side, and of what is no more", async () => {
    const [asks, asked] = [await account(), await account()];
    const near = await vpc(asks.us, "10.0.0.0/16");
    const far = await vpc(asked.us, "10.1.0.0/16");
    const id = await idOf(request(asks.us, near, far, { PeerOwnerId: asked.id }));
    const modify = (ec2: EC2Client, more: object) =>
      ec2.send(new ModifyVpcPeeringConnectionOptionsCommand({ VpcPeeringConnectionId: id, ...more }));
    const dns = { AllowDnsResolutionFromRemoteVpc: true };
    await refused(modify(asks.us, {}), "MissingParameter");
    await refused(
      modify(asks.us, { RequesterPeeringConnectionOptions: dns }),
      "OperationNotPermitted",
      `Peering ${id} is not active. Peering options can be added only to active peerings.`,
    );
    await accept(asked.us, id);
    await refused(
      modify(asks.us, { AccepterPeeringConnectionOptions: dns }),
      "OperationNotPermitted",
      /cannot modify accepter/,
    );
    await refused(
      modify(asks.us, { RequesterPeeringConnectionOptions: dns }),
      "OperationNotPermitted",
      /DNS hostnames must be enabled/,
    );
    const classic = { AllowEgressFromLocalClassicLinkToRemoteVpc: true };
    await refused(modify(asks.us, { RequesterPeeringConnectionOptions: classic }), "UnsupportedOperation");
  });

  test("to delete a VPC that is peered, or that somebody else asks to peer with", async () => {
    const ec2 = await freshClient();
    const { id, near, far } = await peered(ec2);
    for (const VpcId of [near, far]) {
      await refused(ec2.send(new DeleteVpcCommand({ VpcId })), "DependencyViolation");
    }
    await remove(ec2, id);
    const other = await account();
    const { OwnerId } = (await shown(ec2, id)).AccepterVpcInfo ?? {};
    const asking = await vpc(other.us, "10.9.0.0/16");
    const asked = await idOf(request(other.us, asking, far, { ...(OwnerId && { PeerOwnerId: OwnerId }) }));
    await refused(ec2.send(new DeleteVpcCommand({ VpcId: far })), "DependencyViolation");
    await reject(ec2, asked);
    for (const VpcId of [near, far]) await ec2.send(new DeleteVpcCommand({ VpcId }));
  });

  test("blocks that overlap with a peer's, and any while a request of one's own is pending", async () => {
    const ec2 = await freshClient();
    const { near } = await peered(ec2);
    const add = (VpcId: string, CidrBlock: string) =>
      ec2.send(new AssociateVpcCidrBlockCommand({ VpcId, CidrBlock }));
    await refused(add(near, "10.1.1.0/24"), "InvalidVpc.Range", /overlaps with a CIDR block of the VPC/);
    await add(near, "10.3.0.0/16");
    const third = await vpc(ec2, "10.5.0.0/16");
    const fourth = await vpc(ec2, "10.6.0.0/16");
    const id = await idOf(request(ec2, third, fourth));
    await refused(add(third, "10.7.0.0/16"), "OperationNotPermitted", /not accepted yet/);
    await add(fourth, "10.8.0.0/16");
    expect(await stateOf(ec2, id)).toBe("pending-acceptance");
    // 10.5.0.0/16 is the requester's.
    await refused(add(fourth, "10.5.0.0/15"), "InvalidVpc.Range");
    await add(fourth, "10.5.1.0/24");
    expect(await stateOf(ec2, id)).toBe("failed");
    await refused(accept(ec2, id), "InvalidStateTransition");
  });

  test("more connections or requests than the quotas allow", async () => {
    const folder = mkdtempSync(join(tmpdir(), "islet-quotas-"));
    const quotas = join(folder, "quotas.json");
    writeFileSync(quotas, JSON.stringify({ "L-7E9ECCDB": 1, "L-DC9F7029": 1 }));
    const islet = await ownIslet({ quotas });
    try {
      const { us } = await account(islet);
      const [hub, one, two] = [
        await vpc(us, "10.0.0.0/16"),
        await vpc(us, "10.1.0.0/16"),
        await vpc(us, "10.2.0.0/16"),
      ];
      const id = await idOf(request(us, hub, one));
      await refused(request(us, hub, two), "OutstandingVpcPeeringConnectionLimitExceeded");
      await accept(us, id);
      const next = await idOf(request(us, hub, two));
      await refused(accept(us, next), "ActiveVpcPeeringConnectionPerVpcLimitExceeded");
      expect(await stateOf(us, next)).toBe("pending-acceptance");
    } finally {
      await islet.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe("what it does", () => {
  test("a request becomes a connection when it is accepted", async () => {
    const ec2 = await freshClient();
    const near = await vpc(ec2, "10.0.0.0/16");
    const far = await vpc(ec2, "10.1.0.0/16");
    const made = await request(ec2, near, far, {
      TagSpecifications: [{ ResourceType: "vpc-peering-connection", Tags: [{ Key: "Name", Value: "p" }] }],
    });
    const id = made.VpcPeeringConnectionId ?? "";
    const { OwnerId = "" } = made.RequesterVpcInfo ?? {};
    expect(made).toMatchObject({
      Status: { Code: "initiating-request", Message: `Initiating Request to ${OwnerId}` },
      RequesterVpcInfo: { VpcId: near, Region: US, CidrBlock: "10.0.0.0/16" },
      AccepterVpcInfo: { VpcId: far, Region: US, OwnerId },
      Tags: [{ Key: "Name", Value: "p" }],
    });
    expect(made.AccepterVpcInfo).not.toHaveProperty("CidrBlock");
    expect(await shown(ec2, id)).toMatchObject({
      Status: { Code: "pending-acceptance", Message: `Pending Acceptance by ${OwnerId}` },
      ExpirationTime: expect.any(Date) as Date,
    });
    const { VpcPeeringConnection: accepted } = await accept(ec2, id);
    expect(accepted?.Status).toEqual({ Code: "provisioning", Message: "Provisioning" });
    const active = await shown(ec2, id);
    expect(active).toMatchObject({
      Status: { Code: "active", Message: "Active" },
      AccepterVpcInfo: {
        CidrBlock: "10.1.0.0/16",
        CidrBlockSet: [{ CidrBlock: "10.1.0.0/16" }],
        PeeringOptions: { AllowDnsResolutionFromRemoteVpc: false },
      },
    });
    expect(active).not.toHaveProperty("ExpirationTime");
  });

  test("two accounts see the same connection, each with its own tags", async () => {
    const [asks, asked] = [await account(), await account()];
    const near = await vpc(asks.us, "10.0.0.0/16");
    const far = await vpc(asked.us, "10.1.0.0/16");
    const id = await idOf(request(asks.us, near, far, { PeerOwnerId: asked.id }));
    await asked.us.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "whose", Value: "asked" }] }));
    await accept(asked.us, id);
    const seen = [await shown(asks.us, id), await shown(asked.us, id)];
    expect(seen.map(({ Tags }) => Tags)).toEqual([[], [{ Key: "whose", Value: "asked" }]]);
    expect({ ...seen[0], Tags: [] }).toEqual({ ...seen[1], Tags: [] });
    await remove(asked.us, id);
    const ended = { Code: "deleted", Message: `Deleted by ${asked.id}` };
    expect((await shown(asks.us, id)).Status).toEqual(ended);
    expect((await shown(asked.us, id)).Status).toEqual(ended);
  });

  test("two regions, two accounts: each sees it where its VPC is", async () => {
    const [asks, asked] = [await account(), await account()];
    const near = await vpc(asks.us, "10.0.0.0/16");
    const far = await vpc(asked.eu, "10.1.0.0/16");
    const id = await idOf(request(asks.us, near, far, { PeerOwnerId: asked.id, PeerRegion: EU }));
    expect(await visible(asked.us)).toEqual([]);
    expect(await visible(asks.eu)).toEqual([]);
    expect(await stateOf(asked.eu, id)).toBe("pending-acceptance");
    await accept(asked.eu, id);
    for (const ec2 of [asks.us, asked.eu]) {
      expect(await shown(ec2, id)).toMatchObject({
        Status: { Code: "active" },
        RequesterVpcInfo: { OwnerId: asks.id, Region: US, CidrBlock: "10.0.0.0/16" },
        AccepterVpcInfo: { OwnerId: asked.id, Region: EU, CidrBlock: "10.1.0.0/16" },
      });
    }
    await remove(asks.us, id);
    for (const ec2 of [asks.us, asked.eu]) expect(await stateOf(ec2, id)).toBe("deleted");
    await asked.eu.send(new DeleteVpcCommand({ VpcId: far }));
  });

  test("options of both sides, kept in both regions", async () => {
    const { us, eu } = await account();
    const near = await vpc(us, "10.0.0.0/16");
    const far = await vpc(eu, "10.1.0.0/16");
    const id = await idOf(request(us, near, far, { PeerRegion: EU }));
    await accept(eu, id);
    await us.send(new ModifyVpcAttributeCommand({ VpcId: near, EnableDnsHostnames: { Value: true } }));
    const answer = await us.send(
      new ModifyVpcPeeringConnectionOptionsCommand({
        VpcPeeringConnectionId: id,
        RequesterPeeringConnectionOptions: { AllowDnsResolutionFromRemoteVpc: true },
      }),
    );
    expect(answer.RequesterPeeringConnectionOptions).toMatchObject({ AllowDnsResolutionFromRemoteVpc: true });
    expect(answer.AccepterPeeringConnectionOptions).toBeUndefined();
    for (const ec2 of [us, eu]) {
      expect(await shown(ec2, id)).toMatchObject({
        RequesterVpcInfo: { PeeringOptions: { AllowDnsResolutionFromRemoteVpc: true } },
        AccepterVpcInfo: { PeeringOptions: { AllowDnsResolutionFromRemoteVpc: false } },
      });
    }
  });

  test.each([
    ["the ranges overlap", "10.0.1.0/24"],
    ["the VPC is not there", undefined],
  ])("a request fails if %s", async (_why, cidr) => {
    const [asks, asked] = [await account(), await account()];
    const near = await vpc(asks.us, "10.0.0.0/16");
    const far = cidr === undefined ? "vpc-0123456789abcdef0" : await vpc(asked.us, cidr);
    const id = await idOf(request(asks.us, near, far, { PeerOwnerId: asked.id }));
    expect((await shown(asks.us, id)).Status).toEqual({
      Code: "failed",
      Message: "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
    });
    expect(await visible(asked.us)).toEqual([]);
    await refused(remove(asks.us, id), "InvalidStateTransition");
  });

  test("a request goes with the VPC that asks, as far as it has not been answered", async () => {
    const [asks, asked] = [await account(), await account()];
    const near = await vpc(asks.us, "10.0.0.0/16");
    const far = await vpc(asked.eu, "10.1.0.0/16");
    const id = await idOf(request(asks.us, near, far, { PeerOwnerId: asked.id, PeerRegion: EU }));
    await asks.us.send(new DeleteVpcCommand({ VpcId: near }));
    expect(await stateOf(asked.eu, id)).toBe("deleted");
  });

  test("what ended is shown for a while, to the other side longer", async () => {
    const islet = await ownIslet();
    try {
      const [asks, asked] = [await account(islet), await account(islet)];
      const near = await vpc(asks.us, "10.0.0.0/16");
      const far = await vpc(asked.us, "10.1.0.0/16");
      const ask = () => idOf(request(asks.us, near, far, { PeerOwnerId: asked.id }));
      const rejected = await ask();
      await reject(asked.us, rejected);
      await advanceClock(islet, 2 * 3600 + 1);
      expect(await visible(asked.us)).toEqual([]);
      expect(await stateOf(asks.us, rejected)).toBe("rejected");
      await advanceClock(islet, 2 * DAY);
      expect(await visible(asks.us)).toEqual([]);

      const deleted = await ask();
      await accept(asked.us, deleted);
      await remove(asks.us, deleted);
      await advanceClock(islet, 2 * 3600 + 1);
      expect(await visible(asks.us)).toEqual([]);
      expect(await stateOf(asked.us, deleted)).toBe("deleted");
      await advanceClock(islet, 2 * DAY);
      expect(await visible(asked.us)).toEqual([]);

      const expired = await ask();
      expect(await stateOf(asked.us, expired)).toBe("pending-acceptance");
      await advanceClock(islet, 7 * DAY + 1);
      expect(await stateOf(asked.us, expired)).toBe("expired");
      await refused(accept(asked.us, expired), "InvalidStateTransition");
      await advanceClock(islet, 2 * DAY);
      for (const ec2 of [asks.us, asked.us]) expect(await visible(ec2)).toEqual([]);
    } finally {
      await islet.close();
    }
  });

  test("routes by it are blackholes until it is active, and again when it is no more", async () => {
    const ec2 = await freshClient();
    const near = await vpc(ec2, "10.0.0.0/16");
    const far = await vpc(ec2, "10.1.0.0/16");
    const id = await idOf(request(ec2, near, far));
    const local = ["10.0.0.0/16", "local", "active"];
    await addRoute(ec2, near, "10.1.0.0/16", id);
    expect(await routeStates(ec2, near)).toEqual([local, ["10.1.0.0/16", id, "blackhole"]]);
    await accept(ec2, id);
    expect(await routeStates(ec2, near)).toEqual([local, ["10.1.0.0/16", id, "active"]]);
    await remove(ec2, id);
    expect(await routeStates(ec2, near)).toEqual([local, ["10.1.0.0/16", id, "blackhole"]]);
    const { RouteTableId } = await mainTable(ec2, near);
    await ec2.send(new DeleteRouteCommand({ RouteTableId, DestinationCidrBlock: "10.1.0.0/16" }));
    for (const VpcId of [near, far]) await ec2.send(new DeleteVpcCommand({ VpcId }));
  });

  test("every filter finds it", async () => {
    const ec2 = await freshClient();
    const { id, near, far } = await peered(ec2);
    const { OwnerId = "" } = (await shown(ec2, id)).RequesterVpcInfo ?? {};
    const pending = await request(ec2, near, await vpc(ec2, "10.4.0.0/16"));
    const matched = async (Name: string, value: string) => {
      const { VpcPeeringConnections = [] } = await ec2.send(
        new DescribeVpcPeeringConnectionsCommand({ Filters: [{ Name, Values: [value] }] }),
      );
      return VpcPeeringConnections.map(({ VpcPeeringConnectionId }) => VpcPeeringConnectionId);
    };
    const both = [id, pending.VpcPeeringConnectionId];
    for (const [name, value, found] of [
      ["accepter-vpc-info.cidr-block", "10.1.0.0/16", [id]],
      ["accepter-vpc-info.owner-id", OwnerId, both],
      ["accepter-vpc-info.vpc-id", far, [id]],
      ["expiration-time", pending.ExpirationTime?.toISOString() ?? "", [pending.VpcPeeringConnectionId]],
      ["requester-vpc-info.cidr-block", "10.0.0.0/16", both],
      ["requester-vpc-info.owner-id", OwnerId, both],
      ["requester-vpc-info.vpc-id", near, both],
      ["status-code", "active", [id]],
      ["status-message", "Active", [id]],
      ["vpc-peering-connection-id", id, [id]],
    ] as const) {
      expect([name, await matched(name, value)]).toEqual([name, found]);
    }
  });

  test("a restart finds connections between regions again", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-peering-"));
    try {
      const first = await ownIslet({ memory: false, data });
      const keys = freshKeys(first);
      const us = new EC2Client(configOf(first, keys, US));
      const eu = new EC2Client(configOf(first, keys, EU));
      const id = await idOf(
        request(us, await vpc(us, "10.0.0.0/16"), await vpc(eu, "10.1.0.0/16"), { PeerRegion: EU }),
      );
      await accept(eu, id);
      await first.close();
      const second = await ownIslet({ memory: false, data });
      try {
        for (const region of [US, EU]) {
          expect(await stateOf(new EC2Client(configOf(second, keys, region)), id)).toBe("active");
        }
      } finally {
        await second.close();
      }
    } finally {
      rmSync(data, { recursive: true });
    }
  });
});
