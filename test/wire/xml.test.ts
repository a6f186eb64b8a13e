import { parseStringPromise } from "xml2js";
import { describe, expect, it } from "vitest";
import { ApiError } from "../../server/errors.ts";
import type { Operation, Service } from "../../server/wire/service.ts";
import { loadService } from "../../server/wire/service.ts";
import { encodeError, encodeMembers, envelope } from "../../server/wire/xml.ts";
import { encode } from "./encode.ts";
import { exchange } from "./client.ts";

const ec2 = await loadService("ec2");
const iam = await loadService("iam");
const sts = await loadService("sts");

function operation(service: Service, name: string): Operation {
  const found = service.operations.get(name);
  if (!found) throw new Error(`No operation ${name}`);
  return found;
}

const runInstances = operation(ec2, "RunInstances");

describe("an answer of EC2", () => {
  it("names its operation, its namespace and the request", () => {
    expect(encode(operation(ec2, "DescribeVpcs"), { Vpcs: [] }, "r-1")).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        '<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">' +
        "<requestId>r-1</requestId><vpcSet/></DescribeVpcsResponse>",
    );
  });

  it("says true where the operation has no output", () => {
    expect(encode(operation(ec2, "DeleteVpc"), undefined, "r")).toContain(
      "<requestId>r</requestId><return>true</return></DeleteVpcResponse>",
    );
  });

  it("has the members that are set, in EC2's spelling", () => {
    const members = encodeMembers(runInstances, {
      ReservationId: "r-1",
      OwnerId: undefined,
      Instances: [
        {
          InstanceId: "i-1",
          LaunchTime: new Date("2026-11-23T13:06:41Z"),
          EbsOptimized: false,
          AmiLaunchIndex: 0,
          KeyName: "",
          Tags: [{ Key: "a", Value: "b" }],
          State: {},
        },
      ],
    });
    expect(members).toBe(
      "<reservationId>r-1</reservationId><instancesSet><item><instanceId>i-1</instanceId>" +
        "<launchTime>2026-11-23T13:06:41.000Z</launchTime><ebsOptimized>false</ebsOptimized>" +
        "<amiLaunchIndex>0</amiLaunchIndex><keyName/><tagSet><item><key>a</key><value>b</value></item></tagSet>" +
        "<instanceState/></item></instancesSet>",
    );
    expect(envelope(runInstances, members, "again").toString()).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        '<RunInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">' +
        `<requestId>again</requestId>${members}</RunInstancesResponse>`,
    );
  });
});

describe("an answer of STS or IAM", () => {
  it("wraps a result", () => {
    const output = { Account: "000000000000", Arn: "arn:aws:iam::000000000000:root", UserId: "u" };
    expect(encode(operation(sts, "GetCallerIdentity"), output, "r")).toBe(
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
        "<Account>000000000000</Account><Arn>arn:aws:iam::000000000000:root</Arn><UserId>u</UserId>" +
        "</GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>" +
        "</GetCallerIdentityResponse>",
    );
  });

  it("has no result where the operation has no output", () => {
    expect(encode(operation(iam, "DeleteUser"), undefined, "r")).toBe(
      '<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">' +
        "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DeleteUserResponse>",
    );
  });

  it("writes lists of members, maps of entries, and whole seconds", () => {
    expect(
      encodeMembers(operation(iam, "GetMFADevice"), {
        SerialNumber: "s",
        EnableDate: new Date("2026-11-23T13:06:41Z"),
        Certifications: { a: "1" },
      }),
    ).toBe(
      "<SerialNumber>s</SerialNumber><EnableDate>2026-11-23T13:06:41Z</EnableDate>" +
        "<Certifications><entry><key>a</key><value>1</value></entry></Certifications>",
    );
    expect(
      encodeMembers(operation(iam, "ListAccountAliases"), { AccountAliases: ["a"], IsTruncated: false }),
    ).toBe("<AccountAliases><member>a</member></AccountAliases><IsTruncated>false</IsTruncated>");
  });
});

describe("an error", () => {
  const error = new ApiError("InvalidAction", "<script>");

  it("of EC2 is what its clients read", async () => {
    const body = encodeError(ec2, error, "r");
    expect(body).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>InvalidAction</Code>' +
        "<Message>The action &lt;script&gt; is not valid for this web service.</Message></Error></Errors>" +
        "<RequestID>r</RequestID></Response>",
    );
    await expect(exchange("ec2", "DescribeVpcs", {}, { status: 400, body })).rejects.toMatchObject({
      name: "InvalidAction",
      message: "The action <script> is not valid for this web service.",
      $metadata: { httpStatusCode: 400 },
    });
  });

  it("of STS and IAM says whose fault it is", async () => {
    const body = encodeError(sts, error, "r");
    expect(body).toBe(
      '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>' +
        "<Code>InvalidAction</Code><Message>The action &lt;script&gt; is not valid for this web service.</Message>" +
        "</Error><RequestId>r</RequestId></ErrorResponse>",
    );
    await expect(exchange("sts", "GetCallerIdentity", {}, { status: 400, body })).rejects.toMatchObject({
      name: "InvalidAction",
      Type: "Sender",
    });
    expect(encodeError(iam, new ApiError("InternalError"), "r")).toContain("<Type>Receiver</Type>");
  });
});

/** A text that an answer says three times, as xml2js reads it. */
async function read(text: string): Promise<string> {
  const xml = encode(runInstances, { ReservationId: text, Groups: [{ GroupName: text }] }, text);
  const { RunInstancesResponse: answer } = await parseStringPromise(xml, { explicitArray: false });
  expect(answer.groupSet.item.groupName).toBe(answer.reservationId);
  expect(answer.requestId).toBe(answer.reservationId);
  return answer.reservationId;
}

describe("text", () => {
  it.each(["<a href='x'>&amp;</a>", "]]>", "a\r\nb\tc", "é漢😀", "\u0085\u2028\u007f", '"quoted"', "&#0;"])(
    "%j is read as it was",
    async (text) => {
      expect(await read(text)).toBe(text);
    },
  );

  it.each(["\0", "\u0001", "\u0008", "\u000b", "\u001f", "\ufffe", "\uffff", "\ud800", "\udfff"])(
    "%j, which no XML can carry, is replaced",
    async (character) => {
      expect(await read(`a${character}<`)).toBe("a\ufffd<");
    },
  );

  it("of an error is escaped as well", async () => {
    const xml = encodeError(ec2, { code: "<", message: "\0&", status: 400 }, ">");
    const { Response: response } = await parseStringPromise(xml, { explicitArray: false });
    expect(response).toEqual({ Errors: { Error: { Code: "<", Message: "\ufffd&" } }, RequestID: ">" });
  });
});

describe("the encoder refuses", () => {
  it.each([
    ["a member that the output does not have", { Nope: 1 }, "Reservation has no member Nope"],
    ["the name on the wire", { reservationId: "r" }, "Reservation has no member reservationId"],
    ["an inherited name", { constructor: "r" }, "Reservation has no member constructor"],
    ["a member deeper down", { Instances: [{ State: { Codes: 1 } }] }, "InstanceState has no member Codes"],
    ["null", { ReservationId: null }, "Reservation.ReservationId is null, not a string"],
    ["a number for a string", { OwnerId: 0 }, "Reservation.OwnerId is a value of type number, not a string"],
    [
      "a structure for a list",
      { Instances: {} },
      "Reservation.Instances is a value of type object, not an array",
    ],
    [
      "a text for a list",
      { Instances: "i" },
      "Reservation.Instances is a value of type string, not an array",
    ],
    ["a list for a structure", { Instances: [[]] }, "Instance is an array, not a structure"],
    [
      "a hole in a list",
      { Instances: [undefined] },
      "Instance is a value of type undefined, not a structure",
    ],
    [
      "a text for a boolean",
      { Instances: [{ EbsOptimized: "true" }] },
      "Instance.EbsOptimized is a value of type string, not a boolean",
    ],
    [
      "a text for a number",
      { Instances: [{ AmiLaunchIndex: "0" }] },
      "Instance.AmiLaunchIndex is a value of type string, not a number",
    ],
    [
      "what is not a number",
      { Instances: [{ AmiLaunchIndex: Number.NaN }] },
      "Instance.AmiLaunchIndex is a value of type number, not a number",
    ],
    [
      "a text for a date",
      { Instances: [{ LaunchTime: "2026" }] },
      "Instance.LaunchTime is a value of type string, not a Date",
    ],
    [
      "an invalid date",
      { Instances: [{ LaunchTime: new Date(Number.NaN) }] },
      "Instance.LaunchTime is a value of type object, not a Date",
    ],
    [
      "a date for a structure",
      { Instances: [new Date(0)] },
      "Instance is a value of type object, not a structure",
    ],
    ["nothing at all", undefined, "Reservation is a value of type undefined, not a structure"],
  ])("%s", (_, output, message) => {
    expect(() => encodeMembers(runInstances, output)).toThrow(new TypeError(message));
  });

  it("a hole in a list of texts", () => {
    const keys = operation(iam, "GetContextKeysForCustomPolicy");
    expect(() => encodeMembers(keys, { ContextKeyNames: [undefined] })).toThrow(
      "type undefined, not a string",
    );
    expect(() => encodeMembers(keys, { ContextKeyNames: ["a", undefined] })).toThrow("not a string");
  });

  it("an output where there is none", () => {
    expect(() => encodeMembers(operation(ec2, "DeleteVpc"), { Return: true })).toThrow(
      "DeleteVpc has no output",
    );
    expect(encodeMembers(operation(ec2, "DeleteVpc"), {})).toBe("<return>true</return>");
  });

  it("wrong maps and blobs", () => {
    const summary = operation(iam, "GetAccountSummary");
    expect(() => encodeMembers(summary, { SummaryMap: { Users: "1" } })).toThrow(
      "GetAccountSummaryResponse.SummaryMap entry.value is a value of type string, not a number",
    );
    expect(() => encodeMembers(summary, { SummaryMap: [] })).toThrow("SummaryMap is an array, not a map");
    const device = { VirtualMFADevice: { SerialNumber: "s", QRCodePNG: "text" } };
    expect(() => encodeMembers(operation(iam, "CreateVirtualMFADevice"), device)).toThrow("not a Uint8Array");
  });
});
