import type { Host } from "./host.ts";

/**
 * What an instance asks for as a member of a placement group: `cluster` near to the others, as a rule in one rack;
 * `spread` on a host, or in a rack, of its own; `partition` in racks that no other partition of the group has;
 * `precision-time` in racks with a source of precise time, which a cluster may ask for as well.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/placement-strategies.html
 */
export type Group =
  | { readonly id: string; readonly strategy: "cluster"; readonly preciseTime?: boolean }
  | { readonly id: string; readonly strategy: "precision-time" }
  | { readonly id: string; readonly strategy: "spread"; readonly level: "host" | "rack" }
  | { readonly id: string; readonly strategy: "partition"; readonly partition: number };

/** Which hosts and racks a placement may use, and which racks it would rather use. */
export interface Bounds {
  readonly allowsRack: (rack: number) => boolean;
  readonly allowsHost: (host: Host) => boolean;
  readonly near: ReadonlySet<number>;
}

export const UNBOUND: Bounds = { allowsRack: () => true, allowsHost: () => true, near: new Set() };

/** Whether a rack has a source of precise time: every other one has. */
export const hasPreciseTime = (rack: number): boolean => rack % 2 === 0;

interface Member {
  readonly group: Group;
  readonly host: Host;
}

/** The members of placement groups that are on hosts now. */
export class Groups {
  readonly #members = new Map<string, Map<string, Member>>();

  join(instance: string, group: Group, host: Host): void {
    const members = this.#members.get(group.id) ?? new Map<string, Member>();
    this.#members.set(group.id, members.set(instance, { group, host }));
  }

  leave(instance: string, group: Group): void {
    const members = this.#members.get(group.id);
    members?.delete(instance);
    if (members?.size === 0) this.#members.delete(group.id);
  }

  /** What the members in a zone leave to one more. */
  bounds(group: Group | undefined, zone: string): Bounds {
    if (group === undefined) return UNBOUND;
    const members = [...(this.#members.get(group.id)?.values() ?? [])].filter(
      ({ host }) => host.zone === zone,
    );
    const racks = new Set(members.map(({ host }) => host.rack));
    switch (group.strategy) {
      case "cluster":
        return { ...UNBOUND, ...(group.preciseTime && { allowsRack: hasPreciseTime }), near: racks };
      case "precision-time":
        return { ...UNBOUND, allowsRack: hasPreciseTime };
      case "spread":
        if (group.level === "rack") return { ...UNBOUND, allowsRack: (rack) => !racks.has(rack) };
        return { ...UNBOUND, allowsHost: (host) => !members.some((member) => member.host === host) };
      case "partition": {
        const isOther = ({ group: other }: Member) =>
          other.strategy === "partition" && other.partition !== group.partition;
        const others = new Set(members.filter(isOther).map(({ host }) => host.rack));
        const near = new Set([...racks].filter((rack) => !others.has(rack)));
        return { ...UNBOUND, allowsRack: (rack) => !others.has(rack), near };
      }
      default:
        return group satisfies never;
    }
  }
}
