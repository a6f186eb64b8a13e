import {
  AttachClassicLinkVpcCommand,
  CreateVpcCommand,
  DescribeVpcClassicLinkCommand,
  DescribeVpcClassicLinkDnsSupportCommand,
  DetachClassicLinkVpcCommand,
  DisableVpcClassicLinkCommand,
  DisableVpcClassicLinkDnsSupportCommand,
  EnableVpcClassicLinkCommand,
  EnableVpcClassicLinkDnsSupportCommand,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { launch } from "./launch.ts";

const ec2 = await freshClient();
const NOBODYS = "vpc-0123456789abcdef0";

async function newVpc(): Promise<string> {
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({
      CidrBlock: "10.0.0.0/16",
      TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "Name", Value: "classic" }] }],
    }),
  );
  return Vpc?.VpcId ?? "";
}

describe("what it refuses to parse", () => {
  test("ids of another form, and none", async () => {
    await refused(ec2.send(new EnableVpcClassicLinkCommand({ VpcId: "vpc-1" })), "InvalidVpcID.Malformed");
    await refused(ec2.send(new EnableVpcClassicLinkDnsSupportCommand({})), "MissingParameter");
  });
});

describe("what it refuses to do", () => {
  test("anything with EC2-Classic, which is no more", async () => {
    const VpcId = await newVpc();
    const InstanceId = await launch(ec2);
    for (const call of [
      ec2.send(new EnableVpcClassicLinkCommand({ VpcId })),
      ec2.send(new EnableVpcClassicLinkDnsSupportCommand({ VpcId })),
      ec2.send(new AttachClassicLinkVpcCommand({ VpcId, InstanceId, Groups: ["sg-0123456789abcdef0"] })),
      ec2.send(new DetachClassicLinkVpcCommand({ VpcId, InstanceId })),
    ]) {
      await refused(call, "UnsupportedOperation", /EC2-Classic is retired/);
    }
  });

  test("to find what is not there", async () => {
    for (const call of [
      ec2.send(new DisableVpcClassicLinkCommand({ VpcId: NOBODYS })),
      ec2.send(new DescribeVpcClassicLinkCommand({ VpcIds: [NOBODYS] })),
      ec2.send(new DescribeVpcClassicLinkDnsSupportCommand({ VpcIds: [NOBODYS] })),
    ]) {
      await refused(call, "InvalidVpcID.NotFound");
    }
  });
});

describe("what it does", () => {
  test("shows that no VPC is enabled, and leaves it so", async () => {
    const VpcId = await newVpc();
    const VpcIds = [VpcId];
    const off = await ec2.send(new DisableVpcClassicLinkCommand({ VpcId }));
    const offForNames = await ec2.send(new DisableVpcClassicLinkDnsSupportCommand({ VpcId }));
    expect([off.Return, offForNames.Return]).toEqual([true, true]);
    const names = await ec2.send(new DescribeVpcClassicLinkDnsSupportCommand({ VpcIds }));
    expect(names.Vpcs).toEqual([{ VpcId, ClassicLinkDnsSupported: false }]);
    for (const [Name, value, found] of [
      ["is-classic-link-enabled", "false", [VpcId]],
      ["is-classic-link-enabled", "true", []],
      ["tag:Name", "classic", [VpcId]],
    ] as const) {
      const { Vpcs } = await ec2.send(
        new DescribeVpcClassicLinkCommand({ VpcIds, Filters: [{ Name, Values: [value] }] }),
      );
      expect(Vpcs?.map((vpc) => vpc.VpcId)).toEqual(found);
    }
  });
});
