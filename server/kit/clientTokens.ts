import { createHash } from "node:crypto";
import { ApiError } from "../errors.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { later, onDue } from "./agenda.ts";
import type { Context } from "./context.ts";

/** A call that was made with a client token, and how it was answered. */
interface Answered extends Row {
  /** SHA-256 of the call's other parameters. */
  readonly input: string;
  /** The encoded members of the answer. */
  readonly answer: string;
}

const MAX_LENGTH = 64;
/** How long a token is remembered: "at least 24 hours" for most calls. */
const MEMORY_SECONDS = 24 * 3600;

const answers: TableDefinition<Answered> = { name: "client-token" };

onDue("client-token", (ctx, target) => ctx.unit.table(answers).remove(target));

/** For JSON.stringify: members in order of their names, as a client may send them in any. */
const inOrder = (_name: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/**
 * Makes a call that is repeated with its client token do its work once: the second time it gets the first answer.
 *
 * @param input the decoded input
 * @param call does the work and encodes the answer; runs only for a new token
 * @throws {ApiError} IdempotentParameterMismatch if the token came with other parameters before
 * @see https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
 */
export function once(ctx: Context, input: object, call: () => string): string {
  const { ClientToken, clientToken: token = ClientToken } = input as Readonly<
    Partial<Record<"ClientToken" | "clientToken", string>>
  >;
  if (!token) return call();
  if (token.length > MAX_LENGTH) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${token}) for parameter clientToken is invalid. The client token must be at most ${MAX_LENGTH} characters long`,
    );
  }
  const table = ctx.unit.table(answers);
  const id = `${ctx.account}/${ctx.operation}/${token}`;
  const rest = { ...input, ClientToken: undefined, clientToken: undefined, DryRun: undefined };
  const hash = createHash("sha256").update(JSON.stringify(rest, inOrder)).digest("base64");
  const known = table.get(id);
  if (known) {
    if (known.input !== hash) throw new ApiError("IdempotentParameterMismatch");
    return known.answer;
  }
  const answer = call();
  table.insert({ id, seq: ctx.unit.nextSeq(), account: ctx.account, input: hash, answer });
  later(ctx, "client-token", id, "forget", MEMORY_SECONDS);
  return answer;
}
