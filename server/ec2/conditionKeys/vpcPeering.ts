import type * as Sdk from "@aws-sdk/client-ec2";
import type { VpcPeering } from "../vpcPeering.ts";
import type { TypeKeys } from "./typeKeys.ts";

const vpcArn = (side: { readonly region: string; readonly account: string; readonly vpcId: string }) =>
  `arn:aws:ec2:${side.region}:${side.account}:vpc/${side.vpcId}`;

export const vpcPeeringKeys: TypeKeys<VpcPeering, Sdk.CreateVpcPeeringConnectionRequest> = {
  rows: {
    "ec2:AccepterVpc": ({ accepter }) => vpcArn(accepter),
    "ec2:RequesterVpc": ({ requester }) => vpcArn(requester),
  },
  asked: {
    "ec2:AccepterVpc": ({ PeerVpcId, PeerOwnerId, PeerRegion }, { account, region }) =>
      PeerVpcId &&
      vpcArn({ region: PeerRegion ?? region, account: PeerOwnerId ?? account, vpcId: PeerVpcId }),
    "ec2:RequesterVpc": ({ VpcId }, { account, region }) =>
      VpcId && vpcArn({ region, account, vpcId: VpcId }),
  },
};
