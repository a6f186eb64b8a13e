import type { Tag } from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import type { Row, TableDefinition } from "../state/table.ts";

/** What the Recycle Bin can keep, as the service that has its rules names it. */
export const RETAINED_TYPES = ["EBS_SNAPSHOT", "EBS_VOLUME", "EC2_IMAGE"] as const;
export type RetainedType = (typeof RETAINED_TYPES)[number];

/** How long an account keeps what it deletes in a region. */
export interface RetentionRule extends Row {
  readonly type: RetainedType;
  readonly seconds: number;
  /** Only what has one of these tags is kept; all is, if there are none. Without a value, any will do. */
  readonly tags: readonly Tag[];
}

/** There is no service here that has rules (`rbin`), so that an operator makes them. */
const retentionRules: TableDefinition<RetentionRule> = {
  name: "retention-rule",
  indexes: { owner: ({ account, type }) => `${account}/${type}` },
};

/** Makes a rule of the account that `ctx` is about. */
export function createRetentionRule(
  ctx: Context,
  rule: Pick<RetentionRule, "type" | "seconds" | "tags">,
): RetentionRule {
  const table = ctx.unit.table(retentionRules);
  const row = { ...rule, id: ctx.chance.hex(11), seq: ctx.unit.nextSeq(), account: ctx.account };
  table.insert(row);
  return row;
}

/** Whether there was such a rule. What is in the bin by then stays until its time. */
export function deleteRetentionRule({ unit }: Pick<Context, "unit">, id: string): boolean {
  const table = unit.table(retentionRules);
  if (!table.get(id)) return false;
  table.remove(id);
  return true;
}

/** All rules of a region, oldest first. */
export const retentionRulesOf = ({ unit }: Pick<Context, "unit">): readonly RetentionRule[] => [
  ...unit.table(retentionRules).all(),
];

const covers = ({ tags }: RetentionRule, owned: readonly Tag[]): boolean =>
  tags.length === 0 ||
  tags.some(({ Key, Value }) =>
    owned.some((tag) => tag.Key === Key && (Value === undefined || tag.Value === Value)),
  );

/**
 * For how many seconds something of the account is kept after it was deleted: of several rules, the longest is followed.
 * Undefined if none covers it.
 *
 * @param tags its own
 * @see https://docs.aws.amazon.com/ebs/latest/userguide/recycle-bin-create-rule.html
 */
export function retentionOf(ctx: Context, type: RetainedType, tags: readonly Tag[]): number | undefined {
  const rules = ctx.unit.table(retentionRules).by("owner", `${ctx.account}/${type}`);
  const periods = rules.filter((rule) => covers(rule, tags)).map(({ seconds }) => seconds);
  return periods.length > 0 ? Math.max(...periods) : undefined;
}
