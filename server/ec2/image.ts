import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";
import {
  hasOwner,
  imageFilters,
  viewImage,
  type CatalogueImage,
  type ImageVolume,
} from "./catalogue/image.ts";
import { findImage as findPublicImage, imagesOf } from "./catalogue/images.ts";
import { isLauncher, registeredImages } from "./registeredImage.ts";
import { snapshotUsers } from "./snapshot.ts";
import { catalogueSource, volumeSources } from "./volumeSource.ts";

/** An image that the operator registered: every account finds it in every region. */
interface OwnImage extends Row {
  readonly image: CatalogueImage;
}

const ownImages: TableDefinition<OwnImage> = { name: "own-image" };

/**
 * Registers the operator's images, or replaces those whose ids are known.
 *
 * @param global the unit of what belongs to no region; to be called in one of its transactions
 */
export function putOwnImages(global: Unit, images: readonly CatalogueImage[]): void {
  const table = global.table(ownImages);
  for (const image of images) {
    const known = table.get(image.id);
    if (known) table.replace({ ...known, image });
    else table.insert({ id: image.id, seq: global.nextSeq(), account: "", image });
  }
}

/** The operator's images. */
export const ownImagesOf = ({ global }: Context): readonly CatalogueImage[] =>
  Array.from(global.table(ownImages).all(), ({ image }) => image);

/** The first of the operator's images that has a device of this snapshot, and that device. */
function findUse(
  ctx: Context,
  snapshotId: string,
): { image: CatalogueImage; volume: ImageVolume } | undefined {
  for (const image of ownImagesOf(ctx)) {
    for (const volume of [image.root, ...image.devices]) {
      if ("snapshotId" in volume && volume.snapshotId === snapshotId) return { image, volume };
    }
  }
  return undefined;
}

volumeSources.push((ctx, snapshotId) => {
  const use = findUse(ctx, snapshotId);
  return use && catalogueSource(snapshotId, use.volume);
});

snapshotUsers.push((ctx, snapshotId) => {
  const use = findUse(ctx, snapshotId);
  return use && `The snapshot ${snapshotId} is currently in use by ${use.image.id}`;
});

const ID_FORM = /^ami-(?:[0-9a-f]{8}|[0-9a-f]{17})$/;

/** The image that has this id in the caller's region, if it is there and the caller may see it. */
export const lookUpImage = (ctx: Context, id: string): CatalogueImage | undefined =>
  registeredImages.find(ctx, id)?.image ??
  ctx.global.table(ownImages).get(id)?.image ??
  findPublicImage(ctx.region, id);

/** @throws {ApiError} InvalidAMIID.Malformed, InvalidAMIID.NotFound naming all that are missing */
function findImages(ctx: Context, ids: readonly string[]): CatalogueImage[] {
  for (const id of ids) if (!ID_FORM.test(id)) throw new ApiError("InvalidAMIID.Malformed", id);
  const found = [...new Set(ids)].map((id) => lookUpImage(ctx, id) ?? id);
  const missing = found.filter((image) => typeof image === "string");
  if (missing.length > 0) throw new ApiError("InvalidAMIID.NotFound", missing.join(", "));
  return found.filter((image) => typeof image !== "string");
}

/**
 * The image that has this id in the caller's region.
 *
 * @throws {ApiError} InvalidAMIID.Malformed, InvalidAMIID.NotFound
 */
export function findImage(ctx: Context, id: string): CatalogueImage {
  const [image] = findImages(ctx, [id]);
  if (!image) throw new ApiError("InvalidAMIID.NotFound", id);
  return image;
}

/** Views by image, as everyone and as the owner sees it: an image never changes, and a region has hundreds. */
const views = {
  everyone: new WeakMap<CatalogueImage, Sdk.Image>(),
  owner: new WeakMap<CatalogueImage, Sdk.Image>(),
};

function show(image: CatalogueImage, ctx: Context): Sdk.Image {
  const row = registeredImages.find(ctx, image.id);
  if (row) return registeredImages.show(ctx, row);
  const { account } = ctx;
  const seen = image.ownerId === account ? views.owner : views.everyone;
  const known = seen.get(image);
  if (known) return known;
  const view = Object.freeze(viewImage(image, { account }));
  seen.set(image, view);
  return view;
}

/**
 * All images of the caller's region: the public ones, the operator's, which may take the place of a public one, and the
 * caller's own.
 */
function allImages(ctx: Context): CatalogueImage[] {
  const table = ctx.global.table(ownImages);
  const own = ownImagesOf(ctx);
  const catalogue = imagesOf(ctx.region);
  return [
    ...(own.length > 0 ? catalogue.filter(({ id }) => !table.get(id)) : catalogue),
    ...own,
    ...registeredImages.visible(ctx).map(({ image }) => image),
  ];
}

/**
 * Whether a list shows the image: one of the operator's that is deprecated is shown to its owner, and to others if they
 * ask for such. The public ones have no end, so that a test does not fail on the day on which EC2 would hide them.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html
 */
function isListed(ctx: Context, { id, ownerId, deprecatedAt }: CatalogueImage): boolean {
  if (deprecatedAt === undefined || ownerId === ctx.account || Date.parse(deprecatedAt) > ctx.now)
    return true;
  return ctx.global.table(ownImages).get(id) === undefined;
}

/**
 * Whether one of `users` may launch the image by an explicit permission. The operator's images are shared with all
 * accounts of the server, one by one, unless they are public.
 */
function isExecutableBy(
  ctx: Context,
  { id, ownerId, isPublic }: CatalogueImage,
  users: readonly string[],
): boolean {
  const row = registeredImages.find(ctx, id);
  return users.some((user) => {
    if (user === "all") return isPublic;
    const isCaller = user === "self" || user === ctx.account;
    // Only its owner learns who else may launch an image.
    if (row) return (isCaller || ownerId === ctx.account) && isLauncher(row, isCaller ? ctx.account : user);
    return !isPublic && (isCaller ? ownerId !== ctx.account : ownerId === ctx.account);
  });
}

function askedImages(ctx: Context, asked: Sdk.DescribeImagesRequest): CatalogueImage[] {
  const { ImageIds = [], Owners = [], ExecutableUsers = [] } = asked;
  const images =
    ImageIds.length > 0
      ? findImages(ctx, ImageIds)
      : allImages(ctx).filter((image) => asked.IncludeDeprecated || isListed(ctx, image));
  return images.filter(
    (image) =>
      (Owners.length === 0 || hasOwner(image, Owners, ctx.account)) &&
      (ExecutableUsers.length === 0 || isExecutableBy(ctx, image, ExecutableUsers)),
  );
}

export const operations = {
  DescribeImages: describeList({
    output: "Images",
    filters: imageFilters,
    tagged: true,
    // IncludeDisabled adds nothing: no image can be disabled.
    of: (input: Sdk.DescribeImagesRequest, ctx) => askedImages(ctx, input).map((image) => show(image, ctx)),
  }),
} satisfies Handlers;
