import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { numbered } from "../kit/list.ts";
import { takePage } from "../kit/pages.ts";
import { egressOnlyInternetGateways } from "./egressOnlyInternetGateway.ts";
import { instances } from "./instance.ts";
import { internetGateways } from "./internetGateway.ts";
import { isThere, natGateways } from "./natGateway.ts";
import { networkInterfaces } from "./networkInterface.ts";
import {
  control,
  controlOf,
  demand,
  demandGuards,
  encrypts,
  exclusionsOf,
  isEnforced,
  isStrict,
  readDemand,
  vpcEncryptionControls,
  type Exclusion,
  type VpcEncryptionControl,
} from "./vpcEncryptionControl.ts";
import { accountModeOf } from "./accountEncryptionControl.ts";
import { transitGateways } from "./transitGateway.ts";
import { transitGatewayAttachments } from "./transitGatewayAttachment.ts";
import { vpcs } from "./vpc.ts";
import { vpcPeerings, type VpcPeering } from "./vpcPeering.ts";
import { vpnGateways } from "./vpnGateway.ts";

/** Something in a VPC that would let traffic pass unencrypted. */
interface Blocker {
  readonly id: string;
  readonly type: string;
  readonly description: string;
  /** What it can be excepted as; undefined for what has to go. */
  readonly exclusion: Exclusion | undefined;
}

const isUp = ({ state }: VpcPeering): boolean => state === "provisioning" || state === "active";

/** The VPC at the other end; undefined in another region. */
const peerIn = (ctx: Context, { requester, accepter }: VpcPeering, vpcId: string): string | undefined => {
  const other = requester.vpcId === vpcId ? accepter : requester;
  return other.region === ctx.region ? other.vpcId : undefined;
};

/** "The two VPCs must reside in the same region and have encryption controls … in enforce mode without any exclusions." */
function isEncrypted(ctx: Context, peering: VpcPeering, vpcId: string): boolean {
  const peer = peerIn(ctx, peering, vpcId);
  return peer !== undefined && isStrict(ctx, peer);
}

/** The ways out of a VPC that EC2 does not encrypt. */
function doorsOf(ctx: Context, vpcId: string): Blocker[] {
  const blocker =
    (type: string, name: string, exclusion: Blocker["exclusion"]) => (row: { readonly id: string }) => ({
      id: row.id,
      type,
      description: `Traffic through ${name} is not encrypted by EC2.`,
      exclusion,
    });
  return [
    ...internetGateways
      .by(ctx, "vpc", vpcId)
      .map(blocker("internet-gateway", "an internet gateway", "InternetGateway")),
    ...egressOnlyInternetGateways
      .by(ctx, "vpc", vpcId)
      .map(
        blocker(
          "egress-only-internet-gateway",
          "an egress-only internet gateway",
          "EgressOnlyInternetGateway",
        ),
      ),
    ...natGateways
      .by(ctx, "vpc", vpcId)
      .filter(isThere)
      .map(blocker("natgateway", "a NAT gateway", "NatGateway")),
    ...vpnGateways
      .by(ctx, "vpc", vpcId)
      .map(blocker("vpn-gateway", "a virtual private gateway", "VirtualPrivateGateway")),
    ...vpcPeerings
      .by(ctx, "live", vpcId)
      .filter((peering) => isUp(peering) && !isEncrypted(ctx, peering, vpcId))
      .map(blocker("vpc-peering-connection", "a connection to a VPC that does not enforce it", "VpcPeering")),
    // "No other resources are excludable."
    ...transitGatewayAttachments
      .by(ctx, "resource", vpcId)
      .filter(({ gatewayId }) => transitGateways.table(ctx).get(gatewayId)?.encryption !== "enabled")
      .map(blocker("transit-gateway-attachment", "a transit gateway without encryption support", undefined)),
  ];
}

/** The interfaces of a VPC that belong to what does not encrypt. */
function interfacesOf(ctx: Context, vpcId: string): Blocker[] {
  return networkInterfaces.by(ctx, "vpc", vpcId).flatMap(({ id, interfaceType, attachment }) => {
    const type = "network-interface";
    // "Gateway Load Balancer and AWS Network Firewall are not supported with VPCs in enforce mode."
    if (interfaceType === "gateway_load_balancer" || interfaceType === "gateway_load_balancer_endpoint") {
      const description = "Gateway Load Balancers are not supported in enforce mode.";
      return [{ id, type, description, exclusion: undefined }];
    }
    const instance = attachment && instances.table(ctx).get(attachment.instanceId);
    if (!instance || encrypts(instance.instanceType)) return [];
    const description = `The instance type ${instance.instanceType} does not encrypt traffic in transit.`;
    return [{ id, type, description, exclusion: undefined }];
  });
}

const blockersOf = (ctx: Context, vpcId: string): Blocker[] => [
  ...doorsOf(ctx, vpcId),
  ...interfacesOf(ctx, vpcId),
];

demandGuards.push((ctx, { vpcId, mode, exclusions }, wanted) => {
  if (wanted.mode === "enforce") {
    const blockers = blockersOf(ctx, vpcId).filter(
      ({ exclusion }) => exclusion === undefined || !wanted.exclusions.includes(exclusion),
    );
    if (blockers.length === 0) return undefined;
    return `Encryption is not enforced by: ${blockers.map(({ id }) => id).join(", ")}`;
  }
  if (mode !== "enforce" || exclusions.includes("VpcPeering")) return undefined;
  // "You would have to create a peering exclusion first, before modifying the … mode to monitor."
  for (const peering of vpcPeerings.by(ctx, "live", vpcId)) {
    const peer = isUp(peering) ? peerIn(ctx, peering, vpcId) : undefined;
    if (peer !== undefined && isEnforced(ctx, peer, "VpcPeering")) {
      return `The peer VPC ${peer} enforces encryption over the connection ${peering.id}`;
    }
  }
  return undefined;
});

/** @throws {ApiError} OperationNotPermitted where the account decides for all its VPCs */
function checkManaged(ctx: Context): void {
  if (accountModeOf(ctx) === "unmanaged") return;
  throw new ApiError(
    "OperationNotPermitted",
    "The encryption controls of the VPCs are managed by the encryption control of the account.",
  );
}

/** @throws {ApiError} InvalidVpcEncryptionControlId.NotFound, IncorrectState while it is changing */
function getSettled(ctx: Context, id: string): VpcEncryptionControl {
  const found = vpcEncryptionControls.get(ctx, id);
  if (found.state === "creating" || found.state === "deleting" || found.wanted) {
    throw new ApiError(
      "IncorrectState",
      `The VPC encryption control '${id}' is in the state ${found.state}.`,
    );
  }
  return found;
}

const describe = vpcEncryptionControls.describe("VpcEncryptionControls");

const describeControls: NonNullable<Handlers["DescribeVpcEncryptionControls"]> = (
  { VpcIds, ...input },
  ctx,
) => {
  if (!VpcIds?.length) return describe(input, ctx);
  vpcs.getAll(ctx, VpcIds);
  return describe({ ...input, Filters: [...(input.Filters ?? []), { Name: "vpc-id", Values: VpcIds }] }, ctx);
};

const show = (ctx: Context, id: string) => ({
  VpcEncryptionControl: vpcEncryptionControls.show(ctx, vpcEncryptionControls.get(ctx, id)),
});

export const partly = {
  ModifyVpcEncryptionControl: "Lambda, VPC Lattice and the like are never in a VPC here",
};

export const operations = {
  CreateVpcEncryptionControl: ({ VpcId, TagSpecifications }, ctx) => {
    const { id } = vpcs.get(ctx, VpcId);
    const known = controlOf(ctx, id);
    if (known) {
      throw new ApiError(
        "InvalidParameterValue",
        `The VPC '${id}' already has the VPC encryption control '${known.id}'.`,
      );
    }
    return show(ctx, control(ctx, id, undefined, TagSpecifications).id);
  },

  DeleteVpcEncryptionControl: ({ VpcEncryptionControlId }, ctx) => {
    checkManaged(ctx);
    const { id } = getSettled(ctx, VpcEncryptionControlId);
    vpcEncryptionControls.update(ctx, id, { state: "deleting", message: "in progress" });
    vpcEncryptionControls.soon(ctx, id, "deleted", 60);
    return show(ctx, id);
  },

  DescribeVpcEncryptionControls: Object.assign(describeControls, { filters: describe.filters }),

  GetVpcResourcesBlockingEncryptionEnforcement: ({ VpcId, ...page }, ctx) => {
    const { id } = vpcs.get(ctx, VpcId);
    const excluded = controlOf(ctx, id)?.exclusions ?? [];
    const blockers = blockersOf(ctx, id).filter(
      ({ exclusion }) => exclusion === undefined || !excluded.includes(exclusion),
    );
    const { items, ...next } = takePage(ctx, numbered(blockers), page, ({ view }) => ({
      Id: view.id,
      Type: view.type,
      Description: view.description,
      IsExcludable: view.exclusion !== undefined,
    }));
    return { NonCompliantResources: items, ...next };
  },

  ModifyVpcEncryptionControl: ({ VpcEncryptionControlId, Mode, ...asked }, ctx) => {
    checkManaged(ctx);
    const found = getSettled(ctx, VpcEncryptionControlId);
    const wanted = exclusionsOf(asked);
    if (Mode === undefined && Object.values(wanted).every((each) => each === undefined)) {
      throw new ApiError("MissingParameter", "mode");
    }
    demand(ctx, found, readDemand(Mode ?? found.mode, wanted, found.exclusions));
    return show(ctx, found.id);
  },
} satisfies Handlers;
