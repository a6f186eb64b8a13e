import { ApiError } from "../errors.ts";

/** Why a request's signature is refused. */
type Cause =
  /** no signature at all */
  | "unsigned"
  /** signed by an earlier version of the algorithm */
  | "outdated"
  /** signed in the header and in the query string */
  | "ambiguous"
  /** a part is missing or cannot be read */
  | "malformed"
  /** signed too long ago or in the future, or the time a presigned request was given is over */
  | "untimely"
  /** a header that had to be signed is not */
  | "uncovered"
  /** the credential scope has a wrong date, region, service or terminator */
  | "misscoped"
  | "unknownKey"
  /** wrong secret, or anything that was signed has changed */
  | "mismatched"
  /** the key needs another session token, or none */
  | "badToken"
  /** the key was temporary, and its time is over */
  | "expiredKey";

type Answers = Record<Cause, (detail: string) => ApiError>;

/**
 * EC2 says little, and the same for most mistakes. Recorded: no signature is a missing AWSAccessKeyId (akka-management's
 * FAQ), a malformed header has its own text (trailofbits/algo#1196), version 2 where only 4 is served
 * (go-aws-auth#37) and a scope in the wrong case (aws-sdk-java-v2#2981) are AuthFailure, expired credentials
 * are RequestExpired (aws-sdk-go-v2#1674). RequestExpired for a skewed clock and SignatureDoesNotMatch are as documented.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
const ec2: Answers = {
  unsigned: () => new ApiError("MissingParameter", "AWSAccessKeyId"),
  outdated: () => new ApiError("AuthFailure"),
  ambiguous: () => unreadable(),
  malformed: () => unreadable(),
  untimely: () => new ApiError("RequestExpired"),
  uncovered: () => new ApiError("AuthFailure"),
  misscoped: () => new ApiError("AuthFailure"),
  unknownKey: () => new ApiError("AuthFailure"),
  mismatched: () => new ApiError("SignatureDoesNotMatch"),
  badToken: () => new ApiError("AuthFailure"),
  expiredKey: () => new ApiError("RequestExpired"),
};

/**
 * STS, IAM and the services of the query protocol that came after EC2 say what is wrong.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
 */
const sts: Answers = {
  unsigned: () => new ApiError("MissingAuthenticationToken"),
  outdated: () => new ApiError("MissingAuthenticationToken"),
  ambiguous: (detail) => new ApiError("SignatureDoesNotMatch", detail),
  malformed: (detail) => new ApiError("IncompleteSignature", detail),
  untimely: (detail) => new ApiError("SignatureDoesNotMatch", detail),
  uncovered: (detail) => new ApiError("SignatureDoesNotMatch", detail),
  misscoped: (detail) => new ApiError("SignatureDoesNotMatch", detail),
  unknownKey: () => new ApiError("InvalidClientTokenId"),
  mismatched: () => new ApiError("SignatureDoesNotMatch"),
  badToken: () => new ApiError("InvalidClientTokenId"),
  expiredKey: () => new ApiError("ExpiredToken"),
};

function unreadable(): ApiError {
  return new ApiError("AuthFailure", "Authorization header or parameters are not formatted correctly.");
}

/** How one service refuses; `detail` is a sentence for the services that tell. */
export type Refuse = (cause: Cause, detail?: string) => ApiError;

/** The answers of `service`, which may be a name that no service has. */
export function refusalsOf(service: string): Refuse {
  const answers = service === "ec2" ? ec2 : sts;
  return (cause, detail = "") => answers[cause](detail);
}
