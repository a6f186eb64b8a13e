import type { CatalogueImage } from "../catalogue/image.ts";
import type { TypeKeys } from "./typeKeys.ts";

export const imageKeys: TypeKeys<CatalogueImage> = {
  rows: {
    "ec2:ImageType": () => "machine",
    "ec2:Owner": ({ ownerId, ownerAlias }) => ownerAlias ?? ownerId,
    "ec2:Public": ({ isPublic }) => isPublic,
    "ec2:RootDeviceType": () => "ebs",
  },
  asked: {
    "ec2:ImageType": () => "machine",
    "ec2:Owner": (_input, { account }) => account,
    "ec2:Public": () => false,
    "ec2:RootDeviceType": () => "ebs",
  },
};
