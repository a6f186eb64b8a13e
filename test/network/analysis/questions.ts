/** Questions to the analyzer, said in text. */
import { numberOf } from "../../../network/analysis/addressRange.ts";
import { analyze, type Answer } from "../../../network/analysis/reachability.ts";
import type { End } from "../../../network/analysis/starts.ts";
import type { Fabric } from "../../../network/fabric.ts";
import { ip, isIpv4 } from "../../../network/ip.ts";
import type { Port } from "../../../network/port.ts";

export const number = (address: string): number => {
  const parsed = ip(address);
  return isIpv4(parsed) ? numberOf(parsed) : 0;
};

export interface Asked {
  readonly protocol?: number;
  readonly port?: number;
  readonly sourcePort?: number;
  readonly sourceAddress?: string | undefined;
  readonly destinationAddress?: string | undefined;
  readonly arrivingFrom?: string;
  readonly arrivingAt?: string;
  readonly through?: readonly string[];
  readonly without?: readonly string[];
  readonly unknown?: readonly string[];
}

const only = (value: number | undefined) => (value === undefined ? undefined : { first: value, last: value });
const addressOf = (text: string | undefined) => (text === undefined ? undefined : number(text));

/** Whether an interface is what is named, or belongs to it: to an instance or an endpoint. */
const isOf = (port: Port, id: string): boolean =>
  port.id === id ||
  (id.startsWith("i-") && port.owner === id) ||
  (port.behind !== undefined && "id" in port.behind && port.behind.id === id);

const endOf = (fabric: Fabric, id: string): End => ({
  id,
  isInstance: id.startsWith("i-"),
  interfaces: [...fabric.ports.values()].filter((port) => isOf(port, id)).map((port) => port.id),
});

/** TCP unless said otherwise. @param to undefined where only the destination address is asked about */
export const ask = (fabric: Fabric, from: string, to: string | undefined, asked: Asked = {}): Answer =>
  analyze(fabric, {
    source: endOf(fabric, from),
    destination: to === undefined ? undefined : endOf(fabric, to),
    protocol: asked.protocol ?? 6,
    atSource: {
      source: addressOf(asked.sourceAddress),
      destination: addressOf(asked.destinationAddress),
      sourcePorts: only(asked.sourcePort),
      destinationPorts: only(asked.port),
    },
    atDestination: { source: addressOf(asked.arrivingFrom), destination: addressOf(asked.arrivingAt) },
    through: asked.through ?? [],
    without: new Set(asked.without),
    knows: (id) => !asked.unknown?.includes(id),
  });

/** What a path passes, in order. */
export const passed = (path: Answer["forward"]): string[] =>
  path.map(({ hop, choice }) => choice?.component ?? hop.component);

export const codes = ({ explanations }: Answer): string[] => explanations.map(({ code }) => code);
