import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ApiError } from "../../../server/errors.ts";
import { checkIdentityPolicy, checkTrustPolicy, parseDocument } from "../../../server/iam/policy/document.ts";

const good = { Effect: "Allow", Action: "ec2:*", Resource: "*" };
const policy = (statement: object | readonly object[], more = {}): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statement, ...more });

/** The message that a document is refused with. */
function refusal(check: () => unknown): string | undefined {
  try {
    check();
  } catch (error) {
    if (error instanceof ApiError && error.code === "MalformedPolicyDocument") return error.message;
    throw error;
  }
  return undefined;
}

const SYNTAX = "Syntax errors in policy.";
const VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const LEGACY = "The policy failed legacy parsing";

describe("a policy of an identity", () => {
  test.each([
    ["no JSON", "{", SYNTAX],
    ["no object", "[]", SYNTAX],
    ["an unknown member", policy(good, { Extra: 1 }), SYNTAX],
    ["a wrong version", policy(good, { Version: "2012-10-18" }), SYNTAX],
    ["no statement", JSON.stringify({ Version: "2012-10-17" }), SYNTAX],
    ["no statements", policy([]), SYNTAX],
    [
      "an old version",
      policy(good, { Version: "2008-10-17" }),
      "Policy document must be version 2012-10-17 or greater.",
    ],
    ["no effect", policy({ ...good, Effect: "allow" }), SYNTAX],
    ["an unknown element", policy({ ...good, Actions: "ec2:*" }), SYNTAX],
    ["an unsuitable id", policy({ ...good, Sid: "no blanks" }), SYNTAX],
    [
      "two of the same id",
      policy([
        { ...good, Sid: "A" },
        { ...good, Sid: "A" },
      ]),
      "Statement IDs (SID) in a single policy must be unique.",
    ],
    ["a principal", policy({ ...good, Principal: "*" }), "Policy document should not specify a principal."],
    ["no action", policy({ ...good, Action: [] }), "Policy statement must contain actions."],
    ["both kinds of action", policy({ ...good, NotAction: "s3:*" }), SYNTAX],
    ["an action that is none", policy({ ...good, Action: 5 }), SYNTAX],
    ["an action of nobody", policy({ ...good, Action: "RunInstances" }), VENDOR],
    [
      "an action of two",
      policy({ ...good, Action: "ec2:Run:Instances" }),
      "Actions/Condition can contain only one colon.",
    ],
    ["a strange vendor", policy({ ...good, Action: "e c2:*" }), "Vendor e c2 is not valid"],
    ["no resource", policy({ Effect: "Allow", Action: "ec2:*" }), "Policy statement must contain resources."],
    [
      "a resource that is none",
      policy({ ...good, Resource: "i-1" }),
      'Resource i-1 must be in ARN format or "*".',
    ],
    [
      "a resource nowhere",
      policy({ ...good, Resource: "arn:moon:ec2:::x" }),
      'Partition "moon" is not valid for resource "arn:moon:ec2:::x".',
    ],
    ["half an ARN", policy({ ...good, Resource: "arn:aws:ec2" }), LEGACY],
    ["a condition without operator", policy({ ...good, Condition: { "aws:SourceIp": "10.0.0.1" } }), SYNTAX],
    ["an unknown operator", policy({ ...good, Condition: { StringIs: { "aws:x": "1" } } }), SYNTAX],
    ["a value that is none", policy({ ...good, Condition: { StringEquals: { "aws:x": {} } } }), SYNTAX],
    ["no date", policy({ ...good, Condition: { DateLessThan: { "aws:CurrentTime": "soon" } } }), LEGACY],
    ["a key of nobody", policy({ ...good, Condition: { StringEquals: { x: "1" } } }), VENDOR],
  ])("cannot have %s", (_, text, message) => {
    expect(refusal(() => checkIdentityPolicy(text, true))).toBe(message);
  });

  test("is read as it is meant", () => {
    const condition = { Bool: { "aws:SecureTransport": true }, NumericLessThan: { "s3:max-keys": 10 } };
    const text = policy([
      { ...good, Sid: "", Condition: condition },
      { Effect: "Deny", NotAction: ["iam:*"], NotResource: "arn:aws:s3:::*" },
    ]);
    expect(checkIdentityPolicy(text, true).statements).toMatchObject([
      {
        sid: undefined,
        actions: { negated: false, of: ["ec2:*"] },
        conditions: [
          { operator: "Bool", key: "aws:SecureTransport", values: ["true"] },
          { operator: "NumericLessThan", key: "s3:max-keys", values: ["10"] },
        ],
      },
      { effect: "Deny", actions: { negated: true }, resources: { negated: true } },
    ]);
    expect(refusal(() => checkIdentityPolicy(policy(good, { Version: undefined }), false))).toBeUndefined();
  });
});

describe("a trust policy", () => {
  const trust = { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" };
  test.each([
    ["a resource", { ...trust, Resource: "*" }, "Has prohibited field Resource"],
    ["no principal", { ...trust, Principal: undefined }, "Missing required field Principal"],
    ["nobody as principal", { ...trust, Principal: {} }, "Missing required field Principal"],
    ["an unknown kind of principal", { ...trust, Principal: { Users: "*" } }, SYNTAX],
    ["a principal that is none", { ...trust, Principal: "me" }, SYNTAX],
    ["no action", { ...trust, Action: undefined }, "Missing required field Action"],
    [
      "another's action",
      { ...trust, Action: "ec2:RunInstances" },
      "AssumeRole policy may only specify STS AssumeRole actions.",
    ],
  ])("cannot have %s", (_, statement, message) => {
    expect(refusal(() => checkTrustPolicy(policy(statement)))).toBe(message);
  });

  test("names whom it trusts", () => {
    expect(checkTrustPolicy(policy({ ...trust, Principal: "*" })).statements[0]?.principals).toEqual({
      negated: false,
      of: { AWS: ["*"] },
    });
  });
});

test("nothing that is JSON breaks the reader", () => {
  fc.assert(
    fc.property(fc.json(), fc.json(), (statement, condition) => {
      for (const text of [
        statement,
        `{"Statement":${statement}}`,
        `{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":${condition}}}`,
        `{"Statement":{"Effect":"Allow","Principal":${condition},"Action":${statement}}}`,
      ]) {
        refusal(() => parseDocument(text));
      }
    }),
    { seed: 20_253, numRuns: 500 },
  );
  expect(refusal(() => parseDocument("{}"))).toBe(SYNTAX);
});
