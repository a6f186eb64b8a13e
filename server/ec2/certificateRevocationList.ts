/** X.509 certificate revocation lists in PEM, as far as it matters which certificates they revoke: RFC 5280, RFC 7468. */

/** One value in DER: its tag, its content, and where the next one begins. */
interface Value {
  readonly tag: number;
  readonly content: Buffer;
  readonly end: number;
}

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const SEQUENCE = 0x30;
const TIMES: ReadonlySet<number> = new Set([0x17, 0x18]);
const EXTENSIONS = 0xa0;

const MOST_LENGTH_BYTES = 4;

/** @returns undefined for what is cut off, or is of no definite length */
function valueAt(bytes: Buffer, at: number): Value | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  const count = first < 0x80 ? 0 : first & 0x7f;
  const start = at + 2 + count;
  if (first === 0x80 || count > MOST_LENGTH_BYTES || start > bytes.length) return undefined;
  const length = count === 0 ? first : bytes.readUIntBE(at + 2, count);
  const end = start + length;
  return end > bytes.length ? undefined : { tag, content: bytes.subarray(start, end), end };
}

/** What stands in a row; undefined if that is no whole values. */
function valuesIn(bytes: Buffer): Value[] | undefined {
  const values: Value[] = [];
  for (let at = 0; at < bytes.length;) {
    const value = valueAt(bytes, at);
    if (!value) return undefined;
    values.push(value);
    at = value.end;
  }
  return values;
}

/** The members of a sequence. */
const membersOf = (value: Value | undefined): Value[] | undefined =>
  value?.tag === SEQUENCE ? valuesIn(value.content) : undefined;

/** As people write serial numbers: in lower-case hexadecimal, without leading zeros. */
export const plainSerial = (hex: string): string => hex.toLowerCase().replace(/^0+(?=.)/, "");

/** The serial numbers of a `TBSCertList`. */
function revokedIn(list: readonly Value[]): string[] | undefined {
  const rest = list[0]?.tag === INTEGER ? list.slice(1) : list;
  const [algorithm, issuer, thisUpdate, ...more] = rest;
  if (algorithm?.tag !== SEQUENCE || issuer?.tag !== SEQUENCE || !TIMES.has(thisUpdate?.tag ?? 0)) {
    return undefined;
  }
  const after = TIMES.has(more[0]?.tag ?? 0) ? more.slice(1) : more;
  const last = after.at(-1);
  const [revoked, surplus] = last?.tag === EXTENSIONS ? after.slice(0, -1) : after;
  if (surplus) return undefined;
  if (!revoked) return [];
  const serials = membersOf(revoked)?.map((entry) => membersOf(entry)?.[0]);
  if (!serials?.every((serial) => serial?.tag === INTEGER)) return undefined;
  return serials.map((serial) => plainSerial(serial?.content.toString("hex") ?? ""));
}

const PEM = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----\s*$/;

/**
 * The serial numbers of the certificates that a list revokes.
 *
 * @param pem one list, with whatever text before it
 * @returns undefined for what is no list; its signature is nobody's to check, as its issuer is not here
 */
export function revokedSerials(pem: string): string[] | undefined {
  const text = PEM.exec(pem)?.[1];
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, "base64");
  const whole = valueAt(bytes, 0);
  if (whole?.end !== bytes.length) return undefined;
  const members = membersOf(whole);
  const [list, algorithm, signature] = members ?? [];
  if (members?.length !== 3 || algorithm?.tag !== SEQUENCE || signature?.tag !== BIT_STRING) return undefined;
  const inner = membersOf(list);
  return inner && revokedIn(inner);
}
