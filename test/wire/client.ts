import * as cloudtrail from "@aws-sdk/client-cloudtrail";
import * as ebs from "@aws-sdk/client-ebs";
import * as ec2 from "@aws-sdk/client-ec2";
import * as iam from "@aws-sdk/client-iam";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as ram from "@aws-sdk/client-ram";
import * as sts from "@aws-sdk/client-sts";
import type { ServiceId } from "../../server/wire/service.ts";

interface Command {
  new (input: unknown): unknown;
}

interface Client {
  send(command: unknown): Promise<object>;
}

/** One exchange of the SDK's own client with a server that always answers the same. */
export interface Exchange {
  /** The body of the request. */
  readonly request: string;
  /** As the client understood it. */
  readonly output: object;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const packages = { cloudtrail, ebs, ec2, iam, logs, ram, sts };

export async function exchange(
  service: ServiceId,
  operation: string,
  input: unknown,
  { status, body }: Answer,
): Promise<Exchange> {
  let request = "";
  const configuration = {
    region: "eu-central-1",
    endpoint: "https://localhost",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
    requestHandler: {
      handle: (sent: { body: string }) => {
        request = sent.body;
        const response = { statusCode: status, headers: {}, body: Buffer.from(body) };
        return Promise.resolve({ response });
      },
    },
  };
  const exports = packages[service] as unknown as Readonly<Record<string, Command>>;
  const SpecificCommand = exports[`${operation}Command`];
  if (SpecificCommand === undefined) throw new Error(`The SDK has no ${operation}`);
  const output = await client(service, configuration).send(new SpecificCommand(input));
  return { request, output };
}

const clients = {
  cloudtrail: (configuration: object) => new cloudtrail.CloudTrailClient(configuration),
  ebs: (configuration: object) => new ebs.EBSClient(configuration),
  ec2: (configuration: object) => new ec2.EC2Client(configuration),
  iam: (configuration: object) => new iam.IAMClient(configuration),
  logs: (configuration: object) => new logs.CloudWatchLogsClient(configuration),
  ram: (configuration: object) => new ram.RAMClient(configuration),
  sts: (configuration: object) => new sts.STSClient(configuration),
};

function client(service: ServiceId, configuration: object): Client {
  return clients[service](configuration);
}
