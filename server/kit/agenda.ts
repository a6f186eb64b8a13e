import TinyQueue from "tinyqueue";
import type { Row, Table, TableDefinition } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";
import type { Context } from "./context.ts";

/** Something that is to happen to a row at a time. */
interface Appointment extends Row {
  /** Whose business it is: the name that `onDue` was registered under. */
  readonly kind: string;
  readonly target: string;
  readonly event: string;
  /** Milliseconds since the epoch. */
  readonly due: number;
}

type Act = (ctx: Context, target: string, event: string) => void;

const definition: TableDefinition<Appointment> = {
  name: "appointment",
  indexes: { target: ({ kind, target }) => `${kind}/${target}` },
};
const acts = new Map<string, Act>();
const queues = new WeakMap<Unit, TinyQueue<Appointment>>();

/** Says what is to be done with the appointments of a kind. */
export function onDue(kind: string, act: Act): void {
  acts.set(kind, act);
}

/** Makes, or moves, an appointment for `event` to happen to `target`, `seconds` from now, whatever the pace. */
export function later(ctx: Context, kind: string, target: string, event: string, seconds: number): void {
  const appointments = ctx.unit.table(definition);
  const id = `${kind}/${target}/${event}`;
  const appointment = { account: ctx.account, kind, target, event, due: ctx.now + seconds * 1000 };
  const known = appointments.get(id);
  const row = { ...appointment, id, seq: known?.seq ?? ctx.unit.nextSeq() };
  if (known) appointments.replace(row);
  else appointments.insert(row);
  queueOf(ctx.unit, appointments).push(row);
}

/** As `later`, for a change of state that EC2 takes about `seconds` for: at once, unless the pace is real. */
export function soon(ctx: Context, kind: string, target: string, event: string, seconds: number): void {
  later(ctx, kind, target, event, ctx.pace === "real" ? seconds : 0);
}

/** Cancels all appointments of a row. */
export function cancel(ctx: Context, kind: string, target: string): void {
  const appointments = ctx.unit.table(definition);
  for (const { id } of appointments.by("target", `${kind}/${target}`)) appointments.remove(id);
}

/** When the next appointment of the unit is due, in milliseconds since the epoch. */
export function nextDue(unit: Unit): number | undefined {
  const appointments = unit.table(definition);
  const queue = queueOf(unit, appointments);
  for (let first = queue.peek(); first; first = queue.peek()) {
    if (appointments.get(first.id)?.due === first.due) return first.due;
    queue.pop();
  }
  return undefined;
}

/**
 * Takes the first appointment out of the agenda and acts on it; to be called in a transaction. If that fails, the
 * appointment is still in the rows, but comes up again only after the next start.
 *
 * @param contextOf the context in which an account's appointment is acted on
 */
export function keepNext(unit: Unit, contextOf: (account: string, event: string) => Context): void {
  const first = queueOf(unit, unit.table(definition)).pop();
  if (!first) return;
  unit.table(definition).remove(first.id);
  acts.get(first.kind)?.(contextOf(first.account, first.event), first.target, first.event);
}

/** Looks the appointments of a unit up anew in its rows: after a transaction that took one out and was not kept. */
export const recall = (unit: Unit): void => void queues.delete(unit);

function queueOf(unit: Unit, appointments: Table<Appointment>): TinyQueue<Appointment> {
  const known = queues.get(unit);
  if (known) return known;
  const queue = new TinyQueue<Appointment>([...appointments.all()], (a, b) => a.due - b.due || a.seq - b.seq);
  queues.set(unit, queue);
  return queue;
}
