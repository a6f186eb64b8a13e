import { doorProperties } from "./doors.ts";
import { filters } from "./filters.ts";
import { multicasts } from "./multicasts.ts";
import type { Properties } from "./sendings.ts";
import { sites } from "./sites.ts";
import { serviceLinks } from "./serviceLinks.ts";
import { spoofing } from "./spoofing.ts";
import { ways } from "./ways.ts";

/** What must be true of whatever network, by a name and what it says. */
export const properties: Properties = {
  ...filters,
  ...spoofing,
  ...ways,
  ...doorProperties,
  ...serviceLinks,
  ...sites,
  ...multicasts,
};

/** How a property is called for short: by what comes before the colon. */
export const labelOf = (name: string): string => name.split(":")[0] ?? name;
