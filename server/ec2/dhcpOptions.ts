import type * as Sdk from "@aws-sdk/client-ec2";
import { parseAddress } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { privateDomain } from "./dnsName.ts";

export interface DhcpOptions extends ResourceRow {
  readonly configurations: readonly { readonly key: string; readonly values: readonly string[] }[];
  /** The set that an account's VPCs have unless told otherwise. */
  readonly isDefault: boolean;
}

/** What the network tells an interface that asks for its configuration. */
export const dhcpOptions = defineResource({
  type: "dhcp-options",
  idPrefix: "dopt",
  notFound: "InvalidDhcpOptionID.NotFound",
  malformed: "InvalidDhcpOptionsId.Malformed",
  ids: "DhcpOptionsIds",
  view: ({ id, configurations }: DhcpOptions, { account, tags }): Sdk.DhcpOptions => ({
    DhcpOptionsId: id,
    OwnerId: account,
    DhcpConfigurations: configurations.map(({ key, values }) => ({
      Key: key,
      Values: values.map((Value) => ({ Value })),
    })),
    Tags: tags,
  }),
  filters: {
    "dhcp-options-id": (options) => options.DhcpOptionsId,
    key: (options) => options.DhcpConfigurations?.map(({ Key }) => Key),
    value: (options) =>
      options.DhcpConfigurations?.flatMap(({ Values = [] }) => Values.map(({ Value }) => Value)),
    "owner-id": (options) => options.OwnerId,
  },
  indexes: { default: ({ account, isDefault }) => (isDefault ? account : undefined) },
});

/** How many values each option may have, as documented for CreateDhcpOptions. */
const MAX_VALUES: ReadonlyMap<string, number> = new Map([
  ["domain-name-servers", 4],
  ["domain-name", 1],
  ["ntp-servers", 4],
  ["netbios-name-servers", 4],
  ["netbios-node-type", 1],
  ["ipv6-address-preferred-lease-time", 1],
]);
const ADDRESSES = new Set(["domain-name-servers", "ntp-servers", "netbios-name-servers"]);

/** The region's default set, made when an account first uses the region. */
export function createDefaultDhcpOptions(ctx: Context): DhcpOptions {
  return dhcpOptions.create(ctx, {
    isDefault: true,
    configurations: [
      { key: "domain-name", values: [privateDomain(ctx.region)] },
      { key: "domain-name-servers", values: ["AmazonProvidedDNS"] },
    ],
  });
}

/** The id of the account's default set, or `default`, which stands for no options at all. */
export const defaultDhcpOptionsId = (ctx: Context): string =>
  dhcpOptions.by(ctx, "default", ctx.account)[0]?.id ?? "default";

const invalid = (value: string, key: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${value}) for parameter ${key} is invalid.`);

function checkValues(key: string, values: readonly string[]): void {
  const most = MAX_VALUES.get(key);
  if (most === undefined) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${key}) for parameter name is invalid. Unknown DHCP option`,
    );
  }
  if (values.length === 0) throw new ApiError("MissingParameter", `value for ${key}`);
  if (values.length > most) throw invalid(values.join(","), key);
  for (const value of values) {
    if (!ADDRESSES.has(key) || parseAddress(value)) continue;
    if (key !== "domain-name-servers" || value !== "AmazonProvidedDNS") throw invalid(value, key);
  }
  if (key === "netbios-node-type" && !["1", "2", "4", "8"].includes(values[0] ?? "")) {
    throw invalid(values[0] ?? "", key);
  }
  if (key === "ipv6-address-preferred-lease-time" && !isLeaseTime(values[0] ?? "")) {
    throw invalid(values[0] ?? "", key);
  }
}

/** "Acceptable values are between 140 and 2147483647 seconds." */
const isLeaseTime = (text: string): boolean =>
  /^\d{3,10}$/.test(text) && Number(text) >= 140 && Number(text) <= 2_147_483_647;

export const operations = {
  CreateDhcpOptions: ({ DhcpConfigurations, TagSpecifications }, ctx) => {
    const configurations = DhcpConfigurations.map(({ Key, Values = [] }) => {
      if (!Key) throw new ApiError("MissingParameter", "DhcpConfiguration.Key");
      // Several servers may also come as one comma-separated value.
      const values = ADDRESSES.has(Key) ? Values.flatMap((value) => value.split(/,\s*/)) : Values;
      checkValues(Key, values);
      return { key: Key, values };
    });
    if (new Set(configurations.map(({ key }) => key)).size < configurations.length) {
      throw new ApiError("InvalidParameterValue", "Duplicate DHCP option specified");
    }
    const options = dhcpOptions.create(ctx, { configurations, isDefault: false }, TagSpecifications);
    return { DhcpOptions: dhcpOptions.show(ctx, options) };
  },

  DeleteDhcpOptions: ({ DhcpOptionsId }, ctx) => {
    const { id } = dhcpOptions.get(ctx, DhcpOptionsId);
    dhcpOptions.checkFree(ctx, id, "dhcpOptions");
    dhcpOptions.delete(ctx, id);
    return {};
  },

  DescribeDhcpOptions: dhcpOptions.describe("DhcpOptions"),
} satisfies Handlers;
