import type { IamInstanceProfileSpecification, Tag, TagSpecification } from "@aws-sdk/client-ec2";
import type { Context } from "../../kit/context.ts";
import { tagsOf } from "../../kit/tags.ts";
import { offerOf } from "../../ec2/addressTransfer.ts";
import { profileArn } from "../../ec2/conditionKeys/instance.ts";
import { conditionKeys } from "../../ec2/conditionKeys/registry.ts";
import { requestKeys } from "../../ec2/conditionKeys/request.ts";
import type { Found, TypeKeys } from "../../ec2/conditionKeys/typeKeys.ts";
import type { Action, ActionResource, ActionTable } from "../actionTable.ts";
import type { Keys, KeyValue } from "../policy/keys.ts";
import { documented, fillArn, requestTag, tagNamed, type Demand } from "./demand.ts";
import { partsOfLaunch, type Parts } from "./launch.ts";
import { partsOfSnapshots } from "./multiVolumeSnapshot.ts";
import { byId, byName, type Named } from "./named.ts";

type Input = Readonly<Record<string, unknown>> & {
  readonly TagSpecifications?: readonly TagSpecification[];
  readonly Tags?: readonly Tag[];
  readonly IamInstanceProfile?: IamInstanceProfileSpecification;
};

/** Members whose texts name no resource that the call is about. */
const MUTE: ReadonlySet<string> = new Set([
  ...["ClientToken", "Description", "ExcludeDataVolumeIds", "Filters", "NextToken"],
  ...["TagSpecifications", "Tags", "UserData"],
]);

/** Whether a call of the action may make one of this type: then it may tag it, too. */
const isMade = (operation: string, type: ActionResource): boolean =>
  operation !== "CreateTags" &&
  /^(?:Allocate|Copy|Create|Import|Register)/.test(operation) &&
  type.keys.includes("aws:RequestTag/${TagKey}");

const madeBy = new WeakMap<Action, ReadonlySet<string>>();

/** The types that calls of an action make one of. */
function typesMade(action: Action): ReadonlySet<string> {
  const known = madeBy.get(action);
  if (known) return known;
  const types = action.resources.filter((type) => isMade(action.name, type)).map(({ type }) => type);
  const made = new Set(types);
  madeBy.set(action, made);
  return made;
}

/** Whatever an input names, by the type of it, each once. */
function namedIn(ctx: Context, input: unknown, made: ReadonlySet<string>): Map<string, Named[]> {
  const found = new Map<string, Named[]>();
  const add = (named: Named): void => {
    const known = found.get(named.type);
    if (!known) found.set(named.type, [named]);
    else if (!known.some(({ name }) => name === named.name)) known.push(named);
  };
  const visit = (value: unknown, member: string): void => {
    if (typeof value === "string") {
      for (const named of byId(ctx, value)) add(named);
      for (const named of byName[member.replace(/(?<=Name|Ip)s$/, "")]?.(ctx, value) ?? []) {
        // What is to be made has that name not yet.
        if (!made.has(named.type)) add(named);
      }
    } else if (Array.isArray(value)) {
      for (const each of value) visit(each, member);
    } else if (typeof value === "object" && value !== null) {
      for (const [name, each] of Object.entries(value)) if (!MUTE.has(name)) visit(each, name);
    }
  };
  visit(input, "");
  return found;
}

/** All texts of a row, and of what is in it. */
function* textsOf(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null) {
    for (const each of Object.values(value)) yield* textsOf(each);
  }
}

/** What of a type the rows of what was named lead to: the subnet of an interface, the table of an association. */
function reachedFrom(ctx: Context, named: Iterable<Named>, type: string): Named[] {
  const reached = new Map<string, Named>();
  for (const { row } of named) {
    for (const text of textsOf(row)) {
      for (const each of byId(ctx, text)) if (each.type === type) reached.set(each.id, each);
    }
  }
  return [...reached.values()];
}

const compiled = new WeakMap<object, ReadonlyMap<string, (from: never, ctx: Context) => Found>>();

/** A condition key of a resource, looked up whatever the case of its name. */
function ownKey(keys: TypeKeys["rows"] | undefined, name: string, from: object, ctx: Context): KeyValue {
  if (!keys) return undefined;
  let byLowerName = compiled.get(keys);
  if (!byLowerName) {
    byLowerName = new Map(Object.entries(keys).map(([key, get]) => [key.toLowerCase(), get]));
    compiled.set(keys, byLowerName);
  }
  const found = byLowerName.get(name)?.(from as never, ctx);
  return found === undefined ? undefined : typeof found === "object" ? found.map(String) : String(found);
}

/** `ec2:VpcID`, `ec2:SecurityGroupID`: each type's ids have such a key. */
const idKey = (type: string): string => `ec2:${type.replaceAll("-", "")}id`;

/** The attribute that a Modify…Attribute call is about, by its name or by its member. */
function attributeKey(name: string, input: Input): KeyValue {
  const attributes = Object.entries(input).filter(
    ([member]) => !/(?:Id|Ids)$|^(?:Attribute|DryRun|Value)$/.test(member),
  );
  if (name === "ec2:attribute") {
    return typeof input.Attribute === "string" ? input.Attribute : attributes.map(([member]) => member);
  }
  const wanted = name.slice("ec2:attribute/".length);
  const [, value] = attributes.find(([member]) => member.toLowerCase() === wanted) ?? [];
  const inner = typeof value === "object" && value !== null && "Value" in value ? value.Value : value;
  return ["string", "number", "boolean"].includes(typeof inner) ? String(inner) : undefined;
}

/** Builds the demands of one call. */
class Demands {
  readonly #ctx: Context;
  readonly #action: Action;
  readonly #input: Input;

  constructor(ctx: Context, action: Action, input: Input) {
    this.#ctx = ctx;
    this.#action = action;
    this.#input = input;
  }

  onNothing(): Demand {
    return this.#about("*", this.#ctx.account, this.#action, undefined, (name) => this.#common(name, ""));
  }

  /** On a resource that is named. */
  on(type: ActionResource, { name, id, account, row }: Named): Demand {
    const ctx = this.#ctx;
    return this.#about(fillArn(type.arn, ctx, account, name), account, this.#action, type, (key) => {
      if (key === idKey(type.type)) return id;
      if (/^(?:aws|ec2):resourcetag\//.test(key)) return row && tagNamed(tagsOf(ctx, id), key);
      return (row && ownKey(conditionKeys[type.type]?.rows, key, row, ctx)) ?? this.#common(key, type.type);
    });
  }

  /**
   * On one that is to be made, or that the call leaves to EC2.
   *
   * @param asked what the call says of it, where that is not the call's input as a whole
   */
  onNew(type: ActionResource, asked: object = this.#input, name = "*"): Demand {
    const ctx = this.#ctx;
    const arn = fillArn(type.arn, ctx, ctx.account, name);
    return this.#about(
      arn,
      ctx.account,
      this.#action,
      type,
      (key) => ownKey(conditionKeys[type.type]?.asked, key, asked, ctx) ?? this.#common(key, type.type),
    );
  }

  /** Tags that a call puts on what it makes must be allowed like those of CreateTags. */
  onTags(createTags: Action): Demand[] {
    return (this.#input.TagSpecifications ?? []).flatMap(({ ResourceType = "", Tags = [] }) => {
      const type = createTags.resources.find((each) => each.type === ResourceType);
      if (Tags.length === 0) return [];
      const ctx = this.#ctx;
      const arn = fillArn(type?.arn ?? "*", ctx, ctx.account, "*");
      return this.#about(arn, ctx.account, createTags, type, (key) => {
        if (key === "ec2:createaction") return this.#action.name;
        return (
          ownKey(conditionKeys[ResourceType]?.asked, key, this.#input, ctx) ?? this.#common(key, ResourceType)
        );
      });
    });
  }

  /** @param account whose the resource is, which is known of each, whatever the action */
  #about(
    resource: string,
    account: string,
    action: Action,
    type: ActionResource | undefined,
    get: Keys["get"],
  ): Demand {
    const { keys, known } = documented(action, type, get);
    return {
      action: `ec2:${action.name}`,
      resource,
      known: ["aws:ResourceAccount", ...known],
      keys: { get: (name) => (name === "aws:resourceaccount" ? account : keys.get(name)) },
    };
  }

  #common(key: string, type: string): KeyValue {
    if (key === "ec2:region") return this.#ctx.region;
    if (key === "ec2:attribute" || key.startsWith("ec2:attribute/")) return attributeKey(key, this.#input);
    if (key === "ec2:newinstanceprofile") return profileArn(this.#ctx, this.#input.IamInstanceProfile);
    const said = ownKey(requestKeys, key, this.#input, this.#ctx);
    if (said !== undefined) return said;
    const { TagSpecifications, Tags = [] } = this.#input;
    const tags = TagSpecifications
      ? TagSpecifications.filter(({ ResourceType }) => ResourceType === type).flatMap(
          (each) => each.Tags ?? [],
        )
      : Tags;
    return requestTag(key, tags);
  }
}

/** Key pairs and placement groups have the name in their ARN that the call gives them. */
const newName = (type: string, { KeyName, GroupName }: Input): string | undefined => {
  const name = type === "key-pair" ? KeyName : type === "placement-group" ? GroupName : undefined;
  return typeof name === "string" ? name : undefined;
};

/** An address that is offered is named by itself, in ARNs by its allocation. */
function partsOfTransfer(ctx: Context, { Address = "" }: { readonly Address?: string }): Parts {
  const offer = offerOf(ctx, Address);
  return { chosen: offer ? [offer.allocationId] : [], made: new Map() };
}

/** Actions on more than a call of them names. */
const partsOf: Readonly<Partial<Record<string, (ctx: Context, input: object) => Parts>>> = {
  AcceptAddressTransfer: partsOfTransfer,
  CreateSnapshots: partsOfSnapshots,
  RunInstances: partsOfLaunch,
};

/**
 * What a call of EC2 must be allowed: its action on each resource that it names and on each that it is to make, and to
 * tag what it makes. A resource of a type that the action always is about, but which the call does not name, is `*`.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
 */
export function demandsOfEc2(ctx: Context, table: ActionTable, given: object): Demand[] {
  const input = given as Input;
  const action = table.get(ctx.operation) ?? { name: ctx.operation, resources: [], keys: ["ec2:Region"] };
  const demands = new Demands(ctx, action, input);
  const createTags = table.get("CreateTags");
  if (action.resources.length === 0) return [demands.onNothing()];
  const made = typesMade(action);
  const parts = partsOf[action.name]?.(ctx, given);
  const named = namedIn(ctx, [input, parts?.chosen], made);
  // Of some actions it is not said which of several types each call is about: it is about what it names, if it names any.
  const anyOf = action.resources.every(({ type, required }) => !required && !named.has(type));
  const about = action.resources.filter(
    ({ type, required }) => required || anyOf || named.has(type) || parts?.made.has(type),
  );
  const list = about.flatMap((type): Demand[] => {
    const ofType = named.get(type.type) ?? [];
    const onNamed = ofType.map((each) => demands.on(type, each));
    const described = parts?.made.get(type.type);
    if (described) return [...onNamed, ...described.map((asked) => demands.onNew(type, asked))];
    if (onNamed.length > 0 && !made.has(type.type)) return onNamed;
    if (type.required && made.has(type.type)) {
      return [...onNamed, demands.onNew(type, input, newName(type.type, input))];
    }
    if (!type.required && !anyOf) return onNamed;
    const reached = reachedFrom(ctx, [...named.values()].flat(), type.type);
    if (reached.length > 0) return reached.map((each) => demands.on(type, each));
    return type.required ? [demands.onNew(type)] : [];
  });
  if (list.length === 0) list.push(demands.onNothing());
  return createTags ? [...list, ...demands.onTags(createTags)] : list;
}
