import type * as Sdk from "@aws-sdk/client-ec2";
import type { PlacementGroup } from "../placementGroup.ts";
import type { TypeKeys } from "./typeKeys.ts";

export const placementGroupKeys: TypeKeys<PlacementGroup, Sdk.CreatePlacementGroupRequest> = {
  rows: {
    "ec2:PlacementGroupName": ({ name }) => name,
    "ec2:PlacementGroupStrategy": ({ strategy }) => strategy,
  },
  asked: {
    "ec2:PlacementGroupName": ({ GroupName }) => GroupName,
    "ec2:PlacementGroupStrategy": ({ Strategy = "cluster" }) => Strategy,
  },
};
