type Entry<Argument = never> = readonly [
  status: number,
  message: (...args: Argument[]) => string,
  reason?: (...args: Argument[]) => string,
];

const reasonOf = (reason: string): string => reason;

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
  MissingParameter: [
    400,
    (name: string, message = `The request must contain the parameter ${name}`) => message,
  ],
  MalformedQueryString: [404, (reason: string) => `The query string contains a syntax error: ${reason}`],
  InvalidQueryParameter: [400, (message: string) => message],
  InvalidCharacter: [400, (name: string) => `The parameter ${name} contains a character that is not valid`],
  MalformedInput: [400, (message: string) => message],
  ValidationError: [400, (message: string) => message],
  UnknownParameter: [400, (name: string) => `The parameter ${name} is not recognized`],
  InvalidParameterValue: [400, (message: string) => message],
  InvalidParameterCombination: [400, (message: string) => message],
  InvalidParameterDependency: [400, (message: string) => message],
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
  "InvalidTagKey.Malformed": [400, (message: string) => message],
  TagLimitExceeded: [400, (id: string) => `You have reached the maximum number of tags for resource ${id}.`],
  RequestEntityTooLarge: [413, () => "Your request is too large."],
  NotImplemented: [501, (operation: string) => `islet does not have the operation ${operation} yet.`],
  InternalError: [500, () => "An internal error has occurred"],

  // Quotas
  VpcLimitExceeded: [400, () => "The maximum number of VPCs has been reached."],
  SubnetLimitExceeded: [400, () => "The maximum number of subnets has been reached."],
  InternetGatewayLimitExceeded: [400, () => "The maximum number of internet gateways has been reached."],
  RouteTableLimitExceeded: [400, () => "The maximum number of route tables has been reached."],
  RouteLimitExceeded: [400, () => "The maximum number of routes has been reached."],
  SecurityGroupLimitExceeded: [
    400,
    (vpc: string) => `The maximum number of security groups for VPC '${vpc}' has been reached.`,
  ],
  RulesPerSecurityGroupLimitExceeded: [
    400,
    () => "The maximum number of rules per security group has been reached.",
  ],
  SecurityGroupsPerInterfaceLimitExceeded: [
    400,
    () => "The maximum number of security groups per interface has been reached.",
  ],
  NetworkAclLimitExceeded: [400, () => "The maximum number of network ACLs has been reached."],
  NetworkAclEntryLimitExceeded: [400, () => "The maximum number of network ACL entries has been reached."],
  NetworkInterfaceLimitExceeded: [400, () => "The maximum number of network interfaces has been reached."],
  AddressLimitExceeded: [400, () => "The maximum number of addresses has been reached."],
  VolumeLimitExceeded: [
    400,
    (type: string, limit: number) =>
      `You have exceeded your maximum ${type} storage limit of ${limit} TiB in this region. Please contact AWS Support to request an Elastic Block Store service limit increase.`,
  ],
  VcpuLimitExceeded: [
    400,
    (limit: number) =>
      `You have requested more vCPU capacity than your current vCPU limit of ${limit} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`,
  ],

  // State
  IncorrectState: [400, (message: string) => message],
  IncorrectInstanceState: [400, (message: string) => message],
  DependencyViolation: [400, (message: string) => message],

  // Key pairs
  "InvalidKeyPair.Duplicate": [400, (name: string) => `The keypair '${name}' already exists.`],
  "InvalidKeyPair.NotFound": [400, (name: string) => `The key pair '${name}' does not exist`],
  "InvalidKey.Format": [400, () => "Key is not in valid OpenSSH public key format"],

  // Images and instance types
  "InvalidAMIID.Malformed": [
    400,
    (id: string) =>
      id.startsWith("ami-") ? `Invalid id: "${id}"` : `Invalid id: "${id}" (expecting "ami-...")`,
  ],
  "InvalidAMIID.NotFound": [
    400,
    (ids: string) =>
      ids.includes(",") ? `The image ids '[${ids}]' do not exist` : `The image id '[${ids}]' does not exist`,
  ],
  "InvalidAMIID.Unavailable": [400, (id: string) => `The image ID '${id}' is currently unavailable`],
  "InvalidAMIName.Malformed": [400, (message: string) => message],
  "InvalidAMIName.Duplicate": [
    400,
    (name: string, id: string) => `AMI name ${name} is already in use by AMI ${id}`,
  ],
  InvalidInstanceType: [
    400,
    (names: string) => `The following supplied instance types do not exist: [${names}]`,
  ],

  // VPCs and their parts
  "InvalidVpcID.NotFound": [400, (id: string) => `The vpc ID '${id}' does not exist`],
  "InvalidVpcID.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "vpc-...")`],
  "InvalidVpc.Range": [400, (cidr: string, message = `The CIDR '${cidr}' is invalid.`) => message],
  "InvalidSubnetID.NotFound": [400, (id: string) => `The subnet ID '${id}' does not exist`],
  "InvalidSubnetID.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "subnet-...")`],
  "InvalidSubnet.Range": [400, (cidr: string) => `The CIDR '${cidr}' is invalid.`],
  "InvalidSubnet.Conflict": [
    400,
    (cidr: string, what = "CIDR") => `The ${what} '${cidr}' conflicts with another subnet`,
  ],
  UnsupportedTenancy: [400, (tenancy: string) => `The tenancy value ${tenancy} is not supported.`],
  CidrLimitExceeded: [
    400,
    (id: string, most: number) => `This network '${id}' has met its maximum number of allowed CIDRs: ${most}`,
  ],
  "InvalidCidrBlock.InUse": [400, (message: string) => message],
  "InvalidVpcCidrBlockAssociationID.NotFound": [
    400,
    (id: string) => `The vpc CIDR block with association ID '${id}' does not exist`,
  ],
  "InvalidVpcCidrBlockAssociationId.Malformed": [
    400,
    (id: string) => `The vpc CIDR block with association ID ${id} is malformed`,
  ],
  "InvalidSubnetCidrBlockAssociationID.NotFound": [
    400,
    (id: string) => `The subnet CIDR block with association ID '${id}' does not exist`,
  ],
  "InvalidSubnetCidrBlockAssociationId.Malformed": [
    400,
    (id: string) => `The subnet CIDR block with association ID ${id} is malformed`,
  ],
  "InvalidSubnetCidrReservationID.NotFound": [
    400,
    (id: string) => `The subnet CIDR reservation ID '${id}' does not exist`,
  ],
  "InvalidOutpostArn.NotFound": [400, (arn: string) => `The outpost '${arn}' does not exist`],
  "InvalidInternetGatewayID.NotFound": [400, (id: string) => `The internetGateway ID '${id}' does not exist`],
  "InvalidInternetGatewayId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "igw-...")`],
  "Resource.AlreadyAssociated": [400, (message: string) => message],
  "Gateway.NotAttached": [
    400,
    (id: string, vpc?: string) =>
      vpc === undefined
        ? `Network ${id} is not attached to any internet gateway`
        : `resource ${id} is not attached to network ${vpc}`,
  ],
  "InvalidRouteTableID.NotFound": [400, (id: string) => `The routeTable ID '${id}' does not exist`],
  "InvalidRouteTableId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "rtb-...")`],
  "InvalidAssociationID.NotFound": [400, (id: string) => `The association ID '${id}' does not exist`],
  "InvalidRoute.NotFound": [
    400,
    (destination: string, table: string) =>
      `no route with destination-cidr-block ${destination} in route table ${table}`,
  ],
  RouteAlreadyExists: [
    400,
    (destination: string) => `The route identified by ${destination} already exists.`,
  ],
  "InvalidGatewayID.NotFound": [400, (id: string) => `The gateway ID '${id}' does not exist`],
  NatGatewayNotFound: [400, (id: string) => `The Nat Gateway ${id} was not found`],
  "InvalidTransitGatewayID.NotFound": [400, (id: string) => `The transitGateway ID '${id}' does not exist`],
  "InvalidVpcPeeringConnectionID.NotFound": [
    400,
    (id: string) => `The vpcPeeringConnection ID '${id}' does not exist`,
  ],
  "InvalidVpcEndpointId.NotFound": [400, (id: string) => `The Vpc Endpoint Id '${id}' does not exist`],
  "InvalidPrefixListID.NotFound": [400, (id: string) => `The prefix list ID '${id}' does not exist`],
  "InvalidEgressOnlyInternetGatewayId.NotFound": [
    400,
    (id: string) => `The egressOnlyInternetGateway ID '${id}' does not exist`,
  ],
  "InvalidCarrierGatewayID.NotFound": [400, (id: string) => `The carrierGateway ID '${id}' does not exist`],
  "InvalidLocalGatewayID.NotFound": [400, (id: string) => `The localGateway ID '${id}' does not exist`],
  "InvalidPublicIpv4PoolID.NotFound": [400, (id: string) => `The public ipv4 pool ID '${id}' does not exist`],
  InvalidInstanceID: [400, (message: string) => message],
  DefaultVpcAlreadyExists: [
    400,
    (id: string) => `A Default VPC already exists for this account in this region: ${id}.`,
  ],
  DefaultVpcDoesNotExist: [400, () => "No default VPC exists for this account in this region."],
  DefaultSubnetAlreadyExistsInAvailabilityZone: [
    400,
    (zone: string, id: string) => `'${id}' is already the default subnet in ${zone}.`,
  ],
  InvalidID: [400, (id: string) => `The ID '${id}' is not valid`],
  "InvalidDhcpOptionID.NotFound": [400, (id: string) => `The dhcpOption ID '${id}' does not exist`],
  "InvalidDhcpOptionsId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "dopt-...")`],
  "InvalidIpamPoolId.NotFound": [400, (id: string) => `The ipam-pool ID '${id}' does not exist`],
  "InvalidIpv6PoolID.NotFound": [400, (id: string) => `The ipv6 pool ID '${id}' does not exist`],

  // Network interfaces
  "InvalidNetworkInterfaceID.NotFound": [
    400,
    (id: string) => `The networkInterface ID '${id}' does not exist`,
  ],
  "InvalidNetworkInterfaceId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "eni-...")`],
  "InvalidNetworkInterface.InUse": [400, (id: string) => `Interface: [${id}] in use.`],
  "InvalidAttachmentID.NotFound": [400, (id: string) => `The interface attachment '${id}' does not exist.`],
  "InvalidPermissionID.NotFound": [400, (id: string) => `The permission ID '${id}' does not exist`],
  "InvalidIPAddress.InUse": [400, (address: string) => `Address ${address} is in use.`],
  InsufficientFreeAddressesInSubnet: [
    400,
    () => "The specified subnet does not have enough free addresses to satisfy the request.",
  ],
  InsufficientCidrBlocks: [
    400,
    () => "The specified subnet does not have enough free cidr blocks to satisfy the request.",
  ],
  PrivateIpAddressLimitExceeded: [400, () => "Number of private addresses will exceed limit."],
  AttachmentLimitExceeded: [400, (message: string) => message],

  // Elastic IP addresses
  "InvalidAllocationID.NotFound": [400, (id: string) => `The allocation ID '${id}' does not exist`],
  "InvalidAddress.NotFound": [400, (address: string) => `Address '${address}' not found.`],
  "InvalidAddress.PtrSet": [
    400,
    (id: string) =>
      `The address with allocation id [${id}] cannot be released because it has a PTR record set.`,
  ],
  InsufficientAddressCapacity: [503, () => "Not enough available addresses to satisfy your minimum request."],

  // Security groups
  "InvalidGroup.NotFound": [
    400,
    (id: string, message = `The security group '${id}' does not exist`) => message,
  ],
  "InvalidGroupId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "sg-...")`],
  "InvalidGroup.Duplicate": [
    400,
    (name: string, vpc: string) => `The security group '${name}' already exists for VPC '${vpc}'`,
  ],
  CannotDelete: [
    400,
    (id: string, name: string) => `the specified group: "${id}" name: "${name}" cannot be deleted by a user`,
  ],
  VPCIdNotSpecified: [400, (message: string) => message],
  "InvalidPermission.Duplicate": [400, (rule: string) => `the specified rule "${rule}" already exists`],
  "InvalidPermission.NotFound": [400, () => "The specified rule does not exist in this security group."],
  "InvalidSecurityGroupRuleId.NotFound": [
    400,
    (id: string) => `The security group rule ID '${id}' does not exist`,
  ],
  "InvalidSecurityGroupRuleId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "sgr-...")`],
  "InvalidPrefixListId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "pl-...")`],

  // Network ACLs
  "InvalidNetworkAclID.NotFound": [400, (id: string) => `The networkAcl ID '${id}' does not exist`],
  "InvalidNetworkAclId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "acl-...")`],
  NetworkAclEntryAlreadyExists: [
    400,
    (number: number) => `The network acl entry identified by ${number} already exists.`,
  ],
  "InvalidNetworkAclEntry.NotFound": [
    400,
    (direction: "ingress" | "egress", number: number, acl: string) =>
      `no ${direction} entry with number ${number} in network ACL ${acl}`,
  ],

  // Instances
  "InvalidInstanceID.NotFound": [
    400,
    (id: string) =>
      id.includes(",") ? `The instance IDs '${id}' do not exist` : `The instance ID '${id}' does not exist`,
  ],
  "InvalidInstanceID.Malformed": [400, (id: string) => `Invalid id: "${id}"`],
  InvalidInstanceAttributeValue: [400, (message: string) => message],
  MissingInput: [400, (message: string) => message],
  "InvalidUserData.Malformed": [400, () => "Invalid BASE64 encoding of user data."],
  InvalidBlockDeviceMapping: [400, (message: string) => message],
  "InvalidInterface.IpAddressLimitExceeded": [400, (message: string) => message],
  "InvalidLaunchTemplateId.NotFound": [
    400,
    (id: string) => `The specified launch template, with template ID ${id}, does not exist.`,
  ],
  "InvalidLaunchTemplateName.NotFoundException": [
    400,
    (name: string) => `The specified launch template, with template name ${name}, does not exist.`,
  ],
  "InvalidPlacementGroup.Unknown": [400, (name: string) => `The Placement Group '${name}' is unknown.`],
  "InvalidCapacityReservationId.NotFound": [
    400,
    (id: string) => `The capacity reservation ID '${id}' does not exist`,
  ],
  ReservationCapacityExceeded: [
    400,
    () =>
      "The targeted Capacity Reservation does not have enough available instance capacity to fulfill your request.",
  ],
  InsufficientCapacityOnHost: [
    400,
    () => "There is not enough capacity on the Dedicated Host to launch or start the instance.",
  ],
  "InstanceCreditSpecification.NotSupported": [
    400,
    (type: string) => `The ${type} instance type does not support T2 Unlimited.`,
  ],
  UnsupportedHibernationConfiguration: [400, (message: string) => message],
  InvalidInput: [400, (message: string) => message],
  InstanceLimitExceeded: [
    400,
    (asked: number, limit: number) =>
      `You have requested more instances (${asked}) than your current instance limit of ${limit} allows for the specified instance type. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`,
  ],

  // Volumes
  "InvalidVolume.NotFound": [
    400,
    (id: string) =>
      id.includes(",") ? `The volumes '${id}' do not exist.` : `The volume '${id}' does not exist.`,
  ],
  "InvalidVolumeID.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "vol-...")`],
  "InvalidVolume.ZoneMismatch": [
    400,
    (id: string, instance: string) =>
      `The volume '${id}' is not in the same availability zone as instance '${instance}'`,
  ],
  "InvalidVolumeModification.NotFound": [
    400,
    (id: string) =>
      id.includes(",")
        ? `Modifications for volumes '${id}' do not exist.`
        : `Modification for volume '${id}' does not exist.`,
  ],
  "InvalidAttachment.NotFound": [
    400,
    (id: string, instance: string | undefined, device: string | undefined) =>
      `The volume '${id}' is not attached${instance === undefined ? "" : ` to instance '${instance}'`}${device === undefined ? "" : ` as device '${device}'`}`,
  ],
  "InvalidSnapshot.NotFound": [
    400,
    (id: string) =>
      id.includes(",") ? `The snapshots '${id}' do not exist.` : `The snapshot '${id}' does not exist.`,
  ],
  "InvalidSnapshotID.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "snap-...")`],
  "InvalidSnapshot.InUse": [400, (message: string) => message],
  SnapshotCreationPerVolumeRateExceeded: [
    400,
    () =>
      "The maximum per volume CreateSnapshot request rate has been exceeded. Use an increasing or variable sleep interval between requests.",
  ],
  "InvalidZone.NotFound": [400, (name: string) => `The zone '${name}' does not exist.`],
  VolumeInUse: [400, (message: string) => message],
  IncorrectModificationState: [400, (message: string) => message],
  VolumeModificationRateExceeded: [400, (message: string) => message],

  // EBS direct APIs: the reason comes beside the message
  AccessDeniedException: [403, (_reason: string, message: string) => message, reasonOf],
  ResourceNotFoundException: [404, (_reason: string, message: string) => message, reasonOf],
  ValidationException: [400, (_reason: string, message: string) => message, reasonOf],
  SerializationException: [400, (message: string) => message],
  UnknownOperationException: [404, () => "There is no operation of this method and path."],

  // Hosts
  "InvalidHostID.NotFound": [400, (id: string) => `The specified host ID '${id}' does not exist`],
  InsufficientInstanceCapacity: [
    500,
    (type: string, zone: string) =>
      `We currently do not have sufficient ${type} capacity in the Availability Zone you requested (${zone}). Our system will be working on provisioning additional capacity.`,
  ],
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof table;

type Arguments<Code extends ErrorCode> = Parameters<(typeof table)[Code][1]>;

/** The codes whose message can be made of these arguments. */
export type CodeWith<Args extends readonly unknown[]> = {
  [Code in ErrorCode]: Args extends Arguments<Code> ? Code : never;
}[ErrorCode];

/** An answer that is an error of the table; the wire layer writes it in the protocol of the call. */
export class ApiError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  /** HTTP status. */
  readonly status: number;
  /** A code within the code, in services that have such. */
  readonly reason: string | undefined;

  constructor(code: Code, ...args: Arguments<Code>) {
    const [status, message, reason] = table[code] as Entry<unknown>;
    super(message(...args));
    this.name = code;
    this.code = code;
    this.status = status;
    this.reason = reason?.(...args);
  }
}

export const errorCodes = Object.keys(table) as readonly ErrorCode[];
