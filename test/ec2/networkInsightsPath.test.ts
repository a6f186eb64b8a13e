import {
  CreateNetworkInsightsPathCommand,
  DeleteNetworkInsightsPathCommand,
  DescribeNetworkInsightsPathsCommand,
  type CreateNetworkInsightsPathCommandInput,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { newPath, newWeb } from "./networkInsightsNetwork.ts";

const ec2 = await freshClient();
const web = await newWeb(ec2);
const NOBODY = "nip-0123456789abcdef0";

const create = (asked: Partial<CreateNetworkInsightsPathCommandInput>) =>
  ec2.send(
    new CreateNetworkInsightsPathCommand({
      Source: web.gateway,
      Destination: web.instance,
      Protocol: "tcp",
      ClientToken: undefined,
      ...asked,
    }),
  );

describe("what it refuses to parse", () => {
  test("ids of another form", async () => {
    const NetworkInsightsPathId = "nia-0123456789abcdef0";
    await refused(
      ec2.send(new DeleteNetworkInsightsPathCommand({ NetworkInsightsPathId })),
      "InvalidNetworkInsightsPathId.Malformed",
    );
  });

  test("ends that no path can have", async () => {
    for (const Source of [
      "web",
      web.subnet,
      "arn:aws:s3:::bucket",
      `arn:aws:ec2:us-east-1:1:subnet/${web.subnet}`,
    ]) {
      await refused(create({ Source }), "InvalidParameterValue", /parameter source is invalid/);
    }
    await refused(create({ Destination: web.group }), "InvalidParameterValue", /parameter destination/);
  });

  test("addresses and ports that are none", async () => {
    for (const SourceIp of ["1.2.3", "1.2.3.256", "::1"]) {
      await refused(create({ SourceIp }), "InvalidParameterValue", /IPv4/);
    }
    await refused(create({ DestinationPort: 65_536 }), "InvalidParameterValue");
    const range = { FromPort: 443, ToPort: 80 };
    await refused(
      create({ FilterAtSource: { DestinationPortRange: range } }),
      "InvalidParameterValue",
      /443-80/,
    );
  });
});

describe("what it refuses to do", () => {
  test("ask the same in two ways", async () => {
    const filter = { DestinationPortRange: { FromPort: 80, ToPort: 80 } };
    for (const clash of [
      { FilterAtSource: filter, SourceIp: "8.8.8.8" },
      { FilterAtSource: filter, DestinationPort: 80 },
      { FilterAtDestination: filter, DestinationIp: "10.0.1.4" },
    ]) {
      await refused(create(clash), "InvalidParameterCombination");
    }
  });

  test("lead nowhere", async () => {
    await refused(
      create({ Destination: undefined, DestinationIp: "10.0.1.4" }),
      "MissingParameter",
      "The request must include either the Destination parameter or the FilterAtSource.DestinationAddress parameter. Add the required parameter and retry the request.",
    );
  });

  test("begin or end at what is not there, or is somebody else's", async () => {
    const gone = "i-0123456789abcdef0";
    await refused(create({ Source: gone }), "NetworkInsightsSource.NotFound");
    await refused(create({ Destination: gone }), "NetworkInsightsDestination.NotFound");
    const other = await newWeb(await freshClient());
    await refused(create({ Destination: other.instance }), "NetworkInsightsDestination.NotFound");
    const arn = `arn:aws:ec2:us-east-1:123456789012:instance/${web.instance}`;
    await refused(create({ Destination: arn }), "NetworkInsightsDestination.NotFound");
  });

  test("delete what is not there", async () => {
    await refused(
      ec2.send(new DeleteNetworkInsightsPathCommand({ NetworkInsightsPathId: NOBODY })),
      "InvalidNetworkInsightsPathId.NotFound",
      `The networkInsightsPath ID '${NOBODY}' does not exist`,
    );
  });
});

describe("what it does", () => {
  test("shows a path with its ends, named by id or by ARN", async () => {
    const { NetworkInsightsPath: path } = await create({
      DestinationPort: 80,
      SourceIp: "93.184.215.14",
      TagSpecifications: [{ ResourceType: "network-insights-path", Tags: [{ Key: "Name", Value: "web" }] }],
    });
    const account = path?.NetworkInsightsPathArn?.split(":")[4];
    const arn = (rest: string) => `arn:aws:ec2:us-east-1:${account}:${rest}`;
    expect(path).toMatchObject({
      NetworkInsightsPathArn: arn(`network-insights-path/${path?.NetworkInsightsPathId}`),
      Source: web.gateway,
      SourceArn: arn(`internet-gateway/${web.gateway}`),
      Destination: web.instance,
      DestinationArn: arn(`instance/${web.instance}`),
      SourceIp: "93.184.215.14",
      Protocol: "tcp",
      DestinationPort: 80,
      Tags: [{ Key: "Name", Value: "web" }],
    });
    expect(path?.CreatedDate).toBeInstanceOf(Date);
    const { NetworkInsightsPath: again } = await create({ Destination: arn(`instance/${web.instance}`) });
    expect(again?.Destination).toBe(web.instance);
  });

  test("finds paths by what they ask, and forgets them", async () => {
    const mine = await freshClient();
    const site = await newWeb(mine);
    const ports = (port: number) => ({ FromPort: port, ToPort: port });
    const narrow = await newPath(mine, {
      Source: site.networkInterface,
      Destination: site.gateway,
      FilterAtSource: {
        SourceAddress: site.privateIp,
        SourcePortRange: { FromPort: 1024, ToPort: 2048 },
        DestinationAddress: "93.184.215.14",
        DestinationPortRange: ports(443),
      },
      FilterAtDestination: {
        SourceAddress: site.publicIp,
        SourcePortRange: { FromPort: 1024, ToPort: 2048 },
        DestinationAddress: "93.184.215.14",
        DestinationPortRange: ports(443),
      },
    });
    const wide = await newPath(mine, { Source: site.gateway, Destination: site.instance, Protocol: "udp" });
    const found = async (asked: object): Promise<(string | undefined)[]> => {
      const { NetworkInsightsPaths } = await mine.send(new DescribeNetworkInsightsPathsCommand(asked));
      return (NetworkInsightsPaths ?? []).map((path) => path.NetworkInsightsPathId);
    };
    const by = (Name: string, value: string) => found({ Filters: [{ Name, Values: [value] }] });
    expect(await found({})).toEqual([narrow, wide]);
    expect(await found({ NetworkInsightsPathIds: [wide] })).toEqual([wide]);
    for (const [name, value] of Object.entries({
      destination: site.gateway,
      source: site.networkInterface,
      protocol: "tcp",
      "filter-at-source.source-address": site.privateIp,
      "filter-at-source.source-port-range": "1024-2048",
      "filter-at-source.destination-address": "93.184.215.14",
      "filter-at-source.destination-port-range": "443",
      "filter-at-destination.source-address": site.publicIp,
      "filter-at-destination.source-port-range": "1024-2048",
      "filter-at-destination.destination-address": "93.184.215.14",
      "filter-at-destination.destination-port-range": "443-443",
    })) {
      expect([name, await by(name, value)]).toEqual([name, [narrow]]);
    }
    const { NetworkInsightsPathId } = await mine.send(
      new DeleteNetworkInsightsPathCommand({ NetworkInsightsPathId: narrow }),
    );
    expect(NetworkInsightsPathId).toBe(narrow);
    expect(await found({})).toEqual([wide]);
  });
});
