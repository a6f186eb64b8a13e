import { DescribeIpv6PoolsCommand } from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();

describe("what it refuses to parse", () => {
  test("pages of no size", async () => {
    await refused(ec2.send(new DescribeIpv6PoolsCommand({ MaxResults: 0 })), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("to find a pool", async () => {
    const PoolIds = ["ipv6pool-ec2-0123456789abcdef0"];
    await refused(ec2.send(new DescribeIpv6PoolsCommand({ PoolIds })), "InvalidIpv6PoolID.NotFound");
  });
});

describe("what it does", () => {
  test("shows that there are none", async () => {
    const Filters = [{ Name: "tag-key", Values: ["Name"] }];
    expect((await ec2.send(new DescribeIpv6PoolsCommand({ Filters }))).Ipv6Pools).toEqual([]);
  });
});
