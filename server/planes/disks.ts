import type { Disks } from "../../hypervisor/disks.ts";
import type { SnapshotContents } from "../kit/world.ts";
import { snapshots, type Snapshot } from "../ec2/snapshot.ts";
import { volumes, type Volume } from "../ec2/volume.ts";
import type { Change } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";

const GIB = 1024 ** 3;

/** Projects the rows of volumes and snapshots onto the disks of each region. */
export class DiskPlane {
  readonly #disksOf: (region: string) => Disks;

  constructor(disksOf: (region: string) => Disks) {
    this.#disksOf = disksOf;
  }

  /** What is in the snapshots, for handlers. */
  readonly contents: SnapshotContents = {
    size: (region, id) => this.#disksOf(region).snapshotSize(id),
    blocks: (region, id, from) => {
      const disks = this.#disksOf(region);
      return disks.hasSnapshot(id) ? disks.snapshotBlocks(id, from) : [];
    },
    read: (region, id, index) => {
      const disks = this.#disksOf(region);
      return disks.hasSnapshot(id) ? disks.readSnapshot(id, index) : undefined;
    },
    write: (region, id, index, bytes) => this.#disksOf(region).writeSnapshot(id, index, bytes),
  };

  committed({ name }: Unit, { table, before, after }: Change): void {
    if (table.name === volumes.definition.type) {
      this.#volume(this.#disksOf(name), before as Volume | undefined, after as Volume | undefined);
    }
    if (table.name === snapshots.definition.type) {
      this.#snapshot(this.#disksOf(name), before as Snapshot | undefined, after as Snapshot | undefined);
    }
  }

  /** Finds again what the rows of a unit say there is. */
  resumed(unit: Unit): void {
    const disks = this.#disksOf(unit.name);
    for (const { id, dataKeyId } of snapshots.table({ unit }).all()) disks.openSnapshot(id, dataKeyId);
    for (const { id, size, dataKeyId, attachments } of volumes.table({ unit }).all()) {
      disks.openVolume(id, size * GIB, dataKeyId);
      for (const { instanceId } of attachments) disks.attach(id, instanceId);
    }
  }

  #volume(disks: Disks, before: Volume | undefined, after: Volume | undefined): void {
    if (!before && after) {
      const { sourceVolumeId, snapshotId, dataKeyId } = after;
      disks.createVolume(after.id, after.size * GIB, {
        snapshot: snapshotId,
        copyOf: sourceVolumeId,
        key: dataKeyId,
      });
    }
    if (before && after && after.size > before.size) disks.resizeVolume(after.id, after.size * GIB);
    if (after) attach(disks, before, after);
    if (before && !after) disks.deleteVolume(before.id);
  }

  #snapshot(disks: Disks, before: Snapshot | undefined, after: Snapshot | undefined): void {
    if (!before && after) this.#create(disks, after);
    if (before && !after) disks.deleteSnapshot(before.id);
  }

  #create(disks: Disks, { id, origin, dataKeyId }: Snapshot): void {
    if (origin.kind === "volume") {
      disks.snapshotVolume(origin.volumeId, id);
      return;
    }
    const from = origin.kind === "copy" ? this.#disksOf(origin.region) : disks;
    const source = origin.kind === "copy" ? origin.snapshotId : origin.parentId;
    // What a public image was made of has nothing in it.
    if (source !== undefined && from.hasSnapshot(source)) disks.copySnapshot(id, from, source, dataKeyId);
    else disks.createSnapshot(id, dataKeyId);
  }
}

/** Who reaches a volume is who it is attached to, until it is detached. */
function attach(disks: Disks, before: Volume | undefined, after: Volume): void {
  const instances = new Set(after.attachments.map(({ instanceId }) => instanceId));
  for (const { instanceId } of before?.attachments ?? []) {
    if (!instances.has(instanceId)) disks.detach(after.id, instanceId);
  }
  for (const instance of instances) disks.attach(after.id, instance);
}
