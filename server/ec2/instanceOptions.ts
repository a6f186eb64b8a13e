import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { present } from "../kit/present.ts";
import type { InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import { checkAlive, checkStopped, instances, type HostnameOptions } from "./instance.ts";
import { interfacesOf, typeOf } from "./instanceView.ts";
import { subnets, type Subnet } from "./subnet.ts";

/** Families whose bandwidth can be shifted between network and EBS. */
const WEIGHABLE = /^(?:[cmr]8(?:a|g|gd|i|id|i-flex)|x8(?:g|aedz|i))$/;

/**
 * Reads what an instance's bandwidth is to favour.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configure-bandwidth-weighting.html#config-bw-support
 */
export function readBandwidthWeighting(
  { name, family }: InstanceTypeFacts,
  asked: Sdk.InstanceBandwidthWeighting = "default",
): Sdk.InstanceBandwidthWeighting {
  if (asked !== "default" && !WEIGHABLE.test(family)) {
    throw new ApiError(
      "InvalidParameterCombination",
      `The instance type '${name}' does not support the bandwidth weighting '${asked}'.`,
    );
  }
  return asked;
}

/**
 * How an instance of a subnet is named: what the launch says, else what the subnet says.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-naming.html
 */
export function readHostnameOptions(
  subnet: Subnet,
  asked: Sdk.PrivateDnsNameOptionsRequest = {},
): HostnameOptions {
  const type = asked.HostnameType ?? subnet.hostnameType;
  checkHostnameType(subnet, type);
  return {
    type,
    aRecord: asked.EnableResourceNameDnsARecord ?? subnet.dnsARecord,
    aaaaRecord: asked.EnableResourceNameDnsAAAARecord ?? subnet.dnsAaaaRecord,
  };
}

function checkHostnameType({ id, cidr }: Subnet, type: Sdk.HostnameType | undefined): void {
  if (type === "ip-name" && cidr === undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      `The hostname type 'ip-name' cannot be used in the IPv6-only subnet '${id}'.`,
    );
  }
}

const MONITORING_SECONDS = 5;

/** Categories of detailed metrics are not built. */
export function refuseMetricCategories({
  MetricCategoryIds,
}: Partial<Sdk.RunInstancesMonitoringEnabled>): void {
  if (MetricCategoryIds?.length) {
    throw new ApiError("UnsupportedOperation", "Metric categories are not supported.");
  }
}

type MonitorInput = Pick<Sdk.MonitorInstancesRequest, "MetricCategoryIds"> & {
  readonly InstanceIds: readonly string[];
};

function changeMonitoring(
  ctx: Context,
  input: MonitorInput,
  enabled: boolean,
): Sdk.MonitorInstancesResult & Sdk.UnmonitorInstancesResult {
  refuseMetricCategories(input);
  const InstanceMonitorings = instances.getAll(ctx, input.InstanceIds).map((instance) => {
    checkAlive(instance);
    const { id, monitoring } = instance;
    const isEnabled = monitoring === "enabled" || monitoring === "pending";
    if (isEnabled === enabled) return { InstanceId: id, Monitoring: { State: monitoring } };
    const State = enabled ? "pending" : "disabling";
    instances.update(ctx, id, { monitoring: State });
    instances.soon(ctx, id, "monitoring", MONITORING_SECONDS);
    return { InstanceId: id, Monitoring: { State } as const };
  });
  return { InstanceMonitorings };
}

export const partly = {
  MonitorInstances: "metric categories",
  UnmonitorInstances: "metric categories",
};

export const operations = {
  ModifyInstanceMaintenanceOptions: ({ InstanceId, AutoRecovery, RebootMigration }, ctx) => {
    const instance = instances.get(ctx, InstanceId);
    checkAlive(instance);
    if (AutoRecovery === undefined && RebootMigration === undefined) {
      throw new ApiError("MissingParameter", "autoRecovery");
    }
    const changed = instances.update(
      ctx,
      instance.id,
      present({ autoRecovery: AutoRecovery, rebootMigration: RebootMigration }),
    );
    return {
      InstanceId: changed.id,
      AutoRecovery: changed.autoRecovery,
      RebootMigration: changed.rebootMigration,
    };
  },

  ModifyInstanceNetworkPerformanceOptions: ({ InstanceId, BandwidthWeighting }, ctx) => {
    const instance = instances.get(ctx, InstanceId);
    const bandwidthWeighting = readBandwidthWeighting(typeOf(instance), BandwidthWeighting);
    checkStopped(instance);
    instances.update(ctx, instance.id, { bandwidthWeighting });
    return { InstanceId: instance.id, BandwidthWeighting: bandwidthWeighting };
  },

  ModifyPrivateDnsNameOptions: ({ InstanceId, PrivateDnsHostnameType, ...records }, ctx) => {
    const instance = instances.get(ctx, InstanceId);
    checkAlive(instance);
    const [primary] = interfacesOf(ctx, instance.id);
    if (primary) checkHostnameType(subnets.get(ctx, primary.subnetId), PrivateDnsHostnameType);
    if (PrivateDnsHostnameType !== undefined && PrivateDnsHostnameType !== instance.hostname.type) {
      checkStopped(instance);
    }
    instances.update(ctx, instance.id, {
      hostname: {
        ...instance.hostname,
        ...present({
          type: PrivateDnsHostnameType,
          aRecord: records.EnableResourceNameDnsARecord,
          aaaaRecord: records.EnableResourceNameDnsAAAARecord,
        }),
      },
    });
    return { Return: true };
  },

  MonitorInstances: (input, ctx) => changeMonitoring(ctx, input, true),

  UnmonitorInstances: (input, ctx) => changeMonitoring(ctx, input, false),
} satisfies Handlers;
