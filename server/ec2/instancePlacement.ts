import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { readMembership } from "./groupMembership.ts";
import { checkAlive, checkStopped, instances, type HostChoice, type Instance } from "./instance.ts";
import { typeOf } from "./instanceView.ts";
import { checkHost, readAffinity } from "./placement.ts";
import { placementGroups, readGroup, type GroupMembership } from "./placementGroup.ts";
import { refuseResourceGroup } from "./resourceGroup.ts";

type Asked = Omit<Sdk.ModifyInstancePlacementRequest, "InstanceId">;

/** "You can't change the tenancy from host to dedicated or default. […] results in an InvalidRequest error code." */
function readTenancy(instance: Instance, asked: Sdk.HostTenancy | undefined): Sdk.Tenancy {
  const { id, tenancy } = instance;
  if (asked === undefined || asked === tenancy) return tenancy;
  if (tenancy === "host") {
    throw new ApiError(
      "InvalidRequest",
      `The tenancy of instance '${id}' cannot be changed from '${tenancy}' to '${asked}'.`,
    );
  }
  const { name, dedicatedHosts } = typeOf(instance);
  if (asked === "host" && !dedicatedHosts) throw new ApiError("UnsupportedHostConfiguration", name);
  if (asked === "host" && instance.capacity.target !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Capacity Reservations cannot be used with Dedicated Hosts.",
    );
  }
  return asked;
}

function readHostChoice(
  ctx: Context,
  instance: Instance,
  tenancy: Sdk.Tenancy,
  { Affinity, HostId }: Asked,
): HostChoice | undefined {
  const before = instance.dedicatedHost;
  const affinity = readAffinity(tenancy, Affinity) ?? before?.affinity ?? "default";
  if (HostId !== undefined) checkHost(ctx, HostId, { ...instance, tenancy }, typeOf(instance));
  if (tenancy !== "host") return undefined;
  const id = HostId ?? before?.id;
  // With affinity, where it is or was last; without, only what this call names.
  return { id, affinity, only: HostId !== undefined || (affinity === "host" && id !== undefined) };
}

function readGroupChange(
  ctx: Context,
  instance: Instance,
  tenancy: Sdk.Tenancy,
  asked: Asked,
): GroupMembership | undefined {
  const { GroupName, GroupId, PartitionNumber } = asked;
  const isNew = GroupName !== undefined || GroupId !== undefined;
  const before = instance.placementGroup;
  const group = isNew ? readGroup(ctx, asked) : before && placementGroups.table(ctx).get(before.id);
  const partition = PartitionNumber ?? (group?.id === before?.id ? before?.partition : undefined);
  return readMembership(group, partition, typeOf(instance), tenancy);
}

export const operations = {
  ModifyInstancePlacement: ({ InstanceId, ...asked }, ctx) => {
    const instance = instances.get(ctx, InstanceId);
    const { Affinity, HostResourceGroupArn, ...others } = asked;
    refuseResourceGroup(HostResourceGroupArn);
    const isForStopped = Object.values(others).some((value) => value !== undefined);
    if (Affinity === undefined && !isForStopped) {
      throw new ApiError("MissingParameter", "affinity, groupName, hostId or tenancy");
    }
    const tenancy = readTenancy(instance, asked.Tenancy);
    const dedicatedHost = readHostChoice(ctx, instance, tenancy, asked);
    const placementGroup = readGroupChange(ctx, instance, tenancy, asked);
    if (isForStopped) checkStopped(instance);
    else checkAlive(instance);
    instances.update(ctx, instance.id, { tenancy, dedicatedHost, placementGroup });
    return { Return: true };
  },
} satisfies Handlers;
