import { hash } from "node:crypto";
import type { ApiError } from "../errors.ts";
import { isoTime } from "../kit/isoTime.ts";
import type { Unit } from "../state/unit.ts";
import { jsonName } from "../wire/json.ts";
import type { Service } from "../wire/service.ts";
import type { StructureShape } from "../wire/shape.ts";
import { isReading, showsAnswer, type AnsweredCall } from "./answeredCall.ts";
import { forms, namesSecret, written } from "./parameters.ts";
import { userIdentityOf, type UserIdentity } from "./userIdentity.ts";

type Members = Readonly<Record<string, unknown>>;

/** @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html */
export interface TrailEvent {
  readonly eventVersion: string;
  readonly userIdentity: UserIdentity;
  /** `2026-11-23T17:58:02Z` */
  readonly eventTime: string;
  /** `ec2.amazonaws.com` */
  readonly eventSource: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: Members | null;
  readonly responseElements: Members | null;
  readonly requestID: string;
  readonly eventID: string;
  readonly readOnly: boolean;
  readonly eventType: "AwsApiCall";
  readonly managementEvent: boolean;
  readonly recipientAccountId: string;
  /** Of calls that came by a VPC endpoint. */
  readonly vpcEndpointId?: string;
  readonly vpcEndpointAccountId?: string;
  readonly eventCategory: "Management" | "Data";
  readonly tlsDetails?: {
    readonly tlsVersion: string;
    readonly cipherSuite: string;
    readonly clientProvidedHostHeader?: string;
  };
}

/** Operations on what is in a resource. They are in the log, but LookupEvents does not find them. */
const dataOperations: ReadonlySet<string> = new Set([
  "GetSnapshotBlock",
  "ListChangedBlocks",
  "ListSnapshotBlocks",
  "PutLogEvents",
  "PutSnapshotBlock",
]);

/** In characters of JSON: what is longer is left out. */
const LONGEST = 100 * 1024;

/** IAM's events are all in one region. */
const IAM_REGION = "us-east-1";

/** Where the event of a call is kept. */
export const regionOf = ({ said, region }: AnsweredCall): string =>
  said.operation.service.id === "iam" ? IAM_REGION : region;

/** @param global the unit that has the keys and the roles */
export function eventOf(call: AnsweredCall, global: Unit): TrailEvent {
  const { said, requestId, userAgent, host, tls } = call;
  const { caller, operation, error, passage } = said;
  const hidden: string[] = [];
  const requestParameters = requestOf(call, hidden);
  const isData = dataOperations.has(operation.name);
  return {
    eventVersion: "1.11",
    userIdentity: userIdentityOf(caller, global),
    eventTime: isoTime(call.at),
    eventSource: `${operation.service.id}.amazonaws.com`,
    eventName: operation.name,
    awsRegion: regionOf(call),
    sourceIPAddress: call.source,
    ...(userAgent !== undefined && { userAgent }),
    ...(error && {
      errorCode: errorCodeOf(operation.service, error),
      errorMessage: withoutSecrets(error.message, said.input === undefined, hidden),
    }),
    requestParameters,
    responseElements: answerOf(call),
    requestID: requestId,
    eventID: idOf(requestId),
    readOnly: isReading(operation.name),
    eventType: "AwsApiCall",
    managementEvent: !isData,
    recipientAccountId: caller.account,
    ...(passage && { vpcEndpointId: passage.id, vpcEndpointAccountId: passage.account }),
    eventCategory: isData ? "Data" : "Management",
    ...(tls && {
      tlsDetails: {
        tlsVersion: tls.protocol,
        cipherSuite: tls.suite,
        ...(host !== undefined && { clientProvidedHostHeader: host }),
      },
    }),
  };
}

/** A UUID that follows from that of the request, so that it does not matter when an event is made. */
function idOf(requestId: string): string {
  const digits = hash("sha256", `event ${requestId}`, "hex");
  const variant = "89ab"[Number.parseInt(digits.charAt(16), 16) & 3] ?? "8";
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

function requestOf({ said: { operation, input } }: AnsweredCall, hidden: string[]): Members | null {
  if (input === undefined) return null;
  const form = operation.service.id === "ec2" ? forms.ec2Request : forms.plain;
  const members = written(operation.input, input, form, hidden);
  return fitting("requestParameters", operation.name === "RunInstances" ? launched(members) : members);
}

/** What is the same for each instance of a launch stands where EC2 lists the instances. */
function launched({ imageId, minCount, maxCount, keyName, ...members }: Members): Members {
  const instance = { imageId, minCount, maxCount, ...(keyName !== undefined && { keyName }) };
  return { instancesSet: { items: [instance] }, ...members };
}

function answerOf({ said, requestId }: AnsweredCall): Members | null {
  const { operation, output, error } = said;
  if (error || !showsAnswer(operation)) return null;
  const isEc2 = operation.service.id === "ec2";
  const members = output && operation.output ? membersOf(operation.output, output, isEc2) : {};
  if (isEc2) {
    const done = operation.output === undefined && { _return: true };
    return fitting("responseElements", { requestId, ...done, ...members });
  }
  return fitting("responseElements", members);
}

const membersOf = (shape: StructureShape, output: object, isEc2: boolean): Members =>
  written(shape, output, isEc2 ? forms.ec2Answer : forms.plain);

function fitting(name: string, members: Members): Members | null {
  if (Object.keys(members).length === 0) return null;
  const size = JSON.stringify(members).length;
  if (size <= LONGEST) return members;
  return { omitted: true, originalSize: size, reason: `${name} too large` };
}

/** EC2's codes say whose fault it was. */
function errorCodeOf({ id, protocol }: Service, error: ApiError): string {
  if (id === "ec2") return `${error.status < 500 ? "Client" : "Server"}.${error.code}`;
  return protocol === "awsQuery" ? error.code : jsonName(error, id).name;
}

/**
 * Errors quote what they are about.
 *
 * @param isUnread whether it is not known what the secrets are, as the request could not be read
 */
function withoutSecrets(message: string, isUnread: boolean, secrets: readonly string[]): string {
  if (isUnread && namesSecret(message)) return forms.plain.mark;
  return secrets.some((secret) => secret !== "" && message.includes(secret)) ? forms.plain.mark : message;
}
