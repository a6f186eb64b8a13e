import {
  AcceptTransitGatewayPeeringAttachmentCommand,
  CreateTransitGatewayPeeringAttachmentCommand,
  DeleteTransitGatewayCommand,
  DeleteTransitGatewayPeeringAttachmentCommand,
  DescribeTransitGatewayAttachmentsCommand,
  DescribeTransitGatewayPeeringAttachmentsCommand,
  EC2Client,
  EnableTransitGatewayRouteTablePropagationCommand,
  RejectTransitGatewayPeeringAttachmentCommand,
  type CreateTransitGatewayPeeringAttachmentRequest,
  type Filter,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { configOf, freshKeys, refused, sharedIslet } from "../islet.ts";
import { newGateway } from "./transitGateways.ts";

const islet = await sharedIslet();
const [mine, theirs] = [freshKeys(islet), freshKeys(islet)];
const near = new EC2Client(configOf(islet, mine, "us-east-1"));
const far = new EC2Client(configOf(islet, theirs, "eu-west-1"));
const MISSING = "tgw-attach-0123456789abcdef0";

type Asked = Partial<CreateTransitGatewayPeeringAttachmentRequest>;

const request = async (TransitGatewayId: string, PeerTransitGatewayId: string, asked: Asked = {}) =>
  (
    await near.send(
      new CreateTransitGatewayPeeringAttachmentCommand({
        TransitGatewayId,
        PeerTransitGatewayId,
        PeerAccountId: theirs.account,
        PeerRegion: "eu-west-1",
        ...asked,
      }),
    )
  ).TransitGatewayPeeringAttachment;
const accept = (ec2: EC2Client, TransitGatewayAttachmentId: string) =>
  ec2.send(new AcceptTransitGatewayPeeringAttachmentCommand({ TransitGatewayAttachmentId }));
const reject = (ec2: EC2Client, TransitGatewayAttachmentId: string) =>
  ec2.send(new RejectTransitGatewayPeeringAttachmentCommand({ TransitGatewayAttachmentId }));
const remove = (ec2: EC2Client, TransitGatewayAttachmentId: string) =>
  ec2.send(new DeleteTransitGatewayPeeringAttachmentCommand({ TransitGatewayAttachmentId }));
const shown = async (ec2: EC2Client, id: string) =>
  (await ec2.send(new DescribeTransitGatewayPeeringAttachmentsCommand({ TransitGatewayAttachmentIds: [id] })))
    .TransitGatewayPeeringAttachments?.[0];

async function gateways() {
  return { here: (await newGateway(near)).id, there: (await newGateway(far)).id };
}

describe("what it refuses to parse", () => {
  test("regions, accounts and gateways that are none", async () => {
    const { here, there } = await gateways();
    await refused(request(here, there, { PeerRegion: "nowhere-1" }), "InvalidParameterValue", /peerRegion/);
    await refused(request(here, there, { PeerAccountId: "me" }), "InvalidParameterValue", /peerAccountId/);
    await refused(request(here, "tgw-1"), "InvalidTransitGatewayID.Malformed");
  });
});

describe("what it refuses to do", () => {
  test("what is not there", async () => {
    for (const call of [accept, reject, remove, shown]) {
      await refused(call(near, MISSING), "InvalidTransitGatewayAttachmentID.NotFound");
    }
  });

  test("a gateway's peering with itself, and dynamic routing between regions", async () => {
    const { here, there } = await gateways();
    const own = { PeerAccountId: mine.account, PeerRegion: "us-east-1" };
    await refused(request(here, here, own), "InvalidParameterValue");
    const dynamic = { Options: { DynamicRouting: "enable" } } as const;
    await refused(request(here, there, dynamic), "UnsupportedOperation");
  });

  test("who asked cannot accept", async () => {
    const { here, there } = await gateways();
    const id = (await request(here, there))?.TransitGatewayAttachmentId ?? "";
    await refused(
      accept(near, id),
      "InvalidParameterValue",
      `Cannot accept ${id} as the source of the peering request.`,
    );
    await refused(reject(near, id), "InvalidParameterValue");
    await accept(far, id);
    await refused(accept(far, id), "IncorrectState", `${id} is in invalid state`);
  });

  test("to let a third account accept, reject or see it, wherever it is", async () => {
    const { here, there } = await gateways();
    const id = (await request(here, there))?.TransitGatewayAttachmentId ?? "";
    const third = freshKeys(islet);
    for (const region of ["us-east-1", "eu-west-1"]) {
      const ec2 = new EC2Client(configOf(islet, third, region));
      for (const call of [accept, reject, remove, shown]) {
        await refused(call(ec2, id), "InvalidTransitGatewayAttachmentID.NotFound");
      }
    }
    await accept(far, id);
  });

  test("to delete a gateway that is peered; to propagate over a peering", async () => {
    const { here, there } = await gateways();
    const id = (await request(here, there))?.TransitGatewayAttachmentId ?? "";
    await accept(far, id);
    await refused(
      near.send(new DeleteTransitGatewayCommand({ TransitGatewayId: here })),
      "IncorrectState",
      `${here} has non-deleted Transit Gateway Cross Region Peering Attachments: ${id}.`,
    );
    const { id: gateway, table } = await newGateway(near);
    const other = (await request(gateway, there))?.TransitGatewayAttachmentId ?? "";
    await accept(far, other);
    await refused(
      near.send(
        new EnableTransitGatewayRouteTablePropagationCommand({
          TransitGatewayRouteTableId: table,
          TransitGatewayAttachmentId: other,
        }),
      ),
      "UnsupportedOperation",
    );
  });
});

describe("what it does", () => {
  test("asks the other side, in another region and account, which accepts", async () => {
    const { here, there } = await gateways();
    const made = await request(here, there, {
      Options: { DynamicRouting: "disable" },
      TagSpecifications: [{ ResourceType: "transit-gateway-attachment", Tags: [{ Key: "k", Value: "v" }] }],
    });
    const id = made?.TransitGatewayAttachmentId ?? "";
    expect(made).toEqual({
      TransitGatewayAttachmentId: id,
      AccepterTransitGatewayAttachmentId: id,
      RequesterTgwInfo: { TransitGatewayId: here, OwnerId: mine.account, Region: "us-east-1" },
      AccepterTgwInfo: { TransitGatewayId: there, OwnerId: theirs.account, Region: "eu-west-1" },
      Options: { DynamicRouting: "disable" },
      State: "initiatingRequest",
      CreationTime: expect.any(Date) as Date,
      Tags: [{ Key: "k", Value: "v" }],
    });
    expect(await shown(near, id)).toEqual({ ...made, State: "pendingAcceptance" });
    expect(await shown(far, id)).toEqual({ ...made, State: "pendingAcceptance", Tags: [] });
    const { TransitGatewayPeeringAttachment } = await accept(far, id);
    expect(TransitGatewayPeeringAttachment).toMatchObject({ State: "pending" });
    for (const ec2 of [near, far]) expect(await shown(ec2, id)).toMatchObject({ State: "available" });
    const { TransitGatewayAttachments } = await far.send(
      new DescribeTransitGatewayAttachmentsCommand({ TransitGatewayAttachmentIds: [id] }),
    );
    expect(TransitGatewayAttachments).toMatchObject([
      { ResourceType: "peering", ResourceId: here, ResourceOwnerId: mine.account, TransitGatewayId: there },
    ]);
    expect(TransitGatewayAttachments?.[0]?.Association).toMatchObject({ State: "associated" });
    expect((await remove(near, id)).TransitGatewayPeeringAttachment).toMatchObject({ State: "deleting" });
    for (const ec2 of [near, far]) expect(await shown(ec2, id)).toMatchObject({ State: "deleted" });
    await near.send(new DeleteTransitGatewayCommand({ TransitGatewayId: here }));
    await far.send(new DeleteTransitGatewayCommand({ TransitGatewayId: there }));
  });

  test("or rejects", async () => {
    const { here, there } = await gateways();
    const id = (await request(here, there))?.TransitGatewayAttachmentId ?? "";
    expect((await reject(far, id)).TransitGatewayPeeringAttachment).toMatchObject({ State: "rejecting" });
    for (const ec2 of [near, far]) expect(await shown(ec2, id)).toMatchObject({ State: "rejected" });
  });

  test("fails if there is no such gateway", async () => {
    const { here, there } = await gateways();
    const wrong = (await request(here, there, { PeerRegion: "eu-west-2" }))?.TransitGatewayAttachmentId ?? "";
    expect(await shown(near, wrong)).toMatchObject({ State: "failed", Status: { Code: "failed" } });
  });

  test("within a region, each end has an id of its own", async () => {
    const [one, two] = [await newGateway(near), await newGateway(near)];
    const made = await request(one.id, two.id, { PeerAccountId: mine.account, PeerRegion: "us-east-1" });
    const [id = "", other = ""] = [
      made?.TransitGatewayAttachmentId,
      made?.AccepterTransitGatewayAttachmentId,
    ];
    expect(id).not.toBe(other);
    await refused(accept(near, id), "InvalidParameterValue");
    await accept(near, other);
    for (const end of [id, other]) expect(await shown(near, end)).toMatchObject({ State: "available" });
  });

  test("is found by each filter", async () => {
    const { here, there } = await gateways();
    const tagged = { ResourceType: "transit-gateway-attachment", Tags: [{ Key: "k", Value: "v" }] } as const;
    const asked = { TagSpecifications: [{ ...tagged, Tags: [...tagged.Tags] }] };
    const id = (await request(here, there, asked))?.TransitGatewayAttachmentId ?? "";
    const search = async (filter: Filter) => {
      const { TransitGatewayPeeringAttachments: found } = await near.send(
        new DescribeTransitGatewayPeeringAttachmentsCommand({ Filters: [filter] }),
      );
      return found?.map(({ TransitGatewayAttachmentId }) => TransitGatewayAttachmentId);
    };
    for (const [Name, value] of [
      ["local-owner-id", mine.account],
      ["remote-owner-id", theirs.account],
      ["state", "pendingAcceptance"],
      ["tag:k", "v"],
      ["tag-key", "k"],
      ["transit-gateway-attachment-id", id],
      ["transit-gateway-id", here],
    ] as const) {
      expect([Name, await search({ Name, Values: [value] })]).toEqual([Name, expect.arrayContaining([id])]);
      expect(await search({ Name, Values: ["none such"] })).toEqual([]);
    }
  });
});
