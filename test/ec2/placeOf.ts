import type { Islet } from "../../server/index.ts";
import { operate } from "../operator.ts";

interface Place {
  readonly host: string;
  readonly rack: number;
  readonly reservation: string | undefined;
}

interface HostSeen {
  readonly host: string;
  readonly rack: number;
  readonly instances: number;
}

interface OwnerSeen {
  readonly instance: string;
  readonly reservation?: string;
}

/** The hosts of us-east-1 that instances are on, as the operator sees them; by instance. */
export async function places(islet: Islet): Promise<ReadonlyMap<string, Place>> {
  const Region = "us-east-1";
  const { Hosts } = await operate(islet, "GET hosts", { Region });
  const found = new Map<string, Place>();
  for (const { host, rack, instances } of Hosts as readonly HostSeen[]) {
    if (instances === 0) continue;
    const { Owners } = await operate(islet, "GET hosts/owners", { Region, HostId: host });
    for (const { instance, reservation } of Owners as readonly OwnerSeen[]) {
      found.set(instance, { host, rack, reservation });
    }
  }
  return found;
}

/** Where one instance is; undefined if it is on no host. */
export const placeOf = async (islet: Islet, instance: string): Promise<Place | undefined> =>
  (await places(islet)).get(instance);

/** How many hosts are racked, and how much reservations keep free on them. */
export async function hardware(islet: Islet): Promise<{ hosts: number; instances: number; held: number }> {
  const { Hosts } = await operate(islet, "GET hosts", { Region: "us-east-1" });
  const all = Hosts as readonly (HostSeen & { held: { cores: number } })[];
  const sum = (of: (host: (typeof all)[number]) => number) =>
    all.reduce((total, host) => total + of(host), 0);
  return {
    hosts: all.length,
    instances: sum((host) => host.instances),
    held: sum((host) => host.held.cores),
  };
}
