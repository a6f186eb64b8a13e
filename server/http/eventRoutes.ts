import type { EventLog } from "../trail/log.ts";
import { newest } from "../trail/selection.ts";
import { count, regionOf } from "./fields.ts";
import { allow, invalid, text, type Fields, type Route } from "./operator.ts";

/** The events of one answer: at most, and unless asked otherwise. */
const MOST = 10_000;
const PAGE = 1000;

/** What was called, in CloudTrail's form: of all accounts, data events too. */
export function eventRoutes(log: EventLog, regions: ReadonlySet<string>): Readonly<Record<string, Route>> {
  return {
    "GET events": (fields) => {
      allow(fields, "Region", "AccountId", "Event", "User", "Errors", "Last");
      const last = count(fields, "Last", PAGE);
      if (last === 0 || last > MOST) throw invalid("Last", last);
      const names = fields["Region"] === undefined ? log.regions() : [regionOf(fields, regions)];
      const wanted = {
        account: text(fields, "AccountId"),
        event: text(fields, "Event"),
        user: text(fields, "User"),
        errors: errorsOnly(fields),
      };
      return {
        Records: newest(
          names.map((name) => log.events(name)),
          wanted,
          last,
        ),
      };
    },
  };
}

function errorsOnly(fields: Fields): boolean {
  const value = fields["Errors"] ?? "false";
  if (value !== "true" && value !== "false") throw invalid("Errors", value);
  return value === "true";
}
