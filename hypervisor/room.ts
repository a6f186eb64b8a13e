import type { Host } from "./host.ts";

/**
 * Some hosts, by the room they have: a tournament tree whose nodes know the most frames and the most open cores of any
 * host below. Finding the first host with room for an instance takes about the logarithm of their number; only hosts that
 * have much of the one and little of the other make it look twice.
 */
export class Room {
  readonly #slots = new Map<Host, number>();
  readonly #vacant: number[] = [];
  #hosts: (Host | undefined)[] = [undefined];
  /** Node 1 is the root; the children of node n are 2n and 2n + 1; slot s is node `width` + s. -1: nothing there. */
  #frames: number[] = [-1, -1];
  #cores: number[] = [-1, -1];

  get #width(): number {
    return this.#hosts.length;
  }

  /** Adds a host, or takes note that its room has changed. */
  put(host: Host): void {
    const slot = this.#slots.get(host) ?? this.#vacant.pop() ?? this.#slots.size;
    if (slot >= this.#width) this.#grow();
    this.#slots.set(host, slot);
    this.#hosts[slot] = host;
    this.#note(slot, host.supply, host.openCores);
  }

  remove(host: Host): void {
    const slot = this.#slots.get(host);
    if (slot === undefined) return;
    this.#slots.delete(host);
    this.#vacant.push(slot);
    this.#hosts[slot] = undefined;
    this.#note(slot, -1, -1);
  }

  /** The first host with so many frames and open cores that is accepted. */
  find(frames: number, cores: number, accepts: (host: Host) => boolean): Host | undefined {
    return this.#findBelow(1, frames, cores, accepts);
  }

  #findBelow(
    node: number,
    frames: number,
    cores: number,
    accepts: (host: Host) => boolean,
  ): Host | undefined {
    if ((this.#frames[node] ?? -1) < frames || (this.#cores[node] ?? -1) < cores) return undefined;
    if (node >= this.#width) {
      const host = this.#hosts[node - this.#width];
      return host && accepts(host) ? host : undefined;
    }
    return (
      this.#findBelow(2 * node, frames, cores, accepts) ??
      this.#findBelow(2 * node + 1, frames, cores, accepts)
    );
  }

  #note(slot: number, frames: number, cores: number): void {
    let node = this.#width + slot;
    this.#frames[node] = frames;
    this.#cores[node] = cores;
    for (node >>= 1; node >= 1; node >>= 1) {
      this.#frames[node] = Math.max(this.#frames[2 * node] ?? -1, this.#frames[2 * node + 1] ?? -1);
      this.#cores[node] = Math.max(this.#cores[2 * node] ?? -1, this.#cores[2 * node + 1] ?? -1);
    }
  }

  #grow(): void {
    const width = 2 * this.#width;
    this.#hosts = Array.from({ length: width }, (_, slot) => this.#hosts[slot]);
    this.#frames = Array.from({ length: 2 * width }, () => -1);
    this.#cores = Array.from({ length: 2 * width }, () => -1);
    for (const [host, slot] of this.#slots) this.#note(slot, host.supply, host.openCores);
  }
}
