import { readFileSync } from "node:fs";
import type { CatalogueImage } from "./ec2/catalogue/image.ts";
import { ImagesFileError, readImagesFile } from "./ec2/catalogue/imagesFile.ts";
import { Refusal, systemCode } from "./refusal.ts";

/**
 * The operator's own images, from the file that the option names.
 *
 * @throws {Refusal} if there is no such file, or it says what cannot be
 */
export function configuredImages(file: string | undefined): readonly CatalogueImage[] {
  if (file === undefined) return [];
  try {
    return readImagesFile(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof ImagesFileError) throw new Refusal(`${file}: ${error.message}`);
    throw new Refusal(`cannot read the images in ${file} (${systemCode(error)}): name a file with --images`);
  }
}
