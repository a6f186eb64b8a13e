/** Decisions that AWS's documentation of policies tells, each with the page that tells it. */
import { describe, expect, test } from "vitest";
import { decide, type Attached, type Decision } from "../../../server/iam/policy/evaluate.ts";
import type { KeyValue } from "../../../server/iam/policy/keys.ts";
import { policyOf } from "../../../server/iam/policy/policy.ts";
import type { Principal } from "../../../server/iam/policy/principal.ts";

type Fields = Readonly<Record<string, unknown>>;

const ACCOUNT = "111122223333";
const ELSEWHERE = "444455556666";
const BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket";
const USER = `arn:aws:iam::${ACCOUNT}:user/carlos`;
const ROLE = `arn:aws:iam::${ACCOUNT}:role/app`;
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/app/one`;

const people: Readonly<Record<string, Principal>> = {
  user: { kind: "user", account: ACCOUNT, arn: USER, id: "AIDACARLOS" },
  session: { kind: "session", account: ACCOUNT, arn: SESSION, id: "AROAAPP", role: ROLE },
  root: { kind: "root", account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root`, id: ACCOUNT },
};

/** What is asked, by whom, and under which policies; each is a list of statements. */
interface Case {
  readonly identity?: readonly Fields[];
  readonly boundary?: readonly Fields[];
  readonly session?: readonly Fields[];
  readonly of?: readonly Fields[];
  readonly version?: string;
  readonly who?: keyof typeof people;
  readonly action?: string;
  readonly on?: string;
  readonly account?: string;
  readonly keys?: Readonly<Record<string, KeyValue>>;
}

const attached = (statements: readonly Fields[], Version: string): Attached => ({
  name: "policy",
  policy: policyOf(JSON.stringify({ Version, Statement: statements })),
});

function outcomeOf(given: Case): Decision["outcome"] {
  const { who = "user", action = "s3:GetObject", on = `${BUCKET}/a`, account, keys = {} } = given;
  const { identity = [], boundary, session, of, version = "2012-10-17" } = given;
  const principal = people[who];
  if (!principal) throw new TypeError(who);
  const lower = new Map(Object.entries(keys).map(([name, value]) => [name.toLowerCase(), value]));
  return decide(
    { principal, action, resource: on, keys: lower, resourceAccount: account },
    {
      identity: identity.length === 0 ? [] : [attached(identity, version)],
      boundary: boundary && attached(boundary, version),
      session: session && [attached(session, version)],
      resource: of && attached(of, version),
    },
  ).outcome;
}

const allow = (Action: string | string[] = "s3:*", more: Fields = {}): Fields => ({
  Effect: "Allow",
  Action,
  Resource: "*",
  ...more,
});
const deny = (Action: string | string[] = "s3:*", more: Fields = {}): Fields => ({
  ...allow(Action, more),
  Effect: "Deny",
});
const to = (AWS: string | string[], more: Fields = {}): Fields =>
  allow("s3:*", { Principal: { AWS }, ...more });
const when = (Condition: Fields): Fields => allow("s3:*", { Condition });

type Row = readonly [says: string, given: Case, outcome: Decision["outcome"]];

const pages: Readonly<Record<string, readonly Row[]>> = {
  "reference_policies_evaluation-logic_policy-eval-denyallow.html": [
    ["by default, all requests are implicitly denied", {}, "implicitDeny"],
    ["except those of the account's root user", { who: "root" }, "allowed"],
    ["an allow overrides the default", { identity: [allow()] }, "allowed"],
    ["an explicit deny overrides any allow", { identity: [allow(), deny()] }, "explicitDeny"],
    [
      "in whichever policy it stands",
      { identity: [allow()], of: [deny("s3:*", { Principal: "*" })] },
      "explicitDeny",
    ],
    [
      "what a boundary denies is denied",
      { identity: [allow()], boundary: [allow(), deny()] },
      "explicitDeny",
    ],
    [
      "what a session policy denies is denied",
      { who: "session", identity: [allow()], session: [allow(), deny()] },
      "explicitDeny",
    ],
    ["a deny of something else denies nothing", { identity: [allow(), deny("s3:Put*")] }, "allowed"],
  ],
  "reference_policies_evaluation-logic_policy-eval-basics.html": [
    [
      "in one account, the identity's policy is enough",
      { identity: [allow()], of: [to(`${ROLE}x`)] },
      "allowed",
    ],
    ["in one account, the resource's policy is enough", { of: [to(USER)] }, "allowed"],
    ["it is not for another user", { of: [to(`${USER}2`)] }, "implicitDeny"],
    ["to allow it to the account leaves it to identities", { of: [to(ACCOUNT)] }, "implicitDeny"],
    ["a session is named by its role", { who: "session", of: [to(ROLE)] }, "allowed"],
    ["a session is named by itself", { who: "session", of: [to(SESSION)] }, "allowed"],
  ],
  "reference_policies_evaluation-logic-cross-account.html": [
    ["the trusting account alone is not enough", { of: [to(USER)], account: ELSEWHERE }, "implicitDeny"],
    ["the trusted account alone is not enough", { identity: [allow()], account: ELSEWHERE }, "implicitDeny"],
    ["both are", { identity: [allow()], of: [to(USER)], account: ELSEWHERE }, "allowed"],
    [
      "the whole account can be trusted",
      { identity: [allow()], of: [to(ACCOUNT)], account: ELSEWHERE },
      "allowed",
    ],
    [
      "a deny in either account denies",
      { identity: [allow(), deny()], of: [to(USER)], account: ELSEWHERE },
      "explicitDeny",
    ],
    [
      "a boundary limits across accounts, too",
      { identity: [allow()], boundary: [allow("ec2:*")], of: [to(USER)], account: ELSEWHERE },
      "implicitDeny",
    ],
  ],
  "access_policies_boundaries.html": [
    [
      "a boundary for S3, CloudWatch and EC2 leaves no iam:CreateUser",
      {
        identity: [allow("iam:CreateUser")],
        boundary: [allow(["s3:*", "cloudwatch:*", "ec2:*"])],
        action: "iam:CreateUser",
        on: "*",
      },
      "implicitDeny",
    ],
    ["a boundary alone gives nothing", { boundary: [allow()] }, "implicitDeny"],
    ["both together give what both have", { identity: [allow()], boundary: [allow("s3:Get*")] }, "allowed"],
    [
      "what a resource's policy gives to a user no boundary limits",
      { boundary: [allow("ec2:*")], of: [to(USER)] },
      "allowed",
    ],
    [
      "what it gives to a role the boundary does limit",
      { who: "session", boundary: [allow("ec2:*")], of: [to(ROLE)] },
      "implicitDeny",
    ],
    [
      "what it gives to a session no boundary limits",
      { who: "session", boundary: [allow("ec2:*")], of: [to(SESSION)] },
      "allowed",
    ],
  ],
  "access_policies.html#policies_session": [
    [
      "a session policy gives nothing that the role has not",
      { who: "session", identity: [allow("ec2:*")], session: [allow()] },
      "implicitDeny",
    ],
    [
      "and takes away what it does not allow",
      { who: "session", identity: [allow()], session: [allow("ec2:*")] },
      "implicitDeny",
    ],
    [
      "what a resource's policy gives to the role it limits",
      { who: "session", session: [allow("ec2:*")], of: [to(ROLE)] },
      "implicitDeny",
    ],
    [
      "what it gives to the session is added",
      { who: "session", session: [allow("ec2:*")], of: [to(SESSION)] },
      "allowed",
    ],
    [
      "with a boundary, too, all three must allow",
      { who: "session", identity: [allow()], session: [allow()], boundary: [allow("ec2:*")] },
      "implicitDeny",
    ],
  ],
  "reference_policies_condition-logic-multiple-context-keys-or-values.html": [
    [
      "of several values of a key, one is enough",
      {
        identity: [when({ StringEquals: { "aws:PrincipalTag/team": ["a", "b"] } })],
        keys: { "aws:PrincipalTag/team": "b" },
      },
      "allowed",
    ],
    [
      "of several keys, all must match",
      {
        identity: [when({ StringEquals: { "aws:PrincipalTag/team": "a", "aws:PrincipalTag/job": "x" } })],
        keys: { "aws:PrincipalTag/team": "a" },
      },
      "implicitDeny",
    ],
    [
      "of several operators, all must match",
      {
        identity: [
          when({ StringEquals: { "aws:username": "carlos" }, Bool: { "aws:SecureTransport": "true" } }),
        ],
        keys: { "aws:username": "carlos", "aws:SecureTransport": "false" },
      },
      "implicitDeny",
    ],
    [
      "of values under a negated operator, none may match",
      {
        identity: [when({ StringNotEquals: { "aws:PrincipalTag/team": ["a", "b"] } })],
        keys: { "aws:PrincipalTag/team": "b" },
      },
      "implicitDeny",
    ],
  ],
  "reference_policies_elements_condition_operators.html": [
    [
      "a key that is not there does not match",
      { identity: [when({ StringEquals: { "aws:PrincipalTag/team": "a" } })] },
      "implicitDeny",
    ],
    [
      "but a negated operator does",
      { identity: [when({ StringNotEquals: { "aws:PrincipalTag/team": "a" } })] },
      "allowed",
    ],
    [
      "and IfExists does",
      { identity: [when({ StringEqualsIfExists: { "aws:PrincipalTag/team": "a" } })] },
      "allowed",
    ],
    [
      "IfExists asks where the key is there",
      {
        identity: [when({ StringEqualsIfExists: { "aws:PrincipalTag/team": "a" } })],
        keys: { "aws:PrincipalTag/team": "b" },
      },
      "implicitDeny",
    ],
    [
      "Null asks whether it is there",
      { identity: [when({ Null: { "aws:TokenIssueTime": "true" } })] },
      "allowed",
    ],
    [
      "Null asks whether it is not",
      { identity: [when({ Null: { "aws:TokenIssueTime": "false" } })] },
      "implicitDeny",
    ],
    [
      "StringEquals minds case",
      {
        identity: [when({ StringEquals: { "aws:username": "Carlos" } })],
        keys: { "aws:username": "carlos" },
      },
      "implicitDeny",
    ],
    [
      "StringEqualsIgnoreCase does not",
      {
        identity: [when({ StringEqualsIgnoreCase: { "aws:username": "Carlos" } })],
        keys: { "aws:username": "carlos" },
      },
      "allowed",
    ],
    [
      "NumericLessThanEquals",
      { identity: [when({ NumericLessThanEquals: { "s3:max-keys": "10" } })], keys: { "s3:max-keys": "10" } },
      "allowed",
    ],
    [
      "DateGreaterThan",
      {
        identity: [when({ DateGreaterThan: { "aws:TokenIssueTime": "2020-01-01T00:00:01Z" } })],
        keys: { "aws:TokenIssueTime": "2020-01-01T00:00:01Z" },
      },
      "implicitDeny",
    ],
    [
      "IpAddress takes a range",
      {
        identity: [when({ IpAddress: { "aws:SourceIp": "203.0.113.0/24" } })],
        keys: { "aws:SourceIp": "203.0.113.9" },
      },
      "allowed",
    ],
    [
      "NotIpAddress is all outside of it",
      {
        identity: [when({ NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } })],
        keys: { "aws:SourceIp": "203.0.113.9" },
      },
      "implicitDeny",
    ],
    [
      "ArnLike compares ARNs part by part",
      {
        identity: [when({ ArnLike: { "aws:PrincipalArn": `arn:aws:iam::*:user/carlos` } })],
        keys: { "aws:PrincipalArn": USER },
      },
      "allowed",
    ],
  ],
  "reference_policies_condition-single-vs-multi-valued-context-keys.html": [
    [
      "ForAllValues: each of the request is one of the policy",
      {
        identity: [when({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } })],
        keys: { "aws:TagKeys": ["a", "b"] },
      },
      "allowed",
    ],
    [
      "one that is not is enough to fail",
      {
        identity: [when({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } })],
        keys: { "aws:TagKeys": ["a", "c"] },
      },
      "implicitDeny",
    ],
    [
      "ForAllValues holds where there is no key",
      { identity: [when({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] } })] },
      "allowed",
    ],
    [
      "which Null keeps it from",
      {
        identity: [
          when({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] }, Null: { "aws:TagKeys": "false" } }),
        ],
      },
      "implicitDeny",
    ],
    [
      "ForAnyValue: one of them is enough",
      {
        identity: [when({ "ForAnyValue:StringEquals": { "aws:TagKeys": ["a"] } })],
        keys: { "aws:TagKeys": ["a", "c"] },
      },
      "allowed",
    ],
    [
      "ForAnyValue fails where there is no key",
      { identity: [when({ "ForAnyValue:StringEquals": { "aws:TagKeys": ["a"] } })] },
      "implicitDeny",
    ],
  ],
  "reference_policies_variables.html": [
    [
      "a variable has the request's value",
      {
        identity: [allow("s3:*", { Resource: `${BUCKET}/\${aws:username}/*` })],
        on: `${BUCKET}/carlos/x`,
        keys: { "aws:username": "carlos" },
      },
      "allowed",
    ],
    [
      "and no other",
      {
        identity: [allow("s3:*", { Resource: `${BUCKET}/\${aws:username}/*` })],
        on: `${BUCKET}/ann/x`,
        keys: { "aws:username": "carlos" },
      },
      "implicitDeny",
    ],
    [
      "without a value, the statement does not apply",
      { identity: [allow("s3:*", { Resource: `${BUCKET}/\${aws:username}/*` })], on: `${BUCKET}//x` },
      "implicitDeny",
    ],
    [
      "a default stands in",
      {
        identity: [allow("s3:*", { Resource: `${BUCKET}/\${aws:PrincipalTag/team, 'company-wide'}/*` })],
        on: `${BUCKET}/company-wide/x`,
      },
      "allowed",
    ],
    [
      "in a policy of 2008, it is plain text",
      {
        version: "2008-10-17",
        identity: [allow("s3:*", { Resource: `${BUCKET}/\${aws:username}` })],
        on: `${BUCKET}/carlos`,
        keys: { "aws:username": "carlos" },
      },
      "implicitDeny",
    ],
    [
      "${*} is an asterisk, not a wildcard",
      { identity: [allow("s3:*", { Resource: `${BUCKET}/\${*}` })], on: `${BUCKET}/a` },
      "implicitDeny",
    ],
  ],
  "reference_policies_elements_notaction.html": [
    [
      "Allow with NotAction gives all the rest",
      { identity: [{ Effect: "Allow", NotAction: "s3:DeleteBucket", Resource: "*" }] },
      "allowed",
    ],
    [
      "but not what it names",
      {
        identity: [{ Effect: "Allow", NotAction: "s3:DeleteBucket", Resource: "*" }],
        action: "s3:DeleteBucket",
        on: BUCKET,
      },
      "implicitDeny",
    ],
    [
      "Deny with NotAction denies all the rest",
      { identity: [allow("*"), { Effect: "Deny", NotAction: "iam:*", Resource: "*" }] },
      "explicitDeny",
    ],
    [
      "and gives not what it names",
      { identity: [{ Effect: "Deny", NotAction: "iam:*", Resource: "*" }], action: "iam:GetUser", on: USER },
      "implicitDeny",
    ],
  ],
  "reference_policies_elements_notresource.html": [
    [
      "Deny with NotResource denies all other resources",
      {
        identity: [allow(), { Effect: "Deny", Action: "s3:*", NotResource: [`${BUCKET}2`, `${BUCKET}2/*`] }],
      },
      "explicitDeny",
    ],
    [
      "and not those",
      { identity: [allow(), { Effect: "Deny", Action: "s3:*", NotResource: [BUCKET, `${BUCKET}/*`] }] },
      "allowed",
    ],
  ],
  "reference_policies_elements_notprincipal.html": [
    [
      "Deny with NotPrincipal denies everyone else",
      {
        identity: [allow()],
        of: [{ Effect: "Deny", NotPrincipal: { AWS: `${USER}2` }, Action: "s3:*", Resource: "*" }],
      },
      "explicitDeny",
    ],
    [
      "and not whom it names",
      {
        identity: [allow()],
        of: [{ Effect: "Deny", NotPrincipal: { AWS: [USER, ACCOUNT] }, Action: "s3:*", Resource: "*" }],
      },
      "allowed",
    ],
  ],
  "reference_policies_elements_action.html": [
    ["names of actions do not mind case", { identity: [allow("S3:getobject")] }, "allowed"],
    ["wildcards stand for any part of them", { identity: [allow("s3:*Obj?ct")] }, "allowed"],
  ],
  "reference_policies_elements_resource.html": [
    ["resources do mind case", { identity: [allow("s3:*", { Resource: `${BUCKET}/A` })] }, "implicitDeny"],
    ["? is one character", { identity: [allow("s3:*", { Resource: `${BUCKET}/?` })] }, "allowed"],
    ["a bucket is not what is in it", { identity: [allow("s3:*", { Resource: BUCKET })] }, "implicitDeny"],
  ],
};

describe.each(Object.entries(pages))("docs.aws.amazon.com/IAM/latest/UserGuide/%s", (_, rows) => {
  test.each(rows)("%s", (_says, given, outcome) => {
    expect(outcomeOf(given)).toBe(outcome);
  });
});
