import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exchange } from "../../network/exchange.ts";
import { block, ip } from "../../network/ip.ts";
import { ACK, ICMPV6, RST, SYN, packet, type Packet } from "../../network/packet.ts";
import type { Port } from "../../network/port.ts";
import {
  all,
  back,
  ended,
  entering,
  from,
  inbound,
  leaving,
  openAcl,
  outbound,
  passed,
  route,
  tcp,
  udp,
  World,
} from "./world.ts";

const INSIDE = "2600:1f00::10";
const OTHER = "2600:1f00::11";
const OUTSIDE = "2001:db8::9";

/** A VPC with IPv6, whose subnet `a` leads to an egress-only gateway, and `b` to an internet gateway. */
class SixWorld extends World {
  readonly client: Port;

  constructor() {
    super();
    const { fabric } = this;
    fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "2600:1f00::/56"].map(block) });
    fabric.putNetworkAcl("acl", [
      ...openAcl,
      entering(101, true, all, -1, -1, "::/0"),
      leaving(101, true, all, -1, -1, "::/0"),
    ]);
    fabric.putSecurityGroup("sg-six", [inbound(all, -1, -1, "::/0"), outbound(all, -1, -1, "::/0")]);
    fabric.putEgressOnlyInternetGateway("eigw", "vpc");
    this.table("rtb", [route("::/0", "eigw")]);
    this.table("rtb-public", [route("::/0", "igw")]);
    this.subnet("a", "10.0.1.0/24 2600:1f00::/64");
    this.subnet("b", "10.0.2.0/24 2600:1f00:0:1::/64", { table: "rtb-public" });
    this.client = this.port("client", { addresses: [INSIDE], groups: ["sg-six"] });
  }

  in(sent: Packet): string {
    return ended(this.trace(undefined, sent).end);
  }
}

describe("an egress-only internet gateway", () => {
  test("lets connections out and their answers in, with the addresses as they are", () => {
    const world = new SixWorld();
    const there = world.trace(world.client, from(INSIDE, OUTSIDE));
    expect(passed(there).slice(-2)).toEqual(["egress-only-internet-gateway", "internet"]);
    expect(there.end.packet.source).toBe(ip(INSIDE));
    const answer = world.trace(undefined, back(there.end.packet));
    expect(passed(answer)[0]).toBe("egress-only-internet-gateway");
    expect(ended(answer.end)).toBe("client");
    expect(exchange(world.fabric, world.client, from(INSIDE, OUTSIDE), world.now).learned).toBe("answer");
  });

  test("lets nothing new in, though the group would, and an internet gateway is there too", () => {
    const world = new SixWorld();
    expect(world.in(from(OUTSIDE, INSIDE))).toBe("UNSOLICITED");
    const ping = packet({ source: ip(OUTSIDE), destination: ip(INSIDE), protocol: ICMPV6, type: 128, id: 1 });
    expect(world.in(ping)).toBe("UNSOLICITED");
    const open = world.port("open", { addresses: ["2600:1f00:0:1::10"], subnet: "b", groups: ["sg-six"] });
    expect(world.in(from(OUTSIDE, "2600:1f00:0:1::10"))).toBe("open");
    expect(open.live).toBe(true);
    world.fabric.removeInternetGateway("igw");
    expect(world.in(from(OUTSIDE, INSIDE))).toBe("UNSOLICITED");
    expect(world.in(from(OUTSIDE, "2600:1f00:0:1::10"))).toBe("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS");
  });

  test("an answer to what did not come in by it does not go out", () => {
    const world = new SixWorld();
    for (const flags of [SYN | ACK, ACK, RST]) {
      expect(ended(world.send(world.client, from(INSIDE, OUTSIDE, { flags })))).toBe("UNSOLICITED");
    }
    const pong = packet({ source: ip(INSIDE), destination: ip(OUTSIDE), protocol: ICMPV6, type: 129, id: 1 });
    expect(ended(world.send(world.client, pong))).toBe("UNSOLICITED");
  });

  test("takes IPv6 of its own VPC's interfaces only", () => {
    const world = new SixWorld();
    world.table("rtb", [route("::/0", "eigw"), route("0.0.0.0/0", "eigw")]);
    const four = world.port("four", { addresses: ["10.0.1.20"] });
    expect(ended(world.send(four, from("10.0.1.20", "203.0.113.9")))).toBe("PROTOCOL_RESTRICTION");
    const liar = world.port("liar", { addresses: ["2600:1f00::66"], groups: ["sg-six"], check: false });
    expect(ended(world.send(liar, from("2001:db8::66", OUTSIDE)))).toBe("GATEWAY_REJECTS_SPOOFED_TRAFFIC");
    world.fabric.removeEgressOnlyInternetGateway("eigw");
    expect(ended(world.send(world.client, from(INSIDE, OUTSIDE)))).toBe("BAD_STATE_ROUTE");
  });

  test("1,500 bytes, and the sender is told", () => {
    const world = new SixWorld();
    const long = exchange(world.fabric, world.client, from(INSIDE, OUTSIDE, { length: 1501 }), world.now);
    expect([ended(long.forward.end), long.learned]).toEqual(["FRAGMENTATION_NEEDED", "refusal"]);
  });

  test("only who asked, whom they asked, is answered", () => {
    const flow = fc.record({
      mine: fc.nat(1),
      theirs: fc.integer({ min: 1, max: 2 }),
      sourcePort: fc.integer({ min: 1, max: 3 }),
      protocol: fc.constantFrom(tcp, udp),
    });
    fc.assert(
      fc.property(fc.array(flow, { maxLength: 12 }), flow, (sent, asked) => {
        const world = new SixWorld();
        const ports = [world.client, world.port("other", { addresses: [OTHER], groups: ["sg-six"] })];
        const packetOf = ({ mine, theirs, sourcePort, protocol }: typeof asked): Packet =>
          from([INSIDE, OTHER][mine] ?? INSIDE, `2001:db8::${theirs}`, {
            protocol,
            sourcePort,
            flags: protocol === tcp ? SYN : 0,
          });
        for (const each of sent) world.send(ports[each.mine] ?? world.client, packetOf(each));
        const known = sent.some((each) => JSON.stringify(each) === JSON.stringify(asked));
        const answer = back(packetOf(asked), asked.protocol === tcp ? {} : { flags: 0 });
        expect(world.in(answer)).toBe(known ? ports[asked.mine]?.id : "UNSOLICITED");
      }),
      { seed: 4, numRuns: 100 },
    );
  });
});
