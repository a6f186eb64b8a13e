import { readFileSync } from "node:fs";
import { hostSizeOf, type HostSize } from "./ec2/catalogue/hostSize.ts";
import { regions } from "./ec2/catalogue/regions.ts";
import { zonesOf } from "./ec2/catalogue/zones.ts";
import { Refusal, systemCode } from "./refusal.ts";

/** The hosts that a family's instances run on in a zone. */
interface ZoneSize extends HostSize {
  /** How many there can be at most. */
  readonly perZone: number;
}

/** Hosts of one family in one zone. */
interface Rack {
  readonly zone: string;
  readonly family: string;
  readonly count: number;
}

/** What hosts there are, or can be. */
export interface HostPlan {
  /** The hosts of a family in a zone; undefined if there are no such hosts anywhere. */
  readonly sizing: (family: string, zone: string) => ZoneSize | undefined;
  /** Those that stand in a region's zones from the start; others come when they are needed. */
  readonly fixed: (region: string) => readonly Rack[];
}

/** More than any zone has room for. */
const MOST = 100_000;

const isCount = (value: unknown, least: number): value is number =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= MOST;

/**
 * The hosts that the option asks for.
 *
 * @param option how many hosts of each family a zone can come to have, or the path of a JSON file that names all there are:
 *   `{"us-east-1a": {"m5": 2}}`
 * @throws {Refusal} if there is no such file, or it says what cannot be
 */
export function configuredHosts(option: string): HostPlan {
  if (/^\d+$/.test(option)) {
    if (!isCount(Number(option), 1)) throw new Refusal(`${option} hosts are no number from 1 to ${MOST}`);
    const perZone = Number(option);
    return { sizing: (family) => sized(family, perZone), fixed: () => [] };
  }
  const racks = readRacks(option);
  const key = (zone: string, family: string): string => `${zone} ${family}`;
  const counts = new Map(racks.map(({ zone, family, count }) => [key(zone, family), count]));
  return {
    sizing: (family, zone) => sized(family, counts.get(key(zone, family)) ?? 0),
    fixed: (region) => {
      const zones = new Set(zonesOf(region).map(({ name }) => name));
      return racks.filter(({ zone }) => zones.has(zone));
    },
  };
}

function sized(family: string, perZone: number): ZoneSize | undefined {
  const size = hostSizeOf(family);
  return size && { ...size, perZone };
}

function readRacks(file: string): Rack[] {
  const zones = new Set([...regions.keys()].flatMap((region) => zonesOf(region).map(({ name }) => name)));
  return Object.entries(readObject(file)).flatMap(([zone, families]) => {
    if (!zones.has(zone)) throw new Refusal(`${file} has "${zone}", which is no zone`);
    if (!isObject(families)) throw new Refusal(`${file} has no object of families for "${zone}"`);
    return Object.entries(families).map(([family, count]) => {
      if (!hostSizeOf(family))
        throw new Refusal(`${file} has "${family}", which is no family of instance types`);
      if (isCount(count, 0)) return { zone, family, count };
      throw new Refusal(
        `${file} has ${JSON.stringify(count)} hosts of ${family}, which is no number from 0 to ${MOST}`,
      );
    });
  });
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readObject(file: string): object {
  let json: string;
  try {
    json = readFileSync(file, "utf8");
  } catch (error) {
    throw new Refusal(`cannot read the hosts in ${file} (${systemCode(error)}): name a file or a number`);
  }
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    given = undefined;
  }
  if (isObject(given)) return given;
  throw new Refusal(`${file} is not a JSON object of hosts: {"us-east-1a": {"m5": 2}}`);
}
