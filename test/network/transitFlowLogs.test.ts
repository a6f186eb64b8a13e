/** What flow logs of transit gateways tell: each packet at the attachment it comes in by, and at the one it leaves by. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Fabric } from "../../network/fabric.ts";
import { block, formatIp, ip } from "../../network/ip.ts";
import { ACK, packet, SYN, type Packet } from "../../network/packet.ts";
import type { Port } from "../../network/port.ts";
import { TransitFlowLogs, type TransitFlowLogPlan } from "../../network/transitFlowLogs.ts";
import {
  DEFAULT_TRANSIT_FORMAT,
  TransitFlowFormat,
  type TransitFlowPlace,
} from "../../network/transitFlowRecord.ts";
import type { TransitGatewayRoute } from "../../network/transitGatewayRouteTable.ts";
import { all, anyIn, anyOut, ended, entering, from, leaving, openAcl, route } from "./world.ts";

const place: TransitFlowPlace = {
  account: "123456789012",
  region: "us-east-1",
  placeOf: (id) => ({ account: `owner-of-${id}`, zoneId: "use1-az1" }),
  serviceOf: (address) => (formatIp(address) === "10.2.0.11" ? "S3" : undefined),
};

/** The VPCs 1 and 2, 10.n.0.0/24 with a host at .10 and the gateway's interface at .4, and a blackhole for 10.3.0.0/16. */
class Hub {
  readonly fabric = new Fabric();
  readonly hosts: Port[] = [];

  constructor() {
    const { fabric } = this;
    const ipv6 = [entering, leaving].map((each) => each(101, true, all, -1, -1, "::/0"));
    fabric.putNetworkAcl("acl", [...openAcl, ...ipv6]);
    fabric.putSecurityGroup("sg", [anyIn, anyOut]);
    fabric.transitGateways.putGateway({ id: "tgw" });
    this.table();
    for (const n of [1, 2]) this.vpc(n);
  }

  table(more: readonly TransitGatewayRoute[] = []): void {
    const to = (cidr: string, attachment: string | undefined): TransitGatewayRoute => ({
      destination: block(cidr),
      attachment,
      origin: "static",
    });
    const routes = [to("10.1.0.0/16", "1"), to("10.2.0.0/16", "2"), to("10.3.0.0/16", undefined), ...more];
    this.fabric.transitGateways.putRouteTable("main", routes);
  }

  vpc(n: number): void {
    const vpc = `vpc-${n}`;
    this.fabric.putVpc({ id: vpc, blocks: [block(`10.${n}.0.0/16`)] });
    this.fabric.putRouteTable({ id: `rtb-${n}`, vpc, main: true, routes: [route("0.0.0.0/0", "tgw")] });
    const blocks = [block(`10.${n}.0.0/24`)];
    this.fabric.putSubnet({ id: `subnet-${n}`, vpc, zone: "a", blocks, acl: "acl", table: undefined });
    this.port(`eni-${n}`, n, 4, false);
    this.hosts[n] = this.port(`host-${n}`, n, 10, true);
    this.attach(n);
  }

  attach(n: number, table: string | undefined = "main"): void {
    const plan = { id: String(n), gateway: "tgw", vpc: `vpc-${n}`, table, live: true, ports: [`eni-${n}`] };
    this.fabric.transitGateways.putVpcAttachment(plan);
  }

  port(id: string, n: number, last: number, isHost: boolean): Port {
    const addresses = [ip(`10.${n}.0.${last}`)];
    this.fabric.putPort({
      id,
      mac: `0a:${id}`,
      subnet: `subnet-${n}`,
      addresses,
      groups: isHost ? ["sg"] : [],
      filtered: isHost,
      sourceDestCheck: isHost,
      owner: isHost ? `i-${n}` : undefined,
      live: true,
    });
    const port = this.fabric.ports.get(id);
    if (!port) throw new Error("no port");
    return port;
  }

  log(plan: Partial<TransitFlowLogPlan> = {}): void {
    this.fabric.transitFlowLogs.put({ id: "fl", gateway: "tgw", attachment: undefined, since: 0, ...plan });
  }

  send(sent: Packet, now = 1000): string {
    const host = this.hosts.find((each) => each?.addresses[0] === sent.source);
    if (!host) throw new Error("no host");
    return ended(this.fabric.send(host, sent, now));
  }

  lines(format = DEFAULT_TRANSIT_FORMAT, attachments: readonly string[] = [], until = 60): string[] {
    const windows = this.fabric.transitFlowLogs.take("fl", until * 1000, attachments);
    const written = TransitFlowFormat.parse(format);
    return windows.flatMap((window) => (written?.write(window, place) ?? []).map(({ text }) => text));
  }
}

const there = (more: Partial<Packet> = {}): Packet => from("10.1.0.10", "10.2.0.10", more);
const WAY =
  "${tgw-attachment-id} ${flow-direction} ${tgw-pair-attachment-id} ${srcaddr} ${dstaddr} ${packets}";
const LOST =
  "${tgw-attachment-id} ${flow-direction} ${packets} ${packets-lost-no-route} ${packets-lost-blackhole} " +
  "${packets-lost-mtu-exceeded} ${packets-lost-ttl-expired}";

describe("records", () => {
  test("in the default format: all fields, where a packet comes in and where it leaves", () => {
    const hub = new Hub();
    hub.log();
    for (const now of [1000, 5999]) {
      expect(hub.send(there({ length: 100, flags: SYN | ACK }), now)).toBe("host-2");
    }
    const ways = "owner-of-eni-1 owner-of-eni-2 vpc-1 vpc-2 subnet-1 subnet-2 eni-1 eni-2 use1-az1 use1-az1";
    const { sourcePort, destinationPort } = there();
    const flow = `10.1.0.10 10.2.0.10 ${sourcePort} ${destinationPort} 6 2 200 1 5 OK IPv4 0 0 0 0 18 us-east-1`;
    expect(hub.lines()).toEqual([
      `6 TransitGateway 123456789012 tgw 1 ${ways} 2 ${flow} ingress - -`,
      `6 TransitGateway 123456789012 tgw 2 ${ways} 1 ${flow} egress - -`,
    ]);
    expect(hub.lines(undefined, [], 120)).toEqual([]);
  });

  test("an attachment without traffic has none to tell", () => {
    const hub = new Hub();
    hub.log();
    hub.send(there());
    const lines = hub.lines(undefined, ["1", "2", "9"]);
    expect(lines).toHaveLength(3);
    expect(lines[2]).toBe(
      `6 TransitGateway 123456789012 tgw 9 ${"- ".repeat(18)}0 60 NODATA - - - - - - us-east-1 - - -`,
    );
  });

  test("the version is the highest of the fields; flags of acknowledgements alone are none; services", () => {
    const hub = new Hub();
    hub.log();
    hub.send(from("10.1.0.10", "10.2.0.11", { flags: ACK }));
    hub.send(there({ flags: ACK | 8 }));
    expect(hub.lines("${version} ${tcp-flags} ${pkt-src-aws-service} ${pkt-dst-aws-service}")).toEqual([
      "5 0 - S3",
      "5 24 - -",
      "5 0 - S3",
      "5 24 - -",
    ]);
    expect(TransitFlowFormat.parse("${version} ${action}")).toBeUndefined();
    expect(TransitFlowFormat.parse("${tgw-id}")?.header).toBe("tgw-id");
  });

  test("windows last a minute, and more flows than can be kept are skipped", () => {
    const hub = new Hub();
    hub.log();
    hub.send(there(), 59_999);
    hub.send(there(), 60_000);
    expect(hub.lines("${start} ${end} ${flow-direction}", [], 120)).toEqual([
      "59 59 ingress",
      "59 59 egress",
      "60 60 ingress",
      "60 60 egress",
    ]);
    const small = new TransitFlowLogs(1);
    small.put({ id: "fl", gateway: "tgw", attachment: undefined, since: 0 });
    const attachment = hub.fabric.transitGateways.gatewayOf("tgw").attachmentOf("1");
    if (!attachment) throw new Error("no attachment");
    for (const sourcePort of [1, 2]) {
      const source = { attachment, port: undefined, packet: there({ sourcePort }) };
      small.note({ gateway: "tgw", source, target: undefined, passed: false, loss: undefined }, 1);
    }
    const [window] = small.take("fl", 60_000, []);
    expect([window?.flows.length, window?.skipped]).toEqual([1, true]);
  });
});

describe("what is recorded", () => {
  test("of one attachment, what it takes and what it gives", () => {
    const hub = new Hub();
    hub.log({ attachment: "1" });
    hub.send(there());
    hub.send(from("10.2.0.10", "10.1.0.10"));
    expect(hub.lines(WAY)).toEqual(["1 ingress 2 10.1.0.10 10.2.0.10 1", "1 egress 2 10.2.0.10 10.1.0.10 1"]);
  });

  test("not what a gateway never gets, and all that it passes on, whoever drops it then", () => {
    const hub = new Hub();
    hub.log();
    hub.fabric.putSecurityGroup("sg", [anyOut]);
    expect(hub.send(there())).not.toBe("host-2");
    expect(hub.lines(WAY)).toHaveLength(2);
    hub.fabric.putNetworkAcl("acl", []);
    hub.send(there(), 61_000);
    expect(hub.lines(WAY, [], 120)).toEqual([]);
  });

  test.each<[string, Packet, string]>([
    ["no route", from("10.1.0.10", "10.9.0.10"), "1 ingress 1 1 0 0 0"],
    ["a blackhole", from("10.1.0.10", "10.3.0.10"), "1 ingress 1 0 1 0 0"],
    ["too long", there({ length: 8600, dontFragment: true }), "1 ingress 1 0 0 1 0"],
    ["no time to live left", there({ ttl: 1 }), "1 ingress 1 0 0 0 1"],
  ])("losses: %s", (_what, sent, line) => {
    const hub = new Hub();
    hub.log();
    hub.send(sent);
    expect(hub.lines(LOST)).toEqual([line]);
  });

  test("losses: without a table there is no route", () => {
    const hub = new Hub();
    const { transitGateways } = hub.fabric;
    const plan = { id: "1", gateway: "tgw", vpc: "vpc-1", table: undefined, live: true, ports: ["eni-1"] };
    transitGateways.putVpcAttachment(plan);
    hub.log();
    hub.send(there());
    expect(hub.lines(LOST)).toEqual(["1 ingress 1 1 0 0 0"]);
  });

  test("losses: at a VPN connection whose tunnels are down", () => {
    const hub = new Hub();
    const { vpns } = hub.fabric;
    const tunnels = [{ outside: ip("52.0.0.1"), site: undefined }];
    const [local, remote] = [block("0.0.0.0/0"), block("0.0.0.0/0")];
    vpns.putConnection({ id: "vpn", order: 1, gateway: undefined, tunnels, local, remote });
    vpns.putAttachment({ id: "v", gateway: "tgw", table: "main", live: true, connection: "vpn" });
    hub.table([{ destination: block("10.9.0.0/16"), attachment: "v", origin: "static" }]);
    hub.log();
    expect(hub.send(from("10.1.0.10", "10.9.0.10"))).toBe("TGW_BAD_STATE_VPN");
    expect(hub.lines(`\${tgw-pair-attachment-id} ${LOST}`)).toEqual(["v 1 ingress 1 0 1 0 0"]);
  });

  test("addresses as they are on each side of a translation", () => {
    const hub = new Hub();
    hub.fabric.transitGateways.putAttachmentRules({
      id: "1",
      gateway: "tgw",
      policy: undefined,
      translations: [{ number: 1, inside: block("10.1.0.0/24"), outside: block("10.7.0.0/24") }],
    });
    hub.log();
    hub.send(there());
    expect(hub.lines(WAY)).toEqual(["1 ingress 2 10.1.0.10 10.2.0.10 1", "2 egress 1 10.7.0.10 10.2.0.10 1"]);
  });

  test("of a log that is gone nothing, and of one that was elsewhere nobody knows", () => {
    const hub = new Hub();
    hub.log({ lost: true });
    expect(hub.lines("${tgw-id} ${log-status}", ["1"])).toEqual(["tgw SKIPDATA"]);
    hub.fabric.transitFlowLogs.remove("fl");
    hub.fabric.transitFlowLogs.remove("fl");
    hub.send(there(), 61_000);
    expect(hub.fabric.transitFlowLogs.listens("tgw")).toBe(false);
    expect(hub.lines(WAY, ["1"], 120)).toEqual([]);
  });

  test("what comes in leaves, or is lost", () => {
    const address = fc.constantFrom("10.1.0.10", "10.2.0.10", "10.3.0.10", "10.9.0.10");
    const sent = fc.record({
      source: fc.constantFrom("10.1.0.10", "10.2.0.10"),
      destination: address,
      sourcePort: fc.integer({ min: 1, max: 3 }),
      length: fc.constantFrom(100, 8600),
      ttl: fc.constantFrom(1, 64),
    });
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 20 }), (packets) => {
        const hub = new Hub();
        hub.log();
        let crossed = 0;
        for (const { source, destination, ...more } of packets) {
          if (source === destination) continue;
          crossed++;
          hub.send(packet({ ...from(source, destination), ...more, dontFragment: true }));
        }
        const flows = hub.fabric.transitFlowLogs.take("fl", 60_000, []).flatMap((each) => each.flows);
        const sum = (of: typeof flows, count: (flow: (typeof flows)[number]) => number) =>
          of.reduce((total, flow) => total + count(flow), 0);
        const [entered, left] = ["ingress", "egress"].map((way) =>
          flows.filter(({ direction }) => direction === way),
        );
        const lost = sum(flows, (flow) => Object.values(flow.lost).reduce((a, b) => a + b, 0));
        expect(sum(entered ?? [], (flow) => flow.packets)).toBe(crossed);
        expect(sum(left ?? [], (flow) => flow.packets) + lost).toBe(crossed);
      }),
      { seed: 4, numRuns: 50 },
    );
  });
});

test("a receiver in the subnet of the gateway's interface: flow logs of the VPC see that interface, too", () => {
  const hub = new Hub();
  hub.fabric.flowLogs.put({ id: "fl", scope: "eni-2", traffic: "ALL", interval: 600, since: 0 });
  expect(hub.send(there())).toBe("host-2");
  const [window] = hub.fabric.flowLogs.take("fl", 600_000, []);
  expect(
    window?.flows.map(({ direction, accepted, path, packets }) => [direction, accepted, path, packets]),
  ).toEqual([["egress", true, 1, 1]]);
});
