import { createHash } from "node:crypto";
import {
  amazonAccounts,
  imageFamilies,
  type Architecture,
  type ImageFamily,
  type Release,
} from "./imageFamilies.ts";
import type { CatalogueImage, ImageVolume } from "./image.ts";

/** The public images of a region; ids are the same on every start. */
interface RegionImages {
  readonly images: readonly CatalogueImage[];
  readonly byId: ReadonlyMap<string, CatalogueImage>;
  /** Names of public SSM parameters, each with the image that it names. */
  readonly byParameter: ReadonlyMap<string, CatalogueImage>;
}

/** `PREFIX-0` and 16 hexadecimal digits that follow from what the thing is. */
const derivedId = (prefix: "ami" | "snap", ...of: readonly string[]): string =>
  `${prefix}-0${createHash("sha256").update(of.join("/")).digest("hex").slice(0, 16)}`;

/** The snapshot behind a device of an image whose snapshot nobody has named. */
export const snapshotOf = (imageId: string, device: string): string => derivedId("snap", imageId, device);

/** The longest that a public image stays undeprecated, and what EC2 sets by default: two years. */
function deprecationOf(createdAt: string): string {
  const date = new Date(createdAt);
  date.setUTCFullYear(date.getUTCFullYear() + 2);
  return date.toISOString();
}

const fill = (template: string, version: string, arch: string): string =>
  template.replaceAll("{version}", version).replaceAll("{arch}", arch);

function rootVolume({ name, sizeGiB, type, spelledOut }: ImageFamily["root"], imageId: string): ImageVolume {
  return {
    name,
    snapshotId: snapshotOf(imageId, name),
    sizeGiB,
    type,
    deleteOnTermination: true,
    encrypted: false,
    ...(spelledOut && { iops: 3000, throughput: 125 }),
  };
}

function imageOfRelease(
  region: string,
  family: ImageFamily,
  architecture: Architecture,
  [version, created]: Release,
): CatalogueImage {
  const arch = family.architectures[architecture] ?? architecture;
  const name = fill(family.name, version, arch);
  const id = derivedId("ami", region, name);
  // A search that leaves the architecture open should find x86_64, which most instance types want.
  const createdAt = `${created}:${architecture === "x86_64" ? "40" : "10"}.000Z`;
  return {
    id,
    name,
    ownerId: family.owner,
    ownerAlias: amazonAccounts.has(family.owner) ? "amazon" : undefined,
    description: fill(family.description, version, arch),
    architecture,
    createdAt,
    deprecatedAt: deprecationOf(createdAt),
    root: rootVolume(family.root, id),
    devices: (family.ephemeral ?? []).map((device, index) => ({
      name: device,
      virtualName: `ephemeral${index}`,
    })),
    ...family.billing,
    bootMode: family.boot?.[architecture],
    imdsV2: family.imdsV2 ?? false,
    nitroTpm: family.tpm ?? false,
    enaSupport: true,
    sriovNetSupport: true,
    isPublic: true,
    freeTierEligible: family.freeTier,
    productCodes: [],
    tags: [],
  };
}

function build(region: string): RegionImages {
  const images: CatalogueImage[] = [];
  const byParameter = new Map<string, CatalogueImage>();
  for (const family of imageFamilies) {
    for (const [architecture, arch] of Object.entries(family.architectures) as [Architecture, string][]) {
      for (const release of family.releases) {
        const image = imageOfRelease(region, family, architecture, release);
        images.push(image);
        // Releases go from old to new, so the newest is what stays.
        for (const parameter of family.parameters ?? []) byParameter.set(fill(parameter, "", arch), image);
      }
    }
  }
  return { images, byId: new Map(images.map((image) => [image.id, image])), byParameter };
}

const regions = new Map<string, RegionImages>();

/** `region` must be one that exists: what is asked for is kept. */
function inRegion(region: string): RegionImages {
  const known = regions.get(region);
  if (known) return known;
  const built = build(region);
  regions.set(region, built);
  return built;
}

/** The public images of a region. */
export const imagesOf = (region: string): readonly CatalogueImage[] => inRegion(region).images;

/** The public image of a region that has this id. */
export const findImage = (region: string, id: string): CatalogueImage | undefined =>
  inRegion(region).byId.get(id);

/** Names of the SSM parameters that AWS publishes for these images: `/aws/service/ami-amazon-linux-latest/…`. */
export const latestParameters = (region: string): readonly string[] => [
  ...inRegion(region).byParameter.keys(),
];

/** The value of such a parameter: the id of the newest image. */
export const latestParameter = (name: string, region: string): string | undefined =>
  inRegion(region).byParameter.get(name)?.id;
