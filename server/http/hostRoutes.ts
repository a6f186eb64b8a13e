import { ApiError } from "../errors.ts";
import type { Hosts } from "../planes/hosts.ts";
import { base64, bytes, count, guarded, regionOf, required } from "./fields.ts";
import { allow, text, type Fields, type Route } from "./operator.ts";

/** The most bytes that one call scrubs. */
const SCRUB_LIMIT = 1024 ** 3;

/**
 * What an operator sees of hosts and disks, and what a test does in the place of a guest: read and write its memory
 * and its volumes. Bytes are base64, addresses and lengths are in bytes.
 */
export function hostRoutes(hosts: Hosts, regions: ReadonlySet<string>): Readonly<Record<string, Route>> {
  const fleetOf = (fields: Fields) => hosts.fleet(regionOf(fields, regions));
  return {
    "GET hosts": (fields) => ({ Hosts: fleetOf(fields).hosts() }),
    "GET hosts/owners": (fields) => {
      const host = required(fields, "HostId");
      const owners = fleetOf(fields).owners(host);
      if (!owners) throw new ApiError("InvalidHostID.NotFound", host);
      return { Owners: owners };
    },
    "POST hosts/scrub": (fields) => {
      allow(fields, "Region", "Bytes");
      const budget = Math.min(SCRUB_LIMIT, count(fields, "Bytes", SCRUB_LIMIT));
      return { Certificates: fleetOf(fields).scrub(budget) };
    },
    "POST memory/read": guarded((fields) => ({
      Bytes: base64(
        fleetOf(fields).guests.read(
          required(fields, "InstanceId"),
          count(fields, "Address"),
          count(fields, "Length"),
        ),
      ),
    })),
    "POST memory/write": guarded((fields) =>
      fleetOf(fields).guests.write(required(fields, "InstanceId"), count(fields, "Address"), bytes(fields)),
    ),
    // As the instance that is named; without one as whoever has the volume.
    "POST volumes/read": guarded((fields) => {
      const fleet = fleetOf(fields);
      const instance = text(fields, "InstanceId");
      const volume = required(fields, "VolumeId");
      const place = [count(fields, "Offset"), count(fields, "Length")] as const;
      const content =
        instance === undefined
          ? fleet.disks.readVolume(volume, ...place)
          : fleet.guests.readVolume(instance, volume, ...place);
      return { Bytes: base64(content) };
    }),
    "POST volumes/write": guarded((fields) => {
      const fleet = fleetOf(fields);
      const instance = text(fields, "InstanceId");
      const volume = required(fields, "VolumeId");
      const content = [count(fields, "Offset"), bytes(fields)] as const;
      hosts.together(() => {
        if (instance === undefined) fleet.disks.writeVolume(volume, ...content);
        else fleet.guests.writeVolume(instance, volume, ...content);
      });
    }),
  };
}
