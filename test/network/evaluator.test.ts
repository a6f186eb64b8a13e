import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answered } from "./doors.ts";
import { seen } from "./filters.ts";
import { properties } from "./properties.ts";
import { crossings } from "./sites.ts";
import { linked } from "./serviceLinks.ts";
import { delivered } from "./spoofing.ts";
import { crossed } from "./ways.ts";

/** Of properties that look at few packets in a run, more runs are needed, and cost no more. */
const RUNS = (name: string): number => (/^(routes|P7 over.*|.*gateway|.*endpoint):/.test(name) ? 400 : 60);

describe("in random networks", () => {
  test.each(Object.entries(properties))("%s", (name, property) => {
    fc.assert(property, { seed: 4, numRuns: RUNS(name) });
  });

  test("everything that can happen did", () => {
    const kinds = [
      "BAD_STATE",
      "BAD_STATE_ROUTE",
      "ENI_SG_RULES_MISMATCH",
      "ENI_SOURCE_DEST_CHECK_RESTRICTION",
      "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS",
      "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
      "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
      "NO_POSSIBLE_DESTINATION",
      "NO_ROUTE_TO_DESTINATION",
      "SG_HAS_NO_RULES",
      "SUBNET_ACL_RESTRICTION",
      "delivered",
      "outside",
    ];
    expect(kinds.filter((kind) => !seen.has(kind))).toEqual([]);
    expect(delivered.within).toBeGreaterThan(500);
    expect(answered.times).toBeGreaterThan(500);
    expect(crossed.peering).toBeGreaterThan(100);
    expect(crossed.transit).toBeGreaterThan(100);
    expect(linked.service).toBeGreaterThan(100);
    expect(linked.inspected).toBeGreaterThan(100);
    expect(linked.translated).toBeGreaterThan(100);
    for (const times of Object.values(crossings)) expect(times).toBeGreaterThan(30);
  });
});
