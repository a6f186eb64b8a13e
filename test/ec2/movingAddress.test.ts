import {
  AllocateAddressCommand,
  DescribeMovingAddressesCommand,
  MoveAddressToVpcCommand,
  RestoreAddressToClassicCommand,
  type DescribeMovingAddressesCommandInput,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();
const moving = (input: DescribeMovingAddressesCommandInput) =>
  ec2.send(new DescribeMovingAddressesCommand(input));

describe("what it refuses to parse", () => {
  test("unknown filters, and pages of no size", async () => {
    await refused(moving({ Filters: [{ Name: "colour", Values: ["red"] }] }), "InvalidParameterValue");
    await refused(moving({ MaxResults: 4 }), "InvalidParameterValue");
    await refused(moving({ PublicIps: ["1.2.3"] }), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("move any address", async () => {
    const { PublicIp } = await ec2.send(new AllocateAddressCommand({}));
    await refused(ec2.send(new MoveAddressToVpcCommand({ PublicIp })), "UnsupportedOperation");
    await refused(ec2.send(new RestoreAddressToClassicCommand({ PublicIp })), "UnsupportedOperation");
    const stranger = { PublicIp: "192.0.2.1" };
    await refused(ec2.send(new MoveAddressToVpcCommand(stranger)), "InvalidAddress.NotFound");
    await refused(ec2.send(new RestoreAddressToClassicCommand(stranger)), "InvalidAddress.NotFound");
  });
});

describe("what it does", () => {
  test("shows that no address is on its way", async () => {
    const { PublicIp = "" } = await ec2.send(new AllocateAddressCommand({}));
    const { MovingAddressStatuses } = await moving({
      PublicIps: [PublicIp],
      Filters: [{ Name: "moving-status", Values: ["MovingToVpc"] }],
    });
    expect(MovingAddressStatuses).toEqual([]);
  });
});
