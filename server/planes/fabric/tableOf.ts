import { associations } from "../../ec2/routeTable.ts";
import type { Unit } from "../../state/unit.ts";

/** The table that a subnet or a gateway has of its own. */
export const tableOf = (unit: Unit, user: string): string | undefined =>
  associations.table({ unit }).by("user", user)[0]?.routeTableId;
