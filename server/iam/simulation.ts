import type * as Iam from "@aws-sdk/client-iam";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import { boundaryOf, policiesOfGroup, policiesOfRole, policiesOfUser, type Source } from "./applicable.ts";
import { groups } from "./group.ts";
import { decide, matching, type Cause, type Policies, type Request } from "./policy/evaluate.ts";
import type { KeyValue } from "./policy/keys.ts";
import { policyOf } from "./policy/policy.ts";
import type { Principal } from "./policy/principal.ts";
import { statementSpans } from "./policy/spans.ts";
import { checkArn, checkDocument, checkLength, missing, pageOf } from "./request.ts";
import { roles } from "./role.ts";
import { users } from "./user.ts";

const invalidInput = (message: string): ApiError => new ApiError("InvalidInput", message);

/** Policies that the call gives. @throws {ApiError} ValidationError, InvalidInput */
function readPolicies(documents: readonly string[] | undefined, list: string): Source[] {
  return (documents ?? []).map((document, i) => {
    checkDocument(`${list}.${i + 1}.member`, document);
    try {
      return { name: `${list}.${i + 1}`, document, policy: policyOf(document) };
    } catch (error) {
      if (error instanceof ApiError) throw invalidInput(`Invalid policy ${list}.${i + 1}: ${error.message}`);
      throw error;
    }
  });
}

/** @throws {ApiError} InvalidInput */
function readKeys(entries: readonly Iam.ContextEntry[] | undefined): ReadonlyMap<string, KeyValue> {
  const keys = new Map<string, KeyValue>();
  for (const { ContextKeyName: name = "", ContextKeyValues: values = [], ContextKeyType: type } of entries ??
    []) {
    checkLength("contextKeyName", name, 5, 256);
    const isList = type?.endsWith("List") ?? values.length !== 1;
    if (!isList && values.length > 1) {
      throw invalidInput(`Context key ${name} of type ${type ?? ""} must have one value.`);
    }
    keys.set(name.toLowerCase(), isList ? values : values[0]);
  }
  return keys;
}

/** The principal of an ARN; whether there is such a one does not matter. @throws {ApiError} InvalidInput */
function readCaller(arn: string): Principal {
  const [, account = "", type = "", name = ""] =
    /^arn:aws:(?:iam|sts)::(\d{12}):(user|assumed-role|role|root)(?:\/(.+))?$/.exec(arn) ?? [];
  if (type === "root") return { kind: "root", account, arn, id: account };
  if (type === "user" && name !== "") return { kind: "user", account, arn, id: "" };
  if (name === "") throw invalidInput(`Invalid caller ARN: ${arn}`);
  const [role = ""] = name.split("/", 1);
  return {
    kind: "session",
    account,
    arn,
    id: "",
    role: type === "role" ? arn : `arn:aws:iam::${account}:role/${role}`,
  };
}

interface Scenario {
  readonly caller: Principal;
  readonly policies: Policies;
  readonly sources: readonly Source[];
}

type Input = Omit<Iam.SimulateCustomPolicyRequest, "PolicyInputList">;

/** @throws {ApiError} InvalidInput, for what can only be simulated with a resource's policy, or without */
function readResourcePolicy({ ResourcePolicy: document, CallerArn }: Input): Source | undefined {
  if (document === undefined) return undefined;
  const [policy] = readPolicies([document], "ResourcePolicy");
  if (CallerArn === undefined) throw invalidInput("CallerArn is required when ResourcePolicy is given.");
  return policy;
}

function readOwner(owner: string | undefined): string | undefined {
  if (owner === undefined) return undefined;
  const account = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(owner)?.[1];
  if (account === undefined) throw invalidInput(`Invalid resource owner: ${owner}`);
  return account;
}

function viewCause({ source, statement }: Cause, sources: readonly Source[]): Iam.Statement {
  const { document = "" } = sources.find((each) => each === source) ?? {};
  const span = statementSpans(document)[statement.index];
  return {
    SourcePolicyId: source.name,
    // What IAM answers, whatever kind of policy it is.
    SourcePolicyType: "IAM Policy" as Iam.PolicySourceType,
    ...(span && { StartPosition: span.start, EndPosition: span.end }),
  };
}

/** The keys that decide and that nobody gave. */
function missingKeys(request: Request, sources: readonly Source[]): string[] {
  const asked = sources.flatMap(({ policy }) => {
    const { deny, allow } = policy.about(request);
    return [...deny, ...allow].filter((statement) => statement.covers(request)).flatMap(({ keys }) => keys);
  });
  return [...new Set(asked)].filter((key) => request.keys.get(key) === undefined);
}

function evaluate(request: Request, { policies, sources }: Scenario): Iam.EvaluationResult {
  const { boundary, resource } = policies;
  const decision = decide(request, policies);
  const causes = [
    ...matching(request, "identity", policies.identity),
    ...matching(request, "resource", resource ? [resource] : []),
    ...(decision.outcome === "explicitDeny" && decision.by.gate === "boundary" ? [decision.by] : []),
  ];
  const detail = boundary && {
    PermissionsBoundaryDecisionDetail: {
      AllowedByPermissionsBoundary: decide(request, { identity: [boundary] }).outcome === "allowed",
    },
  };
  const shared = {
    MatchedStatements: causes.map((cause) => viewCause(cause, sources)),
    MissingContextValues: missingKeys(request, sources),
    ...detail,
  };
  return {
    EvalActionName: request.action,
    EvalResourceName: request.resource,
    EvalDecision: decision.outcome,
    ...shared,
    ResourceSpecificResults:
      request.resource === "*"
        ? []
        : [
            {
              EvalResourceName: request.resource,
              EvalResourceDecision: decision.outcome,
              ...shared,
            },
          ],
  };
}

function simulate(ctx: Context, input: Input, scenario: Scenario): Iam.SimulatePolicyResponse {
  if (input.ResourceHandlingOption !== undefined) {
    throw invalidInput(`The resource handling option ${input.ResourceHandlingOption} is not supported.`);
  }
  const keys = readKeys(input.ContextEntries);
  const resourceAccount = readOwner(input.ResourceOwner);
  const resources = input.ResourceArns?.length ? input.ResourceArns : ["*"];
  const requests = (input.ActionNames ?? []).flatMap((action) => {
    checkLength("actionNames.member", action, 3, 128);
    if (!/^[A-Za-z0-9-]+:[A-Za-z0-9]+$/.test(action)) throw invalidInput(`Invalid action: ${action}`);
    return resources.map((resource) => ({ action, resource: checkResource(resource) }));
  });
  const numbered = requests.map((request, place) => ({ ...request, key: String(place).padStart(6, "0") }));
  const { items, rest } = pageOf(ctx, numbered, input, ({ key }) => key);
  return {
    EvaluationResults: items.map(({ action, resource }) =>
      evaluate({ action, resource, keys, principal: scenario.caller, resourceAccount }, scenario),
    ),
    ...rest,
  };
}

/** @throws {ApiError} InvalidInput */
function checkResource(resource: string): string {
  checkLength("resourceArns.member", resource, 1, 2048);
  if (resource === "*" || resource.startsWith("arn:")) return resource;
  throw invalidInput(`Invalid resource ARN: ${resource}`);
}

function scenarioOf(
  input: Input,
  identity: readonly Source[],
  caller: Principal,
  ownBoundary?: Source,
): Scenario {
  const list = "PermissionsBoundaryPolicyInputList";
  const [given, ...others] = readPolicies(input[list], list);
  if (others.length > 0) throw invalidInput(`Only one policy can be given in ${list}.`);
  const boundary = given ?? ownBoundary;
  const resource = readResourcePolicy(input);
  const sources = [...identity, ...(boundary ? [boundary] : []), ...(resource ? [resource] : [])];
  return { caller, policies: { identity, boundary, resource }, sources };
}

/** Whose policies a simulation is about. @throws {ApiError} ValidationError, InvalidInput, NoSuchEntity */
function readSource(
  ctx: Context,
  arn: string,
): { readonly policies: Source[]; readonly boundary?: Source | undefined; readonly caller: Principal } {
  checkArn("policySourceArn", arn);
  const own = (row: { readonly account: string } | undefined): boolean => row?.account === ctx.account;
  const user = users.findByArn(ctx, arn);
  if (user && own(user)) {
    const caller: Principal = { kind: "user", account: user.account, arn, id: user.id };
    return { policies: policiesOfUser(ctx, user), boundary: boundaryOf(ctx, user), caller };
  }
  const role = roles.findByArn(ctx, arn);
  if (role && own(role)) {
    const caller: Principal = { kind: "session", account: role.account, arn, id: role.id, role: arn };
    return { policies: policiesOfRole(ctx, role), boundary: boundaryOf(ctx, role), caller };
  }
  const group = groups.findByArn(ctx, arn);
  if (group && own(group)) {
    const caller: Principal = { kind: "user", account: group.account, arn, id: "" };
    return { policies: policiesOfGroup(ctx, group), caller };
  }
  throw missing(`The entity ${arn} cannot be found.`);
}

/** The keys that statements depend on, however they are written there. */
const keysOf = (sources: readonly Source[]): string[] => [
  ...new Set(sources.flatMap(({ policy }) => policy.statements.flatMap(({ keys }) => keys))),
];

export const partly = {
  SimulateCustomPolicy: "ResourceHandlingOption",
  SimulatePrincipalPolicy: "ResourceHandlingOption",
};

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html */
export const operations = {
  GetContextKeysForCustomPolicy: ({ PolicyInputList }) => ({
    ContextKeyNames: keysOf(readPolicies(PolicyInputList, "PolicyInputList")),
  }),

  GetContextKeysForPrincipalPolicy: ({ PolicySourceArn, PolicyInputList }, ctx) => {
    const { policies, boundary } = readSource(ctx, PolicySourceArn);
    const given = readPolicies(PolicyInputList, "PolicyInputList");
    return { ContextKeyNames: keysOf([...policies, ...(boundary ? [boundary] : []), ...given]) };
  },

  SimulateCustomPolicy: (input, ctx) => {
    const caller = readCaller(input.CallerArn ?? `arn:aws:iam::${ctx.account}:user/simulated`);
    const identity = readPolicies(input.PolicyInputList, "PolicyInputList");
    return simulate(ctx, input, scenarioOf(input, identity, caller));
  },

  SimulatePrincipalPolicy: (input, ctx) => {
    const source = readSource(ctx, input.PolicySourceArn);
    const caller = input.CallerArn === undefined ? source.caller : readCaller(input.CallerArn);
    const identity = [...source.policies, ...readPolicies(input.PolicyInputList, "PolicyInputList")];
    return simulate(ctx, input, scenarioOf(input, identity, caller, source.boundary));
  },
} satisfies IamHandlers;
