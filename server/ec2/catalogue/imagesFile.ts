import type { CatalogueImage, ImageDevice, ImageVolume } from "./image.ts";
import { amazonAccounts } from "./imageFamilies.ts";
import { snapshotOf } from "./images.ts";

/** What is wrong with a file of images: the entry, the member, and what it should have been. */
export class ImagesFileError extends Error {
  override readonly name = "ImagesFileError";
}

/** Turns a value of the file into one of ours, or throws; `where` names the member. */
type Reader<T> = (value: unknown, where: string) => T;

/** Short, and without looking into what may be nested thousands of levels deep. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : JSON.stringify(value).slice(0, 80);
}

function refuse(where: string, expected: string, value: unknown): never {
  throw new ImagesFileError(`${where} must be ${expected}, not ${shown(value)}`);
}

const matching =
  (pattern: RegExp, expected: string): Reader<string> =>
  (value, where) =>
    typeof value === "string" && pattern.test(value) ? value : refuse(where, expected, value);

const oneOf =
  <const T extends string>(...values: readonly T[]): Reader<T> =>
  (value, where) =>
    values.find((known) => known === value) ??
    refuse(where, values.map((known) => `"${known}"`).join(" or "), value);

const boolean: Reader<boolean> = (value, where) =>
  typeof value === "boolean" ? value : refuse(where, "true or false", value);

const integer =
  (least: number, most: number): Reader<number> =>
  (value, where) =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most
      ? value
      : refuse(where, `a whole number from ${least} to ${most}`, value);

const time: Reader<string> = (value, where) => {
  const expected = "a time like 2026-11-12T21:30:00.000Z";
  const text = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/, expected)(value, where);
  const at = Date.parse(text);
  return Number.isNaN(at) ? refuse(where, expected, value) : new Date(at).toISOString();
};

const listOf =
  <T>(read: Reader<T>): Reader<readonly T[]> =>
  (value, where) =>
    Array.isArray(value)
      ? value.map((entry, index) => read(entry, `${where}[${index}]`))
      : refuse(where, "a list", value);

type Readers = Readonly<Record<string, Reader<unknown>>>;
type Read<R> = R extends Reader<infer T> ? T : never;
type Members<R extends Readers, Required extends keyof R> = {
  readonly [K in Exclude<keyof R, Required>]?: Read<R[K]>;
} & { readonly [K in Required]: Read<R[K]> };

/** An object that has these members at most, and those required. */
const objectOf =
  <R extends Readers, Required extends keyof R & string = never>(
    readers: R,
    ...required: readonly Required[]
  ): Reader<Members<R, Required>> =>
  (value, where) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return refuse(where, "an object", value);
    }
    const members = Object.entries(value).map(([name, member]) => {
      const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
      if (!read) throw new ImagesFileError(`${where}.${name.slice(0, 80)} is not a member that can be set`);
      return [name, read(member, `${where}.${name}`)] as const;
    });
    const missing = required.find((name) => !Object.hasOwn(value, name));
    if (missing !== undefined) throw new ImagesFileError(`${where}.${missing} is missing`);
    return Object.fromEntries(members) as Members<R, Required>;
  };

const text = (most: number): Reader<string> =>
  // oxlint-disable-next-line no-control-regex
  matching(new RegExp(`^[^\\u0000-\\u001f]{0,${most}}$`), `text of at most ${most} characters`);

const id = (prefix: string): Reader<string> =>
  matching(
    new RegExp(`^${prefix}-(?:[0-9a-f]{8}|[0-9a-f]{17})$`),
    `an id: ${prefix}- and 8 or 17 hexadecimal digits`,
  );

const device = matching(/^(?:\/dev\/)?[a-z0-9]{2,16}$/, "a device name like /dev/xvda");

/** The members of an image in the SDK's spelling; those that have but one value in islet may be given with that one. */
const imageMembers = {
  ImageId: id("ami"),
  Name: matching(/^[\w()[\] ./\-'@]{3,128}$/, "3 to 128 letters, digits and ( ) [ ] . / - ' @ _ or spaces"),
  OwnerId: matching(/^\d{12}$/, "an account: 12 digits"),
  ImageOwnerAlias: oneOf("amazon", "aws-marketplace", "aws-backup-vault"),
  ImageLocation: text(255),
  Description: text(255),
  Architecture: oneOf("x86_64", "arm64", "i386", "x86_64_mac", "arm64_mac"),
  CreationDate: time,
  DeprecationTime: time,
  LastLaunchedTime: time,
  RootDeviceName: device,
  BlockDeviceMappings: listOf(
    objectOf(
      {
        DeviceName: device,
        VirtualName: matching(/^ephemeral(?:[0-9]|1[0-9]|2[0-5])$/, "ephemeral0 to ephemeral25"),
        Ebs: objectOf({
          SnapshotId: id("snap"),
          VolumeSize: integer(1, 65_536),
          VolumeType: oneOf("gp3", "gp2", "io1", "io2", "st1", "sc1", "standard"),
          DeleteOnTermination: boolean,
          Encrypted: boolean,
          Iops: integer(1, 256_000),
          Throughput: integer(1, 2000),
        }),
      },
      "DeviceName",
    ),
  ),
  Platform: oneOf("windows", "Windows"),
  PlatformDetails: text(255),
  UsageOperation: matching(/^RunInstances(?::[0-9a-z]{4})?$/, "RunInstances or RunInstances:CODE"),
  BootMode: oneOf("uefi-preferred", "uefi", "legacy-bios"),
  ImdsSupport: oneOf("v2.0"),
  TpmSupport: oneOf("v2.0"),
  EnaSupport: boolean,
  SriovNetSupport: oneOf("simple"),
  Public: boolean,
  FreeTierEligible: boolean,
  ProductCodes: listOf(
    objectOf(
      { ProductCodeId: text(255), ProductCodeType: oneOf("marketplace", "devpay") },
      "ProductCodeId",
      "ProductCodeType",
    ),
  ),
  Tags: listOf(objectOf({ Key: text(128), Value: text(256) }, "Key", "Value")),
  SourceInstanceId: id("i"),
  SourceImageId: id("ami"),
  SourceImageRegion: text(32),
  DeregistrationProtection: text(64),
  ImageType: oneOf("machine"),
  State: oneOf("available"),
  Hypervisor: oneOf("xen"),
  VirtualizationType: oneOf("hvm"),
  RootDeviceType: oneOf("ebs"),
} as const;

const readMembers = objectOf(imageMembers, "ImageId", "Name");
type Given = ReturnType<typeof readMembers>;

/** The owner of images that name none: the account that the default credentials belong to. */
const DEFAULT_OWNER = "000000000000";
/** When images that do not say so were made: a fixed time, so that two starts are alike. */
const DEFAULT_CREATION = "2026-01-01T00:00:00.000Z";

function readDevices(given: Given, where: string): readonly ImageDevice[] {
  const isWindows = given.Platform !== undefined;
  const mappings = given.BlockDeviceMappings ?? [
    { DeviceName: given.RootDeviceName ?? (isWindows ? "/dev/sda1" : "/dev/xvda"), Ebs: {} },
  ];
  const names = new Set<string>();
  return mappings.map(({ DeviceName: name, VirtualName: virtualName, Ebs: ebs }, index): ImageDevice => {
    const entry = `${where}.BlockDeviceMappings[${index}]`;
    if (names.has(name)) throw new ImagesFileError(`${entry}.DeviceName ${name} is there twice`);
    names.add(name);
    if (virtualName !== undefined && !ebs) return { name, virtualName };
    if (virtualName !== undefined || !ebs) {
      throw new ImagesFileError(`${entry} must have either Ebs or VirtualName`);
    }
    return {
      name,
      snapshotId: ebs.SnapshotId ?? snapshotOf(given.ImageId, name),
      sizeGiB: ebs.VolumeSize ?? (isWindows ? 30 : 8),
      type: ebs.VolumeType ?? "gp3",
      deleteOnTermination: ebs.DeleteOnTermination ?? true,
      encrypted: ebs.Encrypted ?? false,
      iops: ebs.Iops,
      throughput: ebs.Throughput,
    };
  });
}

const isVolume = (entry: ImageDevice): entry is ImageVolume => !("virtualName" in entry);

function readImage(value: unknown, position: string): CatalogueImage {
  const named = typeof value === "object" && value !== null && "ImageId" in value ? value.ImageId : undefined;
  const where = typeof named === "string" ? `${position} (${named.slice(0, 40)})` : position;
  const given = readMembers(value, where);
  const ownerId = given.OwnerId ?? DEFAULT_OWNER;
  const ownerAlias = given.ImageOwnerAlias ?? (amazonAccounts.has(ownerId) ? "amazon" : undefined);
  const devices = readDevices(given, where);
  const volumes = devices.filter(isVolume);
  const root = given.RootDeviceName ? volumes.find(({ name }) => name === given.RootDeviceName) : volumes[0];
  if (!root) {
    throw new ImagesFileError(
      `${where}.BlockDeviceMappings must have an Ebs device for the root, ${given.RootDeviceName ?? "whatever its name"}`,
    );
  }
  return {
    id: given.ImageId,
    name: given.Name,
    ownerId,
    ownerAlias,
    location: given.ImageLocation,
    description: given.Description,
    architecture: given.Architecture ?? "x86_64",
    createdAt: given.CreationDate ?? DEFAULT_CREATION,
    deprecatedAt: given.DeprecationTime,
    root,
    devices: devices.filter((entry) => entry !== root),
    platform: given.Platform && "windows",
    platformDetails: given.PlatformDetails ?? (given.Platform ? "Windows" : "Linux/UNIX"),
    usageOperation: given.UsageOperation ?? (given.Platform ? "RunInstances:0002" : "RunInstances"),
    bootMode: given.BootMode,
    imdsV2: given.ImdsSupport !== undefined,
    nitroTpm: given.TpmSupport !== undefined,
    enaSupport: given.EnaSupport ?? true,
    sriovNetSupport: given.SriovNetSupport !== undefined,
    isPublic: given.Public ?? true,
    freeTierEligible: given.FreeTierEligible ?? false,
    productCodes: given.ProductCodes ?? [],
    tags: given.Tags ?? [],
    sourceInstanceId: given.SourceInstanceId,
    sourceImageId: given.SourceImageId,
    sourceImageRegion: given.SourceImageRegion,
    deregistrationProtection: given.DeregistrationProtection,
    lastLaunchedAt: given.LastLaunchedTime,
  };
}

function parse(file: string): unknown {
  try {
    return JSON.parse(file);
  } catch (error) {
    throw new ImagesFileError(`the file of images is not JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * Own images, with the ids that a user's code has in it: a list of images in the SDK's spelling, or what
 * `aws ec2 describe-images` prints. `ImageId` and `Name` are required; the rest has defaults: an x86_64 Linux image that
 * boots from 8 GiB of gp3, public, owned by 000000000000.
 *
 * @throws {ImagesFileError} for anything that is not exactly that, naming entry and member
 */
export function readImagesFile(file: string): readonly CatalogueImage[] {
  const parsed = parse(file);
  const entries = Array.isArray(parsed)
    ? (parsed as readonly unknown[])
    : objectOf({ Images: listOf((entry) => entry) }, "Images")(parsed, "the file of images").Images;
  const images = entries.map((entry, index) => readImage(entry, `image ${index + 1}`));
  const seen = new Map<string, number>();
  for (const [index, image] of images.entries()) {
    const first = seen.get(image.id);
    if (first !== undefined) {
      throw new ImagesFileError(
        `image ${index + 1} (${image.id}) has the same ImageId as image ${first + 1}`,
      );
    }
    seen.set(image.id, index);
  }
  return images;
}
