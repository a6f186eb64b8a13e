import type * as Sdk from "@aws-sdk/client-ec2";
import type { CapacityReservation } from "../capacityReservation.ts";
import { groupArn, placementGroups } from "../placementGroup.ts";
import { arnOf, inZone, toBeInZone, type TypeKeys } from "./typeKeys.ts";

const timeOf = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

export const capacityReservationKeys: TypeKeys<CapacityReservation, Sdk.CreateCapacityReservationRequest> = {
  rows: {
    ...inZone,
    "ec2:CapacityReservationFleet": ({ account, fleet }, ctx) =>
      fleet && arnOf(ctx, account, "capacity-reservation-fleet", fleet.id),
    "ec2:CreateDate": ({ created }) => timeOf(created),
    "ec2:EbsOptimized": ({ ebsOptimized }) => ebsOptimized,
    "ec2:EndDate": ({ ends }) => timeOf(ends),
    "ec2:EndDateType": ({ ends }) => (ends === undefined ? "unlimited" : "limited"),
    "ec2:EphemeralStorage": ({ ephemeralStorage }) => ephemeralStorage,
    "ec2:InstanceCount": ({ count }) => count,
    "ec2:InstanceMatchCriteria": ({ match }) => match,
    "ec2:InstancePlatform": ({ platform }) => platform,
    "ec2:InstanceType": ({ instanceType }) => instanceType,
    "ec2:PlacementGroup": ({ placementGroupId }, ctx) => {
      const group = placementGroupId && placementGroups.table(ctx).get(placementGroupId);
      return group ? groupArn(ctx, group) : undefined;
    },
    "ec2:Tenancy": ({ tenancy }) => tenancy,
  },
  asked: {
    ...toBeInZone,
    "ec2:CreateDate": (_input, { now }) => timeOf(now),
    "ec2:EbsOptimized": ({ EbsOptimized = false }) => EbsOptimized,
    "ec2:EndDate": ({ EndDate }) => timeOf(EndDate?.getTime()),
    "ec2:EndDateType": ({ EndDate, EndDateType }) => EndDateType ?? (EndDate ? "limited" : "unlimited"),
    "ec2:EphemeralStorage": ({ EphemeralStorage = false }) => EphemeralStorage,
    "ec2:InstanceCount": ({ InstanceCount }) => InstanceCount,
    "ec2:InstanceMatchCriteria": ({ InstanceMatchCriteria = "open" }) => InstanceMatchCriteria,
    "ec2:InstancePlatform": ({ InstancePlatform }) => InstancePlatform,
    "ec2:InstanceType": ({ InstanceType }) => InstanceType,
    "ec2:PlacementGroup": ({ PlacementGroupArn }) => PlacementGroupArn,
    "ec2:Tenancy": ({ Tenancy = "default" }) => Tenancy,
  },
};
