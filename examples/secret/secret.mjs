/**
 * Where does a secret go? Account A keeps one in the memory, on the local disk and on a volume of an instance, and
 * terminates it. Account B launches until it owns the same frames of the same host, and looks for it by all means.
 * Then the same with a bug in it: hosts that do not scrub.
 *
 * Run it with: npm run build && node examples/secret/secret.mjs
 */
import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  EC2Client,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { operator } from "./operator.mjs";

const SECRET = Buffer.from("correct horse battery staple");
const REGION = "us-east-1";
/** Across the border of two pages, of two sectors, of two blocks: nothing may look at whole ones only. */
const ADDRESS = 4096 - 9;
const OFFSET = 512 * 1024 - 9;
const BUG = "nothing is scrubbed, and nobody looks before a frame is handed out";

const say = (text = "") => process.stdout.write(`${text}\n`);
const shown = (bytes) =>
  bytes.some((byte) => byte !== 0) ? JSON.stringify(bytes.toString("latin1")) : "zeros";

/** An account with a client of its own, and what its programs do on its instances. */
class Account {
  constructor(name, islet, agent, operate) {
    const { AccountId, AccessKeyId, SecretAccessKey } = islet.createAccount();
    this.name = name;
    this.id = AccountId;
    this.operate = operate;
    this.ec2 = new EC2Client({
      endpoint: islet.endpoint,
      region: REGION,
      credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey },
      requestHandler: new NodeHttpHandler({ httpsAgent: agent }),
    });
  }

  async launch() {
    const { Images } = await this.ec2.send(
      new DescribeImagesCommand({
        Owners: ["amazon"],
        Filters: [
          { Name: "name", Values: ["al2023-ami-2023*"] },
          { Name: "architecture", Values: ["x86_64"] },
        ],
      }),
    );
    const { Instances } = await this.ec2.send(
      new RunInstancesCommand({
        ImageId: Images[0].ImageId,
        InstanceType: "m5d.large",
        MinCount: 1,
        MaxCount: 1,
      }),
    );
    const [{ InstanceId, Placement }] = Instances;
    await this.ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
    return { id: InstanceId, zone: Placement.AvailabilityZone };
  }

  async addVolume({ id, zone }) {
    const { VolumeId } = await this.ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: zone, Size: 8, VolumeType: "gp3" }),
    );
    await this.ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId: id, Device: "/dev/sdf" }));
    return VolumeId;
  }

  /** What the secret's place has in each of the three, as the instance's own programs read it. */
  async look({ id }, volume, address = ADDRESS) {
    const Length = SECRET.length;
    const own = { Region: REGION, InstanceId: id, Length };
    const read = async (what, where) => {
      const { Bytes } = await this.operate("POST", `${what}/read`, { ...own, ...where });
      return Buffer.from(Bytes, "base64");
    };
    return {
      memory: await read("memory", { Address: address }),
      "local disk": await read("stores", { Device: 0, Offset: ADDRESS }),
      volume: await read("volumes", { VolumeId: volume, Offset: OFFSET }),
    };
  }

  async keep({ id }, volume) {
    const own = { Region: REGION, InstanceId: id, Bytes: SECRET.toString("base64") };
    await this.operate("POST", "memory/write", { ...own, Address: ADDRESS });
    await this.operate("POST", "stores/write", { ...own, Device: 0, Offset: ADDRESS });
    await this.operate("POST", "volumes/write", { ...own, VolumeId: volume, Offset: OFFSET });
  }
}

/** The host of an instance, and its frames in the order of its memory. */
async function placeOf(operate, instance) {
  const { Hosts } = await operate("GET", "hosts", { Region: REGION });
  for (const { host } of Hosts) {
    const { Owners } = await operate("GET", "hosts/owners", { Region: REGION, HostId: host });
    const owner = Owners.find((each) => each.instance === instance);
    if (owner) return { host, runs: owner.runs, frames: owner.frames };
  }
  throw new Error(`${instance} is on no host`);
}

/** The address that a frame has in the memory of who owns these runs now; undefined if it is not among them. */
function addressOf(frame, runs) {
  let page = 0;
  for (const { start, count } of runs) {
    if (start <= frame && frame < start + count) return (page + frame - start) * 4096;
    page += count;
  }
  return undefined;
}

const framesInBoth = (some, others) =>
  some
    .flatMap((one) => others.map((other) => [one, other]))
    .map(([a, b]) => Math.min(a.start + a.count, b.start + b.count) - Math.max(a.start, b.start))
    .reduce((sum, frames) => sum + Math.max(0, frames), 0);

/** Every place where the glass and the files of the server show the secret, in words. */
async function everywhere(operate, folder) {
  const { Findings } = await operate("POST", "glass/search", {
    Region: REGION,
    Pattern: SECRET.toString("base64"),
  });
  const places = Findings.map((found) => {
    switch (found.in) {
      case "memory":
        return `frame ${found.frame} of host ${found.host} (${found.state}${found.instance ? `, ${found.instance}` : ""})`;
      case "local disk, by its key":
        return `local disk ${found.device} of ${found.instance}, encrypted, read with its key`;
      case "at rest":
        return `${found.where}, from byte ${found.offset}`;
      default:
        return found.in;
    }
  });
  for (const name of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(name.parentPath, name.name);
    // In the file, blocks do not follow on each other: what is searched for is the part in the first block.
    if (name.isFile() && readFileSync(file).includes(SECRET.subarray(0, 9)))
      places.push(`the file ${name.name}`);
  }
  return places;
}

const list = (places) =>
  places.length === 0 ? say("    nowhere.") : places.forEach((place) => say(`    ${place}`));

/** One act; answers with the places where B found the secret of A. */
async function act(startIslet) {
  const folder = mkdtempSync(join(tmpdir(), "islet-secret-"));
  const islet = await startIslet({ port: 0, data: folder, glass: true, logLevel: "silent" });
  const agent = new Agent({ ca: islet.ca, keepAlive: true });
  const operate = operator(islet, agent);
  try {
    const a = new Account("A", islet, agent, operate);
    const b = new Account("B", islet, agent, operate);

    const victim = await a.launch();
    const volume = await a.addVolume(victim);
    await a.keep(victim, volume);
    const before = await placeOf(operate, victim.id);
    say(
      `  Account A (${a.id}) runs ${victim.id} on host ${before.host}, with ${before.frames} frames of memory,`,
    );
    say(`  and keeps ${JSON.stringify(SECRET.toString())} in memory, on the local disk and on ${volume}.`);
    for (const [where, bytes] of Object.entries(await a.look(victim, volume)))
      say(`    A reads ${where}: ${shown(bytes)}`);
    say("  Through the glass, the secret is in:");
    list(await everywhere(operate, folder));

    await a.ec2.send(new TerminateInstancesCommand({ InstanceIds: [victim.id] }));
    await a.ec2.send(new DescribeInstancesCommand({ InstanceIds: [victim.id] }));
    await a.ec2.send(new DeleteVolumeCommand({ VolumeId: volume }));
    say(`\n  A terminates ${victim.id} and deletes ${volume}. Now the secret is in:`);
    const left = await everywhere(operate, folder);
    list(left);

    const frame = before.runs[0].start;
    let attacker;
    let address;
    let launches = 0;
    for (let missing = before.frames; missing > 0; launches++) {
      const instance = await b.launch();
      const { host, runs } = await placeOf(operate, instance.id);
      if (host !== before.host) continue;
      missing -= framesInBoth(before.runs, runs);
      const own = addressOf(frame, runs);
      if (own !== undefined) [attacker, address] = [instance, own];
    }
    const found = await b.look(attacker, await b.addVolume(attacker), address + ADDRESS);
    say(
      `\n  Account B (${b.id}) launches ${launches === 1 ? "once" : `${launches} times`} until it owns all frames that A had.`,
    );
    say(`  As ${attacker.id} it reads where A's secret was, before it writes anything:`);
    for (const [where, bytes] of Object.entries(found)) say(`    B reads ${where}: ${shown(bytes)}`);
    say("  Through the glass, the secret is in:");
    const places = await everywhere(operate, folder);
    list(places);

    say(`\n  What was written down of frame ${frame}:`);
    const { Records } = await operate("GET", "audit/frames", {
      Region: REGION,
      HostId: before.host,
      Frame: frame,
    });
    for (const { at, event, instance, account, bytesDirty, bytesZeroed, verified } of Records) {
      const evidence =
        verified === undefined ? "" : `: ${bytesDirty} bytes were written, ${bytesZeroed} zeroed, verified`;
      say(`    ${new Date(at).toISOString()}  ${event.padEnd(9)}  ${instance} of ${account}${evidence}`);
    }
    for (const subject of [{ InstanceId: victim.id }, { VolumeId: volume }]) {
      const { Certificates } = await operate("GET", "audit/certificates", { Region: REGION, ...subject });
      for (const { seq, event, bytesDirty, bytesZeroed } of Certificates) {
        say(`    certificate ${seq}: ${event}, ${bytesDirty} bytes were written, ${bytesZeroed} zeroed`);
      }
    }
    const { intact, records } = await operate("GET", "audit/verify", { Region: REGION });
    say(`    The chain of ${records} records is ${intact ? "intact" : "BROKEN"}.`);

    const leaks = Object.keys(found).filter((where) => found[where].some((byte) => byte !== 0));
    return { leaks, left: left.length + places.length, intact };
  } finally {
    agent.destroy();
    await islet.close();
    rmSync(folder, { recursive: true });
  }
}

say("1. As it is\n");
const { startIslet } = await import("islet");
const sound = await act(startIslet);
const isGone = sound.leaks.length === 0 && sound.left === 0 && sound.intact;
say(isGone ? "\n  => The secret is gone." : `\n  => LEAK: ${sound.leaks.join(", ") || "see above"}`);

say(`\n2. With a bug planted: ${BUG}\n`);
const seeded = await import("../../dist/seeded.js");
const heal = seeded.plant(BUG);
const broken = await act(seeded.startIslet);
heal();
const isCaught = broken.leaks.includes("memory") && broken.left > 0;
say(
  isCaught
    ? `\n  => LEAK, and caught: B read A's ${broken.leaks.join(", ")} (T1: a new owner's first read is zero),\n` +
        "     and the glass found it in frames that were free (I4: a free frame is zero)."
    : "\n  => The bug was not seen.",
);
process.exitCode = isGone && isCaught ? 0 : 1;
