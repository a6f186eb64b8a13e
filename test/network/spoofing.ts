/** P1 to P7: what an interface can neither send nor see, in whatever network. */
/* oxlint-disable vitest/no-standalone-expect -- a test runs each of these properties */
import fc from "fast-check";
import { expect } from "vitest";
import type { Fabric } from "../../network/fabric.ts";
import { ip } from "../../network/ip.ts";
import { discover, ROUTER_MAC } from "../../network/neighbours.ts";
import { packet } from "../../network/packet.ts";
import { build, networkArbitrary, trafficArbitrary } from "./plans.ts";
import { outcomes, sendings, sentBy, type Properties } from "./sendings.ts";
import { ended } from "./world.ts";

/** How many packets were delivered in all runs of P7. */
export const delivered = { within: 0 };

/** The interfaces that a packet comes in at, while `run` lasts. */
function taken(fabric: Fabric, run: () => void): string[] {
  const ids: string[] = [];
  const observer: Parameters<Fabric["observers"]["add"]>[0] = ({ component, direction, reason }) => {
    const isPort = component.kind === "network-interface" && direction === "ingress";
    if (isPort && reason === undefined) ids.push(component.id);
  };
  fabric.observers.add(observer);
  run();
  fabric.observers.delete(observer);
  return ids;
}

export const spoofing: Properties = {
  "P1: no frame leaves under another's MAC address, be the source/destination check on or off": fc.property(
    networkArbitrary,
    trafficArbitrary,
    (plan, traffic) => {
      const { fabric, port } = build(plan);
      const macs = [...plan.ports.map(({ id }) => port(id).mac), ROUTER_MAC, "ff:ff:ff:ff:ff:ff"];
      for (const { from, source, destination } of sendings(plan)) {
        const sender = port(from.id);
        for (const sourceMac of macs) {
          if (sourceMac === sender.mac) continue;
          const sent = sentBy(source, destination, traffic);
          expect(ended(fabric.send(sender, sent, 0, { sourceMac }))).toBe(
            from.live ? "SPOOFED_MAC" : "BAD_STATE",
          );
        }
      }
    },
  ),

  "P2: while the check is on, no packet leaves under another's address": fc.property(
    networkArbitrary,
    trafficArbitrary,
    fc.constantFrom("10.0.1.9", "10.0.1.77", "10.0.2.10", "52.0.0.1", "198.51.100.7"),
    (plan, traffic, source) => {
      const { fabric, port } = build(plan);
      for (const { from, destination } of sendings(plan)) {
        if (!from.check || from.address === source || source === destination) continue;
        const end = ended(fabric.send(port(from.id), sentBy(source, destination, traffic), 0));
        expect(end).toBe(from.live ? "ENI_SOURCE_DEST_CHECK_RESTRICTION" : "BAD_STATE");
      }
    },
  ),

  "P3: while the check is on, nobody gets a packet to another's address": fc.property(
    networkArbitrary,
    trafficArbitrary,
    (plan, traffic) => {
      const { fabric, port } = build(plan);
      const macs = [undefined, ...plan.ports.map(({ id }) => port(id).mac)];
      for (const { from, source, destination } of sendings(plan)) {
        for (const destinationMac of macs) {
          const sent = sentBy(source, destination, traffic);
          const end = fabric.send(port(from.id), sent, 0, { destinationMac });
          if (end.outcome !== "delivered" || !end.port.sourceDestCheck) continue;
          expect(end.port.addresses).toContain(end.packet.destination);
        }
      }
    },
  ),

  "P4: a frame reaches the interface of its subnet that has its MAC address, and none else": fc.property(
    networkArbitrary,
    trafficArbitrary,
    (plan, traffic) => {
      const { fabric, port } = build(plan);
      for (const { from, source, destination } of sendings(plan)) {
        const sender = port(from.id);
        for (const { id } of plan.ports) {
          const { mac, subnet } = port(id);
          const send = () =>
            fabric.send(sender, sentBy(source, destination, traffic), 0, { destinationMac: mac });
          const reached = taken(fabric, send);
          expect(reached.filter((each) => each !== id)).toEqual([]);
          if (subnet !== sender.subnet) expect(reached).toEqual([]);
        }
      }
    },
  ),

  "P5: nobody gets what is sent to all or to many": fc.property(
    networkArbitrary,
    trafficArbitrary,
    fc.constantFrom("255.255.255.255", "10.0.1.255", "10.0.2.255", "224.0.0.251", "239.1.2.3"),
    (plan, traffic, destination) => {
      const { fabric, port } = build(plan);
      for (const { id, subnet, address } of plan.ports) {
        // Another subnet's last address is routed, which may lead to a middlebox.
        if (destination === (subnet === "a" ? "10.0.2.255" : "10.0.1.255")) continue;
        const send = () => fabric.send(port(id), sentBy(address, destination, traffic), 0);
        expect(taken(fabric, send)).toEqual([]);
      }
    },
  ),

  "P6: whatever one claims or sends, an address leads where it is assigned": fc.property(
    networkArbitrary,
    trafficArbitrary,
    (plan, traffic) => {
      const built = build(plan);
      const { fabric, port } = built;
      const before = outcomes(plan, traffic, built);
      const neighbours = () =>
        plan.ports.flatMap(({ id, address }) =>
          plan.ports.map((other) =>
            discover(port(id), {
              kind: "request",
              mac: port(id).mac,
              address: ip(address),
              target: ip(other.address),
            }),
          ),
        );
      const known = neighbours();
      for (const { id } of plan.ports) {
        for (const { address } of plan.ports) {
          const thief = port(id);
          const claim = { mac: thief.mac, address: ip(address), target: ip(address) };
          expect(discover(thief, { kind: "claim", ...claim })).toBeUndefined();
          const sent = packet({ source: ip(address), destination: ip("10.0.2.99") });
          fabric.send(thief, sent, 0);
        }
      }
      expect(neighbours()).toEqual(known);
      expect(outcomes(plan, traffic, built)).toEqual(before);
    },
  ),

  "P7: two VPCs without a connection never exchange a packet, though they have the same ranges": fc.property(
    networkArbitrary,
    trafficArbitrary,
    (plan, traffic) => {
      const closed = { ...plan, ports: plan.ports.map((port) => ({ ...port, published: undefined })) };
      const { fabric, port } = build(closed);
      const macs = closed.ports.map(({ id }) => port(id).mac);
      for (const { from, source, destination } of sendings(closed)) {
        const sender = port(from.id);
        for (const destinationMac of [undefined, ...macs]) {
          const end = fabric.send(sender, sentBy(source, destination, traffic), 0, { destinationMac });
          expect(end.outcome).not.toBe("outside");
          const vpc = end.outcome === "delivered" ? end.port.subnet.vpc : sender.subnet.vpc;
          expect(vpc).toBe(sender.subnet.vpc);
          if (end.outcome === "delivered") delivered.within++;
        }
      }
    },
  ),

  "services: every running instance reaches the infrastructure's, whatever the rules": fc.property(
    networkArbitrary,
    fc.constantFrom(
      ["169.254.169.254", "instance-metadata"] as const,
      ["169.254.169.253", "dns"] as const,
      ["10.0.0.2", "dns"] as const,
      ["169.254.169.123", "time"] as const,
    ),
    (plan, [destination, service]) => {
      const { fabric, port } = build(plan);
      for (const { id, address, live } of plan.ports) {
        const sent = sentBy(address, destination, { protocol: 17, port: 53 });
        expect(ended(fabric.send(port(id), sent, 0))).toBe(live ? service : "BAD_STATE");
      }
    },
  ),
};
