import { describe, expect, test } from "vitest";
import { block } from "../../network/ip.ts";
import {
  back,
  ended,
  entering,
  from,
  all,
  inbound,
  leaving,
  openAcl,
  outbound,
  route,
  World,
} from "./world.ts";

const SERVER = "203.0.113.9";

/** A web server with a public address in `b`, a client of a NAT gateway in `a`, and one of an egress-only gateway. */
function world() {
  const net = new World();
  const { fabric } = net;
  fabric.putVpc({ id: "vpc", blocks: ["10.0.0.0/16", "2600:1f00::/56"].map(block) });
  fabric.putNetworkAcl("acl", [
    ...openAcl,
    entering(101, true, all, -1, -1, "::/0"),
    leaving(101, true, all, -1, -1, "::/0"),
  ]);
  fabric.putSecurityGroup("sg-open", [
    inbound(all, -1, -1, "0.0.0.0/0"),
    outbound(all, -1, -1, "0.0.0.0/0"),
    inbound(all, -1, -1, "::/0"),
    outbound(all, -1, -1, "::/0"),
  ]);
  fabric.putEgressOnlyInternetGateway("eigw", "vpc");
  net.table("rtb", [route("0.0.0.0/0", "nat"), route("::/0", "eigw")]);
  net.table("rtb-public", [route("0.0.0.0/0", "igw"), route("::/0", "igw")]);
  net.subnet("a", "10.0.1.0/24 2600:1f00::/64");
  net.subnet("b", "10.0.2.0/24 2600:1f00:0:1::/64", { table: "rtb-public" });
  net.subnet("nat", "10.0.3.0/24", { table: "rtb-public" });
  const gateway = net.port("eni-nat", { addresses: ["10.0.3.5"], subnet: "nat", groups: [], check: false });
  gateway.filtered = false;
  fabric.putNatGateway({ id: "nat", port: "eni-nat", live: true, draining: [] });
  net.publish("52.0.0.1", gateway);
  const web = net.port("web", { addresses: ["10.0.2.80", "2600:1f00:0:1::80"], subnet: "b" });
  net.publish("52.0.0.2", web);
  const client = net.port("client", { addresses: ["10.0.1.10", "2600:1f00::10"] });
  return {
    net,
    into: () => ended(net.trace(undefined, from(SERVER, "52.0.0.2")).end),
    into6: () => ended(net.trace(undefined, from("2001:db8::9", "2600:1f00:0:1::80")).end),
    out: () => ended(net.send(web, from("10.0.2.80", SERVER))),
    out6: () => ended(net.send(web, from("2600:1f00:0:1::80", "2001:db8::9"))),
    byNat: () => ended(net.send(client, from("10.0.1.10", SERVER))),
    byEgressOnly: () => ended(net.send(client, from("2600:1f00::10", "2001:db8::9"))),
    answer: () => {
      const { packet } = net.send(client, from("10.0.1.10", SERVER));
      return ended(net.trace(undefined, back(packet)).end);
    },
    client,
  };
}

const blocked = "VPC_BLOCK_PUBLIC_ACCESS_ENABLED";
const verdicts = (site: ReturnType<typeof world>) =>
  [site.into, site.into6, site.out, site.out6, site.byNat, site.byEgressOnly].map((each) => each());

describe("Block Public Access", () => {
  test("off", () => {
    expect(verdicts(world())).toEqual(["web", "web", "outside", "outside", "outside", "outside"]);
  });

  test("bidirectional: nothing passes internet gateways and egress-only ones", () => {
    const site = world();
    for (const subnet of ["a", "b", "nat"]) site.net.fabric.blockPublicAccess(subnet, "block-bidirectional");
    expect(verdicts(site)).toEqual([blocked, blocked, blocked, blocked, blocked, blocked]);
    // Inside, all goes on.
    expect(ended(site.net.send(site.client, from("10.0.1.10", "10.0.2.80")))).toBe("web");
  });

  test("ingress: what begins inside, by gateways that let in only answers, passes", () => {
    const site = world();
    for (const subnet of ["a", "b", "nat"]) site.net.fabric.blockPublicAccess(subnet, "block-ingress");
    expect(verdicts(site)).toEqual([blocked, blocked, blocked, blocked, "outside", "outside"]);
    expect(site.answer()).toBe("client");
  });

  test("a subnet that is excluded is not concerned; of a NAT gateway the subnet it is in counts", () => {
    const site = world();
    for (const subnet of ["a", "b"]) site.net.fabric.blockPublicAccess(subnet, "block-bidirectional");
    expect([site.byNat(), site.into()]).toEqual(["outside", blocked]);
    site.net.fabric.blockPublicAccess("b", "off");
    expect(site.into()).toBe("web");
    expect(site.byEgressOnly()).toBe(blocked);
  });

  test("turned on, it cuts what has begun", () => {
    const site = world();
    const sent = site.net.send(site.client, from("2600:1f00::10", "2001:db8::9")).packet;
    const answered = () => ended(site.net.trace(undefined, back(sent)).end);
    expect(answered()).toBe("client");
    site.net.fabric.blockPublicAccess("a", "block-bidirectional");
    expect(answered()).toBe(blocked);
    expect(site.net.trace(undefined, back(sent)).end).toMatchObject({
      component: { kind: "egress-only-internet-gateway" },
      at: { id: "client" },
      direction: "ingress",
    });
  });
});
