import { keysOf, lastUseOf, rootArn, type KeyRow } from "../auth/keys.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { users, type UserRow } from "./user.ts";

/** An account's report; its id is the account. */
interface ReportRow extends Row {
  readonly csv: string;
  /** Milliseconds since the epoch. */
  readonly generated: number;
}

const reports: TableDefinition<ReportRow> = { name: "iam-credential-report" };

/** A report is good for four hours, and no other is made in that time. */
const LIFETIME = 4 * 3600 * 1000;

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html#id_credentials_understanding_the_report_format */
const columns = [
  ...["user", "arn", "user_creation_time", "password_enabled", "password_last_used"],
  ...["password_last_changed", "password_next_rotation", "mfa_active"],
  ...["1", "2"].flatMap((n) =>
    ["active", "last_rotated", "last_used_date", "last_used_region", "last_used_service"].map(
      (what) => `access_key_${n}_${what}`,
    ),
  ),
  ...["cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated"],
];

const NONE = "N/A";

const dateOf = (time: number | undefined): string =>
  time === undefined ? NONE : new Date(time).toISOString().replace(/\.\d+Z$/, "+00:00");

function keyColumns(ctx: Context, key: KeyRow | undefined): string[] {
  if (!key) return ["false", NONE, NONE, NONE, NONE];
  const use = lastUseOf(ctx.global, key.id);
  return [
    String(key.status !== "Inactive"),
    dateOf(key.created),
    dateOf(use?.at),
    use?.region ?? NONE,
    use?.service ?? NONE,
  ];
}

interface Subject {
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  readonly created?: number;
  readonly login?: UserRow["login"];
}

function line(ctx: Context, { id, name, arn, created, login }: Subject): string {
  const [first, second] = keysOf(ctx.global, id).filter(({ token }) => token === undefined);
  // Who has no password has no dates of one; of the root's, the report does not tell.
  const passwords =
    id === ctx.account
      ? ["not_supported", NONE, "not_supported", "not_supported"]
      : login
        ? ["true", "no_information", dateOf(login.created), NONE]
        : ["false", NONE, NONE, NONE];
  return [
    ...[name, arn, dateOf(created), ...passwords, "false"],
    ...[...keyColumns(ctx, first), ...keyColumns(ctx, second)],
    ...["false", NONE, "false", NONE],
  ]
    .map((text) => (text.includes(",") ? `"${text}"` : text))
    .join(",");
}

const reportOf = (ctx: Context): string =>
  [
    columns.join(","),
    line(ctx, { id: ctx.account, name: "<root_account>", arn: rootArn(ctx.account) }),
    ...users.own(ctx).map((user) => line(ctx, { ...user, arn: users.arnOf(user) })),
  ].join("\n");

export const operations = {
  GenerateCredentialReport: (_input, ctx) => {
    const table = ctx.global.table(reports);
    const known = table.get(ctx.account);
    if (known && ctx.now - known.generated < LIFETIME) return { State: "COMPLETE" };
    const fields = { csv: reportOf(ctx), generated: ctx.now };
    if (known) table.replace({ ...known, ...fields });
    else table.insert({ id: ctx.account, seq: ctx.global.nextSeq(), account: ctx.account, ...fields });
    return { State: "STARTED", Description: "No report exists. Starting a new report generation task" };
  },

  GetCredentialReport: (_input, ctx) => {
    const report = ctx.global.table(reports).get(ctx.account);
    if (!report) throw new ApiError("ReportNotPresent");
    if (ctx.now - report.generated >= LIFETIME) throw new ApiError("ReportExpired");
    return {
      Content: new TextEncoder().encode(report.csv),
      ReportFormat: "text/csv",
      GeneratedTime: new Date(report.generated),
    };
  },
} satisfies IamHandlers;
