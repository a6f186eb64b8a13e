import fc from "fast-check";
import { expect, test } from "vitest";
import type { Fabric } from "../../../network/fabric.ts";
import { ip, type Ip } from "../../../network/ip.ts";
import type { End, Journey } from "../../../network/journey.ts";
import { reply, type Packet } from "../../../network/packet.ts";
import type { Port } from "../../../network/port.ts";
import { ended, from, tcp, udp } from "../world.ts";
import { connected, connectedArbitrary, OFFICE, S3, SERVER, type ConnectedNetwork } from "./connected.ts";
import { PORT } from "./policies.ts";
import { ask, codes, passed } from "./questions.ts";

/** Whom a packet came to: by the id of the interface, the endpoint or the gateway. */
function arrivedAt({ end, steps }: Journey): string | undefined {
  if (end.outcome === "delivered") return end.port.id;
  if (end.outcome === "dropped" || end.outcome === "multicast") return undefined;
  const kinds = {
    served: "vpc-endpoint",
    outside: "internet-gateway",
    site: "vpn-gateway",
    client: "client-vpn-endpoint",
  } as const;
  const kind = kinds[end.outcome];
  return steps.findLast(({ component }) => component.kind === kind)?.component.id;
}

/** Where the answer ends; undefined if none is sent. */
function answered({ end }: Journey, fabric: Fabric, now: number): End | undefined {
  const sent = reply(end.packet, true);
  if (!sent || end.outcome === "dropped") return undefined;
  if (end.outcome === "served") return end.door && fabric.answer(end.door, sent, now).end;
  const by = end.outcome === "delivered" ? end.port : end.outcome === "site" ? end.site : undefined;
  return fabric.trace(by, sent, now).end;
}

const OUTSIDE: ReadonlySet<Ip> = new Set([SERVER, S3, OFFICE].map(ip));

interface Walked {
  readonly at: string | undefined;
  /** Whether the answer came back, where it is looked at. */
  readonly whole: boolean;
  readonly said: string;
}

function walk({ world: { fabric } }: ConnectedNetwork, sender: Port, sent: Packet, now: number): Walked {
  const there = fabric.trace(sender, sent, now);
  const at = arrivedAt(there);
  const oneWay =
    sent.protocol !== tcp ||
    there.steps.some(({ component }) => component.kind === "transit-gateway-route-table");
  if (at === undefined || oneWay) return { at, whole: at !== undefined, said: ended(there.end) };
  const back = answered(there, fabric, now);
  // What another load balancer sends on may have the right addresses, but no connection takes it.
  const whole =
    back?.outcome === "delivered" &&
    back.port === sender &&
    back.packet.source === sent.destination &&
    back.packet.destinationPort === sent.sourcePort;
  return { at, whole, said: `${ended(there.end)}, back ${back && ended(back)}` };
}

/** Whether it would be natural to ask for this end: it has the address, or is a gateway of the VPC to the outside. */
function isFor({ ports }: Fabric, end: string, host: string, { destination }: Packet): boolean {
  const port = ports.get(end) ?? ports.get(`eni-${end}`);
  if (port) return port.owns(destination);
  return OUTSIDE.has(destination) && end.endsWith(host.split("-")[1] ?? "");
}

/** More than anything is remembered, in milliseconds. */
const AGES = 10_000_000_000;

/** Each host's packets to each address of a network, whom they came to, and all that may be asked about them. */
function* casesOf(network: ConnectedNetwork, protocol: number) {
  const { fabric } = network.world;
  let now = 0;
  for (const host of network.hosts) {
    const sender = fabric.ports.get(host);
    const [source] = sender?.addresses ?? [];
    if (!sender || source === undefined) continue;
    for (const to of network.addresses) {
      const sent: Packet = { ...from("0.0.0.0", to, { protocol, destinationPort: PORT }), source };
      if (sent.destination === source) continue;
      const walked = walk(network, sender, sent, (now += AGES));
      for (const end of network.ends) {
        if (end === host || (end !== walked.at && !isFor(fabric, end, host, sent))) continue;
        const asked = { protocol, port: PORT, sourcePort: 40_000, destinationAddress: to };
        const answer = ask(fabric, host, end, asked);
        yield {
          what: `${host} to ${end} (${to})`,
          answer,
          arrives: walked.at === end && walked.whole,
          walked,
        };
      }
    }
  }
}

test("with gateways, endpoints and connections, a path is found exactly when the packet and its answer arrive", () => {
  /** How many paths led through something of a kind: `nat` of `nat-one`. */
  const ways = new Map<string, number>();
  fc.assert(
    fc.property(connectedArbitrary, fc.constantFrom(tcp, tcp, udp), (plan, protocol) => {
      for (const { what, answer, arrives, walked } of casesOf(connected(plan), protocol)) {
        expect(`${what}: ${answer.found}`, walked.said).toBe(`${what}: ${arrives}`);
        expect(codes(answer).length === 0).toBe(answer.found);
        if (!answer.found) continue;
        const kinds = new Set(passed(answer.forward).map((id) => id.split("-")[0] ?? ""));
        for (const kind of kinds) ways.set(kind, (ways.get(kind) ?? 0) + 1);
      }
    }),
    { seed: Number(process.env["ISLET_SEED"] ?? 4), numRuns: Number(process.env["ISLET_RUNS"] ?? 50) },
  );
  for (const kind of [
    "igw",
    "nat",
    "pcx",
    "tgw",
    "peer",
    "ptb",
    "s3",
    "sqs",
    "own",
    "nlb",
    "inspect",
    "vgw",
  ]) {
    expect(ways.get(kind) ?? 0, kind).toBeGreaterThan(0);
  }
});
