import type { ImageInstanceStore } from "./catalogue/image.ts";
import type { InstanceTypeFacts } from "./catalogue/instanceTypes.ts";

const GB = 1000 ** 3;

/**
 * The local disks that an instance of a type gets, by their sizes in bytes. NVMe disks are always there, and not to be
 * mapped; others are there if a block device mapping names them. A mapping of what the type does not have does nothing.
 *
 * @param mappings those of its launch: `ephemeral0`, …
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/add-instance-store-volumes.html
 */
export function storesOf(
  { instanceStore }: Pick<InstanceTypeFacts, "instanceStore">,
  mappings: readonly Pick<ImageInstanceStore, "virtualName">[],
): number[] {
  if (instanceStore === undefined) return [];
  const { count, sizeGB, nvme } = instanceStore;
  const mapped = new Set(mappings.map(({ virtualName }) => virtualName));
  const numbers = Array.from({ length: count }, (_, number) => number);
  const given = nvme === "required" ? numbers : numbers.filter((number) => mapped.has(`ephemeral${number}`));
  return given.map(() => sizeGB * GB);
}
