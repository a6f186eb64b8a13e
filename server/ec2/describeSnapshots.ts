import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { takePage } from "../kit/pages.ts";
import type { CatalogueImage, ImageVolume } from "./catalogue/image.ts";
import { imagesOf } from "./catalogue/images.ts";
import { ownImagesOf } from "./image.ts";
import { isRestorableBy, snapshots, type Snapshot } from "./snapshot.ts";

/** A snapshot behind an image of the catalogue or of the operator, which comes from no volume here. */
interface ImageSnapshot {
  readonly image: CatalogueImage;
  readonly volume: ImageVolume;
  readonly id: string;
}

function* snapshotsOf(images: readonly CatalogueImage[]): Generator<ImageSnapshot> {
  for (const image of images) {
    for (const volume of [image.root, ...image.devices]) {
      if ("virtualName" in volume || volume.snapshotId === undefined) continue;
      yield { image, volume, id: volume.snapshotId };
    }
  }
}

const publicSnapshots = new Map<string, ReadonlyMap<string, ImageSnapshot>>();

/** By id; what is behind the public images of a region never changes. */
function catalogue(region: string): ReadonlyMap<string, ImageSnapshot> {
  const known = publicSnapshots.get(region);
  if (known) return known;
  const all = new Map(Array.from(snapshotsOf(imagesOf(region)), (each) => [each.id, each]));
  publicSnapshots.set(region, all);
  return all;
}

/** The operator's first, as a snapshot of the same id takes the place of a public one. */
function findImageSnapshot(ctx: Context, id: string): ImageSnapshot | undefined {
  for (const each of snapshotsOf(ownImagesOf(ctx))) if (each.id === id) return each;
  return catalogue(ctx.region).get(id);
}

const viewImageSnapshot = ({ image, volume, id }: ImageSnapshot): Sdk.Snapshot => ({
  SnapshotId: id,
  VolumeId: "vol-ffffffff",
  VolumeSize: volume.sizeGiB,
  OwnerId: image.ownerId,
  OwnerAlias: image.ownerAlias,
  Description: `Created for ${image.id}`,
  State: "completed",
  Progress: "100%",
  StartTime: new Date(image.createdAt),
  CompletionTime: new Date(image.createdAt),
  Encrypted: volume.encrypted,
  StorageTier: "standard",
  FullSnapshotSizeInBytes: 0,
  Tags: [],
});

/** A snapshot of either kind. */
type Entry = { readonly seq: number } & ({ readonly row: Snapshot } | { readonly behind: ImageSnapshot });

/** The places of rows come after those of image snapshots, so that none changes while rows come and go. */
const FIRST_ROW = 1_000_000;

const entryOf = (row: Snapshot): Entry => ({ seq: FIRST_ROW + row.seq, row });

function entriesById(ctx: Context, ids: readonly string[]): Entry[] {
  for (const id of ids) snapshots.checkForm(id);
  const entries: Entry[] = [];
  const missing: string[] = [];
  for (const id of new Set(ids)) {
    const row = snapshots.find(ctx, id);
    const behind = row ? undefined : findImageSnapshot(ctx, id);
    if (row) entries.push(entryOf(row));
    else if (behind) entries.push({ seq: entries.length + 1, behind });
    else missing.push(id);
  }
  if (missing.length > 0) throw new ApiError("InvalidSnapshot.NotFound", missing.join(", "));
  return entries;
}

function allEntries(ctx: Context): Entry[] {
  const behindImages = [...catalogue(ctx.region).values(), ...snapshotsOf(ownImagesOf(ctx))];
  return [
    ...behindImages.map((behind, index) => ({ seq: index + 1, behind })),
    ...snapshots.visible(ctx).map(entryOf),
  ];
}

const isOwnedBy = ({ account }: Context, entry: Entry, owners: readonly string[]): boolean => {
  const owner = "row" in entry ? entry.row.account : entry.behind.image.ownerId;
  const alias = "row" in entry ? undefined : entry.behind.image.ownerAlias;
  return owners.some(
    (asked) => asked === owner || asked === alias || (asked === "self" && owner === account),
  );
};

const isRestorable = (ctx: Context, entry: Entry, users: readonly string[]): boolean =>
  users.some((user) => {
    if (!("row" in entry)) return entry.behind.image.isPublic;
    return isRestorableBy(ctx, entry.row, user === "self" ? ctx.account : user);
  });

export const operations = {
  DescribeSnapshots: Object.assign(
    (input: Sdk.DescribeSnapshotsRequest, ctx: Context): Sdk.DescribeSnapshotsResult => {
      const { SnapshotIds: ids = [], OwnerIds: owners = [], RestorableByUserIds: users = [] } = input;
      if (ids.length > 0 && input.MaxResults !== undefined) {
        throw new ApiError(
          "InvalidParameterCombination",
          "The parameter SnapshotIds cannot be used with the parameter MaxResults",
        );
      }
      const entries = ids.length > 0 ? entriesById(ctx, ids) : allEntries(ctx);
      const keep = compileFilters(snapshots.definition.filters, input.Filters);
      const { items, ...page } = takePage(ctx, entries, input, (entry) => {
        if (owners.length > 0 && !isOwnedBy(ctx, entry, owners)) return undefined;
        if (users.length > 0 && !isRestorable(ctx, entry, users)) return undefined;
        const view = "row" in entry ? snapshots.show(ctx, entry.row) : viewImageSnapshot(entry.behind);
        return !keep || keep(view, entry as never) ? view : undefined;
      });
      return { Snapshots: items, ...page };
    },
    { filters: Object.keys(snapshots.definition.filters) },
  ),
} satisfies Handlers;
