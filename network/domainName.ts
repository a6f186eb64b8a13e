import { formatIp, isIpv4, parseIp, type Ip } from "./ip.ts";

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * Reads the name of a host or a domain: in small letters, without the dot at its end. As a name of records its first
 * label may be `*`.
 *
 * @returns undefined for what is none (RFC 1035, 2.3.4)
 */
export function readDomainName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, "");
  const labels = name.split(".");
  if (labels[0] === "*" && labels.length > 1) labels.shift();
  return name.length <= 253 && labels.every((label) => LABEL.test(label)) ? name : undefined;
}

/** Whether a name is a domain's, or below it; all are below the root, which is empty. */
export const isWithin = (name: string, domain: string): boolean =>
  domain === "" || name === domain || name.endsWith(`.${domain}`);

/** Whether records of a name, which may begin with `*.`, are a name's. */
export const covers = (pattern: string, name: string): boolean =>
  pattern.startsWith("*.") ? name.endsWith(pattern.slice(1)) : name === pattern;

/** The name that an address is asked for by: `5.0.0.10.in-addr.arpa` (RFC 1035, 3.5; RFC 3596, 2.5). */
export function reverseName(address: Ip): string {
  if (isIpv4(address)) return `${formatIp(address).split(".").toReversed().join(".")}.in-addr.arpa`;
  const digits = address.toString(16).padStart(32, "0");
  return `${Array.from(digits).toReversed().join(".")}.ip6.arpa`;
}

/** The IPv4 address that a name of `in-addr.arpa` stands for. */
export function reversedAddress(name: string): number | undefined {
  const digits = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name)?.[1];
  const address =
    digits === undefined ? undefined : parseIp(digits.split(".").toReversed().slice(1).join("."));
  return address !== undefined && isIpv4(address) && reverseName(address) === name ? address : undefined;
}
