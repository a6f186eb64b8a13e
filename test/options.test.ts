import { describe, expect, test } from "vitest";
import {
  declarations,
  endpointOf,
  environmentOf,
  flagOf,
  isLoopback,
  namesOf,
  optionHelp,
  readOptions,
  resolveOptions,
  rootCredentials,
} from "../server/options.ts";
import { Refusal } from "../server/refusal.ts";

const own = { rootAccessKeyId: "AKIAOWN", rootSecretAccessKey: "own-secret" };

describe("flags and environment", () => {
  test("each option has both, by one name", () => {
    expect([flagOf("tlsMin"), environmentOf("tlsMin")]).toEqual(["--tls-min", "ISLET_TLS_MIN"]);
    expect(flagOf("rootSecretAccessKey")).toBe("--root-secret-access-key");
    expect(optionHelp.map(({ name }) => name)).toEqual(Object.keys(declarations));
    for (const { name, flags, description } of optionHelp) {
      expect(flags.split(" ")[0]).toBe(flagOf(name));
      expect(description).toContain(environmentOf(name));
    }
  });

  test("say the same", () => {
    const values = {
      port: "0",
      host: "[::1]",
      data: "/data",
      tlsMin: "1.0",
      hostname: "EC2.test,*.ec2.test, 10.0.0.1",
      cert: "c",
      key: "k",
      pace: "real",
      seed: "0",
      quotas: "usual",
      hosts: "3",
      rootAccessKeyId: "AKIAOWN",
      rootSecretAccessKey: "a/b+c=",
      images: "i",
      scrub: "on-demand",
      verifyOnAllocate: "true",
      poisonOnFree: "yes",
      glass: "1",
      logLevel: "debug",
      json: "true",
    };
    const environment = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [environmentOf(name as keyof typeof values), value]),
    );
    const read = {
      ...values,
      port: 0,
      host: "::1",
      hostname: ["ec2.test", "*.ec2.test", "10.0.0.1"],
      verifyOnAllocate: true,
      poisonOnFree: true,
      glass: true,
      json: true,
    };
    expect(readOptions(values, {})).toEqual(read);
    expect(readOptions({}, environment)).toEqual(read);
  });

  test("the flag wins, and an empty variable is none", () => {
    expect(readOptions({ port: "1" }, { ISLET_PORT: "2", ISLET_HOST: "" })).toEqual({ port: 1 });
  });

  test("a repeated flag adds up", () => {
    expect(readOptions({ hostname: ["a", "b"] }, {})).toEqual({ hostname: ["a", "b"] });
  });

  test("a flag for --memory or --data beats a variable for the other", () => {
    expect(readOptions({ memory: true }, { ISLET_DATA: "/data" })).toEqual({ memory: true });
    expect(readOptions({ data: "/data" }, { ISLET_MEMORY: "1" })).toEqual({ data: "/data" });
  });

  test.each([
    ["scrub", "lazy", "is none of eager, idle, on-demand"],
    ["glass", "half", "is neither true nor false"],
    ["port", "65536", "is no port (0 to 65535)"],
    ["port", "1e3", "is no port"],
    ["port", "-1", "is no port"],
    ["port", "", "is no port"],
    ["host", "a b", "is neither an address nor a name"],
    ["host", "-a", "is neither an address nor a name"],
    ["host", "", "is neither an address nor a name"],
    ["hostname", "a,b c", '"b c" is neither an address nor a name'],
    ["hostname", "a.*.b", "is neither an address nor a name"],
    ["data", "", "needs a value"],
    ["tlsMin", "1.4", '"1.4" is none of 1.0, 1.1, 1.2, 1.3'],
    ["quotas", "", "needs a value"],
    ["hosts", "", "needs a value"],
    ["pace", "slow", "is none of instant, real"],
    ["events", "0", "is no number from 1 to 1000000"],
    ["events", "1e3", "is no number"],
    ["logLevel", "loud", "is none of silent, fatal"],
    ["rootAccessKeyId", "a/b", "needs 4 to 128 letters"],
    ["rootSecretAccessKey", "a b c d", "without spaces"],
    ["json", "perhaps", "is neither true nor false"],
  ] as const)("--%s %j: %s", (name, value, message) => {
    const read = () => readOptions({ [name]: value }, {});
    expect(read).toThrow(message);
    expect(read).toThrow(`${flagOf(name)}: `);
  });

  test("what is wrong in the environment is named as it is there", () => {
    expect(() => readOptions({}, { ISLET_TLS_MIN: "2" })).toThrow('ISLET_TLS_MIN: "2" is none of');
  });
});

describe("what must fit together", () => {
  test("nothing said is a server on loopback with the keys that everyone knows", () => {
    const options = resolveOptions({});
    expect(options).toEqual({
      port: 9322,
      host: "127.0.0.1",
      memory: false,
      scrub: "eager",
      verifyOnAllocate: false,
      poisonOnFree: false,
      glass: false,
      tlsMin: "1.2",
      hostname: [],
      pace: "instant",
      quotas: "off",
      hosts: "1000",
      events: 10_000,
      logLevel: "warn",
      json: false,
    });
    expect(rootCredentials(options)).toEqual({ accessKeyId: "test", secretAccessKey: "test" });
  });

  test("a library caller's values are checked like texts", () => {
    expect(() => resolveOptions({ port: 1.5 })).toThrow('--port: "1.5" is no port');
    expect(() => resolveOptions({ tlsMin: "1.9" as "1.2" })).toThrow("--tls-min");
    expect(resolveOptions({ hostname: ["A", "b"] }).hostname).toEqual(["a", "b"]);
  });

  test.each([
    [{ memory: true, data: "/data" }, "name one of them"],
    [{ cert: "c" }, "--cert and --key go together"],
    [{ key: "k" }, "--cert and --key go together"],
    [{ rootAccessKeyId: "AKIA" }, "go together"],
    [{ rootSecretAccessKey: "secret" }, "go together"],
    [{ host: "0.0.0.0" }, "choose own root credentials with --root-access-key-id"],
    [{ host: "::" }, "choose own root credentials"],
    [{ host: "ec2.test" }, "choose own root credentials"],
    [{ host: "0.0.0.0", ...own, rootSecretAccessKey: "test" }, "everyone knows the key test/test"],
  ])("%j is refused: %s", (options, message) => {
    expect(() => resolveOptions(options)).toThrow(message);
    expect(() => resolveOptions(options)).toThrow(Refusal);
  });

  test("own root credentials take the place of those that everyone knows", () => {
    expect(rootCredentials(resolveOptions({ host: "0.0.0.0", ...own }))).toEqual({
      accessKeyId: "AKIAOWN",
      secretAccessKey: "own-secret",
    });
  });
});

test.each([
  ["127.0.0.1", true],
  ["127.255.0.9", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["localhost", true],
  ["128.0.0.1", false],
  ["0.0.0.0", false],
  ["::", false],
  ["::ffff:10.0.0.1", false],
  ["localhost.example.com", false],
])("%s is loopback: %s", (address, expected) => expect(isLoopback(address)).toBe(expected));

test.each([
  [{}, "https://127.0.0.1:1", ["127.0.0.1"]],
  [{ host: "localhost" }, "https://localhost:1", ["localhost"]],
  [{ host: "::1" }, "https://[::1]:1", ["::1"]],
  [{ host: "10.0.0.1", hostname: ["a"], ...own }, "https://10.0.0.1:1", ["10.0.0.1", "a"]],
  [{ host: "0.0.0.0", ...own }, "https://127.0.0.1:1", []],
  [{ host: "::", ...own }, "https://[::1]:1", []],
  [{ host: "::", hostname: ["*.a", "fd00::1", "a"], ...own }, "https://[fd00::1]:1", ["*.a", "fd00::1", "a"]],
])("%j is found at %s", (options, endpoint, names) => {
  expect(endpointOf(resolveOptions(options), 1)).toBe(endpoint);
  expect(namesOf(resolveOptions(options))).toEqual(names);
});
