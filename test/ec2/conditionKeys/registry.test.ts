import { expect, test } from "vitest";
import { conditionKeys } from "../../../server/ec2/conditionKeys/registry.ts";
import { requestKeys } from "../../../server/ec2/conditionKeys/request.ts";
import { ec2Handlers } from "../../../server/ec2/registry.ts";
import { loadEc2Actions } from "../../../server/iam/actionTable.ts";
import { resources } from "../../../server/kit/resource.ts";

/** What nothing here can have, and why. */
const never: Readonly<Record<string, string>> = {
  "ec2:ElasticGpuType": "Elastic Graphics is no more",
  "ec2:IpamPrefixListResolverTargetId": "no IPAM",
  "ec2:LaunchTemplate": "no launch templates",
  "ec2:ManagedResourceOperator": "no operators",
  "ec2:SourceAvailabilityZone": "calls come from outside",
  "ec2:SourceOutpostArn": "calls come from outside",
};

/** Those of a type that the key means nothing for here. */
const neverOf: Readonly<Record<string, readonly string[]>> = {
  // Images of the Marketplace alone have product codes, and their snapshots are not for others.
  snapshot: ["ec2:ProductCode", "ec2:AvailabilityZone", "ec2:ParentSnapshot"],
};

/** Answered whatever the resource. */
const common =
  /^(?:aws:.*|ec2:Region|ec2:(?:Resource|Request)Tag\/.*|ec2:Attribute(?:\/.*)?|ec2:CreateAction|ec2:NewInstanceProfile)$/;

test("each condition key that EC2 documents for what is built has its answer", async () => {
  const actions = await loadEc2Actions();
  const missing = new Set<string>();
  for (const name of ec2Handlers.keys()) {
    for (const { type, keys } of actions.get(name)?.resources ?? []) {
      if (!resources.has(type)) continue;
      const { rows = {}, asked = {} } = conditionKeys[type] ?? {};
      for (const key of keys) {
        const isId = key.toLowerCase() === `ec2:${type.replaceAll("-", "")}id`;
        const isKnown = key in rows || key in asked || key in requestKeys || isId || common.test(key);
        if (!isKnown && !(key in never) && !neverOf[type]?.includes(key)) missing.add(`${type}: ${key}`);
      }
    }
  }
  expect([...missing]).toEqual([]);
});
