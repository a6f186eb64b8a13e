import type { Context } from "../../kit/context.ts";
import type { Action, ActionResource } from "../actionTable.ts";
import type { KeyValue, Keys } from "../policy/keys.ts";

/** One thing that a call must be allowed: an action on a resource. */
export interface Demand {
  /** `ec2:RunInstances` */
  readonly action: string;
  /** An ARN, or `*`. */
  readonly resource: string;
  /** What is known of the resource, and of what the call asks of it. */
  readonly keys: Keys;
  /** The keys that it may have, for explanations: as documented, without those that are patterns. */
  readonly known: readonly string[];
  /** Whether it needs nobody's permission: then it is for the endpoint that a call comes by, to let it through. */
  readonly open?: true;
}

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** In lower case; `aws:ResourceTag/${TagKey}` as `aws:resourcetag/`. */
function setOf(keys: readonly string[]): ReadonlySet<string> {
  const known = sets.get(keys);
  if (known) return known;
  const set = new Set(keys.map((key) => key.toLowerCase().replace(/\$\{.*$/, "")));
  sets.set(keys, set);
  return set;
}

const has = (keys: readonly string[], name: string): boolean => {
  const set = setOf(keys);
  return set.has(name) || set.has(name.slice(0, name.indexOf("/") + 1));
};

/** Lets through the keys alone that the service has for an action, and for the type of resource that it is about. */
export const documented = (
  { keys: ofAction }: Pick<Action, "keys">,
  type: Pick<ActionResource, "keys"> | undefined,
  get: Keys["get"],
): Pick<Demand, "keys" | "known"> => ({
  keys: { get: (name) => (has(ofAction, name) || (type && has(type.keys, name)) ? get(name) : undefined) },
  known: [...ofAction, ...(type?.keys ?? [])].filter((key) => !key.includes("$")),
});

const isPlaceholder = /\$\{(\w+)\}/g;

/** Fills in the form of ARNs that a type of resource has; what else than partition, region and account is the id. */
export const fillArn = (
  form: string,
  { region }: Pick<Context, "region">,
  account: string,
  id: string,
): string =>
  form.replace(isPlaceholder, (_, name: string) =>
    name === "Partition" ? "aws" : name === "Region" ? region : name === "Account" ? account : id,
  );

interface TagLike {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** `aws:RequestTag/…` and `aws:TagKeys`. */
export function requestTag(name: string, tags: readonly TagLike[]): KeyValue {
  if (name === "aws:tagkeys") return tags.length === 0 ? undefined : tags.map(({ Key = "" }) => Key);
  return name.startsWith("aws:requesttag/") ? tagNamed(tags, name) : undefined;
}

/** The value of the tag that a key such as `aws:ResourceTag/team` names, whatever the case of `team`. */
export function tagNamed(tags: readonly TagLike[], name: string): string | undefined {
  const key = name.slice(name.indexOf("/") + 1);
  return tags.find(({ Key }) => Key?.toLowerCase() === key)?.Value;
}
