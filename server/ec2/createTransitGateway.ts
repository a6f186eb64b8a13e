import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatPrefix, overlaps } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { present } from "../kit/present.ts";
import { readAmazonSideAsn } from "./amazonSideAsn.ts";
import { readCidr, storedCidr } from "./cidrBlock.ts";
import {
  checkUnencrypted,
  inState,
  ownGateway,
  transitGateways,
  type TransitGateway,
  type TransitGatewaySwitches,
} from "./transitGateway.ts";
import {
  transitGatewayAttachments,
  type Attached,
  type TransitGatewayAttachment,
} from "./transitGatewayAttachment.ts";
import { createTable, usableTable } from "./transitGatewayRouteTable.ts";
import { isEnforced } from "./vpcEncryptionControl.ts";

const MOST_CIDRS = 5;
const LINK_LOCAL = storedCidr("169.254.0.0/16");

/**
 * Reads the blocks that a gateway has for its ends of tunnels.
 *
 * @throws {ApiError} InvalidParameterValue for one that is smaller than a /24 or /64, link-local, or one too many
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-transit-gateways.html#tgw-create-tgw
 */
function readCidrs(texts: readonly string[], has: readonly string[]): string[] {
  const cidrs = [...has];
  for (const text of texts) {
    const block = readCidr(text, "transitGatewayCidrBlocks");
    const taken = cidrs.some((each) => overlaps(storedCidr(each), block));
    if (block.length > (block.version === 4 ? 24 : 64) || contains(LINK_LOCAL, block) || taken) {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${text}) for parameter transitGatewayCidrBlocks is invalid.`,
      );
    }
    cidrs.push(formatPrefix(block));
  }
  if (cidrs.length > MOST_CIDRS) {
    throw new ApiError(
      "InvalidParameterValue",
      `A transit gateway can have at most ${MOST_CIDRS} CIDR blocks.`,
    );
  }
  return cidrs;
}

/** Who takes addresses of a gateway's blocks adds itself here. */
export const cidrUsers: ((ctx: Context, gatewayId: string, cidr: string) => boolean)[] = [];

/** What a gateway's blocks are after some came and some went. */
function changeCidrs(
  ctx: Context,
  { id, cidrs }: TransitGateway,
  { AddTransitGatewayCidrBlocks = [], RemoveTransitGatewayCidrBlocks = [] }: Sdk.ModifyTransitGatewayOptions,
): string[] {
  const removed = RemoveTransitGatewayCidrBlocks.map((text) =>
    formatPrefix(readCidr(text, "removeTransitGatewayCidrBlocks")),
  );
  for (const cidr of removed) {
    if (!cidrs.includes(cidr)) {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${cidr}) for parameter removeTransitGatewayCidrBlocks is invalid. ${id} does not have it.`,
      );
    }
    if (cidrUsers.some((uses) => uses(ctx, id, cidr))) {
      throw new ApiError("IncorrectState", `The CIDR block ${cidr} of ${id} is in use.`);
    }
  }
  return readCidrs(
    AddTransitGatewayCidrBlocks,
    cidrs.filter((cidr) => !removed.includes(cidr)),
  );
}

const readSwitches = (options: Sdk.TransitGatewayRequestOptions): TransitGatewaySwitches => ({
  autoAccept: options.AutoAcceptSharedAttachments ?? "disable",
  defaultAssociation: options.DefaultRouteTableAssociation ?? "enable",
  defaultPropagation: options.DefaultRouteTablePropagation ?? "enable",
  vpnEcmp: options.VpnEcmpSupport ?? "enable",
  dns: options.DnsSupport ?? "enable",
  groupReferencing: options.SecurityGroupReferencingSupport ?? "disable",
  multicast: options.MulticastSupport ?? "disable",
});

type Default = Pick<TransitGateway, "defaultAssociation" | "associationTable">;

/** A default table that a gateway is to have, or not, after a call; both kinds of default work alike. */
function readDefault(
  ctx: Context,
  gateway: TransitGateway,
  name: "Association" | "Propagation",
  asked: Default["defaultAssociation"] | undefined,
  tableId: string | undefined,
): { readonly value: Default["defaultAssociation"]; readonly table: string | undefined } {
  const [before, had] =
    name === "Association"
      ? [gateway.defaultAssociation, gateway.associationTable]
      : [gateway.defaultPropagation, gateway.propagationTable];
  const value = asked ?? before;
  const table = tableId ?? (value === "enable" ? had : undefined);
  if ((value === "enable") !== (table !== undefined)) {
    throw new ApiError(
      "InvalidParameterCombination",
      `${value} DefaultRouteTable${name} conflicts with ${name}DefaultRouteTableId ${table ?? "null"}`,
    );
  }
  if (tableId !== undefined && usableTable(ctx, tableId).gatewayId !== gateway.id) {
    throw new ApiError("InvalidRouteTableID.NotFound", tableId);
  }
  return { value, table };
}

/** "The modify ASN operation is not allowed on a transit gateway if it has" attachments that tell it to a neighbour. */
function checkAsnChange(ctx: Context, { id }: TransitGateway): void {
  const told = transitGatewayAttachments
    .by(ctx, "gateway", id)
    .filter(({ to }) => !["client-vpn", "peering", "vpc"].includes(to.type));
  if (told.length === 0) return;
  throw new ApiError(
    "IncorrectState",
    `${id} has non-deleted attachments that use BGP: ${told.map((row) => row.id).join(", ")}`,
  );
}

/** As EC2 names the kinds of attachments in its message. */
const KINDS: Readonly<Record<Attached["type"], string>> = {
  vpc: "Transit Gateway Attachments",
  peering: "Transit Gateway Cross Region Peering Attachments",
  connect: "Transit Gateway Connect Attachments",
  vpn: "VPN Attachments",
  "client-vpn": "Client VPN Attachments",
  "vpn-concentrator": "VPN Concentrator Attachments",
  "direct-connect-gateway": "Direct Connect Gateway Attachments",
};

/** @throws {ApiError} IncorrectState if something of what must not be is still attached */
function checkDetached(
  ctx: Context,
  id: string,
  mustGo: (attachment: TransitGatewayAttachment) => boolean = () => true,
): void {
  const attachments = transitGatewayAttachments.by(ctx, "gateway", id).filter(mustGo);
  const [first] = attachments;
  if (!first) return;
  const alike = attachments.filter(({ to }) => to.type === first.to.type).map((row) => row.id);
  throw new ApiError("IncorrectState", `${id} has non-deleted ${KINDS[first.to.type]}: ${alike.join(", ")}.`);
}

/** Seconds that it takes to turn encryption on or off; EC2 says no more than that it can be two weeks. */
const ENCRYPTION_SECONDS = 3600;
/** What an encrypting gateway is not attached to. */
const UNENCRYPTED: ReadonlySet<Attached["type"]> = new Set(["connect", "peering", "vpn-concentrator"]);

/**
 * How far a gateway's encryption is after it was asked for, or asked to end.
 *
 * @throws {ApiError} IncorrectState while the opposite is under way, and with attachments that do not go together with it
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-encryption-support.html
 */
function changeEncryption(
  ctx: Context,
  { id, encryption }: TransitGateway,
  asked: Sdk.EncryptionSupportOptionValue,
): TransitGateway["encryption"] {
  const [under, done] =
    asked === "enable" ? (["enabling", "enabled"] as const) : (["disabling", "disabled"] as const);
  if (encryption === under || encryption === done) return encryption;
  if (encryption === "enabling" || encryption === "disabling") {
    throw new ApiError("IncorrectState", `The encryption support of ${id} is ${encryption}.`);
  }
  checkDetached(ctx, id, ({ to }) =>
    asked === "enable" ? UNENCRYPTED.has(to.type) : isEnforced(ctx, to.id),
  );
  return under;
}

export const operations = {
  CreateTransitGateway: ({ Description = "", Options = {}, TagSpecifications }, ctx) => {
    const switches = readSwitches(Options);
    const { id } = transitGateways.create(
      ctx,
      {
        ...switches,
        state: "pending",
        description: Description,
        asn: readAmazonSideAsn(Options.AmazonSideAsn),
        cidrs: readCidrs(Options.TransitGatewayCidrBlocks ?? [], []),
        associationTable: undefined,
        propagationTable: undefined,
        encryption: "disabled",
      },
      TagSpecifications,
    );
    const { defaultAssociation, defaultPropagation } = switches;
    const table = [defaultAssociation, defaultPropagation].includes("enable")
      ? createTable(ctx, id)
      : undefined;
    const gateway = transitGateways.update(ctx, id, {
      associationTable: defaultAssociation === "enable" ? table?.id : undefined,
      propagationTable: defaultPropagation === "enable" ? table?.id : undefined,
    });
    transitGateways.soon(ctx, id, "available", 60);
    return { TransitGateway: transitGateways.show(ctx, gateway) };
  },

  DeleteTransitGateway: ({ TransitGatewayId }, ctx) => {
    const { id } = inState(ownGateway(ctx, TransitGatewayId), "available");
    checkDetached(ctx, id);
    if (!transitGateways.isFree(ctx, id)) {
      throw new ApiError("IncorrectState", `${id} has non-deleted Transit Gateway resources.`);
    }
    const gateway = transitGateways.update(ctx, id, { state: "deleting" });
    transitGateways.soon(ctx, id, "deleted", 60);
    return { TransitGateway: transitGateways.show(ctx, gateway) };
  },

  ModifyTransitGateway: ({ TransitGatewayId, Description, Options = {} }, ctx) => {
    const gateway = ownGateway(ctx, TransitGatewayId);
    const { id } = gateway;
    const association = readDefault(
      ctx,
      gateway,
      "Association",
      Options.DefaultRouteTableAssociation,
      Options.AssociationDefaultRouteTableId,
    );
    const propagation = readDefault(
      ctx,
      gateway,
      "Propagation",
      Options.DefaultRouteTablePropagation,
      Options.PropagationDefaultRouteTableId,
    );
    if (Options.AmazonSideAsn !== undefined) checkAsnChange(ctx, gateway);
    const changed = transitGateways.update(ctx, id, {
      ...present({
        description: Description,
        asn: Options.AmazonSideAsn === undefined ? undefined : readAmazonSideAsn(Options.AmazonSideAsn),
        vpnEcmp: Options.VpnEcmpSupport,
        dns: Options.DnsSupport,
        groupReferencing: Options.SecurityGroupReferencingSupport,
        autoAccept: Options.AutoAcceptSharedAttachments,
      }),
      cidrs: changeCidrs(ctx, gateway, Options),
      defaultAssociation: association.value,
      associationTable: association.table,
      defaultPropagation: propagation.value,
      propagationTable: propagation.table,
      encryption: Options.EncryptionSupport
        ? changeEncryption(ctx, gateway, Options.EncryptionSupport)
        : gateway.encryption,
      state: "modifying",
    });
    if (changed.groupReferencing === "enable") checkUnencrypted(changed, "Security group references");
    if (changed.multicast === "enable") checkUnencrypted(changed, "Multicast features");
    transitGateways.soon(ctx, id, "available", 30);
    if (changed.encryption !== gateway.encryption) {
      transitGateways.soon(ctx, id, "encrypted", ENCRYPTION_SECONDS);
    }
    return { TransitGateway: transitGateways.show(ctx, changed) };
  },
} satisfies Handlers;
