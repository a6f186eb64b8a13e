import { CreateVpcCommand, DeleteVpcCommand, DescribeVpcsCommand } from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();

describe("what it refuses to do", () => {
  test("a VPC that is not there", async () => {
    await refused(
      ec2.send(new DeleteVpcCommand({ VpcId: "vpc-0123456789abcdef0" })),
      "InvalidVpcID.NotFound",
      "The vpc ID 'vpc-0123456789abcdef0' does not exist",
    );
  });
});

describe("what it does", () => {
  test("creates, shows and deletes a VPC", async () => {
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.1.0/16" }));
    expect(Vpc).toMatchObject({ CidrBlock: "10.0.0.0/16", State: "pending", InstanceTenancy: "default" });
    const VpcId = Vpc?.VpcId ?? "";
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }));
    expect(Vpcs).toEqual([{ ...Vpc, State: "available" }]);
    await ec2.send(new DeleteVpcCommand({ VpcId }));
    await refused(ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] })), "InvalidVpcID.NotFound");
  });
});
