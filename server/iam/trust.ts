import { ApiError } from "../errors.ts";

/**
 * IAM keeps users and roles in trust policies by their ids: who is made anew under the name of one that was deleted is
 * not trusted. What it answers has ARNs again, or ids where nobody has them anymore.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
type Replace = (principal: string) => string;

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The document with each of its AWS principals replaced; as it was, if none is. */
function replaceAll(text: string, replace: Replace): string {
  let changed = false;
  const each = (entry: unknown): unknown => {
    if (typeof entry !== "string") return entry;
    const replaced = replace(entry);
    changed ||= replaced !== entry;
    return replaced;
  };
  const policy = JSON.parse(text) as Fields;
  const { Statement: statements } = policy;
  for (const statement of Array.isArray(statements) ? (statements as unknown[]) : [statements]) {
    if (!isFields(statement)) continue;
    for (const element of ["Principal", "NotPrincipal"]) {
      const principals = statement[element];
      if (!isFields(principals) || principals["AWS"] === undefined) continue;
      const { AWS: entries } = principals;
      principals["AWS"] = Array.isArray(entries) ? entries.map(each) : each(entries);
    }
  }
  return changed ? JSON.stringify(policy) : text;
}

const ACCOUNT = /^(?:\d{12}|arn:aws:iam::\d{12}:root)$/;
const ENTITY = /^arn:aws:iam::\d{12}:(?:user|role)\/./;
const SESSION = /^arn:aws:sts::\d{12}:(?:assumed-role\/[^/*]+\/[^/*]+|federated-user\/[^/*]+)$/;
/** What stands for a user or a role that is no more. */
const ID = /^A(?:IDA|ROA)[A-Z2-7]{17}$/;

/**
 * The document with ids in place of the ARNs of users and roles.
 *
 * @param idOf the id of the one that has an ARN
 * @throws {ApiError} MalformedPolicyDocument for principals that are not there
 */
export const bind = (document: string, idOf: (arn: string) => string | undefined): string =>
  replaceAll(document, (principal) => {
    if (principal === "*" || ACCOUNT.test(principal) || SESSION.test(principal) || ID.test(principal)) {
      return principal;
    }
    const id = ENTITY.test(principal) ? idOf(principal) : undefined;
    if (id !== undefined) return id;
    throw new ApiError("MalformedPolicyDocument", `Invalid principal in policy: "AWS":"${principal}"`);
  });

/** The document with ARNs in place of the ids of users and roles that are there. */
export const rename = (document: string, arnOf: (id: string) => string | undefined): string =>
  replaceAll(document, (principal) => (ID.test(principal) ? (arnOf(principal) ?? principal) : principal));
