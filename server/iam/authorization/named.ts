import type { Context } from "../../kit/context.ts";
import { resources, type ResourceRow } from "../../kit/resource.ts";
import { addresses } from "../../ec2/address.ts";
import { keyPairs } from "../../ec2/keyPair.ts";
import { lookUpImage } from "../../ec2/image.ts";
import { networkInterfaces } from "../../ec2/networkInterface.ts";
import { placementGroups } from "../../ec2/placementGroup.ts";
import { findAllocated, findAssociated } from "../../ec2/publicAddress.ts";
import { securityGroups } from "../../ec2/securityGroup.ts";
import { subnets } from "../../ec2/subnet.ts";
import { vpcs } from "../../ec2/vpc.ts";

/** A resource that a call names, whether it is there or not. */
export interface Named {
  /** As in ARNs. */
  readonly type: string;
  /** As in the ARN: an id; of key pairs and placement groups, the name. */
  readonly name: string;
  /** The account that has it; the caller's, if it is not there. */
  readonly account: string;
  /** By which it has tags. */
  readonly id: string;
  /** Absent if it is not there, or not for the caller to see. */
  readonly row?: object | undefined;
}

/** Types by the prefix of their ids; several kinds of rows may have one, the resource of which has no `-` after it. */
const prefixes = new Map<string, string[]>();

function typesOf(prefix: string): readonly string[] {
  if (prefixes.size === 0) {
    for (const { definition } of resources.values()) {
      const known = prefixes.get(definition.idPrefix);
      if (known) known.push(definition.type);
      else prefixes.set(definition.idPrefix, [definition.type]);
    }
  }
  return prefixes.get(prefix) ?? [];
}

/** Prefixes have letters, digits and dashes; what comes after the last dash is the id proper. */
const ID = /^([a-z][a-z0-9-]*)-[0-9a-f]{8}(?:[0-9a-f]{9})?$/;

const nameOf = (type: string, id: string, row: object | undefined): string =>
  (type === "key-pair" || type === "placement-group") && row && "name" in row ? String(row.name) : id;

/** What has this id, or an ARN with it, by its form; none if it is no id. */
export function byId(ctx: Context, text: string): Named[] {
  const id = text.startsWith("arn:aws:ec2:") ? text.slice(text.lastIndexOf("/") + 1) : text;
  const prefix = ID.exec(id)?.[1];
  if (prefix === undefined) return [];
  return typesOf(prefix).map((type) => {
    if (type === "image") {
      const row = lookUpImage(ctx, id);
      return { type, name: id, id, account: row?.ownerId ?? ctx.account, row };
    }
    const row = resources.get(type)?.find(ctx, id);
    return { type, name: nameOf(type, id, row), id, account: row?.account ?? ctx.account, row };
  });
}

const namedRow = (ctx: Context, type: string, name: string, row: ResourceRow | undefined): Named => ({
  type,
  name,
  account: row?.account ?? ctx.account,
  id: row?.id ?? name,
  row,
});

type ByName = (ctx: Context, text: string) => readonly Named[];

const keyPair: ByName = (ctx, name) => [
  namedRow(ctx, "key-pair", name, keyPairs.by(ctx, "name", `${ctx.account}/${name}`)[0]),
];

const placementGroup: ByName = (ctx, name) =>
  name === ""
    ? []
    : [namedRow(ctx, "placement-group", name, placementGroups.by(ctx, "name", `${ctx.account}/${name}`)[0])];

/** Names of groups are those of the default VPC, where two cannot differ in capitals alone. */
const securityGroup: ByName = (ctx, name) => {
  const [vpc] = vpcs.by(ctx, "default", ctx.account);
  const row =
    vpc &&
    securityGroups.by(ctx, "vpc", vpc.id).find((group) => group.name.toLowerCase() === name.toLowerCase());
  return row ? [namedRow(ctx, "security-group", row.id, row)] : [];
};

const elasticIp = (ctx: Context, allocationId: string | undefined): readonly Named[] => {
  const row = allocationId === undefined ? undefined : addresses.find(ctx, allocationId);
  return row ? [namedRow(ctx, "elastic-ip", row.id, row)] : [];
};

const ownRows = (ctx: Context, rows: readonly ResourceRow[], type: string): readonly Named[] =>
  rows.filter(({ account }) => account === ctx.account).map((row) => namedRow(ctx, type, row.id, row));

/** Members of requests by which resources are called otherwise than by their ids. */
export const byName: Readonly<Partial<Record<string, ByName>>> = {
  AssociationId: (ctx, id) => [
    ...elasticIp(ctx, findAssociated(ctx, id)?.allocationId),
    ...ownRows(ctx, vpcs.by(ctx, "association", id), "vpc"),
    ...ownRows(ctx, subnets.by(ctx, "association", id), "subnet"),
  ],
  AttachmentId: (ctx, id) => {
    const row = networkInterfaces.own(ctx).find(({ attachment }) => attachment?.id === id);
    return row ? [namedRow(ctx, "network-interface", row.id, row)] : [];
  },
  GroupName: (ctx, name) => [...placementGroup(ctx, name), ...securityGroup(ctx, name)],
  KeyName: keyPair,
  PublicIp: (ctx, address) => elasticIp(ctx, findAllocated(ctx, address)?.allocationId),
  SecurityGroups: securityGroup,
};
