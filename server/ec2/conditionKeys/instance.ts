import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../../kit/context.ts";
import { instanceProfiles } from "../../iam/instanceProfile.ts";
import type { CatalogueImage } from "../catalogue/image.ts";
import { activeAssociation } from "../iamInstanceProfileAssociation.ts";
import { lookUpImage } from "../image.ts";
import type { Instance } from "../instance.ts";
import { placementGroups } from "../placementGroup.ts";
import { vpcs } from "../vpc.ts";
import { launchSubnet, toBeInSubnetsZone } from "./launchSubnet.ts";
import { arnOf, inZone, type TypeKeys } from "./typeKeys.ts";

/** What EC2 launches when no type is named. */
const USUAL_TYPE = "m1.small";

function tenancyOf(input: Sdk.RunInstancesRequest, ctx: Context): Sdk.Tenancy {
  const vpc = vpcs.table(ctx).get(launchSubnet(input, ctx)?.vpcId ?? "");
  return input.Placement?.Tenancy ?? vpc?.tenancy ?? "default";
}

/** What a launch does not say, its image may: instances of newer ones require IMDSv2. */
const requiresV2 = ({ ImageId = "" }: Sdk.RunInstancesRequest, ctx: Context): boolean =>
  lookUpImage(ctx, ImageId)?.imdsV2 ?? false;

const productCodesOf = (image: Pick<CatalogueImage, "productCodes"> | undefined): string[] | undefined => {
  const codes = image?.productCodes.flatMap(({ ProductCodeId }) => ProductCodeId ?? []) ?? [];
  return codes.length > 0 ? codes : undefined;
};

/** The ARN of the instance profile that a call names, whether there is one or not. */
export function profileArn(
  ctx: Context,
  given: Sdk.IamInstanceProfileSpecification | undefined,
): string | undefined {
  if (given?.Arn !== undefined || given?.Name === undefined) return given?.Arn;
  const row = instanceProfiles.find(ctx, given.Name);
  return row ? instanceProfiles.arnOf(row) : `arn:aws:iam::${ctx.account}:instance-profile/${given.Name}`;
}

export const instanceKeys: TypeKeys<Instance, Sdk.RunInstancesRequest> = {
  rows: {
    ...inZone,
    "ec2:CpuOptionsAmdSevSnp": ({ cpu }) => cpu.amdSevSnp,
    "ec2:EbsOptimized": ({ ebsOptimized }) => ebsOptimized,
    "ec2:InstanceAutoRecovery": ({ autoRecovery }) => autoRecovery,
    "ec2:InstanceBandwidthWeighting": ({ bandwidthWeighting }) => bandwidthWeighting,
    "ec2:InstanceMarketType": () => "on-demand",
    "ec2:InstanceMetadataTags": ({ metadata }) => metadata.tags,
    "ec2:InstanceProfile": ({ id }, ctx) => activeAssociation(ctx, id)?.arn,
    "ec2:InstanceType": ({ instanceType }) => instanceType,
    "ec2:MetadataHttpEndpoint": ({ metadata }) => metadata.endpoint,
    "ec2:MetadataHttpPutResponseHopLimit": ({ metadata }) => metadata.hopLimit,
    "ec2:MetadataHttpTokens": ({ metadata }) => metadata.tokens,
    "ec2:PlacementGroup": ({ account, placementGroup }, ctx) => {
      const group = placementGroup && placementGroups.table(ctx).get(placementGroup.id);
      return group && arnOf(ctx, account, "placement-group", group.name);
    },
    "ec2:ProductCode": ({ image }) => productCodesOf(image),
    "ec2:RootDeviceType": () => "ebs",
    "ec2:Tenancy": ({ tenancy }) => tenancy,
  },
  asked: {
    ...toBeInSubnetsZone,
    "ec2:CpuOptionsAmdSevSnp": ({ CpuOptions }) => CpuOptions?.AmdSevSnp,
    "ec2:EbsOptimized": ({ EbsOptimized = false }) => EbsOptimized,
    "ec2:InstanceAutoRecovery": ({ MaintenanceOptions }) => MaintenanceOptions?.AutoRecovery ?? "default",
    "ec2:InstanceBandwidthWeighting": ({ NetworkPerformanceOptions }) =>
      NetworkPerformanceOptions?.BandwidthWeighting ?? "default",
    "ec2:InstanceMarketType": ({ InstanceMarketOptions }) => InstanceMarketOptions?.MarketType ?? "on-demand",
    "ec2:InstanceMetadataTags": ({ MetadataOptions }) => MetadataOptions?.InstanceMetadataTags ?? "disabled",
    "ec2:InstanceProfile": ({ IamInstanceProfile }, ctx) => profileArn(ctx, IamInstanceProfile),
    "ec2:InstanceType": ({ InstanceType = USUAL_TYPE }) => InstanceType,
    "ec2:MetadataHttpEndpoint": ({ MetadataOptions }) => MetadataOptions?.HttpEndpoint ?? "enabled",
    "ec2:MetadataHttpPutResponseHopLimit": (input, ctx) =>
      input.MetadataOptions?.HttpPutResponseHopLimit ?? (requiresV2(input, ctx) ? 2 : 1),
    "ec2:MetadataHttpTokens": (input, ctx) =>
      input.MetadataOptions?.HttpTokens ?? (requiresV2(input, ctx) ? "required" : "optional"),
    "ec2:PlacementGroup": ({ Placement }, ctx) =>
      Placement?.GroupName && arnOf(ctx, ctx.account, "placement-group", Placement.GroupName),
    "ec2:ProductCode": ({ ImageId = "" }, ctx) => productCodesOf(lookUpImage(ctx, ImageId)),
    "ec2:RootDeviceType": () => "ebs",
    "ec2:Tenancy": tenancyOf,
  },
};
