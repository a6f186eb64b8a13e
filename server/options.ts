/** How a server is to run: one declaration per option is its flag, its environment variable, its check and its help. */
import { BlockList, isIP, isIPv4 } from "node:net";
import { Refusal } from "./refusal.ts";

export const tlsVersions = ["1.0", "1.1", "1.2", "1.3"] as const;
export type TlsVersion = (typeof tlsVersions)[number];

const paces = ["instant", "real"] as const;
const scrubModes = ["eager", "idle", "on-demand"] as const;
const logLevels = ["silent", "fatal", "error", "warn", "info", "debug", "trace"] as const;

export interface Options {
  /** 0 picks a free one. */
  port: number;
  /** Address or name to listen on. */
  host: string;
  /** Folder of the database and the client files; without it, one below `home` by the port. */
  data?: string;
  /** No database: nothing outlives the process. */
  memory: boolean;
  /**
   * Where servers without `data` have their folders, `~/.islet` in the command line. A library caller with
   * `memory` and without `home` leaves nothing on the disk at all.
   */
  home?: string;
  /** Lowest TLS version that is spoken. */
  tlsMin: TlsVersion;
  /** Names and addresses in the certificate beside localhost, 127.0.0.1 and ::1. */
  hostname: readonly string[];
  /** PEM file: own certificate, followed by its chain. */
  cert?: string;
  /** PEM file: its private key. */
  key?: string;
  /** Whether transitions (`pending` → `running`) take no time, or about as long as at EC2. */
  pace: (typeof paces)[number];
  /** Makes ids and addresses the same in each run. */
  seed?: string;
  /** AWS's limits to what an account may have: `off`, `usual`, or a JSON file of those that differ from the usual. */
  quotas: string;
  /** How many hosts of each family a zone can come to have, or a JSON file that names all there are. */
  hosts: string;
  rootAccessKeyId?: string;
  rootSecretAccessKey?: string;
  /** JSON file of own machine images. */
  images?: string;
  /**
   * When the memory of instances that are gone is set to zero: before they are `stopped` or `terminated`, in the
   * background, or by the time that somebody needs it.
   */
  scrub: (typeof scrubModes)[number];
  /** Compares all memory that a new instance could get with zero before it gets it. */
  verifyOnAllocate: boolean;
  /** Overwrites released memory with a pattern before it is scrubbed, so that what is read too late is seen. */
  poisonOnFree: boolean;
  /** Lets the operator look into the memory and the disks of everybody, which no cloud does. */
  glass: boolean;
  /** How many events each region's log keeps: the newest. */
  events: number;
  logLevel: (typeof logLevels)[number];
  /** Print one JSON line where it listens instead of text. */
  json: boolean;
}

interface Declaration<Value> {
  /** Name of the flag's argument; a flag without one is a switch. */
  argument?: string;
  repeatable?: true;
  help: string;
  /** @throws Error whose message completes "--port: …". */
  parse: (text: string) => Value;
  default?: Value;
}

const text = (value: string): string => {
  if (value === "" || value.includes("\0")) throw new Error("needs a value");
  return value;
};

const flag = (value: string): boolean => {
  if (["true", "1", "yes", "on"].includes(value.toLowerCase())) return true;
  if (["false", "0", "no", "off"].includes(value.toLowerCase())) return false;
  throw new Error(`"${value}" is neither true nor false`);
};

const oneOf =
  <Choice extends string>(choices: readonly Choice[]) =>
  (value: string): Choice => {
    const choice = choices.find((each) => each === value);
    if (choice === undefined) throw new Error(`"${value}" is none of ${choices.join(", ")}`);
    return choice;
  };

function port(value: string): number {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number <= 65_535)) throw new Error(`"${value}" is no port (0 to 65535)`);
  return number;
}

function eventCount(value: string): number {
  const number = /^\d{1,7}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > 1_000_000) throw new Error(`"${value}" is no number from 1 to 1000000`);
  return number;
}

const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;

/** @see https://www.rfc-editor.org/rfc/rfc1123#section-2; underscores too, as container names have them. */
const isHostName = (name: string) => name.length <= 253 && name.split(".").every((part) => label.test(part));

function host(value: string): string {
  const bare = value.replace(/^\[(.*)\]$/, "$1");
  if (isIP(bare) === 0 && !isHostName(bare)) throw new Error(`"${value}" is neither an address nor a name`);
  return bare.toLowerCase();
}

const hostnames = (value: string): readonly string[] =>
  value
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .map((name) => (name.startsWith("*.") ? `*.${host(name.slice(2))}` : host(name)));

function accessKeyId(value: string): string {
  if (!/^\w{4,128}$/.test(value)) throw new Error("needs 4 to 128 letters, digits or underscores");
  return value;
}

function secretAccessKey(value: string): string {
  if (!/^[!-~]{4,128}$/.test(value)) throw new Error("needs 4 to 128 printable characters without spaces");
  return value;
}

type Declarations = {
  [Name in Exclude<keyof Options, "home">]-?: Declaration<Exclude<Options[Name], undefined>>;
};

/** `tlsMin` is `--tls-min` and `ISLET_TLS_MIN`; the flag wins over the environment. */
export const declarations: Declarations = {
  port: { argument: "number", help: "port to listen on, 0 for a free one", parse: port, default: 9322 },
  host: { argument: "host", help: "address or name to listen on", parse: host, default: "127.0.0.1" },
  data: { argument: "dir", help: "folder of the database, certificates and client files", parse: text },
  memory: { help: "keep nothing: no database, everything is gone when the server ends", parse: flag },
  tlsMin: { argument: "version", help: "lowest TLS version", parse: oneOf(tlsVersions), default: "1.2" },
  hostname: {
    argument: "name",
    repeatable: true,
    help: "one more name or address for the certificate",
    parse: hostnames,
    default: [],
  },
  cert: { argument: "file", help: "own certificate and its chain (PEM), instead of islet's", parse: text },
  key: { argument: "file", help: "private key of the own certificate (PEM)", parse: text },
  pace: {
    argument: "pace",
    help: "whether transitions take no time or as long as at EC2",
    parse: oneOf(paces),
    default: "instant",
  },
  seed: { argument: "text", help: "makes ids and addresses the same in each run", parse: text },
  quotas: {
    argument: "which",
    help: "AWS's quotas: off, usual, or a JSON file of name or code and limit",
    parse: text,
    default: "off",
  },
  hosts: {
    argument: "which",
    help: "how many hosts of each family a zone can have, or a JSON file of those there are",
    parse: text,
    default: "1000",
  },
  rootAccessKeyId: { argument: "id", help: "own root credentials instead of test/test", parse: accessKeyId },
  rootSecretAccessKey: { argument: "secret", help: "their secret", parse: secretAccessKey },
  images: { argument: "file", help: "own machine images (JSON)", parse: text },
  scrub: {
    argument: "mode",
    help: "when released memory is zeroed: eager (before an instance is stopped), idle, on-demand",
    parse: oneOf(scrubModes),
    default: "eager",
  },
  verifyOnAllocate: { help: "compare memory with zero once more when an instance gets it", parse: flag },
  poisonOnFree: { help: "overwrite released memory with 0xDB until it is zeroed", parse: flag },
  glass: {
    help: "let the operator look into everybody's memory and disks: for teaching, and marked in every answer",
    parse: flag,
  },
  events: {
    argument: "number",
    help: "how many calls each region's event log keeps at least",
    parse: eventCount,
    default: 10_000,
  },
  logLevel: { argument: "level", help: "what is logged", parse: oneOf(logLevels), default: "warn" },
  json: { help: "print one JSON line instead of text", parse: flag },
};

type OptionName = keyof Declarations;

const names = Object.keys(declarations) as OptionName[];
const words = (name: OptionName) => name.replaceAll(/[A-Z]/g, (capital) => `-${capital}`).toLowerCase();

/** `--tls-min` */
export const flagOf = (name: OptionName): string => `--${words(name)}`;

/** `ISLET_TLS_MIN` */
export const environmentOf = (name: OptionName): string =>
  `ISLET_${words(name).replaceAll("-", "_").toUpperCase()}`;

/** One line per option, for `islet start --help`. */
export interface OptionHelp {
  name: OptionName;
  /** `--port <number>` */
  flags: string;
  description: string;
  repeatable: boolean;
}

export const optionHelp: readonly OptionHelp[] = names.map((name) => {
  const { argument, help, repeatable, default: standard } = declarations[name] as Declaration<unknown>;
  const fallback =
    standard === undefined || Array.isArray(standard) ? "" : `, default ${JSON.stringify(standard)}`;
  return {
    name,
    flags: argument ? `${flagOf(name)} <${argument}>` : flagOf(name),
    description: `${help}${repeatable ? ", repeatable" : ""} (${environmentOf(name)}${fallback})`,
    repeatable: repeatable ?? false,
  };
});

function parse(name: OptionName, value: unknown, source: string): unknown {
  try {
    // An array's text is its members with commas between them, as in the environment.
    return declarations[name].parse(String(value));
  } catch (error) {
    throw new Refusal(`${source}: ${error instanceof Error ? error.message : String(error)}`, 2);
  }
}

/**
 * What flags and environment say, checked; an empty variable counts as none.
 *
 * @param flags Values as the command line has them: texts, lists of texts, `true`.
 * @throws Refusal
 */
export function readOptions(
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): Partial<Options> {
  const options: Record<string, unknown> = {};
  for (const name of names) {
    const given = flags[name];
    const variable = environment[environmentOf(name)];
    // --memory and --data exclude each other: a flag for one beats a variable for the other.
    if (given === undefined && name === "data" && flags["memory"] !== undefined) continue;
    if (given === undefined && name === "memory" && flags["data"] !== undefined) continue;
    if (given !== undefined) options[name] = parse(name, given, flagOf(name));
    else if (variable) options[name] = parse(name, variable, environmentOf(name));
  }
  return options;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");
loopback.addSubnet("::ffff:127.0.0.0", 104, "ipv6");

/** Whether only this machine can reach a server that listens on this address or name. */
export function isLoopback(address: string): boolean {
  if (isIP(address) === 0) return address.toLowerCase() === "localhost";
  return loopback.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

/** The credentials that everyone knows; they exist only where nobody else can reach the server. */
const wellKnownCredentials = { accessKeyId: "test", secretAccessKey: "test" } as const;

/**
 * Completes options with what holds where nothing is said, and checks what must fit together.
 *
 * @throws Refusal
 */
export function resolveOptions(given: Partial<Options>): Options {
  const resolved: Record<string, unknown> = {};
  for (const name of names) {
    const value = given[name];
    const standard = declarations[name].default;
    if (value !== undefined) resolved[name] = parse(name, value, flagOf(name));
    else if (standard !== undefined) resolved[name] = standard;
  }
  const switches = { memory: false, verifyOnAllocate: false, poisonOnFree: false, glass: false, json: false };
  const options = { ...switches, ...resolved } as Options;
  if (given.home !== undefined) options.home = given.home;
  check(options);
  return options;
}

function together(one: unknown, other: unknown, flags: string): void {
  if ((one === undefined) !== (other === undefined)) throw new Refusal(`${flags} go together: name both`, 2);
}

function check(options: Options): void {
  const { host, data, memory, cert, key, rootAccessKeyId, rootSecretAccessKey } = options;
  if (memory && data !== undefined) {
    throw new Refusal("--memory keeps nothing and --data keeps everything: name one of them", 2);
  }
  together(cert, key, "--cert and --key");
  together(rootAccessKeyId, rootSecretAccessKey, "--root-access-key-id and --root-secret-access-key");
  if (isLoopback(host)) return;
  if (rootAccessKeyId === undefined || rootSecretAccessKey === wellKnownCredentials.secretAccessKey) {
    throw new Refusal(
      `others can reach ${host}, and everyone knows the key test/test: ` +
        "choose own root credentials with --root-access-key-id and --root-secret-access-key",
      2,
    );
  }
}

/** The root credentials of a server with these options. */
export function rootCredentials({ rootAccessKeyId, rootSecretAccessKey }: Options): {
  accessKeyId: string;
  secretAccessKey: string;
} {
  return rootAccessKeyId === undefined || rootSecretAccessKey === undefined
    ? { ...wellKnownCredentials }
    : { accessKeyId: rootAccessKeyId, secretAccessKey: rootSecretAccessKey };
}

const isWildcard = (host: string) => host === "0.0.0.0" || host === "::";

/** What the certificate must name beside the loopback names. */
export const namesOf = ({ host, hostname }: Options): readonly string[] =>
  isWildcard(host) ? hostname : [host, ...hostname];

/**
 * Where clients find the server: `https://127.0.0.1:9322`. An address rather than `localhost` where one listens on
 * it: clients that try ::1 first, where nobody listens, lose seconds on each connection on Windows.
 */
export function endpointOf({ host, hostname }: Options, port: number): string {
  const named = hostname.find((name) => !name.startsWith("*."));
  const local = host === "::" ? "::1" : "127.0.0.1";
  const reachable = isWildcard(host) ? (named ?? local) : host;
  return `https://${isIP(reachable) === 6 ? `[${reachable}]` : reachable}:${port}`;
}
