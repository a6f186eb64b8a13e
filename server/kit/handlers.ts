import type * as Sdk from "@aws-sdk/client-ec2";
import type * as CloudTrail from "@aws-sdk/client-cloudtrail";
import type * as Logs from "@aws-sdk/client-cloudwatch-logs";
import type * as Ebs from "@aws-sdk/client-ebs";
import type * as Iam from "@aws-sdk/client-iam";
import type * as Ram from "@aws-sdk/client-ram";
import type * as Sts from "@aws-sdk/client-sts";
import type { Command } from "@smithy/types";
import type { Context } from "./context.ts";

/** The names of a client's commands: `CreateVpc`, … */
type CommandName<Client> = {
  [K in keyof Client]: K extends `${infer Name}Command` ? Name : never;
}[keyof Client];

type CommandOf<Client, Name extends string> = `${Name}Command` extends keyof Client
  ? Client[`${Name}Command`] extends abstract new (...args: never[]) => infer Instance
    ? Instance
    : never
  : never;

// A member whose key is not optional is required by the API: the wire layer has made sure of it.
type Decoded<Input> = {
  readonly [K in keyof Input]: Partial<Pick<Input, K>> extends Pick<Input, K>
    ? Input[K]
    : Exclude<Input[K], undefined>;
};

type InputOf<C> =
  C extends Command<infer _A, infer Input, infer _B, infer _O, infer _C> ? Decoded<Input> : never;
type OutputOf<C> =
  C extends Command<infer _A, infer _I, infer _B, infer Output, infer _C> ? Omit<Output, "$metadata"> : never;

type HandlersOf<Client> = {
  [Name in CommandName<Client>]?: (
    input: InputOf<CommandOf<Client, Name>>,
    ctx: Context,
  ) => OutputOf<CommandOf<Client, Name>>;
};

/** EC2's operations by name: one synchronous function each, from input to output, one atomic step. */
export type Handlers = HandlersOf<typeof Sdk>;
export type StsHandlers = HandlersOf<typeof Sts>;
export type IamHandlers = HandlersOf<typeof Iam>;
export type LogsHandlers = HandlersOf<typeof Logs>;
export type CloudTrailHandlers = HandlersOf<typeof CloudTrail>;
export type RamHandlers = HandlersOf<typeof Ram>;

/** What an SDK streams is here as a whole. */
type Whole<T> = { [K in keyof T]: K extends "BlockData" ? Uint8Array : T[K] };

export type EbsHandlers = {
  [Name in CommandName<typeof Ebs>]?: (
    input: Whole<InputOf<CommandOf<typeof Ebs, Name>>>,
    ctx: Context,
  ) => Whole<OutputOf<CommandOf<typeof Ebs, Name>>>;
};

/** Any handler, once its types have done their work. */
export type Handler = (input: never, ctx: Context) => object;
