import type { BlockMode } from "./blockPublicAccess.ts";
import { defaultTracking } from "./connectionTracking.ts";
import type { Ip } from "./ip.ts";
import { Port } from "./port.ts";
import type { RouteTable } from "./routeTable.ts";
import { Subnet } from "./subnet.ts";
import type { Vpc } from "./vpc.ts";

/** Where a regional NAT gateway stands in one zone. */
export interface RegionalDoorPlan {
  /** `us-east-1a` */
  readonly zone: string;
  /** Public ones: it has no private addresses. */
  readonly addresses: readonly Ip[];
}

/** A regional NAT gateway as it is to be. */
export interface RegionalNatGatewayPlan {
  readonly id: string;
  readonly vpc: string;
  /** Its own route table; undefined while it has none. */
  readonly table: string | undefined;
  readonly live: boolean;
  readonly blockMode: BlockMode;
  readonly doors: readonly RegionalDoorPlan[];
  /** Whether its zones were chosen for it: it serves no others. Else one of them serves those that it is not in yet. */
  readonly chosenZones?: boolean;
  /** Its addresses that take no new connections. */
  readonly draining: readonly Ip[];
}

/**
 * The door of a regional NAT gateway in a zone: as an interface in a subnet of its own, which has no addresses of the VPC,
 * no network ACL and the gateway's route table. It is nobody's: only flow logs of the gateway itself see it.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html
 */
export function regionalDoor(
  { id, live, blockMode }: RegionalNatGatewayPlan,
  vpc: Vpc,
  table: RouteTable | undefined,
  { zone, addresses }: RegionalDoorPlan,
): Port {
  const place = `${id}/${zone}`;
  const subnet = new Subnet(place, vpc, zone);
  // Without a table of its own it would use the VPC's main one.
  subnet.put([], undefined, table);
  subnet.blockMode = blockMode;
  const door = new Port(place, "", subnet);
  door.doorOf = id;
  door.put({
    addresses,
    prefixes: [],
    groups: [],
    sourceDestCheck: false,
    owner: undefined,
    live,
    filtered: false,
    tracking: defaultTracking,
  });
  return door;
}
