import { expect, test } from "vitest";
import { loadEc2Actions } from "../../server/iam/actionTable.ts";
import { loadService } from "../../server/wire/service.ts";

const actions = await loadEc2Actions();

test("an action tells what it is about, and by which keys it can be limited", () => {
  const run = actions.get("RunInstances");
  const required = run?.resources.filter((resource) => resource.required).map(({ type }) => type);
  expect(required).toEqual(
    expect.arrayContaining(["image", "instance", "network-interface", "security-group", "subnet"]),
  );
  const instance = run?.resources.find(({ type }) => type === "instance");
  expect(instance?.arn).toBe("arn:${Partition}:ec2:${Region}:${Account}:instance/${InstanceId}");
  expect(instance?.keys).toEqual(
    expect.arrayContaining(["ec2:InstanceType", "ec2:MetadataHttpTokens", "aws:RequestTag/${TagKey}"]),
  );
  expect(actions.get("DescribeVpcs")).toEqual({ name: "DescribeVpcs", resources: [], keys: ["ec2:Region"] });
});

test("each resource of an action has an ARN", () => {
  for (const { name, resources } of actions.values()) {
    for (const { type, arn } of resources) expect(arn, `${name} ${type}`).toMatch(/^arn:/);
  }
});

/** What the SDK has that the list of actions has not: most of it is younger. */
const unknown: readonly string[] = [
  "AssociateNetworkingFlexCostAllocationPolicy",
  "CreateCapacityReservationDateChangeQuote",
  "CreateMetricCategory",
  "CreateNetworkingFlexCostAllocationPolicy",
  "DeleteClientVpnEndpointAuthorizationPolicy",
  "DeleteMetricCategory",
  "DeleteNetworkingFlexCostAllocationPolicies",
  "DescribeCapacityReservationDateChangeQuotes",
  "DescribeMetricCategories",
  "DescribeNetworkingFlexCostAllocationPolicies",
  "DescribeNetworkingFlexCostAllocationPolicyAssociations",
  "DisassociateNetworkingFlexCostAllocationPolicy",
  "GetCapacityManagerSupportabilityScores",
  "GetClientVpnEndpointAuthorizationPolicy",
  "GetImageFindings",
  "GetNetworkingFlexCostAllocationPolicyVersions",
  "GetTransitGatewayAttachmentNatConfiguration",
  "ModifyClientVpnEndpointAuthorizationPolicy",
  "ModifyMetricCategory",
  "ModifyNetworkingFlexCostAllocationPolicy",
  "ModifyTransitGatewayAttachmentNatConfiguration",
  "ReplaceImageInstanceTypeSpecification",
  "ValidateSecurityGroupQuotasForInterface",
];

test("EC2's operations are actions, but for a few", async () => {
  const { operations } = await loadService("ec2");
  expect([...operations.keys()].filter((name) => !actions.has(name))).toEqual(unknown);
});
