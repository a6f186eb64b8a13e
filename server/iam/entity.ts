import { ApiError } from "../errors.ts";
import type { Chance } from "../kit/chance.ts";
import type { Context } from "../kit/context.ts";
import type { Row, Table, TableDefinition } from "../state/table.ts";
import { checkName, checkPath, checkPathPrefix, missing, pageOf, type PageRequest } from "./request.ts";

/** What has a name, a path and a unique id in an account: users, groups, roles, instance profiles, policies. */
export interface EntityRow extends Row {
  readonly name: string;
  /** `/`, `/division/team/` */
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

interface EntityDefinition<R extends EntityRow, Index extends string> {
  /** As in ARNs: `instance-profile`. */
  readonly type: string;
  /** Of unique ids: `AIDA`. */
  readonly idPrefix: string;
  /** The member of requests that has the name: `userName`. */
  readonly member: string;
  /** How long a name may be. */
  readonly longest: number;
  /** What is said of a name that nothing has. */
  readonly missing: (name: string) => string;
  /** What is said of a name that is taken. */
  readonly taken: (name: string) => string;
  readonly indexes?: Readonly<Record<Index, (row: R) => string | undefined | readonly string[]>>;
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ID_LENGTH = 17;

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids */
const newUniqueId = (chance: Chance, prefix: string): string =>
  prefix + [...chance.bytes(ID_LENGTH)].map((byte) => BASE32[byte & 31]).join("");

/** Two names that differ in capitals alone cannot be in one account. */
const nameKey = (account: string, name: string): string => `${account}/${name.toLowerCase()}`;

type Fields<R extends EntityRow> = Omit<R, "id" | "seq" | "account" | "created">;

/**
 * One kind of entity. IAM's things are found by names, which can change, and have ids that are never used again; so they
 * are not what kit/resource.ts makes. They live in the global unit.
 */
export class Entities<R extends EntityRow, Index extends string = never> {
  readonly definition: EntityDefinition<R, Index>;
  readonly #table: TableDefinition<R>;

  constructor(definition: EntityDefinition<R, Index>) {
    this.definition = definition;
    this.#table = {
      name: `iam-${definition.type}`,
      indexes: {
        ...definition.indexes,
        account: ({ account }: R) => account,
        name: ({ account, name }: R) => nameKey(account, name),
      },
    };
  }

  table({ global }: Pick<Context, "global">): Table<R> {
    return global.table(this.#table);
  }

  arnOf({ account, path, name }: Pick<R, "account" | "path" | "name">): string {
    return `arn:aws:iam::${account}:${this.definition.type}${path}${name}`;
  }

  /** An account's entity of that name, if there is one: the caller's account, unless said. */
  find(ctx: Context, name: string, account = ctx.account): R | undefined {
    return this.table(ctx)
      .by("name", nameKey(account, name))
      .find((row) => row.name === name);
  }

  /** @throws {ApiError} NoSuchEntity */
  get(ctx: Context, name: string): R {
    const row = this.find(ctx, name);
    if (!row) throw missing(this.definition.missing(name));
    return row;
  }

  /** The entity of an ARN, of whatever account. */
  findByArn(ctx: Context, arn: string): R | undefined {
    const [, , service, , account = "", ...rest] = arn.split(":");
    const name = rest.join(":").split("/").at(-1) ?? "";
    if (service !== "iam") return undefined;
    const row = this.find(ctx, name, account);
    return row && this.arnOf(row) === arn ? row : undefined;
  }

  own(ctx: Context): R[] {
    return this.table(ctx).by("account", ctx.account);
  }

  by(ctx: Context, index: Index, key: string): R[] {
    return this.table(ctx).by(index, key);
  }

  /** @throws {ApiError} ValidationError, EntityAlreadyExists */
  create(ctx: Context, fields: Fields<R>): R {
    checkPath(fields.path);
    this.#checkFree(ctx, fields.name);
    const row = {
      ...fields,
      id: newUniqueId(ctx.chance, this.definition.idPrefix),
      seq: ctx.global.nextSeq(),
      account: ctx.account,
      created: ctx.now,
    } as unknown as R;
    this.table(ctx).insert(row);
    return row;
  }

  /** @throws {ApiError} ValidationError, EntityAlreadyExists */
  move(
    ctx: Context,
    row: R,
    to: { readonly name?: string | undefined; readonly path?: string | undefined },
  ): R {
    const { name = row.name, path = row.path } = to;
    checkPath(path, "newPath");
    if (name.toLowerCase() !== row.name.toLowerCase()) this.#checkFree(ctx, name);
    else checkName(this.definition.member, name, this.definition.longest);
    return this.update(ctx, row, { name, path } as Partial<Fields<R>>);
  }

  update(ctx: Context, row: R, fields: Partial<Fields<R>>): R {
    const changed = { ...row, ...fields };
    this.table(ctx).replace(changed);
    return changed;
  }

  remove(ctx: Context, row: R): void {
    this.table(ctx).remove(row.id);
  }

  /** The caller's, by name, in pages. */
  list(ctx: Context, request: PageRequest & { readonly PathPrefix?: string | undefined }) {
    const prefix = checkPathPrefix(request.PathPrefix);
    const rows = this.own(ctx).filter(({ path }) => path.startsWith(prefix));
    return pageOf(ctx, rows, request, ({ name }) => name, prefix);
  }

  #checkFree(ctx: Context, name: string): void {
    checkName(this.definition.member, name, this.definition.longest);
    const [other] = this.table(ctx).by("name", nameKey(ctx.account, name));
    if (other) throw new ApiError("EntityAlreadyExists", this.definition.taken(name));
  }
}
