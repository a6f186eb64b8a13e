import { HypervisorFault } from "../../hypervisor/fault.ts";
import { ApiError } from "../errors.ts";
import { invalid, text, type Fields, type Route } from "./operator.ts";

/** @throws {ApiError} InvalidParameterValue: the member is missing, or no text */
export function required(fields: Fields, name: string): string {
  const value = text(fields, name);
  if (value === undefined) throw invalid(name, value);
  return value;
}

/** @throws {ApiError} InvalidParameterValue: there is no such region */
export function regionOf(fields: Fields, regions: ReadonlySet<string>): string {
  const region = text(fields, "Region");
  if (region === undefined || !regions.has(region)) throw invalid("Region", region);
  return region;
}

/** @throws {ApiError} InvalidParameterValue: the member is no list of texts */
export function texts(fields: Fields, name: string): string[] | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.every((each) => typeof each === "string");
  if (!isList) throw invalid(name, value);
  return value;
}

/** A whole number that is not negative; in the query string its digits stand for it. */
export function count(fields: Fields, name: string, standard?: number): number {
  const value = fields[name] ?? standard;
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0) throw invalid(name, value);
  return number;
}

/** Base64. */
export function bytes(fields: Fields, name = "Bytes"): Uint8Array {
  const value = required(fields, name);
  const content = Buffer.from(value, "base64");
  if (content.toString("base64") !== value) throw invalid(name, value);
  return content;
}

export const base64 = (content: Uint8Array): string => Buffer.from(content).toString("base64");

/** A fault of the hypervisor is the operator's, who asked for something that is not there. */
export const guarded =
  (route: Route): Route =>
  (fields) => {
    try {
      return route(fields);
    } catch (error) {
      if (error instanceof HypervisorFault) throw new ApiError("InvalidRequest", error.message);
      throw error;
    }
  };
