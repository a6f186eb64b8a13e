import {
  DeleteInternetGatewayCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeAccountAttributesCommand,
  DescribeInternetGatewaysCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  DetachInternetGatewayCommand,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();

describe("what it refuses to parse", () => {
  test("an attribute that accounts do not have", async () => {
    const AttributeNames = ["shoe-size" as "default-vpc"];
    await refused(
      ec2.send(new DescribeAccountAttributesCommand({ AttributeNames })),
      "InvalidParameterValue",
      /shoe-size/,
    );
  });
});

describe("what it refuses to do", () => {
  test("a dry run", async () => {
    await refused(ec2.send(new DescribeAccountAttributesCommand({ DryRun: true })), "DryRunOperation");
  });
});

describe("what it does", () => {
  test("says what an account has, and what it may have", async () => {
    const { AccountAttributes = [] } = await ec2.send(new DescribeAccountAttributesCommand({}));
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({}));
    expect(
      AccountAttributes.map(({ AttributeName, AttributeValues }) => [
        AttributeName,
        AttributeValues?.map(({ AttributeValue }) => AttributeValue),
      ]),
    ).toEqual([
      ["supported-platforms", ["VPC"]],
      ["vpc-max-security-groups-per-interface", ["5"]],
      ["max-elastic-ips", ["5"]],
      ["max-instances", ["20"]],
      ["vpc-max-elastic-ips", ["5"]],
      ["default-vpc", [Vpcs?.[0]?.VpcId]],
    ]);
  });

  test("says that there is no default VPC once it is deleted", async () => {
    const account = await freshClient();
    const { InternetGateways = [] } = await account.send(new DescribeInternetGatewaysCommand({}));
    const { Subnets = [] } = await account.send(new DescribeSubnetsCommand({}));
    const [{ InternetGatewayId, Attachments } = {}] = InternetGateways;
    const VpcId = Attachments?.[0]?.VpcId;
    for (const { SubnetId } of Subnets) await account.send(new DeleteSubnetCommand({ SubnetId }));
    await account.send(new DetachInternetGatewayCommand({ InternetGatewayId, VpcId }));
    await account.send(new DeleteInternetGatewayCommand({ InternetGatewayId }));
    await account.send(new DeleteVpcCommand({ VpcId }));
    const { AccountAttributes } = await account.send(
      new DescribeAccountAttributesCommand({ AttributeNames: ["default-vpc"] }),
    );
    expect(AccountAttributes).toEqual([
      { AttributeName: "default-vpc", AttributeValues: [{ AttributeValue: "none" }] },
    ]);
  });
});
