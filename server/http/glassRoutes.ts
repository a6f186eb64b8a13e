import { FINDINGS, Glass } from "../../hypervisor/glass.ts";
import { ApiError } from "../errors.ts";
import type { Hosts } from "../planes/hosts.ts";
import { base64, bytes, count, regionOf, required } from "./fields.ts";
import { allow, invalid, type Fields, type Route } from "./operator.ts";

/** The most frames that one answer shows, and the longest pattern that is looked for, in bytes. */
const FRAMES = 64;
const PATTERN = 64 * 1024;

/**
 * The look into everybody's memory and disks that a server gives which was started with --glass, and no other. Each
 * answer says that it is one.
 */
export function glassRoutes(
  hosts: Hosts,
  regions: ReadonlySet<string>,
  isOpen: boolean,
): Readonly<Record<string, Route>> {
  const through =
    (look: (glass: Glass, fields: Fields, region: string) => object): Route =>
    (fields) => {
      if (!isOpen) {
        throw new ApiError(
          "UnsupportedOperation",
          "Nobody looks into the memory and the disks of this server: for that it must be started with --glass.",
        );
      }
      const region = regionOf(fields, regions);
      return { Glass: true, ...look(new Glass(hosts.fleet(region)), fields, region) };
    };

  return {
    "POST glass/memory": through((glass, fields) => {
      allow(fields, "Region", "HostId", "Frame", "Count");
      const host = required(fields, "HostId");
      const first = count(fields, "Frame");
      const number = count(fields, "Count", 1);
      if (number < 1 || number > FRAMES) throw invalid("Count", number);
      if (glass.frame(host, 0) === undefined) throw new ApiError("InvalidHostID.NotFound", host);
      const frames = glass.frames(host, first, number);
      if (frames === undefined) throw invalid("Frame", first);
      return { Frames: frames.map((frame) => ({ ...frame, bytes: base64(frame.bytes) })) };
    }),

    "POST glass/search": through((glass, fields, region) => {
      allow(fields, "Region", "Pattern");
      const pattern = bytes(fields, "Pattern");
      if (pattern.length > PATTERN) throw invalid("Pattern", `${pattern.length} bytes`);
      const findings = glass.searchWithKeys(pattern, hosts.atRest(region));
      return { Findings: findings, Truncated: findings.length >= FINDINGS };
    }),
  };
}
