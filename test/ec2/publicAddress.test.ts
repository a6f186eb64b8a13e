import { expect, test } from "vitest";
import { subnetOf, addressAt, formatAddress } from "../../network/cidr.ts";
import { regions } from "../../server/ec2/catalogue/regions.ts";
import { storedCidr } from "../../server/ec2/cidrBlock.ts";
import { takePublicAddress } from "../../server/ec2/publicAddress.ts";
import { desk } from "../kit/desk.ts";
import { note } from "../seen.ts";

test("a region runs out of public addresses, and says so", () => {
  const { call } = desk();
  const place = BigInt([...regions.keys()].indexOf("us-east-1"));
  call((ctx) => {
    const row = takePublicAddress(ctx);
    const table = ctx.unit.table<typeof row>({ name: "public-address" });
    for (const block of ["3.0.0.0/9", "52.0.0.0/10", "54.64.0.0/10"].map(storedCidr)) {
      for (let offset = 0n; offset < 65_536n; offset++) {
        const id = formatAddress(addressAt(subnetOf(block, 16, place), offset));
        if (!table.get(id)) table.insert({ ...row, id });
      }
    }
  });
  expect(() => call((ctx) => void takePublicAddress(ctx))).toThrow("Not enough available addresses");
  note("AllocateAddress", "InsufficientAddressCapacity");
});
