import type { Filter } from "@aws-sdk/client-ec2";
import type { Context } from "./context.ts";
import { compileFilters, type Filters } from "./filters.ts";
import { isOnePage, takePage, type PageBounds, type PageRequest } from "./pages.ts";

export interface ListDefinition<Input, View extends object, Output extends string> {
  /** The member of the answer: `Regions`. */
  readonly output: Output;
  readonly filters: Filters<View>;
  /** Whether they can have tags to filter by. */
  readonly tagged?: boolean;
  readonly pages?: PageBounds;
  /** All that the call asks about, before filters, in an order that lasts from one page to the next. */
  readonly of: (input: Input, ctx: Context) => readonly View[];
}

type ListInput = PageRequest & { readonly Filters?: readonly Filter[] | undefined };

/** A handler that knows what it can be filtered by. */
export interface DescribeList<Input, View, Output extends string> {
  (input: Input, ctx: Context): { readonly [K in Output]: View[] } & { readonly NextToken?: string };
  readonly filters: readonly string[];
}

/**
 * The Describe operation of what is no resource with rows of its own (regions, instance types, tags): filtered, in
 * pages.
 */
export function describeList<Input extends ListInput, View extends object, Output extends string>({
  output,
  filters,
  tagged = false,
  pages,
  of,
}: ListDefinition<Input, View, Output>): DescribeList<Input, View, Output> {
  const handler = (input: Input, ctx: Context): object => {
    const keep = compileFilters(filters, input.Filters, tagged);
    const list = of(input, ctx);
    // All there is, which may be frozen and is then encoded once.
    if (!keep && isOnePage(ctx, list.length, input, pages)) return { [output]: list };
    const show = ({ view }: Numbered<View>): View | undefined =>
      !keep || keep(view, view) ? view : undefined;
    const { items, ...page } = takePage(ctx, numbered(list), input, show, pages);
    return { [output]: items, ...page };
  };
  return Object.assign(handler as DescribeList<Input, View, Output>, { filters: Object.keys(filters) });
}

interface Numbered<View> {
  readonly seq: number;
  readonly view: View;
}

/** What stands in a list has its place instead of a row's number. */
export const numbered = <View>(list: readonly View[]): Numbered<View>[] =>
  list.map((view, place) => ({ seq: place + 1, view }));
