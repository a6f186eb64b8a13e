import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decide,
  explain,
  type Attached,
  type Decision,
  type Policies,
  type Request,
} from "../../../server/iam/policy/evaluate.ts";
import type { Keys } from "../../../server/iam/policy/keys.ts";
import { policyOf } from "../../../server/iam/policy/policy.ts";
import type { Principal } from "../../../server/iam/policy/principal.ts";
import {
  naiveDecision,
  type RawPolicies,
  type RawPolicy,
  type RawRequest,
  type RawStatement,
} from "./naive.ts";

const seed = 20_251;
const ACCOUNT = "111111111111";
const OTHER = "222222222222";
const USER = `arn:aws:iam::${ACCOUNT}:user/ann`;

const attached = (statements: RawPolicy, name = "policy"): Attached => ({
  name,
  policy: policyOf(JSON.stringify({ Version: "2012-10-17", Statement: statements })),
});

const keysOf = (keys: RawRequest["keys"]): Keys =>
  new Map(Object.entries(keys).map(([name, value]) => [name.toLowerCase(), value]));

const ann: Principal = { kind: "user", account: ACCOUNT, arn: USER, id: "AIDAANN" };

const requestOf = ({ action, resource, keys, resourceAccount }: RawRequest): Request => ({
  action,
  resource,
  keys: keysOf(keys),
  principal: ann,
  resourceAccount,
});

const policiesOf = ({ identity, boundary, session, resource, endpoint }: RawPolicies): Policies => ({
  identity: identity.map((each) => attached(each)),
  boundary: boundary && attached(boundary),
  session: session && [attached(session)],
  resource: resource && attached(resource),
  endpoint: endpoint && attached(endpoint),
});

const real = (request: RawRequest, policies: RawPolicies): Decision =>
  decide(requestOf(request), policiesOf(policies));

const words = ["red", "blue", "green"];
const resources = [
  `arn:aws:ec2:us-east-1:${ACCOUNT}:instance/i-1`,
  `arn:aws:ec2:us-east-1:${ACCOUNT}:instance/i-2`,
  `arn:aws:ec2:eu-west-1:${OTHER}:volume/red:x`,
  "*",
];
const actions = ["ec2:StartInstances", "ec2:StopInstances", "ec2:DescribeInstances", "iam:PassRole"];

const list = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { minLength: 1, maxLength: 3 });
const actionPattern = fc.constantFrom(...actions, "ec2:*", "*", "EC2:st*", "ec2:St?pInstances", "iam:*");
const resourcePattern = fc.constantFrom(
  ...resources,
  "arn:aws:ec2:*:*:instance/*",
  "arn:aws:ec2:us-*-1:*:*/i-1",
  "arn:aws:ec2:*",
  `arn:*:${ACCOUNT}:instance/i-?`,
  "arn:aws:e*2:*volume/red:x",
  "arn:aws:ec2:*:*:volume/${team}:*",
);
const operator = fc
  .tuple(
    fc.constantFrom("", "ForAllValues:", "ForAnyValue:"),
    fc.constantFrom("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "NumericLessThan"),
    fc.constantFrom("", "IfExists"),
  )
  .map((parts) => parts.join(""));
const condition = fc.dictionary(
  fc.oneof({ weight: 4, arbitrary: operator }, { weight: 1, arbitrary: fc.constant("Null") }),
  fc.dictionary(fc.constantFrom("team", "tags", "size"), list(fc.constantFrom("red", "bl*", "${team}", "5"))),
  { maxKeys: 2 },
);
/** Values that the operator takes. */
const sound = (
  conditions: Record<string, Record<string, string[]>>,
): Record<string, Record<string, string[]>> =>
  Object.fromEntries(
    Object.entries(conditions).map(([name, lines]) => [
      name,
      Object.fromEntries(
        Object.entries(lines).map(([key, values]) => [
          key,
          name === "Null"
            ? [values[0] === "red" ? "true" : "false"]
            : name.includes("Numeric")
              ? ["5"]
              : values,
        ]),
      ),
    ]),
  );

const statement = fc
  .record({
    Effect: fc.constantFrom("Allow" as const, "Allow" as const, "Deny" as const),
    act: fc.tuple(fc.constantFrom("Action", "Action", "NotAction"), list(actionPattern)),
    on: fc.tuple(fc.constantFrom("Resource", "Resource", "NotResource"), list(resourcePattern)),
    Condition: fc
      .oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: condition })
      .map(sound),
  })
  .map(({ Effect, act, on, Condition }): RawStatement => ({
    Effect,
    [act[0]]: act[1],
    [on[0]]: on[1],
    Condition,
  }));
const policy = fc.array(statement, { minLength: 1, maxLength: 3 });
const resourcePolicy = fc.array(
  fc
    .tuple(statement, list(fc.constantFrom("*", ACCOUNT, USER, OTHER)))
    .map(([each, AWS]): RawStatement => ({ ...each, Principal: { AWS } })),
  { minLength: 1, maxLength: 3 },
);
const policies: fc.Arbitrary<RawPolicies> = fc.record({
  identity: fc.array(policy, { maxLength: 3 }),
  boundary: fc.option(policy, { nil: undefined }),
  session: fc.option(policy, { nil: undefined }),
  resource: fc.option(resourcePolicy, { nil: undefined }),
  endpoint: fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: resourcePolicy },
  ),
});
const request: fc.Arbitrary<RawRequest> = fc.record({
  action: fc.constantFrom(...actions),
  resource: fc.constantFrom(...resources),
  keys: fc
    .record(
      {
        team: fc.constantFrom(...words),
        tags: fc.array(fc.constantFrom(...words), { maxLength: 2 }),
        size: fc.constantFrom("4", "5", "6"),
      },
      { requiredKeys: [] },
    )
    .map((keys) => ({ ...keys })),
  principal: fc.constant({ account: ACCOUNT, user: USER }),
  resourceAccount: fc.constantFrom(ACCOUNT, ACCOUNT, OTHER),
});

const implies = (a: boolean, b: boolean): boolean => !a || b;

const isAllowed = (asked: RawRequest, given: RawPolicies): boolean =>
  real(asked, given).outcome === "allowed";

describe("random policies", () => {
  test("are decided as by an evaluator that tries everything", () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(request, policies, (asked, given) => {
        const { outcome } = real(asked, given);
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
        expect(outcome).toBe(naiveDecision(asked, given));
      }),
      { seed, numRuns: 4000 },
    );
    for (const outcome of ["allowed", "explicitDeny", "implicitDeny"]) {
      expect(seen.get(outcome), outcome).toBeGreaterThan(200);
    }
  });

  test("never allow more with one more Deny, wherever it stands", () => {
    fc.assert(
      fc.property(
        request,
        policies,
        policy,
        resourcePolicy,
        fc.nat(),
        (asked, given, plain, named, where) => {
          const own = plain.map((each): RawStatement => ({ ...each, Effect: "Deny" }));
          const denies = named.map((each): RawStatement => ({ ...each, Effect: "Deny" }));
          const places: RawPolicies[] = [
            { ...given, identity: [...given.identity, own] },
            { ...given, boundary: given.boundary && [...given.boundary, ...own] },
            { ...given, session: given.session && [...given.session, ...own] },
            { ...given, resource: [...(given.resource ?? []), ...denies] },
            { ...given, endpoint: given.endpoint && [...given.endpoint, ...denies] },
          ];
          const more = places[where % places.length] ?? given;
          return implies(isAllowed(asked, more), isAllowed(asked, given));
        },
      ),
      { seed, numRuns: 2000 },
    );
  });

  test("never deny more with one more Allow of an identity", () => {
    fc.assert(
      fc.property(request, policies, statement, (asked, given, added) => {
        const more = { ...given, identity: [...given.identity, [{ ...added, Effect: "Allow" as const }]] };
        return implies(isAllowed(asked, given), isAllowed(asked, more));
      }),
      { seed, numRuns: 2000 },
    );
  });

  test("say the same in any order", () => {
    fc.assert(
      fc.property(request, policies, (asked, given) => {
        const turned: RawPolicies = {
          identity: given.identity.map((each) => each.toReversed()).toReversed(),
          boundary: given.boundary?.toReversed(),
          session: given.session?.toReversed(),
          resource: given.resource?.toReversed(),
          endpoint: given.endpoint?.toReversed(),
        };
        const plain = ({ outcome, ...rest }: Decision) => ({
          outcome,
          missing: "missing" in rest ? rest.missing : undefined,
          gate: "by" in rest ? rest.by?.gate : undefined,
        });
        expect(plain(real(asked, turned))).toEqual(plain(real(asked, given)));
      }),
      { seed, numRuns: 2000 },
    );
  });

  test("never allow more by an endpoint than without one, whatever its policy", () => {
    fc.assert(
      fc.property(request, policies, resourcePolicy, (asked, given, endpoint) =>
        implies(
          isAllowed(asked, { ...given, endpoint }),
          isAllowed(asked, { ...given, endpoint: undefined }),
        ),
      ),
      { seed, numRuns: 1000 },
    );
  });

  test("allow no more than a boundary, and no more than a session's policy", () => {
    fc.assert(
      fc.property(request, policies, policy, (asked, { identity }, limit) => {
        const here = { ...asked, resourceAccount: ACCOUNT };
        const alone = isAllowed(here, { identity: [limit] });
        const session = isAllowed(here, { identity, session: limit });
        return (
          implies(isAllowed(here, { identity, boundary: limit }), alone) &&
          implies(session, alone) &&
          implies(session, isAllowed(here, { identity }))
        );
      }),
      { seed, numRuns: 2000 },
    );
  });
});

const allow = (Action: string, more: Partial<RawStatement> = {}): RawStatement => ({
  Effect: "Allow",
  Action: [Action],
  Resource: ["*"],
  ...more,
});
const deny = (Action: string): RawStatement => ({ ...allow(Action), Effect: "Deny" });
const stop: Request = { action: "ec2:StopInstances", resource: "*", keys: new Map(), principal: ann };

describe("what decided", () => {
  test("is the statement that denies, or the gate that nothing opens", () => {
    const identity = [attached([allow("ec2:*")], "full"), attached([deny("ec2:Stop*")], "no-stop")];
    const denied = decide(stop, { identity });
    expect(denied).toMatchObject({
      outcome: "explicitDeny",
      by: { gate: "identity", source: { name: "no-stop" }, statement: { index: 0 } },
    });
    expect(decide(stop, { identity: [] })).toEqual({ outcome: "implicitDeny", missing: "identity" });
    const [full] = identity;
    const own = full ? [full] : [];
    const describeOnly = attached([allow("ec2:Describe*")], "limit");
    expect(decide(stop, { identity: own, boundary: describeOnly })).toEqual({
      outcome: "implicitDeny",
      missing: "boundary",
    });
    expect(decide(stop, { identity: own, session: [] })).toEqual({
      outcome: "implicitDeny",
      missing: "session",
    });
    expect(decide(stop, { identity: own, endpoint: describeOnly })).toEqual({
      outcome: "implicitDeny",
      missing: "endpoint",
    });
    expect(decide(stop, { identity: own })).toMatchObject({
      outcome: "allowed",
      by: { source: { name: "full" } },
    });
  });

  test("is told in AWS's words", () => {
    const told = (policies: Policies, asked = stop): string => {
      const decision = decide(asked, policies);
      if (decision.outcome === "allowed") throw new Error("allowed");
      return explain(asked, decision);
    };
    expect(told({ identity: [] })).toBe(
      `User: ${USER} is not authorized to perform: ec2:StopInstances because no identity-based policy allows the ec2:StopInstances action`,
    );
    const [resource = ""] = resources;
    expect(told({ identity: [attached([deny("*")])] }, { ...stop, resource })).toBe(
      `User: ${USER} is not authorized to perform: ec2:StopInstances on resource: ${resource} with an explicit deny in an identity-based policy`,
    );
    expect(told({ identity: [], boundary: attached([deny("*")]) })).toMatch(
      /with an explicit deny in a permissions boundary$/,
    );
  });
});

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html */
describe("policies of resources", () => {
  const role = `arn:aws:iam::${ACCOUNT}:role/app`;
  const session: Principal = {
    kind: "session",
    account: ACCOUNT,
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/app/s`,
    id: "AROAAPP",
    role,
  };
  const resourceFor = (...AWS: string[]): Attached => attached([allow("ec2:*", { Principal: { AWS } })]);
  const outcome = (principal: Principal, policies: Policies, more: Partial<Request> = {}): string =>
    decide({ ...stop, principal, ...more }, policies).outcome;
  const closed = attached([allow("s3:*")]);

  test.each([
    ["a user named as such needs nothing else", ann, [USER], "allowed", "allowed"],
    ["a session named as such needs nothing else", session, [session.arn], "allowed", "allowed"],
    ["a role is limited by its boundary", session, [role], "allowed", "implicitDeny"],
    ["a role named by its id is the same", session, ["AROAAPP"], "allowed", "implicitDeny"],
    ["everyone is limited by their boundaries", ann, ["*"], "allowed", "implicitDeny"],
    ["an account gives nothing by itself", ann, [ACCOUNT], "implicitDeny", "implicitDeny"],
    ["another's name gives nothing", ann, [role], "implicitDeny", "implicitDeny"],
  ])("%s", (_, principal, named, alone, bounded) => {
    const resource = resourceFor(...named);
    expect(outcome(principal, { identity: [], resource })).toBe(alone);
    expect(outcome(principal, { identity: [], resource, boundary: closed })).toBe(bounded);
  });

  test("of another account need the principal's own policies, too", () => {
    const elsewhere = { resourceAccount: OTHER };
    const identity = [attached([allow("ec2:*")])];
    expect(outcome(ann, { identity }, elsewhere)).toBe("implicitDeny");
    expect(outcome(ann, { identity: [], resource: resourceFor(USER) }, elsewhere)).toBe("implicitDeny");
    expect(outcome(ann, { identity, resource: resourceFor(USER) }, elsewhere)).toBe("allowed");
    expect(outcome(ann, { identity, resource: resourceFor(ACCOUNT) }, elsewhere)).toBe("allowed");
    const root: Principal = {
      kind: "root",
      account: ACCOUNT,
      arn: `arn:aws:iam::${ACCOUNT}:root`,
      id: ACCOUNT,
    };
    expect(outcome(root, { identity: [] }, elsewhere)).toBe("implicitDeny");
    expect(outcome(root, { identity: [] })).toBe("allowed");
    expect(outcome(root, { identity: [], resource: resourceFor(ACCOUNT) }, elsewhere)).toBe("allowed");
  });

  test("that must allow, as a role's trust must, are not made up for", () => {
    const identity = [attached([allow("*")])];
    expect(outcome(ann, { identity, needsResource: true })).toBe("implicitDeny");
    expect(outcome(ann, { identity, needsResource: true, resource: resourceFor(ACCOUNT) })).toBe("allowed");
  });

  test("name services, and all but some", () => {
    const ec2: Principal = { kind: "service", account: "", arn: "ec2.amazonaws.com", id: "" };
    const trust = (Principal: object): Attached => ({
      name: "trust",
      policy: policyOf(
        JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Principal, Action: "ec2:*" }],
        }),
      ),
    });
    expect(outcome(ec2, { identity: [], resource: trust({ Service: "ec2.amazonaws.com" }) })).toBe("allowed");
    expect(outcome(ec2, { identity: [], resource: trust({ Service: ["lambda.amazonaws.com"] }) })).toBe(
      "implicitDeny",
    );
    expect(outcome(ec2, { identity: [], resource: trust({ AWS: USER }) })).toBe("implicitDeny");
    const allBut = (NotPrincipal: object): Attached => ({
      name: "all but",
      policy: policyOf(
        JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Deny", NotPrincipal, Action: "*", Resource: "*" }],
        }),
      ),
    });
    const identity = [attached([allow("ec2:*")])];
    expect(outcome(ann, { identity, resource: allBut({ AWS: USER }) })).toBe("allowed");
    expect(outcome(ann, { identity, resource: allBut({ AWS: role }) })).toBe("explicitDeny");
  });
});
