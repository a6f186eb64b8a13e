/**
 * The infrastructure's MAC addresses: unicast and locally administered, as EC2's are (`02:…`, `06:…`, `0a:…`, `0e:…`).
 *
 * @param random five random bytes
 * @param block which of the four first octets, 0 to 3: EC2 has one a zone
 */
export function macAddress(random: Uint8Array, block: number): string {
  const first = 0x02 + 4 * (block & 3);
  return [first, ...random.subarray(0, 5)].map((octet) => octet.toString(16).padStart(2, "0")).join(":");
}
