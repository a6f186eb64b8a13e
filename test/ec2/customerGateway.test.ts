import {
  CreateCustomerGatewayCommand,
  DeleteCustomerGatewayCommand,
  DescribeCustomerGatewaysCommand,
  type CreateCustomerGatewayCommandInput,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const create = async (ec2: EC2Client, input: Partial<CreateCustomerGatewayCommandInput> = {}) =>
  (await ec2.send(new CreateCustomerGatewayCommand({ Type: "ipsec.1", IpAddress: "203.0.113.7", ...input })))
    .CustomerGateway ?? {};

const shown = async (ec2: EC2Client, CustomerGatewayId = "") =>
  (await ec2.send(new DescribeCustomerGatewaysCommand({ CustomerGatewayIds: [CustomerGatewayId] })))
    .CustomerGateways?.[0];

const CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef";

describe("what it refuses to parse", () => {
  test("addresses, numbers and certificates of another form", async () => {
    const ec2 = await freshClient();
    await refused(create(ec2, { IpAddress: "203.0.113" }), "InvalidParameterValue");
    await refused(create(ec2, { IpAddress: undefined }), "MissingParameter");
    await refused(create(ec2, { PublicIp: "203.0.113.8" }), "InvalidParameterCombination");
    await refused(create(ec2, { BgpAsn: 0 }), "InvalidParameterValue");
    await refused(create(ec2, { BgpAsn: 7224 }), "InvalidParameterValue");
    await refused(create(ec2, { BgpAsnExtended: 65_000 }), "InvalidParameterValue");
    await refused(create(ec2, { BgpAsn: 65_000, BgpAsnExtended: 2 ** 31 }), "InvalidParameterCombination");
    await refused(create(ec2, { CertificateArn: "arn:aws:s3:::mine" }), "InvalidParameterValue");
    await refused(create(ec2, { DeviceName: "" }), "InvalidParameterValue");
    await refused(shown(ec2, "cgw-1"), "InvalidCustomerGatewayID.NotFound");
  });
});

describe("what it refuses to do", () => {
  test("to delete what is not there any more", async () => {
    const ec2 = await freshClient();
    const { CustomerGatewayId } = await create(ec2);
    await ec2.send(new DeleteCustomerGatewayCommand({ CustomerGatewayId }));
    await refused(
      ec2.send(new DeleteCustomerGatewayCommand({ CustomerGatewayId })),
      "InvalidCustomerGatewayID.NotFound",
      `The customerGateway ID '${CustomerGatewayId}' does not exist`,
    );
  });
});

describe("what it does", () => {
  test("makes a gateway, shows it, and shows it as deleted for a while", async () => {
    const ec2 = await freshClient();
    const made = await create(ec2, {
      DeviceName: "router",
      TagSpecifications: [{ ResourceType: "customer-gateway", Tags: [{ Key: "Name", Value: "hq" }] }],
    });
    expect(made).toMatchObject({
      State: "pending",
      Type: "ipsec.1",
      IpAddress: "203.0.113.7",
      BgpAsn: "65000",
    });
    const { CustomerGatewayId } = made;
    expect(await shown(ec2, CustomerGatewayId)).toEqual({ ...made, State: "available" });
    await ec2.send(new DeleteCustomerGatewayCommand({ CustomerGatewayId }));
    expect(await shown(ec2, CustomerGatewayId)).toMatchObject({ State: "deleted" });
  });

  test("an identical request gives the same gateway again, until that is deleted", async () => {
    const ec2 = await freshClient();
    const { CustomerGatewayId } = await create(ec2, { BgpAsn: 64_999 });
    expect((await create(ec2, { BgpAsn: 64_999 })).CustomerGatewayId).toBe(CustomerGatewayId);
    expect((await create(ec2, { BgpAsn: 64_999, DeviceName: "b" })).CustomerGatewayId).not.toBe(
      CustomerGatewayId,
    );
    await ec2.send(new DeleteCustomerGatewayCommand({ CustomerGatewayId }));
    expect((await create(ec2, { BgpAsn: 64_999 })).CustomerGatewayId).not.toBe(CustomerGatewayId);
  });

  test("long numbers of autonomous systems, and devices that prove who they are by a certificate", async () => {
    const ec2 = await freshClient();
    expect(await create(ec2, { BgpAsnExtended: 4_200_000_001 })).toMatchObject({
      BgpAsnExtended: "4200000001",
    });
    expect(await create(ec2, { IpAddress: undefined, CertificateArn: CERTIFICATE })).toMatchObject({
      CertificateArn: CERTIFICATE,
    });
  });

  test("filters", async () => {
    const ec2 = await freshClient();
    const { CustomerGatewayId = "" } = await create(ec2, { BgpAsn: 7, PublicIp: undefined });
    await create(ec2, { IpAddress: undefined, PublicIp: "203.0.113.99", BgpAsn: 8 });
    const by = async (Name: string, value: string) => {
      const Filters = [{ Name, Values: [value] }];
      const { CustomerGateways } = await ec2.send(new DescribeCustomerGatewaysCommand({ Filters }));
      return CustomerGateways?.map((gateway) => gateway.CustomerGatewayId);
    };
    expect(await by("bgp-asn", "7")).toEqual([CustomerGatewayId]);
    expect(await by("ip-address", "203.0.113.7")).toEqual([CustomerGatewayId]);
    expect(await by("customer-gateway-id", CustomerGatewayId)).toEqual([CustomerGatewayId]);
    expect(await by("state", "available")).toHaveLength(2);
    expect(await by("type", "ipsec.1")).toHaveLength(2);
  });
});
