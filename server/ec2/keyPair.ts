import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { createKeyMaterial, readPublicKey, type PublicKey } from "./keyMaterial.ts";

export interface KeyPair extends ResourceRow, PublicKey {
  /** One of its kind in the account and region. */
  readonly name: string;
}

const filters = {
  fingerprint: (pair: Sdk.KeyPairInfo) => pair.KeyFingerprint,
  "key-name": (pair: Sdk.KeyPairInfo) => pair.KeyName,
  "key-pair-id": (pair: Sdk.KeyPairInfo) => pair.KeyPairId,
};

/** The public half of a key, which instances are launched with; the private half is with whoever made it. */
export const keyPairs = defineResource({
  type: "key-pair",
  idPrefix: "key",
  notFound: "InvalidKeyPair.NotFound",
  ids: "KeyPairIds",
  view: (pair: KeyPair, { tags }): Sdk.KeyPairInfo => ({
    KeyPairId: pair.id,
    KeyName: pair.name,
    KeyType: pair.type,
    KeyFingerprint: pair.fingerprint,
    CreateTime: new Date(pair.created),
    Tags: tags,
  }),
  filters,
  indexes: { name: ({ account, name }) => `${account}/${name}` },
});

const named = (ctx: Context, name: string): KeyPair | undefined =>
  keyPairs.by(ctx, "name", `${ctx.account}/${name}`)[0];

/** @throws {ApiError} InvalidKeyPair.NotFound */
export function keyPairByName(ctx: Context, name: string): KeyPair {
  const pair = named(ctx, name);
  if (!pair) throw new ApiError("InvalidKeyPair.NotFound", name);
  return pair;
}

/**
 * "Up to 255 ASCII characters. It can't include leading or trailing spaces."
 *
 * @throws {ApiError} InvalidParameterValue for another name, InvalidKeyPair.Duplicate for one that is taken
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-key-pairs.html
 */
function checkName(ctx: Context, name: string): void {
  if (!/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(name)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${name.slice(0, 256)}) for parameter keyName is invalid. It must be 1 to 255 ASCII characters, without spaces at its ends.`,
    );
  }
  if (named(ctx, name)) throw new ApiError("InvalidKeyPair.Duplicate", name);
}

/** What a pair is answered with when it is made. */
const answer = (ctx: Context, row: KeyPair) => {
  const { KeyPairId, KeyName, KeyFingerprint, Tags } = keyPairs.show(ctx, row);
  return { KeyPairId, KeyName, KeyFingerprint, Tags };
};

/** The pairs that a call names by name or by id, each once; without any, all. */
function asked(ctx: Context, { KeyNames = [], KeyPairIds = [] }: Sdk.DescribeKeyPairsRequest): KeyPair[] {
  if (KeyNames.length + KeyPairIds.length === 0) return keyPairs.own(ctx);
  const byName = KeyNames.map((name) => keyPairByName(ctx, name));
  return [...new Set([...byName, ...keyPairs.getAll(ctx, KeyPairIds)])];
}

export const operations = {
  CreateKeyPair: ({ KeyName, KeyType = "rsa", KeyFormat = "pem", TagSpecifications }, ctx) => {
    checkName(ctx, KeyName);
    const { privateKey, ...publicKey } = createKeyMaterial(KeyType, KeyFormat, KeyName);
    const pair = keyPairs.create(ctx, { ...publicKey, name: KeyName }, TagSpecifications);
    return { ...answer(ctx, pair), KeyMaterial: privateKey };
  },

  /** To delete what is not there succeeds. */
  DeleteKeyPair: ({ KeyName, KeyPairId }, ctx) => {
    if (KeyName === undefined && KeyPairId === undefined) {
      throw new ApiError("MissingParameter", "KeyName or KeyPairId");
    }
    const pair = KeyPairId === undefined ? named(ctx, KeyName ?? "") : keyPairs.find(ctx, KeyPairId);
    if (!pair || (KeyName !== undefined && pair.name !== KeyName)) return { Return: true };
    keyPairs.delete(ctx, pair.id);
    return { Return: true, KeyPairId: pair.id };
  },

  DescribeKeyPairs: describeList({
    output: "KeyPairs",
    filters,
    tagged: true,
    of: (input: Sdk.DescribeKeyPairsRequest, ctx) =>
      asked(ctx, input).map((pair) => ({
        ...keyPairs.show(ctx, pair),
        // EC2 shows the name as the key's comment.
        ...(input.IncludePublicKey && { PublicKey: `${pair.publicKey} ${pair.name}` }),
      })),
  }),

  ImportKeyPair: ({ KeyName, PublicKeyMaterial, TagSpecifications }, ctx) => {
    checkName(ctx, KeyName);
    const publicKey = readPublicKey(Buffer.from(PublicKeyMaterial));
    return answer(ctx, keyPairs.create(ctx, { ...publicKey, name: KeyName }, TagSpecifications));
  },
} satisfies Handlers;
