import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList, numbered } from "../kit/list.ts";
import { takePage } from "../kit/pages.ts";
import { instanceTypeFilters } from "./catalogue/instanceTypeFilters.ts";
import { describeInstanceType } from "./catalogue/instanceTypeInfo.ts";
import { allInstanceTypes, findInstanceType, type InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import { describeOfferings, offeringFilters } from "./catalogue/offerings.ts";
import { meetsRequirements } from "./catalogue/requirements.ts";

const views = new WeakMap<InstanceTypeFacts, Sdk.InstanceTypeInfo>();

function show(facts: InstanceTypeFacts): Sdk.InstanceTypeInfo {
  const known = views.get(facts);
  if (known) return known;
  const view = Object.freeze(describeInstanceType(facts));
  views.set(facts, view);
  return view;
}

const MAX_NAMES = 100;

/** @throws {ApiError} InvalidInstanceType naming all that do not exist */
function findTypes(names: readonly string[]): readonly InstanceTypeFacts[] {
  if (names.length > MAX_NAMES) {
    throw new ApiError(
      "InvalidParameterValue",
      `The maximum number of instance types specified on a single call is ${MAX_NAMES}`,
    );
  }
  const found = [...new Set(names)].map((name) => findInstanceType(name) ?? name);
  const unknown = found.filter((type) => typeof type === "string");
  if (unknown.length > 0) throw new ApiError("InvalidInstanceType", unknown.join(", "));
  return found.filter((type) => typeof type !== "string");
}

type Requirements = Sdk.InstanceRequirementsRequest;

/** Two members that say the same thing in ways that exclude each other. */
const exclusive = [
  ["AllowedInstanceTypes", "ExcludedInstanceTypes"],
  ["SpotMaxPricePercentageOverLowestPrice", "MaxSpotPriceAsPercentageOfOptimalOnDemandPrice"],
] as const satisfies readonly (readonly [keyof Requirements, keyof Requirements])[];

/** "Not supported for GetSpotPlacementScores and GetInstanceTypesFromInstanceRequirements", or by islet. */
const unsupported = [
  "BaselinePerformanceFactors",
  "MaxSpotPriceAsPercentageOfOptimalOnDemandPrice",
  "OnDemandMaxPricePercentageOverLowestPrice",
  "SpotMaxPricePercentageOverLowestPrice",
] as const satisfies readonly (keyof Requirements)[];

const MAX_PATTERNS = 400;
const PATTERN = /^[a-zA-Z0-9.*-]{1,30}$/;

function checkPatterns(name: keyof Requirements, patterns: readonly string[] = []): void {
  if (patterns.length > MAX_PATTERNS) {
    throw new ApiError("InvalidParameterValue", `${name} must have at most ${MAX_PATTERNS} items.`);
  }
  const wrong = patterns.find((pattern) => !PATTERN.test(pattern));
  if (wrong !== undefined) {
    throw new ApiError("InvalidParameterValue", `Value (${wrong.slice(0, 256)}) for ${name} is invalid.`);
  }
}

function checkRange(name: string, member: unknown): void {
  if (typeof member !== "object" || member === null) return;
  const { Min, Max } = member as { Min?: number; Max?: number };
  for (const bound of [Min, Max]) {
    if (bound !== undefined && bound < 0) {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${bound}) for ${name} is invalid. It must not be negative.`,
      );
    }
  }
  if (Min !== undefined && Max !== undefined && Min > Max) {
    throw new ApiError(
      "InvalidParameterValue",
      `The minimum of ${name} (${Min}) must not be greater than its maximum (${Max}).`,
    );
  }
}

/** @throws {ApiError} InvalidParameterCombination, InvalidParameterValue, UnsupportedOperation */
function checkRequirements(asked: Requirements): void {
  for (const [one, other] of exclusive) {
    if (asked[one] !== undefined && asked[other] !== undefined) {
      throw new ApiError(
        "InvalidParameterCombination",
        `You can specify either ${one} or ${other}, but not both.`,
      );
    }
  }
  const name = unsupported.find((each) => asked[each] !== undefined);
  if (name) throw new ApiError("UnsupportedOperation", `${name} is not supported by this operation.`);
  checkPatterns("AllowedInstanceTypes", asked.AllowedInstanceTypes);
  checkPatterns("ExcludedInstanceTypes", asked.ExcludedInstanceTypes);
  for (const [member, range] of Object.entries(asked)) checkRange(member, range);
}

export const operations = {
  DescribeInstanceTypeOfferings: describeList({
    output: "InstanceTypeOfferings",
    filters: offeringFilters,
    pages: [5, 1000, 1000],
    of: ({ LocationType = "region" }: Sdk.DescribeInstanceTypeOfferingsRequest, { region }) =>
      LocationType === "outpost" ? [] : describeOfferings(region, LocationType),
  }),

  DescribeInstanceTypes: describeList({
    output: "InstanceTypes",
    filters: instanceTypeFilters,
    pages: [5, 100, 100],
    of: ({ InstanceTypes, IncludeUnsupportedInRegion }: Sdk.DescribeInstanceTypesRequest) => {
      const types = InstanceTypes?.length ? findTypes(InstanceTypes) : allInstanceTypes();
      // Every region has every type, so that there are no more of them with those that a region lacks.
      return IncludeUnsupportedInRegion
        ? types.map((facts) => ({ ...show(facts), SupportedInRegion: true }))
        : types.map(show);
    },
  }),

  GetInstanceTypesFromInstanceRequirements: (
    { ArchitectureTypes, VirtualizationTypes, InstanceRequirements, Context, ...page },
    ctx,
  ) => {
    if (Context) throw new ApiError("InvalidParameterValue", "The parameter Context is reserved.");
    checkRequirements(InstanceRequirements);
    const types = allInstanceTypes().filter((facts) =>
      meetsRequirements(facts, InstanceRequirements, ArchitectureTypes, VirtualizationTypes),
    );
    const { items, ...next } = takePage(
      ctx,
      numbered(types),
      page,
      ({ view }) => ({ InstanceType: view.name }),
      [1, 1000, 1000],
    );
    return { InstanceTypes: items, ...next };
  },
} satisfies Handlers;

export const partly = {
  GetInstanceTypesFromInstanceRequirements: "BaselinePerformanceFactors",
};
