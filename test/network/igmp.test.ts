import { describe, expect, test } from "vitest";
import {
  ALL_ROUTERS,
  IgmpHosts,
  LEAVE,
  MOST_MEMBERS,
  MOST_MEMBERSHIPS,
  REPORT,
  report,
} from "../../network/igmp.ts";
import { ip } from "../../network/ip.ts";
import type { Port } from "../../network/port.ts";
import { all, ended, entering, from, inbound, leaving, openAcl, outbound, udp, World } from "./world.ts";

const IGMP = 2;
const GROUP = "239.1.2.3";
const OTHER = "239.1.2.4";
const ROUND = 120_000;

/** Hosts `one` and `two` in a domain with IGMP, in two subnets. */
function stage() {
  const world = new World();
  const one = world.port("one", { nitro: true, addresses: ["10.0.1.10"] });
  const two = world.port("two", { nitro: true, addresses: ["10.0.2.20"], subnet: "b" });
  const put = (plan: { igmp?: boolean; subnets?: string[]; members?: string[] } = {}) =>
    world.fabric.transitGateways.putMulticastDomain({
      id: "domain",
      staticSources: false,
      igmp: plan.igmp ?? true,
      subnets: plan.subnets ?? ["a", "b"],
      groups: plan.members
        ? [{ address: ip(GROUP), members: new Set(plan.members), sources: new Set<string>() }]
        : [],
    });
  put();
  const say = (port: Port, type: number, group = GROUP): string => {
    const end = world.send(port, {
      ...from("10.0.1.10", group, { protocol: IGMP, type, id: Number(ip(group)) }),
      source: port.addresses[0] ?? 0,
      ...(type === LEAVE && { destination: ALL_ROUTERS }),
    });
    return end.outcome === "served" ? end.service : ended(end);
  };
  const join = (port: Port, group?: string) => say(port, REPORT, group);
  const leave = (port: Port, group?: string) => say(port, LEAVE, group);
  /** Who is in which group by itself. */
  const joined = (): string[] =>
    Array.from(
      world.fabric.transitGateways.multicastDomain("domain")?.joined() ?? [],
      ({ group, port }) => `${port.id} ${group === ip(GROUP) ? "GROUP" : "OTHER"}`,
    );
  const query = (rounds = 1): void => {
    for (let round = 0; round < rounds; round++) {
      world.now += ROUND;
      world.fabric.transitGateways.multicastDomain("domain")?.query(world.fabric, world.now);
    }
  };
  const receivers = (port: Port, group = GROUP): string[] => {
    const end = world.send(port, {
      ...from("10.0.1.10", group, { protocol: udp, destinationPort: 5000 }),
      source: port.addresses[0] ?? 0,
    });
    return end.outcome === "multicast" ? end.ends.map(ended) : [ended(end)];
  };
  return { world, one, two, put, join, leave, joined, query, receivers };
}

describe("membership", () => {
  test("begins with a report and ends with a message that leaves the group", () => {
    const { one, two, join, leave, joined, receivers } = stage();
    expect(receivers(one)).toEqual(["NO_BROADCAST"]);
    expect(join(two)).toBe("igmp");
    expect(receivers(one)).toEqual(["two"]);
    expect(receivers(one, OTHER)).toEqual(["NO_BROADCAST"]);
    join(two, OTHER);
    join(one);
    expect(joined()).toEqual(["two GROUP", "one GROUP", "two OTHER"]);
    expect(receivers(one)).toEqual(["two"]);
    expect(leave(two)).toBe("igmp");
    expect(joined()).toEqual(["one GROUP", "two OTHER"]);
    expect(receivers(one)).toEqual(["NO_POSSIBLE_DESTINATION"]);
    leave(one);
    expect(receivers(one)).toEqual(["NO_BROADCAST"]);
  });

  test("is nothing without IGMP, and goes with it", () => {
    const { one, two, put, join, joined } = stage();
    join(two);
    put({ igmp: false });
    expect(join(one)).toBe("NO_BROADCAST");
    put();
    expect(joined()).toEqual([]);
  });

  test("what somebody has registered stays, whatever the guest says", () => {
    const { one, two, put, join, leave, query, receivers } = stage();
    put({ members: ["two"] });
    join(two);
    expect(receivers(one)).toEqual(["two"]);
    leave(two);
    query(4);
    expect(receivers(one)).toEqual(["two"]);
  });

  test("outside of the domain's subnets nobody is a member", () => {
    const { one, two, put, join, joined, receivers, query } = stage();
    join(two);
    put({ subnets: ["a"] });
    expect(joined()).toEqual([]);
    expect(receivers(one)).toEqual(["NO_POSSIBLE_DESTINATION"]);
    query();
    put();
    expect(receivers(one)).toEqual(["NO_BROADCAST"]);
  });
});

describe("bounds", () => {
  const first = Number(ip("239.0.0.0"));

  test("of a group, and of all together: one who leaves makes room", () => {
    const hosts = new IgmpHosts();
    const sizes = () => Array.from(hosts.members.values(), ({ size }) => size);
    const hear = (host: string, group: number, type = REPORT) =>
      hosts.hear(host, { ...report(1, first + group), type }, 0);
    for (let host = 0; host <= MOST_MEMBERS; host++) hear(`eni-${host}`, 0);
    expect(sizes()).toEqual([MOST_MEMBERS]);
    hear("eni-0", 0, LEAVE);
    hear("eni-0", 0, LEAVE);
    hear("late", 0);
    expect(hosts.members.get(first)?.has("late")).toBe(true);
    const rest = MOST_MEMBERSHIPS - MOST_MEMBERS;
    for (let group = 1; group <= rest + 1; group++) hear("greedy", group);
    expect(sizes()).toEqual([MOST_MEMBERS, ...Array.from({ length: rest }, () => 1)]);
    hear("greedy", 1, LEAVE);
    hear("greedy", rest + 1);
    expect(hosts.members.has(first + rest + 1)).toBe(true);
  });

  test("of what a guest remembers", () => {
    const { one, world } = stage();
    for (let group = 0; group <= MOST_MEMBERSHIPS; group++) world.send(one, report(1, first + group));
    expect(one.joined?.size).toBe(MOST_MEMBERSHIPS);
  });
});

describe("queries", () => {
  test("are answered, and memberships stay", () => {
    const { two, join, joined, query } = stage();
    join(two);
    join(two, OTHER);
    query(10);
    expect(joined()).toEqual(["two GROUP", "two OTHER"]);
  });

  test("three without an answer end all memberships; who answers within twelve hours is in again", () => {
    const { world, two, join, joined, query } = stage();
    const hear = (allowed: boolean): void =>
      world.fabric.putNetworkAcl("acl", [entering(1, allowed, IGMP, -1, -1, "0.0.0.0/0"), ...openAcl]);
    join(two);
    join(two, OTHER);
    hear(false);
    query(2);
    expect(joined()).toEqual(["two GROUP", "two OTHER"]);
    query();
    expect(joined()).toEqual([]);
    query(359);
    hear(true);
    query();
    expect(joined()).toEqual(["two GROUP", "two OTHER"]);
    hear(false);
    query(363);
    hear(true);
    query();
    expect(joined()).toEqual([]);
  });

  test("a lost answer or two do no harm", () => {
    const { world, two, join, joined, query } = stage();
    join(two);
    for (let times = 0; times < 3; times++) {
      world.fabric.putNetworkAcl("acl", [entering(1, false, IGMP, -1, -1, "0.0.0.0/0"), ...openAcl]);
      query(2);
      world.fabric.putNetworkAcl("acl", openAcl);
      query();
    }
    expect(joined()).toEqual(["two GROUP"]);
  });

  test("that are late are as if they were not, and a long time is as short", () => {
    const { world, two, join, joined } = stage();
    const wait = (milliseconds: number): void => {
      world.now += milliseconds;
      world.fabric.transitGateways.multicastDomain("domain")?.query(world.fabric, world.now);
    };
    join(two);
    wait(100 * 365 * 24 * 3_600_000);
    expect(joined()).toEqual(["two GROUP"]);
    world.fabric.putNetworkAcl("acl", [entering(1, false, IGMP, -1, -1, "0.0.0.0/0"), ...openAcl]);
    wait(2 * ROUND);
    expect(joined()).toEqual(["two GROUP"]);
    wait(12 * 3_600_000);
    expect(joined()).toEqual([]);
    world.fabric.putNetworkAcl("acl", openAcl);
    wait(ROUND);
    expect(joined()).toEqual(["two GROUP"]);
    world.fabric.putNetworkAcl("acl", [entering(1, false, IGMP, -1, -1, "0.0.0.0/0"), ...openAcl]);
    wait(100 * 365 * 24 * 3_600_000);
    world.fabric.putNetworkAcl("acl", openAcl);
    wait(ROUND);
    expect(joined()).toEqual([]);
  });

  test("a guest that was started anew knows of no group", () => {
    const { world, two, join, joined, query } = stage();
    join(two);
    world.port("two", { nitro: true, addresses: ["10.0.2.20"], subnet: "b", live: false });
    world.port("two", { nitro: true, addresses: ["10.0.2.20"], subnet: "b" });
    query(3);
    expect(joined()).toEqual([]);
  });
});

describe("the least that filters must let pass", () => {
  const least = {
    in: inbound(IGMP, -1, -1, "0.0.0.0/32"),
    join: outbound(IGMP, -1, -1, `${GROUP}/32`),
    leave: outbound(IGMP, -1, -1, "224.0.0.2/32"),
  };

  test("of security groups: queries from 0.0.0.0, reports to the group, leaving to 224.0.0.2", () => {
    const { world, two, join, leave, joined, query } = stage();
    const groups = (...rules: (keyof typeof least)[]): void =>
      world.fabric.putSecurityGroup(
        "sg-open",
        rules.map((name) => least[name]),
      );
    groups("in", "leave");
    expect(join(two)).toBe("ENI_SG_RULES_MISMATCH");
    groups("in", "join");
    expect(join(two)).toBe("igmp");
    query(5);
    expect(joined()).toEqual(["two GROUP"]);
    expect(leave(two)).toBe("ENI_SG_RULES_MISMATCH");
    expect(joined()).toEqual(["two GROUP"]);
    groups("in", "join", "leave");
    expect(leave(two)).toBe("igmp");
    expect(joined()).toEqual([]);
  });

  test("of network ACLs: the same", () => {
    const { world, two, join, leave, joined, query } = stage();
    const acl = (...allowed: (keyof typeof least)[]): void =>
      world.fabric.putNetworkAcl("acl", [
        ...(allowed.includes("in") ? [entering(1, true, IGMP, -1, -1, "0.0.0.0/32")] : []),
        ...(allowed.includes("join") ? [leaving(2, true, IGMP, -1, -1, `${GROUP}/32`)] : []),
        ...(allowed.includes("leave") ? [leaving(3, true, IGMP, -1, -1, "224.0.0.2/32")] : []),
        entering(32_767, false, all, -1, -1, "0.0.0.0/0"),
        leaving(32_767, false, all, -1, -1, "0.0.0.0/0"),
      ]);
    acl("in", "leave");
    expect(join(two)).toBe("SUBNET_ACL_RESTRICTION");
    acl("join");
    expect(join(two)).toBe("igmp");
    query(3);
    expect(joined()).toEqual([]);
    acl("in", "join");
    expect(join(two)).toBe("igmp");
    query(5);
    expect(leave(two)).toBe("SUBNET_ACL_RESTRICTION");
    expect(joined()).toEqual(["two GROUP"]);
    // The guest has left, whoever knows: it answers no more.
    query(3);
    expect(joined()).toEqual([]);
  });
});
