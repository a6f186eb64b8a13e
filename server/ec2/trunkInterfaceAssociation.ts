import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";

/** That the packets of a branch interface come and go by a trunk interface, with a tag that tells them apart. */
export interface TrunkInterfaceAssociation extends ResourceRow {
  readonly branchId: string;
  readonly trunkId: string;
  readonly protocol: Sdk.InterfaceProtocolType;
  /** The VLAN's id or the GRE key, which no other branch of the trunk has. */
  readonly key: number;
}

/** They go with either of the two interfaces. */
export const trunkInterfaceAssociations = defineResource({
  type: "trunk-interface-association",
  idPrefix: "trunk-assoc",
  notFound: "InvalidAssociationID.NotFound",
  ids: "AssociationIds",
  view: (row: TrunkInterfaceAssociation, { tags }): Sdk.TrunkInterfaceAssociation => ({
    AssociationId: row.id,
    BranchInterfaceId: row.branchId,
    TrunkInterfaceId: row.trunkId,
    InterfaceProtocol: row.protocol,
    VlanId: row.protocol === "VLAN" ? row.key : undefined,
    GreKey: row.protocol === "GRE" ? row.key : undefined,
    Tags: tags,
  }),
  filters: {
    "gre-key": (association) => association.GreKey,
    "interface-protocol": (association) => association.InterfaceProtocol,
  },
  indexes: {
    interface: ({ branchId, trunkId }) => [branchId, trunkId],
    trunk: ({ trunkId }) => trunkId,
    branch: ({ branchId }) => branchId,
  },
  parents: { "network-interface": "interface" },
  partOf: () => true,
  pages: [5, 255],
  transitions: {},
});

type Rows = Pick<Context, "unit">;

/** The trunk that the packets of an interface come and go by, if it is a branch. */
export const trunkOf = (rows: Rows, interfaceId: string): string | undefined =>
  trunkInterfaceAssociations.table(rows).by("branch", interfaceId)[0]?.trunkId;

/** The branches of a trunk. */
export const branchesOf = (rows: Rows, interfaceId: string): string[] =>
  trunkInterfaceAssociations
    .table(rows)
    .by("trunk", interfaceId)
    .map(({ branchId }) => branchId);
