import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../../errors.ts";
import { refuseMetricCategories } from "../instanceOptions.ts";

const unsupported = (message: string): ApiError => new ApiError("UnsupportedOperation", message);

function refuseTemplate({ LaunchTemplateId, LaunchTemplateName }: Sdk.LaunchTemplateSpecification): void {
  if (LaunchTemplateId !== undefined) {
    throw new ApiError("InvalidLaunchTemplateId.NotFound", LaunchTemplateId);
  }
  if (LaunchTemplateName !== undefined) {
    throw new ApiError("InvalidLaunchTemplateName.NotFoundException", LaunchTemplateName);
  }
  throw new ApiError("MissingParameter", "launchTemplateId or launchTemplateName");
}

/** What EC2 itself no longer has, keeps to itself, or does not have for hvm images. */
function refuseClosed(input: Sdk.RunInstancesRequest): void {
  if (input.ElasticGpuSpecification?.length) {
    throw unsupported("Amazon Elastic Graphics reached end of life on January 8, 2024.");
  }
  if (input.ElasticInferenceAccelerators?.length) {
    throw unsupported("Amazon Elastic Inference is no longer available.");
  }
  if (input.AdditionalInfo !== undefined) throw unsupported("The parameter additionalInfo is reserved.");
  if (input.Operator?.Principal !== undefined) {
    throw unsupported("The operator parameter is reserved for internal use.");
  }
  if (input.KernelId !== undefined || input.RamdiskId !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "A kernel or a RAM disk cannot be specified for an image with the virtualization type 'hvm'.",
    );
  }
}

/**
 * Refuses what a launch may name but nobody can have yet: launch templates, licences, Spot capacity,
 * metric categories.
 */
export function refuseUnavailable(input: Sdk.RunInstancesRequest): void {
  refuseClosed(input);
  if (input.LaunchTemplate) refuseTemplate(input.LaunchTemplate);
  if (input.Placement?.SpreadDomain !== undefined) {
    throw unsupported("The parameter spreadDomain is reserved.");
  }
  if (input.Monitoring) refuseMetricCategories(input.Monitoring);
  const [license] = input.LicenseSpecifications ?? [];
  if (license) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${license.LicenseConfigurationArn}) for parameter licenseConfigurationArn is invalid. The license configuration does not exist.`,
    );
  }
  if (input.InstanceMarketOptions?.MarketType !== undefined) {
    throw unsupported(`The market type '${input.InstanceMarketOptions.MarketType}' is not supported.`);
  }
  if (input.InstanceMarketOptions?.SpotOptions) {
    throw new ApiError("MissingParameter", "instanceMarketOptions.marketType");
  }
  if (input.SecondaryInterfaces?.length) throw unsupported("Secondary interfaces are not supported.");
}
