import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { findZone } from "./catalogue/zones.ts";
import { deleteInterface, networkInterfaces, type NetworkInterface } from "./networkInterface.ts";

/** Where clients of an endpoint come in: a subnet, or, where it is at a transit gateway, a zone. */
export interface ClientVpnTargetNetwork extends ResourceRow {
  readonly endpointId: string;
  readonly state: "associating" | "associated" | "disassociating";
  /** None of a zone. */
  readonly subnetId: string | undefined;
  readonly vpcId: string | undefined;
  /** Zone name. */
  readonly zone: string;
}

type Rows = Pick<Context, "unit">;

/** The interface that an endpoint has in an associated subnet. */
export const doorOf = (rows: Rows, { id }: ClientVpnTargetNetwork): NetworkInterface | undefined =>
  networkInterfaces.table(rows).by("managedFor", id)[0];

export const targetNetworkFilters = {
  "association-id": (network: Sdk.TargetNetwork) => network.AssociationId,
  "target-network-id": (network: Sdk.TargetNetwork) => network.TargetNetworkId,
  "vpc-id": (network: Sdk.TargetNetwork) => network.VpcId,
};

/** @see https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-target.html */
export const clientVpnTargetNetworks = defineResource({
  type: "client-vpn-target-network",
  idPrefix: "cvpn-assoc",
  notFound: "InvalidClientVpnAssociationIdNotFound",
  ids: "AssociationIds",
  view: (row: ClientVpnTargetNetwork, { ctx }): Sdk.TargetNetwork => ({
    AssociationId: row.id,
    ClientVpnEndpointId: row.endpointId,
    Status: { Code: row.state },
    ...(row.subnetId === undefined
      ? {
          AvailabilityZones: [row.zone],
          AvailabilityZoneIds: [findZone(ctx.region, row.zone)?.id ?? row.zone],
        }
      : {
          VpcId: row.vpcId,
          TargetNetworkId: row.subnetId,
          SecurityGroups: [...(doorOf(ctx, row)?.groups ?? [])],
        }),
  }),
  filters: targetNetworkFilters,
  indexes: { endpoint: ({ endpointId }) => endpointId },
  transitions: {
    associated: (ctx, { id, state }) => {
      if (state === "associating") clientVpnTargetNetworks.update(ctx, id, { state: "associated" });
    },
    disassociated: (ctx, row) => {
      const door = doorOf(ctx, row);
      if (door) deleteInterface(ctx, door);
      clientVpnTargetNetworks.delete(ctx, row.id);
    },
  },
});

/** Those of an endpoint, oldest first. */
export const networksOf = (rows: Rows, endpointId: string): ClientVpnTargetNetwork[] =>
  clientVpnTargetNetworks.table(rows).by("endpoint", endpointId);

/** Begins to take a target network away. */
export function leave(ctx: Context, { id }: ClientVpnTargetNetwork): void {
  clientVpnTargetNetworks.update(ctx, id, { state: "disassociating" });
  clientVpnTargetNetworks.soon(ctx, id, "disassociated", 300);
}
