/** The commands that speak to a server. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Home, type Started } from "./islet.ts";

let home: Home;
let server: Started["line"];
beforeAll(async () => {
  home = new Home();
  ({ line: server } = await home.start("--memory"));
});
afterAll(() => home.remove());

const variables = () => ({
  AWS_ENDPOINT_URL: server.endpoint,
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_REGION: "us-east-1",
  AWS_DEFAULT_REGION: "us-east-1",
  AWS_CA_BUNDLE: server.caFile,
  NODE_EXTRA_CA_CERTS: server.caFile,
  AWS_EC2_METADATA_DISABLED: "true",
});

const printAws =
  "for (const n in process.env) if (/^(AWS|NODE_E|NO_P)/.test(n)) console.log(n + '=' + process.env[n])";

const lines = (text: string) => text.trim().split("\n").toSorted();

const asLines = (all: Readonly<Record<string, string>>) =>
  Object.entries(all)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted();

describe("islet env", () => {
  test("finds the only server, and a shell takes what it prints", async () => {
    const { code, stdout, stderr } = await home.run("env");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const script = `${stdout}\nexec "$0" -e "$1"`;
    const environment = { PATH: process.env["PATH"], AWS_SESSION_TOKEN: "other", AWS_PROFILE: "other" };
    const seen = execFileSync("sh", ["-euc", script, process.execPath, printAws], { env: environment });
    expect(lines(seen.toString())).toEqual(asLines(variables()));
  });

  test("--port and --data name it too", async () => {
    const [found, byPort, byData] = await Promise.all([
      home.run("env"),
      home.run("env", "--port", String(server.port)),
      home.run("env", "--data", server.folder),
    ]);
    expect(byPort).toEqual(found);
    expect(byData).toEqual(found);
  });

  test("--shell", async () => {
    const [fish, powershell, none] = await Promise.all([
      home.run("env", "--shell", "fish"),
      home.run("env", "--shell", "powershell"),
      home.run("env", "--shell", "cmd"),
    ]);
    expect(fish.stdout).toContain(`set -e AWS_PROFILE\n`);
    expect(fish.stdout).toContain(`set -gx AWS_ENDPOINT_URL '${server.endpoint}'\n`);
    expect(powershell.stdout).toContain(`$env:AWS_ENDPOINT_URL = '${server.endpoint}'\n`);
    expect(none).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("islet exec", () => {
  test("runs the command in that environment, arguments untouched", async () => {
    const script = `${printAws}; console.log(process.argv[1])`;
    const parameters = ["exec", "--", process.execPath, "-e", script, "--", "--data"];
    const [, ended] = home.spawn(parameters, {
      AWS_SESSION_TOKEN: "other",
      HTTPS_PROXY: "http://proxy.test",
      NO_PROXY: "a.test",
    });
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    expect(lines(stdout)).toEqual(["--data", ...asLines({ ...variables(), NO_PROXY: "a.test,127.0.0.1" })]);
  });

  test("ends as the command ends", async () => {
    expect(await home.run("exec", process.execPath, "-e", "process.exit(7)")).toMatchObject({ code: 7 });
    expect(
      await home.run("exec", "--", process.execPath, "-e", "process.kill(process.pid, 'SIGKILL')"),
    ).toMatchObject({ code: null, signal: "SIGKILL" });
  });

  test("passes signals on", async () => {
    const script =
      "process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1000); console.log('up')";
    const [child, ended] = home.spawn(["exec", process.execPath, "-e", script]);
    child.stdout?.once("data", () => child.kill("SIGTERM"));
    expect(await ended).toMatchObject({ code: 3, signal: null });
  });

  test("says that there is no such command", async () => {
    expect(await home.run("exec", "no-such-command")).toMatchObject({
      code: 127,
      stderr: "islet: cannot run no-such-command: no such command\n",
    });
  });
});

describe("islet status", () => {
  test("says what runs where", async () => {
    const { code, stdout } = await home.run("status");
    expect(code).toBe(0);
    expect(stdout).toContain(`runs at ${server.endpoint}, process ${server.pid}, since `);
    const { stdout: json } = await home.run("status", "--json");
    expect(JSON.parse(json)).toMatchObject({
      endpoint: server.endpoint,
      pid: server.pid,
      folder: server.folder,
    });
  });

  test("says which of several, and that there is none", async () => {
    const other = await home.start("--memory");
    const ports = [server.port, other.line.port].toSorted((one, another) => one - another).join(", ");
    expect(await home.run("status")).toMatchObject({
      code: 1,
      stderr: `islet: several islets run: choose one with --port (${ports})\n`,
    });
    expect(await home.run("status", "--port", String(other.line.port))).toMatchObject({ code: 0 });
    other.child.kill("SIGKILL");
    await other.ended;
    expect(await home.run("status", "--port", String(other.line.port))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^islet: no islet runs on port \d+: start it with .*\n$/),
    });
    expect(await home.run("status")).toMatchObject({ code: 0 });
    expect(await home.run("status", "--data", join(home.path, "none"))).toMatchObject({ code: 1 });
  });
});

describe("islet account and reset", () => {
  test("make a fresh account, each time another", async () => {
    const [one, other] = await Promise.all([home.run("account"), home.run("account")]);
    const account = JSON.parse(one.stdout) as Record<string, string>;
    expect(Object.keys(account)).toEqual(["AccountId", "AccessKeyId", "SecretAccessKey"]);
    expect(account["AccountId"]).toMatch(/^\d{12}$/);
    expect(JSON.parse(other.stdout)).not.toEqual(account);
  });

  test("--env prints what a shell takes", async () => {
    const { stdout } = await home.run("account", "--env");
    expect(stdout).toMatch(/^export AWS_ACCESS_KEY_ID='AKIA\w{16}'$/m);
    expect(stdout).toContain(`export AWS_ENDPOINT_URL='${server.endpoint}'`);
  });

  test("reset is silent, and says what was refused", async () => {
    expect(await home.run("reset")).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    expect(await home.run("reset", "--account", "000000000000", "--region", "us-east-1")).toMatchObject({
      code: 0,
    });
    expect(await home.run("reset", "--region", "nowhere")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^islet: https:\/\/127\.0\.0\.1:\d+ refused: .*\n$/),
    });
  });
});
