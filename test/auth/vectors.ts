/**
 * The facts of AWS's Signature Version 4 test suite: request → signature, for the access key AKIDEXAMPLE with the
 * secret below, region us-east-1, service `service`, at 2015-08-30 12:36:00 UTC.
 *
 * Left out: header values over several lines (HTTP forbids them), requests without path normalization (S3's rule),
 * and the presigned form of a body hash that only the signer adds.
 *
 * @see https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4
 */
export const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

export interface Vector {
  name: string;
  /** Method and target; the target is what a client sends in UTF-8. */
  line: `${"GET" | "POST"} ${string}`;
  /** Without Host and X-Amz-Date, which all have. */
  headers?: readonly (readonly [name: string, value: string])[];
  body?: string;
  /** What is signed beside `host` and, in a header, `x-amz-date`. */
  signed?: readonly string[];
  sessionToken?: string;
  signature: string;
}

const unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
const postVanilla = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
const postQuery = "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11";
const form = "application/x-www-form-urlencoded";
const formHash = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
const shortToken = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
const longToken =
  "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
const token = (value: string) => [["X-Amz-Security-Token", value]] as const;
const mine = (...values: string[]) => values.map((value) => ["My-Header1", value] as const);

/** Signed in the Authorization header. */
export const headerVectors: readonly Vector[] = [
  { name: "get-vanilla", line: "GET /", signature: vanilla },
  {
    name: "get-header-key-duplicate",
    line: "GET /",
    headers: mine("value2", "value2", "value1"),
    signed: ["my-header1"],
    signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
  },
  {
    name: "get-header-value-order",
    line: "GET /",
    headers: mine("value4", "value1", "value3", "value2"),
    signed: ["my-header1"],
    signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
  },
  {
    name: "get-header-value-trim",
    line: "GET /",
    headers: [...mine(" value1"), ["My-Header2", ' "a   b   c"']],
    signed: ["my-header1", "my-header2"],
    signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
  },
  {
    name: "get-unreserved",
    line: `GET /${unreserved}`,
    signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
  },
  {
    name: "get-utf8",
    line: "GET /\u1234",
    signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
  },
  {
    name: "get-space",
    line: "GET /example space/",
    signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
  },
  { name: "get-slash", line: "GET //", signature: vanilla },
  { name: "get-slash-dot-slash", line: "GET /./", signature: vanilla },
  { name: "get-relative", line: "GET /example/..", signature: vanilla },
  { name: "get-relative-relative", line: "GET /example1/example2/../..", signature: vanilla },
  {
    name: "get-slash-pointless-dot",
    line: "GET /./example",
    signature: "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
  },
  {
    name: "get-slashes",
    line: "GET //example//",
    signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
  },
  {
    name: "get-vanilla-empty-query-key",
    line: "GET /?Param1=value1",
    signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
  },
  {
    name: "get-vanilla-query-order-key",
    line: "GET /?Param1=value2&Param1=Value1",
    signature: "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
  },
  {
    name: "get-vanilla-query-order-key-case",
    line: "GET /?Param2=value2&Param1=value1",
    signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  },
  {
    name: "get-vanilla-query-order-value",
    line: "GET /?Param1=value2&Param1=value1",
    signature: "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
  },
  {
    name: "get-vanilla-query-order-encoded",
    line: "GET /?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
    signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
  },
  {
    name: "get-vanilla-query-unreserved",
    line: `GET /?${unreserved}=${unreserved}`,
    signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
  },
  {
    name: "get-vanilla-utf8-query",
    line: "GET /?\u1234=bar",
    signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
  },
  {
    name: "get-vanilla-with-session-token",
    line: "GET /",
    headers: token(shortToken),
    signed: ["x-amz-security-token"],
    sessionToken: shortToken,
    signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
  },
  { name: "post-vanilla", line: "POST /", signature: postVanilla },
  { name: "post-vanilla-query", line: "POST /?Param1=value1", signature: postQuery },
  {
    name: "post-header-key-sort",
    line: "POST /",
    headers: mine("value1"),
    signed: ["my-header1"],
    signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
  },
  {
    name: "post-header-value-case",
    line: "POST /",
    headers: mine("VALUE1"),
    signed: ["my-header1"],
    signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
  },
  {
    name: "post-sts-header-before",
    line: "POST /",
    headers: token(longToken),
    signed: ["x-amz-security-token"],
    sessionToken: longToken,
    signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
  },
  {
    name: "post-x-www-form-urlencoded (2015)",
    line: "POST /",
    headers: [["Content-Type", form]],
    body: "Param1=value1",
    signed: ["content-type"],
    signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  },
  {
    name: "post-x-www-form-urlencoded",
    line: "POST /",
    headers: [
      ["Content-Type", form],
      ["Content-Length", "13"],
      ["X-Amz-Content-Sha256", formHash],
    ],
    body: "Param1=value1",
    signed: ["content-length", "content-type", "x-amz-content-sha256"],
    signature: "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
  },
  {
    name: "post-x-www-form-urlencoded-parameters",
    line: "POST /",
    headers: [
      ["Content-Type", `${form}; charset=utf-8`],
      ["Content-Length", "13"],
      ["X-Amz-Content-Sha256", formHash],
    ],
    body: "Param1=value1",
    signed: ["content-length", "content-type", "x-amz-content-sha256"],
    signature: "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
  },
];

/**
 * Whose token was added after signing, as one service (not EC2, STS or IAM) wants it: the signature is right, the
 * unsigned x-amz-* header is not.
 */
export const tokenAfterwards: Vector = {
  name: "post-sts-header-after",
  line: "POST /",
  headers: token(longToken),
  sessionToken: longToken,
  signature: postVanilla,
};

/** Signed in the query string, for 3,600 seconds. */
export const queryVectors: readonly Vector[] = [
  {
    name: "get-header-value-trim",
    line: "GET /",
    headers: [...mine(" value1"), ["My-Header2", ' "a   b   c"']],
    signed: ["my-header1", "my-header2"],
    signature: "e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4",
  },
  {
    name: "get-utf8",
    line: "GET /\u1234",
    signature: "10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44",
  },
  {
    name: "get-vanilla-query-order-encoded",
    line: "GET /?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
    signature: "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787",
  },
  {
    name: "get-vanilla-query-order-key-case",
    line: "GET /?Param2=value2&Param1=value1",
    signature: "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5",
  },
  {
    name: "get-vanilla-utf8-query",
    line: "GET /?\u1234=bar",
    signature: "0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600",
  },
  {
    name: "get-vanilla-with-session-token",
    line: "GET /",
    sessionToken: shortToken,
    signature: "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c",
  },
];
