import { ApiError } from "../../errors.ts";
import type { Context } from "../../kit/context.ts";
import type { Source } from "../applicable.ts";
import { explain, type Cause, type Decision, type Request } from "../policy/evaluate.ts";
import { callKeyNames } from "./callKeys.ts";

type Refused = Exclude<Decision, { outcome: "allowed" }>;

/** Of a list, and in characters of a text: more would not fit into a message that can be decoded. */
const MOST_SHOWN = 20;
const LONGEST_SHOWN = 256;

const items = <T>(list: readonly T[]): { items: readonly T[] } => ({ items: list });
const values = (list: readonly string[]) =>
  items(list.slice(0, MOST_SHOWN).map((value) => ({ value: value.slice(0, LONGEST_SHOWN) })));

const listed = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((each) => typeof each === "string");

/** The statement that denied, as its policy has it. */
function viewCause({ source, statement }: Cause, principal: string): object {
  const text = "document" in source ? (source as Source).document : "{}";
  const { Statement } = JSON.parse(text) as { Statement?: unknown };
  const all = (Array.isArray(Statement) ? Statement : [Statement]) as Readonly<Record<string, unknown>>[];
  const { Action, NotAction, Resource, NotResource } = all[statement.index] ?? {};
  return {
    statementId: statement.sid ?? "",
    effect: statement.effect.toUpperCase(),
    principals: values([principal]),
    principalGroups: items([]),
    actions: values(listed(Action ?? NotAction)),
    resources: values(listed(Resource ?? NotResource)),
    conditions: items([]),
  };
}

/** @param known names of the keys that the action may have, as documented */
const viewConditions = (request: Request, known: readonly string[]): object =>
  items(
    [...new Set([...callKeyNames, ...known])].flatMap((key) => {
      const found = request.keys.get(key.toLowerCase());
      return found === undefined ? [] : [{ key, values: values([found].flat()) }];
    }),
  );

/**
 * What DecodeAuthorizationMessage tells of a refusal.
 *
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
 */
const view = (request: Request, decision: Refused, known: readonly string[]): object => ({
  allowed: false,
  explicitDeny: decision.outcome === "explicitDeny",
  matchedStatements: items(
    decision.outcome === "explicitDeny" ? [viewCause(decision.by, request.principal.id)] : [],
  ),
  failures: items([]),
  context: {
    principal: {
      id: request.principal.id,
      name: request.principal.arn.slice(request.principal.arn.lastIndexOf("/") + 1),
      arn: request.principal.arn,
    },
    action: request.action,
    resource: request.resource.slice(0, LONGEST_SHOWN),
    conditions: viewConditions(request, known),
  },
});

/** Calls that read say in plain words all that there is to say. */
const isRead = (operation: string): boolean => /^(?:Describe|Get|List|Search)/.test(operation);

/**
 * The error that a service refuses a call with.
 *
 * @param known names of the keys that the action may have
 */
export function refusalOf(
  ctx: Context,
  service: string,
  request: Request,
  decision: Refused,
  known: readonly string[],
): ApiError {
  const reason = explain(request, decision);
  if (service === "ec2") {
    if (isRead(ctx.operation)) return new ApiError("UnauthorizedOperation", ` ${reason}`);
    const encoded = ctx.seal.close("authorization", JSON.stringify(view(request, decision, known)));
    return new ApiError(
      "UnauthorizedOperation",
      ` ${reason}. Encoded authorization failure message: ${encoded}`,
    );
  }
  if (service === "iam" || service === "sts") return new ApiError("AccessDenied", reason);
  return new ApiError("AccessDeniedException", "UNAUTHORIZED_ACCOUNT", reason);
}
