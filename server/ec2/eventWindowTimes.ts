import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";

const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
const DAY_HOURS = 24;
const WEEK_HOURS = 7 * DAY_HOURS;
const HOUR_MS = 3600 * 1000;
const WEEK_MS = WEEK_HOURS * HOUR_MS;
/** A Sunday at midnight, UTC. */
const SOME_SUNDAY = Date.UTC(1970, 0, 4);

/** A part of every week: it opens at an hour, counted from Sunday at midnight, and stays open for some. */
export interface Opening {
  /** 0 to 167. */
  readonly start: number;
  readonly hours: number;
}

const invalid = (message: string): ApiError => new ApiError("InvalidParameterValue", message);

/** "Each range must be at least 2 hours, but the combined duration of all ranges must add up to at least 4." */
function checkLengths(openings: readonly Opening[]): readonly Opening[] {
  if (openings.some(({ hours }) => hours < 2)) throw invalid("Each time range must be at least 2 hours.");
  const total = openings.reduce((sum, { hours }) => sum + hours, 0);
  if (total < 4) throw invalid("The combined duration of all time ranges must be at least 4 hours.");
  return openings;
}

function readHour(name: string, hour: number | undefined): number {
  if (hour === undefined) throw new ApiError("MissingParameter", name);
  if (hour < 0 || hour > 23) throw invalid(`Value (${hour}) for parameter ${name} is invalid.`);
  return hour;
}

function hourOf(name: string, day: Sdk.WeekDay | undefined, hour: number | undefined): number {
  if (day === undefined) throw new ApiError("MissingParameter", `${name}WeekDay`);
  return DAYS.indexOf(day) * DAY_HOURS + readHour(`${name}Hour`, hour);
}

/**
 * When a window of time ranges is open; a range may go on over the end of the week.
 *
 * @throws {ApiError} MissingParameter, InvalidParameterValue
 */
export const openingsOfRanges = (
  ranges: readonly Sdk.InstanceEventWindowTimeRangeRequest[],
): readonly Opening[] =>
  checkLengths(
    ranges.map(({ StartWeekDay, StartHour, EndWeekDay, EndHour }) => {
      const start = hourOf("start", StartWeekDay, StartHour);
      const end = hourOf("end", EndWeekDay, EndHour);
      return { start, hours: (end - start + WEEK_HOURS) % WEEK_HOURS };
    }),
  );

/** `0`, `SUN`: 0 to 6; undefined for anything else. */
function dayNumber(text: string): number | undefined {
  if (/^[0-6]$/.test(text)) return Number(text);
  const day = DAYS.findIndex((name) => name.slice(0, 3).toUpperCase() === text.toUpperCase());
  return day < 0 ? undefined : day;
}

/** `*`, or numbers, ranges of numbers and names: `1,3-5`, `SUN`. */
function readDays(text: string): number[] | undefined {
  if (text === "*") return DAYS.map((_, day) => day);
  const days: number[] = [];
  for (const part of text.split(",")) {
    const [first = "", last = first, ...rest] = part.split("-");
    const [from, to] = [dayNumber(first), dayNumber(last)];
    if (from === undefined || to === undefined || to < from || rest.length > 0) return undefined;
    for (let day = from; day <= to; day++) days.push(day);
  }
  return [...new Set(days)];
}

/** `0-4,20-23`: from the first hour until the last. */
function readHours(text: string): { from: number; to: number }[] | undefined {
  const ranges: { from: number; to: number }[] = [];
  for (const part of text.split(",")) {
    const [, from, to] = /^(\d{1,2})-(\d{1,2})$/.exec(part) ?? [];
    if (from === undefined || to === undefined) return undefined;
    const range = { from: Number(from), to: Number(to) };
    if (range.to > 23 || range.from >= range.to) return undefined;
    ranges.push(range);
  }
  return ranges;
}

/**
 * When a window of a cron expression is open: `* 0-4,20-23 * * 1,5`. Only hours and days of the week can be said.
 *
 * @throws {ApiError} InvalidParameterValue
 */
export function openingsOfCron(expression: string): readonly Opening[] {
  const refuse = (): ApiError =>
    invalid(`Value (${expression}) for parameter cronExpression is invalid. Example: * 0-4,20-23 * * 1,5`);
  const [minute, hour = "", day, month, weekDay = "", ...rest] = expression.trim().split(/\s+/);
  if (minute !== "*" || day !== "*" || month !== "*" || rest.length > 0) throw refuse();
  const hours = readHours(hour);
  const days = readDays(weekDay);
  if (!hours || !days) throw refuse();
  return checkLengths(
    days.flatMap((each) =>
      hours.map(({ from, to }) => ({ start: each * DAY_HOURS + from, hours: to - from })),
    ),
  );
}

/** The first time, not before `earliest`, at which a window is open; in milliseconds since the epoch. */
export function nextOpening(openings: readonly Opening[], earliest: number): number {
  const week = SOME_SUNDAY + Math.floor((earliest - SOME_SUNDAY) / WEEK_MS) * WEEK_MS;
  const times = openings.flatMap(({ start, hours }) =>
    // One that began last week may be open still.
    [-1, 0, 1].flatMap((weeks) => {
      const opens = week + weeks * WEEK_MS + start * HOUR_MS;
      return earliest < opens + hours * HOUR_MS ? [Math.max(opens, earliest)] : [];
    }),
  );
  return Math.min(...times);
}
