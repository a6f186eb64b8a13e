/** The examples of AWS's documentation, byte for byte, and what is never logged. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultTracking } from "../../network/connectionTracking.ts";
import { exchange } from "../../network/exchange.ts";
import { Fabric } from "../../network/fabric.ts";
import { FlowLogs, type FlowLogPlan } from "../../network/flowLogs.ts";
import { DEFAULT_FORMAT, FlowFormat, type FlowPlace, type FlowWindow } from "../../network/flowRecord.ts";
import { block, formatIp, ip } from "../../network/ip.ts";
import type { AclEntry } from "../../network/networkAcl.ts";
import type { NatGateway } from "../../network/natGateway.ts";
import { ACK, FIN, packet, RST, SYN, type Packet } from "../../network/packet.ts";
import type { Port } from "../../network/port.ts";
import type { Route } from "../../network/routeTable.ts";
import type { SecurityGroupRule } from "../../network/securityGroup.ts";
import {
  all,
  anyIn,
  anyOut,
  back,
  entering,
  from,
  icmp,
  inbound,
  leaving,
  openAcl,
  route,
  tcp,
  udp,
  World,
} from "./world.ts";

const ENI = "eni-1235b8ca123456789";
const INSTANCE = "i-01234567890123456";
const VPC = "vpc-abcdefab012345678";
const SUBNET = "subnet-aaaaaaaa012345678";

/** 10.0.0.0/16 and 172.31.0.0/16 with a door to the internet, for an interface in the subnet of its address. */
class Site {
  readonly fabric = new Fabric();
  /** Milliseconds. */
  now = 0;
  place: FlowPlace = {
    account: "123456789010",
    region: "us-east-1",
    zoneId: "use1-az1",
    serviceOf: () => undefined,
    interfaceOf: () => undefined,
    watchesEncryption: () => false,
    tagOf: () => undefined,
  };

  constructor(acl: readonly AclEntry[] = openAcl, rules: readonly SecurityGroupRule[] = [anyIn, anyOut]) {
    const { fabric } = this;
    fabric.putVpc({ id: VPC, blocks: ["10.0.0.0/16", "172.31.0.0/16", "2001:db8:1::/56"].map(block) });
    fabric.putNetworkAcl("acl", acl);
    fabric.putSecurityGroup("sg", rules);
    fabric.putSecurityGroup("sg-closed", []);
    fabric.putInternetGateway({ id: "igw", vpc: VPC, table: undefined });
    this.table("rtb", [route("0.0.0.0/0", "igw"), route("::/0", "igw")], true);
    this.subnet(SUBNET, "10.0.0.0/24");
    this.subnet("subnet-172", "172.31.16.0/24");
  }

  table(id: string, routes: readonly Route[], main = false): void {
    this.fabric.putRouteTable({ id, vpc: VPC, main, routes });
  }

  subnet(id: string, cidr: string, table?: string): void {
    const blocks = cidr.split(" ").map(block);
    this.fabric.putSubnet({ id, vpc: VPC, zone: "a", blocks, acl: "acl", table });
  }

  port(id: string, address: string, subnet = SUBNET, more: object = {}): Port {
    this.fabric.putPort({
      id,
      mac: `0a:${id}`,
      subnet,
      addresses: address.split(" ").map(ip),
      groups: ["sg"],
      sourceDestCheck: true,
      owner: INSTANCE,
      live: true,
      tracking: defaultTracking,
      ...more,
    });
    const port = this.fabric.ports.get(id);
    if (!port) throw new Error("no port");
    return port;
  }

  publish(address: string, port: Port): void {
    const inside = port.addresses[0] ?? 0;
    this.fabric.putPublicAddress({ address: ip(address), to: { port: port.id, inside } });
  }

  log(plan: Partial<FlowLogPlan> = {}): void {
    this.fabric.flowLogs.put({
      id: "fl",
      scope: VPC,
      traffic: "ALL",
      interval: 600,
      since: this.now,
      ...plan,
    });
  }

  /** Packets of as many bytes together, the first and the last of them at these times, in seconds. */
  send(
    sender: Port | undefined,
    sent: Packet,
    count: number,
    bytes: number,
    first: number,
    last: number,
  ): void {
    for (let i = 0; i < count; i++) {
      const length = Math.floor((bytes * (i + 1)) / count) - Math.floor((bytes * i) / count);
      this.now = i === count - 1 ? last * 1000 + 999 : first * 1000;
      this.fabric.trace(sender, { ...sent, length }, this.now);
    }
  }

  lines(until: number, format = DEFAULT_FORMAT, ports: Iterable<Port> = [], id = "fl"): string[] {
    const written = FlowFormat.parse(format);
    const windows = this.fabric.flowLogs.take(id, until * 1000, ports);
    return windows.flatMap((window) => (written?.write(window, this.place) ?? []).map(({ text }) => text));
  }
}

const ping = (source: string, destination: string): Packet =>
  from(source, destination, { protocol: icmp, type: 8, id: 7 });
const pong = (sent: Packet): Packet => ({
  ...sent,
  type: 0,
  source: sent.destination,
  destination: sent.source,
});

/** The site of the documentation's ping: 203.0.113.12 asks 172.31.16.139, which answers what reaches it. */
function pinged(acl: readonly AclEntry[], rules: readonly SecurityGroupRule[], answers = true): string[] {
  const site = new Site(acl, rules);
  const port = site.port(ENI, "172.31.16.139", "subnet-172");
  site.publish("198.51.100.1", port);
  site.now = 1_432_917_000_000;
  site.log();
  const asked = ping("203.0.113.12", "198.51.100.1");
  site.send(undefined, asked, 4, 336, 1_432_917_027, 1_432_917_142);
  const answer = pong(ping("203.0.113.12", "172.31.16.139"));
  if (answers) site.send(port, answer, 4, 336, 1_432_917_094, 1_432_917_142);
  return site.lines(1_432_917_600);
}

const PREFIX = `2 123456789010 ${ENI}`;

describe("vectors", () => {
  const anyPing = inbound(icmp, -1, -1, "0.0.0.0/0");

  test("F1: a ping that the group lets in and the ACL does not let out again", () => {
    const acl = [
      entering(100, true, all, -1, -1, "0.0.0.0/0"),
      leaving(90, false, icmp, -1, -1, "0.0.0.0/0"),
      leaving(100, true, all, -1, -1, "0.0.0.0/0"),
    ];
    expect(pinged(acl, [anyPing])).toEqual([
      `${PREFIX} 203.0.113.12 172.31.16.139 0 0 1 4 336 1432917027 1432917142 ACCEPT OK`,
      `${PREFIX} 172.31.16.139 203.0.113.12 0 0 1 4 336 1432917094 1432917142 REJECT OK`,
    ]);
  });

  test("F2: the ACL lets it out", () => {
    expect(pinged(openAcl, [anyPing])).toEqual([
      `${PREFIX} 203.0.113.12 172.31.16.139 0 0 1 4 336 1432917027 1432917142 ACCEPT OK`,
      `${PREFIX} 172.31.16.139 203.0.113.12 0 0 1 4 336 1432917094 1432917142 ACCEPT OK`,
    ]);
  });

  test("F3: the group does not let it in", () => {
    expect(pinged(openAcl, [], false)).toEqual([
      `${PREFIX} 203.0.113.12 172.31.16.139 0 0 1 4 336 1432917027 1432917142 REJECT OK`,
    ]);
  });

  test("F4: no traffic", () => {
    const site = new Site();
    const port = site.port(ENI, "10.0.0.62");
    site.now = 1_431_280_876_000;
    site.log({ interval: 60 });
    expect(site.lines(1_431_280_920, DEFAULT_FORMAT, [port])).toEqual([
      `${PREFIX} - - - - - - - 1431280876 1431280920 - NODATA`,
    ]);
    expect(site.lines(1_431_280_980, DEFAULT_FORMAT, [port])).toEqual([
      `${PREFIX} - - - - - - - 1431280920 1431280980 - NODATA`,
    ]);
  });

  test("F5: more flows than there is room for", () => {
    const site = new Site();
    const port = site.port(ENI, "10.0.0.62");
    const logs = new FlowLogs(site.fabric.observers, site.fabric.targets, 1);
    logs.put({ id: "fl", scope: ENI, traffic: "ALL", interval: 60, since: 1_431_280_876_000 });
    site.send(port, from("10.0.0.62", "203.0.113.5"), 1, 60, 1_431_280_900, 1_431_280_900);
    site.send(port, from("10.0.0.62", "203.0.113.6"), 9, 540, 1_431_280_900, 1_431_280_910);
    const lines = logs
      .take("fl", 1_431_280_920_000, [])
      .flatMap((window) => FlowFormat.parse(DEFAULT_FORMAT)?.write(window, site.place) ?? [])
      .map(({ text }) => text);
    expect(lines).toEqual([
      `${PREFIX} 10.0.0.62 203.0.113.5 40000 443 6 1 60 1431280900 1431280900 ACCEPT OK`,
      `${PREFIX} - - - - - - - 1431280876 1431280920 - SKIPDATA`,
    ]);
  });

  const TCP_FORMAT = fields(
    "version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport dstport pkt-srcaddr " +
      "pkt-dstaddr protocol bytes packets start end action tcp-flags log-status",
  );
  const TCP_PREFIX = `3 ${VPC} ${SUBNET} ${INSTANCE} ${ENI} 123456789010 IPv4`;

  /** A client at 52.213.180.42 and the server 10.0.0.62, with what each says to the other. */
  function connection(site: Site, port: Port, clientPort: number) {
    const ports = { sourcePort: clientPort, destinationPort: 5001 };
    const to = from("52.213.180.42", "198.51.100.1", ports);
    const fro = from("10.0.0.62", "52.213.180.42", { sourcePort: 5001, destinationPort: clientPort });
    return {
      client: (flags: number, count: number, bytes: number, first: number, last: number) =>
        site.send(undefined, { ...to, flags }, count, bytes, first, last),
      server: (flags: number, count: number, bytes: number, first: number, last: number) =>
        site.send(port, { ...fro, flags }, count, bytes, first, last),
    };
  }

  function tcpSite() {
    const site = new Site();
    const port = site.port(ENI, "10.0.0.62");
    port.nitro = true;
    site.publish("198.51.100.1", port);
    site.now = 1_566_848_875_000;
    site.log();
    return { site, port };
  }

  test("F6: two connections begin in one interval, and one ends in another", () => {
    const { site, port } = tcpSite();
    const [start, end] = [1_566_848_875, 1_566_848_879];
    for (const [clientPort, counts] of [
      [43_416, [568, 8, 376, 7]],
      [43_418, [100_701, 70, 632, 12]],
    ] as const) {
      const { client, server } = connection(site, port, clientPort);
      const [bytes, packets, bytesBack, packetsBack] = counts;
      client(SYN, 1, 60, start, start);
      server(SYN | ACK, 1, 60, start, start);
      client(ACK, packets - 1, bytes - 60, start, end);
      server(ACK, packetsBack - 1, bytesBack - 60, start, end);
    }
    expect(site.lines(1_566_848_880, TCP_FORMAT)).toEqual([
      `${TCP_PREFIX} 52.213.180.42 10.0.0.62 43416 5001 52.213.180.42 10.0.0.62 6 568 8 1566848875 1566848879 ACCEPT 2 OK`,
      `${TCP_PREFIX} 10.0.0.62 52.213.180.42 5001 43416 10.0.0.62 52.213.180.42 6 376 7 1566848875 1566848879 ACCEPT 18 OK`,
      `${TCP_PREFIX} 52.213.180.42 10.0.0.62 43418 5001 52.213.180.42 10.0.0.62 6 100701 70 1566848875 1566848879 ACCEPT 2 OK`,
      `${TCP_PREFIX} 10.0.0.62 52.213.180.42 5001 43418 10.0.0.62 52.213.180.42 6 632 12 1566848875 1566848879 ACCEPT 18 OK`,
    ]);
    const { client, server } = connection(site, port, 43_418);
    client(FIN | ACK, 1219, 63_388, 1_566_848_933, 1_566_848_939);
    server(FIN | ACK, 15_774, 23_294_588, 1_566_848_933, 1_566_848_939);
    expect(site.lines(1_566_848_940, TCP_FORMAT)).toEqual([
      `${TCP_PREFIX} 52.213.180.42 10.0.0.62 43418 5001 52.213.180.42 10.0.0.62 6 63388 1219 1566848933 1566848939 ACCEPT 1 OK`,
      `${TCP_PREFIX} 10.0.0.62 52.213.180.42 5001 43418 10.0.0.62 52.213.180.42 6 23294588 15774 1566848933 1566848939 ACCEPT 1 OK`,
    ]);
  });

  test("F7: a connection that begins and ends in one interval", () => {
    const { site, port } = tcpSite();
    const { client, server } = connection(site, port, 43_638);
    const [start, end] = [1_566_933_133, 1_566_933_139];
    client(SYN, 1, 60, start, start);
    server(SYN | ACK, 1, 60, start, start);
    client(ACK, 15, 900, start, start);
    server(ACK, 8, 600, start, start);
    client(FIN | ACK, 1, 260, start, end);
    server(FIN | ACK, 1, 84, start, end);
    expect(site.lines(1_566_933_180, TCP_FORMAT)).toEqual([
      `${TCP_PREFIX} 52.213.180.42 10.0.0.62 43638 5001 52.213.180.42 10.0.0.62 6 1220 17 1566933133 1566933139 ACCEPT 3 OK`,
      `${TCP_PREFIX} 10.0.0.62 52.213.180.42 5001 43638 10.0.0.62 52.213.180.42 6 744 10 1566933133 1566933139 ACCEPT 19 OK`,
    ]);
  });

  const PKT_FORMAT = fields("instance-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr");

  test("F8 and F9: an instance behind a NAT gateway, at the gateway's interface and at its own", () => {
    const site = new Site();
    site.table("private", [route("0.0.0.0/0", "nat")]);
    site.subnet("subnet-private", "10.0.1.0/24", "private");
    const instance = site.port("eni-instance", "10.0.1.5", "subnet-private");
    const nat = site.port("eni-nat", "10.0.0.220", SUBNET, {
      owner: undefined,
      groups: [],
      filtered: false,
      sourceDestCheck: false,
    });
    site.fabric.putNatGateway({ id: "nat", port: "eni-nat", live: true, draining: [] });
    site.publish("198.51.100.1", nat);
    site.fabric.internet.hosts.set(ip("203.0.113.5"), {
      name: "h",
      address: ip("203.0.113.5"),
      answers: true,
    });
    site.log({ id: "fl-nat", scope: "eni-nat" });
    site.log({ id: "fl-instance", scope: "eni-instance" });
    expect(exchange(site.fabric, instance, from("10.0.1.5", "203.0.113.5"), 1000).learned).toBe("answer");
    expect(site.lines(600, PKT_FORMAT, [], "fl-nat")).toEqual([
      "- eni-nat 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5",
      "- eni-nat 10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5",
      "- eni-nat 203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.220",
      "- eni-nat 10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5",
    ]);
    expect(site.lines(600, PKT_FORMAT, [], "fl-instance")).toEqual([
      `${INSTANCE} eni-instance 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5`,
      `${INSTANCE} eni-instance 203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5`,
    ]);
  });

  test("F10: through a transit gateway, at its interfaces in the server's VPC", () => {
    const fabric = new Fabric();
    const subnet = (id: string, vpc: string, zone: string, cidr: string) =>
      fabric.putSubnet({ id, vpc, zone, blocks: [block(cidr)], acl: "acl", table: undefined });
    fabric.putNetworkAcl("acl", openAcl);
    fabric.putSecurityGroup("sg", [anyIn, anyOut]);
    fabric.transitGateways.putGateway({ id: "tgw" });
    for (const [vpc, cidr] of [
      ["vpc-a", "10.20.0.0/16"],
      ["vpc-b", "10.40.0.0/16"],
    ] as const) {
      fabric.putVpc({ id: vpc, blocks: [block(cidr)] });
      fabric.putRouteTable({ id: `rtb-${vpc}`, vpc, main: true, routes: [route("10.0.0.0/8", "tgw")] });
    }
    subnet("client", "vpc-a", "1", "10.20.33.0/24");
    subnet("other", "vpc-b", "1", "10.40.1.0/24");
    subnet("server", "vpc-b", "2", "10.40.2.0/24");
    const port = (id: string, at: string, address: string, owner?: string) =>
      fabric.putPort({
        id,
        mac: `0a:${id}`,
        subnet: at,
        addresses: [ip(address)],
        groups: owner === undefined ? [] : ["sg"],
        filtered: owner !== undefined,
        sourceDestCheck: owner !== undefined,
        owner,
        live: true,
      });
    port("eni-client", "client", "10.20.33.164", "i-client");
    port("eni-a", "client", "10.20.33.20");
    port("eni-b1", "other", "10.40.1.175");
    port("eni-b2", "server", "10.40.2.31");
    port("eni-server", "server", "10.40.2.236", "i-server");
    fabric.transitGateways.putRouteTable("main", [
      { destination: block("10.20.0.0/16"), attachment: "a", origin: "propagated-vpc" },
      { destination: block("10.40.0.0/16"), attachment: "b", origin: "propagated-vpc" },
    ]);
    for (const [id, ports] of [
      ["a", ["eni-a"]],
      ["b", ["eni-b1", "eni-b2"]],
    ] as const) {
      const attachment = { id, gateway: "tgw", table: "main", live: true, vpc: `vpc-${id}`, ports };
      fabric.transitGateways.putVpcAttachment(attachment);
    }
    fabric.flowLogs.put({ id: "fl", scope: "vpc-b", traffic: "ALL", interval: 600, since: 0 });
    fabric.listening.listen("i-server", tcp, 443);
    const client = fabric.ports.get("eni-client");
    const { learned } = exchange(fabric, client, from("10.20.33.164", "10.40.2.236"), 1000);
    expect(learned).toBe("answer");
    const site = new Site();
    const lines = fabric.flowLogs
      .take("fl", 600_000, [])
      .flatMap((window) => FlowFormat.parse(PKT_FORMAT)?.write(window, site.place) ?? [])
      .map(({ text }) => text);
    expect(lines).toEqual([
      "- eni-b1 10.40.1.175 10.40.2.236 10.20.33.164 10.40.2.236",
      "- eni-b2 10.40.2.236 10.40.2.31 10.40.2.236 10.20.33.164",
      "i-server eni-server 10.20.33.164 10.40.2.236 10.20.33.164 10.40.2.236",
      "i-server eni-server 10.40.2.236 10.20.33.164 10.40.2.236 10.20.33.164",
    ]);
  });

  test("F11: an instance on Nitro and S3, by the internet gateway", () => {
    const site = new Site();
    const port = site.port(ENI, "10.0.0.71", SUBNET, { owner: "i-0c50d5961bcb2d47b", nitro: true });
    site.publish("198.51.100.1", port);
    site.place = {
      ...site.place,
      account: "123456789012",
      region: "ap-southeast-2",
      zoneId: "apse2-az3",
      serviceOf: (address) => (formatIp(address) === "52.95.128.179" ? "S3" : undefined),
    };
    site.now = 1_616_729_240_000;
    site.log();
    const out = from("10.0.0.71", "52.95.128.179", { sourcePort: 34_210, destinationPort: 80 });
    const answer = from("52.95.128.179", "198.51.100.1", { sourcePort: 80, destinationPort: 34_210 });
    const [start, end] = [1_616_729_292, 1_616_729_339];
    site.send(port, { ...out, flags: SYN }, 1, 60, start, start);
    site.send(undefined, { ...answer, flags: SYN | ACK }, 1, 60, start, start);
    site.send(undefined, { ...answer, flags: ACK }, 12, 14_932, start, start);
    site.send(port, { ...out, flags: ACK }, 5, 359, start, start);
    site.send(undefined, { ...answer, flags: FIN | ACK }, 1, 52, start, end);
    site.send(port, { ...out, flags: FIN | ACK }, 1, 52, start, end);
    const format = fields(
      "version srcaddr dstaddr srcport dstport protocol start end type packets bytes account-id vpc-id subnet-id " +
        "instance-id interface-id region az-id sublocation-type sublocation-id tcp-flags pkt-srcaddr pkt-dstaddr " +
        "pkt-src-aws-service pkt-dst-aws-service traffic-path flow-direction log-status",
    );
    const where = `123456789012 ${VPC} ${SUBNET} i-0c50d5961bcb2d47b ${ENI} ap-southeast-2 apse2-az3 - -`;
    expect(site.lines(1_616_729_340, format)).toEqual([
      `5 10.0.0.71 52.95.128.179 34210 80 6 1616729292 1616729339 IPv4 7 471 ${where} 3 10.0.0.71 52.95.128.179 - S3 8 egress OK`,
      `5 52.95.128.179 10.0.0.71 80 34210 6 1616729292 1616729339 IPv4 14 15044 ${where} 19 52.95.128.179 10.0.0.71 S3 - - ingress OK`,
    ]);
  });
});

/** A format of these fields. */
function fields(names: string): string {
  return names
    .split(" ")
    .map((name) => `\${${name}}`)
    .join(" ");
}

/** What was recorded of everything, in the fields that matter. */
function recorded(world: World, at: string, log = "fl"): string[] {
  const windows: FlowWindow[] = world.fabric.flowLogs.take(log, 1e12, []);
  return windows
    .filter(({ port }) => port.id === at)
    .flatMap(({ flows }) =>
      flows.map(
        ({ packet: { source, destination }, direction, accepted, path, packets }) =>
          `${direction} ${formatIp(source)} ${formatIp(destination)} ${accepted ? "ACCEPT" : "REJECT"} ${path ?? "-"} ${packets}`,
      ),
    );
}

function logged(plan: Partial<FlowLogPlan> = {}): World {
  const world = new World();
  world.fabric.flowLogs.put({ id: "fl", scope: "vpc", traffic: "ALL", interval: 600, since: 0, ...plan });
  return world;
}

describe("what is never logged", () => {
  test.each([
    ["Amazon's DNS server", "10.0.0.2", { protocol: udp, destinationPort: 53 }],
    ["the same by its link-local address", "169.254.169.253", { protocol: udp, destinationPort: 53 }],
    ["instance metadata", "169.254.169.254", { destinationPort: 80 }],
    ["time", "169.254.169.123", { protocol: udp, destinationPort: 123 }],
    ["Windows activation", "169.254.169.250", { destinationPort: 1688 }],
    ["DHCP", "255.255.255.255", { protocol: udp, destinationPort: 67 }],
    ["the router", "10.0.1.1", { protocol: icmp, type: 8 }],
  ])("%s", (_what, destination, more) => {
    const world = logged();
    const a = world.port("eni-a", { addresses: ["10.0.1.10"] });
    const end = world.send(a, from("10.0.1.10", destination, more));
    expect(end.outcome).toBe("served");
    expect(recorded(world, "eni-a")).toEqual([]);
  });

  test("what was no honest packet, and what comes to an interface that is not there", () => {
    const world = logged();
    const a = world.port("eni-a", { addresses: ["10.0.1.10"] });
    world.port("eni-off", { addresses: ["10.0.2.10"], subnet: "b", live: false });
    world.send(a, from("10.9.9.9", "10.0.2.10"));
    world.send(a, from("10.0.1.10", "10.0.2.10"), { sourceMac: "0a:00:00:00:00:ff" });
    world.send(a, from("10.0.1.10", "10.0.1.255"));
    expect(recorded(world, "eni-a")).toEqual([]);
    world.send(a, from("10.0.1.10", "10.0.2.10"));
    expect(recorded(world, "eni-off")).toEqual([]);
  });

  test("what goes from an endpoint to the load balancer of its service", () => {
    const world = logged();
    world.vpc("vpc-p", "p-");
    world.fabric.flowLogs.put({ id: "fl-p", scope: "vpc-p", traffic: "ALL", interval: 600, since: 0 });
    const a = world.port("eni-a", { addresses: ["10.0.1.10"] });
    world.managed("eni-endpoint", "b", "10.0.2.9");
    world.managed("eni-node", "p-b", "10.0.2.20");
    world.port("server", { addresses: ["10.0.1.4"], subnet: "p-a" });
    world.fabric.listening.listen("i-server", tcp, 443);
    const { endpoints } = world.fabric;
    endpoints.putLoadBalancer({
      id: "nlb",
      type: "network",
      nodes: ["eni-node"],
      targets: ["server"],
      crossZone: false,
    });
    const service = { kind: "load-balancers", ids: ["nlb"] } as const;
    endpoints.put({ type: "interface", id: "vpce", ports: ["eni-endpoint"], service });
    expect(exchange(world.fabric, a, from("10.0.1.10", "10.0.2.9"), world.now).learned).toBe("answer");
    expect(recorded(world, "eni-endpoint")).toEqual([
      "ingress 10.0.1.10 10.0.2.9 ACCEPT - 1",
      "egress 10.0.2.9 10.0.1.10 ACCEPT 1 1",
    ]);
    expect(recorded(world, "eni-node", "fl-p")).toEqual([
      "egress 10.0.2.20 10.0.1.4 ACCEPT 1 1",
      "ingress 10.0.1.4 10.0.2.20 ACCEPT - 1",
    ]);
  });

  test("an own DNS server is logged", () => {
    const world = logged();
    const a = world.port("eni-a", { addresses: ["10.0.1.10"] });
    world.port("eni-dns", { addresses: ["10.0.2.53"], subnet: "b" });
    world.send(a, from("10.0.1.10", "10.0.2.53", { protocol: udp, destinationPort: 53 }));
    expect(recorded(world, "eni-dns")).toEqual(["ingress 10.0.1.10 10.0.2.53 ACCEPT - 1"]);
  });
});

describe("what is logged", () => {
  test("both interfaces of a packet within a subnet, and between subnets", () => {
    const world = logged();
    const a = world.port("eni-a", { addresses: ["10.0.1.10"] });
    world.port("eni-near", { addresses: ["10.0.1.11"] });
    world.port("eni-far", { addresses: ["10.0.2.11"], subnet: "b" });
    world.send(a, from("10.0.1.10", "10.0.1.11"));
    world.send(a, from("10.0.1.10", "10.0.2.11"));
    world.send(a, from("10.0.1.10", "10.0.2.11"));
    const windows = world.fabric.flowLogs.take("fl", 1e12, []);
    expect(
      windows.map(({ port, flows }) => `${port.id} ${flows.map(({ packets }) => packets).join()}`),
    ).toEqual(["eni-a 1,2", "eni-far 2", "eni-near 1"]);
  });

  test("the same packet object sent again is another packet", () => {
    const world = logged();
    world.table("rtb", [route("0.0.0.0/0", "igw")]);
    const a = world.port("eni-a", { addresses: ["10.0.1.10"] });
    world.publish("198.51.100.1", a);
    const out = from("10.0.1.10", "203.0.113.5");
    const lost = from("10.0.1.10", "10.0.1.77");
    for (let i = 0; i < 3; i++) world.send(a, out);
    for (let i = 0; i < 3; i++) world.send(a, lost);
    for (let i = 0; i < 3; i++) world.trace(undefined, from("203.0.113.5", "198.51.100.1"));
    expect(recorded(world, "eni-a")).toEqual([
      "egress 10.0.1.10 203.0.113.5 ACCEPT 2 3",
      "egress 10.0.1.10 10.0.1.77 ACCEPT - 3",
      "ingress 203.0.113.5 10.0.1.10 ACCEPT - 3",
    ]);
  });

  test("how packets leave: no way, a blackhole, a middlebox, an internet gateway, a group that says no", () => {
    const world = logged();
    world.port("eni-box", { addresses: ["10.0.2.9"], subnet: "b", check: false });
    world.table("rtb", [
      route("0.0.0.0/0", "igw"),
      route("203.0.113.0/24", "eni-box"),
      route("198.18.0.0/15", "gone"),
    ]);
    world.fabric.putSecurityGroup("sg-shut", [anyIn]);
    const a = world.port("eni-a", { addresses: ["10.0.1.10"] });
    const shut = world.port("eni-shut", { addresses: ["10.0.1.12"], groups: ["sg-shut"] });
    world.send(a, from("10.0.1.10", "198.18.0.1"));
    world.send(a, from("10.0.1.10", "203.0.113.5"));
    world.send(a, from("10.0.1.10", "192.0.2.1"));
    world.send(shut, from("10.0.1.12", "192.0.2.1"));
    const { fabric } = world;
    const windows = fabric.flowLogs.take("fl", 1e12, []);
    const paths = windows.flatMap(({ port, flows }) =>
      flows.map(({ path, accepted }) => `${port.id} ${accepted} ${path ?? "-"}`),
    );
    expect(paths).toEqual([
      "eni-a true -",
      "eni-a true 1",
      // It has no public address, but was on its way.
      "eni-a true 2",
      "eni-box true -",
      "eni-shut false -",
    ]);
  });

  test("a closed connection's late packet is rejected", () => {
    const world = logged();
    world.fabric.putSecurityGroup("sg-out", [anyOut]);
    world.fabric.putSecurityGroup("sg-web", [inbound(tcp, 443, 443, "10.0.0.0/8")]);
    const a = world.port("eni-a", { addresses: ["10.0.1.10"], groups: ["sg-out"] });
    const b = world.port("eni-b", { addresses: ["10.0.2.10"], subnet: "b", groups: ["sg-web"] });
    const hello = from("10.0.1.10", "10.0.2.10");
    world.send(a, hello);
    world.send(b, back(hello));
    world.send(b, back(hello, { flags: RST }));
    world.send(b, back(hello, { flags: ACK }));
    expect(recorded(world, "eni-b").at(-1)).toBe("egress 10.0.2.10 10.0.1.10 REJECT - 1");
  });

  test("a packet of a secondary address as one of the primary address", () => {
    const site = new Site();
    const port = site.port(ENI, "10.0.0.5 10.0.0.6 2001:db8:1::5 2001:db8:1::6");
    site.log();
    site.send(port, from("10.0.0.6", "10.0.0.99"), 1, 60, 1, 1);
    site.send(port, from("2001:db8:1::6", "2001:db8:1::99"), 1, 60, 1, 1);
    expect(site.lines(600, fields("version srcaddr pkt-srcaddr type"))).toEqual([
      "3 10.0.0.5 10.0.0.6 IPv4",
      "3 2001:db8:1::5 2001:db8:1::6 IPv6",
    ]);
  });

  test("a regional NAT gateway, by flow logs of its own alone", () => {
    const site = new Site();
    site.table("private", [route("0.0.0.0/0", "nat")]);
    site.subnet("subnet-private", "10.0.1.0/24", "private");
    const client = site.port("eni-client", "10.0.1.5", "subnet-private");
    const addresses = ["198.51.100.1", "198.51.100.2"].map(ip);
    const doors = [{ zone: "a", addresses }];
    const plan = { id: "nat", vpc: VPC, table: "rtb", live: true, blockMode: "off", draining: [] } as const;
    site.fabric.putRegionalNatGateway({ ...plan, doors });
    for (const address of addresses) site.fabric.putPublicAddress({ address, to: { natGateway: "nat" } });
    site.log({ scope: "nat" });
    site.log({ id: "fl-vpc" });
    const { targets } = site.fabric;
    const ports = (): readonly Port[] => (targets.get("nat") as NatGateway | undefined)?.doors ?? [];
    for (const sourcePort of [40_000, 40_001]) {
      const asked = from("10.0.1.5", "203.0.113.5", { sourcePort });
      expect(exchange(site.fabric, client, asked, 1000).learned).toBe("answer");
    }
    // None of its addresses is the primary one: each connection shows the one that it has.
    const where = "nat - - - vpc-abcdefab012345678";
    const names = "resource-id interface-id subnet-id instance-id vpc-id interface-type flow-direction";
    const format = fields(`${names} srcaddr dstaddr pkt-srcaddr pkt-dstaddr next-hop-interface-id`);
    const lines = ["198.51.100.1", "198.51.100.2"].flatMap((own) => [
      `${where} regional_nat_gateway ingress 10.0.1.5 198.51.100.1 10.0.1.5 203.0.113.5 eni-client`,
      `${where} regional_nat_gateway egress ${own} 203.0.113.5 ${own} 203.0.113.5 -`,
      `${where} regional_nat_gateway ingress 203.0.113.5 ${own} 203.0.113.5 ${own} -`,
      `${where} regional_nat_gateway egress 198.51.100.1 10.0.1.5 203.0.113.5 10.0.1.5 eni-client`,
    ]);
    expect(site.lines(600, format, ports())).toEqual(lines);
    // New doors, as when an address has come to it, are the same place.
    site.fabric.putRegionalNatGateway({ ...plan, doors: [...doors, { zone: "b", addresses: [] }] });
    expect(site.lines(1200, fields("resource-id log-status"), ports())).toEqual(["nat NODATA", "nat NODATA"]);
    expect(new Set(site.lines(600, fields("interface-id resource-id"), [], "fl-vpc"))).toEqual(
      new Set(["eni-client -"]),
    );
  });

  test("only what the log is about: a subnet or an interface, what passed or what did not", () => {
    const world = new World();
    const put = (id: string, scope: string, traffic: FlowLogPlan["traffic"] = "ALL") =>
      world.fabric.flowLogs.put({ id, scope, traffic, interval: 600, since: 0 });
    put("subnet", "b");
    put("interface", "eni-a");
    put("accepted", "vpc", "ACCEPT");
    put("rejected", "vpc", "REJECT");
    world.fabric.putSecurityGroup("sg-none", []);
    const a = world.port("eni-a", { addresses: ["10.0.1.10"] });
    world.port("eni-b", { addresses: ["10.0.2.10"], subnet: "b", groups: ["sg-none"] });
    world.send(a, from("10.0.1.10", "10.0.2.10"));
    const seen = (id: string) => world.fabric.flowLogs.take(id, 1e12, []).map(({ port }) => port.id);
    expect([seen("subnet"), seen("interface"), seen("accepted"), seen("rejected")]).toEqual([
      ["eni-b"],
      ["eni-a"],
      ["eni-a"],
      ["eni-b"],
    ]);
  });
});

describe("windows", () => {
  test("of 600 seconds, and of 60 at Nitro", () => {
    const world = logged();
    const slow = world.port("eni-slow", { addresses: ["10.0.1.10"] });
    const fast = world.port("eni-fast", { addresses: ["10.0.1.11"] });
    fast.nitro = true;
    world.now = 30_000;
    world.send(slow, from("10.0.1.10", "10.0.1.11"));
    world.now = 90_000;
    world.send(slow, from("10.0.1.10", "10.0.1.11"));
    const taken = (until: number) =>
      world.fabric.flowLogs
        .take("fl", until, [slow, fast])
        .map(({ port, start, end, flows }) => `${port.id} ${start / 1000}-${end / 1000} ${flows.length}`);
    expect(taken(59_999)).toEqual([]);
    expect(taken(180_000)).toEqual(["eni-fast 0-60 1", "eni-fast 60-120 1", "eni-fast 120-180 0"]);
    expect(taken(600_000)).toHaveLength(8);
    expect(taken(600_000)).toEqual([]);
  });

  test("what another process saw is skipped", () => {
    const world = logged({ interval: 60, lost: true, since: 30_000 });
    const a = world.port("eni-a", { addresses: ["10.0.1.10"] });
    const statuses = (until: number) =>
      world.fabric.flowLogs.take("fl", until, [a]).map(({ start, skipped }) => `${start} ${skipped}`);
    expect(statuses(60_000)).toEqual(["30000 true"]);
    expect(statuses(120_000)).toEqual(["60000 false"]);
  });

  test("a leap of years tells no more than the last hour", () => {
    const world = logged({ interval: 60 });
    const a = world.port("eni-a", { addresses: ["10.0.1.10"] });
    expect(world.fabric.flowLogs.take("fl", 1e12, [a])).toHaveLength(60);
  });

  test("whatever is sent when, each packet is counted once at each interface it passes", () => {
    const sends = fc.array(
      fc.record({ at: fc.nat({ max: 2000 }), port: fc.nat({ max: 3 }), to: fc.constantFrom(11, 12, 77) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(sends, fc.nat({ max: 2000 }), (sent, pause) => {
        const world = logged({ interval: 60 });
        const ports = [10, 11, 12].map((n) => world.port(`eni-${n}`, { addresses: [`10.0.1.${n}`] }));
        const [sender] = ports;
        const expected = sent.reduce((sum, { to }) => sum + (to === 77 ? 1 : 2), 0);
        let counted = 0;
        const take = (until: number) => {
          for (const { flows, start, end } of world.fabric.flowLogs.take("fl", until * 1000, ports)) {
            for (const { packets, first, last } of flows) {
              counted += packets;
              expect(start <= first && first <= last && last < end).toBe(true);
            }
          }
        };
        const inTime = sent.toSorted((a, b) => a.at - b.at);
        for (const { at, port, to } of inTime) {
          if (at > pause) take(Math.min(at, pause));
          world.now = at * 1000;
          if (sender) world.send(sender, from("10.0.1.10", `10.0.1.${to}`, { sourcePort: port }));
        }
        take(1e6);
        expect(counted).toBe(expected);
      }),
      { seed: 4, numRuns: 50 },
    );
  });

  test("nobody listens without a flow log", () => {
    const world = logged();
    expect(world.fabric.observers.size).toBe(1);
    world.fabric.flowLogs.put({ id: "fl", scope: "a", traffic: "ALL", interval: 60, since: 0 });
    world.fabric.flowLogs.remove("none");
    world.fabric.flowLogs.remove("fl");
    expect(world.fabric.observers.size).toBe(0);
    expect(world.fabric.flowLogs.take("fl", 1e12, [])).toEqual([]);
  });
});

describe("formats", () => {
  test.each([
    "",
    " ",
    "version",
    "${version} ",
    "${version}  ${action}",
    "${Version}",
    "${next-hop-zone}",
    "${version},${action}",
    "${__proto__}",
  ])("%j is none", (text) => {
    expect(FlowFormat.parse(text)).toBeUndefined();
  });

  test("the version is that of the newest field", () => {
    const site = new Site();
    const port = site.port(ENI, "10.0.0.5");
    site.log();
    site.send(
      port,
      packet({ source: ip("10.0.0.5"), destination: ip("10.0.0.9"), protocol: 50 }),
      1,
      60,
      1,
      1,
    );
    const versionOf = (names: string): string => {
      site.log({ id: names, since: 0 });
      site.send(
        port,
        packet({ source: ip("10.0.0.5"), destination: ip("10.0.0.9"), protocol: 50 }),
        1,
        60,
        1,
        1,
      );
      return site.lines(600, fields(names), [], names)[0] ?? "";
    };
    expect(versionOf("version protocol srcport dstport")).toBe("2 50 0 0");
    expect(versionOf("action version vpc-id")).toBe(`ACCEPT 3 ${VPC}`);
    expect(versionOf("version region az-id")).toBe("4 us-east-1 use1-az1");
    expect(versionOf("version ecs-task-id flow-direction")).toBe("7 - egress");
    expect(versionOf("version reject-reason")).toBe("8 -");
    expect(versionOf("version resource-id encryption-status")).toBe("10 - -");
    expect(versionOf("version asg-tag next-hop-vpc-id")).toBe("11 - -");
    expect(FlowFormat.parse(fields("version action"))?.header).toBe("version action");
  });

  test("of each flow, the interface that packets go to or come from straight; none beyond a gateway", () => {
    const site = new Site();
    site.place = {
      ...site.place,
      interfaceOf: (id) => ({
        zoneId: "use1-az1",
        type: id === "eni-nat" ? "nat_gateway" : "interface",
        encrypts: undefined,
      }),
    };
    site.table("private", [route("0.0.0.0/0", "nat")]);
    site.subnet("subnet-private", "10.0.1.0/24", "private");
    const client = site.port("eni-client", "10.0.1.5", "subnet-private");
    site.port("eni-closed", "10.0.0.9", SUBNET, { groups: ["sg-closed"] });
    const gateway = { owner: undefined, groups: [], filtered: false, sourceDestCheck: false };
    const nat = site.port("eni-nat", "10.0.0.220", SUBNET, gateway);
    site.fabric.putNatGateway({ id: "nat", port: "eni-nat", live: true, draining: [] });
    site.publish("198.51.100.1", nat);
    site.log();
    expect(exchange(site.fabric, client, from("10.0.1.5", "203.0.113.5"), 1000).learned).toBe("answer");
    site.send(client, from("10.0.1.5", "10.0.0.9"), 1, 60, 2, 2);
    const names =
      "interface-id interface-type flow-direction action next-hop-interface-id next-hop-interface-type next-hop-subnet-id";
    expect(site.lines(600, fields(names))).toEqual([
      `eni-client - egress ACCEPT eni-nat nat_gateway ${SUBNET}`,
      `eni-client - ingress ACCEPT eni-nat nat_gateway ${SUBNET}`,
      `eni-client - egress ACCEPT eni-closed - ${SUBNET}`,
      "eni-closed - ingress REJECT eni-client - subnet-private",
      "eni-nat nat_gateway ingress ACCEPT eni-client - subnet-private",
      "eni-nat nat_gateway egress ACCEPT - - -",
      "eni-nat nat_gateway ingress ACCEPT - - -",
      "eni-nat nat_gateway egress ACCEPT eni-client - subnet-private",
    ]);
  });

  test("whether the hosts at both ends encrypt, where somebody watches over that", () => {
    const site = new Site();
    const sender = site.port("eni-a", "10.0.0.5");
    site.publish("198.51.100.1", sender);
    for (const last of [6, 7, 8]) site.port(`eni-${last}`, `10.0.0.${last}`);
    const encrypting = new Map([
      ["eni-a", true],
      ["eni-6", true],
      ["eni-7", false],
    ]);
    const interfaceOf = (id: string) => ({ zoneId: "z", type: "interface", encrypts: encrypting.get(id) });
    const told = (watched: boolean): string[] => {
      site.place = { ...site.place, watchesEncryption: () => watched, interfaceOf };
      const id = `fl-${watched}`;
      site.log({ id, scope: "eni-a" });
      const at = site.now / 1000 + 1;
      for (const to of ["10.0.0.6", "10.0.0.7", "10.0.0.8", "203.0.113.9"]) {
        site.send(sender, from("10.0.0.5", to), 1, 60, at, at);
      }
      site.now = 600_000;
      return site.lines(watched ? 600 : 1200, fields("dstaddr encryption-status"), [], id);
    };
    expect(told(true)).toEqual(["10.0.0.6 1", "10.0.0.7 0", "10.0.0.8 -", "203.0.113.9 0"]);
    expect(told(false)).toEqual(["10.0.0.6 -", "10.0.0.7 -", "10.0.0.8 -", "203.0.113.9 -"]);
  });

  test("Block Public Access is named as the reason", () => {
    const site = new Site();
    const port = site.port(ENI, "10.0.0.5");
    site.publish("198.51.100.1", port);
    site.fabric.blockPublicAccess(SUBNET, "block-bidirectional");
    site.log();
    site.send(port, from("10.0.0.5", "203.0.113.5"), 1, 60, 1, 1);
    site.send(undefined, from("203.0.113.5", "198.51.100.1"), 1, 60, 1, 1);
    expect(site.lines(600, fields("flow-direction action reject-reason"))).toEqual([
      "egress REJECT BPA",
      "ingress REJECT BPA",
    ]);
  });
});
