import type { ConditionDocument, StatementDocument } from "./document.ts";
import type { Keys } from "./keys.ts";
import { compileCondition } from "./operators.ts";
import { compilePattern, keysIn, type Matcher } from "./pattern.ts";
import { findNaming, type Naming, type Principal } from "./principal.ts";

/** What is asked of a policy: may this be done to that? */
export interface Question {
  /** `ec2:RunInstances` */
  readonly action: string;
  /** An ARN, or `*` where the action is about no resource in particular. */
  readonly resource: string;
  readonly keys: Keys;
}

/** One statement, made ready to be asked. */
export interface Statement {
  /** Its place in its policy, from 0. */
  readonly index: number;
  readonly sid: string | undefined;
  readonly effect: "Allow" | "Deny";
  /** @param action in lower case */
  readonly isAbout: (action: string) => boolean;
  /** Whether it is about the resource, whatever its conditions. */
  readonly covers: (question: Question) => boolean;
  /** Whether it can be about an action that is about no resource in particular. */
  readonly mayCoverNone: boolean;
  /** Whether its conditions hold. */
  readonly holds: (keys: Keys) => boolean;
  /** How it names who asks; undefined if it does not. Statements without principals name everyone. */
  readonly names: (principal: Principal) => Naming | undefined;
  /** The keys that it depends on, in lower case. */
  readonly keys: readonly string[];
}

const none: Keys = { get: () => undefined };

/** Whether one of them matches. */
const either = (matchers: readonly Matcher[]): Matcher => {
  const [only] = matchers;
  if (only && matchers.length === 1) return only;
  return (text, keys) => {
    for (const matches of matchers) if (matches(text, keys)) return true;
    return false;
  };
};

/** @param variables whether the policy's version has variables */
export function compileStatement(
  { sid, effect, principals, actions, resources, conditions }: StatementDocument,
  index: number,
  variables: boolean,
): Statement {
  const isAction = either(
    (actions?.of ?? []).map((action) =>
      compilePattern(action.toLowerCase(), { wildcards: true, variables: false }),
    ),
  );
  const isResource = either(
    (resources?.of ?? ["*"]).map((pattern) =>
      compilePattern(pattern, { wildcards: true, variables, arn: true }),
    ),
  );
  const notAction = actions?.negated ?? false;
  const notResource = resources?.negated ?? false;
  const tests = conditions.map(({ operator, key, values }) =>
    compileCondition(operator, key, values, variables),
  );
  const variableKeys = variables ? (resources?.of ?? []).flatMap(keysIn) : [];
  return {
    index,
    sid,
    effect,
    isAbout: (action) => isAction(action, none) !== notAction,
    covers: ({ resource, keys }) => isResource(resource, keys) !== notResource,
    mayCoverNone: variableKeys.length > 0 || isResource("*", none) !== notResource,
    holds: (keys) => {
      for (const test of tests) if (!test(keys)) return false;
      return true;
    },
    names: (principal) => {
      if (!principals) return "everyone";
      const naming = findNaming(principals.of, principal);
      if (!principals.negated) return naming;
      return naming === undefined ? "everyone" : undefined;
    },
    keys: keysOf(conditions, variables ? (resources?.of ?? []) : []),
  };
}

const keysOf = (conditions: readonly ConditionDocument[], patterns: readonly string[]): string[] => [
  ...new Set([
    ...conditions.map(({ key }) => key.toLowerCase()),
    ...[...patterns, ...conditions.flatMap(({ values }) => values)].flatMap(keysIn),
  ]),
];
