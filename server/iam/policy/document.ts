import { ApiError } from "../../errors.ts";
import { isValueOf, readOperator } from "./operators.ts";

/** `Action` or `NotAction`, `Resource` or `NotResource`, `Principal` or `NotPrincipal`. */
interface Element<T> {
  /** Whether it is the Not… of the two. */
  readonly negated: boolean;
  readonly of: T;
}

type PrincipalType = "AWS" | "Service" | "Federated" | "CanonicalUser";
export type Principals = Readonly<Partial<Record<PrincipalType, readonly string[]>>>;

export interface ConditionDocument {
  /** `StringEquals`, `ForAllValues:StringLikeIfExists`, … */
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

export interface StatementDocument {
  readonly sid: string | undefined;
  readonly effect: "Allow" | "Deny";
  /** Absent in policies of identities. */
  readonly principals: Element<Principals> | undefined;
  readonly actions: Element<readonly string[]> | undefined;
  /** Absent in trust policies, which are about the role that has them. */
  readonly resources: Element<readonly string[]> | undefined;
  /** All must hold. */
  readonly conditions: readonly ConditionDocument[];
}

export interface PolicyDocument {
  readonly version: "2008-10-17" | "2012-10-17";
  readonly statements: readonly StatementDocument[];
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const malformed = (message = "Syntax errors in policy."): ApiError =>
  new ApiError("MalformedPolicyDocument", message);

const DOCUMENT_MEMBERS: ReadonlySet<string> = new Set(["Version", "Id", "Statement"]);
const STATEMENT_MEMBERS: ReadonlySet<string> = new Set([
  ...["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"],
  "Condition",
]);
const PRINCIPAL_TYPES: ReadonlySet<string> = new Set(["AWS", "Service", "Federated", "CanonicalUser"]);

/** One text or a list of them. @throws {ApiError} MalformedPolicyDocument for anything else */
function texts(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw malformed();
}

/** Of a condition: numbers and truth values may stand without quotes. */
function scalars(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((each) => {
    if (typeof each === "string") return each;
    if (typeof each === "number" || typeof each === "boolean") return String(each);
    throw malformed();
  });
}

/** @throws {ApiError} MalformedPolicyDocument if both of the two are there */
function element<T>(statement: Fields, name: string, read: (value: unknown) => T): Element<T> | undefined {
  const plain = statement[name];
  const negation = statement[`Not${name}`];
  if (plain !== undefined && negation !== undefined) throw malformed();
  if (plain !== undefined) return { negated: false, of: read(plain) };
  return negation === undefined ? undefined : { negated: true, of: read(negation) };
}

function readPrincipals(value: unknown): Principals {
  if (value === "*") return { AWS: ["*"] };
  if (!isObject(value)) throw malformed();
  const principals: Partial<Record<string, readonly string[]>> = {};
  for (const [type, named] of Object.entries(value)) {
    if (!PRINCIPAL_TYPES.has(type)) throw malformed();
    principals[type] = texts(named);
  }
  return principals;
}

function readConditions(value: unknown): ConditionDocument[] {
  if (value === undefined) return [];
  if (!isObject(value)) throw malformed();
  return Object.entries(value).flatMap(([operator, keys]) => {
    if (!isObject(keys) || !readOperator(operator)) throw malformed();
    return Object.entries(keys).map(([key, values]) => ({ operator, key, values: scalars(values) }));
  });
}

function readStatement(value: unknown): StatementDocument {
  if (!isObject(value) || Object.keys(value).some((name) => !STATEMENT_MEMBERS.has(name))) throw malformed();
  const { Sid: sid, Effect: effect, Condition: condition } = value;
  if (sid !== undefined && typeof sid !== "string") throw malformed();
  if (effect !== "Allow" && effect !== "Deny") throw malformed();
  return {
    // An empty one is none.
    sid: sid || undefined,
    effect,
    principals: element(value, "Principal", readPrincipals),
    actions: element(value, "Action", texts),
    resources: element(value, "Resource", texts),
    conditions: readConditions(condition),
  };
}

/**
 * What a policy says, if it is one in form; it may still make no sense where it is to be used.
 *
 * @throws {ApiError} MalformedPolicyDocument
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function parseDocument(text: string): PolicyDocument {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    throw malformed();
  }
  if (!isObject(policy) || Object.keys(policy).some((name) => !DOCUMENT_MEMBERS.has(name))) throw malformed();
  const { Version: version = "2008-10-17", Id: id, Statement: statement } = policy;
  if (version !== "2008-10-17" && version !== "2012-10-17") throw malformed();
  if ((id !== undefined && typeof id !== "string") || statement === undefined) throw malformed();
  const list: readonly unknown[] = Array.isArray(statement) ? statement : [statement];
  return { version, statements: list.map(readStatement) };
}

const PARTITIONS: ReadonlySet<string> = new Set(["aws", "aws-cn", "aws-us-gov", "*"]);
const ARN_PARTS = 6;

/** @throws {ApiError} MalformedPolicyDocument */
function checkResource(resource: string): void {
  if (resource === "*") return;
  const parts = resource.split(":");
  // A wildcard at the end of a part stands for the parts that follow, too.
  const isWhole = parts.length >= ARN_PARTS || parts.at(-1)?.endsWith("*");
  if (parts[0] !== "arn" && !/^[*?]/.test(resource)) {
    throw malformed(`Resource ${resource} must be in ARN format or "*".`);
  }
  if (parts[0] === "arn" && !PARTITIONS.has(parts[1] ?? "") && !parts[1]?.includes("*")) {
    throw malformed(`Partition "${parts[1] ?? ""}" is not valid for resource "${resource}".`);
  }
  if (!isWhole) throw malformed("The policy failed legacy parsing");
}

const SERVICE = /^[A-Za-z0-9.-]+$/;
/** Keys of web identities begin with the address of their provider: `oidc.example/id/1:sub`. */
const SERVICE_OR_PROVIDER = /^[A-Za-z0-9._~%/-]+$/;

/** @param name an action, or the key of a condition @throws {ApiError} MalformedPolicyDocument */
function checkVendor(name: string, form: RegExp): void {
  const [vendor = "", ...rest] = name.split(":");
  if (rest.length === 0 && vendor !== "*") {
    throw malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  }
  if (rest.length > 0 && !form.test(vendor)) throw malformed(`Vendor ${vendor} is not valid`);
}

/** @throws {ApiError} MalformedPolicyDocument */
function checkAction(action: string): void {
  checkVendor(action, SERVICE);
  if (action.split(":").length > 2) throw malformed("Actions/Condition can contain only one colon.");
}

/** @throws {ApiError} MalformedPolicyDocument */
function checkStatements({ statements }: PolicyDocument): void {
  if (statements.length === 0) throw malformed();
  for (const { operator, values } of statements.flatMap(({ conditions }) => conditions)) {
    if (!values.every((value) => isValueOf(operator, value))) {
      throw malformed("The policy failed legacy parsing");
    }
  }
  const sids = statements.flatMap(({ sid }) => sid ?? []);
  if (!sids.every((sid) => /^[A-Za-z0-9]+$/.test(sid))) throw malformed();
  if (new Set(sids).size < sids.length) {
    throw malformed("Statement IDs (SID) in a single policy must be unique.");
  }
  for (const { actions, conditions } of statements) {
    if (!actions || actions.of.length === 0) throw malformed("Policy statement must contain actions.");
    for (const action of actions.of) checkAction(action);
    for (const { key } of conditions) checkVendor(key, SERVICE_OR_PROVIDER);
  }
}

/**
 * Checks a policy that says what the identity may do that it is attached to.
 *
 * The texts are IAM's, as public threads show them. IAM names the first thing that is wrong.
 *
 * @param managed whether it is to be a managed policy, which must name the current version
 * @throws {ApiError} MalformedPolicyDocument
 */
export function checkIdentityPolicy(text: string, managed: boolean): PolicyDocument {
  const policy = parseDocument(text);
  if (managed && policy.version !== "2012-10-17") {
    throw malformed("Policy document must be version 2012-10-17 or greater.");
  }
  if (policy.statements.some(({ principals }) => principals)) {
    throw malformed("Policy document should not specify a principal.");
  }
  checkStatements(policy);
  for (const { resources } of policy.statements) {
    if (!resources || resources.of.length === 0) throw malformed("Policy statement must contain resources.");
    for (const resource of resources.of) checkResource(resource);
  }
  return policy;
}

/**
 * Checks a policy that says who may assume the role that it is the trust policy of.
 *
 * @throws {ApiError} MalformedPolicyDocument
 */
export function checkTrustPolicy(text: string): PolicyDocument {
  const policy = parseDocument(text);
  if (policy.statements.some(({ resources }) => resources)) throw malformed("Has prohibited field Resource");
  if (policy.statements.some(({ principals }) => !principals || Object.keys(principals.of).length === 0)) {
    throw malformed("Missing required field Principal");
  }
  if (policy.statements.some(({ actions }) => !actions)) throw malformed("Missing required field Action");
  checkStatements(policy);
  const actions = policy.statements.flatMap((statement) => statement.actions?.of ?? []);
  if (!actions.every((action) => action === "*" || /^sts:/i.test(action))) {
    throw malformed("AssumeRole policy may only specify STS AssumeRole actions.");
  }
  return policy;
}

/**
 * Checks a policy of a VPC endpoint, which says who may do what to what by way of it. Its statements may have names that
 * IAM's may not, such as `Access-to-specific-bucket-only`.
 *
 * @throws {ApiError} MalformedPolicyDocument
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
 */
export function checkEndpointPolicy(text: string): PolicyDocument {
  const policy = parseDocument(text);
  if (policy.statements.length === 0) throw malformed();
  for (const { principals, actions, resources, conditions } of policy.statements) {
    if (!principals || !actions?.of.length || !resources?.of.length) throw malformed();
    for (const { operator, values } of conditions) {
      if (!values.every((value) => isValueOf(operator, value))) throw malformed();
    }
  }
  return policy;
}
