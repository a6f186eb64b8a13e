import type * as Iam from "@aws-sdk/client-iam";
import { keysOf, keyTable, lastUseOf, newKeyId, newSecret, rootArn, type KeyRow } from "../auth/keys.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import { breach, checkLength, missing, pageOf } from "./request.ts";
import { users, userOf } from "./user.ts";

const MOST_KEYS = 2;
const SHORTEST_ID = 16;
const LONGEST_ID = 128;

/** Whom keys are made for: a user, or the account's root, who has no name. */
interface Owner {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
}

/** Whom a call names, or else who calls. @throws {ApiError} NoSuchEntity, ValidationError */
function ownerOf(ctx: Context, name: string | undefined): Owner {
  const arn = rootArn(ctx.account);
  if (name === undefined && ctx.caller.arn === arn) return { id: ctx.account, arn, name: "" };
  const user = userOf(ctx, name);
  return { id: user.id, arn: users.arnOf(user), name: user.name };
}

/** The owner's lasting keys, oldest first. */
export const lastingKeys = (ctx: Context, ownerId: string): KeyRow[] =>
  keysOf(ctx.global, ownerId).filter(({ token }) => token === undefined);

export const statusOf = ({ status }: KeyRow): Iam.StatusType => status ?? "Active";

/** @throws {ApiError} ValidationError, NoSuchEntity */
function keyOf(ctx: Context, owner: Owner, id: string): KeyRow {
  checkLength("accessKeyId", id, SHORTEST_ID, LONGEST_ID);
  const key = lastingKeys(ctx, owner.id).find((each) => each.id === id);
  if (!key) throw missing(`The Access Key with id ${id} cannot be found.`);
  return key;
}

const createdOf = ({ created }: KeyRow): Date | undefined =>
  created === undefined ? undefined : new Date(created);

export const operations = {
  CreateAccessKey: ({ UserName }, ctx) => {
    const owner = ownerOf(ctx, UserName);
    if (lastingKeys(ctx, owner.id).length >= MOST_KEYS) {
      throw new ApiError("LimitExceeded", `Cannot exceed quota for AccessKeysPerUser: ${MOST_KEYS}`);
    }
    const row: KeyRow = {
      id: newKeyId(ctx.chance, "AKIA"),
      seq: ctx.global.nextSeq(),
      account: ctx.account,
      arn: owner.arn,
      userId: owner.id,
      secret: newSecret(ctx.chance),
      created: ctx.now,
    };
    ctx.global.table(keyTable).insert(row);
    return {
      AccessKey: {
        UserName: owner.name,
        AccessKeyId: row.id,
        Status: "Active",
        SecretAccessKey: row.secret,
        CreateDate: createdOf(row),
      },
    };
  },

  DeleteAccessKey: ({ UserName, AccessKeyId }, ctx) => {
    const { id } = keyOf(ctx, ownerOf(ctx, UserName), AccessKeyId);
    ctx.global.table(keyTable).remove(id);
    return {};
  },

  /** What was before the server last started is not remembered. */
  GetAccessKeyLastUsed: ({ AccessKeyId }, ctx) => {
    checkLength("accessKeyId", AccessKeyId, SHORTEST_ID, LONGEST_ID);
    const key = ctx.global.table(keyTable).get(AccessKeyId);
    if (!key || key.account !== ctx.account || key.token !== undefined) {
      throw missing(`The Access Key with id ${AccessKeyId} cannot be found.`);
    }
    const use = lastUseOf(ctx.global, AccessKeyId);
    return {
      UserName: users.table(ctx).get(key.userId)?.name,
      AccessKeyLastUsed: use
        ? { LastUsedDate: new Date(use.at), ServiceName: use.service, Region: use.region }
        : { LastUsedDate: undefined, ServiceName: "N/A", Region: "N/A" },
    };
  },

  ListAccessKeys: ({ UserName, ...page }, ctx) => {
    const owner = ownerOf(ctx, UserName);
    const { items, rest } = pageOf(ctx, lastingKeys(ctx, owner.id), page, ({ id }) => id, owner.id);
    return {
      AccessKeyMetadata: items.map((key) => ({
        UserName: owner.name,
        AccessKeyId: key.id,
        Status: statusOf(key),
        CreateDate: createdOf(key),
      })),
      ...rest,
    };
  },

  UpdateAccessKey: ({ UserName, AccessKeyId, Status }, ctx) => {
    const { status: _status, ...key } = keyOf(ctx, ownerOf(ctx, UserName), AccessKeyId);
    if (Status !== "Active" && Status !== "Inactive") {
      throw breach("status", Status, "Member must satisfy enum value set: [Active, Inactive]");
    }
    ctx.global.table(keyTable).replace(Status === "Active" ? key : { ...key, status: "Inactive" });
    return {};
  },
} satisfies IamHandlers;
