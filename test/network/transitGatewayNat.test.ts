import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { block, ip } from "../../network/ip.ts";
import { packet } from "../../network/packet.ts";
import { TransitGatewayNat } from "../../network/transitGatewayNat.ts";
import { from } from "./world.ts";

const rule = (number: number, inside: string, outside: string) => ({
  number,
  inside: block(inside),
  outside: block(outside),
});

describe("1:1 translation", () => {
  const nat = new TransitGatewayNat([rule(1, "10.1.0.0/16", "100.64.0.0/16")]);

  test("keeps the place of an address in its block, in both directions", () => {
    expect(nat.outward(from("10.1.200.7", "10.9.0.1")).source).toBe(ip("100.64.200.7"));
    expect(nat.inward(from("10.9.0.1", "100.64.200.7")).destination).toBe(ip("10.1.200.7"));
  });

  test("leaves packets alone that no rule is for, and IPv6", () => {
    for (const other of [from("10.2.0.1", "10.1.0.1"), from("2001:db8::1", "2001:db8::2")]) {
      expect(nat.outward(other)).toBe(other);
      expect(nat.inward(other)).toBe(other);
    }
  });

  test("translates what an ICMP error is about along with it", () => {
    const about = from("10.9.0.1", "10.1.0.7");
    const error = packet({
      source: ip("10.1.0.1"),
      destination: ip("10.9.0.1"),
      protocol: 1,
      type: 3,
      about,
    });
    expect(nat.outward({ ...error, source: about.destination }).about?.destination).toBe(ip("100.64.0.7"));
  });

  test("of several rules, the one of the lowest number counts", () => {
    const two = new TransitGatewayNat([
      rule(20, "10.1.0.0/16", "100.64.0.0/16"),
      rule(10, "10.1.2.0/24", "192.168.2.0/24"),
    ]);
    expect(two.outward(from("10.1.2.3", "10.9.0.1")).source).toBe(ip("192.168.2.3"));
    expect(two.outward(from("10.1.3.3", "10.9.0.1")).source).toBe(ip("100.64.3.3"));
  });

  test("what an answer comes back to is who asked", () => {
    const length = fc.integer({ min: 8, max: 32 });
    const host = fc.integer({ min: 0, max: 0xff_ff_ff });
    const base = (first: number, bits: number) => ({
      base: (first << 24) & (-1 << (32 - bits)),
      length: bits,
    });
    fc.assert(
      fc.property(length, host, (bits, within) => {
        const mask = bits === 32 ? 0 : ~(-1 << (32 - bits));
        const inside = base(50, bits);
        const translating = new TransitGatewayNat([{ number: 1, inside, outside: base(10, bits) }]);
        const asking = packet({ source: inside.base | (within & mask), destination: ip("172.16.0.1") });
        const seen = translating.outward(asking);
        const answer = translating.inward(packet({ source: seen.destination, destination: seen.source }));
        expect([seen.source !== asking.source, answer.destination]).toEqual([true, asking.source]);
      }),
      { seed: 1 },
    );
  });
});
