import { ApiError } from "../errors.ts";

/** Full access to the service, as EC2 writes it. */
export const DEFAULT_POLICY = JSON.stringify({
  Version: "2008-10-17",
  Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }],
});

/** Characters, without white space. @see https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html */
const LONGEST = 20_480;
const VERSIONS: ReadonlySet<unknown> = new Set([undefined, "2008-10-17", "2012-10-17"]);

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isTextOrList = (value: unknown): boolean =>
  typeof value === "string" || (Array.isArray(value) && value.every((each) => typeof each === "string"));

/** Exactly one of the two members is there, and is a text or a list of texts. */
const hasOne = (statement: Fields, name: string): boolean => {
  const [only, ...others] = [name, `Not${name}`].filter((each) => statement[each] !== undefined);
  return only !== undefined && others.length === 0 && isTextOrList(statement[only]);
};

const isPrincipal = (value: unknown): boolean =>
  value === "*" || (isObject(value) && Object.values(value).every(isTextOrList));

const isStatement = (value: unknown): boolean =>
  isObject(value) &&
  (value["Effect"] === "Allow" || value["Effect"] === "Deny") &&
  hasOne(value, "Action") &&
  hasOne(value, "Resource") &&
  (isPrincipal(value["Principal"]) || isPrincipal(value["NotPrincipal"])) &&
  (value["Condition"] === undefined || isObject(value["Condition"]));

function isPolicy(text: string): boolean {
  if (text.replaceAll(/\s/g, "").length > LONGEST) return false;
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    return false;
  }
  if (!isObject(policy) || !VERSIONS.has(policy["Version"])) return false;
  const statements = Array.isArray(policy["Statement"])
    ? (policy["Statement"] as unknown[])
    : [policy["Statement"]];
  return statements.length > 0 && statements.every(isStatement);
}

/** @throws {ApiError} InvalidPolicyDocument if it is no policy whose statements say who may do what to what */
export function readPolicy(text: string): string {
  if (!isPolicy(text)) throw new ApiError("InvalidPolicyDocument");
  return text;
}
