import { checkedSize, plain, type Disk, type File } from "./disk.ts";

/** The image of a disk, byte for byte. */
export function openRaw(file: File): Disk {
  const length = checkedSize(file.size);
  return { size: length, content: () => plain(file, { from: 0, to: 0, length }, "RAW") };
}
