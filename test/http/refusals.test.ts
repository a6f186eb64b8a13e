import { expect, test } from "vitest";
import { sharedIslet } from "../islet.ts";
import { note } from "../seen.ts";
import { call, errorOf, send } from "./send.ts";

const islet = await sharedIslet();

/** A credential scope tells the service before the signature is looked at. */
const credential = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=AKIDTEST/20261123/us-east-1/${service}/aws4_request`;

test.each([
  ["ec2", "AuthFailure", 401],
  ["sts", "IncompleteSignature", 400],
])("a header without a signature is refused as %s does", async (service, code, status) => {
  const answer = await send(islet, { keys: null, headers: { Authorization: credential(service) } });
  expect(errorOf(answer)).toMatchObject({ code, status });
});

test("no signature where an operator's is wanted", async () => {
  const { status, text } = await send(islet, { method: "GET", keys: null, path: "/_islet/clock" });
  expect([status, JSON.parse(text)]).toMatchObject([403, { error: "MissingAuthenticationToken" }]);
  note("operator", "MissingAuthenticationToken");
});

test("a version of the API that there is not", async () => {
  const answer = await call(islet, { Action: "DescribeVpcs", Version: "2016-11-16" });
  expect(errorOf(answer)).toMatchObject({ code: "NoSuchVersion", status: 400 });
});

test("a character that no answer could repeat", async () => {
  const answer = await call(islet, { Action: "DeleteVpc", VpcId: "vpc-\u0001" });
  expect(errorOf(answer)).toMatchObject({ code: "InvalidCharacter", status: 400 });
});
