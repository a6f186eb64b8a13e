import {
  AllocateAddressCommand,
  DescribeAddressesAttributeCommand,
  ModifyAddressAttributeCommand,
  ResetAddressAttributeCommand,
  type DescribeAddressesAttributeCommandInput,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();
const missing = "eipalloc-0123456789abcdef0";

async function allocate() {
  const { AllocationId = "", PublicIp } = await ec2.send(new AllocateAddressCommand({}));
  return { AllocationId, PublicIp };
}
const attributes = (input: DescribeAddressesAttributeCommandInput) =>
  ec2.send(new DescribeAddressesAttributeCommand(input));
const modify = (AllocationId: string, DomainName?: string) =>
  ec2.send(new ModifyAddressAttributeCommand({ AllocationId, DomainName }));

describe("what it refuses to parse", () => {
  test.each(["", "example", "-a.example.com", "a b.example.com", `${"a".repeat(64)}.com`, "x.".repeat(130)])(
    "the domain name %j",
    async (DomainName) => {
      const { AllocationId } = await allocate();
      await refused(modify(AllocationId, DomainName), "InvalidParameterValue");
    },
  );

  test("none, and pages of no size", async () => {
    const { AllocationId } = await allocate();
    await refused(modify(AllocationId), "MissingParameter");
    await refused(attributes({ MaxResults: 1001 }), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("name an address that is not there", async () => {
    await refused(modify(missing, "example.com"), "InvalidAllocationID.NotFound");
    await refused(attributes({ AllocationIds: [missing] }), "InvalidAllocationID.NotFound");
    await refused(
      ec2.send(new ResetAddressAttributeCommand({ AllocationId: missing, Attribute: "domain-name" })),
      "InvalidAllocationID.NotFound",
    );
  });
});

describe("what it does", () => {
  test("lets an address lead back to a name, after a while", async () => {
    const { AllocationId, PublicIp } = await allocate();
    const shown = async () =>
      (await attributes({ AllocationIds: [AllocationId], Attribute: "domain-name" })).Addresses;
    expect(await shown()).toEqual([{ AllocationId, PublicIp }]);
    const { Address } = await modify(AllocationId, "mail.example.com");
    expect(Address).toEqual({
      AllocationId,
      PublicIp,
      PtrRecordUpdate: { Value: "mail.example.com.", Status: "PENDING" },
    });
    expect(await shown()).toEqual([{ AllocationId, PublicIp, PtrRecord: "mail.example.com." }]);
    const reset = await ec2.send(
      new ResetAddressAttributeCommand({ AllocationId, Attribute: "domain-name" }),
    );
    expect(reset.Address).toMatchObject({
      PtrRecord: "mail.example.com.",
      PtrRecordUpdate: { Status: "PENDING" },
    });
    expect(await shown()).toEqual([{ AllocationId, PublicIp }]);
  });

  test("shows all addresses in pages", async () => {
    const mine = [(await allocate()).AllocationId, (await allocate()).AllocationId];
    const seen: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await attributes({ MaxResults: 1, NextToken });
      expect(page.Addresses).toHaveLength(1);
      seen.push(page.Addresses?.[0]?.AllocationId);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(seen).toEqual(expect.arrayContaining(mine));
    expect(new Set(seen).size).toBe(seen.length);
  });
});
