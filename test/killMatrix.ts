import { bugs as addressBugs } from "./ec2/addressBugs.ts";
import { killersOf as killersOfAddresses } from "./ec2/addressKillMatrix.ts";
import { bugs as hostBugs } from "./hypervisor/bugs.ts";
import { killersOf as killersOfHosts } from "./hypervisor/killMatrix.ts";
import { bugs as networkBugs } from "./network/bugs.ts";
import { killersOf as killersInNetwork } from "./network/killMatrix.ts";
import { labelOf, properties } from "./network/properties.ts";

/** Rows of cells as a table, the first row as its head. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[], fill: string): string =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width, fill)).join(" | ")} |`;
  const [head = "", ...body] = rows.map((row) => line(row, " "));
  return [head, line([], "-"), ...body];
}

const caught = <T extends { readonly name: string }>(
  bugs: readonly T[],
  killersOf: (bug: T) => string[],
): string[] => {
  const rows = bugs.map((bug) => [bug.name, killersOf(bug).join(", ") || "**nothing**"]);
  return table([["Bug", "Caught by"], ...rows]);
};

/** What the page says of the network. */
const networkSection = (): string[] => [
  "## Network",
  "",
  "Each of these bugs is planted in the network, by `test/network/bugs.ts`, and looked for by the properties of random",
  "networks that `test/network/evaluator.test.ts` runs:",
  "",
  ...Object.keys(properties).map((name) => `- _${labelOf(name)}_${name.slice(labelOf(name).length)}`),
  "",
  ...caught(networkBugs, killersInNetwork),
  "",
];

/** The page of the documentation that says which bug is caught by what. */
export function killMatrix(): string {
  return [
    "# Seeded bugs, and what catches them",
    "",
    "This page is written by `npm run bugs`; a test checks that it is true.",
    "",
    "## Hosts",
    "",
    "Each of these bugs is planted in the hosts, by `test/hypervisor/bugs.ts`, and looked for by the random runs of",
    "`test/hypervisor/isolation.test.ts` and the pairs of runs of `test/hypervisor/pairs.ts`. I, T and N are the invariants",
    "there; _audit_ is what the audit shows of itself, _attachments_ is who reaches a volume, and _a fault_ means that the",
    "hosts themselves refused a step of the run.",
    "",
    ...caught(hostBugs, killersOfHosts),
    "",
    "## Addresses",
    "",
    "Each of these bugs is planted in what gives addresses away, by `test/ec2/addressBugs.ts`, and looked for by the random",
    "runs of `test/ec2/addressRuns.ts` and the pairs of runs of `test/ec2/addressPairs.ts`. I12 is that addresses are unique,",
    "and a MAC address its interface's for life.",
    "",
    ...caught(addressBugs, killersOfAddresses),
    "",
    ...networkSection(),
  ].join("\n");
}
