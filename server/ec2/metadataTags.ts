import type { Tag } from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";

/** Keys that the metadata service can show as a path. */
const SHOWABLE_KEY = /^(?!\.$|\.\.$|_index$)[0-9a-zA-Z\-_+=,.@:]{1,255}$/;

/**
 * Makes sure that the metadata service can show these tags.
 *
 * @throws {ApiError} InvalidParameterValue
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html
 */
export function checkShowable(tags: readonly Tag[]): void {
  for (const { Key = "" } of tags) {
    if (SHOWABLE_KEY.test(Key)) continue;
    throw new ApiError(
      "InvalidParameterValue",
      `'${Key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')`,
    );
  }
}
