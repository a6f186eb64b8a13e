import type { CallerKey } from "./keys.ts";
import { isPresigned } from "./claim.ts";
import { readTarget } from "./canonical.ts";
import { authorizations, type SignedRequest } from "./sigv4.ts";

/** What nobody has to sign: the token, or the assertion, in the request says who calls. */
const UNSIGNED = "AssumeRoleWith(?:WebIdentity|SAML)";

/** Whom such a call is by, as far as the connection tells. */
export const anonymous: CallerKey = {
  accessKeyId: "",
  secretAccessKey: "",
  operator: false,
  caller: { account: "", accessKeyId: "", arn: "", userId: "" },
};

const asked = new RegExp(String.raw`(?:^|&)Action=${UNSIGNED}(?:&|$)`);

/** Whether a request has no signature, and asks for what needs none. Nearly all have one: that is looked at first. */
export function isAnonymous({ target, rawHeaders, body }: SignedRequest): boolean {
  if (authorizations(rawHeaders).length > 0) return false;
  const parameters = body.length > 0 ? body.toString("latin1") : target.slice(target.indexOf("?") + 1);
  if (!asked.test(parameters)) return false;
  const read = readTarget(target);
  return read !== undefined && !isPresigned(read.query);
}
