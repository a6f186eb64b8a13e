import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { block } from "../../network/ip.ts";
import { PrefixList, PrefixLists } from "../../network/prefixList.ts";
import { anyOut, ended, from, inbound, route, tcp, World } from "./world.ts";

const cidr = fc
  .tuple(fc.constantFrom("203.0.113", "198.51.100"), fc.nat(255), fc.integer({ min: 24, max: 32 }))
  .map(([net, last, length]) => `${net}.${last}/${length}`);
const cidrs = fc.uniqueArray(cidr, { maxLength: 5, selector: (text) => formatOf(text) });
const address = fc
  .tuple(fc.constantFrom("203.0.113", "198.51.100"), fc.nat(255))
  .map(([n, l]) => `${n}.${l}`);

const formatOf = (text: string): string => {
  const { base, length } = block(text);
  return `${base}/${length}`;
};

describe("a prefix list means what its entries written out would mean", () => {
  test("in security groups, however it changes", () => {
    fc.assert(
      fc.property(fc.array(cidrs, { minLength: 1, maxLength: 3 }), address, (versions, client) => {
        const world = new World();
        world.fabric.putSecurityGroup("sg-listed", [inbound(tcp, 443, 443, "pl-1")]);
        world.fabric.putSecurityGroup("sg-written", []);
        world.port("server", { addresses: ["10.0.1.10"], groups: ["sg-listed"] });
        world.port("other", { addresses: ["10.0.1.11"], groups: ["sg-written"] });
        const sender = world.port("sender", { addresses: ["10.0.2.10"], subnet: "b", check: false });
        for (const entries of versions) {
          world.fabric.putPrefixList("pl-1", entries.map(block));
          world.fabric.putSecurityGroup(
            "sg-written",
            entries.map((entry) => inbound(tcp, 443, 443, entry)),
          );
          // A new connection each time, which nobody remembers.
          world.now += 500_000_000;
          const listed = ended(world.send(sender, from(client, "10.0.1.10")));
          const written = ended(world.send(sender, from(client, "10.0.1.11")));
          expect(listed === "server").toBe(written === "other");
        }
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  test("in routes, however it changes", () => {
    fc.assert(
      fc.property(fc.array(cidrs, { minLength: 1, maxLength: 3 }), address, (versions, destination) => {
        const world = new World();
        world.fabric.putSecurityGroup("sg-open", [anyOut]);
        world.subnet("written", "10.0.3.0/24");
        const listed = world.port("listed", { addresses: ["10.0.1.10"] });
        const written = world.port("written", { addresses: ["10.0.3.10"], subnet: "written" });
        world.publish("192.0.2.1", listed);
        world.publish("192.0.2.2", written);
        for (const entries of versions) {
          world.fabric.putPrefixList("pl-1", entries.map(block));
          world.table("rtb", [route("pl-1", "igw")]);
          const end = ended(world.send(listed, from("10.0.1.10", destination)));
          world.table(
            "rtb",
            entries.map((entry) => route(entry, "igw")),
          );
          expect(end).toBe(ended(world.send(written, from("10.0.3.10", destination))));
        }
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});

test("what is in a list does not come before what is local", () => {
  const world = new World();
  const sender = world.port("sender", { addresses: ["10.0.1.10"] });
  world.port("receiver", { addresses: ["10.0.2.10"], subnet: "b" });
  world.fabric.putPrefixList("pl-1", [block("10.0.2.0/24"), block("10.0.0.0/16")]);
  world.table("rtb", [route("pl-1", "igw")]);
  expect(ended(world.send(sender, from("10.0.1.10", "10.0.2.10")))).toBe("receiver");
});

test("a list that is put again as it was leaves what was compiled from it", () => {
  const lists = new PrefixLists();
  const blocks = [block("203.0.113.0/24")];
  lists.put(new PrefixList("pl-1", blocks));
  const { version } = lists;
  lists.put(new PrefixList("pl-1", blocks));
  expect(lists.version).toBe(version);
  lists.put(new PrefixList("pl-1", []));
  expect(lists.version).toBeGreaterThan(version);
});
