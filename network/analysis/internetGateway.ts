import { block, isIpv4 } from "../ip.ts";
import { InternetGateway } from "../internetGateway.ts";
import { NatGateway } from "../natGateway.ts";
import type { Port } from "../port.ts";
import type { Vpc } from "../vpc.ts";
import { addressesIn, numberOf, rangesOf, sizeOf } from "./addressRange.ts";
import type { TargetModel } from "./component.ts";
import type { Explanation } from "./explanation.ts";
import { lead } from "./gatewayTable.ts";
import { only, type HeaderSet } from "./headerSet.ts";
import type { Search } from "./search.ts";
import { addressesOf } from "./securityGroup.ts";
import type { Wave } from "./wave.ts";

const RFC1918 = rangesOf(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(block));
const RFC6598 = rangesOf([block("100.64.0.0/10")]);
/** More addresses than this are not looked up one by one. */
const FEW = 256;

/** A public address and the private one that it leads to. */
interface Pair {
  readonly outside: number;
  readonly inside: number;
  readonly port: Port;
}

function pairOf(vpc: Vpc, inside: number): Pair | undefined {
  const outside = vpc.publicOf.get(inside);
  const port = vpc.portOf(inside);
  return outside !== undefined && isIpv4(outside) && port ? { outside, inside, port } : undefined;
}

/** The pairs whose private address some headers have as their source. */
function* pairsFrom(vpc: Vpc, headers: HeaderSet): Iterable<Pair> {
  const sources = headers.ranges("source");
  const insides = sizeOf(sources) <= FEW ? addressesIn(sources) : [...vpc.publicOf.keys()].filter(isIpv4);
  for (const inside of insides) {
    const pair = pairOf(vpc, inside);
    if (pair) yield pair;
  }
}

/** The pairs whose public address some headers have as their destination; of many, those that matter for the goal. */
function* pairsTo(search: Search, vpc: Vpc, headers: HeaderSet): Iterable<Pair> {
  const destinations = headers.ranges("destination");
  const { publicAddresses } = search.fabric.internet;
  const insides =
    sizeOf(destinations) <= FEW
      ? [...addressesIn(destinations)].flatMap((outside) => {
          const mapping = publicAddresses.get(outside);
          return mapping?.vpc === vpc && isIpv4(mapping.inside) ? [mapping.inside] : [];
        })
      : (search.goal.ports.get(vpc) ?? []).flatMap(({ addresses }) => addresses.filter(isIpv4));
  for (const inside of insides) {
    const pair = pairOf(vpc, inside);
    if (pair) yield pair;
  }
}

/** What begins inside may still leave by a NAT gateway where only what comes in is blocked. */
const isShut = ({ subnet: { blockMode }, behind }: Port): boolean =>
  blockMode === "block-bidirectional" || (blockMode === "block-ingress" && !(behind instanceof NatGateway));

const shut = (gateway: InternetGateway, port: Port): Explanation => ({
  code: "VPC_BLOCK_PUBLIC_ACCESS_ENABLED",
  internetGateway: gateway.id,
  subnet: port.subnet.id,
  vpc: port.subnet.vpc.id,
});

const hop = (gateway: InternetGateway, vpc: Vpc) => ({ component: gateway.id, vpc: vpc.id });

/** From a VPC to the internet, where a path ends: what goes on from there is another path. */
function forward(search: Search, wave: Wave, gateway: InternetGateway): void {
  const { vpc } = gateway;
  if (!vpc) return search.end(wave, { code: "BAD_STATE_ATTACHMENT", component: gateway.id });
  const where = { direction: "egress", internetGateway: gateway.id, vpc: vpc.id } as const;
  const begin = () => {
    const passage = search.passage(wave);
    return passage
      .take(passage.headers.outside("destination", RFC1918), () => ({
        ...where,
        code: "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS",
      }))
      .take(passage.headers.outside("destination", RFC6598), () => ({
        ...where,
        code: "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS",
      }));
  };
  let paired = false;
  for (const { inside, outside, port } of pairsFrom(vpc, wave.headers)) {
    if (!port.live) continue;
    paired = true;
    const passage = begin().need(!isShut(port), () => ({ ...shut(gateway, port), direction: "egress" }));
    const own = only(numberOf(inside));
    passage.take(passage.headers.within("source", [own]), () => ({
      ...where,
      code: "GATEWAY_REJECTS_SPOOFED_TRAFFIC",
    }));
    const translation = {
      forth: (headers: HeaderSet) => headers.within("source", [own]).with("source", only(numberOf(outside))),
      back: (headers: HeaderSet) => headers.with("source", own),
    };
    reach(search, passage.past({ ...hop(gateway, vpc), translation }), gateway);
  }
  if (paired) return;
  const isOurs = !wave.headers.within("source", rangesOf(vpc.blocks)).isEmpty;
  const passage = begin().need(false, () => ({
    ...where,
    code: isOurs ? "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS" : "GATEWAY_REJECTS_SPOOFED_TRAFFIC",
  }));
  reach(search, passage.past(hop(gateway, vpc)), gateway);
}

function reach(search: Search, wave: Wave | undefined, gateway: InternetGateway): void {
  if (!wave || search.arrive(wave, gateway.id, (other, answers) => enter(other, answers, gateway))) return;
  search.end(wave, { code: "IGW_NAT_REFLECTION", component: gateway.id, internetGateway: gateway.id });
}

/** From the internet into a VPC. */
function enter(search: Search, wave: Wave, gateway: InternetGateway): void {
  const { vpc } = gateway;
  if (!vpc) return search.end(wave, { code: "UNASSOCIATED_COMPONENT", component: gateway.id });
  const where = { direction: "ingress", internetGateway: gateway.id, vpc: vpc.id } as const;
  const begin = () => {
    const passage = search.passage(wave);
    return passage
      .take(passage.headers.outside("source", RFC1918), () => ({
        ...where,
        code: "IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS",
      }))
      .take(passage.headers.outside("source", RFC6598), () => ({
        ...where,
        code: "IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS",
      }));
  };
  let paired = false;
  for (const { inside, outside, port } of pairsTo(search, vpc, wave.headers)) {
    if (!port.live) continue;
    paired = true;
    const passage = begin().need(!isShut(port), () => ({ ...shut(gateway, port), direction: "ingress" }));
    passage.take(passage.headers.within("destination", [only(numberOf(outside))]), () => ({
      ...where,
      code: "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
    }));
    const translation = {
      forth: (headers: HeaderSet) => headers.with("destination", only(numberOf(inside))),
      back: (headers: HeaderSet) => headers.with("destination", only(numberOf(outside))),
    };
    const entered = passage.past({ ...hop(gateway, vpc), translation });
    if (entered) lead(search, { ...entered, sender: undefined }, gateway, vpc);
  }
  if (paired || !search.relaxed) return;
  // To see what else is in the way of the goal, as if it had a public address.
  const goals = (search.goal.ports.get(vpc) ?? []).flatMap(addressesOf);
  const passage = begin().need(false, () => ({
    ...where,
    code: "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
    addresses:
      sizeOf(wave.headers.ranges("destination")) <= FEW ? wave.headers.ranges("destination") : undefined,
  }));
  const entered = passage.past(hop(gateway, vpc));
  if (!entered) return;
  const [goal] = goals;
  const headers = goal ? entered.headers.with("destination", goal) : entered.headers;
  lead(search, { ...entered, headers, sender: undefined }, gateway, vpc);
}

export const internetGatewayModel: TargetModel<InternetGateway> = {
  is: (target): target is InternetGateway => target instanceof InternetGateway,
  forward,
  enter,
};
