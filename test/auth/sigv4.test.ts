import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { sign } from "aws4";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { peekScope, verifySignature } from "../../server/auth/sigv4.ts";
import type { AccessKey, SignedRequest, Verification } from "../../server/auth/sigv4.ts";
import { ApiError } from "../../server/errors.ts";
import { headerVectors, queryVectors, secretAccessKey, tokenAfterwards } from "./vectors.ts";
import type { Vector } from "./vectors.ts";

/** A request on its way, in a form that is easy to tamper with. */
interface Wire {
  method: string;
  target: string;
  headers: [name: string, value: string][];
  body: string | Uint8Array;
}

const now = Date.UTC(2026, 0, 2, 3, 4, 5);
const date = "20260102T030405Z";
const services = new Set(["ec2", "sts", "iam"]);
const key: AccessKey = { accessKeyId: "AKIDTEST", secretAccessKey: "secret/of+the=test" };
const temporary: AccessKey = {
  ...key,
  accessKeyId: "ASIATEST",
  sessionToken: "a/token+==",
  expires: now + 1,
};

function requestOf({ method, target, headers, body }: Wire): SignedRequest {
  return { method, target, rawHeaders: headers.flat(), body: Buffer.from(body) };
}

const findKey = (id: string) => [key, temporary].find(({ accessKeyId }) => accessKeyId === id);

function verify(wire: Wire, options: Partial<Verification<AccessKey>> = {}) {
  return verifySignature(requestOf(wire), { now, findKey, services, ...options });
}

/** The code and status of the refusal. */
function refusal(wire: Wire, options?: Partial<Verification<AccessKey>>): string {
  const error = failure(wire, options);
  return `${error.code} ${error.status}`;
}

function failure(wire: Wire, options?: Partial<Verification<AccessKey>>): ApiError {
  try {
    verify(wire, options);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("the request was accepted");
}

/** Signs as aws4 does, in the header. */
function signed(service = "ec2", by = key, headers: Record<string, string> = {}): Wire {
  const body = "Action=DescribeRegions&Version=2016-11-15";
  const request = sign(
    {
      service,
      region: "eu-central-1",
      method: "POST",
      path: "/?a=1",
      body,
      headers: { Host: "localhost:9322", "X-Amz-Date": date, "X-Amz-Target": "one", ...headers },
    },
    credentialsOf(by),
  );
  return { method: "POST", target: "/?a=1", body, headers: pairs(request.headers ?? {}) };
}

/** Signs as aws4 does, in the query string. */
function presigned(service = "ec2", by = key, expires = "&X-Amz-Expires=60"): Wire {
  const request = sign(
    {
      service,
      region: "eu-central-1",
      path: `/?Action=DescribeRegions&X-Amz-Date=${date}${expires}`,
      headers: { Host: "localhost:9322" },
      signQuery: true,
    },
    credentialsOf(by),
  );
  return { method: "GET", target: request.path ?? "", headers: [["Host", "localhost:9322"]], body: "" };
}

function credentialsOf({ accessKeyId, secretAccessKey, sessionToken }: AccessKey) {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

function pairs(headers: Record<string, unknown>): Wire["headers"] {
  return Object.entries(headers).map(([name, value]) => [name, String(value)]);
}

/** Edits one header; `undefined` removes it. */
function header(wire: Wire, name: string, edit: (value: string) => string | undefined): Wire {
  const headers = wire.headers.flatMap(([n, value]): Wire["headers"] => {
    if (n.toLowerCase() !== name) return [[n, value]];
    const edited = edit(value);
    return edited === undefined ? [] : [[n, edited]];
  });
  expect(headers).not.toEqual(wire.headers);
  return { ...wire, headers };
}

const authorization = (wire: Wire, from: string | RegExp, to: string) =>
  header(wire, "authorization", (value) => value.replace(from, to));

function target(wire: Wire, from: string | RegExp, to: string): Wire {
  const target = wire.target.replace(from, to);
  expect(target).not.toBe(wire.target);
  return { ...wire, target };
}

const add = (wire: Wire, name: string, value: string): Wire => ({
  ...wire,
  headers: [...wire.headers, [name, value]],
});

/** A vector on its way, not yet signed. */
function wireOf({ line, headers = [], body = "" }: Vector, ...more: Wire["headers"]): Wire {
  const mark = line.indexOf(" ");
  return {
    method: line.slice(0, mark),
    // Node.js shows the bytes of a target as Latin-1.
    target: Buffer.from(line.slice(mark + 1)).toString("latin1"),
    headers: [
      ["Host", "example.amazonaws.com"],
      ...headers.map(([n, v]): [string, string] => [n, v]),
      ...more,
    ],
    body,
  };
}

describe("signing keys", () => {
  it("are those of aws4, whatever is in a secret and however long a text is", () => {
    const region = `eu-${"x".repeat(2000)}-1`;
    for (const secretAccessKey of ["with,a,comma", ",", "ä€", "x".repeat(200)]) {
      for (const scope of ["eu-west-1", region, "eu-west-1"]) {
        const by = { accessKeyId: "AKIDTEST", secretAccessKey };
        const headers = { Host: "localhost", "X-Amz-Date": date };
        const request = sign({ service: "ec2", region: scope, path: "/", headers }, by);
        const wire = { method: "GET", target: "/", body: "", headers: pairs(request.headers ?? {}) };
        expect(verify(wire, { findKey: () => by })).toMatchObject({ region: scope });
        const other = { ...by, secretAccessKey: `${secretAccessKey},` };
        expect(refusal(wire, { findKey: () => other })).toBe("SignatureDoesNotMatch 403");
      }
    }
  });
});

describe("the vectors of AWS", () => {
  const instant = Date.UTC(2015, 7, 30, 12, 36, 0);
  const scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";

  function verifyVector(vector: Vector, wire: Wire) {
    const { sessionToken } = vector;
    const key = { accessKeyId: "AKIDEXAMPLE", secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
    return verifySignature(requestOf(wire), {
      now: instant,
      services: new Set(["service"]),
      findKey: (id) => (id === key.accessKeyId ? key : undefined),
    });
  }

  function inHeader(vector: Vector): Wire {
    const names = ["host", "x-amz-date", ...(vector.signed ?? [])].toSorted().join(";");
    return wireOf(
      vector,
      ["X-Amz-Date", "20150830T123600Z"],
      [
        "Authorization",
        `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${names}, Signature=${vector.signature}`,
      ],
    );
  }

  function inQuery(vector: Vector): Wire {
    const wire = wireOf(vector);
    const names = ["host", ...(vector.signed ?? [])].toSorted().join(";");
    const parameters = new URLSearchParams({
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": scope,
      "X-Amz-Date": "20150830T123600Z",
      "X-Amz-SignedHeaders": names,
      "X-Amz-Expires": "3600",
      ...(vector.sessionToken ? { "X-Amz-Security-Token": vector.sessionToken } : {}),
      "X-Amz-Signature": vector.signature,
    });
    return {
      ...wire,
      target: `${wire.target}${wire.target.includes("?") ? "&" : "?"}${parameters.toString()}`,
    };
  }

  it.each(headerVectors)("$name", (vector) => {
    expect(verifyVector(vector, inHeader(vector))).toMatchObject({
      via: "header",
      service: "service",
      region: "us-east-1",
      signedAt: instant,
    });
  });

  it.each(queryVectors)("$name, presigned", (vector) => {
    expect(verifyVector(vector, inQuery(vector))).toMatchObject({ via: "query" });
  });

  it("post-sts-header-after: a token that is not signed is refused", () => {
    expect(() => verifyVector(tokenAfterwards, inHeader(tokenAfterwards))).toThrow(
      "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization.",
    );
    const withoutToken = { ...tokenAfterwards, headers: [], sessionToken: "" };
    expect(verifyVector(withoutToken, inHeader(withoutToken)).service).toBe("service");
  });
});

describe("accepts", () => {
  it("a signature in the header", () => {
    expect(verify(signed("sts"))).toEqual({
      key,
      service: "sts",
      region: "eu-central-1",
      via: "header",
      signedAt: now,
    });
  });

  it("a presigned request until its time is over", () => {
    expect(verify(presigned())).toMatchObject({ key, via: "query" });
    expect(verify(presigned(), { now: now + 60_000 }).key).toBe(key);
    expect(verify(presigned("ec2", key, "&X-Amz-Expires=604800"), { now: now + 604_800_000 }).key).toBe(key);
  });

  it("a presigned request without X-Amz-Expires, for as long as a clock may be off", () => {
    expect(verify(presigned("ec2", key, ""), { now: now + 300_000 }).key).toBe(key);
    expect(refusal(presigned("ec2", key, ""), { now: now + 300_001 })).toBe("RequestExpired 400");
  });

  it("a clock that is off by five minutes", () => {
    expect(verify(signed(), { now: now + 300_000 }).key).toBe(key);
    expect(verify(signed(), { now: now - 300_000 }).key).toBe(key);
  });

  it("a temporary key with its token, while it lasts", () => {
    expect(verify(signed("ec2", temporary)).key).toBe(temporary);
    expect(verify(presigned("ec2", temporary)).key).toBe(temporary);
  });

  it("a Date header instead of X-Amz-Date", () => {
    const wire = authorized({ Date: "Fri, 02 Jan 2026 03:04:05 GMT", Host: "h" }, "date;host");
    expect(verify(wire)).toMatchObject({ signedAt: now });
  });

  it("headers that signers usually leave out, if they are signed", () => {
    const headers = { "User-Agent": "a  b", "X-Amz-Date": date, Host: "h", Range: "bytes=0-1" };
    const wire = authorized(headers, "host;range;user-agent;x-amz-date");
    expect(verify(wire).key).toBe(key);
    expect(refusal(header(wire, "user-agent", () => "c"))).toBe("SignatureDoesNotMatch 403");
  });

  it("a plus sign for a space, as forms have it", () => {
    const wire = presigned("ec2", key, "&Name=a%20b");
    expect(verify(target(wire, "a%20b", "a+b")).key).toBe(key);
    expect(refusal(target(wire, "a%20b", "a%2Bb"))).toBe("SignatureDoesNotMatch 403");
  });

  it("a body hash that is the body's", () => {
    const sum = hash("Action=DescribeRegions&Version=2016-11-15");
    expect(verify(signed("ec2", key, { "X-Amz-Content-Sha256": sum })).key).toBe(key);
  });

  it("an unsigned Content-Type, as AWS does", () => {
    const wire = add(
      authorized({ Host: "h", "X-Amz-Date": date }, "host;x-amz-date"),
      "Content-Type",
      "text/plain",
    );
    expect(verify(wire).key).toBe(key);
  });
});

const fold = (value: string) => value.trim().replace(/ +/g, " ");
const hash = (text: string) => createHash("sha256").update(text).digest("hex");

/** Signs by hand: what no signer would sign. */
function authorized(headers: Record<string, string>, signedHeaders: string): Wire {
  const sent = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const lines = signedHeaders.split(";").map((name) => `${name}:${fold(sent.get(name) ?? "")}\n`);
  const canonical = ["GET", "/", "", lines.join(""), signedHeaders, hash("")].join("\n");
  const scope = "20260102/us-east-1/ec2/aws4_request";
  const signature = ["AWS4-HMAC-SHA256", date, scope, hash(canonical)].join("\n");
  const signingKey = scope
    .split("/")
    .reduce(
      (secret: string | Buffer, part) => createHmac("sha256", secret).update(part).digest(),
      `AWS4${key.secretAccessKey}`,
    );
  const value = `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/${scope},SignedHeaders=${signedHeaders},Signature=${createHmac("sha256", signingKey).update(signature).digest("hex")}`;
  return {
    method: "GET",
    target: "/",
    headers: [...pairs(headers), ["Authorization", value]],
    body: "",
  };
}

type Mistake = readonly [what: string, broken: (service: string) => Wire];

/** What is answered by EC2 and by the others (STS, IAM) to which mistakes. */
const mistakes: Record<string, { ec2: string; others: string; of: readonly Mistake[] }> = {
  "what cannot be read": {
    ec2: "AuthFailure 401",
    others: "IncompleteSignature 400",
    of: [
      ["only an algorithm", (s) => header(signed(s), "authorization", () => "AWS4-HMAC-SHA256")],
      ["no Credential", (s) => authorization(signed(s), /Credential=\S+, /, "")],
      ["no SignedHeaders", (s) => authorization(signed(s), /SignedHeaders=\S+, /, "")],
      ["no Signature", (s) => authorization(signed(s), /, Signature=.*/, "")],
      ...["Credential", "SignedHeaders", "Signature"].flatMap((part): Mistake[] => [
        [`an empty ${part}`, (s) => authorization(signed(s), new RegExp(`${part}=[^,]*`), `${part}=`)],
        [`${part} twice`, (s) => authorization(signed(s), new RegExp(`${part}=[^,]*`), "$&, $&")],
      ]),
      ...["Algorithm", "Credential", "Signature", "SignedHeaders", "Date"].flatMap((part): Mistake[] => [
        [`no X-Amz-${part}`, (s) => target(presigned(s), new RegExp(`&X-Amz-${part}=[^&]*`), "")],
        [`X-Amz-${part} twice`, (s) => target(presigned(s), new RegExp(`&X-Amz-${part}=[^&]*`), "$&$&")],
      ]),
      ["X-Amz-Expires twice", (s) => target(presigned(s), "&X-Amz-Expires=60", "$&$&")],
      ["two tokens", (s) => target(presigned(s, temporary), /&X-Amz-Security-Token=[^&]*/, "$&$&")],
      ...["0", "604801", "-1", "1.5", "1e3", "", "0x10", "9".repeat(400)].map((expires): Mistake => [
        `X-Amz-Expires=${expires}`,
        (s) => presigned(s, key, `&X-Amz-Expires=${expires}`),
      ]),
      ...["AWS4-HMAC-SHA1", "AWS4-ECDSA-P256-SHA256", "Bearer"].map((name): Mistake => [
        `the algorithm ${name}`,
        (s) => authorization(signed(s), "AWS4-HMAC-SHA256", name),
      ]),
      ["another algorithm, presigned", (s) => target(presigned(s), "HMAC-SHA256", "HMAC-SHA1")],
      ["a part without an equal sign", (s) => authorization(signed(s), ", Sig", ", x, Sig")],
      ["a part that is none", (s) => authorization(signed(s), ", Sig", ", x=1, Sig")],
      ["a credential of four elements", (s) => authorization(signed(s), "/aws4_request", "")],
      ["a credential of six elements", (s) => authorization(signed(s), "/aws4_request", "$&/x")],
      ["a credential with an empty element", (s) => authorization(signed(s), "/20260102/", "//")],
      ["no date", (s) => header(signed(s), "x-amz-date", () => undefined)],
      ...["2026-01-02T03:04:05Z", "20260102", "20260230T030405Z", "20260102T250405Z", "Friday", "2026"].map(
        (text): Mistake => [`the date ${text}`, (s) => header(signed(s), "x-amz-date", () => text)],
      ),
      ["two dates", (s) => add(signed(s), "X-Amz-Date", date)],
      [
        "two Authorization headers",
        (s) => {
          const wire = signed(s);
          return {
            ...wire,
            headers: [...wire.headers, ...wire.headers.filter(([n]) => n === "Authorization")],
          };
        },
      ],
      [
        "one Authorization header in two",
        (s) => {
          const wire = signed(s);
          const headers = wire.headers.flatMap(([name, value]): Wire["headers"] =>
            name === "Authorization" ? value.split(", ").map((part) => [name, part]) : [[name, value]],
          );
          return { ...wire, headers };
        },
      ],
      ["an escape that is none", (s) => target(signed(s), "a=1", "a=%1")],
      ["bytes that are no UTF-8", (s) => target(signed(s), "a=1", "a=%ff")],
      ["raw bytes that are no UTF-8", (s) => target(signed(s), "a=1", "a=\xff")],
      ["a value without a name", (s) => target(signed(s), "a=1", "a=1&=2")],
      ["a parameter __proto__", (s) => target(signed(s), "a=1", "a=1&__proto__=2")],
      ["an absolute target", (s) => target(signed(s), "/", "http://localhost/")],
    ],
  },
  "two signatures": {
    ec2: "AuthFailure 401",
    others: "SignatureDoesNotMatch 403",
    of: [
      ["in header and query string", (s) => ({ ...presigned(s), headers: signed(s).headers })],
      [
        "in a header beside a presigned request that is in order",
        (s) => add(presigned(s), "Authorization", ""),
      ],
    ],
  },
  "no signature": {
    ec2: "MissingParameter 400",
    others: "MissingAuthenticationToken 403",
    of: [
      ["none at all", () => ({ method: "POST", target: "/", headers: [], body: "Action=DescribeRegions" })],
    ],
  },
  "signature version 2": {
    ec2: "AuthFailure 401",
    others: "MissingAuthenticationToken 403",
    of: [
      [
        "in the query string",
        () => ({ method: "GET", target: "/?AWSAccessKeyId=AKIDTEST&Signature=x", headers: [], body: "" }),
      ],
      [
        "in the body",
        () => ({ method: "POST", target: "/", headers: [], body: "AWSAccessKeyId=AKIDTEST&Signature=x" }),
      ],
      [
        "in the header",
        () => ({ method: "GET", target: "/", headers: [["Authorization", "AWS AKIDTEST:x"]], body: "" }),
      ],
    ],
  },
  "what should have been signed": {
    ec2: "AuthFailure 401",
    others: "SignatureDoesNotMatch 403",
    of: [
      ["the host", (s) => authorization(signed(s), ";host;", ";")],
      ["the host, presigned", (s) => target(presigned(s), "SignedHeaders=host", "SignedHeaders=date")],
      ["an x-amz-* header", (s) => add(signed(s), "X-Amz-Meta", "1")],
      ["an x-amz-* header, presigned", (s) => add(presigned(s), "x-amz-target", "1")],
    ],
  },
  "a wrong scope": {
    ec2: "AuthFailure 401",
    others: "SignatureDoesNotMatch 403",
    of: [
      ["date", (s) => authorization(signed(s), "/20260102/", "/20260101/")],
      ["region in upper case", (s) => authorization(signed(s), "/eu-central-1/", "/EU-CENTRAL-1/")],
      ["region that is none", (s) => authorization(signed(s), "/eu-central-1/", "/nowhere/")],
      ["service", (s) => authorization(signed(s), `/${s}/`, "/s3/")],
      ["terminator", (s) => authorization(signed(s), "/aws4_request", "/aws5_request")],
    ],
  },
  "a key or token that is not valid": {
    ec2: "AuthFailure 401",
    others: "InvalidClientTokenId 403",
    of: [
      ["an unknown key", (s) => authorization(signed(s), "AKIDTEST", "AKIDOTHER")],
      ["a key id that is none", (s) => authorization(signed(s), "AKIDTEST", "AKID TEST")],
      ["a token that the key forbids", (s) => signed(s, { ...key, sessionToken: "a/token+==" })],
      ["an empty token", (s) => signed(s, key, { "X-Amz-Security-Token": "" })],
      ["no token where the key needs one", (s) => signed(s, { ...key, accessKeyId: "ASIATEST" })],
      ["another token", (s) => signed(s, { ...temporary, sessionToken: "another" })],
      ["another token, presigned", (s) => presigned(s, { ...temporary, sessionToken: "another" })],
    ],
  },
  "a signature that does not fit": {
    ec2: "SignatureDoesNotMatch 403",
    others: "SignatureDoesNotMatch 403",
    of: [
      ["a wrong secret", (s) => signed(s, { ...key, secretAccessKey: "wrong" })],
      ["a wrong secret, presigned", (s) => presigned(s, { ...key, secretAccessKey: "wrong" })],
      [
        "a wrong secret and token",
        (s) => signed(s, { ...temporary, secretAccessKey: "x", sessionToken: "y" }),
      ],
      ["another method", (s) => ({ ...signed(s), method: "PUT" })],
      ["another path", (s) => target(signed(s), "/", "/x")],
      ["another parameter", (s) => target(signed(s), "a=1", "a=2")],
      ["one more parameter", (s) => target(signed(s), "a=1", "a=1&b=2")],
      ["another parameter, presigned", (s) => target(presigned(s), "Regions", "Vpcs")],
      ["another X-Amz-Expires", (s) => target(presigned(s), "Expires=60", "Expires=61")],
      ["another body", (s) => ({ ...signed(s), body: "Action=RunInstances" })],
      ["a body, presigned", (s) => ({ ...presigned(s), body: "Action=RunInstances" })],
      ["another value of a signed header", (s) => header(signed(s), "x-amz-target", () => "two")],
      ["a no-break space for a space", (s) => header(signed(s, key, { X: "a b" }), "x", () => "a\xa0b")],
      ["a signed header twice", (s) => add(signed(s), "X-Amz-Target", "two")],
      ["a signed header that is not sent", (s) => header(signed(s), "host", () => undefined)],
      [
        "__proto__ as a signed header",
        (s) => add(authorization(signed(s), "SignedHeaders=", "$&__proto__;"), "__proto__", "x"),
      ],
      [
        "signed headers out of order",
        (s) => authorization(signed(s), /(content-length);(content-type)/, "$2;$1"),
      ],
      ["a signed header named twice", (s) => authorization(signed(s), ";host;", ";host;host;")],
      ["signed headers in upper case", (s) => authorization(signed(s), ";host;", ";host;X-Amz-Date;")],
      ["a signature in upper case", (s) => header(signed(s), "authorization", upperSignature)],
      ["a signature cut short", (s) => header(signed(s), "authorization", (value) => value.slice(0, -1))],
      ["the hash of another body", (s) => signed(s, key, { "X-Amz-Content-Sha256": "0".repeat(64) })],
      ["UNSIGNED-PAYLOAD", (s) => signed(s, key, { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" })],
      ["UNSIGNED-PAYLOAD, presigned", (s) => presigned(s, key, "&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD")],
    ],
  },
};

const upperSignature = (value: string) =>
  value.replace(/[0-9a-f]{64}$/, (signature) => signature.toUpperCase());

describe.each(Object.entries(mistakes))("refuses %s:", (_, { ec2, others, of }) => {
  it.each(of)("%s", (_, broken) => {
    expect(refusal(broken("ec2"))).toBe(ec2);
    expect(refusal(broken("sts"), { fallback: "sts" })).toBe(others);
    expect(refusal(broken("iam"), { fallback: "iam" })).toBe(others);
  });
});

describe("refuses in time", () => {
  it("a clock that is off by more", () => {
    for (const off of [300_001, -301_000]) {
      expect(refusal(signed("ec2"), { now: now + off })).toBe("RequestExpired 400");
      expect(refusal(signed("sts"), { now: now + off })).toBe("SignatureDoesNotMatch 403");
    }
    expect(failure(signed("sts"), { now: now + 360_000 }).message).toBe(
      "Signature expired: 20260102T030405Z is now earlier than 20260102T030505Z (20260102T031005Z - 5 min.)",
    );
    expect(failure(signed("iam"), { now: now - 360_000 }).message).toBe(
      "Signature not yet current: 20260102T030405Z is still later than 20260102T030305Z (20260102T025805Z + 5 min.)",
    );
  });

  it("a presigned request whose time is over, or has not begun", () => {
    expect(refusal(presigned("ec2"), { now: now + 60_001 })).toBe("RequestExpired 400");
    expect(refusal(presigned("sts"), { now: now + 60_001 })).toBe("SignatureDoesNotMatch 403");
    expect(refusal(presigned("ec2"), { now: now - 300_001 })).toBe("RequestExpired 400");
  });

  it("a temporary key that has expired, but only from who has its secret", () => {
    const later = { now: now + 1 };
    expect(refusal(signed("ec2", temporary), later)).toBe("RequestExpired 400");
    expect(refusal(signed("sts", temporary), later)).toBe("ExpiredToken 403");
    expect(refusal(signed("sts", { ...temporary, secretAccessKey: "x" }), later)).toBe(
      "SignatureDoesNotMatch 403",
    );
  });

  it("a region that is not served", () => {
    expect(refusal(signed(), { regions: new Set(["us-east-1"]) })).toBe("AuthFailure 401");
    expect(verify(signed(), { regions: new Set(["eu-central-1"]) }).region).toBe("eu-central-1");
  });
});

it("tells STS's and IAM's callers what is wrong", () => {
  expect(failure(authorization(signed("sts"), /, Signature=.*/, "")).message).toBe(
    "Authorization header requires 'Signature' parameter.",
  );
  expect(failure(add(signed("iam"), "x-amz-meta", "1")).message).toBe(
    "'x-amz-meta' must be a 'SignedHeader' in the AWS Authorization.",
  );
  expect(failure(authorization(signed("sts"), "/20260102/", "/20260101/")).message).toBe(
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260101' != '20260102', from '20260102T030405Z'.",
  );
});

it("says the same of an unknown key and of a wrong token", () => {
  const unknown = failure(authorization(signed(), "AKIDTEST", "AKIDOTHER"));
  const token = failure(signed("ec2", { ...temporary, sessionToken: "another" }));
  expect([unknown.code, unknown.message, unknown.status]).toEqual([token.code, token.message, token.status]);
});

it("forgets a secret as soon as it is changed", () => {
  const changing = { ...key };
  const findKey = () => changing;
  expect(verify(signed(), { findKey }).key).toBe(changing);
  changing.secretAccessKey = "new";
  expect(refusal(signed(), { findKey })).toBe("SignatureDoesNotMatch 403");
  expect(verify(signed("ec2", changing), { findKey }).key).toBe(changing);
});

it("does not look for a key before the rest of the request is in order", () => {
  const sought: string[] = [];
  const options = { findKey: (id: string) => void sought.push(id) };
  expect(refusal(add(signed(), "X-Amz-Meta", "1"), options)).toBe("AuthFailure 401");
  expect(refusal(signed(), { ...options, now: 0 })).toBe("RequestExpired 400");
  expect(sought).toEqual([]);
  expect(refusal(signed(), options)).toBe("AuthFailure 401");
  expect(sought).toEqual(["AKIDTEST"]);
});

const peek = (wire: Wire) => peekScope(requestOf(wire));

describe("peekScope", () => {
  it("reads the scope without a look at the rest", () => {
    expect(peek(signed("sts"))).toEqual({ service: "sts", region: "eu-central-1" });
    expect(peek(presigned("iam"))).toEqual({ service: "iam", region: "eu-central-1" });
    expect(peek({ ...presigned("iam"), target: presigned("iam").target.replaceAll("%2F", "/") })).toEqual({
      service: "iam",
      region: "eu-central-1",
    });
  });
  it("answers nothing where there is none", () => {
    for (const value of [
      "",
      "AWS4-HMAC-SHA256",
      "Credential=a/b/c/d",
      "Credential=a/1/us-east-1/<x>/aws4_request",
    ])
      expect(
        peek({ method: "GET", target: "/", headers: [["authorization", value]], body: "" }),
      ).toBeUndefined();
    expect(peek({ method: "GET", target: "/?X-Amz-Credential=%", headers: [], body: "" })).toBeUndefined();
  });
});

interface Call {
  service: string;
  region: string;
  method: string;
  /** Of the path. */
  segments: string[];
  query: Record<string, string | string[]>;
  /** The value of a header. */
  note: string;
  body: Uint8Array;
  by: AccessKey;
}

/** SHA-256 in the form that the SDK's signer wants. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }
  reset(): void {
    throw new Error("not needed");
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data);
}

/** As AWS wants it: everything but unreserved characters. */
const escaped = (value: string) =>
  encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function flipText(text: string, at: number, bit: number): string {
  const i = at % text.length;
  return text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ (1 << bit)) + text.slice(i + 1);
}

function flip(wire: Wire, part: string, at: number, bit: number): Wire | undefined {
  if (part === "method") return { ...wire, method: flipText(wire.method, at, bit) };
  if (part === "target") return { ...wire, target: flipText(wire.target, at, bit) };
  if (part === "body") {
    if (wire.body.length === 0) return undefined;
    const body = Buffer.from(wire.body);
    const i = at % body.length;
    body.writeUInt8(body.readUInt8(i) ^ (1 << bit), i);
    return { ...wire, body };
  }
  const i = at % wire.headers.length;
  const headers = wire.headers.map(([name, value], j): [string, string] => [
    name,
    i === j ? flipText(value, Math.floor(at / wire.headers.length), bit) : value,
  ]);
  return { ...wire, headers };
}

/** `%2F` and `%2f` are the same, as are `%20` and `+`. */
function sameMeaning(a: string, b: string): boolean {
  const [one, other] = [a, b].map((target) => {
    const [path, query] = target.split("?");
    const parameters = new URLSearchParams(query);
    parameters.sort();
    return `${path} ${parameters.toString()}`;
  });
  return a !== b && one === other;
}

async function bySdk(call: Call, presign: boolean): Promise<Wire> {
  const signer = new SignatureV4({
    credentials: credentialsOf(call.by),
    region: call.region,
    service: call.service,
    sha256: Sha256,
  });
  const options = { signingDate: new Date(now) };
  const request = {
    method: call.method,
    protocol: "https:",
    hostname: "localhost",
    path: `/${call.segments.map(escaped).join("/")}`,
    query: call.query,
    headers: { host: "localhost:9322", "content-type": "text/plain", "x-amz-note": call.note },
    body: call.body,
  };
  const done = presign
    ? await signer.presign(request, { ...options, expiresIn: 60 })
    : await signer.sign(request, options);
  const parameters = Object.entries(done.query ?? {}).flatMap(([name, value]) =>
    [value ?? ""].flat().map((one) => `${escaped(name)}=${escaped(one)}`),
  );
  const query = parameters.length > 0 ? `?${parameters.join("&")}` : "";
  return { method: call.method, target: done.path + query, headers: pairs(done.headers), body: call.body };
}

describe("what the SDK signs", () => {
  const text = fc.string({ unit: "binary", maxLength: 12 });
  const name = fc
    .string({ minLength: 1, maxLength: 12 })
    .filter((name) => !/^__proto__$|^X-Amz-/i.test(name));
  const calls = fc.record({
    service: fc.constantFrom("ec2", "sts", "iam"),
    region: fc.constantFrom("us-east-1", "ap-southeast-7", "us-gov-west-1", "eusc-de-east-1"),
    method: fc.constantFrom("GET", "POST"),
    segments: fc.array(fc.stringMatching(/^[a-z0-9 :@%+ü]{1,8}$/), { maxLength: 3 }),
    query: fc.dictionary(name, fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })), {
      maxKeys: 5,
    }),
    note: fc.stringMatching(/^[!-~]{1,6}(  ?[!-~]{1,6})?$/),
    body: fc.uint8Array({ maxLength: 40 }),
    by: fc.constantFrom(key, temporary),
  });

  it("is accepted", async () => {
    await fc.assert(
      fc.asyncProperty(calls, fc.boolean(), async (call, presign) => {
        expect(verify(await bySdk(call, presign))).toEqual({
          key: call.by,
          service: call.service,
          region: call.region,
          via: presign ? "query" : "header",
          signedAt: now,
        });
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it("is refused when one bit of it has changed", async () => {
    await fc.assert(
      fc.asyncProperty(
        calls,
        fc.boolean(),
        fc.constantFrom("method", "target", "header", "body"),
        fc.nat(),
        fc.nat(7),
        async (call, presign, part, at, bit) => {
          const wire = await bySdk(call, presign);
          const flipped = flip(wire, part, at, bit);
          fc.pre(flipped !== undefined && !sameMeaning(flipped.target, wire.target));
          expect(() => verify(flipped ?? wire)).toThrow(ApiError);
        },
      ),
      { seed: 4, numRuns: 2000 },
    );
  });

  it("is covered to the last of many parameters", async () => {
    const query = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`Filter.${i}.Name`, "x"]));
    const call = { service: "ec2", region: "us-east-1", method: "POST", segments: [], note: "x", by: key };
    const wire = await bySdk({ ...call, query, body: new Uint8Array() }, false);
    expect(verify(wire).key).toBe(key);
    expect(refusal(target(wire, "Filter.1499.Name=x", "Filter.1499.Name=y"))).toBe(
      "SignatureDoesNotMatch 403",
    );
  });
});
