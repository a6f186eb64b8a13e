import {
  CreateTransitGatewayRouteCommand,
  ExportTransitGatewayRoutesCommand,
  type EC2Client,
  type Filter,
} from "@aws-sdk/client-ec2";
import { beforeEach, describe, expect, test } from "vitest";
import { freshClient, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { attach, newGateway, newNetwork } from "./transitGateways.ts";

const islet = await sharedIslet();

let ec2: EC2Client;
let table: string;
let vpc: string;
let attachment: string;
beforeEach(async () => {
  ec2 = await freshClient();
  const gateway = await newGateway(ec2);
  table = gateway.table;
  const network = await newNetwork(ec2, 1);
  vpc = network.vpc;
  attachment = await attach(ec2, gateway.id, network);
  await ec2.send(
    new CreateTransitGatewayRouteCommand({
      TransitGatewayRouteTableId: table,
      DestinationCidrBlock: "10.0.0.0/8",
      Blackhole: true,
    }),
  );
});

const exportTo = async (S3Bucket: string, Filters?: Filter[], TransitGatewayRouteTableId = table) =>
  (await ec2.send(new ExportTransitGatewayRoutesCommand({ TransitGatewayRouteTableId, S3Bucket, Filters })))
    .S3Location ?? "";

interface Exported {
  readonly filter: unknown;
  readonly routes: readonly { readonly destinationCidrBlock: string }[];
}

/** What lies at `s3://BUCKET/KEY`. */
async function read(location: string): Promise<Exported> {
  const [, Bucket = "", Key = ""] = /^s3:\/\/([^/]+)\/(.+)$/.exec(location) ?? [];
  const { Body } = (await operate(islet, "GET objects", { Bucket, Key })) as { Body: string };
  return JSON.parse(Buffer.from(Body, "base64").toString()) as Exported;
}

const found = async (Name: string, ...Values: string[]) =>
  (await read(await exportTo("routes", [{ Name, Values }]))).routes.map(
    (route) => route.destinationCidrBlock,
  );

describe("what it refuses to parse", () => {
  test("names that no bucket has, and filters that it does not know", async () => {
    for (const bucket of ["", "My-Bucket", "../x", "a/b", "x"]) {
      await refused(exportTo(bucket), "InvalidParameterValue", /s3Bucket/);
    }
    await refused(exportTo("routes", [{ Name: "colour", Values: ["red"] }]), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("tables that are not there", async () => {
    await refused(exportTo("routes", [], "tgw-rtb-0123456789abcdef0"), "InvalidRouteTableID.NotFound");
  });
});

describe("what it does", () => {
  test("leaves the routes in a file of the bucket, named by account, region, table and time", async () => {
    const location = await exportTo("routes");
    expect(location).toMatch(
      new RegExp(
        String.raw`^s3://routes/VPCTransitGateway/TransitGatewayRouteTables/\d{12}_us-east-1_${table}_\d{8}T\d{6}Z\.json$`,
      ),
    );
    expect(await read(location)).toEqual({
      filter: [],
      routes: [
        {
          destinationCidrBlock: "10.0.0.0/8",
          transitGatewayAttachments: [],
          type: "static",
          state: "blackhole",
        },
        {
          destinationCidrBlock: "10.1.0.0/16",
          transitGatewayAttachments: [
            { resourceId: vpc, transitGatewayAttachmentId: attachment, resourceType: "vpc" },
          ],
          type: "propagated",
          state: "active",
        },
      ],
    });
  });

  test("only those that it is asked for, and says by what", async () => {
    const Filters = [{ Name: "route-search.subnet-of-match", Values: ["10.1.0.0/12", "::/0"] }];
    expect(await read(await exportTo("routes", Filters))).toMatchObject({
      filter: [{ name: "route-search.subnet-of-match", values: ["10.1.0.0/12", "::/0"] }],
      routes: [{ destinationCidrBlock: "10.1.0.0/16" }],
    });
    expect(await found("route-search.exact-match", "10.0.0.0/8")).toEqual(["10.0.0.0/8"]);
    expect(await found("route-search.longest-prefix-match", "10.1.2.3")).toEqual(["10.1.0.0/16"]);
    expect(await found("route-search.supernet-of-match", "10.0.0.0/9")).toEqual(["10.0.0.0/8"]);
    expect(await found("attachment.resource-id", vpc)).toEqual(["10.1.0.0/16"]);
    expect(await found("attachment.transit-gateway-attachment-id", attachment)).toEqual(["10.1.0.0/16"]);
    expect(await found("state", "blackhole")).toEqual(["10.0.0.0/8"]);
    expect(await found("type", "static")).toEqual(["10.0.0.0/8"]);
    const name = "transit-gateway-route-destination-cidr-block";
    expect(await found(name, "10.1.*")).toEqual(["10.1.0.0/16"]);
  });
});
