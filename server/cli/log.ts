import { Option, type Command } from "commander";
import { Refusal } from "../refusal.ts";
import type { TrailEvent } from "../trail/event.ts";
import type { Running, Target } from "./running.ts";

interface Selection {
  account?: string;
  event?: string;
  user?: string;
  errors?: true;
  region?: string;
}

interface Wanted extends Selection, Target {
  last: string;
  json?: true;
  follow?: true;
}

/** How often a server is asked for what is new, in milliseconds. */
const PERIOD = 500;
/** How many of the newest are asked for then. */
const WINDOW = 1000;

export function declareLog(program: Command): void {
  program
    .command("log")
    .description("show what was called: when, by whom, on what, with which result")
    .option("--account <id>", "in this account only, 12 digits")
    .option("--event <name>", "of this operation only: RunInstances, …")
    .option("--user <name>", "by this user, or session of a role, or root")
    .option("--errors", "what was refused only")
    .option("--region <name>", "this region only")
    .addOption(new Option("--last <number>", "how many of the newest").default("20"))
    .option("--json", "as CloudTrail has it, a line each")
    .option("--follow", "and go on with what comes")
    .option("--port <number>", "the server on this port")
    .option("--data <dir>", "the server with this folder, running or stopped")
    .addHelpText("after", "\nExamples:\n  islet log --errors\n  islet log --user alice --follow")
    .action(list);
}

async function list({ json, follow, last, ...wanted }: Wanted): Promise<void> {
  if (!/^[1-9]\d{0,3}$/.test(last)) throw new Refusal(`--last ${last} is no number from 1 to 9999`, 2);
  const [{ findServer, namedFolder, serverAt }, { resourcesOf }, { nameOf }] = await Promise.all([
    import("./running.ts"),
    import("../trail/resources.ts"),
    import("../trail/userName.ts"),
  ]);
  const show = (event: TrailEvent): void => {
    const about = resourcesOf(event).map(({ ResourceName }) => ResourceName);
    const text = json ? JSON.stringify(event) : line(event, nameOf(event.userIdentity), about);
    process.stdout.write(`${text}\n`);
  };
  const folder = namedFolder(wanted);
  const server = folder === undefined ? findServer(wanted) : serverAt(folder);
  if (!server) {
    if (follow) throw new Refusal(`no islet runs with ${folder ?? ""}: nothing will come, omit --follow`);
    for (const event of await left(folder ?? "", wanted, Number(last))) show(event);
    return;
  }
  const events = await served(server, wanted, follow ? Math.max(WINDOW, Number(last)) : Number(last));
  for (const event of events.slice(-Number(last))) show(event);
  if (follow) await goOn(server, wanted, events, show);
}

/** Until the server ends, or somebody ends the command. */
async function goOn(
  server: Running,
  wanted: Selection,
  before: readonly TrailEvent[],
  show: (event: TrailEvent) => void,
): Promise<never> {
  for (let known = idsOf(before); ;) {
    await new Promise((resolve) => {
      setTimeout(resolve, PERIOD);
    });
    const events = await served(server, wanted, WINDOW);
    for (const event of events) if (!known.has(event.eventID)) show(event);
    if (events.length > 0) known = idsOf(events);
  }
}

const idsOf = (events: readonly TrailEvent[]): ReadonlySet<string> =>
  new Set(events.map(({ eventID }) => eventID));

/** One event on one line: when, where, who, what, on what, with which result. */
function line(event: TrailEvent, who: string, about: readonly string[]): string {
  const { eventTime, awsRegion, recipientAccountId, eventName, errorCode, errorMessage = "" } = event;
  const result = errorCode === undefined ? "ok" : `${errorCode}: ${errorMessage.replaceAll(/\s+/g, " ")}`;
  const caller = `${recipientAccountId} ${who}`;
  const parts = [eventTime, awsRegion, caller.padEnd(20), eventName.padEnd(24), ...about, result];
  return parts.join("  ");
}

async function served(server: Running, wanted: Selection, last: number): Promise<readonly TrailEvent[]> {
  const { operate } = await import("./operator.ts");
  const { account, event, user, errors, region } = wanted;
  const fields = {
    ...(account !== undefined && { AccountId: account }),
    ...(event !== undefined && { Event: event }),
    ...(user !== undefined && { User: user }),
    ...(errors && { Errors: "true" }),
    ...(region !== undefined && { Region: region }),
    Last: String(last),
  };
  const path = `/_islet/events?${new URLSearchParams(fields).toString()}`;
  return ((await operate(server, "GET", path)) as { Records: TrailEvent[] }).Records;
}

/** What a server that was stopped, or killed, left in its folder. */
async function left(folder: string, wanted: Selection, last: number): Promise<readonly TrailEvent[]> {
  const [{ EventFiles }, { newest }, { existsSync }] = await Promise.all([
    import("../trail/eventFiles.ts"),
    import("../trail/selection.ts"),
    import("node:fs"),
  ]);
  if (!existsSync(folder)) throw new Refusal(`there is no folder ${folder}: name a server's with --data`);
  const files = new EventFiles(folder);
  const regions = wanted.region === undefined ? files.regions() : [wanted.region];
  return newest(
    regions.map((region) => [...files.events(region)]),
    wanted,
    last,
  );
}
