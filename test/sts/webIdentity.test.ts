import { DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { CreateOpenIDConnectProviderCommand } from "@aws-sdk/client-iam";
import {
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
  type AssumeRoleWithWebIdentityCommandInput,
} from "@aws-sdk/client-sts";
import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { configBy, makeEndpoint } from "../http/endpointCalls.ts";
import { errorOf, send } from "../http/send.ts";
import { allowing } from "../iam/client.ts";
import { configOf, refused } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";
import { freshPlace, keysFrom, trustingFor, type Place } from "./people.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token that is signed as its header says, or as another one would. */
function tokenOf(claims: object, header: object = {}, key: KeyObject = rsa.privateKey): string {
  const signed = `${part({ alg: "RS256", kid: "r", ...header })}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

const jwk = (key: KeyObject, kid: string) => ({ ...key.export({ format: "jwk" }), kid });

const seconds = (): number => Math.floor(Date.now() / 1000);
const ACTION = "sts:AssumeRoleWithWebIdentity";

interface Stage {
  readonly place: Place;
  readonly host: string;
  readonly provider: string;
  readonly RoleArn: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly assume: (
    token: string,
    more?: Partial<AssumeRoleWithWebIdentityCommandInput>,
  ) => ReturnType<typeof ask>;
}

const ask = (place: Place, input: AssumeRoleWithWebIdentityCommandInput) =>
  // The keys are not used: nobody signs this.
  place
    .sts({ accessKeyId: "none", secretAccessKey: "none" })
    .send(new AssumeRoleWithWebIdentityCommand(input));

/** A provider with two keys, and a role for its subjects that begin with `repo:islet/`. */
async function stage(actions: readonly string[] = [ACTION], withKeys = true): Promise<Stage> {
  const place = await freshPlace();
  const host = `idp-${place.account}.example/a`;
  const { OpenIDConnectProviderArn: provider = "" } = await place.iam.send(
    new CreateOpenIDConnectProviderCommand({ Url: `https://${host}`, ClientIDList: ["sts.amazonaws.com"] }),
  );
  if (withKeys) {
    const Keys = { keys: [jwk(rsa.publicKey, "r"), jwk(ec.publicKey, "e")] };
    await operate(place.islet, "POST openid-keys", { Url: `https://${host}`, Keys });
  }
  const condition = {
    Condition: {
      StringEquals: { [`${host}:aud`]: "sts.amazonaws.com" },
      StringLike: { [`${host}:sub`]: "repo:islet/*" },
    },
  };
  const seen = {
    Condition: { StringEquals: { [`${host}:sub`]: "repo:islet/main", "aws:FederatedProvider": provider } },
  };
  const RoleArn = await place.role(
    "ci",
    trustingFor({ Federated: provider }, actions, condition),
    allowing("ec2:DescribeVpcs", seen),
  );
  const claims = {
    iss: `https://${host}`,
    aud: "sts.amazonaws.com",
    sub: "repo:islet/main",
    iat: seconds(),
    exp: seconds() + 300,
  };
  return {
    place,
    host,
    provider,
    RoleArn,
    claims,
    assume: (WebIdentityToken, more = {}) =>
      ask(place, { RoleArn, RoleSessionName: "build-1", WebIdentityToken, ...more }),
  };
}

describe("what it refuses to parse", () => {
  test("what is no token, or lacks a claim", async () => {
    const { assume, claims } = await stage();
    const noJwt =
      "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
    const whole = tokenOf(claims);
    const [head = "", body = ""] = whole.split(".");
    for (const token of [
      "abcd",
      `${head}.${body}`,
      `${head}.${body}.`,
      `${whole}.x`,
      `${head}=.${body}.x`,
      "e30.W10.x",
    ]) {
      await refused(assume(token), "InvalidIdentityTokenException", noJwt);
    }
    await refused(assume(tokenOf(claims, { crit: ["b64"] })), "InvalidIdentityTokenException", noJwt);
    for (const claim of ["iss", "exp", "sub", "aud"]) {
      const { [claim]: _left, ...others } = claims;
      await refused(
        assume(tokenOf(others)),
        "InvalidIdentityTokenException",
        `Missing a required claim: ${claim}`,
      );
    }
    await refused(
      assume(tokenOf({ ...claims, "https://aws.amazon.com/tags": "blue" })),
      "InvalidIdentityTokenException",
      /aws\.amazon\.com\/tags/,
    );
    await refused(assume("x".repeat(20_001)), "ValidationError", /at 'webIdentityToken'/);
    await refused(assume(whole, { RoleSessionName: "a b" }), "ValidationError", /at 'roleSessionName'/);
  });

  test("keys of a provider that are none, private or weak", async () => {
    const { place } = await stage();
    const Url = "https://idp.example";
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
    const other = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey.export({ format: "jwk" });
    for (const key of [
      weak,
      other,
      rsa.privateKey.export({ format: "jwk" }),
      { kty: "oct", k: "AA" },
      1,
      { kty: 1 },
    ]) {
      await operationRefused(place.islet, "POST openid-keys", { Url, Keys: [key] }, "InvalidParameterValue");
    }
    await operationRefused(place.islet, "POST openid-keys", { Url, Keys: "x" }, "InvalidParameterValue");
    await operationRefused(
      place.islet,
      "POST openid-keys",
      { Url: "http://x", Keys: [] },
      "InvalidParameterValue",
    );
    await operationRefused(place.islet, "POST openid-keys", { Url, Keys: [], Kid: "" }, "UnknownParameter");
  });
});

describe("what it refuses to do", () => {
  const noKey = /^Couldn't retrieve verification key from your identity provider/;

  test("believe what the provider has not signed", async () => {
    const { assume, claims } = await stage();
    const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    await refused(
      assume(tokenOf(claims, {}, stranger)),
      "InvalidIdentityTokenException",
      "Token signature invalid",
    );
    const [head, , seal] = tokenOf(claims).split(".");
    const forged = [head, part({ ...claims, sub: "repo:islet/other" }), seal].join(".");
    await refused(assume(forged), "InvalidIdentityTokenException", "Token signature invalid");
    // Of whose algorithm the provider has no key, or not that one.
    for (const header of [
      { kid: "other" },
      { alg: "none" },
      { alg: "HS256" },
      { alg: "ES256" },
      { alg: "RS512" },
    ]) {
      await refused(assume(tokenOf(claims, header)), "InvalidIdentityTokenException", noKey);
    }
  });

  test("believe a provider that the account has not, or whose keys nobody knows", async () => {
    const { place, assume, claims } = await stage([ACTION], false);
    await refused(assume(tokenOf(claims)), "InvalidIdentityTokenException", noKey);
    await refused(
      assume(tokenOf({ ...claims, iss: "https://other.example" })),
      "InvalidIdentityTokenException",
      "No OpenIDConnect provider found in your account for https://other.example",
    );
    await refused(
      assume(tokenOf({ ...claims, iss: String(claims["iss"]).slice("https://".length) })),
      "InvalidIdentityTokenException",
      /^No OpenIDConnect provider found/,
    );
    await refused(
      assume(tokenOf(claims), { ProviderId: "www.amazon.com" }),
      "IDPCommunicationErrorException",
      "The identity provider www.amazon.com cannot be reached.",
    );
    const there = await stage();
    await refused(
      ask(place, { RoleArn: there.RoleArn, RoleSessionName: "xx", WebIdentityToken: tokenOf(claims) }),
      "InvalidIdentityTokenException",
      /^No OpenIDConnect provider found/,
    );
  });

  test("take a token that is over, not yet good, or for another audience", async () => {
    const { assume, claims } = await stage();
    await refused(
      assume(tokenOf({ ...claims, exp: seconds() - 1 })),
      "ExpiredTokenException",
      /^Token expired: current date\/time \d+ must be before the expiration date\/time \d+$/,
    );
    await refused(assume(tokenOf({ ...claims, nbf: seconds() + 100 })), "IDPRejectedClaimException");
    await refused(
      assume(tokenOf({ ...claims, aud: "somebody" })),
      "InvalidIdentityTokenException",
      "Incorrect token audience",
    );
  });

  test("open roles that do not trust the identity, or are not there", async () => {
    const { place, assume, claims, provider } = await stage();
    const denied = `Not authorized to perform ${ACTION}`;
    await refused(assume(tokenOf({ ...claims, sub: "repo:other/main" })), "AccessDenied", denied);
    const token = tokenOf(claims);
    await refused(
      assume(token, { RoleArn: `arn:aws:iam::${place.account}:role/none` }),
      "AccessDenied",
      denied,
    );
    const forUsers = await place.role("users", trustingFor({ AWS: "*" }, ["sts:AssumeRole"]));
    await refused(assume(token, { RoleArn: forUsers }), "AccessDenied", denied);
    const tagged = tokenOf({
      ...claims,
      "https://aws.amazon.com/tags": { principal_tags: { team: ["blue"] } },
    });
    await refused(assume(tagged), "AccessDenied", "Not authorized to perform sts:TagSession");
    const long = await place.role("long", trustingFor({ Federated: provider }, [ACTION]));
    await refused(
      assume(token, { RoleArn: long, DurationSeconds: 3601 }),
      "ValidationError",
      /MaxSessionDuration/,
    );
  });

  test("be called unsigned for anything else", async () => {
    const { place } = await stage();
    for (const Action of ["GetCallerIdentity", "AssumeRole", "XAssumeRoleWithWebIdentity"]) {
      const body = `Action=${Action}&Version=2011-06-15`;
      expect(errorOf(await send(place.islet, { keys: null, body }))).toMatchObject({
        status: 400,
        code: "MissingParameter",
      });
    }
    const both = "Action=AssumeRoleWithWebIdentity&Action=GetCallerIdentity&Version=2011-06-15";
    expect(errorOf(await send(place.islet, { keys: null, body: both }))).toMatchObject({ status: 400 });
  });
});

describe("what it does", () => {
  test.each([
    ["RSA", {}, rsa.privateKey],
    ["ECDSA", { alg: "ES256", kid: "e" }, ec.privateKey],
    ["the only key of its algorithm", { kid: undefined }, rsa.privateKey],
  ])("opens a session for a token signed by %s", async (_, header, key) => {
    const { place, assume, claims, provider } = await stage();
    const answer = await assume(tokenOf(claims, header, key));
    expect(answer).toMatchObject({
      AssumedRoleUser: { Arn: `arn:aws:sts::${place.account}:assumed-role/ci/build-1` },
      SubjectFromWebIdentityToken: "repo:islet/main",
      Audience: "sts.amazonaws.com",
      Provider: provider,
    });
    const session = keysFrom(answer.Credentials);
    expect(await place.sts(session).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: place.account,
      Arn: answer.AssumedRoleUser?.Arn,
    });
    // Its policy asks for the subject and the provider.
    await place.ec2(session).send(new DescribeVpcsCommand({}));
  });

  test("takes session policies, tags and a source identity", async () => {
    const { place, assume, claims } = await stage([ACTION, "sts:TagSession", "sts:SetSourceIdentity"]);
    const token = tokenOf({
      ...claims,
      amr: ["mfa"],
      azp: "sts.amazonaws.com",
      "https://aws.amazon.com/tags": { principal_tags: { team: ["blue"] }, transitive_tag_keys: ["team"] },
      "https://aws.amazon.com/source_identity": "ann",
    });
    const { SourceIdentity, PackedPolicySize, Credentials } = await assume(token, {
      Policy: allowing("s3:*"),
    });
    expect(SourceIdentity).toBe("ann");
    expect(PackedPolicySize).toBeGreaterThan(0);
    const call = place.ec2(keysFrom(Credentials)).send(new DescribeVpcsCommand({}));
    await refused(call, "UnauthorizedOperation", /no session policy/);
  });

  test("comes by an endpoint of any region, if its policy lets it", async () => {
    const { place, RoleArn, claims, provider } = await stage();
    const region = "eu-west-1";
    const ec2 = new EC2Client(configOf(place.islet, place.keys, region));
    const assumeBy = async (Principal: object): Promise<unknown> => {
      const Statement = { Effect: "Allow", Principal, Action: ACTION, Resource: RoleArn };
      const { DnsEntries } = await makeEndpoint(ec2, "sts", JSON.stringify({ Statement }));
      const name = DnsEntries?.[0]?.DnsName ?? "";
      const sts = new STSClient(configBy(place.islet, name, { accessKeyId: "-", secretAccessKey: "-" }));
      const WebIdentityToken = tokenOf(claims);
      return sts.send(
        new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: "build-1", WebIdentityToken }),
      );
    };
    expect(await assumeBy({ Federated: provider })).toMatchObject({ Provider: provider });
    await refused(
      assumeBy({ Federated: `${provider}-x` }),
      "AccessDenied",
      `Not authorized to perform ${ACTION}`,
    );
  });
});
