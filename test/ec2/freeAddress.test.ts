import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contains, parseAddress, parsePrefix, subnetOf, type Prefix } from "../../network/cidr.ts";
import { assignability } from "../../network/subnetAddresses.ts";
import { ApiError } from "../../server/errors.ts";
import { chooseBoth, delegableBlockOf, type TakenAddresses } from "../../server/ec2/freeAddress.ts";

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed) throw new Error(text);
  return parsed;
};

/** A pool that remembers what it gave. */
function pool(): TakenAddresses & { addresses: string[]; prefixes: string[] } {
  const addresses: string[] = [];
  const prefixes: string[] = [];
  return {
    addresses,
    prefixes,
    hasAddress: (address) => addresses.includes(address),
    hasPrefix: (text) => prefixes.includes(text),
    touches: (text) => addresses.some((address) => delegableBlockOf(address) === text),
    reserved: [],
  };
}

/** A subnet may run out. */
function orNothing(choose: () => ReturnType<typeof chooseBoth>) {
  try {
    return choose();
  } catch (error) {
    if (error instanceof ApiError && error.code.startsWith("Insufficient"))
      return { addresses: [], prefixes: [] };
    throw error;
  }
}

const steps = fc.array(fc.record({ addresses: fc.nat(5), prefixes: fc.nat(2), seed: fc.nat(2 ** 20) }), {
  maxLength: 12,
});

describe("what it does", () => {
  test.each(["10.0.0.0/24", "10.0.0.0/26", "2001:db8::/64", "2001:db8::/79"])(
    "of %s nothing is given out twice, nothing reserved, nothing from outside",
    (text) => {
      const block = prefix(text);
      fc.assert(
        fc.property(steps, (asked) => {
          const taken = pool();
          for (const { addresses, prefixes, seed } of asked) {
            const wanted = {
              addresses: { named: [], count: addresses },
              prefixes: { named: [], count: prefixes },
            };
            const chosen = orNothing(() => chooseBoth([block], taken, wanted, (bound) => seed % bound));
            taken.addresses.push(...chosen.addresses);
            taken.prefixes.push(...chosen.prefixes);
          }
          expect(new Set(taken.addresses).size).toBe(taken.addresses.length);
          expect(new Set(taken.prefixes).size).toBe(taken.prefixes.length);
          for (const address of taken.addresses) {
            expect(assignability(block, address)).toBe("free");
            const parsed = parseAddress(address);
            expect(taken.prefixes.some((each) => parsed && contains(prefix(each), parsed))).toBe(false);
          }
          for (const each of taken.prefixes) expect(contains(block, prefix(each))).toBe(true);
        }),
        { seed: 20_161_115, numRuns: 60 },
      );
    },
  );

  test.each(["10.0.0.0/24", "2001:db8::/64"])(
    "of %s nothing is chosen that is reserved, but prefixes, first from where they are to come",
    (text) => {
      const block = prefix(text);
      const length = block.version === 4 ? 28 : 80;
      const [explicit, forPrefixes] = [subnetOf(block, length - 2, 1n), subnetOf(block, length - 1, 1n)];
      const reserved = [
        { block: explicit, forPrefixes: false },
        { block: forPrefixes, forPrefixes: true },
      ];
      fc.assert(
        fc.property(fc.nat(2 ** 20), (seed) => {
          const wanted = { addresses: { named: [], count: 20 }, prefixes: { named: [], count: 3 } };
          const { addresses, prefixes } = chooseBoth(
            [block],
            { ...pool(), reserved },
            wanted,
            (bound) => seed % bound,
          );
          const within = (outer: Prefix, inner: string) =>
            contains(outer, parseAddress(inner) ?? prefix(inner));
          const kept = [...addresses, ...prefixes.slice(2)];
          expect(kept.filter((each) => reserved.some((part) => within(part.block, each)))).toEqual([]);
          expect(prefixes.slice(0, 2).every((each) => within(forPrefixes, each))).toBe(true);
        }),
        { seed: 20_161_115, numRuns: 30 },
      );
    },
  );

  test("what is reserved can be named", () => {
    const reserved = [{ block: prefix("10.0.0.0/24"), forPrefixes: false }];
    const wanted = (named: string[], count: number) => ({
      addresses: { named, count },
      prefixes: { named: [], count: 0 },
    });
    const choose = (named: string[], count: number) =>
      chooseBoth([prefix("10.0.0.0/24")], { ...pool(), reserved }, wanted(named, count), () => 0).addresses;
    expect(choose(["10.0.0.9"], 0)).toEqual(["10.0.0.9"]);
    expect(() => choose([], 1)).toThrow("enough free addresses");
  });

  test("a subnet without room for a whole prefix gives none", () => {
    expect(() =>
      chooseBoth(
        [prefix("10.0.0.0/28")],
        pool(),
        { addresses: { named: [], count: 0 }, prefixes: { named: [], count: 1 } },
        () => 0,
      ),
    ).toThrow("enough free cidr blocks");
  });
});
