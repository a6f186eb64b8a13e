import type { ClientVpnEndpoint } from "./clientVpnEndpoint.ts";
import type { Ip } from "./ip.ts";
import type { Component, End } from "./journey.ts";
import { readdressed, type Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { PrefixTable } from "./prefixTable.ts";
import type { Walk } from "./walk.ts";

/** What can change about a client, or is said of it when it connects. */
export interface VpnClientSettings {
  /** As the endpoint gave it. */
  readonly address: Ip;
  /** Of the device that it runs on, on the internet. */
  readonly device: Ip;
  /** The groups that its user belongs to. */
  readonly groups: ReadonlySet<string>;
  /** The endpoint's interface that it has connected to; none where the endpoint is at a transit gateway. */
  readonly port: Port | undefined;
  /** What of its packets goes into the tunnel; undefined for all. */
  readonly routes: PrefixTable<true> | undefined;
}

/** What has passed between a client and its endpoint. */
export interface ClientTraffic {
  /** Sent by the client. */
  readonly ingressBytes: number;
  readonly ingressPackets: number;
  /** Received by it. */
  readonly egressBytes: number;
  readonly egressPackets: number;
}

/** A user's device that has connected to a Client VPN endpoint. It answers whatever it is asked. */
export class VpnClient implements Component {
  readonly kind = "vpn-client";
  /** Of the connection. */
  readonly id: string;
  readonly endpoint: ClientVpnEndpoint;
  readonly settings: VpnClientSettings;
  #ingressBytes = 0;
  #ingressPackets = 0;
  #egressBytes = 0;
  #egressPackets = 0;

  constructor(id: string, endpoint: ClientVpnEndpoint, settings: VpnClientSettings) {
    this.id = id;
    this.endpoint = endpoint;
    this.settings = settings;
  }

  get traffic(): ClientTraffic {
    return {
      ingressBytes: this.#ingressBytes,
      ingressPackets: this.#ingressPackets,
      egressBytes: this.#egressBytes,
      egressPackets: this.#egressPackets,
    };
  }

  /** Into the tunnel, or, where that is split, by the device's own way to the internet. */
  send(walk: Walk, packet: Packet): End {
    const { address, device, routes } = this.settings;
    if (packet.source !== address) {
      return walk.drop("CLIENT_VPN_SPOOFED_SOURCE", this, packet, undefined, "egress");
    }
    if (routes && !routes.find(packet.destination)) {
      const outside = readdressed(packet, device, packet.destination);
      walk.pass(this, outside, undefined, "egress", { kind: "translated", before: packet });
      return walk.fabric.internet.carry(walk, outside);
    }
    this.#ingressBytes += packet.length;
    this.#ingressPackets++;
    walk.pass(this, packet, undefined, "egress");
    return this.endpoint.enter(walk, packet, this);
  }

  /** Out of the tunnel. */
  receive(walk: Walk, packet: Packet): End {
    this.#egressBytes += packet.length;
    this.#egressPackets++;
    walk.pass(this, packet, undefined, "ingress");
    return { outcome: "client", client: this, packet };
  }
}
