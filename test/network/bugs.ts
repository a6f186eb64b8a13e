import { ConnectionTracking } from "../../network/connectionTracking.ts";
import { CustomerSite } from "../../network/customerSite.ts";
import { EgressOnlyInternetGateway } from "../../network/egressOnlyInternetGateway.ts";
import { GatewayEndpoint } from "../../network/gatewayEndpoint.ts";
import { InterfaceEndpoint } from "../../network/interfaceEndpoint.ts";
import { InternetGateway } from "../../network/internetGateway.ts";
import { IgmpHosts } from "../../network/igmp.ts";
import { holds, ip, within } from "../../network/ip.ts";
import type { End } from "../../network/journey.ts";
import { MulticastDomain } from "../../network/multicastDomain.ts";
import { NatTranslations, type Translation } from "../../network/natTranslations.ts";
import { NetworkAcl } from "../../network/networkAcl.ts";
import { ICMP, readdressed, type Packet } from "../../network/packet.ts";
import { Peering } from "../../network/peering.ts";
import { Port, type Verdict } from "../../network/port.ts";
import { LOCAL, RouteTable, type Route } from "../../network/routeTable.ts";
import { isAnywhere, SecurityGroup, type SecurityGroupRule } from "../../network/securityGroup.ts";
import { SiteRoutes, type SiteRoute } from "../../network/siteRoutes.ts";
import { TransitGateway } from "../../network/transitGateway.ts";
import { TransitGatewayRouteTable } from "../../network/transitGatewayRouteTable.ts";
import { TransitGatewayVpcAttachment } from "../../network/transitGatewayVpcAttachment.ts";
import { Vpc } from "../../network/vpc.ts";
import { VpnGateway } from "../../network/vpnGateway.ts";
import { Walk } from "../../network/walk.ts";
import { all, replace, type Planted } from "../planting.ts";
import { serviceLinkBugs } from "./serviceLinkBugs.ts";

/** Lets code run while the source/destination check of an interface is off. */
function unchecked<T>(port: Port, run: () => T): T {
  const { sourceDestCheck } = port;
  port.sourceDestCheck = false;
  try {
    return run();
  } finally {
    port.sourceDestCheck = sourceDestCheck;
  }
}

/** Puts other routes in the place of those that a table is given. */
const routesInstead = (instead: (routes: readonly Route[], table: RouteTable) => readonly Route[]) => () =>
  replace(
    RouteTable.prototype,
    "put",
    (original) =>
      function (this: RouteTable, routes) {
        original.call(this, instead(routes, this));
      },
  );

/** Puts other rules in the place of those that a group is given. */
const rulesInstead = (instead: (rules: readonly SecurityGroupRule[]) => readonly SecurityGroupRule[]) => () =>
  replace(
    SecurityGroup.prototype,
    "put",
    (original) =>
      function (this: SecurityGroup, rules) {
        original.call(this, instead(rules));
      },
  );

/** Puts other routes in the place of those that a virtual private gateway or a concentrator knows. */
const siteRoutesInstead = (instead: (routes: readonly SiteRoute[]) => readonly SiteRoute[]) => () =>
  replace(
    SiteRoutes.prototype,
    "put",
    (original) =>
      function (this: SiteRoutes, routes) {
        original.call(this, instead(routes));
      },
  );

const blockOf = ({ destination }: Route) => ("base" in destination ? destination : undefined);

/** What a packet looks like that is of the same flow and direction. */
const flowOf = ({ source, destination, protocol, sourcePort, destinationPort, id }: Packet): string =>
  [protocol, source, sourcePort, destination, destinationPort, id].join();
const answerOf = ({ source, destination, protocol, sourcePort, destinationPort, id }: Packet): string =>
  [protocol, destination, destinationPort, source, sourcePort, id].join();

export const bugs: readonly Planted[] = [
  {
    name: "a propagated route wins over a static one to the same block",
    plant: routesInstead((routes) =>
      routes.filter(
        (route) =>
          route.origin !== "static" ||
          !routes.some((other) => {
            const [a, b] = [blockOf(route), blockOf(other)];
            return other.origin !== "static" && a && b && a.base === b.base && a.length === b.length;
          }),
      ),
    ),
  },
  {
    name: "a route of a prefix list wins over one with a CIDR block",
    plant: routesInstead((routes, { vpc }) =>
      routes.map((route) => {
        const block = blockOf(route);
        const isLocal = block && vpc.blocks.some((own) => holds(own, block));
        if (!block || isLocal || route.origin !== "static") return route;
        return { ...route, origin: "propagated-direct-connect", pathLength: -1 };
      }),
    ),
  },
  {
    name: "the longest AS path wins",
    plant: routesInstead((routes) =>
      routes.map((route) => ({ ...route, pathLength: -(route.pathLength ?? 0) })),
    ),
  },
  {
    name: "the newer one of two equal routes wins",
    plant: routesInstead((routes) => routes.toReversed()),
  },
  {
    name: "the first route that matches wins, not the longest prefix",
    plant: () =>
      replace(
        RouteTable.prototype,
        "find",
        (original) =>
          function (this: RouteTable, address) {
            for (const route of this.routes) {
              const block = blockOf(route);
              if (block && within(block, address)) return { block, route };
            }
            return original.call(this, address);
          },
      ),
  },
  {
    name: "the local route loses to a more specific one that was propagated",
    plant: routesInstead((routes, { vpc }) =>
      routes.map((route) => {
        const block = blockOf(route);
        const isInside = block && vpc.blocks.some((own) => holds(own, block));
        return isInside ? { ...route, origin: "static" } : route;
      }),
    ),
  },
  {
    name: "the local route loses to the default route",
    plant: () =>
      replace(
        RouteTable.prototype,
        "find",
        (original) =>
          function (this: RouteTable, address) {
            const found = original.call(this, address);
            if (found?.route.target !== LOCAL) return found;
            // Far outside of what a VPC has.
            const byDefault = original.call(this, typeof address === "number" ? 0x08_08_08_08 : 1n);
            return byDefault?.block.length === 0 ? byDefault : found;
          },
      ),
  },
  {
    name: "a blackhole does not win by its prefix: the next best route is taken",
    plant: () =>
      replace(
        Walk.prototype,
        "route",
        (original) =>
          function (this: Walk, port, packet, carrier) {
            const end = original.call(this, port, packet, carrier);
            const { table } = port.subnet;
            if (!table || end.outcome !== "dropped" || end.reason !== "BAD_STATE_ROUTE") return end;
            const { routes } = table;
            table.put(routes.filter(({ target }) => this.fabric.targets.get(target)?.serves(table.vpc)));
            try {
              return original.call(this, port, packet, carrier);
            } finally {
              table.put(routes);
            }
          },
      ),
  },
  {
    name: "of an interface's groups, only the first one counts",
    plant: () =>
      replace(
        Port.prototype,
        "filter",
        (original) =>
          function (this: Port, packet, egress, carrier, now, automatic) {
            const { groups } = this;
            this.groups = groups.slice(0, 1);
            try {
              return original.call(this, packet, egress, carrier, now, automatic);
            } finally {
              this.groups = groups;
            }
          },
      ),
  },
  {
    name: "of a group's rules, the first one about a port decides, whoever its peer is",
    plant: rulesInstead((rules) =>
      rules.filter(
        (rule, i) =>
          rules.findIndex(
            ({ egress, protocol, from, to }) =>
              egress === rule.egress && protocol === rule.protocol && from === rule.from && to === rule.to,
          ) === i,
      ),
    ),
  },
  {
    name: "a rule that names a group is about everybody",
    plant: rulesInstead((rules) =>
      rules.map((rule) =>
        rule.peer.kind === "group"
          ? { ...rule, peer: { kind: "block", block: { base: 0, length: 0 } } }
          : rule,
      ),
    ),
  },
  {
    name: "a rule that names a group is about whoever forwards a packet",
    plant: () => {
      let last: Port | undefined;
      return all(
        replace(
          Walk.prototype,
          "receive",
          (original) =>
            function (this: Walk, port, packet, sender, crossed) {
              last = sender;
              return original.call(this, port, packet, sender, crossed);
            },
        ),
        replace(
          Port.prototype,
          "filter",
          (original) =>
            function (this: Port, packet, egress, carrier, now, automatic) {
              return original.call(
                this,
                packet,
                egress,
                carrier ?? (egress ? undefined : last),
                now,
                automatic,
              );
            },
        ),
      );
    },
  },
  {
    name: "groups filter what comes in only",
    plant: () =>
      replace(
        Port.prototype,
        "filter",
        (original) =>
          function (this: Port, packet, egress, carrier, now, automatic) {
            const verdict = original.call(this, packet, egress, carrier, now, automatic);
            const [group] = this.groups;
            if (!egress || typeof verdict !== "string" || !group) return verdict;
            const rule = {
              id: "sgr-none",
              egress,
              protocol: -1,
              from: -1,
              to: -1,
              peer: { kind: "group", id: group.id } as const,
            };
            return { rule, group, tracked: false };
          },
      ),
  },
  {
    name: "a change of rules does not concern who was let in before",
    plant: () => {
      const said = new WeakMap<Port, Map<string, Verdict>>();
      return replace(
        Port.prototype,
        "filter",
        (original) =>
          function (this: Port, packet, egress, carrier, now, automatic) {
            const key = `${egress} ${flowOf(packet)} ${packet.type}`;
            let known = said.get(this);
            if (!known) said.set(this, (known = new Map()));
            const verdict = known.get(key) ?? original.call(this, packet, egress, carrier, now, automatic);
            if (typeof verdict !== "string") known.set(key, verdict);
            return verdict;
          },
      );
    },
  },
  {
    name: "a change of rules cuts tracked flows, too",
    plant: () => {
      let changed = new WeakSet<Port>();
      return all(
        replace(
          SecurityGroup.prototype,
          "put",
          (original) =>
            function (this: SecurityGroup, rules) {
              original.call(this, rules);
              changed = new WeakSet();
            },
        ),
        replace(
          Walk.prototype,
          "transmit",
          (original) =>
            function (this: Walk, port, packet, frame) {
              for (const each of this.fabric.ports.values()) {
                if (!changed.has(each)) each.tracking.clear();
                changed.add(each);
              }
              return original.call(this, port, packet, frame);
            },
        ),
      );
    },
  },
  {
    name: "the reply is filtered: an answer needs a rule of its own",
    plant: () => replace(ConnectionTracking.prototype, "passes", () => () => false),
  },
  {
    name: "flows are told apart by addresses alone, not by ports",
    plant: () =>
      replace(
        ConnectionTracking.prototype,
        "passes",
        (original) =>
          function (this: ConnectionTracking, packet, egress, now) {
            const { sourcePort, destinationPort } = packet;
            if (original.call(this, packet, egress, now)) return true;
            return [-1, 0, 1].some((by) =>
              original.call(
                this,
                { ...packet, sourcePort: sourcePort + by, destinationPort: destinationPort - 1 },
                egress,
                now,
              ),
            );
          },
      ),
  },
  {
    name: "flows are remembered for ever",
    plant: () =>
      replace(
        ConnectionTracking.prototype,
        "passes",
        (original) =>
          function (this: ConnectionTracking, packet, egress) {
            return original.call(this, packet, egress, 0);
          },
      ),
  },
  {
    name: "all open TCP and UDP is left untracked, though its answers are not allowed",
    plant: () =>
      replace(
        Port.prototype,
        "filter",
        (original) =>
          function (this: Port, packet, egress, carrier, now, automatic) {
            const verdict = original.call(this, packet, egress, carrier, now, automatic);
            if (typeof verdict === "string" || !isAnywhere(verdict.rule) || packet.protocol === ICMP)
              return verdict;
            this.tracking.clear();
            return { ...verdict, tracked: false };
          },
      ),
  },
  {
    name: "network ACLs are stateful: an answer passes whatever the entries",
    plant: () => {
      const passed = new WeakMap<NetworkAcl, Set<string>>();
      return replace(
        Walk.prototype,
        "guard",
        (original) =>
          function (this: Walk, port, packet, egress) {
            const { acl } = port.subnet;
            if (!acl) return undefined;
            let known = passed.get(acl);
            if (!known) passed.set(acl, (known = new Set()));
            if (known.has(answerOf(packet))) return undefined;
            const end = original.call(this, port, packet, egress);
            if (!end) known.add(flowOf(packet));
            return end;
          },
      );
    },
  },
  {
    name: "the ACL entry with the highest number decides",
    plant: () =>
      replace(
        NetworkAcl.prototype,
        "put",
        (original) =>
          function (this: NetworkAcl, entries) {
            original.call(
              this,
              entries.map((entry) => ({ ...entry, number: -entry.number })),
            );
          },
      ),
  },
  {
    name: "of an ACL's entries, a deny wins whatever its number",
    plant: () =>
      replace(
        NetworkAcl.prototype,
        "put",
        (original) =>
          function (this: NetworkAcl, entries) {
            original.call(
              this,
              entries.map((entry) => ({ ...entry, number: entry.number + (entry.allow ? 1e6 : 0) })),
            );
          },
      ),
  },
  {
    name: "network ACLs guard the way out only",
    plant: () =>
      replace(
        Walk.prototype,
        "guard",
        (original) =>
          function (this: Walk, port, packet, egress) {
            return egress ? original.call(this, port, packet, egress) : undefined;
          },
      ),
  },
  {
    name: "network ACLs stand between neighbours of a subnet, too",
    plant: () =>
      replace(
        Walk.prototype,
        "receive",
        (original) =>
          function (this: Walk, port, packet, sender) {
            return original.call(this, port, packet, sender, true);
          },
      ),
  },
  {
    name: "with the source/destination check off, the MAC address is not checked either",
    plant: () =>
      replace(
        Walk.prototype,
        "transmit",
        (original) =>
          function (this: Walk, port, packet, frame) {
            const mac = frame?.destinationMac;
            const free = !port.sourceDestCheck && frame ? { destinationMac: mac } : frame;
            return original.call(this, port, packet, free);
          },
      ),
  },
  {
    name: "the source address is not checked",
    plant: () =>
      replace(
        Walk.prototype,
        "transmit",
        (original) =>
          function (this: Walk, port, packet, frame) {
            return unchecked(port, () => original.call(this, port, packet, frame));
          },
      ),
  },
  {
    name: "the destination address is not checked",
    plant: () =>
      replace(
        Walk.prototype,
        "receive",
        (original) =>
          function (this: Walk, port, packet, sender, crossed) {
            return unchecked(port, () => original.call(this, port, packet, sender, crossed));
          },
      ),
  },
  {
    name: "an interface with its check off gets the frames of its whole subnet",
    plant: () =>
      replace(
        Walk.prototype,
        "receive",
        (original) =>
          function (this: Walk, port, packet, sender, crossed) {
            for (const each of port.subnet.portsByMac.values()) {
              if (each === port || each === sender || each.sourceDestCheck || !each.live) continue;
              this.pass(each, packet, each, "ingress");
            }
            return original.call(this, port, packet, sender, crossed);
          },
      ),
  },
  {
    name: "all subnets are one link: a MAC address is reached from everywhere",
    plant: () =>
      replace(
        Walk.prototype,
        "transmit",
        (original) =>
          function (this: Walk, port, packet, frame) {
            const end = original.call(this, port, packet, frame);
            if (end.outcome !== "dropped" || end.reason !== "UNKNOWN_MAC") return end;
            const ports = [...this.fabric.ports.values()];
            const found = ports.find(({ mac, live }) => live && mac === frame?.destinationMac);
            return found ? this.receive(found, packet, port, false) : end;
          },
      ),
  },
  {
    name: "broadcasts are delivered",
    plant: () =>
      replace(
        Walk.prototype,
        "transmit",
        (original) =>
          function (this: Walk, port, packet, frame) {
            const end = original.call(this, port, packet, frame);
            if (end.outcome !== "dropped" || end.reason !== "NO_BROADCAST") return end;
            for (const each of port.subnet.portsByMac.values()) {
              if (each !== port) unchecked(each, () => this.receive(each, packet, port, false));
            }
            return end;
          },
      ),
  },
  {
    name: "the network learns from what is sent who has an address",
    plant: () =>
      replace(
        Walk.prototype,
        "transmit",
        (original) =>
          function (this: Walk, port, packet, frame) {
            const end = original.call(this, port, packet, frame);
            const { vpc } = port.subnet;
            if (end.outcome !== "dropped" || end.component !== port) vpc.ports.set(packet.source, port);
            return end;
          },
      ),
  },
  {
    name: "an address is looked for in all VPCs",
    plant: () => {
      const known = new Set<Vpc>();
      return all(
        replace(
          Vpc.prototype,
          "put",
          (original) =>
            function (this: Vpc, blocks, dns) {
              known.add(this);
              original.call(this, blocks, dns);
            },
        ),
        replace(
          Vpc.prototype,
          "portOf",
          (original) =>
            function (this: Vpc, address) {
              const own = original.call(this, address);
              if (own) return own;
              // Those of the same fabric are put one after the other.
              const others = [...known].slice(-2).filter((vpc) => vpc !== this);
              return others.map((vpc) => original.call(vpc, address)).find((port) => port !== undefined);
            },
        ),
      );
    },
  },
  {
    name: "the metadata address is subject to groups",
    plant: () =>
      replace(
        Walk.prototype,
        "transmit",
        (original) =>
          function (this: Walk, port, packet, frame) {
            const end = original.call(this, port, packet, frame);
            if (end.outcome !== "served") return end;
            const verdict = port.filter(packet, true, undefined, this.now);
            return typeof verdict === "string" ? this.drop(verdict, port, packet, port, "egress") : end;
          },
      ),
  },
  {
    name: "a stopped instance still gets packets",
    plant: () =>
      replace(
        Walk.prototype,
        "receive",
        (original) =>
          function (this: Walk, port, packet, sender, crossed) {
            const { live } = port;
            port.live = true;
            try {
              return original.call(this, port, packet, sender, crossed);
            } finally {
              port.live = live;
            }
          },
      ),
  },
  {
    name: "the internet gateway lets private addresses out as they are",
    plant: () =>
      replace(
        InternetGateway.prototype,
        "forward",
        (original) =>
          function (this: InternetGateway, walk, packet, sender) {
            const end = original.call(this, walk, packet, sender);
            const isUnmapped =
              end.outcome === "dropped" && end.reason === "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS";
            return isUnmapped ? walk.fabric.internet.carry(walk, packet) : end;
          },
      ),
  },
  {
    name: "a NAT gateway gives two connections the same port",
    plant: () =>
      replace(
        NatTranslations.prototype,
        "begin",
        (original) =>
          function (this: NatTranslations, inside, remote, addresses, now) {
            const translation = original.call(this, inside, remote, addresses, now);
            return (
              translation && Object.assign(translation, { outside: { ...translation.outside, port: 1024 } })
            );
          },
      ),
  },
  {
    name: "a NAT gateway lets in whoever hits a port that is taken",
    plant: () => {
      const begun: Translation[] = [];
      return all(
        replace(
          NatTranslations.prototype,
          "begin",
          (original) =>
            function (this: NatTranslations, inside, remote, addresses, now) {
              const translation = original.call(this, inside, remote, addresses, now);
              if (translation) begun.push(translation);
              return translation;
            },
        ),
        replace(
          NatTranslations.prototype,
          "inbound",
          (original) =>
            function (this: NatTranslations, outside, remote, now) {
              const found = original.call(this, outside, remote, now);
              return found ?? begun.findLast((each) => each.outside.port === outside.port);
            },
        ),
      );
    },
  },
  {
    name: "a NAT gateway never forgets a connection",
    plant: () =>
      replace(
        NatTranslations.prototype,
        "inbound",
        (original) =>
          function (this: NatTranslations, outside, remote) {
            return original.call(this, outside, remote, 0);
          },
      ),
  },
  {
    name: "an egress-only internet gateway lets in what nobody asked for",
    plant: () =>
      replace(
        EgressOnlyInternetGateway.prototype,
        "enter",
        () =>
          function (this: EgressOnlyInternetGateway, walk, packet) {
            return walk.deliver(this.vpc, packet, undefined, undefined);
          },
      ),
  },
  {
    name: "a gateway endpoint lets the service in",
    plant: () =>
      replace(
        GatewayEndpoint.prototype,
        "answer",
        () =>
          function (this: GatewayEndpoint, walk, packet) {
            return walk.deliver(this.vpc, packet, undefined, undefined);
          },
      ),
  },
  {
    name: "an interface endpoint lets the service in",
    plant: () =>
      replace(
        InterfaceEndpoint.prototype,
        "answer",
        (original) =>
          function (this: InterfaceEndpoint, walk, packet): End {
            const [port] = this.ports;
            return port ? walk.emit(port, packet) : original.call(this, walk, packet);
          },
      ),
  },
  {
    name: "peering is transitive: a peer's peer is reached",
    plant: () =>
      replace(
        Peering.prototype,
        "forward",
        (original) =>
          function (this: Peering, walk, packet, sender) {
            const end = original.call(this, walk, packet, sender);
            if (end.outcome !== "dropped" || end.component !== this || !sender) return end;
            const others = new Set([...walk.fabric.ports.values()].map(({ subnet }) => subnet.vpc));
            for (const vpc of others) {
              if (vpc === sender.subnet.vpc || !this.serves(vpc)) continue;
              for (const next of walk.fabric.targets.values()) {
                if (!(next instanceof Peering) || !next.serves(vpc)) continue;
                const beyond = [...others].find(
                  (each) => each !== vpc && next.serves(each) && each.hasAddress(packet.destination),
                );
                if (beyond) return walk.deliver(beyond, packet, undefined, undefined);
              }
            }
            return end;
          },
      ),
  },
  {
    name: "what a transit gateway brings into a VPC is taken for the VPC's own",
    plant: () =>
      replace(
        TransitGatewayVpcAttachment.prototype,
        "put",
        (original) =>
          function (this: TransitGatewayVpcAttachment, settings) {
            original.call(this, settings);
            for (const port of this.ports) port.transit = false;
          },
      ),
  },
  {
    name: "a transit gateway routes what came by an attachment without a table, by any table",
    plant: () => {
      let some: TransitGatewayRouteTable | undefined;
      return replace(
        TransitGateway.prototype,
        "route",
        (original) =>
          function (this: TransitGateway, walk, packet, entry) {
            const { attachment } = entry;
            some = attachment.table ?? some;
            const instead = { ...entry, attachment: Object.create(attachment, { table: { value: some } }) };
            return original.call(this, walk, packet, attachment.table ? entry : instead);
          },
      );
    },
  },
  {
    name: "a transit gateway's blackhole does not win by its prefix",
    plant: () =>
      replace(
        TransitGateway.prototype,
        "route",
        (original) =>
          function (this: TransitGateway, walk, packet, entry) {
            const end = original.call(this, walk, packet, entry);
            if (end.outcome !== "dropped" || end.reason !== "TGW_RTB_BAD_STATE_ROUTE") return end;
            const vpc = [...this.vpcAttachments.keys()].find((each) => each.hasAddress(packet.destination));
            const next = vpc && this.vpcAttachments.get(vpc);
            return next ? next.forward(walk, packet, entry) : end;
          },
      ),
  },
  {
    name: "the internet gateway rewrites the wrong address of what comes in",
    plant: () =>
      replace(
        InternetGateway.prototype,
        "enter",
        (original) =>
          function (this: InternetGateway, walk, packet, inside) {
            return original.call(this, walk, readdressed(packet, inside, packet.destination), inside);
          },
      ),
  },
  ...serviceLinkBugs,
  {
    name: "a virtual private gateway takes packets of any VPC that has a route to it",
    plant: () =>
      all(
        replace(VpnGateway.prototype, "serves", () => () => true),
        replace(
          VpnGateway.prototype,
          "forward",
          (original) =>
            function (this: VpnGateway, walk, packet, sender) {
              const { vpc } = this;
              this.vpc = sender?.subnet.vpc ?? vpc;
              const end = original.call(this, walk, packet, sender);
              this.vpc = vpc;
              return end;
            },
        ),
      ),
  },
  {
    name: "a site is let into whatever VPC has the address, by a gateway of another one",
    plant: () =>
      replace(
        VpnGateway.prototype,
        "enter",
        (original) =>
          function (this: VpnGateway, walk, packet) {
            const strange = [...walk.fabric.ports.values()].find(
              (port) => port.live && port.owns(packet.destination) && port.subnet.vpc !== this.vpc,
            );
            return strange
              ? walk.receive(strange, packet, undefined, true)
              : original.call(this, walk, packet);
          },
      ),
  },
  {
    name: "a site passes on what is for another site",
    plant: () =>
      replace(
        CustomerSite.prototype,
        "receive",
        (original) =>
          function (this: CustomerSite, walk, packet) {
            return this.has(packet.destination) ? original.call(this, walk, packet) : this.send(walk, packet);
          },
      ),
  },
  {
    name: "what BGP tells over a VPN connection wins over what was written down",
    plant: siteRoutesInstead((routes) =>
      routes.map((route) => ({
        ...route,
        origin: route.origin === "propagated-vpn" ? "propagated-vpn-static" : "propagated-vpn",
      })),
    ),
  },
  {
    name: "of VPN connections the one with the highest discriminator wins",
    plant: siteRoutesInstead((routes) =>
      routes.map((route) => ({ ...route, discriminator: -route.discriminator })),
    ),
  },
  {
    name: "a transit gateway takes equal routes in turn, packet by packet",
    plant: () => {
      let turn = 0;
      return replace(
        TransitGatewayRouteTable.prototype,
        "choose",
        () =>
          function (this: TransitGatewayRouteTable, packet) {
            const ways = this.find(packet.destination) ?? [];
            return ways[turn++ % Math.max(1, ways.length)];
          },
      );
    },
  },
  {
    name: "a transit gateway never spreads flows over equal routes",
    plant: () =>
      replace(
        TransitGatewayRouteTable.prototype,
        "choose",
        () =>
          function (this: TransitGatewayRouteTable, { destination }) {
            return this.find(destination)?.[0];
          },
      ),
  },
  {
    name: "a transit gateway spreads flows over worse routes, too",
    plant: () =>
      replace(
        TransitGatewayRouteTable.prototype,
        "put",
        (original) =>
          function (this: TransitGatewayRouteTable, routes) {
            original.call(
              this,
              routes.map((route) => ({ ...route, pathLength: 0 })),
            );
          },
      ),
  },
  {
    name: "a multicast domain serves members in subnets of other domains",
    plant: () =>
      replace(
        MulticastDomain.prototype,
        "carry",
        (original) =>
          function (this: MulticastDomain, walk, packet, sender) {
            const ports = [...walk.fabric.ports.values()].filter((port) =>
              this.isMember(packet.destination, port),
            );
            const before = ports.map(({ subnet }) => subnet.multicast);
            for (const { subnet } of ports) subnet.multicast = this;
            const end = original.call(this, walk, packet, sender);
            for (const [i, { subnet }] of ports.entries()) subnet.multicast = before[i];
            return end;
          },
      ),
  },
  {
    name: "what a guest joins in one multicast group, it gets of all",
    plant: () =>
      replace(
        IgmpHosts.prototype,
        "hear",
        (original) =>
          function (this: IgmpHosts, host, packet, now) {
            for (const group of ["239.0.0.1", "224.0.0.251"]) {
              original.call(this, host, { ...packet, id: Number(ip(group)) }, now);
            }
          },
      ),
  },
  {
    name: "a multicast domain with static sources lets everybody send",
    plant: () =>
      replace(
        MulticastDomain.prototype,
        "put",
        (original) =>
          function (this: MulticastDomain, settings) {
            original.call(this, { ...settings, staticSources: false });
          },
      ),
  },
];
