import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { clientEnvironment } from "../../server/cli/environment.ts";
import { exportLines, shells } from "../../server/cli/shell.ts";

/** Any text that can stand in an environment: no NUL. */
const texts = fc.array(
  fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
  { minLength: 1, maxLength: 20 },
);

test("a POSIX shell gives back every value as it was", () => {
  fc.assert(
    fc.property(texts, (values) => {
      const set = Object.fromEntries(values.map((value, index) => [`V${index}`, value]));
      const script = `${exportLines({ set, unset: ["GONE"] }, "sh")}exec "$0" -p 'JSON.stringify(process.env)'`;
      const seen = execFileSync("sh", ["-euc", script, process.execPath], { env: { GONE: "1" } }).toString();
      const environment = JSON.parse(seen) as Record<string, string>;
      for (const [name, value] of Object.entries(set)) expect(environment[name]).toBe(value);
      expect(environment["GONE"]).toBeUndefined();
    }),
    { seed: 7, numRuns: 15, examples: [[["'", "$(id)", "`id`", "a\nb", '"\\', "'\\''", "!!", ""]]] },
  );
});

test("fish and PowerShell have their own quotes", () => {
  expect(shells.fish.set("A", String.raw`it's \n $x`)).toBe(String.raw`set -gx A 'it\'s \\n $x'`);
  expect(shells.powershell.set("A", "it's ’ $x")).toBe("$env:A = 'it''s ’’ $x'");
});

const running = {
  pid: 1,
  port: 9322,
  endpoint: "https://[::1]:9322",
  region: "us-east-1",
  version: "0.1.0",
  startedAt: "",
  folder: "/home/a b",
  accessKeyId: "test",
  secretAccessKey: "test",
};

test("a proxy is told to leave the server alone, where there is one", () => {
  const { set } = clientEnvironment(running, { ALL_PROXY: "socks://p", no_proxy: "a,::1" });
  expect(set).toMatchObject({ NO_PROXY: "a,::1", no_proxy: "a,::1" });
  expect(clientEnvironment(running, { NO_PROXY: "a" }).set).not.toHaveProperty("NO_PROXY");
});

test("Java is told of the trust store when asked", () => {
  const { set } = clientEnvironment(running, { JAVA_TOOL_OPTIONS: "-Xmx1g" }, true);
  expect(set["JAVA_TOOL_OPTIONS"]).toBe(
    '-Xmx1g "-Djavax.net.ssl.trustStore=/home/a b/truststore.p12" -Djavax.net.ssl.trustStorePassword=changeit',
  );
  expect(clientEnvironment(running, {}).set).not.toHaveProperty("JAVA_TOOL_OPTIONS");
});
