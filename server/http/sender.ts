import type { CustomerSite } from "../../network/customerSite.ts";
import type { Fabric } from "../../network/fabric.ts";
import { parseIp, type Ip } from "../../network/ip.ts";
import type { Port } from "../../network/port.ts";
import type { VpnClient } from "../../network/vpnClient.ts";
import { siteId } from "../ec2/customerSite.ts";
import { ApiError } from "../errors.ts";
import type { Network } from "../planes/network.ts";
import type { Unit } from "../state/unit.ts";
import { invalid } from "./operator.ts";

/** Who sends: an interface, a customer's site, a client of a Client VPN endpoint, or a host on the internet. */
export type Sender =
  | { readonly port: Port; readonly site?: undefined; readonly client?: undefined }
  | { readonly port?: undefined; readonly site: CustomerSite; readonly client?: undefined }
  | { readonly port?: undefined; readonly site?: undefined; readonly client: VpnClient }
  | {
      readonly port?: undefined;
      readonly site?: undefined;
      readonly client?: undefined;
      readonly address: Ip;
    };

/** Its addresses; those of a site that are known are its hosts'. */
export function addressesOf(sender: Sender): readonly Ip[] {
  if (sender.port) return sender.port.addresses;
  if (sender.client) return [sender.client.settings.address];
  return sender.site ? sender.site.hosts : [sender.address];
}

/** The interface that a name means: its own id, or its instance's; names with dots are the DNS's. */
export function portNamed(network: Network, unit: Unit, name: string): Port | undefined {
  const fabric = network.fabric;
  if (name.startsWith("eni-")) {
    const port = fabric.ports.get(name);
    if (!port) throw new ApiError("InvalidNetworkInterfaceID.NotFound", name);
    return port;
  }
  if (!name.startsWith("i-") || name.includes(".")) return undefined;
  const port = fabric.ports.get(network.primaryInterface(unit, name)?.id ?? "");
  if (!port) throw new ApiError("InvalidInstanceID.NotFound", name);
  return port;
}

export const siteNamed = (network: Network, unit: Unit, name: string): CustomerSite | undefined =>
  network.fabric.vpns.site(siteId(unit.name, name));

/** The client that a name means: the id of its connection. */
export function clientNamed({ fabric }: Network, name: string): VpnClient | undefined {
  if (!name.startsWith("cvpn-connection-")) return undefined;
  const client = fabric.clientVpns.client(name);
  if (!client) throw new ApiError("InvalidClientVpnConnection.IdNotFound", name);
  return client;
}

/** The address that a name means on the internet. */
export const addressNamed = (fabric: Fabric, name: string): Ip | undefined =>
  parseIp(name) ?? [...fabric.internet.hosts.values()].find((host) => host.name === name)?.address;

/**
 * @throws {ApiError} InvalidParameterValue, InvalidInstanceID.NotFound, InvalidNetworkInterfaceID.NotFound,
 *   InvalidClientVpnConnection.IdNotFound
 */
export function readSender(network: Network, unit: Unit, name: string): Sender {
  const port = portNamed(network, unit, name);
  if (port) return { port };
  const site = siteNamed(network, unit, name);
  if (site) return { site };
  const client = clientNamed(network, name);
  if (client) return { client };
  const address = addressNamed(network.fabric, name);
  if (address === undefined) throw invalid("From", name);
  return { address };
}
