import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { FlowLog } from "./flowLog.ts";
import { columnOf, fieldsOf } from "./flowLogColumns.ts";
import type { FlowLogDestination } from "./flowLogDestination.ts";

/** Where files of a flow log lie. */
export type FlowLogBucket = Extract<FlowLogDestination, { type: "s3" }>;

/** How Athena is to see a flow log. */
export interface AthenaUse {
  /** An ARN of S3. */
  readonly results: string;
  readonly frequency: "none" | "daily" | "weekly" | "monthly";
  /** Days, `2021-07-21`: the first and the last that are to be seen at once. */
  readonly days: readonly [first: string, last: string] | undefined;
}

const RATES = { daily: "rate(1 day)", weekly: "rate(7 days)", monthly: "rate(30 days)" } as const;
/** How many days back each run looks, so that none is left out. */
const LOOK_BACK = { daily: 1, weekly: 7, monthly: 31 } as const;

const TYPES = { INT32: "int", INT64: "bigint", STRING: "string" } as const;

/** How Athena reads files of each format. */
const TEXT_FILES = {
  Parameters: { EXTERNAL: "true", "skip.header.line.count": "1" },
  descriptor: {
    InputFormat: "org.apache.hadoop.mapred.TextInputFormat",
    OutputFormat: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    SerdeInfo: {
      SerializationLibrary: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
      Parameters: { "field.delim": " ", "serialization.format": " " },
    },
  },
};
const PARQUET_FILES = {
  Parameters: { EXTERNAL: "true" },
  descriptor: {
    InputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    OutputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    SerdeInfo: {
      SerializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
      Parameters: { "serialization.format": "1" },
    },
  },
};

/** What asks Athena to add the partitions of all days from FIRST to LAST, or of the last BACK days. */
const LOADER = `import datetime, os, boto3, cfnresponse
athena = boto3.client('athena')
def add(day):
    values = dict(year=f'{day:%Y}', month=f'{day:%m}', day=f'{day:%d}')
    for hour in (range(24) if os.environ['HOURLY'] == 'true' else [None]):
        if hour is not None:
            values['hour'] = f'{hour:02}'
        folder = '/'.join(f'{k}={v}' if os.environ['HIVE'] == 'true' else v for k, v in values.items())
        keys = ', '.join(f"{k}='{v}'" for k, v in values.items())
        athena.start_query_execution(
            QueryString=f"ALTER TABLE {os.environ['TABLE']} ADD IF NOT EXISTS PARTITION ({keys}) "
                        f"LOCATION '{os.environ['ROOT']}/{folder}'",
            QueryExecutionContext={'Database': os.environ['DATABASE']},
            WorkGroup=os.environ['WORKGROUP'])
def handler(event, context):
    asked = event.get('ResourceProperties', {})
    today = datetime.date.today()
    first = today - datetime.timedelta(days=int(os.environ['BACK']))
    last = today
    if 'First' in asked:
        first = datetime.date.fromisoformat(asked['First'])
        last = datetime.date.fromisoformat(asked['Last'])
    try:
        if event.get('RequestType') != 'Delete':
            for days in range((last - first).days + 1):
                add(first + datetime.timedelta(days=days))
        status = cfnresponse.SUCCESS
    except Exception as problem:
        print(problem)
        status = cfnresponse.FAILED
    if 'ResponseURL' in event:
        cfnresponse.send(event, context, status, {})
`;

/** Questions to begin with, as far as the records have the fields for it. */
const QUERIES: readonly { name: string; description: string; needs: readonly string[]; select: string }[] = [
  {
    name: "TopTalkers",
    description: "The fifty pairs of addresses with most bytes between them",
    needs: ["srcaddr", "dstaddr", "bytes"],
    select:
      "srcaddr, dstaddr, sum(bytes) AS total FROM $ GROUP BY srcaddr, dstaddr ORDER BY total DESC LIMIT 50",
  },
  {
    name: "RejectedFlows",
    description: "Who was refused most often, and at which port",
    needs: ["srcaddr", "dstport", "action"],
    select:
      "srcaddr, dstport, count(*) AS times FROM $ WHERE action = 'REJECT' GROUP BY srcaddr, dstport ORDER BY times DESC LIMIT 50",
  },
  {
    name: "BytesPerInterface",
    description: "How much each network interface sent and received",
    needs: ["interface-id", "bytes"],
    select: "interface_id, sum(bytes) AS total FROM $ GROUP BY interface_id ORDER BY total DESC",
  },
  {
    name: "AdministrationTraffic",
    description: "Accepted connections to SSH and to remote desktops",
    needs: ["srcaddr", "dstaddr", "dstport", "action"],
    select:
      "srcaddr, dstaddr, dstport, count(*) AS times FROM $ WHERE dstport IN (22, 3389) AND action = 'ACCEPT' GROUP BY srcaddr, dstaddr, dstport",
  },
];

const statement = (Action: readonly string[], Resource: string | readonly string[]) => ({
  Effect: "Allow",
  Action,
  Resource,
});

/** The bucket's folder that an ARN names, as Athena writes it. */
const locationOf = (arn: string): string => `s3://${arn.slice("arn:aws:s3:::".length)}`;

/** The resources of one integration; `n` tells them from the others'. */
function resourcesOf(
  { account, region }: Context,
  { id, format }: FlowLog,
  { bucket, prefix, hive, hourly, parquet }: FlowLogBucket,
  { results, frequency, days }: AthenaUse,
  n: number,
): Record<string, unknown> {
  const name = `${id.replaceAll("-", "")}_${n}`;
  const database = `vpcflowlogs_${name}`;
  const table = `flows_${name}`;
  const workgroup = `vpcflowlogs-${id}-${n}`;
  const fields = fieldsOf(format);
  const { Parameters, descriptor } = parquet ? PARQUET_FILES : TEXT_FILES;
  const owner: readonly string[] = hive
    ? [`aws-account-id=${account}`, "aws-service=vpcflowlogs", `aws-region=${region}`]
    : [account, "vpcflowlogs", region];
  const root = `s3://${bucket}/${prefix}AWSLogs/${owner.join("/")}`;
  const keys = ["year", "month", "day", ...(hourly ? ["hour"] : [])];
  const needsLoader = days !== undefined || frequency !== "none";
  const loader = { "Fn::GetAtt": [`Loader${n}`, "Arn"] };
  return {
    [`Database${n}`]: {
      Type: "AWS::Glue::Database",
      Properties: { CatalogId: account, DatabaseInput: { Name: database } },
    },
    [`Table${n}`]: {
      Type: "AWS::Glue::Table",
      Properties: {
        CatalogId: account,
        DatabaseName: { Ref: `Database${n}` },
        TableInput: {
          Name: table,
          TableType: "EXTERNAL_TABLE",
          Parameters,
          PartitionKeys: keys.map((key) => ({ Name: key, Type: "string" })),
          StorageDescriptor: {
            Columns: fields.map(columnOf).map(({ name, type }) => ({ Name: name, Type: TYPES[type] })),
            Location: root,
            ...descriptor,
          },
        },
      },
    },
    [`WorkGroup${n}`]: {
      Type: "AWS::Athena::WorkGroup",
      Properties: {
        Name: workgroup,
        RecursiveDeleteOption: true,
        WorkGroupConfiguration: { ResultConfiguration: { OutputLocation: locationOf(results) } },
      },
    },
    ...Object.fromEntries(
      QUERIES.filter(({ needs }) => needs.every((field) => fields.includes(field))).map((query) => [
        `${query.name}${n}`,
        {
          Type: "AWS::Athena::NamedQuery",
          Properties: {
            Name: `${query.name}-${name}`,
            Description: query.description,
            Database: { Ref: `Database${n}` },
            WorkGroup: { Ref: `WorkGroup${n}` },
            QueryString: `SELECT ${query.select.replace("$", `"${table}"`)}`,
          },
        },
      ]),
    ),
    ...(needsLoader && {
      [`LoaderRole${n}`]: {
        Type: "AWS::IAM::Role",
        Properties: {
          AssumeRolePolicyDocument: {
            Version: "2012-10-17",
            Statement: [
              { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
            ],
          },
          Policies: [
            {
              PolicyName: "partitions",
              PolicyDocument: {
                Version: "2012-10-17",
                Statement: [
                  statement(
                    ["athena:StartQueryExecution"],
                    `arn:aws:athena:${region}:${account}:workgroup/${workgroup}`,
                  ),
                  statement(
                    ["glue:GetDatabase", "glue:GetTable", "glue:GetPartition*", "glue:*CreatePartition"],
                    [
                      `arn:aws:glue:${region}:${account}:catalog`,
                      `arn:aws:glue:${region}:${account}:database/${database}`,
                      `arn:aws:glue:${region}:${account}:table/${database}/${table}`,
                    ],
                  ),
                  statement(
                    ["s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject", "s3:PutObject"],
                    [...new Set([`arn:aws:s3:::${bucket}`, results.split("/")[0] ?? ""])].flatMap((arn) => [
                      arn,
                      `${arn}/*`,
                    ]),
                  ),
                  statement(
                    ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                    `arn:aws:logs:${region}:${account}:*`,
                  ),
                ],
              },
            },
          ],
        },
      },
      [`Loader${n}`]: {
        Type: "AWS::Lambda::Function",
        Properties: {
          Runtime: "python3.12",
          Handler: "index.handler",
          Timeout: 900,
          Role: { "Fn::GetAtt": [`LoaderRole${n}`, "Arn"] },
          Environment: {
            Variables: {
              DATABASE: { Ref: `Database${n}` },
              TABLE: { Ref: `Table${n}` },
              WORKGROUP: { Ref: `WorkGroup${n}` },
              ROOT: root,
              HIVE: String(hive),
              HOURLY: String(hourly),
              BACK: String(frequency === "none" ? 0 : LOOK_BACK[frequency]),
            },
          },
          Code: { ZipFile: LOADER },
        },
      },
    }),
    ...(frequency !== "none" && {
      [`Schedule${n}`]: {
        Type: "AWS::Events::Rule",
        Properties: {
          ScheduleExpression: RATES[frequency],
          Targets: [{ Id: "loader", Arn: loader }],
        },
      },
      [`SchedulePermission${n}`]: {
        Type: "AWS::Lambda::Permission",
        Properties: {
          Action: "lambda:InvokeFunction",
          FunctionName: { Ref: `Loader${n}` },
          Principal: "events.amazonaws.com",
          SourceArn: { "Fn::GetAtt": [`Schedule${n}`, "Arn"] },
        },
      },
    }),
    ...(days && {
      [`Days${n}`]: {
        Type: "Custom::PartitionsOfDays",
        Properties: { ServiceToken: loader, First: days[0], Last: days[1] },
      },
    }),
  };
}

/**
 * The CloudFormation template that lets Athena query the files of a flow log. It is JSON, which is YAML as well.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-athena.html
 */
export const templateOf = (
  ctx: Context,
  log: FlowLog,
  bucket: FlowLogBucket,
  uses: readonly AthenaUse[],
): string =>
  JSON.stringify(
    {
      AWSTemplateFormatVersion: "2010-09-09",
      Description: `Lets Amazon Athena query the flow log ${log.id}`,
      Resources: Object.assign({}, ...uses.map((use, n) => resourcesOf(ctx, log, bucket, use, n))) as object,
    },
    undefined,
    2,
  );

/**
 * The bucket of a flow log.
 *
 * @throws {ApiError} InvalidParameter for one that sends its records elsewhere
 */
export function bucketOf({ id, destination }: FlowLog): FlowLogBucket {
  if (destination.type === "s3") return destination;
  throw new ApiError("InvalidParameter", `The flow log '${id}' is not delivered to Amazon S3.`);
}
