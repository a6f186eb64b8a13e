import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { dedicatedHosts, type DedicatedHost } from "./dedicatedHost.ts";

/** By family, the newest macOS of each major version that its hosts come with. Those with Apple M4 know no older one. */
const versions: ReadonlyMap<string, readonly string[]> = new Map(
  ["mac1", "mac2", "mac2-m1ultra", "mac2-m2", "mac2-m2pro"].map((family) => [
    family,
    ["14.4", "13.6.5", "12.7.4"],
  ]),
);
const M4_VERSIONS = ["15.6"];

interface MacHost extends Sdk.MacHost {
  readonly AvailabilityZone: string;
  readonly InstanceType: string | undefined;
}

const isMac = ({ family, released }: DedicatedHost): boolean =>
  family.startsWith("mac") && released === undefined;

const view = ({ id, family, zone, instanceType }: DedicatedHost): MacHost => ({
  HostId: id,
  MacOSLatestSupportedVersions: [...(versions.get(family) ?? M4_VERSIONS)],
  AvailabilityZone: zone,
  InstanceType: instanceType,
});

const describe = describeList({
  output: "MacHosts",
  filters: {
    "availability-zone": (host: MacHost) => host.AvailabilityZone,
    "instance-type": (host: MacHost) => host.InstanceType,
  },
  pages: [5, 500],
  of: ({ HostIds }: Sdk.DescribeMacHostsRequest, ctx) =>
    (HostIds?.length ? dedicatedHosts.getAll(ctx, HostIds) : dedicatedHosts.own(ctx)).filter(isMac).map(view),
});

export const operations = {
  DescribeMacHosts: Object.assign(
    (input: Sdk.DescribeMacHostsRequest, ctx: Context): Sdk.DescribeMacHostsResult => {
      const { MacHosts, ...page } = describe(input, ctx);
      return {
        MacHosts: MacHosts.map(({ HostId, MacOSLatestSupportedVersions }) => ({
          HostId,
          MacOSLatestSupportedVersions,
        })),
        ...page,
      };
    },
    { filters: describe.filters },
  ),
} satisfies Handlers;
