import type { Fabric } from "../../../network/fabric.ts";
import { block, type Block } from "../../../network/ip.ts";
import { isAssociated, type CidrAssociation } from "../../ec2/cidrAssociation.ts";
import type { Row } from "../../state/table.ts";
import type { Unit } from "../../state/unit.ts";

/** One kind of thing in the fabric, and the rows that it follows from. */
export interface Kind {
  /** The ids of those that may have to change when a row of a table was written: as it was, or as it is now. */
  touchedBy(unit: Unit, table: string, row: Row): readonly string[];
  /** The rows that there is one for. */
  all(unit: Unit): Iterable<Row>;
  /** Brings one to what the rows say. @returns false if they say that there is none */
  put(fabric: Fabric, unit: Unit, id: string): boolean;
  remove(fabric: Fabric, id: string): void;
}

export const present = (associations: readonly CidrAssociation[]): Block[] =>
  associations.filter(isAssociated).map(({ cidr }) => block(cidr));

export const blockOrNone = (cidr: string | undefined): Block[] => (cidr === undefined ? [] : [block(cidr)]);

/** The one member of rows that names another thing, whatever else they have. */
export const named = (row: Row, member: string): string[] => {
  const id = (row as unknown as Readonly<Record<string, unknown>>)[member];
  return typeof id === "string" ? [id] : [];
};
