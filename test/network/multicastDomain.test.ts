import { describe, expect, test } from "vitest";
import { ip } from "../../network/ip.ts";
import type { Port } from "../../network/port.ts";
import { all, anyOut, ended, entering, from, inbound, leaving, openAcl, udp, World } from "./world.ts";

const GROUP = "239.1.2.3";

/** Hosts in the subnets `a` and `b` of a VPC and `a` of another, all but `stranger` in a domain; `one` sends. */
function stage({ staticSources = false } = {}) {
  const world = new World(["vpc", "far"]);
  const one = world.port("one", { nitro: true, addresses: ["10.0.1.10"] });
  const near = world.port("near", { nitro: true, addresses: ["10.0.1.20"] });
  const beside = world.port("beside", { nitro: true, addresses: ["10.0.2.30"], subnet: "b" });
  const far = world.port("far-host", { nitro: true, addresses: ["10.0.1.40"], subnet: "far-a" });
  const stranger = world.port("stranger", { nitro: true, addresses: ["10.0.2.50"], subnet: "far-b" });
  const put = (members: readonly Port[], sources: readonly Port[] = [], subnets = ["a", "b", "far-a"]) =>
    world.fabric.transitGateways.putMulticastDomain({
      id: "domain",
      staticSources,
      subnets,
      groups: [
        {
          address: ip(GROUP),
          members: new Set(members.map(({ id }) => id)),
          sources: new Set(sources.map(({ id }) => id)),
        },
      ],
    });
  const sent = (port: Port, destination = GROUP) =>
    world.send(port, {
      ...from("10.0.1.10", destination, { protocol: udp, destinationPort: 5000 }),
      source: port.addresses[0] ?? 0,
    });
  const receivers = (port: Port): string[] => {
    const end = sent(port);
    return end.outcome === "multicast" ? end.ends.map(ended) : [ended(end)];
  };
  return { world, one, near, beside, far, stranger, put, sent, receivers };
}

describe("multicast", () => {
  test("reaches each member but the sender, in whatever subnet and VPC of the domain", () => {
    const { one, near, beside, far, put, receivers } = stage();
    put([one, near, beside, far]);
    expect(receivers(one)).toEqual(["near", "beside", "far-host"]);
    expect(receivers(far)).toEqual(["one", "near", "beside"]);
  });

  test("is nothing outside of a domain, and of its groups", () => {
    const { one, near, stranger, put, receivers, sent } = stage();
    expect(receivers(one)).toEqual(["NO_BROADCAST"]);
    put([near, stranger]);
    expect(receivers(one)).toEqual(["near"]);
    expect(receivers(stranger)).toEqual(["NO_BROADCAST"]);
    expect(ended(sent(one, "239.1.2.4"))).toBe("NO_BROADCAST");
    expect(ended(sent(one, "255.255.255.255"))).toBe("NO_BROADCAST");
    put([near], [], ["b"]);
    expect(receivers(one)).toEqual(["NO_BROADCAST"]);
  });

  test("nobody is a member", () => {
    const { one, put, receivers } = stage();
    put([one]);
    expect(receivers(one)).toEqual(["NO_POSSIBLE_DESTINATION"]);
  });

  test("where sources are static, only they send", () => {
    const { one, near, beside, put, receivers } = stage({ staticSources: true });
    put([near, beside], [one]);
    expect(receivers(one)).toEqual(["near", "beside"]);
    expect(receivers(beside)).toEqual(["NO_MULTICAST_SOURCE"]);
  });

  test("the source check holds, and the destination check lets members' groups pass alone", () => {
    const { world, one, near, put } = stage();
    put([near]);
    const spoofed = from("10.0.1.99", GROUP, { protocol: udp });
    expect(ended(world.send(one, spoofed))).toBe("ENI_SOURCE_DEST_CHECK_RESTRICTION");
  });

  test("security groups filter both ways; a rule that names the sender's group does not match", () => {
    const { world, one, near, put, receivers } = stage();
    put([near]);
    world.fabric.putSecurityGroup("sg-sender", [anyOut]);
    world.port("one", { nitro: true, addresses: ["10.0.1.10"], groups: ["sg-sender"] });
    world.fabric.putSecurityGroup("sg-named", [inbound(udp, 5000, 5000, "sg-sender")]);
    world.port("near", { nitro: true, addresses: ["10.0.1.20"], groups: ["sg-named"] });
    expect(receivers(one)).toEqual(["ENI_SG_RULES_MISMATCH"]);
    world.fabric.putSecurityGroup("sg-named", [inbound(udp, 5000, 5000, "10.0.1.10/32")]);
    expect(receivers(one)).toEqual(["near"]);
    world.port("one", { nitro: true, addresses: ["10.0.1.10"], groups: ["sg-sender"], live: false });
    world.port("one", { nitro: true, addresses: ["10.0.1.10"], groups: ["sg-sender"] });
    world.fabric.putSecurityGroup("sg-sender", []);
    expect(receivers(one)).toEqual(["SG_HAS_NO_RULES"]);
  });

  test("network ACLs count even between neighbours", () => {
    for (const deny of [entering, leaving]) {
      const { world, one, near, put, receivers } = stage();
      put([near]);
      world.fabric.putNetworkAcl("acl", [deny(1, false, all, -1, -1, "0.0.0.0/0"), ...openAcl]);
      expect(receivers(one)).toEqual(["SUBNET_ACL_RESTRICTION"]);
    }
  });

  test("is neither sent by instances that are not on Nitro, nor gets to such whose destination is checked", () => {
    const { world, one, near, beside, put, receivers } = stage();
    put([near, beside]);
    world.port("near", { addresses: ["10.0.1.20"] });
    expect(receivers(one)).toEqual(["ENI_SOURCE_DEST_CHECK_RESTRICTION", "beside"]);
    expect(receivers(near)).toEqual(["MULTICAST_NEEDS_NITRO"]);
    world.port("near", { addresses: ["10.0.1.20"], check: false });
    expect(receivers(one)).toEqual(["near", "beside"]);
  });

  test("is never longer than 8,500 bytes, as nothing is put together again", () => {
    const { world, one, near, put } = stage();
    put([near]);
    const long = (length: number) => {
      const sent = from("10.0.1.10", GROUP, { protocol: udp, destinationPort: 5000, length });
      const end = world.send(one, { ...sent, dontFragment: false });
      return end.outcome === "multicast" ? end.ends.map(ended) : ended(end);
    };
    expect(long(8500)).toEqual(["near"]);
    expect(long(8501)).toBe("FRAGMENTATION_NEEDED");
  });

  test("ends with the domain", () => {
    const { world, one, near, put, receivers } = stage();
    put([near]);
    world.fabric.transitGateways.removeMulticastDomain("domain");
    expect(receivers(one)).toEqual(["NO_BROADCAST"]);
  });
});
