/**
 * Every error islet answers with: code → HTTP status and message. Codes, texts and statuses are EC2's where its
 * documentation or public threads show them.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
const table = {
  // Callers
  AuthFailure: [401, () => "AWS was not able to validate the provided access credentials"],
  ExpiredToken: [400, () => "The security token included in the request is expired"],
  DryRunOperation: [412, () => "Request would have succeeded, but DryRun flag is set."],
  UnauthorizedOperation: [403, () => "You are not authorized to perform this operation."],
  OptInRequired: [401, (region: string) => `You are not subscribed to the region ${region}.`],

  // Requests
  InvalidAction: [400, (action: string) => `The action ${action} is not valid for this web service.`],
  NoSuchVersion: [
    400,
    (version: string, service: string) =>
      `The requested version (${version}) of service ${service} does not exist`,
  ],
  MissingAction: [400, () => "The request is missing an action or a required parameter."],
  MissingParameter: [400, (name: string) => `The request must contain the parameter ${name}`],
  UnknownParameter: [400, (name: string) => `The parameter ${name} is not recognized`],
  InvalidParameterValue: [400, (message: string) => message],
  InvalidParameterCombination: [400, (message: string) => message],
  InvalidParameter: [400, (message: string) => message],
  InvalidRequest: [400, (message: string) => message],
  InvalidPaginationToken: [400, () => "The provided pagination token is invalid"],
  IdempotentParameterMismatch: [
    400,
    () =>
      "The client token you have provided is associated with a resource that does not match the other parameters in the request.",
  ],
  UnsupportedOperation: [400, (message: string) => message],
  Unsupported: [400, (message: string) => message],
  OperationNotPermitted: [400, (message: string) => message],
  RequestLimitExceeded: [503, () => "Request limit exceeded."],
  InternalError: [500, () => "An internal error has occurred"],

  // State
  IncorrectState: [400, (message: string) => message],
  IncorrectInstanceState: [400, (message: string) => message],
  DependencyViolation: [400, (message: string) => message],
} as const satisfies Record<string, readonly [status: number, message: (...args: never[]) => string]>;

export type ErrorCode = keyof typeof table;

type Arguments<Code extends ErrorCode> = Parameters<(typeof table)[Code][1]>;

/** An answer that is an error of the table; the wire layer writes it in the protocol of the call. */
export class ApiError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  /** HTTP status. */
  readonly status: number;

  constructor(code: Code, ...args: Arguments<Code>) {
    const [status, message] = table[code] as readonly [number, (...args: unknown[]) => string];
    super(message(...args));
    this.name = code;
    this.code = code;
    this.status = status;
  }
}

export const errorCodes = Object.keys(table) as readonly ErrorCode[];
