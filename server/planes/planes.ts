import type { Homeless, World } from "../kit/world.ts";
import type { Objects } from "../state/objects.ts";
import type { Change } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";
import type { Hosts } from "./hosts.ts";
import type { Network } from "./network.ts";

/** The whole simulated world: hosts and network, both following the same rows. */
export class Planes implements World {
  readonly hosts: Hosts;
  readonly network: Network;
  readonly objects: Objects;

  /** @param objects what services leave in buckets */
  constructor(hosts: Hosts, network: Network, objects: Objects) {
    this.hosts = hosts;
    this.network = network;
    this.objects = objects;
  }

  committed(unit: Unit, changes: readonly Change[]): void {
    this.hosts.committed(unit, changes);
    this.network.committed(unit, changes);
  }

  resumed(unit: Unit): readonly Homeless[] {
    const homeless = this.hosts.resumed(unit);
    this.network.resumed(unit);
    return homeless;
  }

  lost(): void {
    this.hosts.lost();
    this.network.emptied();
  }

  emptied(): () => void {
    this.hosts.emptied();
    this.network.emptied();
    return () => {
      this.hosts.clearTrails();
      this.objects.clear();
    };
  }
}
