/**
 * Says what works: COVERAGE.md, from the registry of handlers and from what the last test run saw answered. With
 * `--check` it writes nothing, and fails if the file is not what it would write, if a test shows no success of an
 * operation that is said to work, or if no test provokes an error of the table.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ebsHandlers } from "../server/ebs/registry.ts";
import { ec2Handlers, partly } from "../server/ec2/registry.ts";
import { errorCodes } from "../server/errors.ts";
import { iamHandlers, partly as iamPartly } from "../server/iam/registry.ts";
import { logsHandlers, partly as logsPartly } from "../server/logs/registry.ts";
import { partly as ramPartly, ramHandlers } from "../server/ram/registry.ts";
import { partly as stsPartly, stsHandlers } from "../server/sts/registry.ts";
import { loadService } from "../server/wire/service.ts";
import { SEEN_FOLDER } from "./seen.ts";

const FILE = "COVERAGE.md";

/**
 * Nothing that is there can make them succeed: EC2 has retired them, or they are about an organization's accounts, or
 * want IPAM.
 */
const hopeless: ReadonlySet<string> = new Set([
  "AttachClassicLinkVpc",
  "DeprovisionPublicIpv4PoolCidr",
  "DetachClassicLinkVpc",
  "EnableReachabilityAnalyzerOrganizationSharing",
  "EnableVpcClassicLink",
  "EnableVpcClassicLinkDnsSupport",
  "MoveAddressToVpc",
  "ProvisionPublicIpv4PoolCidr",
  "RestoreAddressToClassic",
]);

const seen = new Set(
  readdirSync(SEEN_FOLDER).flatMap((name) => readFileSync(join(SEEN_FOLDER, name), "utf8").split("\n")),
);
const succeeded = (operation: string): boolean => seen.has(`${operation} ok`);
const provoked = (code: string): boolean => [...seen].some((line) => line.endsWith(` ${code}`));

const { operations } = await loadService("ec2");
const names = [...operations.keys()].toSorted();
const built = names.filter((name) => ec2Handlers.has(name));
const works = built.filter((name) => !partly.has(name));
const notYet = names.filter((name) => !ec2Handlers.has(name));

const neighbours = {
  STS: [...stsHandlers.keys()],
  IAM: [...iamHandlers.keys()],
  "CloudWatch Logs": [...logsHandlers.keys()],
  CloudTrail: ["LookupEvents"],
  "The EBS direct API": [...ebsHandlers.keys()],
  RAM: [...ramHandlers.keys()],
};

const text = `# Coverage

Made by \`npm run coverage\` from the handlers and the last test run; do not edit.

EC2 ${works.length} of ${names.length} operations work, ${partly.size} work in part, ${notYet.length} are not there yet and answer \`NotImplemented\`.

## Works

${works.join(", ")}

## In part

| Operation | Not there |
| --- | --- |
${[...partly, ...iamPartly, ...stsPartly, ...logsPartly, ...ramPartly].map(([name, what]) => `| ${name} | ${what} |`).join("\n")}

## Neighbours

${Object.entries(neighbours)
  .map(([name, handlers]) => `${name} has ${handlers.toSorted().join(", ")}.`)
  .join("\n\n")}

## Not yet

${notYet.join(", ")}
`;

const faults = [
  ...[...built, ...Object.values(neighbours).flat()]
    .filter((name) => !succeeded(name) && !hopeless.has(name))
    .map((name) => `no test shows that ${name} works`),
  ...errorCodes.filter((code) => !provoked(code)).map((code) => `no test provokes ${code}`),
];

if (process.argv.includes("--check")) {
  if (readFileSync(FILE, "utf8") !== text) faults.push(`${FILE} is not up to date: npm run coverage`);
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  process.exitCode = faults.length > 0 ? 1 : 0;
} else {
  writeFileSync(FILE, text);
}
