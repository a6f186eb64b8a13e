/** What must be true of doors that open from inside only: whatever comes in was asked for, by whom it comes to. */
/* oxlint-disable vitest/no-standalone-expect -- a test runs each of these properties */
import fc from "fast-check";
import { expect } from "vitest";
import { block, ip } from "../../network/ip.ts";
import type { Journey, ServiceDoor } from "../../network/journey.ts";
import { ACK, SYN, type Packet } from "../../network/packet.ts";
import type { Properties } from "./sendings.ts";
import { anyIn, anyOut, ended, from, inbound, outbound, route, tcp, udp, World } from "./world.ts";

/** A door, and servers behind it. */
interface Door {
  readonly ipv6: boolean;
  readonly servers: readonly string[];
  readonly protocols: readonly number[];
  readonly open: (world: World) => void;
}

const HOSTS = [0, 1, 2];
const addressOf = (host: number, ipv6: boolean): string =>
  ipv6 ? `2001:db8::${host + 10}` : `10.0.1.${host + 10}`;

/** An interface that no instance has. */
function managed(world: World, id: string, address: string): void {
  world.fabric.putPort({
    id,
    mac: `0a:00:00:00:ff:${address.slice(-2)}`,
    subnet: "b",
    addresses: [ip(address)],
    groups: [],
    sourceDestCheck: false,
    owner: undefined,
    live: true,
    filtered: false,
  });
}

const doors: Readonly<Record<string, Door>> = {
  "NAT gateway": {
    ipv6: false,
    servers: ["203.0.113.1", "203.0.113.2"],
    protocols: [tcp, udp],
    open: (world) => {
      world.table("rtb-public", [route("0.0.0.0/0", "igw")]);
      world.subnet("b", "10.0.2.0/24", { table: "rtb-public" });
      managed(world, "eni-nat", "10.0.2.50");
      world.fabric.putNatGateway({ id: "nat", port: "eni-nat", live: true, draining: [] });
      const port = world.fabric.ports.get("eni-nat");
      if (port) world.publish("52.0.0.1", port);
      world.table("rtb", [route("0.0.0.0/0", "nat")]);
    },
  },
  "regional NAT gateway": {
    ipv6: false,
    servers: ["203.0.113.1", "203.0.113.2"],
    protocols: [tcp, udp],
    open: (world) => {
      world.table("rtb-nat", [route("0.0.0.0/0", "igw")]);
      world.fabric.putRegionalNatGateway({
        id: "nat",
        vpc: "vpc",
        table: "rtb-nat",
        live: true,
        blockMode: "off",
        doors: [{ zone: "z", addresses: [ip("52.0.0.1")] }],
        draining: [],
      });
      world.fabric.putPublicAddress({ address: ip("52.0.0.1"), to: { natGateway: "nat" } });
      world.table("rtb", [route("0.0.0.0/0", "nat")]);
    },
  },
  "egress-only internet gateway": {
    ipv6: true,
    servers: ["2600::1", "2600::2"],
    protocols: [tcp, udp],
    open: (world) => {
      world.fabric.putEgressOnlyInternetGateway("eigw", "vpc");
      world.table("rtb", [route("::/0", "eigw")]);
    },
  },
  "gateway endpoint": {
    ipv6: false,
    servers: ["52.216.0.1", "52.216.0.2"],
    protocols: [tcp],
    open: (world) => {
      const { fabric } = world;
      fabric.putPrefixList("pl-s3", [block("52.216.0.0/22")]);
      const endpoint = { id: "vpce", vpc: "vpc", service: "s3", prefixList: "pl-s3", open: true } as const;
      fabric.endpoints.put({ type: "gateway", ...endpoint });
      world.table("rtb", [route("pl-s3", "vpce")]);
    },
  },
  "interface endpoint": {
    ipv6: false,
    servers: ["10.0.2.60"],
    protocols: [tcp],
    open: (world) => {
      managed(world, "eni-vpce", "10.0.2.60");
      const service = { kind: "region", name: "sqs" } as const;
      world.fabric.endpoints.put({ type: "interface", id: "vpce", ports: ["eni-vpce"], service });
    },
  },
};

function worldOf(door: Door): World {
  const world = new World();
  const { fabric } = world;
  fabric.putVpc({ id: "vpc", blocks: [block("10.0.0.0/16"), block("2001:db8::/56")] });
  fabric.putNetworkAcl("acl-all", [
    ...["0.0.0.0/0", "::/0"].flatMap((cidr, i) =>
      [true, false].map((egress) => ({
        egress,
        number: i + 1,
        allow: true,
        protocol: -1,
        from: -1,
        to: -1,
        block: block(cidr),
      })),
    ),
  ]);
  world.subnet("a", "10.0.1.0/24 2001:db8::/64", { acl: "acl-all" });
  fabric.putSecurityGroup("sg-open", [
    anyIn,
    anyOut,
    inbound(-1, -1, -1, "::/0"),
    outbound(-1, -1, -1, "::/0"),
  ]);
  for (const host of HOSTS) {
    world.port(`host-${host}`, { addresses: [addressOf(host, false), addressOf(host, true)] });
  }
  door.open(world);
  return world;
}

const event = fc.record({
  ask: fc.boolean(),
  host: fc.constantFrom(...HOSTS),
  server: fc.nat(1),
  protocol: fc.nat(1),
  port: fc.constantFrom(53, 443),
  own: fc.constantFrom(1024, 2000, 2001),
  /** Of one that was not asked: which earlier question it is like, and in what it differs. */
  like: fc.nat(20),
  twist: fc.constantFrom("none", "none", "server", "port", "own"),
  /** Seconds; the longer one is more than anything is remembered. */
  later: fc.constantFrom(0, 1, 1, 1, 10_000_000),
});

const FACE = ["source", "destination", "protocol", "sourcePort", "destinationPort"] as const;
const faceOf = (packet: Packet): string => FACE.map((each) => packet[each]).join();

/** What was asked, and how it looks from outside. */
interface Question {
  readonly host: string;
  readonly sent: Packet;
  readonly seen: Packet;
  readonly by: ServiceDoor | undefined;
}

/** How many answers came in, in all runs. */
export const answered = { times: 0 };

const property = (door: Door) =>
  fc.property(fc.array(event, { maxLength: 14 }), (events) => {
    const world = worldOf(door);
    const { fabric } = world;
    const questions: Question[] = [];
    const alive = new Map<string, Question>();
    for (const { ask, host, server, later, like, twist, ...step } of events) {
      world.now += later * 1000;
      if (later > 1) alive.clear();
      const protocol = door.protocols[step.protocol % door.protocols.length] ?? tcp;
      const serverAt = door.servers[server % door.servers.length] ?? "";
      if (ask) {
        const port = fabric.ports.get(`host-${host}`);
        if (!port) throw new Error("no host");
        const sent = from(addressOf(host, door.ipv6), serverAt, {
          protocol,
          sourcePort: step.own,
          destinationPort: step.port,
          flags: protocol === tcp ? SYN : 0,
        });
        const end = world.send(port, sent);
        expect(["outside", "served"]).toContain(end.outcome);
        const by = end.outcome === "served" ? end.door : undefined;
        const question = { host: port.id, sent, seen: end.packet, by };
        // Nobody else looks the same from outside.
        const same = alive.get(faceOf(end.packet)) ?? question;
        expect([same.host, faceOf(same.sent)]).toEqual([port.id, faceOf(sent)]);
        alive.set(faceOf(end.packet), question);
        questions.push(question);
        continue;
      }
      const question = questions[like % Math.max(1, questions.length)];
      if (!question) continue;
      const { seen } = question;
      const asIf: Packet = {
        ...seen,
        ...(twist === "server" && { destination: ip(serverAt) }),
        ...(twist === "port" && { destinationPort: step.port }),
        ...(twist === "own" && { sourcePort: step.own }),
      };
      const back: Packet = {
        ...asIf,
        source: asIf.destination,
        destination: asIf.source,
        sourcePort: asIf.destinationPort,
        destinationPort: asIf.sourcePort,
        flags: protocol === tcp ? SYN | ACK : 0,
      };
      const { end }: Journey = question.by
        ? fabric.answer(question.by, back, world.now)
        : fabric.trace(undefined, back, world.now);
      const expected = alive.get(faceOf(asIf));
      if (!expected) {
        expect(end.outcome).toBe("dropped");
        continue;
      }
      answered.times++;
      expect(ended(end)).toBe(expected.host);
      expect(end.packet.destination).toBe(expected.sent.source);
      expect(end.packet.destinationPort).toBe(expected.sent.sourcePort);
      expect(end.packet.source).toBe(expected.sent.destination);
    }
  });

export const doorProperties: Properties = Object.fromEntries(
  Object.entries(doors).map(([name, door]) => [
    `${name}: nothing comes in but answers, each to who asked`,
    property(door),
  ]),
);
