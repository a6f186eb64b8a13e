import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defaultVpcOf } from "./defaultVpc.ts";

/** What EC2 answers for an account whose limits nobody has raised. */
const attributes: Readonly<Record<string, (ctx: Context) => string>> = {
  "supported-platforms": () => "VPC",
  "vpc-max-security-groups-per-interface": () => "5",
  "max-elastic-ips": () => "5",
  "max-instances": () => "20",
  "vpc-max-elastic-ips": () => "5",
  "default-vpc": (ctx) => defaultVpcOf(ctx)?.id ?? "none",
};

export const operations = {
  DescribeAccountAttributes: ({ AttributeNames }, ctx): Sdk.DescribeAccountAttributesResult => {
    const names = AttributeNames?.length ? [...new Set<string>(AttributeNames)] : Object.keys(attributes);
    return {
      AccountAttributes: names.map((name) => {
        const read = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
        if (!read) {
          throw new ApiError(
            "InvalidParameterValue",
            `Value (${name}) for parameter attributeName is invalid. Unknown account attribute.`,
          );
        }
        return { AttributeName: name, AttributeValues: [{ AttributeValue: read(ctx) }] };
      }),
    };
  },
} satisfies Handlers;
