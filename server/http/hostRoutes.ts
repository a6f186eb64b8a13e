import { HypervisorFault } from "../../hypervisor/fault.ts";
import { ApiError } from "../errors.ts";
import type { Hosts } from "../planes/hosts.ts";
import { invalid, text, type Fields, type Route } from "./operator.ts";

/**
 * What an operator sees of hosts and disks, and what a test does in the place of a guest: read and write its memory
 * and its volumes. Bytes are base64, addresses and lengths are in bytes.
 */
export function hostRoutes(hosts: Hosts, regions: ReadonlySet<string>): Readonly<Record<string, Route>> {
  const fleetOf = (fields: Fields) => {
    const region = text(fields, "Region");
    if (region === undefined || !regions.has(region)) throw invalid("Region", region);
    return hosts.fleet(region);
  };
  /** A fault of the hypervisor is the operator's, who asked for something that is not there. */
  const guarded =
    (route: Route): Route =>
    (fields) => {
      try {
        return route(fields);
      } catch (error) {
        if (error instanceof HypervisorFault) throw new ApiError("InvalidRequest", error.message);
        throw error;
      }
    };
  return {
    "GET hosts": (fields) => ({ Hosts: fleetOf(fields).hosts() }),
    "GET hosts/owners": (fields) => {
      const host = required(fields, "HostId");
      const owners = fleetOf(fields).owners(host);
      if (!owners) throw new ApiError("InvalidHostID.NotFound", host);
      return { Owners: owners };
    },
    "GET audit": (fields) => ({ Records: fleetOf(fields).audit.records(Number(text(fields, "From") ?? 0)) }),
    "GET audit/verify": (fields) => fleetOf(fields).audit.verify(),
    "POST memory/read": guarded((fields) => ({
      Bytes: base64(
        fleetOf(fields).read(
          required(fields, "InstanceId"),
          count(fields, "Address"),
          count(fields, "Length"),
        ),
      ),
    })),
    "POST memory/write": guarded((fields) =>
      fleetOf(fields).write(required(fields, "InstanceId"), count(fields, "Address"), bytes(fields)),
    ),
    "POST volumes/read": guarded((fields) => ({
      Bytes: base64(
        fleetOf(fields).disks.readVolume(
          required(fields, "VolumeId"),
          count(fields, "Offset"),
          count(fields, "Length"),
        ),
      ),
    })),
    "POST volumes/write": guarded((fields) =>
      fleetOf(fields).disks.writeVolume(required(fields, "VolumeId"), count(fields, "Offset"), bytes(fields)),
    ),
  };
}

const base64 = (content: Uint8Array): string => Buffer.from(content).toString("base64");

function required(fields: Fields, name: string): string {
  const value = text(fields, name);
  if (value === undefined) throw invalid(name, value);
  return value;
}

function count(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw invalid(name, value);
  return value;
}

function bytes(fields: Fields): Uint8Array {
  const value = required(fields, "Bytes");
  const content = Buffer.from(value, "base64");
  if (content.toString("base64") !== value) throw invalid("Bytes", value);
  return content;
}
