import type { Context } from "../kit/context.ts";
import { awsPrefixList } from "./catalogue/prefixLists.ts";
import { currentOf, prefixLists } from "./prefixList.ts";

/** The blocks of a list, whoever has it, as they are in force; none if it is gone. */
export function blocksInList(ctx: Context, id: string): readonly string[] {
  const aws = awsPrefixList(ctx.region, id);
  if (aws) return aws.cidrs;
  const list = prefixLists.table(ctx).get(id);
  return list ? currentOf(list).entries.map(({ cidr }) => cidr) : [];
}
