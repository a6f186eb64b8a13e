import type { Islet } from "../server/index.ts";
import { operate } from "./operator.ts";

/** Moves the clock of a server forward, as an operator does. */
export async function advanceClock(islet: Islet, seconds: number): Promise<void> {
  await operate(islet, "POST clock", { Advance: seconds });
}
