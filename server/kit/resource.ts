import type { Filter, Tag, TagSpecification } from "@aws-sdk/client-ec2";
import { ApiError, type CodeWith } from "../errors.ts";
import type { Row, Table, TableDefinition } from "../state/table.ts";
import { cancel, later, onDue, soon } from "./agenda.ts";
import type { Context } from "./context.ts";
import { compileFilters, isLiteral, type Filters } from "./filters.ts";
import { checkQuota, declareQuota, type Quota } from "./quotas.ts";
import { takePage, type PageBounds, type PageRequest } from "./pages.ts";
import { checkTags, dropTags, putTags, tagsFor, tagsOf } from "./tags.ts";

/** What every resource's row has. */
export interface ResourceRow extends Row {
  /** When it was made: milliseconds since the epoch. */
  readonly created: number;
}

/** What a view may need besides its row. */
export interface Seen {
  readonly ctx: Context;
  /** The owner. */
  readonly account: string;
  /** The caller's tags on it. */
  readonly tags: Required<Tag>[];
}

export interface Definition<R extends ResourceRow, View extends object, Index extends string> {
  /** EC2's name of the resource type, as in tag specifications: `vpc`. */
  readonly type: string;
  /** `vpc` gives ids such as `vpc-0123456789abcdef0`. */
  readonly idPrefix: string;
  /** Raised for ids that are well-formed but not there. The argument is the id, or ids joined by ", ". */
  readonly notFound: CodeWith<[string]>;
  /** Raised for ids of another form; `notFound` where EC2 makes no difference. */
  readonly malformed?: CodeWith<[string]>;
  /** The member of the Describe call that lists ids: `VpcIds`. */
  readonly ids: string;
  readonly view: (row: R, seen: Seen) => View;
  readonly filters: Filters<View, R>;
  /** Filters that compare exactly what an index finds rows by, so that not all rows need to be looked at. */
  readonly filterIndexes?: Readonly<Record<string, NoInfer<Index>>>;
  readonly indexes?: Readonly<Record<Index, (row: R) => string | undefined | readonly string[]>>;
  /**
   * What it cannot outlive: type of the other resource → the index that finds its rows by that one's id. Such rows
   * keep the other one from being deleted, unless they are a part of it.
   */
  readonly parents?: Readonly<Record<string, NoInfer<Index>>>;
  /** Whether the row goes away together with a parent of this type: the main route table with its VPC. */
  readonly partOf?: (row: R, parent: string) => boolean;
  /** What happens to a row when an appointment made with `soon` or `later` is due. */
  readonly transitions?: Readonly<Record<string, (ctx: Context, row: R) => void>>;
  /** Whether a caller who does not own it may see it. */
  readonly shared?: (row: R, ctx: Context) => boolean;
  /**
   * Which tags it cannot have, beyond what no resource can; asked when tags are put on one that is there.
   *
   * @throws {ApiError} if one of them is such
   */
  readonly checkTags?: (ctx: Context, row: R, tags: readonly Tag[]) => void;
  readonly pages?: PageBounds;
  readonly quotas?: readonly RowQuota<R, NoInfer<Index>>[];
}

/** How many rows there may be: for each key of the index `per`, or else of each account in the region. */
interface RowQuota<R, Index extends string> extends Quota<R> {
  readonly per?: Index;
}

type DescribeInput = PageRequest & { readonly Filters?: readonly Filter[] | undefined };

/** A handler that knows what it can be filtered by. */
export interface Describe<View, Output extends string> {
  (input: DescribeInput, ctx: Context): { readonly [K in Output]: View[] } & { readonly NextToken?: string };
  readonly filters: readonly string[];
}

type Fields<R extends ResourceRow> = Omit<R, keyof ResourceRow>;

/** One kind of resource: its rows in a region, and all that operations on different kinds have in common. */
export class Resource<R extends ResourceRow, View extends object, Index extends string = string> {
  readonly definition: Definition<R, View, Index>;
  readonly #table: TableDefinition<R>;
  readonly #idForm: RegExp;

  constructor(definition: Definition<R, View, Index>) {
    this.definition = definition;
    this.#idForm = new RegExp(`^${definition.idPrefix}-(?:[0-9a-f]{8}|[0-9a-f]{17})$`);
    this.#table = {
      name: definition.type,
      indexes: { ...definition.indexes, account: ({ account }: R) => account },
    };
    for (const quota of definition.quotas ?? []) declareQuota(quota);
    onDue(definition.type, (ctx, target, event) => {
      const row = this.table(ctx).get(target);
      if (row) definition.transitions?.[event]?.(ctx, row);
    });
  }

  table({ unit }: Pick<Context, "unit">): Table<R> {
    return unit.table(this.#table);
  }

  /**
   * Makes a resource with a fresh id, and the tags that the call asks for on this type.
   *
   * @param specifications the call's TagSpecifications, or, for a call that makes several types, this type's tags
   */
  create(
    ctx: Context,
    fields: Fields<R>,
    specifications?: readonly TagSpecification[] | readonly Tag[],
    id = this.newId(ctx),
  ): R {
    const { type } = this.definition;
    const tags = isTags(specifications) ? checkTags(specifications) : tagsFor(specifications, type);
    const row = {
      ...fields,
      id,
      seq: ctx.unit.nextSeq(),
      account: ctx.account,
      created: ctx.now,
    } as unknown as R;
    if (ctx.quotas) this.#checkQuotas(ctx, row);
    this.table(ctx).insert(row);
    putTags(ctx, id, type, tags);
    return row;
  }

  newId(ctx: Context): string {
    for (;;) {
      const id = `${this.definition.idPrefix}-0${ctx.chance.hex(16)}`;
      if (!this.table(ctx).get(id)) return id;
    }
  }

  /** @throws {ApiError} that of the first quota which the new row would exceed */
  #checkQuotas(ctx: Context, row: R): void {
    for (const quota of this.definition.quotas ?? []) {
      const index = quota.per ?? "account";
      for (const key of this.table(ctx).keysOf(index, row)) {
        checkQuota(ctx, quota, () => this.table(ctx).count(index, key) + 1, row);
      }
    }
  }

  /** The row, if it is there and the caller may see it. */
  find(ctx: Context, id: string): R | undefined {
    const row = this.table(ctx).get(id);
    return row && this.#visible(ctx, row) ? row : undefined;
  }

  /** @throws {ApiError} the resource's malformed or not-found error */
  get(ctx: Context, id: string): R {
    this.checkForm(id);
    const row = this.find(ctx, id);
    if (!row) throw new ApiError(this.definition.notFound, id);
    return row;
  }

  /** As `get`, for several at once: the error names all that are missing. */
  getAll(ctx: Context, ids: readonly string[]): R[] {
    for (const id of ids) this.checkForm(id);
    const rows = [...new Set(ids)].map((id) => this.find(ctx, id) ?? id);
    const missing = rows.filter((row) => typeof row === "string");
    if (missing.length > 0) throw new ApiError(this.definition.notFound, missing.join(", "));
    return rows.filter((row) => typeof row !== "string");
  }

  checkForm(id: string): void {
    if (!this.hasForm(id)) throw new ApiError(this.definition.malformed ?? this.definition.notFound, id);
  }

  hasForm(id: string): boolean {
    return this.#idForm.test(id);
  }

  /** The caller's own, oldest first. */
  own(ctx: Context): R[] {
    return this.table(ctx).by("account", ctx.account);
  }

  by(ctx: Context, index: Index, key: string): R[] {
    return this.table(ctx).by(index, key);
  }

  count(ctx: Context, index: Index, key: string): number {
    return this.table(ctx).count(index, key);
  }

  /** Replaces the row by one with `fields` changed, and returns it. */
  update(ctx: Context, id: string, fields: Partial<Fields<R>>): R {
    const table = this.table(ctx);
    const row = { ...table.get(id), ...fields } as R;
    table.replace(row);
    return row;
  }

  /**
   * Makes sure that nothing depends on the resource but its own parts.
   *
   * @throws {ApiError} DependencyViolation
   */
  checkFree(ctx: Context, id: string, what = this.definition.type): void {
    if (this.isFree(ctx, id)) return;
    throw new ApiError("DependencyViolation", `The ${what} '${id}' has dependencies and cannot be deleted.`);
  }

  /** Whether nothing depends on the resource but its own parts. */
  isFree(ctx: Context, id: string): boolean {
    for (const { resource, row } of this.#children(ctx, id)) {
      if (!resource.definition.partOf?.(row, this.definition.type)) return false;
    }
    return true;
  }

  /** Removes what is a part of the resource. */
  deleteParts(ctx: Context, id: string): void {
    for (const { resource, row } of this.#children(ctx, id)) {
      if (resource.definition.partOf?.(row, this.definition.type)) resource.delete(ctx, row.id);
    }
  }

  /** Removes the row with its parts, its tags and what is still to happen to it. */
  delete(ctx: Context, id: string): void {
    this.deleteParts(ctx, id);
    this.table(ctx).remove(id);
    dropTags(ctx, id);
    cancel(ctx, this.definition.type, id);
  }

  /** A transition that EC2 takes about `seconds` for. */
  soon(ctx: Context, id: string, event: string, seconds: number): void {
    soon(ctx, this.definition.type, id, event, seconds);
  }

  /** Something that happens `seconds` from now, whatever the pace. */
  later(ctx: Context, id: string, event: string, seconds: number): void {
    later(ctx, this.definition.type, id, event, seconds);
  }

  show(ctx: Context, row: R): View {
    return this.definition.view(row, { ctx, account: row.account, tags: [...tagsOf(ctx, row.id)] });
  }

  /** The Describe operation of the resource: by ids, filtered, in pages. */
  describe<Output extends string>(output: Output): Describe<View, Output> {
    const { filters, ids, pages } = this.definition;
    const handler = (input: DescribeInput, ctx: Context): object => {
      const asked = (input as Readonly<Record<string, unknown>>)[ids] as readonly string[] | undefined;
      if (asked?.length && input.MaxResults !== undefined) {
        throw new ApiError(
          "InvalidParameterCombination",
          `The parameter ${ids} cannot be used with the parameter MaxResults`,
        );
      }
      const keep = compileFilters(filters, input.Filters);
      const rows = asked?.length ? this.getAll(ctx, asked) : this.visible(ctx, input.Filters);
      const show = (row: R): View | undefined => {
        const view = this.show(ctx, row);
        return !keep || keep(view, row) ? view : undefined;
      };
      const { items, ...page } = takePage(ctx, rows, input, show, pages);
      return { [output]: items, ...page };
    };
    return Object.assign(handler as Describe<View, Output>, { filters: Object.keys(filters) });
  }

  /**
   * What the caller may see, oldest first.
   *
   * @param asked filters that will be applied: rows may be left out that do not pass them
   */
  visible(ctx: Context, asked: readonly Filter[] = []): R[] {
    const { filterIndexes = {}, shared } = this.definition;
    for (const { Name: name = "", Values: values = [] } of asked) {
      const index = Object.hasOwn(filterIndexes, name) ? filterIndexes[name] : undefined;
      if (index === undefined || !values.every(isLiteral)) continue;
      const found = new Set(values.flatMap((value) => this.by(ctx, index, value)));
      return [...found].filter((row) => this.#visible(ctx, row)).toSorted((a, b) => a.seq - b.seq);
    }
    if (!shared) return this.own(ctx);
    return [...this.table(ctx).all()].filter((row) => this.#visible(ctx, row));
  }

  *#children(ctx: Context, id: string): Iterable<{ resource: AnyResource; row: ResourceRow }> {
    for (const resource of resources.values()) {
      const index = resource.definition.parents?.[this.definition.type];
      if (!index) continue;
      for (const row of resource.by(ctx, index, id)) yield { resource, row };
    }
  }

  #visible(ctx: Context, row: R): boolean {
    return row.account === ctx.account || (this.definition.shared?.(row, ctx) ?? false);
  }
}

const isTags = (
  specifications: readonly TagSpecification[] | readonly Tag[] | undefined,
): specifications is readonly Tag[] => specifications?.[0] !== undefined && "Key" in specifications[0];

type AnyResource = Resource<ResourceRow, object>;

/** Every kind of resource there is, by its type. */
export const resources = new Map<string, AnyResource>();

export function defineResource<R extends ResourceRow, View extends object, Index extends string = never>(
  definition: Definition<R, View, Index>,
): Resource<R, View, Index> {
  const resource = new Resource(definition);
  resources.set(definition.type, resource as unknown as AnyResource);
  return resource;
}
