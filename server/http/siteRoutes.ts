import type { Cloud } from "../cloud.ts";
import type { Advertisement } from "../ec2/customerSite.ts";
import { putCustomerSite } from "../ec2/putCustomerSite.ts";
import { regionOf, required } from "./fields.ts";
import { allow, invalid, type Fields, type Route } from "./operator.ts";

function texts(fields: Fields, name: string): string[] | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.every((each) => typeof each === "string");
  if (!isList) throw invalid(name, value);
  return value;
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32;

/** What BGP tells of a block: `{ Prefix, PathLength, Med }`, or the block alone. */
function advertisement(value: unknown): Advertisement {
  const name = "Advertises";
  if (typeof value === "string") return { prefix: value, pathLength: 1, discriminator: 0 };
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(name, value);
  const fields = value as Fields;
  allow(fields, "Prefix", "PathLength", "Med");
  const { PathLength: pathLength = 1, Med: discriminator = 0 } = fields;
  if (!isCount(pathLength)) throw invalid("PathLength", pathLength);
  if (!isCount(discriminator)) throw invalid("Med", discriminator);
  return { prefix: required(fields, "Prefix"), pathLength, discriminator };
}

function advertisements({ Advertises: list = [] }: Fields): Advertisement[] {
  if (!Array.isArray(list)) throw invalid("Advertises", list);
  return list.map(advertisement);
}

/**
 * What is at the customers' ends of VPN tunnels and dedicated lines: without a site, no device negotiates with AWS, and
 * tunnels are down.
 */
export function siteRoutes(
  cloud: () => Cloud,
  regions: ReadonlySet<string>,
): Readonly<Record<string, Route>> {
  return {
    "POST sites": (fields) => {
      allow(
        fields,
        "Region",
        "Name",
        "Addresses",
        "Blocks",
        "Hosts",
        "Advertises",
        "Tunnels",
        "VirtualInterfaces",
        "ConnectPeers",
      );
      const region = regionOf(fields, regions);
      const name = required(fields, "Name");
      if (!/^[A-Za-z][A-Za-z0-9-]{0,62}$/.test(name) || /^(?:eni|i)-/.test(name)) throw invalid("Name", name);
      const request = {
        name,
        addresses: texts(fields, "Addresses") ?? [],
        blocks: texts(fields, "Blocks") ?? [],
        hosts: texts(fields, "Hosts"),
        advertised: advertisements(fields),
        tunnels: texts(fields, "Tunnels") ?? [],
        virtualInterfaces: texts(fields, "VirtualInterfaces") ?? [],
        connectPeers: texts(fields, "ConnectPeers") ?? [],
      };
      const unit = cloud().unit(region);
      cloud().pipeline.wake(unit, region);
      cloud().pipeline.act(unit, "put-customer-site", (contextOf) => putCustomerSite(contextOf(""), request));
    },
  };
}
