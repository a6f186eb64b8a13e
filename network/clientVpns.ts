import { ClientVpnEndpoint, type ClientVpnRoute, type ClientVpnRule } from "./clientVpnEndpoint.ts";
import type { Block, Ip } from "./ip.ts";
import type { Port } from "./port.ts";
import { PrefixTable } from "./prefixTable.ts";
import { TransitGatewayClientVpnAttachment } from "./transitGatewayClientVpnAttachment.ts";
import type { TransitGateways } from "./transitGateways.ts";
import { VpnClient } from "./vpnClient.ts";

export interface ClientVpnEndpointPlan {
  readonly id: string;
  /** Its interfaces in a VPC; none where it is at a transit gateway. */
  readonly ports: readonly string[];
  /** Each to one of the interfaces, `local` to other clients, or to the transit gateway. */
  readonly routes: readonly { readonly block: Block; readonly target: string }[];
  readonly rules: readonly ClientVpnRule[];
}

export interface VpnClientPlan {
  /** Of the connection. */
  readonly id: string;
  readonly endpoint: string;
  readonly address: Ip;
  readonly device: Ip;
  readonly groups: readonly string[];
  readonly port: string | undefined;
  /** What goes into the tunnel; undefined for everything. */
  readonly routes: readonly Block[] | undefined;
}

export interface ClientVpnAttachmentPlan {
  readonly id: string;
  readonly gateway: string;
  readonly endpoint: string;
  readonly table: string | undefined;
  readonly live: boolean;
}

/** What of the fabric endpoints are connected with. */
interface Surroundings {
  readonly ports: ReadonlyMap<string, Port>;
  readonly transitGateways: TransitGateways;
}

/**
 * The Client VPN endpoints of a fabric with their clients. `put…` makes a thing or changes it; interfaces that are named
 * but not there are left out.
 */
export class ClientVpns {
  readonly #around: Surroundings;
  readonly #endpoints = new Map<string, ClientVpnEndpoint>();
  readonly #clients = new Map<string, VpnClient>();
  readonly #attachments = new Map<string, TransitGatewayClientVpnAttachment>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** By the id of its connection. */
  client(id: string): VpnClient | undefined {
    return this.#clients.get(id);
  }

  putEndpoint({ id, ports, routes, rules }: ClientVpnEndpointPlan): void {
    const known = ports.flatMap((port) => this.#around.ports.get(port) ?? []);
    const targets = routes.flatMap(({ block, target }): ClientVpnRoute[] => {
      if (target === "local" || target === "transit-gateway") return [{ block, target }];
      const port = known.find((each) => each.id === target);
      return port ? [{ block, target: port }] : [];
    });
    this.#endpoint(id).put(known, targets, rules);
  }

  removeEndpoint(id: string): void {
    this.#endpoints.get(id)?.put([], [], []);
    this.#endpoints.delete(id);
  }

  /** A client stays what it was when it connected. */
  putClient({ id, endpoint: endpointId, address, device, groups, port, routes }: VpnClientPlan): void {
    if (this.#clients.has(id)) return;
    const endpoint = this.#endpoint(endpointId);
    const split = routes && new PrefixTable<true>();
    for (const block of routes ?? []) split?.set(block, true);
    const client = new VpnClient(id, endpoint, {
      address,
      device,
      groups: new Set(groups),
      port: port === undefined ? undefined : this.#around.ports.get(port),
      routes: split,
    });
    this.#clients.set(id, client);
    endpoint.connect(client);
  }

  removeClient(id: string): void {
    const client = this.#clients.get(id);
    client?.endpoint.disconnect(client);
    this.#clients.delete(id);
  }

  putAttachment({ id, gateway, endpoint, table, live }: ClientVpnAttachmentPlan): void {
    const { transitGateways } = this.#around;
    let attachment = this.#attachments.get(id);
    if (!attachment) {
      const made = new TransitGatewayClientVpnAttachment(
        id,
        transitGateways.gatewayOf(gateway),
        this.#endpoint(endpoint),
      );
      this.#attachments.set(id, (attachment = made));
      transitGateways.putAttachment(gateway, made);
    }
    attachment.put(table === undefined ? undefined : transitGateways.tableOf(table), live);
  }

  /** Forgets an attachment, which the gateway forgets by itself. */
  removeAttachment(id: string): void {
    const attachment = this.#attachments.get(id);
    if (attachment && attachment.endpoint.attachment === attachment)
      attachment.endpoint.attachment = undefined;
    this.#attachments.delete(id);
  }

  #endpoint(id: string): ClientVpnEndpoint {
    let endpoint = this.#endpoints.get(id);
    if (!endpoint) this.#endpoints.set(id, (endpoint = new ClientVpnEndpoint(id)));
    return endpoint;
  }
}
