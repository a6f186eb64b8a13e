import type { Cloud } from "../cloud.ts";
import type { Advertisement } from "../ec2/customerSite.ts";
import { putCustomerSite, type LineRequest } from "../ec2/putCustomerSite.ts";
import { regionOf, required, texts } from "./fields.ts";
import { allow, invalid, type Fields, type Route } from "./operator.ts";

const isCount = (value: unknown, most = 2 ** 32 - 1): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;

/** As many autonomous systems as a segment of BGP's path has room for. @see https://www.rfc-editor.org/rfc/rfc4271 */
const LONGEST_PATH = 255;

/** What BGP tells of a block: `{ Prefix, PathLength, Med, Community }`, or the block alone. */
function advertisement(value: unknown): Advertisement {
  const name = "Advertises";
  if (typeof value === "string") return { prefix: value, pathLength: 1, discriminator: undefined };
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(name, value);
  const fields = value as Fields;
  allow(fields, "Prefix", "PathLength", "Med", "Community");
  const { PathLength: pathLength = 1, Med: discriminator } = fields;
  if (!isCount(pathLength, LONGEST_PATH)) throw invalid("PathLength", pathLength);
  if (discriminator !== undefined && !isCount(discriminator)) throw invalid("Med", discriminator);
  const community = fields["Community"] === undefined ? undefined : required(fields, "Community");
  return { prefix: required(fields, "Prefix"), pathLength, discriminator, community };
}

/** A dedicated line: `{ Gateway, Mtu, AllowedPrefixes }`, or the id of the gateway alone. */
function line(value: unknown): LineRequest {
  const name = "VirtualInterfaces";
  if (typeof value === "string") return { gatewayId: value };
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(name, value);
  const fields = value as Fields;
  allow(fields, "Gateway", "Mtu", "AllowedPrefixes");
  const { Mtu: mtu } = fields;
  if (mtu !== undefined && !isCount(mtu)) throw invalid("Mtu", mtu);
  return { gatewayId: required(fields, "Gateway"), mtu, allowedPrefixes: texts(fields, "AllowedPrefixes") };
}

function listOf<T>(fields: Fields, name: string, read: (value: unknown) => T): T[] {
  const list = fields[name] ?? [];
  if (!Array.isArray(list)) throw invalid(name, list);
  return list.map(read);
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
        advertised: listOf(fields, "Advertises", advertisement),
        tunnels: texts(fields, "Tunnels") ?? [],
        virtualInterfaces: listOf(fields, "VirtualInterfaces", line),
        connectPeers: texts(fields, "ConnectPeers") ?? [],
      };
      cloud().pipeline.act(cloud().unit(region), "put-customer-site", (contextOf) =>
        putCustomerSite(contextOf(""), request),
      );
    },
  };
}
