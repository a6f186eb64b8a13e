import { ApiError } from "../errors.ts";

const LAST_PORT = 65_535;

/**
 * Reads `443` or `1024-2047`, from a row or from a caller.
 *
 * @param parameter as EC2 names it in its message
 * @throws {ApiError} InvalidParameterValue for what is neither
 */
export function readPortRange(text: string, parameter: string): readonly [number, number] {
  const [, first = "", last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === "" || from > to || to > LAST_PORT) {
    throw new ApiError("InvalidParameterValue", `Value (${text}) for parameter ${parameter} is invalid.`);
  }
  return [from, to];
}

/** `443` for a range of one port. */
export const formatPortRange = ([from, to]: readonly [number, number]): string =>
  from === to ? String(from) : `${from}-${to}`;
