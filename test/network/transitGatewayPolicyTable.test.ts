import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { block } from "../../network/ip.ts";
import { ICMP, UDP, type Packet } from "../../network/packet.ts";
import { PrefixLists } from "../../network/prefixList.ts";
import {
  TransitGatewayPolicyTable,
  type TransitGatewayPolicyEntry,
} from "../../network/transitGatewayPolicyTable.ts";
import { TransitGatewayRouteTable } from "../../network/transitGatewayRouteTable.ts";
import { from, tcp } from "./world.ts";

const target = new TransitGatewayRouteTable("main", new PrefixLists());

const entry = (
  number: number,
  match: Partial<TransitGatewayPolicyEntry> = {},
): TransitGatewayPolicyEntry => ({
  number,
  source: undefined,
  destination: undefined,
  protocol: undefined,
  sourcePorts: undefined,
  destinationPorts: undefined,
  table: target,
  ...match,
});

function chosen(sent: Packet, ...entries: TransitGatewayPolicyEntry[]): number | undefined {
  const policy = new TransitGatewayPolicyTable("tgw-ptb");
  policy.put(entries);
  return policy.choose(sent)?.number;
}

const web: Packet = {
  ...from("10.1.0.10", "10.2.0.10"),
  protocol: tcp,
  sourcePort: 4000,
  destinationPort: 443,
};
const ping: Packet = { ...from("10.1.0.10", "10.2.0.10"), protocol: ICMP, type: 8 };

describe("a policy table", () => {
  test("without entries, or with none that matches, chooses nothing", () => {
    expect(chosen(web)).toBeUndefined();
    expect(chosen(web, entry(1, { protocol: UDP }))).toBeUndefined();
  });

  test("an entry that says nothing matches all packets, of both versions", () => {
    expect(chosen(web, entry(1))).toBe(1);
    expect(chosen(ping, entry(1))).toBe(1);
    expect(chosen(from("2001:db8::1", "2001:db8::2"), entry(1))).toBe(1);
  });

  test("all that an entry says must be so", () => {
    const full = {
      source: block("10.1.0.0/16"),
      destination: block("10.2.0.0/24"),
      protocol: tcp,
      sourcePorts: [4000, 4000],
      destinationPorts: [400, 443],
    } as const;
    expect(chosen(web, entry(1, full))).toBe(1);
    const others: Partial<TransitGatewayPolicyEntry>[] = [
      { source: block("10.3.0.0/16") },
      { destination: block("10.2.1.0/24") },
      { protocol: UDP },
      { sourcePorts: [4001, 5000] },
      { destinationPorts: [444, 444] },
      { source: block("::/0") },
    ];
    for (const other of others) expect(chosen(web, entry(1, { ...full, ...other }))).toBeUndefined();
  });

  test("ports are those of TCP and UDP alone", () => {
    expect(chosen(ping, entry(1, { destinationPorts: [0, 65_535] }))).toBeUndefined();
  });

  test("the first that matches decides, in the order of the numbers, whatever the order they were given in", () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 50_000 }), { minLength: 1 });
    fc.assert(
      fc.property(numbers, fc.func(fc.boolean()), (given, isWeb) => {
        const entries = given.map((number) => entry(number, { protocol: isWeb(number) ? tcp : UDP }));
        const fitting = given.filter((number) => isWeb(number));
        expect(chosen(web, ...entries)).toBe(fitting.length === 0 ? undefined : Math.min(...fitting));
      }),
      { seed: 1 },
    );
  });
});
