import { Peering } from "../peering.ts";
import type { Vpc } from "../vpc.ts";
import { rangesOf } from "./addressRange.ts";
import type { TargetModel } from "./component.ts";
import type { Search } from "./search.ts";
import type { Wave } from "./wave.ts";

const hop = ({ id }: Peering, from: Vpc, to: Vpc) => ({
  component: id,
  role: "intermediate" as const,
  sourceVpc: from.id,
  destinationVpc: to.id,
});

/** Out of one of the two VPCs into the other. */
function cross(search: Search, wave: Wave, peering: Peering, from: Vpc, to: Vpc): Wave | undefined {
  const passage = search.passage(wave);
  const why = (packetField: string) => () =>
    ({
      code: "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
      peering: peering.id,
      sourceVpc: from.id,
      destinationVpc: to.id,
      packetField,
    }) as const;
  return passage
    .take(passage.headers.within("destination", rangesOf(to.blocks)), why("destination-address"))
    .take(passage.headers.within("source", rangesOf(from.blocks)), why("source-address"))
    .past(hop(peering, from, to));
}

/** To the other side, unless nothing is known of that: it is somebody else's, or in another region. */
function deliver(search: Search, wave: Wave, peering: Peering, to: Vpc): void {
  if (!search.terrain.knows(to.id) || peering.betweenRegions) {
    const destinationVpc = to.id;
    return search.end(wave, { code: "NO_POSSIBLE_DESTINATION", component: peering.id, destinationVpc });
  }
  search.later(wave, (each) => search.deliver(each, to, undefined));
}

export const peeringModel: TargetModel<Peering> = {
  is: (target): target is Peering => target instanceof Peering,

  forward(search, wave, peering, port) {
    const from = port?.subnet.vpc;
    const to = from && peering.peerOf(from);
    if (!to) return search.end(wave, { code: "BAD_STATE_ATTACHMENT", component: peering.id });
    const crossed = cross(search, wave, peering, from, to);
    if (!crossed) return;
    const reply = (other: Search, answers: Wave): void => {
      const back = cross(other, answers, peering, to, from);
      if (back) deliver(other, { ...back, sender: undefined }, peering, from);
    };
    if (!search.pause(crossed, peering.id, reply)) deliver(search, crossed, peering, to);
  },

  enter(search, wave, peering) {
    for (const { from, to } of peering.sides) {
      const crossed = cross(search, wave, peering, from, to);
      if (crossed) deliver(search, crossed, peering, to);
    }
  },

  vpcBeyond: (peering, vpc) => (peering.betweenRegions ? undefined : peering.peerOf(vpc)),
};
