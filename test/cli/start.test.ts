import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Home, type Started } from "./islet.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

function health({ port, caFile }: Started["line"]): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port,
      path: "/_islet/health",
      ca: readFileSync(caFile),
      agent: false,
    };
    request(options as object, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

describe("islet start", () => {
  test("says where it listens, serves, and ends with 0 on SIGTERM", async () => {
    const [child, ended] = home.spawn(["start", "--port", "0", "--memory"]);
    let text = "";
    child.stdout?.on("data", (data) => {
      text += String(data);
      if (text.includes("Ready.\n")) child.kill("SIGTERM");
    });
    const { code, signal, stdout, stderr } = await ended;
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: "" });
    const [, port] = /^Listening on https:\/\/127\.0\.0\.1:(\d+)$/m.exec(stdout) ?? [];
    expect(stdout).toBe(
      `Listening on https://127.0.0.1:${port}\nFolder ${home.path}/.islet/${port}\n` +
        `Use it with: eval "$(islet env --port ${port})"\nReady.\n`,
    );
  });

  test("--json is one line, and its folder is readable by the owner alone", async () => {
    const { line, child, ended } = await home.start("--memory");
    const folder = `${home.path}/.islet/${line.port}`;
    expect(line).toEqual({
      endpoint: `https://127.0.0.1:${line.port}`,
      port: line.port,
      region: "us-east-1",
      folder,
      caFile: `${folder}/ca.pem`,
      pid: child.pid,
    });
    expect(await health(line)).toBe(200);
    expect(statSync(join(home.path, ".islet")).mode & 0o777).toBe(0o700);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(file.parentPath, file.name);
      expect([path, statSync(path).mode & 0o777]).toEqual([path, file.isDirectory() ? 0o700 : 0o600]);
    }
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(join(folder, "server.json"))).toBe(false);
  });

  test("with --data keeps all in that folder, and a second one is refused", async () => {
    const data = join(home.path, "data");
    const { line, child, ended } = await home.start("--data", data);
    expect(line.folder).toBe(data);
    expect(existsSync(join(home.path, ".islet"))).toBe(false);
    expect(statSync(join(data, "islet.db")).mode & 0o777).toBe(0o600);
    expect(await home.run("start", "--port", "0", "--data", data)).toEqual({
      code: 1,
      signal: null,
      stdout: "",
      stderr:
        `islet: another islet uses ${data} (process ${child.pid}, ${line.endpoint}): ` +
        "end it, or choose another --port or --data for this one\n",
    });
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
  });

  test("after SIGKILL the next one starts as if nothing had been", async () => {
    const data = join(home.path, "data");
    const first = await home.start("--data", data);
    const ca = readFileSync(first.line.caFile, "utf8");
    first.child.kill("SIGKILL");
    await first.ended;
    expect(existsSync(join(data, "server.json"))).toBe(true);
    const second = await home.start("--data", data);
    expect(await health(second.line)).toBe(200);
    expect(readFileSync(second.line.caFile, "utf8")).toBe(ca);
  });

  test("ends though clients stay connected and silent", async () => {
    const { line, child, ended } = await home.start("--memory");
    const silent = connect(line.port, "127.0.0.1");
    silent.on("error", () => {});
    await once(silent, "connect");
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    silent.destroy();
  });

  test("takes options from the environment", async () => {
    const environment = { ISLET_PORT: "0", ISLET_MEMORY: "1", ISLET_JSON: "yes", ISLET_HOST: "localhost" };
    const [child, ended] = home.spawn(["start"], environment);
    child.stdout?.once("data", () => child.kill("SIGTERM"));
    const { stdout } = await ended;
    expect(JSON.parse(stdout)).toMatchObject({
      endpoint: expect.stringMatching(/^https:\/\/localhost:\d+$/),
    });
  });
});

describe("islet start says in one line why it does not", () => {
  test("the port is taken", async () => {
    const { line } = await home.start("--memory");
    const outcome = await home.run("start", "--port", String(line.port), "--data", join(home.path, "other"));
    expect(outcome).toMatchObject({
      code: 1,
      stderr:
        `islet: port ${line.port} of 127.0.0.1 is taken: end what listens there, ` +
        "or choose another with --port (0 finds a free one)\n",
    });
  });

  test.each([
    [["--host", "0.0.0.0"], 2, /^islet: others can reach 0\.0\.0\.0, .*--root-access-key-id.*\n$/],
    [["--port", "x"], 2, /^islet: --port: "x" is no port \(0 to 65535\)\n$/],
    [["--prot", "1"], 2, /^islet: unknown option '--prot' \(Did you mean --port\?\)\n$/],
    [["--tls-min", "2"], 2, /^islet: --tls-min: "2" is none of 1\.0, 1\.1, 1\.2, 1\.3\n$/],
    [["extra"], 2, /^islet: too many arguments.*\n$/],
    [
      ["--host", "192.0.2.1", "--root-access-key-id", "AKIA", "--root-secret-access-key", "own-secret"],
      1,
      /^islet: 192\.0\.2\.1 is no address of this machine.*\n$/,
    ],
    [["--cert", "/nowhere", "--key", "/nowhere"], 1, /^islet: --cert: cannot read \/nowhere \(ENOENT\)\n$/],
  ] as const)("%j", async (parameters, code, stderr) => {
    const outcome = await home.run("start", "--memory", "--port", "0", ...parameters);
    expect(outcome).toEqual({ code, signal: null, stdout: "", stderr: expect.stringMatching(stderr) });
  });

  test("the folder cannot be written", async () => {
    writeFileSync(join(home.path, "file"), "");
    expect(await home.run("start", "--port", "0", "--data", join(home.path, "file", "data"))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^islet: cannot write to the folder .*\(ENOTDIR\): name another with --data.*\n$/,
      ),
    });
  });
});

test("every command has help with an example", async () => {
  const commands = ["start", "env", "exec", "status", "reset", "account", "audit", "version"];
  const outcomes = await Promise.all(commands.map((command) => home.run(command, "--help")));
  for (const [index, { code, stdout, stderr }] of outcomes.entries()) {
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`Examples?:\\n .*islet ${commands[index]}`));
  }
});

test("a wrong command is a wrong use", async () => {
  expect(await home.run("nope")).toMatchObject({ code: 2, stderr: "islet: unknown command 'nope'\n" });
});

test("islet version prints it", async () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(await home.run("version")).toMatchObject({ code: 0, stdout: `${version}\n` });
});
