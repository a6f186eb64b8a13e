import {
  AcceptTransitGatewayPeeringAttachmentCommand,
  CreateTransitGatewayPeeringAttachmentCommand,
  CreateTransitGatewayRouteCommand,
  CreateTransitGatewayRouteTableAnnouncementCommand,
  CreateTransitGatewayRouteTableCommand,
  DeleteTransitGatewayPeeringAttachmentCommand,
  DeleteTransitGatewayRouteTableAnnouncementCommand,
  DeleteTransitGatewayRouteTableCommand,
  DescribeTransitGatewayRouteTableAnnouncementsCommand,
  DisableTransitGatewayRouteTablePropagationCommand,
  EC2Client,
  EnableTransitGatewayRouteTablePropagationCommand,
  GetTransitGatewayAttachmentPropagationsCommand,
  GetTransitGatewayRouteTablePropagationsCommand,
  SearchTransitGatewayRoutesCommand,
  type DynamicRoutingValue,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { configOf, freshKeys, refused, sharedIslet } from "../islet.ts";
import { attach, newGateway, newNetwork } from "./transitGateways.ts";

const islet = await sharedIslet();
const MISSING = "tgw-rtb-ann-0123456789abcdef0";

const announce = async (ec2: EC2Client, TransitGatewayRouteTableId: string, PeeringAttachmentId: string) =>
  (
    await ec2.send(
      new CreateTransitGatewayRouteTableAnnouncementCommand({
        TransitGatewayRouteTableId,
        PeeringAttachmentId,
      }),
    )
  ).TransitGatewayRouteTableAnnouncement;
const withdraw = async (ec2: EC2Client, TransitGatewayRouteTableAnnouncementId: string) =>
  (
    await ec2.send(
      new DeleteTransitGatewayRouteTableAnnouncementCommand({ TransitGatewayRouteTableAnnouncementId }),
    )
  ).TransitGatewayRouteTableAnnouncement;
const shown = async (ec2: EC2Client, ...TransitGatewayRouteTableAnnouncementIds: string[]) =>
  (
    await ec2.send(
      new DescribeTransitGatewayRouteTableAnnouncementsCommand({ TransitGatewayRouteTableAnnouncementIds }),
    )
  ).TransitGatewayRouteTableAnnouncements ?? [];
const pairOf = (TransitGatewayRouteTableId: string, TransitGatewayRouteTableAnnouncementId: string) => ({
  TransitGatewayRouteTableId,
  TransitGatewayRouteTableAnnouncementId,
});
const learn = async (ec2: EC2Client, table: string, announcement: string) =>
  (await ec2.send(new EnableTransitGatewayRouteTablePropagationCommand(pairOf(table, announcement))))
    .Propagation;
const forget = async (ec2: EC2Client, table: string, announcement: string) =>
  (await ec2.send(new DisableTransitGatewayRouteTablePropagationCommand(pairOf(table, announcement))))
    .Propagation;
const routes = async (ec2: EC2Client, TransitGatewayRouteTableId: string) =>
  (
    await ec2.send(
      new SearchTransitGatewayRoutesCommand({
        TransitGatewayRouteTableId,
        Filters: [{ Name: "type", Values: ["propagated"] }],
      }),
    )
  ).Routes ?? [];
const destinations = async (ec2: EC2Client, table: string) =>
  (await routes(ec2, table)).map(({ DestinationCidrBlock }) => DestinationCidrBlock);

/** The gateways of two accounts, peered; each has a VPC, `10.1.0.0/16` and `10.2.0.0/16`. */
async function peered(DynamicRouting: DynamicRoutingValue = "enable") {
  const [mine, theirs] = [freshKeys(islet), freshKeys(islet)];
  const one = new EC2Client(configOf(islet, mine));
  const two = new EC2Client(configOf(islet, theirs));
  const [a, b] = [await newGateway(one), await newGateway(two)];
  const vpc = await attach(one, a.id, await newNetwork(one, 1));
  await attach(two, b.id, await newNetwork(two, 2));
  const { TransitGatewayPeeringAttachment: made } = await one.send(
    new CreateTransitGatewayPeeringAttachmentCommand({
      TransitGatewayId: a.id,
      PeerTransitGatewayId: b.id,
      PeerAccountId: theirs.account,
      PeerRegion: "us-east-1",
      Options: { DynamicRouting },
    }),
  );
  const here = made?.TransitGatewayAttachmentId ?? "";
  const there = made?.AccepterTransitGatewayAttachmentId ?? "";
  await two.send(new AcceptTransitGatewayPeeringAttachmentCommand({ TransitGatewayAttachmentId: there }));
  return { one, two, a, b, here, there, vpc };
}

/** The first gateway announces its default table; `id` and `heard` are what both sides call that. */
async function announced() {
  const site = await peered();
  const id =
    (await announce(site.one, site.a.table, site.here))?.TransitGatewayRouteTableAnnouncementId ?? "";
  const [{ TransitGatewayRouteTableAnnouncementId: heard = "" } = {}] = await shown(site.two);
  return { ...site, id, heard };
}

describe("what it refuses to parse", () => {
  test("ids of another form, and of no announcement", async () => {
    const { one, a } = await peered();
    await refused(withdraw(one, "tgw-rtb-ann-1"), "InvalidTransitGatewayRouteTableAnnouncementId.Malformed");
    for (const call of [withdraw(one, MISSING), shown(one, MISSING), learn(one, a.table, MISSING)]) {
      await refused(call, "InvalidTransitGatewayRouteTableAnnouncementId.NotFound");
    }
  });
});

describe("what it refuses to do", () => {
  test("announcements over what is no peering with dynamic routing, or not there yet", async () => {
    const { one, a, here, vpc } = await peered("disable");
    await refused(announce(one, a.table, vpc), "InvalidTransitGatewayAttachmentID.NotFound");
    await refused(announce(one, a.table, here), "IncorrectState", /Dynamic routing/);
    const other = await newGateway(one);
    await refused(announce(one, other.table, here), "InvalidTransitGatewayAttachmentID.NotFound");
  });

  test("the same announcement twice", async () => {
    const { one, a, here } = await announced();
    await refused(announce(one, a.table, here), "InvalidParameterValue", /already announced/);
  });

  test("to withdraw, or to learn, from the wrong side", async () => {
    const { one, two, a, b, id, heard } = await announced();
    const code = "InvalidTransitGatewayRouteTableAnnouncementId.NotFound";
    await refused(withdraw(two, heard), code);
    await refused(withdraw(two, id), code);
    await refused(learn(one, a.table, id), code);
    await refused(learn(two, b.table, id), code);
    const other = await newGateway(two);
    await refused(learn(two, other.table, heard), code);
  });

  test("to learn twice, or to stop before that; from an attachment and an announcement at once", async () => {
    const { two, b, there, heard } = await announced();
    await refused(forget(two, b.table, heard), "TransitGatewayRouteTablePropagation.NotFound");
    await learn(two, b.table, heard);
    await refused(learn(two, b.table, heard), "TransitGatewayRouteTablePropagation.Duplicate");
    const both = { ...pairOf(b.table, heard), TransitGatewayAttachmentId: there };
    await refused(
      two.send(new EnableTransitGatewayRouteTablePropagationCommand(both)),
      "InvalidParameterCombination",
    );
  });

  test("to take a table away that is announced", async () => {
    const { one, a, here } = await peered();
    const { TransitGatewayRouteTable } = await one.send(
      new CreateTransitGatewayRouteTableCommand({ TransitGatewayId: a.id }),
    );
    const TransitGatewayRouteTableId = TransitGatewayRouteTable?.TransitGatewayRouteTableId ?? "";
    const made = await announce(one, TransitGatewayRouteTableId, here);
    const take = new DeleteTransitGatewayRouteTableCommand({ TransitGatewayRouteTableId });
    await refused(one.send(take), "IncorrectState");
    await withdraw(one, made?.TransitGatewayRouteTableAnnouncementId ?? "");
    await one.send(take);
  });
});

describe("what it does", () => {
  test("is seen by both gateways, each from its side, and deleted for a while", async () => {
    const { one, two, a, b, here, there } = await peered();
    const made = await announce(one, a.table, here);
    expect(made).toEqual({
      TransitGatewayRouteTableAnnouncementId: expect.stringMatching(/^tgw-rtb-ann-[0-9a-f]{17}$/),
      TransitGatewayId: a.id,
      PeerTransitGatewayId: b.id,
      PeeringAttachmentId: here,
      AnnouncementDirection: "outgoing",
      TransitGatewayRouteTableId: a.table,
      State: "pending",
      CreationTime: expect.any(Date),
      Tags: [],
    });
    const id = made?.TransitGatewayRouteTableAnnouncementId ?? "";
    expect(await shown(one, id)).toEqual([{ ...made, State: "available" }]);
    expect(await shown(two)).toMatchObject([
      {
        TransitGatewayId: b.id,
        PeerTransitGatewayId: a.id,
        PeeringAttachmentId: there,
        AnnouncementDirection: "incoming",
        State: "available",
      },
    ]);
    expect(await withdraw(one, id)).toMatchObject({ State: "deleting" });
    expect(await shown(one, id)).toMatchObject([{ State: "deleted" }]);
    expect(await shown(two)).toMatchObject([{ State: "deleted" }]);
    await refused(withdraw(one, id), "InvalidTransitGatewayRouteTableAnnouncementId.NotFound");
  });

  test("a table that learns from it has the other's routes, as they change", async () => {
    const { one, two, a, b, there, vpc, heard } = await announced();
    const propagation = {
      TransitGatewayAttachmentId: there,
      ResourceId: a.id,
      ResourceType: "peering",
      State: "enabled",
      TransitGatewayRouteTableAnnouncementId: heard,
    };
    expect(await learn(two, b.table, heard)).toEqual({ ...propagation, TransitGatewayRouteTableId: b.table });
    const asked = new GetTransitGatewayRouteTablePropagationsCommand({ TransitGatewayRouteTableId: b.table });
    expect((await two.send(asked)).TransitGatewayRouteTablePropagations?.[1]).toEqual(propagation);
    const ofEnd = new GetTransitGatewayAttachmentPropagationsCommand({ TransitGatewayAttachmentId: there });
    expect((await two.send(ofEnd)).TransitGatewayAttachmentPropagations).toEqual([
      { TransitGatewayRouteTableId: b.table, State: "enabled" },
    ]);
    expect((await routes(two, b.table))[1]).toEqual({
      DestinationCidrBlock: "10.1.0.0/16",
      TransitGatewayAttachments: [
        { TransitGatewayAttachmentId: there, ResourceId: a.id, ResourceType: "peering" },
      ],
      TransitGatewayRouteTableAnnouncementId: heard,
      Type: "propagated",
      State: "active",
    });
    const add = (DestinationCidrBlock: string, to: object) =>
      one.send(
        new CreateTransitGatewayRouteCommand({
          TransitGatewayRouteTableId: a.table,
          DestinationCidrBlock,
          ...to,
        }),
      );
    await add("172.16.0.0/12", { TransitGatewayAttachmentId: vpc });
    await add("192.168.0.0/16", { Blackhole: true });
    expect(await destinations(two, b.table)).toEqual(["10.2.0.0/16", "172.16.0.0/12", "10.1.0.0/16"]);
    expect(await forget(two, b.table, heard)).toMatchObject({ State: "disabled" });
    expect(await destinations(two, b.table)).toEqual(["10.2.0.0/16"]);
  });

  test("two tables that learn from each other do not send their routes round", async () => {
    const { one, two, a, b, there, heard } = await announced();
    await learn(two, b.table, heard);
    await announce(two, b.table, there);
    const all = await shown(one);
    const back = all.find(({ AnnouncementDirection }) => AnnouncementDirection === "incoming");
    await learn(one, a.table, back?.TransitGatewayRouteTableAnnouncementId ?? "");
    expect(await destinations(one, a.table)).toEqual(["10.1.0.0/16", "10.2.0.0/16"]);
    expect(await destinations(two, b.table)).toEqual(["10.2.0.0/16", "10.1.0.0/16"]);
  });

  test("tables announce on what they have learned, by the shortest way, and never back", async () => {
    const keys = freshKeys(islet);
    const ec2 = new EC2Client(configOf(islet, keys));
    const hubs = [];
    for (const n of [1, 2, 3, 4]) {
      const { id, table } = await newGateway(ec2);
      await attach(ec2, id, await newNetwork(ec2, n));
      hubs.push({ id, table });
    }
    const [a, b, c, d] = hubs;
    if (!a || !b || !c || !d) throw new Error("no gateways");
    /** One table tells another of a gateway that is peered with its own. @returns the learner's end */
    const tell = async (from: typeof a, to: typeof a): Promise<string> => {
      const { TransitGatewayPeeringAttachment: made } = await ec2.send(
        new CreateTransitGatewayPeeringAttachmentCommand({
          TransitGatewayId: from.id,
          PeerTransitGatewayId: to.id,
          PeerAccountId: keys.account,
          PeerRegion: "us-east-1",
          Options: { DynamicRouting: "enable" },
        }),
      );
      const there = made?.AccepterTransitGatewayAttachmentId ?? "";
      await ec2.send(new AcceptTransitGatewayPeeringAttachmentCommand({ TransitGatewayAttachmentId: there }));
      await announce(ec2, from.table, made?.TransitGatewayAttachmentId ?? "");
      const heard = (await shown(ec2)).find((each) => each.PeeringAttachmentId === there);
      await learn(ec2, to.table, heard?.TransitGatewayRouteTableAnnouncementId ?? "");
      return there;
    };
    await tell(a, b);
    await tell(b, c);
    const last = await tell(c, d);
    expect(await destinations(ec2, d.table)).toEqual([
      "10.4.0.0/16",
      "10.3.0.0/16",
      "10.2.0.0/16",
      "10.1.0.0/16",
    ]);
    const ways = async () =>
      (await routes(ec2, d.table)).map(
        ({ TransitGatewayAttachments: [to] = [] }) => to?.TransitGatewayAttachmentId,
      );
    expect((await ways()).slice(1)).toEqual([last, last, last]);
    // In a circle everybody learns everything, and nobody its own.
    await tell(d, a);
    for (const { table } of hubs) expect(await destinations(ec2, table)).toHaveLength(4);
    const short = await tell(a, d);
    const ofA = (await routes(ec2, d.table)).find((each) => each.DestinationCidrBlock === "10.1.0.0/16");
    expect(ofA?.TransitGatewayAttachments?.[0]?.TransitGatewayAttachmentId).toBe(short);
    expect((await ways()).filter((each) => each === last)).toHaveLength(2);
  });

  test("ends with the peering", async () => {
    const { one, two, b, here, id, heard } = await announced();
    await learn(two, b.table, heard);
    await one.send(new DeleteTransitGatewayPeeringAttachmentCommand({ TransitGatewayAttachmentId: here }));
    expect(await destinations(two, b.table)).toEqual(["10.2.0.0/16"]);
    await refused(shown(one, id), "InvalidTransitGatewayRouteTableAnnouncementId.NotFound");
    expect(await shown(two)).toEqual([]);
  });
});
