import type { Cloud } from "../cloud.ts";
import { ImagesFileError, readImagesFile } from "../ec2/catalogue/imagesFile.ts";
import { putOwnImages } from "../ec2/image.ts";
import { ApiError } from "../errors.ts";
import { allow, type Route } from "./operator.ts";

/** Gives every account images with the very ids that a user's code has in it: what `--images FILE` does, at run time. */
export const imageRoutes = (cloudOf: () => Cloud): Readonly<Record<string, Route>> => ({
  "POST images": (fields) => {
    allow(fields, "Images");
    const { global } = cloudOf();
    try {
      const images = readImagesFile(JSON.stringify(fields["Images"] ?? null));
      global.transact(() => putOwnImages(global, images));
      return { ImageIds: images.map(({ id }) => id) };
    } catch (error) {
      if (error instanceof ImagesFileError) throw new ApiError("InvalidRequest", error.message);
      throw error;
    }
  },
});
