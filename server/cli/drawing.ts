/** Draws packets' ways as a person would: from top to bottom, with what decided at each step. */
import type { ExchangeView, JourneyView, PacketView, StepView } from "../http/journeyView.ts";
import { Refusal } from "../refusal.ts";

const NAMES: Readonly<Record<StepView["Component"]["Type"], string>> = {
  "client-vpn-endpoint": "Client VPN endpoint",
  "connect-peer": "Connect peer",
  "customer-site": "customer site",
  "egress-only-internet-gateway": "egress-only internet gateway",
  internet: "internet",
  "internet-gateway": "internet gateway",
  "load-balancer": "load balancer",
  "nat-gateway": "NAT gateway",
  "network-acl": "network ACL",
  "network-interface": "interface",
  "outside-host": "host",
  "route-table": "route table",
  "security-group": "security group",
  service: "service",
  subnet: "subnet",
  "transit-gateway": "transit gateway",
  "transit-gateway-attachment": "transit attachment",
  "transit-gateway-multicast-domain": "multicast domain",
  "transit-gateway-policy-table": "transit policy",
  "transit-gateway-route-table": "transit table",
  "virtual-interface": "virtual interface",
  vpc: "VPC",
  "vpc-peering-connection": "peering connection",
  "vpc-endpoint": "endpoint",
  "vpn-client": "VPN client",
  "vpn-connection": "VPN connection",
  "vpn-gateway": "VPN gateway",
};

const isView = (answer: unknown): answer is ExchangeView =>
  typeof answer === "object" && answer !== null && "Forward" in answer && "Learned" in answer;

/** `tcp 443`, `icmp 8/0`, `all`. */
function traffic(protocol: string, from: number, to: number): string {
  if (protocol === "-1") return "all traffic";
  if (from === -1) return `all ${protocol}`;
  if (protocol.startsWith("icmp")) return `${protocol} ${from}/${to === -1 ? "any" : to}`;
  return `${protocol} ${from === to ? from : `${from}-${to}`}`;
}

const sourceOf = ({ Source, SourcePort }: Pick<PacketView, "Source" | "SourcePort">): string =>
  SourcePort === undefined ? Source : endpoint(Source, SourcePort);

const destinationOf = ({
  Destination,
  DestinationPort,
}: Pick<PacketView, "Destination" | "DestinationPort">): string =>
  DestinationPort === undefined ? Destination : endpoint(Destination, DestinationPort);

const endpoint = (address: string, port: number): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

function ends(packet: PacketView): string {
  const { Protocol, Type, Flags = [] } = packet;
  const kind = Type === undefined ? Flags.join("+") : `type ${Type}`;
  return `${sourceOf(packet)} → ${destinationOf(packet)}  ${Protocol}${kind === "" ? "" : ` ${kind}`}`;
}

/** The rule, entry or route that decided. */
function decision({ Ground, Direction }: StepView): string {
  if (!Ground) return "";
  const peer = Direction === "egress" ? "to" : "from";
  if ("Rule" in Ground) {
    const { Id, Protocol, From, To, Peer } = Ground.Rule;
    return `${Id} allows ${traffic(Protocol, From, To)} ${peer} ${Peer}`;
  }
  if ("Entry" in Ground) {
    const { Number, Action, Protocol, From, To, Cidr } = Ground.Entry;
    const number = Number === 32_767 ? "*" : String(Number);
    return `entry ${number}: ${Action} ${traffic(Protocol, From, To)} ${peer} ${Cidr}`;
  }
  if ("Route" in Ground) return `${Ground.Route.Destination} → ${Ground.Route.Target}`;
  if ("Policy" in Ground) return `entry ${Ground.Policy.Number} → ${Ground.Policy.RouteTable}`;
  if ("Authorization" in Ground) {
    const { Cidr, Group = "all" } = Ground.Authorization;
    return `authorizes ${Group} for ${Cidr}`;
  }
  if ("Tunnel" in Ground) return `tunnel ${Ground.Tunnel}`;
  if ("Translated" in Ground) return "";
  return "part of a connection that was allowed before";
}

function translation({ Ground, Packet }: StepView): string {
  if (!Ground || !("Translated" in Ground)) return "";
  const was = Ground.Translated;
  // Ports are said where they change too.
  const source =
    was.SourcePort === Packet.SourcePort ? [was.Source, Packet.Source] : [sourceOf(was), sourceOf(Packet)];
  const destination =
    was.DestinationPort === Packet.DestinationPort
      ? [was.Destination, Packet.Destination]
      : [destinationOf(was), destinationOf(Packet)];
  const id = was.Id === Packet.Id ? [] : [`id ${was.Id}`, `id ${Packet.Id}`];
  return [source, destination, id]
    .filter(([before, after]) => before !== after)
    .map(([before, after]) => `${before} becomes ${after}`)
    .join(", ");
}

function drawStep(step: StepView): string {
  const { Component, Direction, Verdict, Reason } = step;
  const way = Direction === "egress" ? "out" : Direction === "ingress" ? "in" : "";
  const mark = Verdict === "dropped" ? "✗" : "│";
  const what = `${NAMES[Component.Type]} ${Component.Id === Component.Type ? "" : Component.Id}`.trim();
  const why = [Reason, decision(step), translation(step)].filter(Boolean).join(": ");
  return `  ${mark} ${way.padEnd(4)}${what.padEnd(44)} ${why}`.trimEnd();
}

function drawEnd({ Outcome, Receiver, Receivers, Explanation, Remedy }: JourneyView): string[] {
  switch (Outcome) {
    case "delivered":
      return [`  ▼ reaches ${Receiver?.InstanceId ?? "?"}`];
    case "multicast":
      return (Receivers ?? []).map(({ InstanceId }) => `  ▼ reaches ${InstanceId ?? "?"}`);
    case "served":
      return [`  ▼ reaches the service ${Receiver?.Id}`];
    case "site":
      return [`  ▼ reaches ${Receiver?.Id} at the customer site ${Receiver?.Site}`];
    case "client":
      return [`  ▼ reaches the VPN client ${Receiver?.Id}`];
    case "outside":
      return [`  ▼ reaches ${Receiver?.Id} on the internet`];
    case "dropped":
      break;
  }
  return [`    Dropped: ${Explanation}.`, `    To let it pass: ${Remedy}.`];
}

const drawJourney = (journey: JourneyView): string[] => [
  ends(journey.Sent),
  ...journey.Steps.map(drawStep),
  ...drawEnd(journey),
];

const LEARNED: Readonly<Record<ExchangeView["Learned"], string>> = {
  answer: "The sender gets an answer.",
  refusal: "The sender is refused: nobody listens there, or the network says that it cannot.",
  nothing: "The sender hears nothing.",
};

/** @throws {Refusal} for what is not the answer of the operator's route */
export function drawExchange(answer: unknown): string {
  if (!isView(answer)) throw new Refusal("the server answered with no journey");
  const { Forward, Back, Learned } = answer;
  const lines = [...drawJourney(Forward), ...(Back ? ["", ...drawJourney(Back)] : []), "", LEARNED[Learned]];
  return `${lines.join("\n")}\n`;
}
