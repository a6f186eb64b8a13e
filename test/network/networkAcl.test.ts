import { describe, expect, test } from "vitest";
import { all, back, ended, entering, from, icmp, leaving, openAcl, passed, tcp, World } from "./world.ts";

/** An instance in each of two subnets; the ACL of `b` is given. */
function guarded(...entries: Parameters<World["fabric"]["putNetworkAcl"]>[1]) {
  const world = new World();
  world.fabric.putNetworkAcl("acl-b", entries);
  world.subnet("b", "10.0.2.0/24", { acl: "acl-b" });
  const left = world.port("left", { addresses: ["10.0.1.10"] });
  const right = world.port("right", { addresses: ["10.0.2.20"], subnet: "b" });
  return { world, left, right };
}

const sent = from("10.0.1.10", "10.0.2.20");
const outOpen = leaving(100, true, all, -1, -1, "0.0.0.0/0");
const inOpen = entering(100, true, all, -1, -1, "0.0.0.0/0");

describe("entries", () => {
  test("the lowest number that matches decides", () => {
    const deny = (number: number) => entering(number, false, tcp, 443, 443, "10.0.1.0/24");
    const early = guarded(inOpen, deny(99), outOpen);
    expect(ended(early.world.send(early.left, sent))).toBe("SUBNET_ACL_RESTRICTION");
    const late = guarded(deny(101), inOpen, outOpen);
    expect(ended(late.world.send(late.left, sent))).toBe("right");
  });

  test("what none matches is denied by the last one, number 32767", () => {
    const { world, left } = guarded(entering(100, true, tcp, 80, 80, "0.0.0.0/0"));
    expect(world.send(left, sent)).toMatchObject({
      reason: "SUBNET_ACL_RESTRICTION",
      component: { id: "acl-b" },
      ground: { entry: { number: 32_767, allow: false } },
    });
  });

  test.each([
    [tcp, 400, 500, "10.0.1.10/32", true],
    [tcp, 444, 500, "10.0.1.10/32", false],
    [17, 0, 65_535, "10.0.1.10/32", false],
    [all, -1, -1, "10.0.1.0/29", false],
    [all, -1, -1, "::/0", false],
  ])("protocol %i, ports %i to %i, from %s", (protocol, first, last, cidr, passes) => {
    const { world, left } = guarded(entering(1, true, protocol, first, last, cidr), outOpen);
    expect(ended(world.send(left, sent))).toBe(passes ? "right" : "SUBNET_ACL_RESTRICTION");
  });

  test.each([
    [8, 0, true],
    [8, -1, true],
    [3, -1, false],
  ])("of ICMP, type %i and code %i", (type, code, passes) => {
    const { world, left } = guarded(entering(1, true, icmp, type, code, "0.0.0.0/0"), outOpen);
    const echo = from("10.0.1.10", "10.0.2.20", { protocol: icmp, type: 8 });
    expect(ended(world.send(left, echo))).toBe(passes ? "right" : "SUBNET_ACL_RESTRICTION");
  });
});

describe("the border", () => {
  test("it has no memory: an answer needs an entry of its own, for ephemeral ports", () => {
    const { world, left, right } = guarded(inOpen, leaving(1, true, tcp, 443, 443, "0.0.0.0/0"));
    expect(ended(world.send(left, sent))).toBe("right");
    expect(world.send(right, back(sent))).toMatchObject({
      reason: "SUBNET_ACL_RESTRICTION",
      direction: "egress",
    });
    world.fabric.putNetworkAcl("acl-b", [inOpen, leaving(1, true, tcp, 1024, 65_535, "10.0.1.0/24")]);
    expect(ended(world.send(right, back(sent)))).toBe("left");
  });

  test("a change takes effect on the next packet, whatever was tracked", () => {
    const { world, left } = guarded(...openAcl);
    expect(ended(world.send(left, sent))).toBe("right");
    world.fabric.putNetworkAcl("acl-b", []);
    expect(ended(world.send(left, sent))).toBe("SUBNET_ACL_RESTRICTION");
  });

  test("what stays in a subnet does not pass it", () => {
    const { world, right } = guarded();
    world.port("neighbour", { addresses: ["10.0.2.21"], subnet: "b" });
    const journey = world.trace(right, from("10.0.2.20", "10.0.2.21"));
    expect(ended(journey.end)).toBe("neighbour");
    expect(passed(journey)).not.toContain("network-acl");
  });

  test("each subnet's own is asked: out of the one, into the other", () => {
    const { world, left } = guarded(...openAcl);
    const { steps } = world.trace(left, sent);
    const acls = steps.filter(({ component }) => component.kind === "network-acl");
    expect(acls.map(({ component, direction }) => [component.id, direction])).toEqual([
      ["acl", "egress"],
      ["acl-b", "ingress"],
    ]);
  });

  test("it does not stand before Amazon's own services", () => {
    const { world, right } = guarded();
    for (const service of ["169.254.169.254", "10.0.0.2", "169.254.169.123"]) {
      expect(world.send(right, from("10.0.2.20", service)).outcome).toBe("served");
    }
  });
});
