/** Random rules of those who are on a path, of which most let everything pass. */
import fc from "fast-check";
import type { AclEntry } from "../../../network/networkAcl.ts";
import type { SecurityGroupRule } from "../../../network/securityGroup.ts";
import { all, entering, inbound, leaving, outbound, tcp, udp } from "../world.ts";

/** What is asked for. */
export const PORT = 443;

const cidr = fc.constantFrom(
  "0.0.0.0/0",
  "0.0.0.0/0",
  "10.0.0.0/16",
  "10.1.0.0/16",
  "10.0.1.0/24",
  "203.0.113.0/24",
  "52.216.0.0/22",
);
const kind = fc.constantFrom(
  [all, -1, -1] as const,
  [tcp, PORT, PORT] as const,
  [tcp, 1024, 65_535] as const,
  [udp, 0, 65_535] as const,
);

/** Entries of which the last one allows everything, most of the time. */
export const entries: fc.Arbitrary<AclEntry[]> = fc
  .tuple(
    fc.uniqueArray(
      fc.record({
        number: fc.integer({ min: 1, max: 90 }),
        egress: fc.boolean(),
        allow: fc.boolean(),
        kind,
        cidr,
      }),
      { maxLength: 3, selector: ({ number }) => number },
    ),
    fc.integer({ min: 0, max: 5 }),
  )
  .map(([some, closed]) => [
    ...some.map(({ number, egress, allow, kind: [protocol, first, last], cidr }) =>
      (egress ? leaving : entering)(number, allow, protocol, first, last, cidr),
    ),
    ...(closed === 0 ? [] : [entering, leaving].map((each) => each(100, true, all, -1, -1, "0.0.0.0/0"))),
  ]);

/** Rules, most of the time with one for everybody in each direction. */
export const rulesNaming = (...groups: readonly string[]): fc.Arbitrary<SecurityGroupRule[]> =>
  fc
    .array(
      fc.record({
        egress: fc.boolean(),
        kind,
        peer: fc.oneof(cidr, fc.constantFrom(...groups)),
      }),
      { maxLength: 3 },
    )
    .chain((some) =>
      fc
        .integer({ min: 0, max: 3 })
        .map((closed) => [
          ...some.map(({ egress, kind: [protocol, first, last], peer }) =>
            (egress ? outbound : inbound)(protocol, first, last, peer),
          ),
          ...(closed === 0 ? [] : [outbound(all, -1, -1, "0.0.0.0/0")]),
          ...(closed === 1 ? [inbound(all, -1, -1, "0.0.0.0/0")] : []),
        ]),
    );
