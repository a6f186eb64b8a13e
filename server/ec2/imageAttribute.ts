import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import type { CatalogueImage } from "./catalogue/image.ts";
import { findImage } from "./image.ts";
import { checkPublicImages } from "./imagePublicAccess.ts";
import {
  checkImageReady,
  launchersOf,
  ownImage,
  readImageDescription,
  registeredImages,
  snapshotsOf,
  type RegisteredImage,
} from "./registeredImage.ts";
import { snapshots } from "./snapshot.ts";
import { checkEncryption } from "./snapshotAttribute.ts";

const value = (Value: string | undefined): Sdk.AttributeValue => (Value === undefined ? {} : { Value });

/** What DescribeImageAttribute answers, by the attribute's name. */
const attributes: Readonly<
  Record<
    Exclude<Sdk.ImageAttributeName, "blockDeviceMapping">,
    (image: CatalogueImage, launchers: readonly string[]) => Omit<Sdk.ImageAttribute, "ImageId">
  >
> = {
  bootMode: ({ bootMode }) => ({ BootMode: value(bootMode) }),
  deregistrationProtection: ({ deregistrationProtection = "disabled" }) => ({
    DeregistrationProtection: value(deregistrationProtection),
  }),
  description: ({ description }) => ({ Description: value(description) }),
  imdsSupport: ({ imdsV2 }) => ({ ImdsSupport: value(imdsV2 ? "v2.0" : undefined) }),
  kernel: () => ({ KernelId: {} }),
  lastLaunchedTime: ({ lastLaunchedAt }) => ({ LastLaunchedTime: value(lastLaunchedAt) }),
  launchPermission: ({ isPublic }, launchers) => ({
    LaunchPermissions: [
      ...(isPublic ? [{ Group: "all" as const }] : []),
      ...launchers.map((account) => ({ UserId: account })),
    ],
  }),
  productCodes: ({ productCodes }) => ({ ProductCodes: [...productCodes] }),
  ramdisk: () => ({ RamdiskId: {} }),
  sriovNetSupport: ({ sriovNetSupport }) => ({
    SriovNetSupport: value(sriovNetSupport ? "simple" : undefined),
  }),
  tpmSupport: ({ nitroTpm }) => ({ TpmSupport: value(nitroTpm ? "v2.0" : undefined) }),
  uefiData: () => ({ UefiData: {} }),
};

type Input = Sdk.ModifyImageAttributeRequest;

const invalid = (value: string, parameter: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${value}) for parameter ${parameter} is invalid.`);

/** The attributes that can be changed, by the members that say so. */
const MEMBERS = {
  Description: "description",
  ImdsSupport: "imdsSupport",
  LaunchPermission: "launchPermission",
} as const;
type Changeable = (typeof MEMBERS)[keyof typeof MEMBERS];

const isChangeable = (name: string): name is Changeable =>
  (Object.values(MEMBERS) as readonly string[]).includes(name);

/** The one attribute that a call is about. @throws {ApiError} */
function readAttribute(input: Input): Changeable {
  const { Attribute: named } = input;
  if (named !== undefined && !isChangeable(named)) throw invalid(named, "attribute");
  const given = (Object.keys(MEMBERS) as (keyof typeof MEMBERS)[])
    .filter((member) => input[member] !== undefined)
    .map((member) => MEMBERS[member]);
  const [only = named, ...others] = given;
  if (only === undefined) throw new ApiError("MissingParameter", "attribute");
  if (others.length > 0 || (named !== undefined && named !== only)) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Only one attribute of an image can be modified at a time.",
    );
  }
  return only;
}

interface Changes {
  /** Account numbers, and `all`. */
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

const badItem = (item: string, type: string): ApiError =>
  new ApiError("InvalidAMIAttributeItemValue", item.slice(0, 256), type);

/** @throws {ApiError} InvalidAMIAttributeItemValue also for organizations, of which there are none */
function readLaunchers(
  users: readonly string[],
  groups: readonly string[],
  organizations: readonly string[],
  units: readonly string[],
): string[] {
  for (const each of users) if (!/^\d{12}$/.test(each)) throw badItem(each, "userId");
  for (const each of groups) if (each !== "all") throw badItem(each, "UserGroup");
  for (const each of organizations) throw badItem(each, "OrganizationArn");
  for (const each of units) throw badItem(each, "OrganizationalUnitArn");
  return [...users, ...groups];
}

const listed = (permissions: readonly Sdk.LaunchPermission[] = []): string[] =>
  readLaunchers(
    permissions.flatMap(({ UserId }) => UserId ?? []),
    permissions.flatMap(({ Group }) => Group ?? []),
    permissions.flatMap(({ OrganizationArn }) => OrganizationArn ?? []),
    permissions.flatMap(({ OrganizationalUnitArn }) => OrganizationalUnitArn ?? []),
  );

/** What a call changes, in either of the two forms that EC2 takes. @throws {ApiError} */
function readChanges(input: Input): Changes {
  const { LaunchPermission: permission, OperationType: type } = input;
  const named = readLaunchers(
    input.UserIds ?? [],
    input.UserGroups ?? [],
    input.OrganizationArns ?? [],
    input.OrganizationalUnitArns ?? [],
  );
  if (permission && (named.length > 0 || type !== undefined)) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter LaunchPermission cannot be used with the parameters OperationType, UserIds and UserGroups",
    );
  }
  if (named.length > 0 && type === undefined) throw new ApiError("MissingParameter", "OperationType");
  const add = permission ? listed(permission.Add) : type === "add" ? named : [];
  const remove = permission ? listed(permission.Remove) : type === "remove" ? named : [];
  if (add.length + remove.length === 0) throw new ApiError("MissingParameter", "LaunchPermission");
  return { add, remove };
}

/** @throws {ApiError} for who cannot be let launch it */
function checkSharable(ctx: Context, row: RegisteredImage, add: readonly string[]): void {
  if (add.includes("all")) checkPublicImages(ctx);
  for (const id of snapshotsOf(row)) {
    const snapshot = snapshots.table(ctx).get(id);
    if (snapshot) checkEncryption(ctx, snapshot, add);
  }
}

function changeLaunchers(ctx: Context, row: RegisteredImage, { add, remove }: Changes): void {
  checkSharable(ctx, row, add);
  const before = [...(row.image.isPublic ? ["all"] : []), ...launchersOf(row)];
  const after = new Set([...before, ...add].filter((each) => !remove.includes(each)));
  const isPublic = after.delete("all");
  registeredImages.update(ctx, row.id, { launchers: [...after], image: { ...row.image, isPublic } });
}

export const operations = {
  CancelImageLaunchPermission: ({ ImageId }, ctx) => {
    const row = registeredImages.get(ctx, ImageId);
    const launchers = launchersOf(row);
    if (!launchers.includes(ctx.account)) {
      throw new ApiError("InvalidRequest", `The image ${row.id} is not shared with your account.`);
    }
    registeredImages.update(ctx, row.id, { launchers: launchers.filter((each) => each !== ctx.account) });
    return { Return: true };
  },

  /** Of any attribute only the owner hears; of the block device mapping, nobody: it is deprecated. */
  DescribeImageAttribute: ({ Attribute, ImageId }, ctx) => {
    const image = findImage(ctx, ImageId);
    if (image.ownerId !== ctx.account || Attribute === "blockDeviceMapping") {
      throw new ApiError("AuthFailure", `Not authorized for image:${image.id}`);
    }
    const row = registeredImages.find(ctx, image.id);
    return { ImageId: image.id, ...attributes[Attribute](image, row ? launchersOf(row) : []) };
  },

  ModifyImageAttribute: (input, ctx) => {
    const row = ownImage(ctx, findImage(ctx, input.ImageId).id);
    if (input.ProductCodes?.length) {
      throw new ApiError("UnsupportedOperation", "Product codes cannot be given to an image.");
    }
    const attribute = readAttribute(input);
    checkImageReady(ctx, row.id);
    const { image } = row;
    if (attribute === "launchPermission") {
      changeLaunchers(ctx, row, readChanges(input));
      return {};
    }
    const { Value = input.Value } = input.Description ?? input.ImdsSupport ?? {};
    if (Value === undefined) throw new ApiError("MissingParameter", "value");
    if (attribute === "description") {
      registeredImages.update(ctx, row.id, { image: { ...image, description: readImageDescription(Value) } });
    } else {
      // It cannot be taken back.
      if (Value !== "v2.0") throw invalid(Value, "imdsSupport");
      registeredImages.update(ctx, row.id, { image: { ...image, imdsV2: true } });
    }
    return {};
  },

  ResetImageAttribute: ({ ImageId }, ctx) => {
    const row = ownImage(ctx, findImage(ctx, ImageId).id);
    registeredImages.update(ctx, row.id, { launchers: [], image: { ...row.image, isPublic: false } });
    return {};
  },
} satisfies Handlers;
