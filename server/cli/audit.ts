import { Option, type Command } from "commander";
import type { AuditRecord, Verdict } from "../../hypervisor/audit.ts";
import { Refusal } from "../refusal.ts";
import type { Running, Target } from "./running.ts";

interface Named extends Target {
  region?: string;
  json?: true;
}

interface Wanted extends Named {
  instance?: string;
  volume?: string;
  host?: string;
  account?: string;
  event?: string;
  last: string;
}

/** A verdict on the audit of one region. */
type RegionVerdict = Verdict & { readonly Region: string };

/** Where the audit is read: what a server says, or what a server left in its folder. */
interface Source {
  /** The newest `last` records that have these members. */
  records(region: string, wanted: Readonly<Record<string, string>>, last: number): Promise<AuditRecord[]>;
  /** The record with this number. */
  record(region: string, seq: number): Promise<AuditRecord | undefined>;
  verdicts(): Promise<RegionVerdict[]>;
}

const reasons: Readonly<Record<"gap" | "link" | "content", string>> = {
  gap: "it is missing",
  link: "it does not follow on the record before it",
  content: "it is not what was written: its hash is another",
};

/** The members of a record that the flags are about, and their names in the operator's route. */
const members = {
  instance: "InstanceId",
  volume: "VolumeId",
  host: "HostId",
  account: "AccountId",
  event: "Event",
} as const satisfies Partial<Record<keyof AuditRecord, string>>;

export function declareAudit(program: Command): void {
  const audit = program
    .command("audit")
    .description("show what happened on the hosts, or check that nobody changed what was written down")
    .option("--instance <id>", "of this instance only")
    .option("--volume <id>", "of this volume or snapshot only")
    .option("--host <id>", "of this host only")
    .option("--account <id>", "of this account only, 12 digits")
    .option("--event <name>", "of this kind only: allocated, released, scrubbed, …")
    .addOption(new Option("--last <number>", "how many of the newest").default("20"));
  withTarget(audit)
    .addHelpText(
      "after",
      "\nExamples:\n  islet audit --instance i-0a12…\n  islet audit verify --data ~/islet-data",
    )
    .action(list);
  withTarget(audit.command("verify"))
    .description("check the chain of records, of a server or of the folder of one that was stopped")
    .option("--head <number:hash>", "the chain must contain this record, which was noted before")
    .addHelpText("after", "\nExample:\n  islet audit verify --data ~/islet-data")
    .action(async (_: unknown, command: Command) => verify(command.optsWithGlobals()));
}

const withTarget = (command: Command): Command =>
  command
    .option("--region <name>", "this region only")
    .option("--json", "as JSON, a line each")
    .option("--port <number>", "the server on this port")
    .option("--data <dir>", "the server with this folder, running or stopped");

async function list({ last, region, json, ...wanted }: Wanted): Promise<void> {
  if (!/^[1-9]\d{0,3}$/.test(last)) throw new Refusal(`--last ${last} is no number from 1 to 9999`, 2);
  const { source, home } = await open(wanted);
  const only = Object.fromEntries(
    Object.keys(members).flatMap((member) => {
      const value = wanted[member as keyof typeof members];
      return value === undefined ? [] : [[member, value]];
    }),
  );
  const records = await source.records(region ?? home, only, Number(last));
  for (const record of records) process.stdout.write(json ? `${JSON.stringify(record)}\n` : line(record));
}

async function verify({ region, json, head, ...target }: Named & { head?: string }): Promise<void> {
  const noted = head === undefined ? undefined : headOf(head);
  const { source, home } = await open(target);
  const found = await source.verdicts();
  const verdicts = found.filter(({ Region }) => region === undefined || Region === region);
  for (const verdict of verdicts)
    process.stdout.write(json ? `${JSON.stringify(verdict)}\n` : sentence(verdict));
  if (verdicts.length === 0) process.stdout.write("Nothing was written down yet.\n");
  if (verdicts.some(({ intact }) => !intact)) process.exitCode = 1;
  if (noted === undefined) return;
  const record = await source.record(region ?? home, noted.seq);
  if (record?.hash === noted.hash) return;
  process.stdout.write(`${region ?? home}: BROKEN: record ${noted.seq} is not the one that was noted.\n`);
  process.exitCode = 1;
}

function headOf(text: string): { readonly seq: number; readonly hash: string } {
  const [, seq, hash = ""] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined) throw new Refusal(`--head ${text} is no number and hash, as in 42:0f3a…`, 2);
  return { seq: Number(seq), hash };
}

function sentence(verdict: RegionVerdict): string {
  const { Region } = verdict;
  if (!verdict.intact) return `${Region}: BROKEN at record ${verdict.seq}: ${reasons[verdict.reason]}.\n`;
  const { records, head } = verdict;
  return `${Region}: intact, ${records} records, the last is ${head.seq}:${head.hash}\n`;
}

/** One record on one line: when, what, whose, where, and how much. */
function line(record: AuditRecord): string {
  const { seq, at, event, instance, account, volume, host, reason, frames } = record;
  const { bytesDirty, bytesZeroed, verified } = record;
  const parts = [
    instance,
    volume,
    account === undefined ? undefined : `of ${account}`,
    host === undefined ? undefined : `on ${host}`,
    frames === undefined ? undefined : `${frames} frames`,
    bytesZeroed === undefined ? undefined : `${bytesDirty} bytes written, ${bytesZeroed} zeroed`,
    verified === undefined ? undefined : verified ? "verified" : "NOT VERIFIED",
    reason === undefined ? undefined : `(${reason})`,
  ];
  const text = parts.filter((part) => part !== undefined).join(" ");
  return `${String(seq).padStart(6)}  ${new Date(at).toISOString()}  ${event.padEnd(16)}  ${text}\n`;
}

/** The server that is meant, or what it left behind; and the region it calls its own. */
async function open(target: Target): Promise<{ readonly source: Source; readonly home: string }> {
  const { findServer, namedFolder, serverAt } = await import("./running.ts");
  const folder = namedFolder(target);
  const running = folder === undefined ? findServer(target) : serverAt(folder);
  if (running) return { source: await served(running), home: running.region };
  return { source: await left(folder ?? ""), home: "us-east-1" };
}

async function served(server: Running): Promise<Source> {
  const { operate } = await import("./operator.ts");
  const ask = (path: string, fields: Readonly<Record<string, string>>): Promise<unknown> =>
    operate(server, "GET", `/_islet/${path}?${new URLSearchParams(fields).toString()}`);
  const ofRoute = (wanted: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(wanted).map(([name, value]) => [members[name as "host"], value]));
  return {
    async records(region, wanted, last) {
      const fields = { Region: region, Last: String(last), ...ofRoute(wanted) };
      return ((await ask("audit", fields)) as { Records: AuditRecord[] }).Records;
    },
    async record(region, seq) {
      const fields = { Region: region, From: String(seq), Limit: "1" };
      const [record] = ((await ask("audit", fields)) as { Records: AuditRecord[] }).Records;
      return record?.seq === seq ? record : undefined;
    },
    verdicts: async () => ((await ask("audit/verify", {})) as { Verdicts: RegionVerdict[] }).Verdicts,
  };
}

/** What a server that was stopped, or killed, left in its folder. */
async function left(folder: string): Promise<Source> {
  const [{ AuditTrails }, { existsSync }] = await Promise.all([
    import("../planes/auditTrails.ts"),
    import("node:fs"),
  ]);
  if (!existsSync(folder)) throw new Refusal(`there is no folder ${folder}: name a server's with --data`);
  const trails = new AuditTrails(folder);
  const isWanted = (record: AuditRecord, wanted: Readonly<Record<string, string>>): boolean =>
    Object.entries(wanted).every(([member, value]) => record[member as keyof AuditRecord] === value);
  return {
    async records(region, wanted, last) {
      const found: AuditRecord[] = [];
      for (const record of trails.records(region)) {
        if (record && isWanted(record, wanted)) found.push(record);
        if (found.length > last) found.shift();
      }
      return found;
    },
    async record(region, seq) {
      for (const record of trails.records(region)) if (record?.seq === seq) return record;
      return undefined;
    },
    verdicts: async () => trails.regions().map((region) => ({ Region: region, ...trails.verify(region) })),
  };
}
