import { zonesOf } from "./zones.ts";

/** A service of Amazon's that VPCs can have endpoints of, in one region. */
export interface RegionService {
  /** `com.amazonaws.us-east-1.sts` */
  readonly name: string;
  readonly type: "Gateway" | "Interface";
  /** Names of zones. */
  readonly zones: readonly string[];
  /** `sts.us-east-1.vpce.amazonaws.com`: of what endpoints are named after. */
  readonly baseName: string;
  /** The service's public names, which private DNS lets lead to the endpoint. */
  readonly privateNames: readonly string[];
  readonly ipAddressTypes: readonly ("ipv4" | "ipv6")[];
  /** Whether VPCs in other Regions can have endpoints of it, too. */
  readonly crossRegion: boolean;
}

/**
 * The services, by the last part of their names; a part of the public name that differs stands behind `=`, and `+` are
 * those that take IPv6. AWS lists more, most of them variants of these (FIPS) or young.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
 */
const INTERFACES = `
access-analyzer account acm-pca airflow.api=api.airflow airflow.env=env.airflow apigateway appconfig
appconfigdata application-autoscaling appmesh appmesh-envoy-management apprunner appstream.api=appstream2 appsync-api=appsync
athena auditmanager autoscaling autoscaling-plans backup backup-gateway batch bedrock bedrock-agent bedrock-agent-runtime
bedrock-runtime cassandra clouddirectory cloudformation cloudhsmv2 cloudtrail codeartifact.api=codeartifact
codeartifact.repositories=*.d.codeartifact codebuild codecommit codedeploy codedeploy-commands-secure codepipeline
comprehend comprehendmedical config connect-campaigns databrew dataexchange datasync devops-guru dms ds
dynamodb ebs ec2+ ec2messages ecr.api=api.ecr ecr.dkr=*.dkr.ecr ecs+ ecs-agent=ecs-a ecs-telemetry=ecs-t eks+ eks-auth
elasticache elasticbeanstalk elasticbeanstalk-health elasticfilesystem elasticloadbalancing elasticmapreduce
email-smtp emr-containers emr-serverless events evidently execute-api=*.execute-api fis forecast forecastquery
fsx git-codecommit glue grafana grafana-workspace greengrass guardduty-data healthlake imagebuilder inspector2
iot.data=data.iot iotsitewise.api=api.iotsitewise kafka kendra kinesis-firehose=firehose kinesis-streams=kinesis kms+
lakeformation lambda+ license-manager logs+ lookoutvision m2 macie2 mediaconnect memory-db models-v2-lex migrationhub-orchestrator
monitoring+ network-firewall nimble organizations outposts personalize pinpoint polly
private-networks profile proton qldb.session=session.qldb rbin rds rds-data redshift redshift-data rekognition
resource-groups robomaker rolesanywhere rum s3+ s3-outposts sagemaker.api=api.sagemaker sagemaker.runtime=runtime.sagemaker
scheduler schemas secretsmanager+ securityhub servicecatalog servicediscovery signer simspaceweaver
sms-voice snow-device-management sns+ sqs+ ssm+ ssm-contacts ssm-incidents ssmmessages states storagegateway sts+ swf
synthetics sync-states textract timestream.query-cell1=query-cell1.timestream tagging transcribe transcribestreaming transfer
transfer.server=server.transfer translate trustedadvisor verifiedpermissions voiceid wellarchitected
wisdom workspaces xray
`
  .trim()
  .split(/\s+/);

const GATEWAYS = ["dynamodb", "s3", "s3express"];

/** @see https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-cross-region-privatelink-support.html */
const CROSS_REGION = new Set(["ecr.api", "ecr.dkr", "ecs", "kinesis-firehose", "kms", "lambda", "s3"]);

function interfaceService(region: string, text: string): RegionService {
  const takesIpv6 = text.endsWith("+");
  const [name = "", part = name] = (takesIpv6 ? text.slice(0, -1) : text).split("=");
  return {
    name: `com.amazonaws.${region}.${name}`,
    type: "Interface",
    zones: zonesOf(region).map((zone) => zone.name),
    baseName: `${part.replace(/^\*\./, "")}.${region}.vpce.amazonaws.com`,
    privateNames: (name === "s3" ? ["s3", "s3-accesspoint", "s3-control", "*.s3"] : [part]).map(
      (each) => `${each}.${region}.amazonaws.com`,
    ),
    ipAddressTypes: takesIpv6 ? ["ipv4", "ipv6"] : ["ipv4"],
    crossRegion: CROSS_REGION.has(name),
  };
}

const gatewayService = (region: string, name: string): RegionService => ({
  name: `com.amazonaws.${region}.${name}`,
  type: "Gateway",
  zones: zonesOf(region).map((zone) => zone.name),
  baseName: `${name}.${region}.amazonaws.com`,
  privateNames: [],
  ipAddressTypes: ["ipv4"],
  crossRegion: false,
});

/**
 * IAM's is where its control plane is, for all regions.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam_vpc_endpoint_create.html
 */
const iamService = (region: string): RegionService[] =>
  region === "us-east-1"
    ? [
        {
          ...interfaceService(region, "iam"),
          name: "com.amazonaws.iam",
          privateNames: ["iam.amazonaws.com"],
        },
      ]
    : [];

const known = new Map<string, readonly RegionService[]>();

/** What Amazon offers endpoints of in a region, by name. The same name may be a gateway's and an interface's. */
export function regionServices(region: string): readonly RegionService[] {
  const made = known.get(region);
  if (made) return made;
  const services = [
    ...GATEWAYS.map((name) => gatewayService(region, name)),
    ...INTERFACES.map((text) => interfaceService(region, text)),
    ...iamService(region),
  ].toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  known.set(region, services);
  return services;
}
