/**
 * Bundles the program into dist/.
 *
 * The SDK's ES build has imports without file extensions, which only a bundler resolves: that is how its schemas
 * alone, not its client, end up in the program. Which member is of which enumeration stands only in its type
 * declarations, so the virtual module "islet:enums/<service>" reads it from there.
 */
import { readFile, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { build } from "esbuild";

const require = createRequire(import.meta.url);

/** `{ values: { Tenancy: ["dedicated", …], … }, members: { "CreateVpcRequest.InstanceTenancy": "Tenancy", … } }` */
export async function enumerations(service) {
  const models = join(
    dirname(require.resolve(`@aws-sdk/client-${service}/package.json`)),
    "dist-types",
    "models",
  );
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

/** Gives esbuild the virtual module. */
const esbuildEnumerations = {
  name: "islet-enums",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^islet:enums\// }, ({ path }) => ({ path, namespace: "islet-enums" }));
    onLoad({ filter: /.*/, namespace: "islet-enums" }, async ({ path }) => ({
      contents: JSON.stringify(await enumerations(path.slice("islet:enums/".length))),
      loader: "json",
    }));
  },
};

/** Gives Vite, and so the tests, the virtual module. */
export const viteEnumerations = {
  name: "islet-enums",
  resolveId: (id) => (id.startsWith("islet:enums/") ? `\0${id}` : null),
  load: async (id) =>
    id.startsWith("\0islet:enums/")
      ? `export default ${JSON.stringify(await enumerations(id.slice("\0islet:enums/".length)))}`
      : null,
};

if (process.argv[1] === import.meta.filename) {
  await build({
    entryPoints: {
      islet: "server/cli/islet.ts",
      index: "server/index.ts",
      bare: "bench/bare.ts",
      bench: "bench/bench.ts",
      coverage: "test/coverage.ts",
    },
    outdir: "dist",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    sourcemap: true,
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    external: ["better-sqlite3"],
    chunkNames: "chunks/[name]-[hash]",
    banner: { js: 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);' },
    plugins: [esbuildEnumerations],
    logLevel: "warning",
  });
}
