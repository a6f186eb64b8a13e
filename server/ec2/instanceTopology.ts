import type * as Sdk from "@aws-sdk/client-ec2";
import { createHash } from "node:crypto";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { findZone } from "./catalogue/zones.ts";
import { instances, type Instance } from "./instance.ts";
import { typeOf } from "./instanceView.ts";
import { placementGroups } from "./placementGroup.ts";

/**
 * The types whose place is told, with as many nodes as there are layers of the network above them.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-topology-prerequisites.html
 */
const LAYERS: readonly (readonly [types: RegExp, layers: number])[] = [
  [/^(?:g6e|g7e|hpc6a|hpc6id|hpc7a|hpc7g|hpc8a|p3dn|p4d|p4de|p5e|p5en|p6e-gb200|trn1n|trn2u)\./, 3],
  [/^(?:p5|trn2)\.48xlarge$/, 3],
  [/^trn1\.(?:2|32)xlarge$/, 3],
  [/^p6-b[23]00\.48xlarge$/, 4],
];

const MAX_NAMED = 100;

/** A node's name says nothing of where it is, and is another for each account. */
function nodeName(ctx: Context, place: string): string {
  const sealed = ctx.seal.close("network-node", `${ctx.account}/${ctx.region}/${place}`);
  return `nn-${createHash("sha256").update(sealed).digest("hex").slice(0, 17)}`;
}

/**
 * The nodes between the zone and an instance, from the top: the zone's own, that of all racks with hosts of the family,
 * that of the rack, and, where there is a fourth layer, that of the host.
 */
function nodesOf(ctx: Context, instance: Instance): string[] {
  const layers = LAYERS.find(([types]) => types.test(instance.instanceType))?.[1];
  const place = ctx.world.hosts.whereabouts(ctx.region, instance.id);
  if (layers === undefined || !place || instance.state !== "running") return [];
  const hall = `${instance.zone}/${typeOf(instance).family}`;
  const places = [instance.zone, hall, `${hall}/${place.rack}`, `${hall}/${place.rack}/${place.host}`];
  return places.slice(0, layers).map((each) => nodeName(ctx, each));
}

const groupOf = (ctx: Context, { placementGroup }: Instance): string | undefined =>
  placementGroup && placementGroups.table(ctx).get(placementGroup.id)?.name;

const view = (ctx: Context, instance: Instance): Sdk.InstanceTopology => ({
  InstanceId: instance.id,
  InstanceType: instance.instanceType,
  GroupName: groupOf(ctx, instance),
  NetworkNodes: nodesOf(ctx, instance),
  AvailabilityZone: instance.zone,
  ZoneId: findZone(ctx.region, instance.zone)?.id,
});

function asked(ctx: Context, input: Sdk.DescribeInstanceTopologyRequest): readonly Instance[] {
  const { InstanceIds: ids = [], GroupNames: names = [], MaxResults } = input;
  if (ids.length > 0 && MaxResults !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter InstanceIds cannot be used with the parameter MaxResults",
    );
  }
  if (ids.length > MAX_NAMED || names.length > MAX_NAMED) {
    throw new ApiError(
      "InvalidParameterValue",
      `At most ${MAX_NAMED} instance IDs and ${MAX_NAMED} placement group names can be specified.`,
    );
  }
  const known = new Set(placementGroups.own(ctx).map(({ name }) => name));
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) throw new ApiError("InvalidPlacementGroup.Unknown", unknown);
  const rows = ids.length > 0 ? instances.getAll(ctx, ids) : instances.own(ctx);
  return rows.filter(
    (row) => row.state !== "terminated" && (names.length === 0 || names.includes(groupOf(ctx, row) ?? "")),
  );
}

export const operations = {
  DescribeInstanceTopology: describeList({
    output: "Instances",
    filters: {
      "availability-zone": (instance: Sdk.InstanceTopology) => instance.AvailabilityZone,
      "instance-type": (instance) => instance.InstanceType,
      "zone-id": (instance) => instance.ZoneId,
    },
    pages: [1, 100, 20],
    of: (input: Sdk.DescribeInstanceTopologyRequest, ctx) =>
      asked(ctx, input).map((instance) => view(ctx, instance)),
  }),
} satisfies Handlers;
