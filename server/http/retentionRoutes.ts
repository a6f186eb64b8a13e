import type { Tag } from "@aws-sdk/client-ec2";
import type { Cloud } from "../cloud.ts";
import {
  createRetentionRule,
  deleteRetentionRule,
  RETAINED_TYPES,
  retentionRulesOf,
  type RetentionRule,
} from "../ec2/retentionRule.ts";
import { count, regionOf, required } from "./fields.ts";
import { allow, invalid, type Fields, type Route } from "./operator.ts";

/** As long as anything is kept: a year. */
const LONGEST_SECONDS = 365 * 24 * 3600;

const view = ({ id, account, type, seconds, tags }: RetentionRule) => ({
  RuleId: id,
  AccountId: account,
  ResourceType: type,
  RetentionSeconds: seconds,
  Tags: tags,
});

/** The retention rules of the Recycle Bin, which on AWS a service of their own (`rbin`) has. */
export function retentionRoutes(
  cloud: () => Cloud,
  regions: ReadonlySet<string>,
): Readonly<Record<string, Route>> {
  return {
    "POST retention-rules": (fields) => {
      allow(fields, "Region", "AccountId", "ResourceType", "RetentionSeconds", "Tags");
      const unit = cloud().unit(regionOf(fields, regions));
      const account = required(fields, "AccountId");
      if (!/^\d{12}$/.test(account)) throw invalid("AccountId", account);
      const type = RETAINED_TYPES.find((each) => each === fields["ResourceType"]);
      if (!type) throw invalid("ResourceType", fields["ResourceType"]);
      const seconds = count(fields, "RetentionSeconds");
      if (seconds < 1 || seconds > LONGEST_SECONDS) throw invalid("RetentionSeconds", seconds);
      const tags = readTags(fields);
      return cloud().pipeline.act(unit, "retention-rule", (contextOf) =>
        view(createRetentionRule(contextOf(account), { type, seconds, tags })),
      );
    },

    "POST retention-rules/delete": (fields) => {
      allow(fields, "Region", "RuleId");
      const unit = cloud().unit(regionOf(fields, regions));
      const id = required(fields, "RuleId");
      cloud().pipeline.act(unit, "retention-rule", () => {
        if (!deleteRetentionRule({ unit }, id)) throw invalid("RuleId", id);
      });
    },

    "GET retention-rules": (fields) => {
      allow(fields, "Region");
      const unit = cloud().unit(regionOf(fields, regions));
      return { Rules: retentionRulesOf({ unit }).map(view) };
    },
  };
}

/** `[{ "Key": …, "Value": … }]`, the values of which may be missing. */
function readTags({ Tags: tags = [] }: Fields): readonly Tag[] {
  if (!Array.isArray(tags)) throw invalid("Tags", tags);
  return tags.map((tag: unknown) => {
    if (typeof tag !== "object" || tag === null) throw invalid("Tags", tag);
    const { Key, Value, ...rest } = tag as Fields;
    const isText = Value === undefined || typeof Value === "string";
    if (typeof Key !== "string" || !isText || Object.keys(rest).length > 0) {
      throw invalid("Tags", JSON.stringify(tag));
    }
    return { Key, ...(Value !== undefined && { Value }) };
  });
}
