import type { Port } from "../port.ts";
import type { Vpc } from "../vpc.ts";
import { addressesIn, rangesOfAddresses, sizeOf } from "./addressRange.ts";
import type { Field, HeaderSet, Range } from "./headerSet.ts";
import { addressesOf } from "./securityGroup.ts";

/** More addresses than this are not looked up one by one. */
const FEW = 256;

/** The addresses of running interfaces of a VPC that a field of some headers has; of many, those of some interfaces. */
export function ownedIn(vpc: Vpc, headers: HeaderSet, field: Field, ports: readonly Port[]): Range[] {
  const asked = headers.ranges(field);
  if (sizeOf(asked) > FEW) return ports.filter(({ live }) => live).flatMap(addressesOf);
  return rangesOfAddresses([...addressesIn(asked)].filter((address) => vpc.portOf(address)?.live));
}
