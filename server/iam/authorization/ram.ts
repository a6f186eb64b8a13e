import type { Context } from "../../kit/context.ts";
import { findInvitation } from "../../ram/invitation.ts";
import { findShare, shareTable } from "../../ram/share.ts";
import { typeOf } from "../../ram/shareable.ts";
import type { ActionTable } from "../actionTable.ts";
import type { KeyValue } from "../policy/keys.ts";
import { documented, requestTag, tagNamed, type Demand } from "./demand.ts";

interface Input {
  readonly resourceShareArn?: string;
  readonly resourceShareInvitationArn?: string;
  readonly resourceArns?: readonly string[];
  readonly principals?: readonly string[];
  readonly allowExternalPrincipals?: boolean;
  readonly tags?: readonly { readonly key?: string; readonly value?: string }[];
  readonly tagKeys?: readonly string[];
}

const text = (value: boolean | undefined): string | undefined =>
  value === undefined ? undefined : String(value);

/**
 * What a call of RAM must be allowed: its action on the share or the invitation that it names.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsresourceaccessmanagerram.html
 */
export function demandsOfRam(ctx: Context, table: ActionTable, given: object): Demand[] {
  const input = given as Input;
  const { resourceShareArn, resourceShareInvitationArn, resourceArns, principals } = input;
  const action = table.get(ctx.operation) ?? { name: ctx.operation, resources: [], keys: [] };
  const invitation =
    resourceShareInvitationArn === undefined ? undefined : findInvitation(ctx, resourceShareInvitationArn);
  const share =
    resourceShareArn === undefined
      ? ctx.unit.table(shareTable).get(invitation?.shareId ?? "")
      : findShare(ctx, resourceShareArn);
  const tags =
    input.tags?.map(({ key = "", value = "" }) => ({ Key: key, Value: value })) ??
    input.tagKeys?.map((Key) => ({ Key })) ??
    [];
  const keys: Readonly<Record<string, () => KeyValue>> = {
    "ram:allowsexternalprincipals": () => text(share?.takesStrangers),
    "ram:principal": () => principals,
    "ram:requestedallowsexternalprincipals": () => text(input.allowExternalPrincipals),
    "ram:requestedresourcetype": () => resourceArns?.map(typeOf),
    "ram:resourcearn": () => resourceArns,
    "ram:resourcesharename": () => share?.name,
    "ram:shareowneraccountid": () => invitation?.account,
  };
  const get = (name: string): KeyValue => {
    if (/^(?:aws|ram):resourcetag\//.test(name)) {
      return tagNamed(
        (share?.tags ?? []).map(({ key, value }) => ({ Key: key, Value: value })),
        name,
      );
    }
    return Object.hasOwn(keys, name) ? keys[name]?.() : requestTag(name, tags);
  };
  return [
    {
      action: `ram:${ctx.operation}`,
      resource: resourceShareArn ?? resourceShareInvitationArn ?? "*",
      ...documented(
        action,
        action.resources.find(({ type }) => type.startsWith("resource-share")),
        get,
      ),
    },
  ];
}
