import type { Configured } from "./vpnConfiguration.ts";
import { insideAddresses, type VpnTunnel } from "./vpnTunnel.ts";

type Ike = "ikev1" | "ikev2";

/** Diffie-Hellman groups by their numbers, as strongSwan names them. */
const GROUPS: Readonly<Record<number, string>> = {
  2: "modp1024",
  5: "modp1536",
  14: "modp2048",
  15: "modp3072",
  16: "modp4096",
  17: "modp6144",
  18: "modp8192",
  19: "ecp256",
  20: "ecp384",
  21: "ecp521",
  22: "modp1024s160",
  23: "modp2048s224",
  24: "modp2048s256",
};

interface Phase {
  readonly encryption: string | undefined;
  readonly integrity: string | undefined;
  readonly group: number | undefined;
  /** Whether it encrypts packets, which needs no pseudo-random function. */
  readonly isEsp: boolean;
}

/** `aes128-sha1-modp1024`; an algorithm that authenticates by itself has no other for that. */
function proposal({ encryption = "AES128", integrity = "SHA1", group = 2, isEsp }: Phase): string {
  const cipher = encryption.toLowerCase().replaceAll("-", "");
  const digest = integrity.toLowerCase().replace("sha2-", "sha");
  const isCombined = cipher.includes("gcm");
  const middle = isCombined ? (isEsp ? [] : [`prf${digest}`]) : [digest];
  return [cipher, ...middle, GROUPS[group]].join("-");
}

function connection({ id, customer, local, remote }: Configured, tunnel: VpnTunnel, n: number, ike: Ike) {
  const { settings, outside, preSharedKey } = tunnel;
  const phase1 = proposal({
    encryption: settings.Phase1EncryptionAlgorithms?.[0]?.Value,
    integrity: settings.Phase1IntegrityAlgorithms?.[0]?.Value,
    group: settings.Phase1DHGroupNumbers?.[0]?.Value,
    isEsp: false,
  });
  const phase2 = proposal({
    encryption: settings.Phase2EncryptionAlgorithms?.[0]?.Value,
    integrity: settings.Phase2IntegrityAlgorithms?.[0]?.Value,
    group: settings.Phase2DHGroupNumbers?.[0]?.Value,
    isEsp: true,
  });
  return [
    `conn ${id}-${n}`,
    `\tkeyexchange=${ike}`,
    `\tauthby=${preSharedKey === undefined ? "pubkey" : "secret"}`,
    "\tleft=%defaultroute",
    ...(customer.address === undefined ? [] : [`\tleftid=${customer.address}`]),
    ...(preSharedKey === undefined ? ["\tleftcert=device.pem"] : []),
    `\tleftsubnet=${local}`,
    `\tright=${outside}`,
    `\trightsubnet=${remote}`,
    `\tike=${phase1}!`,
    `\tikelifetime=${settings.Phase1LifetimeSeconds ?? 28_800}s`,
    `\tesp=${phase2}!`,
    `\tlifetime=${settings.Phase2LifetimeSeconds ?? 3600}s`,
    `\tmargintime=${settings.RekeyMarginTimeSeconds ?? 270}s`,
    "\tdpddelay=10s",
    "\tdpdtimeout=30s",
    "\tdpdaction=restart",
    `\tmark=${n}`,
    `\tauto=${settings.StartupAction === "start" ? "add" : "start"}`,
  ];
}

/** Whom the device proves to be, and by what. */
const secret = ({ customer }: Configured, { outside, preSharedKey }: VpnTunnel): string =>
  preSharedKey === undefined
    ? ": RSA device.key"
    : `${customer.address ?? "%any"} ${outside} : PSK "${preSharedKey}"`;

/** The interface that the kernel has for a tunnel. */
function networkInterface({ customer, remote, staticRoutes }: Configured, tunnel: VpnTunnel, n: number) {
  const { outside, insideCidr, insideIpv6Cidr } = tunnel;
  const cidr = insideIpv6Cidr ?? insideCidr;
  const { customer: own, gateway } = insideAddresses(cidr);
  const ip = insideIpv6Cidr === undefined ? "ip" : "ip -6";
  const kind = outside.includes(":") ? "vti6" : "vti";
  return [
    `ip link add vti${n} type ${kind} local ${customer.address ?? "ADDRESS"} remote ${outside} key ${n}`,
    `${ip} address add ${own}/${cidr.split("/")[1]} remote ${gateway} dev vti${n}`,
    `ip link set vti${n} up mtu 1446`,
    `sysctl -w net.ipv4.conf.vti${n}.disable_policy=1`,
    ...(staticRoutes ? [`${ip} route add ${remote} dev vti${n} metric ${n}`] : []),
  ];
}

function bgp({ customer, asn, tunnels }: Configured): string[] {
  const neighbors = tunnels.map(
    ({ insideCidr, insideIpv6Cidr }) => insideAddresses(insideIpv6Cidr ?? insideCidr).gateway,
  );
  return [
    "# FRRouting",
    `router bgp ${customer.asn}`,
    ...neighbors.flatMap((neighbor) => [
      ` neighbor ${neighbor} remote-as ${asn}`,
      ` neighbor ${neighbor} timers 10 30`,
    ]),
  ];
}

/** What strongSwan on Linux has to be told of a connection: its two files, the interfaces, and what speaks BGP. */
export function strongswanSample(connected: Configured, ike: Ike): string {
  const { id, tunnels } = connected;
  const all = (lines: (tunnel: VpnTunnel, n: number) => readonly string[]) =>
    tunnels.flatMap((tunnel, place) => [...lines(tunnel, place + 1), ""]);
  return [
    `# VPN connection ${id}`,
    "",
    "# /etc/ipsec.conf",
    ...all((tunnel, n) => connection(connected, tunnel, n, ike)),
    "# /etc/ipsec.secrets",
    ...[...new Set(tunnels.map((tunnel) => secret(connected, tunnel)))],
    "",
    "# charon.install_routes must be 0 in /etc/strongswan.conf",
    ...all((tunnel, n) => networkInterface(connected, tunnel, n)),
    ...(connected.staticRoutes ? [] : bgp(connected)),
    "",
  ].join("\n");
}
