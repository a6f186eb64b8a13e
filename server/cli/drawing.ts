/** Draws packets' ways as a person would: from top to bottom, with what decided at each step. */
import type { ExchangeView, JourneyView, PacketView, StepView } from "../http/journeyView.ts";
import { Refusal } from "../refusal.ts";

const NAMES: Readonly<Record<StepView["Component"]["Type"], string>> = {
  internet: "internet",
  "internet-gateway": "internet gateway",
  "network-acl": "network ACL",
  "network-interface": "interface",
  "outside-host": "host",
  "route-table": "route table",
  "security-group": "security group",
  service: "service",
  subnet: "subnet",
  vpc: "VPC",
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

function ends({ Source, Destination, Protocol, ...packet }: PacketView): string {
  const { SourcePort, DestinationPort, Type, Flags = [] } = packet;
  const source = SourcePort === undefined ? Source : `${Source}:${SourcePort}`;
  const destination = DestinationPort === undefined ? Destination : `${Destination}:${DestinationPort}`;
  const kind = Type === undefined ? Flags.join("+") : `type ${Type}`;
  return `${source} → ${destination}  ${Protocol}${kind === "" ? "" : ` ${kind}`}`;
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
  if ("Translated" in Ground) return "";
  return "part of a connection that was allowed before";
}

function translation({ Ground, Packet }: StepView): string {
  if (!Ground || !("Translated" in Ground)) return "";
  const { Source, Destination } = Ground.Translated;
  if (Source !== Packet.Source) return `${Source} becomes ${Packet.Source}`;
  return Destination === Packet.Destination ? "" : `${Destination} becomes ${Packet.Destination}`;
}

function drawStep(step: StepView): string {
  const { Component, Direction, Verdict, Reason } = step;
  const way = Direction === "egress" ? "out" : Direction === "ingress" ? "in" : "";
  const mark = Verdict === "dropped" ? "✗" : "│";
  const what = `${NAMES[Component.Type]} ${Component.Id === Component.Type ? "" : Component.Id}`.trim();
  const why = [Reason, decision(step), translation(step)].filter(Boolean).join(": ");
  return `  ${mark} ${way.padEnd(4)}${what.padEnd(44)} ${why}`.trimEnd();
}

function drawEnd({ Outcome, Receiver, Explanation, Remedy }: JourneyView): string[] {
  switch (Outcome) {
    case "delivered":
      return [`  ▼ reaches ${Receiver?.InstanceId ?? "?"}`];
    case "served":
      return [`  ▼ reaches the service ${Receiver?.Id}`];
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
