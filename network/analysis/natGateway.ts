import { isIpv4 } from "../ip.ts";
import { NatGateway } from "../natGateway.ts";
import type { Port } from "../port.ts";
import { numberOf } from "./addressRange.ts";
import type { BehindModel, TargetModel } from "./component.ts";
import { HeaderSet, LAST_PORT, only } from "./headerSet.ts";
import { throughAcl } from "./networkAcl.ts";
import type { Search } from "./search.ts";
import { addressesOf } from "./securityGroup.ts";
import type { Trail, Wave } from "./wave.ts";

/** The ports that a gateway sends from. */
const PORTS = { first: 1024, last: LAST_PORT };

const hop = ({ id, vpc }: NatGateway, door: Port) => ({
  component: id,
  role: "intermediate" as const,
  // A regional gateway has no interfaces, and is in no subnet.
  ...(door.doorOf === undefined && { attachedTo: door.id, subnet: door.subnet.id }),
  vpc: vpc.id,
});

/** From inside to outside, in the gateway's own name; `serves` says whether it does so in the sender's zone. */
function leadOut(search: Search, wave: Wave, gateway: NatGateway, door: Port, serves = true): void {
  const { vpc } = gateway;
  const isInside = wave.sender?.subnet.vpc === vpc;
  for (const address of gateway.addressesAt(door)) {
    if (!isIpv4(address)) continue;
    const outside = only(numberOf(address));
    const where = { natGateway: gateway.id, vpc: vpc.id };
    const passage = search
      .passage(wave)
      .need(isInside, () => ({ ...where, code: "NGW_REQUIRES_SOURCE_IN_VPC" }))
      .need(serves, () => ({
        ...where,
        code: "REGIONAL_NGW_ROUTE_AZ_RESTRICTION",
        zones: wave.sender && [wave.sender.subnet.zone],
      }));
    const inside = passage.headers;
    const translation = {
      forth: (headers: HeaderSet) => headers.with("source", outside).with("sourcePort", PORTS),
      back: (headers: HeaderSet) => senders(inside, headers),
    };
    const out = passage.past({ ...hop(gateway, door), translation });
    const trail: Trail = { gateway, inside, before: wave.trail };
    if (out) search.emit({ ...out, trail }, door);
  }
}

/** Those of the headers inside that are for who is spoken to outside. */
const senders = (inside: HeaderSet, outside: HeaderSet): HeaderSet =>
  HeaderSet.of(
    outside.boxes.flatMap(
      ({ destination, destinationPort }) =>
        inside.within("destination", [destination]).within("destinationPort", [destinationPort]).boxes,
    ),
  );

/** An answer, back to who was inside. */
function leadIn(search: Search, wave: Wave, gateway: NatGateway, door: Port): void {
  let trail: Trail | undefined;
  for (trail = wave.trail; trail && trail.gateway !== gateway;) trail = trail.before;
  if (!trail) return search.end(wave, { code: "NO_POSSIBLE_DESTINATION", ...hop(gateway, door) });
  const { inside } = trail;
  const answers = (headers: HeaderSet): HeaderSet => senders(inside, headers.swapped()).swapped();
  const translation = {
    forth: answers,
    back: (headers: HeaderSet) => {
      const asked = wave.headers.swapped();
      return senders(asked, headers.swapped()).swapped();
    },
  };
  const inwards = search.passage(wave).past({ ...hop(gateway, door), translation });
  if (inwards) search.emit({ ...inwards, trail: trail.before }, door);
}

export const natGatewayModel: TargetModel<NatGateway> = {
  is: (target): target is NatGateway => target instanceof NatGateway,
  forward(search, wave, gateway, port: Port | undefined) {
    const own = gateway.doorFor(port);
    const door = own ?? (search.relaxed ? gateway.doors[0] : undefined);
    if (!door) return search.end(wave, { code: "BAD_STATE", component: gateway.id });
    const inside = port?.subnet === door.subnet ? wave : throughAcl(search, wave, door, false);
    if (inside) leadOut(search, inside, gateway, door, own !== undefined);
  },
};

/** What comes to the gateway's own addresses is an answer, or nothing. */
export const natGatewayInterfaceModel: BehindModel<NatGateway> = {
  is: (behind): behind is NatGateway => behind instanceof NatGateway,
  take(search, wave, gateway, port) {
    const own = wave.headers.within("destination", addressesOf(port));
    const other = wave.headers.outside("destination", addressesOf(port));
    if (!own.isEmpty) leadIn(search, { ...wave, headers: own }, gateway, port);
    if (!other.isEmpty) leadOut(search, { ...wave, headers: other }, gateway, port);
  },
};
