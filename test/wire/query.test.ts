import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError } from "../../server/errors.ts";
import { decode, findOperation, parseQuery } from "../../server/wire/query.ts";
import type { Service } from "../../server/wire/service.ts";
import { loadService } from "../../server/wire/service.ts";

const ec2 = await loadService("ec2");
const iam = await loadService("iam");
const sts = await loadService("sts");

function read(service: Service, body: string | Uint8Array): Record<string, unknown> {
  const query = parseQuery(body);
  return decode(findOperation(service, query), query.parameters);
}

/** The refusal of a request, as `Code (status): message`. */
function refusal(service: Service, body: string | Uint8Array): string {
  try {
    return `none: ${JSON.stringify(read(service, body))}`;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return `${error.code} (${error.status}): ${error.message}`;
  }
}

const inEc2 = (action: string, parameters: string) =>
  refusal(ec2, `Action=${action}&Version=2016-11-15&${parameters}`);
const inIam = (action: string, parameters: string) =>
  refusal(iam, `Action=${action}&Version=2010-05-08&${parameters}`);

const names = (count: number) => Array.from({ length: count }, (_, index) => `p${index}=`).join("&");

describe("a query's text", () => {
  it("is UTF-8, with plus for a space", () => {
    const { parameters } = parseQuery("&a=1+2%2B3&&%C3%A9=%F0%9F%98%80&empty&e=");
    expect([...parameters]).toEqual([
      ["a", "1 2+3"],
      ["é", "😀"],
      ["empty", ""],
      ["e", ""],
    ]);
    expect(parseQuery(new TextEncoder().encode("a=é")).parameters.get("a")).toBe("é");
    expect(parseQuery("").parameters.size).toBe(0);
  });

  it("without authentication, action and version is what is left", () => {
    const query = parseQuery(
      "Action=A&Version=V&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0&X-Amz-Security-Token=t" +
        "&AWSAccessKeyId=k&Signature=s&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=t&Foo=bar",
    );
    expect(query).toEqual({ action: "A", version: "V", parameters: new Map([["Foo", "bar"]]) });
  });

  it.each(["a=%", "a=%zz", "%4=1", "a=%C3", "a=%FF", "a=%C0%AF", "a=%ED%A0%80"])("refuses %s", (body) => {
    expect(refusal(ec2, body)).toBe(
      "MalformedQueryString (404): The query string contains a syntax error: " +
        "a percent encoding is not UTF-8 in hexadecimal digits",
    );
  });

  it("refuses bytes that are not UTF-8", () => {
    expect(refusal(ec2, new Uint8Array([0x61, 0x3d, 0xff]))).toBe(
      "MalformedQueryString (404): The query string contains a syntax error: it is not UTF-8",
    );
  });

  it("refuses a name given twice, however it is spelled", () => {
    expect(refusal(ec2, "Action=A&%41ction=A")).toBe(
      "InvalidQueryParameter (400): The parameter Action is given more than once",
    );
    expect(inEc2("DescribeVpcs", "VpcId.1=a&VpcId.1=a")).toContain("VpcId.1 is given more than once");
  });

  it("refuses more names and longer names than any operation has", () => {
    expect(parseQuery(names(10_000)).parameters.size).toBe(10_000);
    expect(refusal(ec2, names(10_001))).toContain("InvalidQueryParameter (400)");
    expect(refusal(ec2, `${"a".repeat(513)}=`)).toContain("InvalidQueryParameter (400)");
  });
});

describe("an operation", () => {
  it("must be named", () => {
    const missing = "MissingAction (400): The request is missing an action or a required parameter.";
    expect(refusal(ec2, "Version=2016-11-15")).toBe(missing);
    expect(refusal(sts, "Action=&Version=2011-06-15")).toBe(missing);
  });

  it("must exist", () => {
    expect(inEc2("DescribeVpc", "")).toBe(
      "InvalidAction (400): The action DescribeVpc is not valid for this web service.",
    );
    expect(inEc2("__proto__", "")).toContain("InvalidAction");
    expect(inIam("RunInstances", "")).toBe(
      "InvalidAction (400): Could not find operation RunInstances for version 2010-05-08",
    );
  });

  it("has one version", () => {
    expect(refusal(ec2, "Action=DescribeVpcs&Version=2016-11-16")).toBe(
      "NoSuchVersion (400): The requested version (2016-11-16) of service AmazonEC2 does not exist",
    );
    expect(refusal(ec2, "Action=DescribeVpcs")).toBe(
      "MissingParameter (400): The request must contain the parameter Version",
    );
    expect(refusal(sts, "Action=GetCallerIdentity&Version=2016-11-15")).toBe(
      "InvalidAction (400): Could not find operation GetCallerIdentity for version 2016-11-15",
    );
    expect(refusal(sts, "Action=GetCallerIdentity")).toBe(
      "InvalidAction (400): Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED",
    );
  });
});

describe("EC2 refuses", () => {
  it.each([
    ["a name that no input has", "VpcIds.1=vpc-1", "VpcIds.1"],
    ["a name of the answer", "vpcId=vpc-1", "vpcId"],
    ["an unknown member of a structure", "Filter.1.Nam=a", "Filter.1.Nam"],
    ["a text where a structure belongs", "Filter.1=a", "Filter.1"],
    ["a text where a list belongs", "VpcId=vpc-1", "VpcId"],
    ["a member where a text belongs", "DryRun.Value=true", "DryRun.Value"],
    ["an index where a text belongs", "NextToken.1=a", "NextToken.1"],
    ["a list's empty index", "VpcId.=a", "VpcId."],
    ["an index of zero", "VpcId.0=a", "VpcId.0"],
    ["a negative index", "VpcId.-1=a", "VpcId.-1"],
    ["an index with a leading zero", "VpcId.01=a", "VpcId.01"],
    ["an index that is a word", "VpcId.one=a", "VpcId.one"],
    ["an index above any limit", "VpcId.4294967297=a", "VpcId.4294967297"],
    ["awsQuery's form of a list", "VpcId.member.1=a", "VpcId.member.1"],
    ["an empty name", "=a", ""],
    ["a name that is only dots", "...=a", "..."],
    ["a prototype", "__proto__=a", "__proto__"],
    ["a prototype's member", "__proto__.DryRun=true", "__proto__.DryRun"],
    ["a prototype as an index", "VpcId.__proto__=a", "VpcId.__proto__"],
    ["a constructor", "constructor.prototype.DryRun=true", "constructor.prototype.DryRun"],
  ])("%s", (_, parameters, name) => {
    expect(inEc2("DescribeVpcs", parameters)).toBe(
      `UnknownParameter (400): The parameter ${name} is not recognized`,
    );
  });

  it.each([
    ["RunInstances", "MinCount=1", "MaxCount"],
    ["DeleteVpc", "", "VpcId"],
    ["CreateTags", "ResourceId.1=i-1", "Tag"],
    [
      "RunInstances",
      "MinCount=1&MaxCount=1&ElasticInferenceAccelerator.1.Count=1",
      "ElasticInferenceAccelerator.1.Type",
    ],
    ["DescribeVpcs", "VpcId.1=a&VpcId.3=c", "VpcId.2"],
    ["DescribeVpcs", "VpcId.2=a", "VpcId.1"],
    ["DescribeVpcs", "VpcId.99999=a", "VpcId.1"],
    ["DescribeVpcs", "Filter.1.Name=a&Filter.1.Value.2=b", "Filter.1.Value.1"],
  ])("%s with %s, for what is missing", (action, parameters, name) => {
    expect(inEc2(action, parameters)).toBe(
      `MissingParameter (400): The request must contain the parameter ${name}`,
    );
  });

  it.each(["", "one", "1.5", "1e3", "0x10", " 1", "1 ", "9007199254740993", "99999999999999999999", "--1"])(
    "the integer %j",
    (text) => {
      expect(inEc2("RunInstances", `MaxCount=1&MinCount=${encodeURIComponent(text)}`)).toBe(
        `InvalidParameterValue (400): Value (${text}) for parameter minCount is invalid. Expecting an integer.`,
      );
    },
  );

  it.each(["", "NaN", "Infinity", "1e999", "0x1", "1,5", "."])("the number %j", (text) => {
    const parameters = `ReservedInstancesOfferingId=a&InstanceCount=1&LimitPrice.Amount=${text}`;
    expect(inEc2("PurchaseReservedInstancesOffering", parameters)).toBe(
      `InvalidParameterValue (400): Value (${text}) for parameter limitPrice.amount is invalid. Expecting a number.`,
    );
  });

  it.each(["", "True", "TRUE", "yes", "2", "null"])("the boolean %j", (text) => {
    expect(inEc2("DescribeVpcs", `DryRun=${text}`)).toBe(
      `InvalidParameterValue (400): Value (${text}) for parameter dryRun is invalid. Expecting true or false.`,
    );
  });

  it.each([
    "",
    "2026-11-23",
    "2026-11-23 13:06:41Z",
    "2026-11-23T13:06:41",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-11-23T24:00:00Z",
    "2026-11-23T13:06:61Z",
    "2026-11-23T13:06:41+99:00",
    "+012026-11-23T13:06:41Z",
    "1795439201",
  ])("the timestamp %j", (text) => {
    expect(inEc2("DescribeSpotPriceHistory", `StartTime=${encodeURIComponent(text)}`)).toBe(
      `InvalidParameterValue (400): Value (${text}) for parameter startTime is invalid. ` +
        "Expecting a date and time in the form YYYY-MM-DDThh:mm:ssZ.",
    );
  });

  it.each(["!", "abc", "YW==", "YQ=", "YQ", "Y Q=", "_-8="])("the blob %j", (text) => {
    expect(inEc2("ImportKeyPair", `KeyName=k&PublicKeyMaterial=${encodeURIComponent(text)}`)).toBe(
      `InvalidParameterValue (400): Value (${text}) for parameter publicKeyMaterial is invalid. Expecting a base64 text.`,
    );
  });

  it("a value that its enumeration does not have", () => {
    expect(inEc2("CreateVpc", "InstanceTenancy=Dedicated")).toBe(
      "InvalidParameterValue (400): Value (Dedicated) for parameter instanceTenancy is invalid.",
    );
    const list = "VirtualizationType.1=hvm&VirtualizationType.2=pvm";
    expect(inEc2("GetInstanceTypesFromInstanceRequirements", list)).toBe(
      "InvalidParameterValue (400): Value (pvm) for parameter virtualizationType.2 is invalid.",
    );
  });

  it.each(["%00", "%08", "%0B", "%1F", "%EF%BF%BE", "%EF%BF%BF"])("the character %s", (character) => {
    expect(inEc2("CreateSecurityGroup", `GroupName=a&GroupDescription=b${character}`)).toBe(
      "InvalidCharacter (400): The parameter GroupDescription contains a character that is not valid",
    );
  });

  it("a lone surrogate in what was not bytes", () => {
    expect(inEc2("DeleteVpc", "VpcId=\ud800")).toContain("InvalidCharacter (400)");
  });

  it("a text above 64 Ki characters, without repeating it", () => {
    expect(inEc2("DeleteVpc", `VpcId=${"a".repeat(1_048_576)}`)).toContain("none");
    expect(inEc2("DeleteVpc", `VpcId=${"a".repeat(1_048_577)}`)).toBe(
      "InvalidParameterValue (400): Value for parameter vpcId is invalid. It is longer than 1048576 characters.",
    );
    expect(inEc2("DescribeVpcs", `DryRun=${"a".repeat(100_000)}`).length).toBeLessThan(400);
  });

  it("a thousand dots in no time and space", () => {
    expect(inEc2("DescribeVpcs", `${"a.".repeat(250)}a=1`)).toContain("UnknownParameter");
  });
});

describe("IAM and STS refuse", () => {
  it("a missing member by its path in the model", () => {
    expect(inIam("TagUser", "UserName=u&Tags.member.1.Key=k")).toBe(
      "ValidationError (400): 1 validation error detected: Value null at 'tags.1.member.value' " +
        "failed to satisfy constraint: Member must not be null",
    );
    expect(inIam("TagUser", "UserName=u&Tags.member.2.Key=k&Tags.member.2.Value=v")).toContain(
      "Value null at 'tags.1.member' failed",
    );
    expect(refusal(sts, "Action=AssumeRole&Version=2011-06-15&RoleSessionName=s")).toContain(
      "Value null at 'roleArn' failed",
    );
  });

  it("a value outside its enumeration", () => {
    expect(inIam("UpdateAccessKey", "AccessKeyId=a&Status=on")).toBe(
      "ValidationError (400): 1 validation error detected: Value 'on' at 'status' failed to satisfy constraint: " +
        "Member must satisfy enum value set: [Active, Expired, Inactive]",
    );
  });

  it("what they cannot parse", () => {
    expect(inIam("ListUsers", "MaxItems=ten")).toBe(
      "MalformedInput (400): Value 'ten' at 'maxItems' is not an integer",
    );
    expect(inIam("TagUser", "UserName=u&Tags.1.Key=k")).toBe(
      "MalformedInput (400): Unexpected parameter Tags.1.Key",
    );
    expect(inIam("TagUser", "UserName=u&Tags=&Tags.member.1.Key=k&Tags.member.1.Value=v")).toBe(
      "MalformedInput (400): Unexpected parameter Tags",
    );
    expect(refusal(sts, "Action=GetCallerIdentity&Version=2011-06-15&Foo=1")).toBe(
      "MalformedInput (400): Unexpected parameter Foo",
    );
  });

  it("text that is too long or that no XML can carry", () => {
    expect(
      refusal(sts, `Action=GetAccessKeyInfo&Version=2011-06-15&AccessKeyId=${"a".repeat(131_073)}`),
    ).toBe(
      "ValidationError (400): 1 validation error detected: Value at 'accessKeyId' failed to satisfy constraint: " +
        "Member must have length less than or equal to 131072",
    );
    expect(inIam("GetUser", "UserName=%00")).toContain("Member must satisfy regular expression pattern");
  });
});

describe("decode", () => {
  it("takes what clients other than the SDK for JavaScript write", () => {
    const body =
      "Action=DescribeSpotPriceHistory&Version=2016-11-15&DryRun=0&MaxResults=%2B5&Filter=" +
      "&StartTime=2026-11-23T13:06:41.123456Z&EndTime=2026-11-23T13:06:41-02:00";
    expect(read(ec2, body)).toEqual({
      DryRun: false,
      MaxResults: 5,
      Filters: [],
      StartTime: new Date("2026-11-23T13:06:41.123Z"),
      EndTime: new Date("2026-11-23T15:06:41.000Z"),
    });
  });

  it("reads a fraction of a second as one", () => {
    const parameters = "StartTime=2026-11-23T13:06:41.5Z";
    expect(read(ec2, `Action=DescribeSpotPriceHistory&Version=2016-11-15&${parameters}`)).toEqual({
      StartTime: new Date("2026-11-23T13:06:41.500Z"),
    });
  });

  it("orders a list by its indices, not by the order of the request", () => {
    const ids = Array.from({ length: 12 }, (_, index) => `VpcId.${12 - index}=v${12 - index}`).join("&");
    expect(read(ec2, `Action=DescribeVpcs&Version=2016-11-15&${ids}`)).toEqual({
      VpcIds: Array.from({ length: 12 }, (_, index) => `v${index + 1}`),
    });
  });

  it("reads an empty list where IAM's clients write one", () => {
    expect(read(iam, "Action=TagUser&Version=2010-05-08&UserName=u&Tags=")).toEqual({
      UserName: "u",
      Tags: [],
    });
  });

  it("gives a map's keys no meaning", () => {
    const map = "Properties.entry.1.key=__proto__&Properties.entry.1.value=polluted";
    const { Properties } = read(iam, `Action=PutAccountProperties&Version=2010-05-08&${map}`);
    expect(Object.entries(Properties as object)).toEqual([["__proto__", "polluted"]]);
    expect(Object.getPrototypeOf(Properties)).toBeNull();
  });
});

describe("any request", () => {
  const segment = fc.oneof(
    fc.constantFrom("BlockDeviceMapping", "Ebs", "Filter", "Name", "Value", "DryRun", "MinCount", "MaxCount"),
    fc.constantFrom("Tags", "member", "Properties", "entry", "key", "__proto__", "constructor", ""),
    fc.constantFrom("1", "2", "0", "99999"),
  );
  const pair = fc.tuple(
    fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join(".")),
    fc.oneof(fc.constantFrom("true", "1", "", "%", "%00"), fc.string({ unit: "binary", maxLength: 4 })),
  );
  const body = fc.array(pair, { maxLength: 6 }).map((pairs) => pairs.map((both) => both.join("=")).join("&"));

  it.each([
    { service: ec2, action: "RunInstances" },
    { service: ec2, action: "DescribeVpcs" },
    { service: iam, action: "PutAccountProperties" },
    { service: iam, action: "TagUser" },
  ])("is read or refused, never more: $action", ({ service, action }) => {
    fc.assert(
      fc.property(body, (parameters) => {
        const answer = refusal(service, `Action=${action}&Version=${service.version}&${parameters}`);
        expect(answer).toMatch(/^(?:none|[A-Za-z]+ \(40[04]\)): /);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 300, seed: 2016 },
    );
  });
});
