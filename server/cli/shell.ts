/** Writes an environment in the syntax of a shell. */
import type { Environment } from "./environment.ts";

interface Shell {
  set(name: string, value: string): string;
  unset(name: string): string;
}

/** Lines to be evaluated by a shell; a value's every character stands for itself. */
export const shells = {
  sh: {
    set: (name, value) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`,
    unset: (name) => `unset ${name}`,
  },
  fish: {
    set: (name, value) => `set -gx ${name} '${value.replaceAll(/[\\']/g, String.raw`\$&`)}'`,
    unset: (name) => `set -e ${name}`,
  },
  powershell: {
    set: (name, value) => `$env:${name} = '${value.replaceAll(/['‘’‚‛]/g, "$&$&")}'`,
    unset: (name) => `Remove-Item Env:${name} -ErrorAction SilentlyContinue`,
  },
} as const satisfies Record<string, Shell>;

export type ShellName = keyof typeof shells;

export function exportLines({ set, unset }: Environment, shell: ShellName): string {
  const lines = [
    ...unset.map((name) => shells[shell].unset(name)),
    ...Object.entries(set).map(([name, value]) => shells[shell].set(name, value)),
  ];
  return `${lines.join("\n")}\n`;
}
