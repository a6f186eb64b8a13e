/**
 * Every error islet answers with: code → HTTP status and message. Codes, texts and statuses are EC2's where its
 * documentation or public threads show them.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
const table = {
  // Callers
  AuthFailure: [401, (message = "AWS was not able to validate the provided access credentials") => message],
  IncompleteSignature: [400, (message: string) => message],
  InvalidClientTokenId: [403, () => "The security token included in the request is invalid."],
  MissingAuthenticationToken: [403, () => "Request is missing Authentication Token"],
  RequestExpired: [400, () => "Request has expired."],
  SignatureDoesNotMatch: [
    403,
    (
      message = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    ) => message,
  ],
  ExpiredToken: [403, () => "The security token included in the request is expired"],
  DryRunOperation: [412, () => "Request would have succeeded, but DryRun flag is set."],
  UnauthorizedOperation: [403, () => "You are not authorized to perform this operation."],
  AccessDenied: [403, (message: string) => message],
  OptInRequired: [401, (region: string) => `You are not subscribed to the region ${region}.`],

  // Requests
  InvalidAction: [
    400,
    // Services of the awsQuery protocol name the version they looked in, EC2 does not.
    (action: string, version?: string) =>
      version === undefined
        ? `The action ${action} is not valid for this web service.`
        : `Could not find operation ${action} for version ${version}`,
  ],
  NoSuchVersion: [
    400,
    (version: string, service: string) =>
      `The requested version (${version}) of service ${service} does not exist`,
  ],
  MissingAction: [400, () => "The request is missing an action or a required parameter."],
  MissingParameter: [400, (name: string) => `The request must contain the parameter ${name}`],
  MalformedQueryString: [404, (reason: string) => `The query string contains a syntax error: ${reason}`],
  InvalidQueryParameter: [400, (message: string) => message],
  InvalidCharacter: [400, (name: string) => `The parameter ${name} contains a character that is not valid`],
  MalformedInput: [400, (message: string) => message],
  ValidationError: [400, (message: string) => message],
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
  FilterLimitExceeded: [400, (message: string) => message],
  TagLimitExceeded: [400, (id: string) => `You have reached the maximum number of tags for resource ${id}.`],
  RequestEntityTooLarge: [413, () => "Your request is too large."],
  NotImplemented: [501, (operation: string) => `islet does not have the operation ${operation} yet.`],
  RequestLimitExceeded: [503, () => "Request limit exceeded."],
  InternalError: [500, () => "An internal error has occurred"],

  // State
  IncorrectState: [400, (message: string) => message],
  IncorrectInstanceState: [400, (message: string) => message],
  DependencyViolation: [400, (message: string) => message],

  // Key pairs
  "InvalidKey.Format": [400, () => "Key is not in valid OpenSSH public key format"],

  // VPCs and their parts
  "InvalidVpcID.NotFound": [400, (id: string) => `The vpc ID '${id}' does not exist`],
  "InvalidVpcID.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "vpc-...")`],
  "InvalidVpc.Range": [400, (cidr: string) => `The CIDR '${cidr}' is invalid.`],
  "InvalidSubnetID.NotFound": [400, (id: string) => `The subnet ID '${id}' does not exist`],
  "InvalidSubnetID.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "subnet-...")`],
  "InvalidSubnet.Range": [400, (cidr: string) => `The CIDR '${cidr}' is invalid.`],
  "InvalidSubnet.Conflict": [400, (cidr: string) => `The CIDR '${cidr}' conflicts with another subnet`],
  "InvalidOutpostArn.NotFound": [400, (arn: string) => `The outpost '${arn}' does not exist`],
  "InvalidInternetGatewayID.NotFound": [400, (id: string) => `The internetGateway ID '${id}' does not exist`],
  "InvalidInternetGatewayId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "igw-...")`],
  "Resource.AlreadyAssociated": [
    400,
    (id: string, other: string) => `resource ${id} is already attached to network ${other}`,
  ],
  "Gateway.NotAttached": [
    400,
    (id: string, vpc: string) => `resource ${id} is not attached to network ${vpc}`,
  ],
  "InvalidDhcpOptionID.NotFound": [400, (id: string) => `The dhcpOption ID '${id}' does not exist`],
  "InvalidDhcpOptionsId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "dopt-...")`],
  "InvalidIpamPoolId.NotFound": [400, (id: string) => `The ipam-pool ID '${id}' does not exist`],
  "InvalidIpv6PoolID.NotFound": [400, (id: string) => `The ipv6 pool ID '${id}' does not exist`],
} as const satisfies Record<string, readonly [status: number, message: (...args: never[]) => string]>;

export type ErrorCode = keyof typeof table;

type Arguments<Code extends ErrorCode> = Parameters<(typeof table)[Code][1]>;

/** The codes whose message takes these arguments. */
export type CodeWith<Args extends readonly unknown[]> = {
  [Code in ErrorCode]: Arguments<Code> extends Args ? (Args extends Arguments<Code> ? Code : never) : never;
}[ErrorCode];

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
