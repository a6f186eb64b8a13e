import { createHash } from "node:crypto";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import type { Row, TableDefinition } from "../state/table.ts";

/** What an account wants of its new volumes in a region, where that is not what everybody gets. */
interface EbsDefaults extends Row {
  readonly account: string;
  readonly encrypted: boolean;
  /** ARN of a key of the account's own; absent for the one that AWS keeps for it. */
  readonly kmsKeyId: string | undefined;
}

const definition: TableDefinition<EbsDefaults> = { name: "ebs-defaults" };

/** The key that AWS makes for each account in each region. */
const MANAGED_KEY = "alias/aws/ebs";

const KEY_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i;
const ALIAS = /^alias\/[\w/-]{1,250}$/;
const ARN = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):(\d{12}):(?:key\/(.+)|(alias\/.+))$/;

const defaultsOf = (ctx: Context): EbsDefaults | undefined => ctx.unit.table(definition).get(ctx.account);

function change(ctx: Context, fields: Partial<Pick<EbsDefaults, "encrypted" | "kmsKeyId">>): void {
  const table = ctx.unit.table(definition);
  const before = defaultsOf(ctx);
  if (before) table.replace({ ...before, ...fields });
  else {
    table.insert({
      id: ctx.account,
      seq: ctx.unit.nextSeq(),
      account: ctx.account,
      encrypted: false,
      kmsKeyId: undefined,
      ...fields,
    });
  }
}

const keyArn = (region: string, account: string, keyId: string): string =>
  `arn:aws:kms:${region}:${account}:key/${keyId}`;

/** There is no key management here, so an alias stands for one key for good: one that follows from its name. */
function keyOfAlias(region: string, account: string, alias: string): string {
  const hex = createHash("sha256").update(`${region}/${account}/${alias}`).digest("hex");
  const keyId = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return keyArn(region, account, keyId);
}

/**
 * The ARN of the key that is meant by a key id, an alias, or the ARN of either.
 *
 * @throws {ApiError} InvalidParameterValue for any other text, or a key of another region
 */
function readKey({ region, account }: Context, text: string): string {
  if (KEY_ID.test(text)) return keyArn(region, account, text);
  if (ALIAS.test(text)) return keyOfAlias(region, account, text);
  const [, home, owner = "", keyId, alias] = ARN.exec(text) ?? [];
  if (home === region && keyId !== undefined && KEY_ID.test(keyId)) return keyArn(region, owner, keyId);
  if (home === region && alias !== undefined && ALIAS.test(alias)) return keyOfAlias(region, owner, alias);
  throw new ApiError("InvalidParameterValue", `Value (${text}) for parameter kmsKeyId is invalid.`);
}

/** Whether data is encrypted, and by which key (its ARN). */
export interface Encryption {
  readonly encrypted: boolean;
  readonly kmsKeyId: string | undefined;
}

/**
 * How a new volume is encrypted: as asked, but never less than the account's default or the volume's source.
 *
 * @throws {ApiError} InvalidParameterDependency for a key without encryption
 * @see https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html
 */
export function encryptionOf(
  ctx: Context,
  { encrypted: asked, kmsKeyId }: { readonly [K in keyof Encryption]?: Encryption[K] | undefined },
  source: Encryption | undefined,
): Encryption {
  const defaults = defaultsOf(ctx);
  const encrypted = asked === true || defaults?.encrypted === true || source?.encrypted === true;
  if (kmsKeyId !== undefined && !encrypted) {
    throw new ApiError(
      "InvalidParameterDependency",
      "The parameter KmsKeyId requires the parameter Encrypted to be set.",
    );
  }
  if (!encrypted) return { encrypted, kmsKeyId: undefined };
  if (kmsKeyId !== undefined) return { encrypted, kmsKeyId: readKey(ctx, kmsKeyId) };
  return { encrypted, kmsKeyId: source?.kmsKeyId ?? defaults?.kmsKeyId ?? readKey(ctx, MANAGED_KEY) };
}

/** What a volume or a snapshot has of the one that it was made from. */
export interface Heritage {
  /** The name of the key that its blocks are encrypted with; absent for plain ones, and where there are no blocks. */
  readonly dataKeyId: string | undefined;
  /** The same for volumes and snapshots that came of each other without being encrypted anew. */
  readonly lineage: string;
}

/**
 * What a new volume or snapshot has of its source: its data key, unless another KMS key is to protect it.
 *
 * @param id of the new one
 */
export function heritageOf(
  ctx: Context,
  id: string,
  { encrypted, kmsKeyId }: Encryption,
  source: (Encryption & Heritage) | undefined,
): Heritage {
  if (source?.encrypted === encrypted && source.kmsKeyId === kmsKeyId) {
    const { dataKeyId, lineage } = source;
    return { dataKeyId: encrypted ? (dataKeyId ?? ctx.chance.uuid()) : undefined, lineage };
  }
  return { dataKeyId: encrypted ? ctx.chance.uuid() : undefined, lineage: id };
}

/** Whether a key is the one that AWS keeps for an account, which no other account can use. */
export const isManagedKey = ({ region, account }: Context, { kmsKeyId }: Encryption): boolean =>
  kmsKeyId === keyOfAlias(region, account, MANAGED_KEY);

export const operations = {
  DisableEbsEncryptionByDefault: (_, ctx) => {
    change(ctx, { encrypted: false });
    return { EbsEncryptionByDefault: false };
  },

  EnableEbsEncryptionByDefault: (_, ctx) => {
    change(ctx, { encrypted: true });
    return { EbsEncryptionByDefault: true };
  },

  // EC2 names the key that AWS keeps by its alias, although the reference promises an ARN.
  GetEbsDefaultKmsKeyId: (_, ctx) => ({ KmsKeyId: defaultsOf(ctx)?.kmsKeyId ?? MANAGED_KEY }),

  GetEbsEncryptionByDefault: (_, ctx) => ({ EbsEncryptionByDefault: defaultsOf(ctx)?.encrypted ?? false }),

  ModifyEbsDefaultKmsKeyId: ({ KmsKeyId }, ctx) => {
    const kmsKeyId = readKey(ctx, KmsKeyId);
    change(ctx, { kmsKeyId });
    return { KmsKeyId: kmsKeyId };
  },

  ResetEbsDefaultKmsKeyId: (_, ctx) => {
    change(ctx, { kmsKeyId: undefined });
    return { KmsKeyId: MANAGED_KEY };
  },
} satisfies Handlers;
