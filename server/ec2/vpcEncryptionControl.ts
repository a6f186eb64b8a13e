import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { findInstanceType } from "./catalogue/instanceTypes.ts";

/** What may be left out of enforcement: what connects a VPC to where its owner has to encrypt by other means. */
export const EXCLUSIONS = [
  "InternetGateway",
  "EgressOnlyInternetGateway",
  "NatGateway",
  "VirtualPrivateGateway",
  "VpcPeering",
  "Lambda",
  "VpcLattice",
  "ElasticFileSystem",
  "GlobalAccelerator",
  "ApiGatewayV2",
] as const;
export type Exclusion = (typeof EXCLUSIONS)[number];

/** What is demanded of a VPC. */
export interface EncryptionDemand {
  readonly mode: Sdk.VpcEncryptionControlMode;
  /** None in mode monitor, which forbids nothing. */
  readonly exclusions: readonly Exclusion[];
}

export interface VpcEncryptionControl extends ResourceRow, EncryptionDemand {
  readonly vpcId: string;
  readonly state: Sdk.VpcEncryptionControlState;
  readonly message: string;
  /** What a change in progress leads to, if nothing stands against it. */
  readonly wanted: EncryptionDemand | undefined;
}

/** Seconds that EC2 takes, about. */
const CREATE_SECONDS = 60;
const CHANGE_SECONDS = 300;

/** Says why a VPC cannot be changed to what is demanded; undefined if it can. What knows the VPC's doors adds itself. */
export const demandGuards: ((
  ctx: Context,
  control: VpcEncryptionControl,
  wanted: EncryptionDemand,
) => string | undefined)[] = [];

function viewExclusion(
  { exclusions, wanted }: VpcEncryptionControl,
  name: Exclusion,
): Sdk.VpcEncryptionControlExclusion {
  const is = exclusions.includes(name);
  const willBe = wanted ? wanted.exclusions.includes(name) : is;
  if (is === willBe) return { State: is ? "enabled" : "disabled", StateMessage: "succeeded" };
  return { State: willBe ? "enabling" : "disabling" };
}

/**
 * Watches over the encryption of what passes in a VPC, or forbids what would not be encrypted.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-encryption-controls.html
 */
export const vpcEncryptionControls = defineResource({
  type: "vpc-encryption-control",
  idPrefix: "vpcec",
  notFound: "InvalidVpcEncryptionControlId.NotFound",
  ids: "VpcEncryptionControlIds",
  view: (control: VpcEncryptionControl, { tags }): Sdk.VpcEncryptionControl => ({
    VpcEncryptionControlId: control.id,
    VpcId: control.vpcId,
    Mode: control.mode,
    State: control.state,
    StateMessage: control.message,
    ...((control.mode === "enforce" || control.wanted?.mode === "enforce") && {
      ResourceExclusions: Object.fromEntries(EXCLUSIONS.map((name) => [name, viewExclusion(control, name)])),
    }),
    Tags: tags,
  }),
  filters: {
    mode: (control) => control.Mode,
    state: (control) => control.State,
    "vpc-encryption-control-id": (control) => control.VpcEncryptionControlId,
    "vpc-id": (control) => control.VpcId,
  },
  filterIndexes: { "vpc-id": "vpc" },
  indexes: { vpc: ({ vpcId }) => vpcId },
  parents: { vpc: "vpc" },
  partOf: () => true,
  transitions: {
    created: (ctx, { id, state }) => {
      if (state !== "creating") return;
      vpcEncryptionControls.update(ctx, id, { state: "available", message: "succeeded" });
    },
    changed: (ctx, control) => settle(ctx, control),
    deleted: (ctx, { id }) => vpcEncryptionControls.delete(ctx, id),
  },
  pages: [5, 1000],
});

/** Lets a change come true, or fail. */
function settle(ctx: Context, control: VpcEncryptionControl): void {
  const { id, wanted } = control;
  if (!wanted) return;
  const failure = demandGuards.map((guard) => guard(ctx, control, wanted)).find((each) => each !== undefined);
  vpcEncryptionControls.update(
    ctx,
    id,
    failure === undefined
      ? { ...wanted, wanted: undefined, state: "available", message: "succeeded" }
      : { wanted: undefined, state: `${wanted.mode}-failed`, message: failure },
  );
}

/** Begins to change a control. */
export function demand(ctx: Context, { id }: VpcEncryptionControl, wanted: EncryptionDemand): void {
  vpcEncryptionControls.update(ctx, id, {
    wanted,
    state: `${wanted.mode}-in-progress`,
    message: "in progress",
  });
  vpcEncryptionControls.soon(ctx, id, "changed", CHANGE_SECONDS);
}

export const controlOf = ({ unit }: Pick<Context, "unit">, vpcId: string): VpcEncryptionControl | undefined =>
  vpcEncryptionControls.table({ unit }).by("vpc", vpcId)[0];

/** Puts a VPC under control: in mode monitor, or, if nothing is in it yet, in any. */
export function control(
  ctx: Context,
  vpcId: string,
  { mode, exclusions }: EncryptionDemand = { mode: "monitor", exclusions: [] },
  tags?: readonly Sdk.TagSpecification[],
): VpcEncryptionControl {
  const row = vpcEncryptionControls.create(
    ctx,
    { vpcId, mode, exclusions, state: "creating", message: "in progress", wanted: undefined },
    tags,
  );
  vpcEncryptionControls.soon(ctx, row.id, "created", CREATE_SECONDS);
  return row;
}

type Asked = { readonly [K in Exclusion]?: Sdk.VpcEncryptionControlExclusionStateInput | undefined };

/**
 * What is demanded after a call that asks for a mode and for exclusions; what it does not name stays.
 *
 * @throws {ApiError} InvalidParameterCombination for exclusions from what is not enforced
 */
export function readDemand(
  mode: Sdk.VpcEncryptionControlMode,
  asked: Asked,
  before: readonly Exclusion[] = [],
): EncryptionDemand {
  if (mode === "enforce") {
    const exclusions = EXCLUSIONS.filter((name) =>
      asked[name] === undefined ? before.includes(name) : asked[name] === "enable",
    );
    return { mode, exclusions };
  }
  if (EXCLUSIONS.some((name) => asked[name] === "enable")) {
    throw new ApiError("InvalidParameterCombination", "Exclusions can be enabled only in enforce mode.");
  }
  return { mode, exclusions: [] };
}

/** The members of calls about one VPC are called after what they exclude. */
export const exclusionsOf = (
  input: Readonly<
    Partial<Record<`${Exclusion}Exclusion`, Sdk.VpcEncryptionControlExclusionStateInput | undefined>>
  >,
): Asked => Object.fromEntries(EXCLUSIONS.map((name) => [name, input[`${name}Exclusion`]]));

/** Whether nothing at all is excepted in a VPC whose encryption is enforced. */
export function isStrict(ctx: Context, vpcId: string): boolean {
  const found = controlOf(ctx, vpcId);
  return found?.mode === "enforce" && found.exclusions.length === 0;
}

/** Whether only what encrypts may be in a VPC, and `exclusion` is not excepted. */
export function isEnforced(ctx: Context, vpcId: string, exclusion?: Exclusion): boolean {
  const found = controlOf(ctx, vpcId);
  const demands = found?.wanted?.mode === "enforce" ? found.wanted : found;
  if (demands?.mode !== "enforce") return false;
  return exclusion === undefined || !demands.exclusions.includes(exclusion);
}

/**
 * Makes sure that a VPC may get what does not encrypt.
 *
 * @param what as the error names it: "An internet gateway"
 * @throws {ApiError} OperationNotPermitted
 */
export function checkEncryption(ctx: Context, vpcId: string, what: string, exclusion?: Exclusion): void {
  if (!isEnforced(ctx, vpcId, exclusion)) return;
  throw new ApiError(
    "OperationNotPermitted",
    `${what} does not encrypt traffic in transit, which the encryption control of the VPC ${vpcId} enforces.`,
  );
}

export const encrypts = (instanceType: string): boolean =>
  findInstanceType(instanceType)?.encryptionInTransit ?? false;

/**
 * As `checkEncryption`, for the interfaces of an instance: these go by what its hardware can.
 *
 * @throws {ApiError} OperationNotPermitted
 */
export function checkInstanceEncryption(ctx: Context, vpcId: string, instanceType: string): void {
  if (!encrypts(instanceType)) checkEncryption(ctx, vpcId, `The instance type ${instanceType}`);
}
