import {
  CreateFlowLogsCommand,
  CreateVpcCommand,
  EC2Client,
  GetFlowLogsIntegrationTemplateCommand,
  type AthenaIntegration,
  type CreateFlowLogsCommandInput,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { configOf, freshKeys, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";

const islet = await sharedIslet();
const ec2 = new EC2Client(configOf(islet, freshKeys(islet)));
const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));

const newLog = async (asked: Partial<CreateFlowLogsCommandInput> = {}) => {
  const { FlowLogIds } = await ec2.send(
    new CreateFlowLogsCommand({
      ResourceType: "VPC",
      ResourceIds: [Vpc?.VpcId ?? ""],
      TrafficType: "ALL",
      LogDestinationType: "s3",
      LogDestination: "arn:aws:s3:::athena-logs/in",
      ...asked,
    }),
  );
  return FlowLogIds?.[0] ?? "";
};

const log = await newLog();
const use = (more: Partial<AthenaIntegration> = {}): AthenaIntegration => ({
  IntegrationResultS3DestinationArn: "arn:aws:s3:::athena-results/out",
  PartitionLoadFrequency: "none",
  ...more,
});
const template = (AthenaIntegrations: AthenaIntegration[], more: { FlowLogId?: string; to?: string } = {}) =>
  ec2.send(
    new GetFlowLogsIntegrationTemplateCommand({
      FlowLogId: more.FlowLogId ?? log,
      ConfigDeliveryS3DestinationArn: more.to ?? "arn:aws:s3:::athena-templates/a",
      IntegrateServices: { AthenaIntegrations },
    }),
  );

interface Template {
  readonly Resources: Readonly<Record<string, { Type: string; Properties: Record<string, unknown> }>>;
}

/** The template as it lies in the bucket. */
async function kept(url = ""): Promise<Template> {
  const { hostname, pathname } = new URL(url);
  const [Bucket] = hostname.split(".");
  const { Body } = await operate(islet, "GET objects", {
    Bucket,
    Key: decodeURIComponent(pathname.slice(1)),
  });
  return JSON.parse(Buffer.from(Body as string, "base64").toString()) as Template;
}

const typesOf = ({ Resources }: Template) => Object.values(Resources).map(({ Type }) => Type);

describe("what it refuses to parse", () => {
  test("unknown flow logs and places", async () => {
    await refused(template([use()], { FlowLogId: "fl-0123456789abcdef0" }), "InvalidFlowLogId.NotFound");
    for (const to of ["x", "arn:aws:s3:::X", "arn:aws:s3:::bucket/../x", "arn:aws:s3:::bucket//x"]) {
      await refused(template([use()], { to }), "InvalidParameterValue");
      await refused(template([use({ IntegrationResultS3DestinationArn: to })]), "InvalidParameterValue");
    }
  });

  test("integrations that are none, or too many, or say too little", async () => {
    await refused(template([]), "MissingParameter");
    await refused(template(Array.from({ length: 11 }, () => use())), "InvalidParameterValue");
    await refused(template([use({ PartitionLoadFrequency: undefined })]), "MissingParameter");
    await refused(template([use({ IntegrationResultS3DestinationArn: undefined })]), "MissingParameter");
  });

  test("days that are not in the past", async () => {
    const PartitionStartDate = new Date("2021-07-20T00:40:00Z");
    await refused(template([use({ PartitionStartDate })]), "InvalidParameter");
    for (const PartitionEndDate of [new Date("2021-07-19T00:00:00Z"), new Date("2999-01-01T00:00:00Z")]) {
      await refused(template([use({ PartitionStartDate, PartitionEndDate })]), "InvalidParameterValue");
    }
  });
});

describe("what it refuses to do", () => {
  test("integrate what is not in a bucket", async () => {
    const FlowLogId = await newLog({
      LogDestinationType: undefined,
      LogDestination: undefined,
      LogGroupName: "flows",
      DeliverLogsPermissionArn: "arn:aws:iam::123456789012:role/flows",
    });
    await refused(template([use()], { FlowLogId }), "InvalidParameter", /not delivered to Amazon S3/);
  });
});

describe("what it does", () => {
  test("writes a template for the fields of the log", async () => {
    const { Result } = await template([use()]);
    expect(Result).toMatch(
      /^https:\/\/athena-templates\.s3\.us-east-1\.amazonaws\.com\/a\/VPCFlowLogsIntegrationTemplate_fl-[0-9a-f]+_\w{3}%20\w{3}%20\d\d%20[\d%A]+20UTC%20\d{4}\.yml$/,
    );
    const made = await kept(Result);
    expect(typesOf(made)).toEqual([
      "AWS::Glue::Database",
      "AWS::Glue::Table",
      "AWS::Athena::WorkGroup",
      ...Array.from({ length: 4 }, () => "AWS::Athena::NamedQuery"),
    ]);
    expect(made.Resources["Table0"]?.Properties).toMatchObject({
      TableInput: {
        PartitionKeys: [{ Name: "year" }, { Name: "month" }, { Name: "day" }],
        StorageDescriptor: {
          Columns: expect.arrayContaining([
            { Name: "account_id", Type: "string" },
            { Name: "bytes", Type: "bigint" },
          ]) as unknown,
          Location: expect.stringMatching(
            /^s3:\/\/athena-logs\/in\/AWSLogs\/\d{12}\/vpcflowlogs\/us-east-1$/,
          ) as unknown,
        },
      },
    });
  });

  test("has partitions loaded, and asks only for what is logged", async () => {
    const FlowLogId = await newLog({
      LogFormat: "${srcaddr} ${dstaddr} ${bytes}",
      DestinationOptions: {
        FileFormat: "plain-text",
        HiveCompatiblePartitions: true,
        PerHourPartition: true,
      },
    });
    const { Result } = await template(
      [
        use({
          PartitionStartDate: new Date("2021-07-20T00:40:00Z"),
          PartitionEndDate: new Date("2021-07-21T00:42:00Z"),
        }),
        use({ PartitionLoadFrequency: "weekly" }),
      ],
      { FlowLogId, to: "arn:aws:s3:::athena-templates" },
    );
    const { Resources } = await kept(Result);
    expect(Resources["Days0"]?.Properties).toMatchObject({ First: "2021-07-20", Last: "2021-07-21" });
    expect(Resources["Schedule0"]).toBeUndefined();
    expect(Resources["Schedule1"]?.Properties).toMatchObject({ ScheduleExpression: "rate(7 days)" });
    expect(Resources["Days1"]).toBeUndefined();
    expect(Resources["Loader1"]?.Properties).toMatchObject({
      Environment: { Variables: { HIVE: "true", HOURLY: "true", BACK: "7" } },
    });
    expect(Resources["Table1"]?.Properties).toMatchObject({
      TableInput: {
        PartitionKeys: [{ Name: "year" }, { Name: "month" }, { Name: "day" }, { Name: "hour" }],
        StorageDescriptor: { Location: expect.stringContaining("aws-region=us-east-1") as unknown },
      },
    });
    const queries = Object.entries(Resources).filter(([, { Type }]) => Type === "AWS::Athena::NamedQuery");
    expect(queries.map(([name]) => name)).toEqual(["TopTalkers0", "TopTalkers1"]);
  });

  test("reads files in Parquet as what they are", async () => {
    const FlowLogId = await newLog({
      LogFormat: "${srcport} ${bytes} ${action}",
      DestinationOptions: {
        FileFormat: "parquet",
        HiveCompatiblePartitions: false,
        PerHourPartition: false,
      },
    });
    const { Resources } = await kept((await template([use()], { FlowLogId })).Result);
    expect(Resources["Table0"]?.Properties).toMatchObject({
      TableInput: {
        Parameters: { EXTERNAL: "true" },
        StorageDescriptor: {
          Columns: [
            { Name: "srcport", Type: "int" },
            { Name: "bytes", Type: "bigint" },
            { Name: "action", Type: "string" },
          ],
          SerdeInfo: {
            SerializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
          },
        },
      },
    });
  });
});
