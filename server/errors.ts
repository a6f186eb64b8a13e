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
  UnauthorizedOperation: [403, (detail = "") => `You are not authorized to perform this operation.${detail}`],
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
  NatGatewayLimitExceeded: [
    400,
    (limit: number) => `Performing this operation would exceed the limit of ${limit} NAT gateways`,
  ],
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
  ActiveVpcPeeringConnectionPerVpcLimitExceeded: [
    400,
    (vpc: string) => `The maximum number of active VPC peering connections for VPC ${vpc} has been reached.`,
  ],
  OutstandingVpcPeeringConnectionLimitExceeded: [
    400,
    (vpc: string) => `The maximum number of VPC peering connection requests for VPC ${vpc} has been reached.`,
  ],
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
  InvalidAMIAttributeItemValue: [
    400,
    (item: string, type: string) => `Invalid attribute item value "${item}" for ${type} item type.`,
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
  "InvalidRouteTableID.NotFound": [
    400,
    (id: string) =>
      id.startsWith("tgw-")
        ? `Transit Gateway Route Table ${id} was deleted or does not exist.`
        : `The routeTable ID '${id}' does not exist`,
  ],
  "InvalidRouteTableId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "${id.startsWith("tgw-") ? "tgw-" : ""}rtb-...")`,
  ],
  "InvalidAssociationID.NotFound": [
    400,
    (id: string) =>
      id.startsWith("iip-assoc-")
        ? `An invalid association-id of '${id}' was given`
        : `The association ID '${id}' does not exist`,
  ],
  "InvalidRoute.NotFound": [
    400,
    (destination: string, table: string) =>
      `no route with destination-cidr-block ${destination} in route table ${table}`,
  ],
  RouteAlreadyExists: [
    400,
    (destination: string, message = `The route identified by ${destination} already exists.`) => message,
  ],
  "InvalidGatewayID.NotFound": [400, (id: string) => `The gateway ID '${id}' does not exist`],
  NatGatewayNotFound: [
    400,
    (ids: string) =>
      ids.includes(",") ? `The Nat Gateways ${ids} were not found` : `The Nat Gateway ${ids} was not found`,
  ],
  NatGatewayMalformed: [400, (id: string) => `Invalid id: "${id}" (expecting "nat-...")`],
  // A route says it in other words than the gateway's own operations do.
  "InvalidNatGatewayID.NotFound": [400, (id: string) => `The natGateway ID '${id}' does not exist`],
  "InvalidElasticIpID.NotFound": [400, (id: string) => `The elastic IP ID '${id}' does not exist`],
  "InvalidElasticIpID.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "eipalloc-...")`],
  "InvalidSecondaryNetworkId.NotFound": [
    400,
    (id: string) => `The secondary network ID '${id}' does not exist`,
  ],
  "InvalidSecondarySubnetId.NotFound": [
    400,
    (id: string) => `The secondary subnet ID '${id}' does not exist`,
  ],
  InvalidState: [400, (message: string) => message],
  "InvalidVpcEncryptionControlId.NotFound": [
    400,
    (id: string) => `The VPC encryption control ID '${id}' does not exist`,
  ],
  "InvalidVpcBlockPublicAccessExclusionId.NotFound": [
    400,
    (id: string) => `The VPC Block Public Access exclusion ID '${id}' does not exist`,
  ],
  "InvalidTransitGatewayID.NotFound": [
    400,
    (id: string, message = `Transit Gateway ${id} was deleted or does not exist.`) => message,
  ],
  "InvalidVpcPeeringConnectionID.NotFound": [
    400,
    (id: string) => `The vpcPeeringConnection ID '${id}' does not exist`,
  ],
  "InvalidVpcPeeringConnectionId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "pcx-...")`,
  ],
  VpcPeeringConnectionAlreadyExists: [
    400,
    (id: string) => `The vpc peering connection identified by ${id} already exists.`,
  ],
  InvalidStateTransition: [
    400,
    (id: string, from: string, to: string) =>
      `Invalid state transition for ${id}, attempted to transition from ${from} to ${to}`,
  ],
  "InvalidVpcEndpointId.NotFound": [400, (id: string) => `The Vpc Endpoint Id '${id}' does not exist`],
  "InvalidVpcEndpointId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "vpce-...")`],
  "InvalidVpcEndpointServiceId.NotFound": [
    400,
    (id: string) => `The VpcEndpointService Id '${id}' does not exist`,
  ],
  InvalidServiceName: [400, (name: string) => `The Vpc Endpoint Service '${name}' does not exist`],
  InvalidConnectionNotification: [
    400,
    (id: string) => `The ConnectionNotification Id '${id}' does not exist`,
  ],
  InvalidPolicyDocument: [
    400,
    (message = "The specified policy document is not a valid JSON policy document.") => message,
  ],
  InvalidPrincipal: [400, (principal: string) => `Invalid Principal: '${principal}'`],
  ExistingVpcEndpointConnections: [
    400,
    (id: string) => `Service ${id} has existing active VPC Endpoint connections!`,
  ],
  VpcEndpointLimitExceeded: [400, () => "The maximum number of VPC endpoints has been reached."],
  "InvalidPrefixListID.NotFound": [400, (id: string) => `The prefix list ID '${id}' does not exist`],
  PrefixListVersionMismatch: [400, () => "The prefix list has the incorrect version number."],
  PrefixListMaxEntriesExceeded: [
    400,
    (limit: number) => `The prefix list cannot have more than its maximum of ${limit} entries.`,
  ],
  "InvalidCarrierGatewayID.NotFound": [400, (id: string) => `The carrierGateway ID '${id}' does not exist`],
  "InvalidCoreNetworkArn.NotFound": [400, (arn: string) => `The core network arn '${arn}' does not exist.`],
  "InvalidLocalGatewayID.NotFound": [400, (id: string) => `The localGateway ID '${id}' does not exist`],
  ResourceLimitExceeded: [
    400,
    () => "The number of BYOIP CIDRs for this account has reached the maximum allowed limit.",
  ],
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

  // Transit gateways
  TransitGatewayLimitExceeded: [400, () => "The maximum number of transit gateways has been reached."],
  TransitGatewayRouteTableLimitExceeded: [
    400,
    () => "The maximum number of transit gateway route tables has been reached.",
  ],
  "InvalidTransitGatewayID.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "tgw-...")`],
  "InvalidTransitGatewayAttachmentID.NotFound": [
    400,
    (id: string) =>
      id.includes(",")
        ? `Transit Gateway Attachments ${id} were deleted or do not exist.`
        : `Transit Gateway Attachment ${id} was deleted or does not exist.`,
  ],
  "InvalidTransitGatewayAttachmentID.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "tgw-attach-...")`,
  ],
  "InvalidTransitGatewayConnectPeerID.NotFound": [
    400,
    (id: string) => `Transit Gateway Connect Peer ${id} was deleted or does not exist.`,
  ],
  "InvalidTransitGatewayConnectPeerID.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "tgw-connect-peer-...")`,
  ],
  "InvalidTransitGatewayMulticastDomainId.NotFound": [
    400,
    (id: string) => `Transit Gateway Multicast Domain ${id} was deleted or does not exist.`,
  ],
  "InvalidTransitGatewayMulticastDomainId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "tgw-mcast-domain-...")`,
  ],
  "InvalidTransitGatewayMulticastDomainAssociation.NotFound": [
    400,
    (domain: string, subnet: string) =>
      `Subnet ${subnet} is not associated with Transit Gateway Multicast Domain ${domain}.`,
  ],
  DuplicateTransitGatewayAttachment: [
    400,
    (gateway: string) => `${gateway} has non-deleted Transit Gateway Attachments with same VPC ID.`,
  ],
  DuplicateSubnetsInSameZone: [400, (message = "Duplicate Subnets for same AZ") => message],
  "InvalidAssociation.NotFound": [400, (message: string) => message],
  "TransitGatewayRouteTablePropagation.Duplicate": [
    400,
    (attachment: string, table: string) =>
      `Propagation ${attachment} already exists in Transit Gateway Route Table ${table}.`,
  ],
  "TransitGatewayRouteTablePropagation.NotFound": [
    400,
    (attachment: string, table: string) =>
      `Propagation ${attachment} does not exist in Transit Gateway Route Table ${table}.`,
  ],
  "InvalidTransitGatewayPolicyTableId.NotFound": [
    400,
    (id: string) => `Transit Gateway Policy Table ${id} was deleted or does not exist.`,
  ],
  "InvalidTransitGatewayPolicyTableId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "tgw-ptb-...")`,
  ],
  "InvalidTransitGatewayPolicyTableAssociation.NotFound": [
    400,
    (attachment: string, table: string) =>
      `Transit Gateway Attachment ${attachment} is not associated with Transit Gateway Policy Table ${table}.`,
  ],
  "InvalidTransitGatewayPolicyTableEntry.NotFound": [
    400,
    (number: string, table: string) =>
      `Policy rule number ${number} does not exist in Transit Gateway Policy Table ${table}.`,
  ],
  "InvalidTransitGatewayMeteringPolicyId.NotFound": [
    400,
    (id: string) => `Transit Gateway Metering Policy ${id} was deleted or does not exist.`,
  ],
  "InvalidTransitGatewayMeteringPolicyId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "tgw-mp-...")`,
  ],
  "InvalidTransitGatewayRouteTableAnnouncementId.NotFound": [
    400,
    (id: string) => `Transit Gateway Route Table Announcement ${id} was deleted or does not exist.`,
  ],
  "InvalidTransitGatewayRouteTableAnnouncementId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "tgw-rtb-ann-...")`,
  ],

  // VPN
  VpnGatewayLimitExceeded: [400, () => "The maximum number of virtual private gateways has been reached."],
  VpnGatewayAttachmentLimitExceeded: [
    400,
    () => "The maximum number of virtual private gateway attachments has been reached.",
  ],
  VpnConnectionLimitExceeded: [400, () => "The maximum number of VPN connections has been reached."],
  CustomerGatewayLimitExceeded: [400, () => "The maximum number of customer gateways has been reached."],
  "InvalidVpnGatewayID.NotFound": [400, (id: string) => `The vpnGateway ID '${id}' does not exist`],
  "InvalidVpnGatewayAttachment.NotFound": [
    400,
    (gateway: string, vpc: string) =>
      `The attachment with vpn gateway ID '${gateway}' and vpc ID '${vpc}' does not exist`,
  ],
  InvalidVpcState: [400, (message: string) => message],
  "InvalidCustomerGatewayID.NotFound": [400, (id: string) => `The customerGateway ID '${id}' does not exist`],
  "InvalidVpnConnectionID.NotFound": [400, (id: string) => `The vpnConnection ID '${id}' does not exist`],
  "InvalidVpnConnection.InvalidState": [
    400,
    (id: string) => `The VPN connection '${id}' must be in the available state to complete the request`,
  ],
  "InvalidVpnConnection.InvalidType": [
    400,
    (id: string) => `The VPN connection '${id}' does not support static routes.`,
  ],
  "InvalidVpnConcentratorID.NotFound": [400, (id: string) => `The vpnConcentrator ID '${id}' does not exist`],

  // Client VPN
  ClientVpnEndpointLimitExceeded: [400, () => "The maximum number of Client VPN endpoints has been reached."],
  ClientVpnRouteLimitExceeded: [
    400,
    () => "The maximum number of routes of the Client VPN target network association has been reached.",
  ],
  ClientVpnAuthorizationRuleLimitExceeded: [
    400,
    () => "The maximum number of authorization rules of the Client VPN endpoint has been reached.",
  ],
  ClientVpnCertificateRevocationListLimitExceeded: [
    400,
    () => "The client certificate revocation list has too many entries.",
  ],
  ClientVpnTerminateConnectionsLimitExceeded: [
    400,
    () => "The number of client connections to terminate exceeds the limit.",
  ],
  ClientVpnEndpointAssociationExists: [
    400,
    (network: string, endpoint: string) => `${network} is already associated with ${endpoint}`,
  ],
  "InvalidClientVpnEndpointId.NotFound": [400, (id: string) => `Endpoint ${id} does not exist`],
  InvalidClientVpnAssociationIdNotFound: [400, (id: string) => `Association ${id} does not exist`],
  InvalidClientVpnActiveAssociationNotFound: [
    400,
    (subnet: string, endpoint: string) => `${endpoint} has no active association with ${subnet}`,
  ],
  "InvalidClientVpnSubnetId.NotFound": [400, (id: string) => `The subnet ID '${id}' does not exist`],
  "InvalidClientVpnSubnetId.DuplicateAz": [
    400,
    (zone: string) => `A subnet in ${zone} is already associated with the endpoint`,
  ],
  "InvalidClientVpnSubnetId.OverlappingCidr": [
    400,
    (subnet: string, cidr: string) => `The network of ${subnet} overlaps with the client CIDR ${cidr}`,
  ],
  InvalidClientVpnDuplicateRoute: [400, () => "Route already exists"],
  InvalidClientVpnRouteNotFound: [
    400,
    (destination: string, endpoint: string) => `${endpoint} has no such route to ${destination}`,
  ],
  InvalidClientVpnDuplicateAuthorizationRule: [
    400,
    (cidr: string) => `An authorization rule for ${cidr} already exists`,
  ],
  InvalidClientVpnEndpointAuthorizationRuleNotFound: [
    400,
    (cidr: string, endpoint: string) => `${endpoint} has no such authorization rule for ${cidr}`,
  ],
  InvalidClientVpnEndpointAuthorizationPolicyNotFound: [
    400,
    (endpoint: string) => `${endpoint} has no authorization policy`,
  ],
  "InvalidClientVpnConnection.IdNotFound": [400, (id: string) => `Connection ${id} does not exist`],
  "InvalidClientVpnConnection.UserNotFound": [
    400,
    (user: string) => `User ${user} has no active connections`,
  ],

  // Network interfaces
  "InvalidNetworkInterfaceID.NotFound": [
    400,
    (id: string) => `The networkInterface ID '${id}' does not exist`,
  ],
  "InvalidNetworkInterfaceId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "eni-...")`],
  "InvalidVlanId.Duplicate": [400, (id: number) => `VlanId '${id}' is in use`],
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
  "InvalidTransfer.AddressAssociated": [
    400,
    (address: string) => `The address ${address} is associated, and cannot be transferred.`,
  ],
  "InvalidTransfer.AddressCustomPtrSet": [
    400,
    (address: string) => `The address ${address} has a PTR record set, and cannot be transferred.`,
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
  "InstanceCreditSpecification.NotSupported": [
    400,
    (type: string) => `The ${type} instance type does not support T2 Unlimited.`,
  ],
  UnsupportedHibernationConfiguration: [400, (message: string) => message],
  InvalidInstanceEventIDNotFound: [400, (id: string) => `The instance event ID '${id}' does not exist`],
  InvalidInstanceEventStartTime: [
    400,
    (id: string, why: string) => `The start time of the instance event '${id}' cannot be modified. ${why}`,
  ],
  "InvalidInstanceEventWindowID.NotFound": [
    400,
    (id: string) =>
      id.includes(",")
        ? `The instance event window IDs '${id}' do not exist`
        : `The instance event window ID '${id}' does not exist`,
  ],
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
  "InvalidReplaceRootVolumeTaskId.NotFound": [
    400,
    (id: string) => `The replace root volume task '${id}' does not exist`,
  ],
  "InvalidReplaceRootVolumeTaskId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "replacevol-...")`,
  ],
  "InvalidMacModificationTaskId.NotFound": [
    400,
    (id: string) => `The Mac modification task '${id}' does not exist`,
  ],
  "InvalidMacModificationTaskId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "macmodification-...")`,
  ],
  InvalidManifest: [400, (message: string) => message],
  InvalidConversionTaskId: [400, (id: string) => `Task id ${id} not found`],
  "InvalidConversionTaskId.Malformed": [400, (id: string) => `Invalid id: "${id}"`],
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

  // STS
  PackedPolicyTooLarge: [
    400,
    (percent: number) => `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`,
  ],
  ExpiredTokenException: [400, (message: string) => message],
  InvalidIdentityToken: [400, (message: string) => message],
  IDPRejectedClaim: [403, (message: string) => message],
  IDPCommunicationError: [400, (message: string) => message],
  InvalidAuthorizationMessageException: [400, () => "The encoded authorization message is not valid."],

  // IAM
  NoSuchEntity: [404, (message: string) => message],
  EntityAlreadyExists: [409, (message: string) => message],
  DeleteConflict: [409, (message: string) => message],
  LimitExceeded: [409, (message: string) => message],
  MalformedPolicyDocument: [400, (message: string) => message],
  PasswordPolicyViolation: [400, () => "Password does not conform to the account password policy."],
  UnmodifiableEntity: [400, (message: string) => message],
  ReportExpired: [
    410,
    () => "Credential report has expired. Use GenerateCredentialReport to generate a new one.",
  ],
  ReportNotPresent: [410, () => "No report is present. Use GenerateCredentialReport to generate one."],

  // Network insights
  "InvalidNetworkInsightsPathId.NotFound": [
    400,
    (id: string) => `The networkInsightsPath ID '${id}' does not exist`,
  ],
  "InvalidNetworkInsightsPathId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "nip-...")`,
  ],
  "InvalidNetworkInsightsAnalysisId.NotFound": [
    400,
    (id: string) => `The networkInsightsAnalysis ID '${id}' does not exist`,
  ],
  "InvalidNetworkInsightsAnalysisId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "nia-...")`,
  ],
  "InvalidNetworkInsightsAccessScopeId.NotFound": [
    400,
    (id: string) => `The networkInsightsAccessScope ID '${id}' does not exist`,
  ],
  "InvalidNetworkInsightsAccessScopeId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "nis-...")`,
  ],
  "InvalidNetworkInsightsAccessScopeAnalysisId.NotFound": [
    400,
    (id: string) => `The networkInsightsAccessScopeAnalysis ID '${id}' does not exist`,
  ],
  "InvalidNetworkInsightsAccessScopeAnalysisId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "nisa-...")`,
  ],
  "NetworkInsightsSource.NotFound": [400, (id: string) => `The source '${id}' does not exist`],
  "NetworkInsightsDestination.NotFound": [400, (id: string) => `The destination '${id}' does not exist`],
  AnalysisExistsForNetworkInsightsPath: [
    400,
    (analyses: string, path: string) =>
      `At least one analysis [${analyses}] exists for path ${path}. Delete all the analyses before deleting this network path.`,
  ],
  "NetworkInsightsPath.LimitExceeded": [
    400,
    (limit: number) => `You have reached the limit of ${limit} network insights paths.`,
  ],
  "NetworkInsightsAnalysis.LimitExceeded": [
    400,
    (limit: number) => `You have reached the limit of ${limit} network insights analyses.`,
  ],

  // Flow logs
  "InvalidFlowLogId.NotFound": [
    400,
    (ids: string) =>
      `These flow log ids in the input list are not found: [TotalCount: ${ids.split(", ").length}] ${ids}`,
  ],
  FlowLogAlreadyExists: [
    400,
    () => "Error. There is an existing Flow Log with the same configuration and log destination.",
  ],

  // Traffic mirroring
  "InvalidTrafficMirrorFilterId.NotFound": [
    400,
    (ids: string) => `The traffic mirror filter '${ids}' does not exist`,
  ],
  "InvalidTrafficMirrorFilterRuleId.NotFound": [
    400,
    (ids: string) => `The traffic mirror filter rule '${ids}' does not exist`,
  ],
  "InvalidTrafficMirrorSessionId.NotFound": [
    400,
    (ids: string) => `The traffic mirror session '${ids}' does not exist`,
  ],
  "InvalidTrafficMirrorTargetId.NotFound": [
    400,
    (ids: string) => `The traffic mirror target '${ids}' does not exist`,
  ],
  TrafficMirrorFilterInUse: [
    400,
    () =>
      "The Traffic Mirror filter cannot be deleted because a Traffic Mirror session is currently using it.",
  ],
  TrafficMirrorTargetInUseException: [
    400,
    () =>
      "The Traffic Mirror target cannot be deleted because a Traffic Mirror session is currently using it.",
  ],
  NetworkLoadBalancerNotFoundException: [
    400,
    (arn: string) => `The Network Load Balancer '${arn}' does not exist.`,
  ],
  NlbInUseByTrafficMirrorTargetException: [
    400,
    (arn: string) => `The Network Load Balancer '${arn}' is already configured as a Traffic Mirror target.`,
  ],
  TrafficMirrorFilterRuleAlreadyExists: [400, () => "The Traffic Mirror filter rule already exists."],

  // CloudWatch Logs
  InvalidParameterException: [400, (message: string) => message],
  ResourceAlreadyExistsException: [400, (message: string) => message],
  TooManyTagsException: [400, () => "The resource has reached the maximum number of tags."],

  // CloudTrail
  InvalidEventCategoryException: [400, (message: string) => message],
  InvalidLookupAttributesException: [400, (message: string) => message],
  InvalidMaxResultsException: [400, (message: string) => message],
  InvalidNextTokenException: [400, () => "The token is invalid, or was made for other parameters."],
  InvalidTimeRangeException: [400, (message: string) => message],

  // RAM
  InvalidResourceTypeException: [400, (message: string) => message],
  MalformedArnException: [400, (message: string) => message],
  OperationNotPermittedException: [400, (message: string) => message],
  ResourceShareInvitationAlreadyAcceptedException: [
    400,
    (arn: string) => `ResourceShareInvitation ${arn} was already accepted.`,
  ],
  ResourceShareInvitationAlreadyRejectedException: [
    400,
    (arn: string) => `ResourceShareInvitation ${arn} was already rejected.`,
  ],
  ResourceShareInvitationArnNotFoundException: [400, (message: string) => message],
  ResourceShareInvitationExpiredException: [
    400,
    (arn: string) => `ResourceShareInvitation ${arn} has expired.`,
  ],
  UnknownResourceException: [400, (message: string) => message],

  // Placement groups
  "InvalidPlacementGroup.Unknown": [400, (name: string) => `The Placement Group '${name}' is unknown.`],
  "InvalidPlacementGroupId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "pg-...")`],
  "InvalidPlacementGroup.Duplicate": [400, (name: string) => `The placement group '${name}' already exists.`],
  "InvalidPlacementGroup.InUse": [400, (message: string) => message],

  // Capacity Reservations
  "InvalidCapacityReservationId.NotFound": [
    400,
    (id: string) => `The capacity reservation ID '${id}' was not found`,
  ],
  "InvalidCapacityReservationId.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "cr-...")`],
  InvalidCapacityReservationState: [
    400,
    (id: string, state: string) =>
      `The Capacity Reservation '${id}' is in the '${state}' state, in which it cannot be used or modified.`,
  ],
  "InvalidCapacityReservationCancellationQuoteId.NotFound": [
    400,
    (id: string) => `The capacity reservation cancellation quote ID '${id}' does not exist`,
  ],
  "InvalidCapacityReservationCancellationQuoteId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "crcq-...")`,
  ],
  "InvalidCapacityReservationModificationQuoteId.NotFound": [
    400,
    (id: string) => `The capacity reservation modification quote ID '${id}' does not exist`,
  ],
  "InvalidCapacityReservationModificationQuoteId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "crmq-...")`,
  ],
  "InvalidCapacityReservationFleetId.NotFound": [
    400,
    (id: string) => `The capacity reservation fleet ID '${id}' does not exist`,
  ],
  "InvalidCapacityReservationFleetId.Malformed": [
    400,
    (id: string) => `Invalid id: "${id}" (expecting "crf-...")`,
  ],
  ReservationCapacityExceeded: [
    400,
    () =>
      "The requested reservation does not have sufficient compatible and available capacity for this request.",
  ],

  // Hosts
  "InvalidHostID.Malformed": [400, (id: string) => `Invalid id: "${id}" (expecting "h-...")`],
  InvalidHostState: [400, (id: string) => `The Dedicated Host '${id}' is not in the 'available' state.`],
  InvalidHostConfiguration: [
    400,
    (id: string, types: string) => `The Dedicated Host '${id}' cannot support ${types} as it is.`,
  ],
  UnsupportedHostConfiguration: [
    400,
    (types: string) => `Dedicated Hosts are not supported for the instance configuration '${types}'.`,
  ],
  UnsupportedInstanceTypeOnHost: [
    400,
    (type: string, id: string) =>
      `The instance type '${type}' is not supported on the Dedicated Host '${id}'.`,
  ],
  ZonesMismatched: [
    400,
    (id: string) =>
      `The Availability Zone of the instance does not match that of the Dedicated Host '${id}'.`,
  ],
  "InvalidHost.Occupied": [
    400,
    (id: string) => `Dedicated host '${id}' cannot be released as it is occupied.`,
  ],
  HostMinAllocationPeriodUnexpired: [
    400,
    (id: string, type: string, hours: number, until: number) =>
      `Unable to release Dedicated Host ${id}. ${type} hosts must be allocated to your AWS account for at least ${hours} hour(s). You can release this host any time after ${new Date(until).toISOString()}.`,
  ],
  InsufficientCapacityOnHost: [
    400,
    (id: string) => `Dedicated host ${id} has insufficient capacity to launch the instances in this request.`,
  ],
  InsufficientHostCapacity: [
    400,
    (
      message = "You do not have a host with a matching configuration and sufficient capacity. Either target a host resource group that can automatically allocate hosts on your behalf, or manually allocate a new host to your account and then try again.",
    ) => message,
  ],
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
