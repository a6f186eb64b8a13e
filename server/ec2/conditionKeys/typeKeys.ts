import type { Context } from "../../kit/context.ts";
import type { ResourceRow } from "../../kit/resource.ts";
import { findZone } from "../catalogue/zones.ts";

/** What a condition key has; numbers and truth values are compared as texts. */
export type Found = string | number | boolean | readonly (string | number)[] | undefined;

/** By the name of a condition key, as EC2 documents it: `ec2:InstanceType`. */
type RowKeys<R> = Readonly<Record<string, (row: R, ctx: Context) => Found>>;
type InputKeys<Input> = Readonly<Record<string, (input: Input, ctx: Context) => Found>>;

/** What policies can ask about one type of resource. */
export interface TypeKeys<R = never, Input = never> {
  /** Of one that is there. */
  readonly rows: RowKeys<R>;
  /** Of one that a call is to make, by the call's input. */
  readonly asked?: InputKeys<Input>;
}

/** What is in a zone, by the zone's name. */
export const inZone = {
  "ec2:AvailabilityZone": ({ zone }: { readonly zone: string }) => zone,
  "ec2:AvailabilityZoneId": ({ zone }: { readonly zone: string }, ctx: Context) =>
    findZone(ctx.region, zone)?.id,
} as const;

/** What a call says of the zone of what it makes: its name or its id. */
export interface AskedZone {
  readonly AvailabilityZone?: string | undefined;
  readonly AvailabilityZoneId?: string | undefined;
}

const askedZone = ({ AvailabilityZone, AvailabilityZoneId }: AskedZone, { region }: Context) =>
  findZone(region, AvailabilityZone ?? AvailabilityZoneId ?? "");

/** Of what is to be made in a zone that the call names. */
export const toBeInZone = {
  "ec2:AvailabilityZone": (input: AskedZone, ctx: Context) =>
    askedZone(input, ctx)?.name ?? input.AvailabilityZone,
  "ec2:AvailabilityZoneId": (input: AskedZone, ctx: Context) =>
    askedZone(input, ctx)?.id ?? input.AvailabilityZoneId,
} as const;

/** The ARN of a resource of the region, as keys such as `ec2:Vpc` have it. */
export const arnOf = (
  { region }: Pick<Context, "region">,
  account: string,
  type: string,
  id: string,
): string => `arn:aws:ec2:${region}:${account}:${type}/${id}`;

export interface InVpc extends ResourceRow {
  readonly vpcId: string;
}

/** Of what belongs to a VPC. */
export const inVpc = {
  "ec2:Vpc": ({ account, vpcId }: InVpc, ctx: Context) => arnOf(ctx, account, "vpc", vpcId),
} as const;

export interface ToBeInVpc {
  readonly VpcId?: string | undefined;
}

/** Of what is to be made in a VPC that the call names. */
export const toBeInVpc = {
  "ec2:Vpc": ({ VpcId }: ToBeInVpc, ctx: Context) =>
    VpcId === undefined ? undefined : arnOf(ctx, ctx.account, "vpc", VpcId),
} as const;
