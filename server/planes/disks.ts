import type { Disks } from "../../hypervisor/disks.ts";
import type { SnapshotContents } from "../kit/world.ts";
import { snapshots, type Snapshot } from "../ec2/snapshot.ts";
import { allRecycled, isRecycled, recycled, type Recycled } from "../ec2/recycleBin.ts";
import { volumes, type Volume } from "../ec2/volume.ts";
import type { Change } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";

const GIB = 1024 ** 3;

/** Projects the rows of volumes and snapshots onto the disks of each region. */
export class DiskPlane {
  readonly #disksOf: (region: string) => Disks;
  readonly #together: (work: () => void) => void;

  /** @param together runs what writes to disks so that it is kept as a whole */
  constructor(disksOf: (region: string) => Disks, together: (work: () => void) => void) {
    this.#disksOf = disksOf;
    this.#together = together;
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
    write: (region, id, index, bytes) =>
      this.#together(() => this.#disksOf(region).writeSnapshot(id, index, bytes)),
  };

  committed(unit: Unit, { table, before, after }: Change): void {
    if (table.name === volumes.definition.type) {
      this.#volume(unit, before as Volume | undefined, after as Volume | undefined);
    }
    if (table.name === snapshots.definition.type) {
      this.#snapshot(unit, before as Snapshot | undefined, after as Snapshot | undefined);
    }
    if (table.name === recycled.name && before && !after) this.#purge(unit, before as Recycled);
  }

  /** Finds again what the rows of a unit say there is. */
  resumed(unit: Unit): void {
    const disks = this.#disksOf(unit.name);
    const openVolume = ({ id, size, dataKeyId }: Volume): void => disks.openVolume(id, size * GIB, dataKeyId);
    for (const { id, dataKeyId } of snapshots.table({ unit }).all()) disks.openSnapshot(id, dataKeyId);
    for (const volume of volumes.table({ unit }).all()) {
      openVolume(volume);
      for (const { instanceId } of volume.attachments) disks.attach(volume.id, instanceId);
    }
    for (const { type, resource } of allRecycled(unit)) {
      if (type === "EBS_VOLUME") openVolume(resource as Volume);
      if (type === "EBS_SNAPSHOT") disks.openSnapshot(resource.id, (resource as Snapshot).dataKeyId);
    }
  }

  #volume(unit: Unit, before: Volume | undefined, after: Volume | undefined): void {
    const disks = this.#disksOf(unit.name);
    // One that comes back from the Recycle Bin is there.
    if (!before && after && !disks.hasVolume(after.id)) {
      const { sourceVolumeId, snapshotId, dataKeyId } = after;
      disks.createVolume(after.id, after.size * GIB, {
        snapshot: snapshotId,
        copyOf: sourceVolumeId,
        key: dataKeyId,
      });
    }
    if (before && after && after.size > before.size) disks.resizeVolume(after.id, after.size * GIB);
    if (after) attach(disks, before, after);
    if (!before || after) return;
    if (isRecycled(unit, before.id)) attach(disks, before, { ...before, attachments: [] });
    else disks.deleteVolume(before.id);
  }

  #snapshot(unit: Unit, before: Snapshot | undefined, after: Snapshot | undefined): void {
    const disks = this.#disksOf(unit.name);
    if (!before && after && !disks.hasSnapshot(after.id)) this.#create(disks, after);
    if (before && !after && !isRecycled(unit, before.id)) disks.deleteSnapshot(before.id);
  }

  /** What leaves the Recycle Bin is back in its table, or it is erased now. */
  #purge(unit: Unit, { id, type }: Recycled): void {
    const disks = this.#disksOf(unit.name);
    if (type === "EBS_VOLUME" && !volumes.table({ unit }).get(id)) disks.deleteVolume(id);
    if (type === "EBS_SNAPSHOT" && !snapshots.table({ unit }).get(id)) disks.deleteSnapshot(id);
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
