import type { EC2Client } from "@aws-sdk/client-ec2";
import type { Islet, Options } from "../server/index.ts";
import { freshClient, ownIslet } from "./islet.ts";

/** Runs a server of its own for as long as the work takes, with a client of a fresh account. */
export async function withOwn(
  work: (own: Islet, client: EC2Client) => Promise<void>,
  options: Partial<Options> = {},
): Promise<void> {
  const own = await ownIslet(options);
  try {
    await work(own, await freshClient({ islet: own }));
  } finally {
    await own.close();
  }
}
