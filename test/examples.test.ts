/** The examples that are programs, as a reader runs them. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("examples/secret: a secret is gone, unless a bug is planted", { timeout: 60_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["examples/secret/secret.mjs"]);
  const [sound = "", broken = ""] = stdout.split("2. With a bug planted");
  expect(sound).toMatch(/A reads memory: "correct horse battery staple"/);
  expect(sound).toMatch(/B reads memory: zeros\n.*B reads local disk: zeros\n.*B reads volume: zeros\n/);
  expect(sound).toMatch(/=> The secret is gone\./);
  expect(broken).toMatch(/B reads memory: "correct horse battery staple"/);
  expect(broken).toMatch(/=> LEAK, and caught: B read A's memory/);
});
