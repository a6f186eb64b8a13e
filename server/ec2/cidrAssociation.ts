import type { Context } from "../kit/context.ts";

/** An address block that a VPC or a subnet has, is about to have, or had. */
export interface CidrAssociation {
  /** `vpc-cidr-assoc-…` or `subnet-cidr-assoc-…` */
  readonly id: string;
  readonly cidr: string;
  /** The pool of one's own that a VPC has it from; absent for one of Amazon's, and for IPv4. */
  readonly poolId?: string;
  /** Addresses can be taken from it only while it is associated. */
  readonly state: "associating" | "associated" | "disassociating" | "disassociated";
}

/** About how long EC2 takes to add or remove a block, in seconds. */
export const SETTLING_SECONDS = 5;
/** How long a block that was removed is shown, in seconds. */
export const SHOWN_SECONDS = 60;

export const newAssociation = (
  ctx: Context,
  prefix: "vpc-cidr-assoc" | "subnet-cidr-assoc",
  cidr: string,
  state: CidrAssociation["state"] = "associating",
): CidrAssociation => ({ id: `${prefix}-0${ctx.chance.hex(16)}`, cidr, state });

/** Whether a text has the form of an association's id. */
export const isAssociationId = (prefix: "vpc-cidr-assoc" | "subnet-cidr-assoc", text: string): boolean =>
  text.startsWith(`${prefix}-`) && /^(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(text.slice(prefix.length + 1));

export const isIpv4 = ({ cidr }: CidrAssociation): boolean => !cidr.includes(":");

export const isAssociated = ({ state }: CidrAssociation): boolean => state === "associated";

/** What is being associated is associated. */
export const settled = (blocks: readonly CidrAssociation[]): CidrAssociation[] =>
  blocks.map((block) => ({ ...block, state: "associated" }));

/** A block that is to go. */
export const leave = (block: CidrAssociation): CidrAssociation => ({ ...block, state: "disassociating" });

/** What is being disassociated is disassociated. */
export const departed = (leaving: readonly CidrAssociation[]): CidrAssociation[] =>
  leaving.map((block) => ({ ...block, state: "disassociated" }));

/** Those of the blocks that left but are not disassociated yet. */
export const stillLeaving = (leaving: readonly CidrAssociation[]): CidrAssociation[] =>
  leaving.filter(({ state }) => state === "disassociating");
