import type { Principals } from "./document.ts";

/** Who asks. */
export interface Principal {
  readonly kind: "root" | "user" | "session" | "federated" | "service";
  /** 12 digits; "" for who is in no account. */
  readonly account: string;
  /** What asks: of a session, that of the session; of a service, its name; of web identities, their provider. */
  readonly arn: string;
  /** The unique id of the user, or of the role that a session is of: a policy that names an entity holds that. */
  readonly id: string;
  /** The ARN of the role that a session is of. */
  readonly role?: string;
}

/**
 * How a policy names a principal, the weakest first: by the account, which leaves it to that account's own policies; by
 * all there are; by the role that a session is of; as what it is. It matters for what else must allow: see evaluate.ts.
 */
export type Naming = "account" | "everyone" | "role" | "itself";

const strength: readonly Naming[] = ["account", "everyone", "role", "itself"];

/** The stronger of the two. */
export const stronger = (a: Naming | undefined, b: Naming | undefined): Naming | undefined =>
  a === undefined || (b !== undefined && strength.indexOf(b) > strength.indexOf(a)) ? b : a;

function namingOf(entry: string, { kind, account, arn, id, role }: Principal): Naming | undefined {
  if (entry === "*") return "everyone";
  if (kind === "service") return undefined;
  if (account !== "" && (entry === account || entry === `arn:aws:iam::${account}:root`)) {
    return kind === "root" ? "itself" : "account";
  }
  if (entry === arn) return "itself";
  if (role !== undefined) return entry === role || entry === id ? "role" : undefined;
  return entry === id && id !== "" ? "itself" : undefined;
}

/** How these principals name one; undefined if they do not. */
export function findNaming(principals: Principals, principal: Principal): Naming | undefined {
  const { kind, arn } = principal;
  const type = kind === "service" ? "Service" : kind === "federated" ? "Federated" : "AWS";
  let naming: Naming | undefined;
  if (type !== "AWS" && principals[type]?.some((entry) => entry === arn || entry === "*")) naming = "itself";
  for (const entry of principals.AWS ?? []) naming = stronger(naming, namingOf(entry, principal));
  return naming;
}
