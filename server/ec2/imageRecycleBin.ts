import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { reclaim, recycledIn, viewStay } from "./recycleBin.ts";
import { readImageName, registeredImages, snapshotsOf, type RegisteredImage } from "./registeredImage.ts";
import { snapshots } from "./snapshot.ts";

const MAX_IDS = 20;

export const operations = {
  ListImagesInRecycleBin: describeList({
    output: "Images",
    filters: {},
    pages: [1, 1000],
    of: ({ ImageIds }: Sdk.ListImagesInRecycleBinRequest, ctx): Sdk.ImageRecycleBinInfo[] => {
      if (ImageIds && ImageIds.length > MAX_IDS) {
        throw new ApiError("InvalidParameterValue", `At most ${MAX_IDS} image IDs can be specified.`);
      }
      return recycledIn<RegisteredImage>(ctx, "EC2_IMAGE", registeredImages, ImageIds).map((kept) => ({
        ImageId: kept.id,
        Name: kept.resource.image.name,
        Description: kept.resource.image.description,
        ...viewStay(kept),
      }));
    },
  }),

  RestoreImageFromRecycleBin: ({ ImageId }, ctx) => {
    registeredImages.checkForm(ImageId);
    const [kept] = recycledIn<RegisteredImage>(ctx, "EC2_IMAGE", registeredImages, [ImageId]);
    if (kept) readImageName(ctx, kept.resource.image.name);
    const row = reclaim(ctx, "EC2_IMAGE", registeredImages, ImageId);
    if (!row) throw new ApiError("InvalidAMIID.NotFound", ImageId);
    // They could be deleted while it was in the bin, and are to be restored first.
    snapshots.getAll(ctx, snapshotsOf(row));
    return { Return: true };
  },
} satisfies Handlers;
