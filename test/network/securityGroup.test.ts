import { describe, expect, test } from "vitest";
import { block } from "../../network/ip.ts";
import { FIN, RST } from "../../network/packet.ts";
import { all, anyIn, anyOut, back, ended, from, icmp, inbound, outbound, tcp, udp, World } from "./world.ts";

/** Two instances of one subnet: `left` may send anything, `right` has the groups. */
function pair(groups: readonly string[] = ["sg-1"]) {
  const world = new World();
  for (const group of groups) if (group !== "sg-open") world.fabric.putSecurityGroup(group, []);
  const left = world.port("left", { addresses: ["10.0.1.10"] });
  const right = world.port("right", { addresses: ["10.0.1.20"], groups });
  return { world, fabric: world.fabric, left, right };
}

const toRight = (more = {}) => from("10.0.1.10", "10.0.1.20", more);
const toLeft = (more = {}) => from("10.0.1.20", "10.0.1.10", more);

describe("rules", () => {
  test("without a rule nothing passes, in either direction", () => {
    const { world, left, right } = pair();
    expect(ended(world.send(left, toRight()))).toBe("SG_HAS_NO_RULES");
    expect(ended(world.send(right, toLeft()))).toBe("SG_HAS_NO_RULES");
  });

  test("rules that are about something else let nothing pass", () => {
    const { world, fabric, left } = pair();
    fabric.putSecurityGroup("sg-1", [inbound(tcp, 80, 80, "0.0.0.0/0")]);
    expect(ended(world.send(left, toRight()))).toBe("ENI_SG_RULES_MISMATCH");
  });

  test("all rules of all groups are one union", () => {
    const { world, fabric, left } = pair(["sg-1", "sg-2"]);
    fabric.putSecurityGroup("sg-1", [
      inbound(tcp, 80, 80, "0.0.0.0/0"),
      inbound(tcp, 443, 443, "192.0.2.0/24"),
    ]);
    fabric.putSecurityGroup("sg-2", [inbound(tcp, 400, 500, "10.0.1.0/28")]);
    expect(ended(world.send(left, toRight()))).toBe("right");
    expect(ended(world.send(left, toRight({ destinationPort: 80 })))).toBe("right");
    expect(ended(world.send(left, toRight({ destinationPort: 501 })))).toBe("ENI_SG_RULES_MISMATCH");
  });

  test("protocol -1 is about every protocol and port", () => {
    const { world, fabric, left } = pair();
    fabric.putSecurityGroup("sg-1", [inbound(all, -1, -1, "10.0.1.10/32")]);
    for (const protocol of [tcp, udp, icmp, 50, 255]) {
      expect(ended(world.send(left, toRight({ protocol })))).toBe("right");
    }
  });

  test.each([
    [-1, -1, true],
    [8, -1, true],
    [8, 0, true],
    [8, 1, false],
    [0, -1, false],
  ])("of ICMP, From is the type and To the code: %i/%i", (type, code, passes) => {
    const { world, fabric, left } = pair();
    fabric.putSecurityGroup("sg-1", [inbound(icmp, type, code, "0.0.0.0/0")]);
    expect(ended(world.send(left, toRight({ protocol: icmp, type: 8 })))).toBe(
      passes ? "right" : "ENI_SG_RULES_MISMATCH",
    );
  });

  test("another protocol's rule is about all traffic of that number, and no other", () => {
    const { world, fabric, left } = pair();
    fabric.putSecurityGroup("sg-1", [inbound(50, -1, -1, "0.0.0.0/0")]);
    expect(ended(world.send(left, toRight({ protocol: 50 })))).toBe("right");
    expect(ended(world.send(left, toRight({ protocol: 51 })))).toBe("ENI_SG_RULES_MISMATCH");
  });

  test("an IPv4 rule is not about IPv6, nor the other way round", () => {
    const { world, fabric } = pair();
    fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "2001:db8::/56"].map(block) });
    world.subnet("c", "10.0.3.0/24 2001:db8::/64");
    fabric.putSecurityGroup("sg-6", [inbound(tcp, 443, 443, "::/0"), outbound(all, -1, -1, "::/0"), anyOut]);
    const one = world.port("one", {
      addresses: ["10.0.3.10", "2001:db8::10"],
      subnet: "c",
      groups: ["sg-6"],
    });
    world.port("two", { addresses: ["10.0.3.20", "2001:db8::20"], subnet: "c", groups: ["sg-6"] });
    expect(ended(world.send(one, from("2001:db8::10", "2001:db8::20")))).toBe("two");
    expect(ended(world.send(one, from("10.0.3.10", "10.0.3.20")))).toBe("ENI_SG_RULES_MISMATCH");
  });

  test("a prefix list stands for its blocks as they are now", () => {
    const { world, fabric, left } = pair();
    fabric.putSecurityGroup("sg-1", [inbound(tcp, 443, 443, "pl-1")]);
    expect(ended(world.send(left, toRight()))).toBe("ENI_SG_RULES_MISMATCH");
    fabric.putPrefixList("pl-1", [block("10.0.1.0/24")]);
    expect(ended(world.send(left, toRight()))).toBe("right");
    fabric.removePrefixList("pl-1");
    expect(ended(world.send(left, toRight({ sourcePort: 1 })))).toBe("ENI_SG_RULES_MISMATCH");
  });
});

describe("rules that name a group", () => {
  test("are about the private addresses of the interfaces that carry it, and no rules of it", () => {
    const { world, fabric, right } = pair();
    fabric.putSecurityGroup("sg-peer", [anyOut]);
    fabric.putSecurityGroup("sg-1", [inbound(tcp, 443, 443, "sg-peer")]);
    const peer = world.port("peer", {
      addresses: ["10.0.2.30", "10.0.2.31"],
      subnet: "b",
      groups: ["sg-peer"],
    });
    const other = world.port("other", { addresses: ["10.0.1.40"] });
    expect(ended(world.send(peer, from("10.0.2.30", "10.0.1.20")))).toBe("right");
    expect(ended(world.send(peer, from("10.0.2.31", "10.0.1.20")))).toBe("right");
    expect(ended(world.send(other, from("10.0.1.40", "10.0.1.20")))).toBe("ENI_SG_RULES_MISMATCH");
    fabric.putSecurityGroup("sg-1", [outbound(tcp, 443, 443, "sg-peer")]);
    fabric.putSecurityGroup("sg-peer", [anyIn]);
    expect(ended(world.send(right, from("10.0.1.20", "10.0.2.30")))).toBe("peer");
    expect(ended(world.send(right, from("10.0.1.20", "10.0.1.40")))).toBe("ENI_SG_RULES_MISMATCH");
  });

  test("may name their own group", () => {
    const world = new World();
    world.fabric.putSecurityGroup("sg-self", [inbound(all, -1, -1, "sg-self"), anyOut]);
    const one = world.port("one", { addresses: ["10.0.1.10"], groups: ["sg-self"] });
    world.port("two", { addresses: ["10.0.1.20"], groups: ["sg-self"] });
    expect(ended(world.send(one, toRight()))).toBe("two");
  });

  test("are not about public addresses", () => {
    const { world, fabric, left, right } = pair();
    world.table("rtb", [{ destination: block("0.0.0.0/0"), target: "igw", origin: "static" }]);
    world.publish("52.0.0.1", left);
    world.publish("52.0.0.2", right);
    fabric.putSecurityGroup("sg-1", [inbound(all, -1, -1, "sg-open")]);
    expect(ended(world.send(left, from("10.0.1.10", "52.0.0.2")))).toBe("ENI_SG_RULES_MISMATCH");
    // A rule for the public address is what lets it pass.
    fabric.putSecurityGroup("sg-1", [inbound(all, -1, -1, "52.0.0.1/32")]);
    expect(ended(world.send(left, from("10.0.1.10", "52.0.0.2")))).toBe("right");
  });

  test("are not about what a middlebox forwards", () => {
    const { world, fabric, right } = pair();
    fabric.putSecurityGroup("sg-1", [inbound(all, -1, -1, "sg-open")]);
    const far = world.port("far", { addresses: ["10.0.2.10"], subnet: "b" });
    const middlebox = world.port("middlebox", { addresses: ["10.0.2.20"], subnet: "b", check: false });
    const sent = from("10.0.2.10", "10.0.1.20");
    expect(ended(world.send(middlebox, sent))).toBe("ENI_SG_RULES_MISMATCH");
    expect(ended(world.send(far, sent))).toBe("right");
    expect(right.groups).toHaveLength(1);
  });

  test("are not about whom a route leads to through a middlebox", () => {
    const { world, fabric, right } = pair();
    fabric.putSecurityGroup("sg-1", [outbound(all, -1, -1, "sg-open")]);
    world.port("far", { addresses: ["10.0.2.10"], subnet: "b" });
    world.port("middlebox", { addresses: ["10.0.1.30"], check: false });
    const sent = from("10.0.1.20", "10.0.2.10");
    expect(ended(world.send(right, sent))).toBe("far");
    right.tracking.clear();
    world.table("rtb", [{ destination: block("10.0.2.0/24"), target: "middlebox", origin: "static" }]);
    expect(ended(world.send(right, sent))).toBe("ENI_SG_RULES_MISMATCH");
  });

  test("match nothing when the group is no more", () => {
    const { world, fabric } = pair();
    fabric.putSecurityGroup("sg-1", [inbound(all, -1, -1, "sg-gone")]);
    const other = world.port("other", { addresses: ["10.0.1.40"] });
    expect(ended(world.send(other, from("10.0.1.40", "10.0.1.20")))).toBe("ENI_SG_RULES_MISMATCH");
  });
});

/** AWS's own table of examples: what is tracked. */
describe("what is tracked", () => {
  const rules = [
    inbound(tcp, 22, 22, "10.0.1.0/24"),
    inbound(tcp, 80, 80, "0.0.0.0/0"),
    inbound(icmp, -1, -1, "0.0.0.0/0"),
  ];
  test.each([
    ["TCP 22 from some, for it is not for everybody", { destinationPort: 22 }, true],
    ["not TCP 80 from everybody, for all answers may leave", { destinationPort: 80 }, false],
    ["ICMP, always", { protocol: icmp, type: 8 }, true],
  ])("%s", (_what, more, tracked) => {
    const { world, fabric, left, right } = pair();
    fabric.putSecurityGroup("sg-1", [...rules, anyOut]);
    expect(ended(world.send(left, toRight(more)))).toBe("right");
    expect(right.tracking.size).toBe(tracked ? 1 : 0);
  });

  test("TCP 80 from everybody, when not all answers may leave", () => {
    const { world, fabric, left, right } = pair();
    fabric.putSecurityGroup("sg-1", [...rules, outbound(tcp, 0, 65_534, "0.0.0.0/0")]);
    world.send(left, toRight({ destinationPort: 80 }));
    expect(right.tracking.size).toBe(1);
    const other = pair();
    other.fabric.putSecurityGroup("sg-1", [...rules, outbound(tcp, 0, 65_535, "0.0.0.0/0")]);
    other.world.send(other.left, toRight({ destinationPort: 80 }));
    expect(other.right.tracking.size).toBe(0);
  });

  test("traffic of other protocols, by addresses alone, for 600 seconds", () => {
    const { world, fabric, left, right } = pair();
    fabric.putSecurityGroup("sg-1", [inbound(50, -1, -1, "0.0.0.0/0")]);
    world.send(left, toRight({ protocol: 50 }));
    world.now += 599_999;
    expect(ended(world.send(right, toLeft({ protocol: 50 })))).toBe("left");
    world.now += 600_000;
    expect(ended(world.send(right, toLeft({ protocol: 50 })))).toBe("SG_HAS_NO_RULES");
  });
});

describe("tracked flows", () => {
  const only = [inbound(tcp, 443, 443, "10.0.1.10/32"), inbound(udp, 53, 53, "10.0.1.10/32")];

  test("answers pass without a rule, and nothing else does", () => {
    const { world, fabric, left, right } = pair();
    fabric.putSecurityGroup("sg-1", only);
    const sent = toRight();
    expect(ended(world.send(right, back(sent)))).toBe("SG_HAS_NO_RULES");
    expect(ended(world.send(left, sent))).toBe("right");
    expect(ended(world.send(right, back(sent)))).toBe("left");
    expect(ended(world.send(right, back(sent, { sourcePort: 444 })))).toBe("SG_HAS_NO_RULES");
    expect(ended(world.send(right, back(sent, { destinationPort: 40_001 })))).toBe("SG_HAS_NO_RULES");
    expect(ended(world.send(right, back(sent, { protocol: udp })))).toBe("SG_HAS_NO_RULES");
  });

  test("survive a change of the rules, which untracked ones do not", () => {
    const { world, fabric, left } = pair();
    fabric.putSecurityGroup("sg-1", [...only, inbound(tcp, 80, 80, "0.0.0.0/0"), anyOut]);
    for (const destinationPort of [443, 80]) {
      expect(ended(world.send(left, toRight({ destinationPort })))).toBe("right");
    }
    fabric.putSecurityGroup("sg-1", [anyOut]);
    expect(ended(world.send(left, toRight()))).toBe("right");
    expect(ended(world.send(left, toRight({ sourcePort: 40_001 })))).toBe("SG_HAS_NO_RULES");
    expect(ended(world.send(left, toRight({ destinationPort: 80 })))).toBe("SG_HAS_NO_RULES");
  });

  test("an echo is answered by a reply with the same identifier only", () => {
    const { world, fabric, left, right } = pair();
    fabric.putSecurityGroup("sg-1", [inbound(icmp, 8, -1, "0.0.0.0/0")]);
    const echo = toRight({ protocol: icmp, type: 8, id: 7 });
    expect(ended(world.send(left, echo))).toBe("right");
    expect(ended(world.send(right, toLeft({ protocol: icmp, type: 0, id: 7 })))).toBe("left");
    expect(ended(world.send(right, toLeft({ protocol: icmp, type: 0, id: 8 })))).toBe("SG_HAS_NO_RULES");
    expect(ended(world.send(right, toLeft({ protocol: icmp, type: 8, id: 7 })))).toBe("SG_HAS_NO_RULES");
  });

  test("an ICMP error about one passes, about another it does not", () => {
    const { world, fabric, left, right } = pair();
    fabric.putSecurityGroup("sg-1", only);
    const sent = toRight();
    world.send(left, sent);
    const error = { protocol: icmp, type: 3, code: 4 };
    expect(ended(world.send(right, toLeft({ ...error, about: sent })))).toBe("left");
    expect(ended(world.send(right, toLeft({ ...error, about: toRight({ sourcePort: 9 }) })))).toBe(
      "SG_HAS_NO_RULES",
    );
  });

  test.each([
    ["established TCP: 432,000 seconds", {}, 432_000],
    ["a configured timeout", { tcpEstablished: 60 }, 60],
  ])("idle %s", (_what, tracking, seconds) => {
    const { world, fabric, left } = pair();
    const right = world.port("right", { addresses: ["10.0.1.20"], groups: ["sg-1"], tracking });
    fabric.putSecurityGroup("sg-1", only);
    const sent = toRight();
    world.send(left, sent);
    world.send(right, back(sent));
    world.now += 1000 * seconds - 1;
    expect(ended(world.send(right, back(sent)))).toBe("left");
    world.now += 1000 * seconds;
    expect(ended(world.send(right, back(sent)))).toBe("SG_HAS_NO_RULES");
  });

  test("UDP is forgotten after 30 seconds, after 180 if there was more than one request and response", () => {
    const { world, fabric, left, right } = pair();
    fabric.putSecurityGroup("sg-1", only);
    const sent = toRight({ protocol: udp, destinationPort: 53 });
    world.send(left, sent);
    world.send(right, back(sent));
    world.now += 30_000;
    expect(ended(world.send(right, back(sent)))).toBe("SG_HAS_NO_RULES");
    for (let i = 0; i < 2; i++) {
      world.send(left, sent);
      world.send(right, back(sent));
    }
    world.now += 179_999;
    expect(ended(world.send(right, back(sent)))).toBe("left");
    world.now += 180_000;
    expect(ended(world.send(right, back(sent)))).toBe("SG_HAS_NO_RULES");
  });

  test("after its time a flow is a new one, and needs a rule", () => {
    const { world, fabric, left } = pair();
    fabric.putSecurityGroup("sg-1", only);
    world.send(left, toRight());
    fabric.putSecurityGroup("sg-1", []);
    expect(ended(world.send(left, toRight()))).toBe("right");
    world.now += 432_000_000;
    expect(ended(world.send(left, toRight()))).toBe("SG_HAS_NO_RULES");
  });

  test("a reset ends TCP at once, two FINs after a while", () => {
    const { world, fabric, left, right } = pair();
    fabric.putSecurityGroup("sg-1", only);
    const sent = toRight();
    world.send(left, sent);
    expect(ended(world.send(right, back(sent, { flags: RST })))).toBe("left");
    expect(ended(world.send(right, back(sent)))).toBe("SG_HAS_NO_RULES");
    world.send(left, sent);
    world.send(left, { ...sent, flags: FIN });
    expect(ended(world.send(right, back(sent, { flags: FIN })))).toBe("left");
    world.now += 61_000;
    expect(ended(world.send(right, back(sent)))).toBe("SG_HAS_NO_RULES");
  });

  test("a full table takes no new flows until one has expired", () => {
    const { world, fabric, left } = pair();
    world.port("right", { addresses: ["10.0.1.20"], groups: ["sg-1"], tracking: { flows: 3 } });
    fabric.putSecurityGroup("sg-1", only);
    for (const sourcePort of [1, 2, 3])
      expect(ended(world.send(left, toRight({ sourcePort })))).toBe("right");
    expect(ended(world.send(left, toRight({ sourcePort: 4 })))).toBe("CONNECTIONS_EXHAUSTED");
    expect(ended(world.send(left, toRight({ sourcePort: 3 })))).toBe("right");
    world.now += 60_000;
    expect(ended(world.send(left, toRight({ sourcePort: 4 })))).toBe("right");
  });

  test("are forgotten when the instance stops", () => {
    const { world, fabric, left, right } = pair();
    fabric.putSecurityGroup("sg-1", only);
    world.send(left, toRight());
    expect(right.tracking.size).toBe(1);
    world.port("right", { addresses: ["10.0.1.20"], groups: ["sg-1"], live: false });
    world.port("right", { addresses: ["10.0.1.20"], groups: ["sg-1"] });
    expect(ended(world.send(right, back(toRight())))).toBe("SG_HAS_NO_RULES");
  });
});
