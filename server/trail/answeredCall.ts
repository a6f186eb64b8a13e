import type { ApiError } from "../errors.ts";
import type { Negotiated } from "../http/tls.ts";
import type { Caller } from "../kit/context.ts";
import type { Passage } from "../kit/origin.ts";
import type { Operation } from "../wire/service.ts";

/**
 * What a call was about: who asked for what, and what came of it. Its members are kept as they are, not copied; all are
 * there from the start, as there is one for each call.
 */
export interface Said {
  readonly caller: Caller;
  readonly operation: Operation;
  readonly passage: Passage | undefined;
  /** Missing where the request could not be decoded. */
  input: object | undefined;
  /** Of calls that change something, the first time they are made. */
  output: object | undefined;
  error: ApiError | undefined;
}

/** A call that was answered, with what its connection tells: all that an event is made of. */
export interface AnsweredCall {
  readonly said: Said;
  /** Milliseconds since the epoch, by the server's clock. */
  readonly at: number;
  readonly requestId: string;
  readonly region: string;
  readonly source: string;
  readonly userAgent: string | undefined;
  readonly host: string | undefined;
  readonly tls: Negotiated | undefined;
}

const reading =
  /^(?:AssumeRole|BatchGet|Decode|Describe|Export|Filter|GenerateCredentialReport|Get|List|Lookup|Search|Simulate)/;

/** Whether an operation changes nothing. STS's make credentials, and are read-only to CloudTrail nevertheless. */
export const isReading = (operation: string): boolean => reading.test(operation);

/** Whether the event of a call shows what was answered. */
export const showsAnswer = ({ name, service }: Operation): boolean =>
  service.id === "sts" ? /Role|Token/.test(name) : !reading.test(name);
