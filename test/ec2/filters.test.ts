import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ec2Handlers } from "../../server/ec2/registry.ts";
import { loadService } from "../../server/wire/service.ts";

/** A line for each operation: its name, a tab, the filters that its documentation lists. */
const DOCUMENTED = join(import.meta.dirname, "../../../shared/reference/documented-filters.tsv");

/** Filters that the user guide uses, or that are those of a sister operation, though the operation's own list lacks them. */
const UNLISTED: Readonly<Record<string, readonly string[]>> = {
  // "Determine the supported boot modes of an EC2 AMI", "Requirements for NitroTPM", "Find AMI billing and usage details"
  DescribeImages: ["boot-mode", "tpm-support", "platform-details", "usage-operation"],
  // Listed by the documentation of later SDKs.
  GetTransitGatewayPolicyTableEntries: [
    "policy-rule-number",
    "policy-rule.destination-ip",
    "policy-rule.destination-port",
    "policy-rule.meta-data.key",
    "policy-rule.meta-data.value",
    "policy-rule.protocol",
    "policy-rule.source-ip",
    "policy-rule.source-port",
    "target-route-table-id",
  ],
  // It takes filters "about specific encryption controls or VPCs", and names none.
  DescribeVpcEncryptionControls: ["mode", "state", "vpc-encryption-control-id", "vpc-id"],
  // Listed without the markup by which the others are found.
  DescribeNetworkInsightsAnalyses: ["path-found", "status"],
  DescribeNetworkInsightsPaths: [
    "destination",
    "filter-at-source.source-address",
    "filter-at-source.source-port-range",
    "filter-at-source.destination-address",
    "filter-at-source.destination-port-range",
    "filter-at-destination.source-address",
    "filter-at-destination.source-port-range",
    "filter-at-destination.destination-address",
    "filter-at-destination.destination-port-range",
    "protocol",
    "source",
  ],
  // As DescribeVolumes.
  DescribeVolumeStatus: ["availability-zone-id"],
};

/** What the list takes for filters, though it is values of them: they are printed alike. */
const VALUES: Readonly<Record<string, string>> = {
  DescribeCapacityReservations:
    "default dedicated active expired cancelled pending failed unlimited limited open targeted",
};

const { operations } = await loadService("ec2");
const filtersOf = (name: string): readonly string[] | undefined => {
  const handler = ec2Handlers.get(name);
  return handler && "filters" in handler ? (handler.filters as readonly string[]) : undefined;
};

test("every built operation that takes filters says which", () => {
  const silent = [...ec2Handlers.keys()].filter((name) => {
    const members = operations.get(name)?.input.members;
    return (members?.has("Filters") || members?.has("Filter")) && !filtersOf(name);
  });
  expect(silent).toEqual([]);
});

test("an operation has the filters that are documented, and no others", ({ skip }) => {
  if (!existsSync(DOCUMENTED)) skip(`there is no list of documented filters at ${DOCUMENTED}`);
  const differences: Record<string, { missing: string[]; unlisted: string[] }> = {};
  for (const line of readFileSync(DOCUMENTED, "utf8").split("\n")) {
    const [name = "", list = ""] = line.split("\t");
    const built = filtersOf(name);
    if (!built) continue;
    // What can be tagged is found by `tag:KEY` and `tag-key`: the kit sees to that.
    const values = VALUES[name]?.split(" ") ?? [];
    const documented = list
      .split(" ")
      .filter((each) => !/^$|^tag$|^tag:|^tag-key$/.test(each) && !values.includes(each));
    const missing = documented.filter((each) => !built.includes(each));
    const unlisted = built.filter((each) => ![...documented, ...(UNLISTED[name] ?? [])].includes(each));
    if (missing.length + unlisted.length > 0) differences[name] = { missing, unlisted };
  }
  expect(differences).toEqual({});
});
