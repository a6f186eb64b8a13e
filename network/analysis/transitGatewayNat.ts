import type { Fabric } from "../fabric.ts";
import type { Block } from "../ip.ts";
import type { TransitGateway, TransitGatewayAttachment } from "../transitGateway.ts";
import type { TransitGatewayNatRule } from "../transitGatewayNat.ts";
import type { Vpc } from "../vpc.ts";
import { rangesOf } from "./addressRange.ts";
import { HeaderSet, type Range } from "./headerSet.ts";
import type { Translation } from "./wave.ts";

/** From one block into another of the same size. */
interface Move {
  readonly from: Block;
  readonly to: Block;
}

const offset = ({ from, to }: Move): number => (Number(to.base) >>> 0) - (Number(from.base) >>> 0);

const union = (sets: readonly HeaderSet[]): HeaderSet => HeaderSet.of(sets.flatMap(({ boxes }) => boxes));

/** Of each address the first move counts that is for it; the others stay as they are. */
function movedBy(moves: readonly Move[], field: "destination" | "source"): Translation {
  const all = moves.flatMap(({ from }) => rangesOf([from]));
  return {
    forth(headers) {
      let rest = headers;
      const moved = moves.map((move) => {
        const fitting = rest.within(field, rangesOf([move.from]));
        rest = rest.outside(field, rangesOf([move.from]));
        return fitting.moved(field, offset(move));
      });
      return union([...moved, rest]);
    },
    back(headers) {
      const origins = moves.map((move, i) =>
        headers
          .within(field, rangesOf([move.to]))
          .moved(field, -offset(move))
          .outside(
            field,
            moves.slice(0, i).flatMap(({ from }) => rangesOf([from])),
          ),
      );
      return union([...origins, headers.outside(field, all)]);
    },
  };
}

const movesOut = ({ inside, outside }: TransitGatewayNatRule): Move => ({ from: inside, to: outside });
const movesIn = ({ inside, outside }: TransitGatewayNatRule): Move => ({ from: outside, to: inside });

/** What an attachment makes of what comes out of its network into the gateway. */
export const translationOut = (
  { translations }: TransitGateway,
  { id }: TransitGatewayAttachment,
): Translation | undefined => {
  const nat = translations.get(id);
  return nat && movedBy(nat.rules.map(movesOut), "source");
};

/** What it makes of what goes from the gateway into its network. */
export const translationIn = (
  { translations }: TransitGateway,
  { id }: TransitGatewayAttachment,
): Translation | undefined => {
  const nat = translations.get(id);
  return nat && movedBy(nat.rules.map(movesIn), "destination");
};

/** Some addresses of a VPC as others see them across transit gateways, besides as they are. */
export function aliasesOf({ transitGateways }: Fabric, vpc: Vpc, addresses: readonly Range[]): Range[] {
  const own = HeaderSet.every.within("destination", addresses);
  return [...transitGateways.gateways].flatMap((gateway) => {
    const attachment = gateway.vpcAttachments.get(vpc);
    const translation = attachment && translationIn(gateway, attachment);
    return translation ? translation.back(own).ranges("destination") : [];
  });
}
