import type { Context } from "../../kit/context.ts";
import type { ActionTable } from "../actionTable.ts";
import type { Demand } from "./demand.ts";
import { demandsOfEbs } from "./ebs.ts";
import { demandsOfEc2 } from "./ec2.ts";
import { demandsOfIam } from "./iam.ts";
import { demandsOfLogs } from "./logs.ts";
import { multiRegion } from "./multiRegion.ts";
import { passedRoles } from "./passRole.ts";
import { demandsOfRam } from "./ram.ts";

/** Whether one may is for STS to find, which asks the role: see sts/trust.ts. */
const ASKS_ROLE: ReadonlySet<string> = new Set([
  ...["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"],
]);

/** "No permissions are required to perform this operation." */
const OPEN: ReadonlySet<string> = new Set(["GetCallerIdentity", "GetSessionToken"]);

/** @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html */
function demandsOfSts({ operation, account, origin }: Context, input: object): Demand[] {
  if (ASKS_ROLE.has(operation)) return [];
  const open = OPEN.has(operation);
  if (open && !origin?.passage) return [];
  const name = operation === "GetFederationToken" && "Name" in input ? input.Name : undefined;
  return [
    {
      action: `sts:${operation}`,
      resource: typeof name === "string" ? `arn:aws:sts::${account}:federated-user/${name}` : "*",
      keys: { get: () => undefined },
      known: [],
      ...(open && { open }),
    },
  ];
}

/** All that a call must be allowed; nothing for those that are open to everybody who has a key. */
export function demandsOf(ctx: Context, service: string, table: ActionTable, input: object): Demand[] {
  switch (service) {
    case "ec2":
      return [...demandsOfEc2(ctx, table, input), ...passedRoles(ctx, input), ...multiRegion(ctx, input)];
    case "iam":
      return demandsOfIam(ctx, table, input);
    case "sts":
      return demandsOfSts(ctx, input);
    case "ebs":
      return demandsOfEbs(ctx, table, input);
    case "logs":
      return demandsOfLogs(ctx, table, input);
    case "ram":
      return demandsOfRam(ctx, table, input);
    default:
      return [
        { action: `${service}:${ctx.operation}`, resource: "*", keys: { get: () => undefined }, known: [] },
      ];
  }
}
