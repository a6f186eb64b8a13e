import type * as Sdk from "@aws-sdk/client-ec2";
import type { KeyPair } from "../keyPair.ts";
import type { TypeKeys } from "./typeKeys.ts";

export const keyPairKeys: TypeKeys<KeyPair, Sdk.CreateKeyPairRequest> = {
  rows: { "ec2:KeyPairName": ({ name }) => name, "ec2:KeyPairType": ({ type }) => type },
  asked: { "ec2:KeyPairName": ({ KeyName }) => KeyName, "ec2:KeyPairType": ({ KeyType = "rsa" }) => KeyType },
};
