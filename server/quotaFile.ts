import { readFileSync } from "node:fs";
import { readQuotas, type Quotas } from "./kit/quotas.ts";
import { Refusal, systemCode } from "./refusal.ts";

/**
 * The quotas that the option asks for.
 *
 * @param option `off`, `usual`, or the path of a JSON file
 * @throws {Refusal} if there is no such file, or it says what cannot be
 */
export function configuredQuotas(option: string): Quotas | undefined {
  if (option === "off") return undefined;
  if (option === "usual") return new Map();
  let json: string;
  try {
    json = readFileSync(option, "utf8");
  } catch (error) {
    throw new Refusal(
      `cannot read the quotas in ${option} (${systemCode(error)}): name a file, off or usual`,
    );
  }
  return readQuotas(json, option);
}
