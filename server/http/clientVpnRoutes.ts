import type { Cloud } from "../cloud.ts";
import type { CedarRecord, CedarValue } from "../ec2/cedar.ts";
import { connectVpnClient, disconnectVpnClient, type ConnectRequest } from "../ec2/connectVpnClient.ts";
import type { Unit } from "../state/unit.ts";
import { regionOf, required, texts } from "./fields.ts";
import { allow, invalid, text, type Fields, type Route } from "./operator.ts";

/** Where a device is that nobody says more of: RFC 5737. */
const DEVICE_ADDRESS = "198.51.100.1";
const DEVICE_PORT = 50_000;

function port({ DevicePort: value = DEVICE_PORT }: Fields): number {
  const isPort = typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65_536;
  if (!isPort) throw invalid("DevicePort", value);
  return value;
}

/** Of JSON that may be nested as deeply as a request is long. */
const DEEPEST = 100;

/** What Cedar has a word for: no fractions, and nothing that is null. */
function isCedar(value: unknown, depth = 0): value is CedarValue {
  if (depth > DEEPEST) return false;
  if (typeof value === "object" && value !== null) {
    return Object.values(value).every((each) => isCedar(each, depth + 1));
  }
  return typeof value === "string" || typeof value === "boolean" || Number.isSafeInteger(value);
}

const isRecord = (value: unknown): value is CedarRecord =>
  typeof value === "object" && !Array.isArray(value) && isCedar(value);

function context({ Context: value = {} }: Fields): CedarRecord {
  if (!isRecord(value)) throw invalid("Context", typeof value);
  return value;
}

const requestOf = (fields: Fields): ConnectRequest => ({
  endpointId: required(fields, "ClientVpnEndpointId"),
  username: text(fields, "Username"),
  commonName: text(fields, "CommonName"),
  serialNumber: text(fields, "SerialNumber"),
  groups: texts(fields, "Groups") ?? [],
  device: {
    address: text(fields, "DeviceAddress") ?? DEVICE_ADDRESS,
    port: port(fields),
    platform: text(fields, "Platform") ?? "linux",
  },
  context: context(fields),
});

/** What users' devices do, in whose place the operator acts: they connect to Client VPN endpoints, and leave. */
export function clientVpnRoutes(
  cloud: () => Cloud,
  regions: ReadonlySet<string>,
): Readonly<Record<string, Route>> {
  const unitOf = (fields: Fields): Unit => cloud().unit(regionOf(fields, regions));
  return {
    "POST client-vpn-connections": (fields) => {
      allow(
        fields,
        "Region",
        "ClientVpnEndpointId",
        "Username",
        "CommonName",
        "SerialNumber",
        "Groups",
        "DeviceAddress",
        "DevicePort",
        "Platform",
        "Context",
      );
      const unit = unitOf(fields);
      const request = requestOf(fields);
      const done = cloud().pipeline.act(unit, "connect-vpn-client", (contextOf) =>
        connectVpnClient(contextOf(""), request),
      );
      if ("failure" in done) return { Status: "failed", Reason: done.failure };
      const { id, address, routes } = done.connection;
      return { Status: "active", ConnectionId: id, ClientIp: address, Routes: routes ?? ["0.0.0.0/0"] };
    },

    "POST client-vpn-connections/end": (fields) => {
      allow(fields, "Region", "ConnectionId");
      const unit = unitOf(fields);
      const id = required(fields, "ConnectionId");
      cloud().pipeline.act(unit, "disconnect-vpn-client", (contextOf) =>
        disconnectVpnClient(contextOf(""), id),
      );
    },
  };
}
