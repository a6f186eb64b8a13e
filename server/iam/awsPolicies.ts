/**
 * Managed policies that AWS keeps, as far as users of EC2 attach them. What they allow is what AWS's reference says,
 * written so that it is short; ReadOnlyAccess and ViewOnlyAccess are shortened to the services near EC2.
 *
 * @see https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
 */
interface AwsPolicy {
  readonly name: string;
  /** `/`, unless said. */
  readonly path?: string;
  readonly description: string;
  readonly statements: readonly AwsStatement[];
}

interface AwsStatement {
  readonly Effect: "Allow" | "Deny";
  readonly Action?: string | readonly string[];
  readonly NotAction?: readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const allow = (
  Action: string | readonly string[],
  Resource: string | readonly string[] = "*",
): AwsStatement => ({
  Effect: "Allow",
  Action,
  Resource,
});

/** `of("ec2", "Describe* Get*")` is `ec2:Describe*` and `ec2:Get*`. */
const of = (service: string, names: string): string[] => names.split(" ").map((name) => `${service}:${name}`);

const linkedRoles = (...services: readonly string[]): AwsStatement => ({
  Effect: "Allow",
  Action: "iam:CreateServiceLinkedRole",
  Resource: "*",
  Condition: { StringEquals: { "iam:AWSServiceName": services } },
});

const nearServices = [
  ...["autoscaling", "cloudformation", "cloudtrail", "cloudwatch", "ec2", "ecr", "ecs", "eks"],
  ...["elasticfilesystem", "elasticloadbalancing", "events", "iam", "kms", "lambda", "logs", "rds"],
  ...["resource-groups", "route53", "s3", "secretsmanager", "sns", "sqs", "ssm", "sts", "tag"],
];

/** Names that read nothing secret. */
const lookVerbs: Readonly<Record<string, string>> = {
  ecr: "BatchCheck* BatchGet* Describe* Get* List*",
  s3: "Get* List* Describe*",
  secretsmanager: "Describe* GetResourcePolicy List*",
  kms: "Describe* Get* List*",
  iam: "Generate* Get* List* Simulate*",
  ssm: "Describe* Get* List*",
};

const agentMessages = [
  ...of("ssmmessages", "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel"),
  ...of("ec2messages", "AcknowledgeMessage DeleteMessage FailMessage GetEndpoint GetMessages SendReply"),
];

const pullImages = of(
  "ecr",
  "GetAuthorizationToken BatchCheckLayerAvailability GetDownloadUrlForLayer BatchGetImage",
);

const list: readonly AwsPolicy[] = [
  {
    name: "AdministratorAccess",
    description: "Provides full access to AWS services and resources.",
    statements: [allow("*")],
  },
  {
    name: "PowerUserAccess",
    description:
      "Provides full access to AWS services and resources, but does not allow management of Users and groups.",
    statements: [
      { Effect: "Allow", NotAction: ["iam:*", "organizations:*", "account:*"], Resource: "*" },
      allow([
        ...of("account", "GetAccountInformation GetPrimaryEmail ListRegions"),
        ...of("iam", "CreateServiceLinkedRole DeleteServiceLinkedRole ListRoles"),
        "organizations:DescribeOrganization",
      ]),
    ],
  },
  {
    name: "ReadOnlyAccess",
    description: "Provides read-only access to AWS services and resources.",
    statements: [
      allow(nearServices.flatMap((service) => of(service, lookVerbs[service] ?? "Describe* Get* List*"))),
    ],
  },
  {
    name: "ViewOnlyAccess",
    path: "/job-function/",
    description:
      "This policy grants permissions to view resources and basic metadata across all AWS services.",
    statements: [allow(nearServices.flatMap((service) => of(service, "Describe* List*")))],
  },
  {
    name: "IAMFullAccess",
    description: "Provides full access to IAM via the AWS Management Console.",
    statements: [
      allow([
        "iam:*",
        ...of(
          "organizations",
          "DescribeAccount DescribeOrganization DescribeOrganizationalUnit DescribePolicy ListChildren ListParents ListPoliciesForTarget ListRoots ListPolicies ListTargetsForPolicy",
        ),
      ]),
    ],
  },
  {
    name: "IAMReadOnlyAccess",
    description: "Provides read only access to IAM via the AWS Management Console.",
    statements: [
      allow(
        of(
          "iam",
          "GenerateCredentialReport GenerateServiceLastAccessedDetails Get* List* SimulateCustomPolicy SimulatePrincipalPolicy",
        ),
      ),
    ],
  },
  {
    name: "AmazonEC2FullAccess",
    description: "Provides full access to Amazon EC2 via the AWS Management Console.",
    statements: [
      allow("ec2:*"),
      allow("elasticloadbalancing:*"),
      allow("cloudwatch:*"),
      allow("autoscaling:*"),
      linkedRoles(
        "autoscaling.amazonaws.com",
        "ec2scheduled.amazonaws.com",
        "elasticloadbalancing.amazonaws.com",
        "spot.amazonaws.com",
        "spotfleet.amazonaws.com",
        "transitgateway.amazonaws.com",
      ),
    ],
  },
  {
    name: "AmazonEC2ReadOnlyAccess",
    description: "Provides read only access to Amazon EC2 via the AWS Management Console.",
    statements: [
      allow(["ec2:Describe*", "ec2:GetSecurityGroupsForVpc"]),
      allow("elasticloadbalancing:Describe*"),
      allow(of("cloudwatch", "ListMetrics GetMetricStatistics Describe*")),
      allow("autoscaling:Describe*"),
    ],
  },
  {
    name: "AmazonVPCFullAccess",
    description: "Provides full access to Amazon VPC via the AWS Management Console.",
    statements: [
      allow(
        [
          "Accept Create Delete Describe Modify Associate Disassociate Attach Detach Enable Disable Replace",
          "Assign Unassign Authorize Revoke Allocate Release Reject Move Restore Reset Search Get",
        ]
          .join(" ")
          .split(" ")
          .flatMap((verb) =>
            ["Vpc", "Subnet", "Route", "InternetGateway", "NatGateway", "NetworkAcl", "SecurityGroup"]
              .concat(["NetworkInterface", "DhcpOptions", "Address", "FlowLog", "EgressOnlyInternetGateway"])
              .concat(["VpnGateway", "VpnConnection", "CustomerGateway", "CarrierGateway", "LocalGateway"])
              .map((noun) => `ec2:${verb}*${noun}*`),
          )
          .concat(
            of(
              "ec2",
              "CreateTags DeleteTags DescribeTags DescribeAvailabilityZones DescribeAccountAttributes",
            ),
          ),
      ),
    ],
  },
  {
    name: "AmazonVPCReadOnlyAccess",
    description: "Provides read only access to Amazon VPC via the AWS Management Console.",
    statements: [allow(["ec2:Describe*", "ec2:SearchLocalGatewayRoutes", "ec2:GetSecurityGroupsForVpc"])],
  },
  {
    name: "AmazonSSMManagedInstanceCore",
    description: "The policy for Amazon EC2 Role to enable AWS Systems Manager service core functionality.",
    statements: [
      allow(
        of(
          "ssm",
          "DescribeAssociation GetDeployablePatchSnapshotForInstance GetDocument DescribeDocument GetManifest GetParameter GetParameters ListAssociations ListInstanceAssociations PutInventory PutComplianceItems PutConfigurePackageResult UpdateAssociationStatus UpdateInstanceAssociationStatus UpdateInstanceInformation",
        ),
      ),
      allow(agentMessages.filter((action) => action.startsWith("ssmmessages:"))),
      allow(agentMessages.filter((action) => action.startsWith("ec2messages:"))),
    ],
  },
  {
    name: "AmazonSSMFullAccess",
    description: "Provides full access to Amazon SSM.",
    statements: [
      allow([
        ...of("cloudwatch", "PutMetricData"),
        ...of("ds", "CreateComputer DescribeDirectories"),
        "ec2:DescribeInstanceStatus",
        "logs:*",
        "ssm:*",
        "ec2messages:*",
      ]),
      linkedRoles("ssm.amazonaws.com"),
      allow(of("ssmmessages", "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel")),
    ],
  },
  {
    name: "AmazonSSMReadOnlyAccess",
    description: "Provides read only access to Amazon SSM.",
    statements: [allow(of("ssm", "Describe* Get* List*"))],
  },
  {
    name: "CloudWatchAgentServerPolicy",
    description: "Permissions required to use AmazonCloudWatchAgent on servers",
    statements: [
      allow([
        "cloudwatch:PutMetricData",
        ...of("ec2", "DescribeVolumes DescribeTags"),
        ...of(
          "logs",
          "PutLogEvents PutRetentionPolicy DescribeLogStreams DescribeLogGroups CreateLogStream CreateLogGroup",
        ),
        ...of("xray", "PutTraceSegments PutTelemetryRecords GetSamplingRules GetSamplingTargets"),
      ]),
      allow("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*"),
    ],
  },
  {
    name: "AmazonS3FullAccess",
    description: "Provides full access to all buckets via the AWS Management Console.",
    statements: [allow(["s3:*", "s3-object-lambda:*"])],
  },
  {
    name: "AmazonS3ReadOnlyAccess",
    description: "Provides read only access to all buckets via the AWS Management Console.",
    statements: [allow([...of("s3", "Get* List* Describe*"), ...of("s3-object-lambda", "Get* List*")])],
  },
  {
    name: "AmazonEC2ContainerRegistryReadOnly",
    description: "Provides read-only access to Amazon EC2 Container Registry repositories.",
    statements: [
      allow([
        ...pullImages,
        ...of(
          "ecr",
          "GetRepositoryPolicy DescribeRepositories ListImages DescribeImages GetLifecyclePolicy GetLifecyclePolicyPreview ListTagsForResource DescribeImageScanFindings",
        ),
      ]),
    ],
  },
  {
    name: "AmazonEKSWorkerNodePolicy",
    description: "This policy allows Amazon EKS worker nodes to connect to Amazon EKS Clusters.",
    statements: [
      allow([
        ...of(
          "ec2",
          "DescribeInstances DescribeInstanceTypes DescribeRouteTables DescribeSecurityGroups DescribeSubnets DescribeVolumes DescribeVolumesModifications DescribeVpcs",
        ),
        "eks:DescribeCluster",
        "eks-auth:AssumeRoleForPodIdentity",
      ]),
    ],
  },
  {
    name: "AmazonEKS_CNI_Policy",
    description:
      "This policy provides the Amazon VPC CNI Plugin (amazon-vpc-cni-k8s) the permissions it requires to modify the IP address configuration on your EKS worker nodes.",
    statements: [
      allow(
        of(
          "ec2",
          "AssignPrivateIpAddresses AttachNetworkInterface CreateNetworkInterface DeleteNetworkInterface DescribeInstances DescribeTags DescribeNetworkInterfaces DescribeInstanceTypes DescribeSubnets DetachNetworkInterface ModifyNetworkInterfaceAttribute UnassignPrivateIpAddresses",
        ),
      ),
      allow("ec2:CreateTags", "arn:aws:ec2:*:*:network-interface/*"),
    ],
  },
  {
    name: "AmazonEC2ContainerServiceforEC2Role",
    path: "/service-role/",
    description: "Default policy for the Amazon EC2 Role for Amazon EC2 Container Service.",
    statements: [
      allow([
        "ec2:DescribeTags",
        ...of(
          "ecs",
          "CreateCluster DeregisterContainerInstance DiscoverPollEndpoint Poll RegisterContainerInstance StartTelemetrySession UpdateContainerInstancesState Submit*",
        ),
        ...pullImages,
        ...of("logs", "CreateLogStream PutLogEvents"),
      ]),
    ],
  },
  {
    name: "AmazonEC2RoleforSSM",
    path: "/service-role/",
    description: "This policy will soon be deprecated. Use AmazonSSMManagedInstanceCore instead.",
    statements: [
      allow(
        of(
          "ssm",
          "DescribeAssociation GetDeployablePatchSnapshotForInstance GetDocument DescribeDocument GetManifest GetParameters ListAssociations ListInstanceAssociations PutInventory PutComplianceItems PutConfigurePackageResult UpdateAssociationStatus UpdateInstanceAssociationStatus UpdateInstanceInformation",
        ),
      ),
      allow(agentMessages),
      allow(["cloudwatch:PutMetricData", "ec2:DescribeInstanceStatus"]),
      allow(of("logs", "CreateLogGroup CreateLogStream DescribeLogGroups DescribeLogStreams PutLogEvents")),
      allow(of("s3", "GetBucketLocation PutObject GetObject ListBucket")),
    ],
  },
];

export interface AwsManagedPolicy {
  readonly name: string;
  readonly path: string;
  readonly description: string;
  readonly document: string;
}

/** By ARN. */
export const awsPolicies: ReadonlyMap<string, AwsManagedPolicy> = new Map(
  list.map(({ name, path = "/", description, statements }) => [
    `arn:aws:iam::aws:policy${path}${name}`,
    {
      name,
      path,
      description,
      document: JSON.stringify({ Version: "2012-10-17", Statement: statements }),
    },
  ]),
);
