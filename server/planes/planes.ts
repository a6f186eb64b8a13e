import type { Context } from "../kit/context.ts";
import type { LaunchRequest, SnapshotContents, World } from "../kit/world.ts";
import type { Change } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";
import type { Hosts } from "./hosts.ts";
import type { Network } from "./network.ts";

/** The whole simulated world: hosts and network, both following the same rows. */
export class Planes implements World {
  readonly #hosts: Hosts;
  readonly #network: Network;

  constructor(hosts: Hosts, network: Network) {
    this.#hosts = hosts;
    this.#network = network;
  }

  get snapshots(): SnapshotContents {
    return this.#hosts.snapshots;
  }

  launch(ctx: Context, request: LaunchRequest): void {
    this.#hosts.launch(ctx, request);
  }

  committed(unit: Unit, changes: readonly Change[]): void {
    this.#hosts.committed(unit, changes);
    this.#network.committed(unit, changes);
  }

  resumed(unit: Unit): void {
    this.#hosts.resumed(unit);
    this.#network.resumed(unit);
  }

  emptied(): void {
    this.#hosts.emptied();
    this.#network.emptied();
  }
}
