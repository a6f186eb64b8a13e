import { GatewayLoadBalancerEndpoint } from "../../network/gatewayLoadBalancerEndpoint.ts";
import { InterfaceEndpoint } from "../../network/interfaceEndpoint.ts";
import { LoadBalancer } from "../../network/loadBalancer.ts";
import { NatGateway } from "../../network/natGateway.ts";
import { ACK, SYN, type Packet } from "../../network/packet.ts";
import type { Port } from "../../network/port.ts";
import { all, replace, type Planted } from "../planting.ts";

/** As an interface of another name, whose flows are apart from those of the real one. */
const aliased = (port: Port): Port => Object.create(port, { id: { value: `${port.id}'` } }) as Port;

/** Bugs of endpoints, load balancers and regional NAT gateways. */
export const serviceLinkBugs: readonly Planted[] = [
  {
    name: "a load balancer sends to targets of other zones, though it is not to",
    plant: () =>
      replace(
        LoadBalancer.prototype,
        "put",
        (original) =>
          function (this: LoadBalancer, settings) {
            original.call(this, { ...settings, crossZone: true });
          },
      ),
  },
  {
    name: "a load balancer goes on with targets that have stopped",
    plant: () =>
      replace(
        LoadBalancer.prototype,
        "enter",
        (original) =>
          function (this: LoadBalancer, walk, packet, front) {
            const stopped = [...walk.fabric.ports.values()].filter(
              ({ id, live }) => !live && id.startsWith("server"),
            );
            for (const port of stopped) port.live = true;
            try {
              return original.call(this, walk, packet, front);
            } finally {
              for (const port of stopped) port.live = false;
            }
          },
      ),
  },
  {
    name: "a load balancer passes on to its last client what its targets send of themselves",
    plant: () => {
      const last = new WeakMap<LoadBalancer, { readonly front: Port; readonly client: Packet }>();
      return all(
        replace(
          LoadBalancer.prototype,
          "enter",
          (original) =>
            function (this: LoadBalancer, walk, packet, front) {
              if (!this.nodes.includes(front)) last.set(this, { front, client: packet });
              return original.call(this, walk, packet, front);
            },
        ),
        replace(
          LoadBalancer.prototype,
          "take",
          (original) =>
            function (this: LoadBalancer, walk, packet, node) {
              const known = last.get(this);
              if (this.type === "gateway" || !known || (packet.flags & (SYN | ACK)) !== SYN)
                return original.call(this, walk, packet, node);
              const { front, client } = known;
              return walk.emit(front, { ...packet, source: client.destination, destination: client.source });
            },
        ),
      );
    },
  },
  {
    name: "an endpoint leads to its service before that has accepted it",
    plant: () =>
      replace(
        InterfaceEndpoint.prototype,
        "take",
        (original) =>
          function (this: InterfaceEndpoint, walk, packet, port) {
            const { service } = this;
            this.service ??= { kind: "load-balancers", ids: [...walk.fabric.endpoints.loadBalancers.keys()] };
            try {
              return original.call(this, walk, packet, port);
            } finally {
              this.service = service;
            }
          },
      ),
  },
  {
    name: "what an appliance does not send back goes on all the same",
    plant: () =>
      replace(
        LoadBalancer.prototype,
        "inspect",
        (original) =>
          function (this: LoadBalancer, walk, packet, endpoint) {
            const end = original.call(this, walk, packet, endpoint);
            return end?.outcome === "dropped" && end.reason === "APPLIANCE_SILENT" ? undefined : end;
          },
      ),
  },
  {
    name: "the two directions of a flow are shown to different appliances",
    plant: () =>
      replace(
        LoadBalancer.prototype,
        "inspect",
        (original) =>
          function (this: LoadBalancer, walk, packet, endpoint) {
            const turned = packet.source > packet.destination;
            return original.call(this, walk, packet, turned ? aliased(endpoint) : endpoint);
          },
      ),
  },
  {
    name: "a Gateway Load Balancer endpoint loses an address on the way to the appliance and back",
    plant: () =>
      replace(
        GatewayLoadBalancerEndpoint.prototype,
        "take",
        (original) =>
          function (this: GatewayLoadBalancerEndpoint, walk, packet, port) {
            const [own = packet.source] = port.addresses;
            return original.call(this, walk, { ...packet, source: own }, port);
          },
      ),
  },
  {
    name: "a regional NAT gateway takes every packet into the first of its zones",
    plant: () =>
      replace(
        NatGateway.prototype,
        "doorFor",
        () =>
          function (this: NatGateway) {
            return this.doors[0];
          },
      ),
  },
  {
    name: "a regional NAT gateway forgets its connections when it comes to another zone",
    plant: () =>
      replace(
        NatGateway.prototype,
        "put",
        (original) =>
          function (this: NatGateway, live, doors, draining) {
            if (doors.length !== this.doors.length) original.call(this, live, [], []);
            original.call(this, live, doors, draining);
          },
      ),
  },
];
