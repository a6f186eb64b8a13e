import { ApiError } from "../errors.ts";
import { checkEndpointPolicy } from "../iam/policy/document.ts";
import { statementSpans } from "../iam/policy/spans.ts";

/** Full access to the service, as EC2 writes it. */
export const DEFAULT_POLICY = JSON.stringify({
  Version: "2008-10-17",
  Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }],
});

/** "The size of an endpoint policy cannot exceed 20,480 characters, including white space." */
const LONGEST = 20_480;

const isPolicy = (text: string): boolean => {
  try {
    checkEndpointPolicy(text);
    return true;
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
};

/** What is wrong with a document that is no policy: EC2 tells where, if it is JSON. */
function faultOf(text: string): string | undefined {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof policy !== "object" || policy === null || !("Statement" in policy)) return undefined;
  const { Statement } = policy;
  const statements: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
  const wrong = statements.findIndex((each) => !isPolicy(JSON.stringify({ Statement: each })));
  const { Line, Column } = statementSpans(text)[wrong]?.start ?? { Line: 1, Column: 1 };
  return `The Policy Document is not valid. Syntax error at position (${Line},${Column})`;
}

/**
 * @throws {ApiError} InvalidPolicyDocument if it is no policy whose statements say who may do what to what
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
 */
export function readPolicy(text: string): string {
  if (text.length > LONGEST) throw new ApiError("InvalidPolicyDocument");
  if (!isPolicy(text)) throw new ApiError("InvalidPolicyDocument", faultOf(text));
  return text;
}
