import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatPrefix, parsePrefix } from "../../network/cidr.ts";
import { block, formatIp, lastOf, plus } from "../../network/ip.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { present } from "../kit/present.ts";
import { storedCidr } from "./cidrBlock.ts";
import { viewLogs, type VpnLogs } from "./vpnLogOptions.ts";

/** What somebody asked for; of the rest, AWS takes what it thinks best, and does not show it. */
export type TunnelSettings = Omit<
  Sdk.TunnelOption,
  | "OutsideIpAddress"
  | "TunnelInsideCidr"
  | "TunnelInsideIpv6Cidr"
  | "PreSharedKey"
  | "LogOptions"
  | "EnableTunnelLifecycleControl"
>;

/** One of the tunnels of a VPN connection. */
export interface VpnTunnel {
  /** AWS's address of it. */
  readonly outside: string;
  /** The four addresses of its own that both ends speak BGP between. */
  readonly insideCidr: string;
  readonly insideIpv6Cidr: string | undefined;
  /** What both ends prove who they are by: a key, or certificates, of which this is AWS's. */
  readonly preSharedKey: string | undefined;
  readonly certificateArn: string | undefined;
  readonly settings: TunnelSettings;
  readonly logs?: VpnLogs | undefined;
  /** Whether the customer says when AWS may replace its end. */
  readonly lifecycleControl: boolean;
  /** The customer's site at the other end, while the tunnel is up. */
  readonly site: string | undefined;
  /** When it last came up or went down, and when AWS's end was last replaced: milliseconds since the epoch. */
  readonly changed: number;
  readonly replaced: number | undefined;
  /** Whether AWS is at work on its end, so that nothing passes. */
  readonly pending: boolean;
}

type Asked = Sdk.VpnTunnelOptionsSpecification;

const invalid = (value: unknown, name: string, why = ""): ApiError =>
  new ApiError(
    "InvalidParameterValue",
    `Value (${String(value)}) for parameter ${name} is invalid.${why && ` ${why}`}`,
  );

function within(value: number | undefined, name: string, least: number, most: number): void {
  if (value === undefined || (value >= least && value <= most)) return;
  throw invalid(value, name, `It must be between ${least} and ${most}.`);
}

function among<T>(
  values: readonly { readonly Value?: T | undefined }[] | undefined,
  name: string,
  all: T[],
): void {
  for (const { Value } of values ?? []) {
    if (Value === undefined || !all.includes(Value))
      throw invalid(Value, name, `Valid values: ${all.join(" | ")}`);
  }
}

function one(value: string | undefined, name: string, all: readonly string[]): void {
  if (value !== undefined && !all.includes(value))
    throw invalid(value, name, `Valid values: ${all.join(" | ")}`);
}

const ENCRYPTION = ["AES128", "AES256", "AES128-GCM-16", "AES256-GCM-16"];
const INTEGRITY = ["SHA1", "SHA2-256", "SHA2-384", "SHA2-512"];
const GROUPS_1 = [2, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24];
const GROUPS_2 = [2, 5, ...GROUPS_1.slice(1)];

const PHASE_1_SECONDS = 28_800;
const PHASE_2_SECONDS = 3600;
const NEVER = Number.MAX_SAFE_INTEGER;

/**
 * What a tunnel is to be like, checked against what it was.
 *
 * @throws {ApiError} InvalidParameterValue
 * @see https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html
 */
export function readSettings(asked: Asked, before: TunnelSettings = {}): TunnelSettings {
  const settings: TunnelSettings = {
    ...before,
    ...present({
      Phase1LifetimeSeconds: asked.Phase1LifetimeSeconds,
      Phase2LifetimeSeconds: asked.Phase2LifetimeSeconds,
      RekeyMarginTimeSeconds: asked.RekeyMarginTimeSeconds,
      RekeyFuzzPercentage: asked.RekeyFuzzPercentage,
      ReplayWindowSize: asked.ReplayWindowSize,
      DpdTimeoutSeconds: asked.DPDTimeoutSeconds,
      DpdTimeoutAction: asked.DPDTimeoutAction,
      Phase1EncryptionAlgorithms: asked.Phase1EncryptionAlgorithms,
      Phase2EncryptionAlgorithms: asked.Phase2EncryptionAlgorithms,
      Phase1IntegrityAlgorithms: asked.Phase1IntegrityAlgorithms,
      Phase2IntegrityAlgorithms: asked.Phase2IntegrityAlgorithms,
      Phase1DHGroupNumbers: asked.Phase1DHGroupNumbers,
      Phase2DHGroupNumbers: asked.Phase2DHGroupNumbers,
      IkeVersions: asked.IKEVersions,
      StartupAction: asked.StartupAction,
    }),
  };
  const phase1 = settings.Phase1LifetimeSeconds ?? PHASE_1_SECONDS;
  const phase2 = settings.Phase2LifetimeSeconds ?? PHASE_2_SECONDS;
  within(settings.Phase1LifetimeSeconds, "phase1LifetimeSeconds", 900, PHASE_1_SECONDS);
  within(settings.Phase2LifetimeSeconds, "phase2LifetimeSeconds", 900, PHASE_2_SECONDS);
  if (phase2 >= phase1) {
    throw invalid(
      phase2,
      "phase2LifetimeSeconds",
      "It must be less than the value for phase1LifetimeSeconds.",
    );
  }
  within(settings.RekeyMarginTimeSeconds, "rekeyMarginTimeSeconds", 60, Math.floor(phase2 / 2));
  within(settings.RekeyFuzzPercentage, "rekeyFuzzPercentage", 0, 100);
  within(settings.ReplayWindowSize, "replayWindowSize", 64, 2048);
  within(settings.DpdTimeoutSeconds, "dpdTimeoutSeconds", 30, NEVER);
  one(settings.DpdTimeoutAction, "dpdTimeoutAction", ["clear", "none", "restart"]);
  among(settings.Phase1EncryptionAlgorithms, "phase1EncryptionAlgorithms", ENCRYPTION);
  among(settings.Phase2EncryptionAlgorithms, "phase2EncryptionAlgorithms", ENCRYPTION);
  among(settings.Phase1IntegrityAlgorithms, "phase1IntegrityAlgorithms", INTEGRITY);
  among(settings.Phase2IntegrityAlgorithms, "phase2IntegrityAlgorithms", INTEGRITY);
  among(settings.Phase1DHGroupNumbers, "phase1DHGroupNumbers", GROUPS_1);
  among(settings.Phase2DHGroupNumbers, "phase2DHGroupNumbers", GROUPS_2);
  among(settings.IkeVersions, "ikeVersions", ["ikev1", "ikev2"]);
  one(settings.StartupAction, "startupAction", ["add", "start"]);
  return settings;
}

const LINK_LOCAL = storedCidr("169.254.0.0/16");
const UNIQUE_LOCAL = storedCidr("fd00::/8");
const RESERVED = new Set([...[0, 1, 2, 3, 4, 5].map((n) => `169.254.${n}.0/30`), "169.254.169.252/30"]);

/** The inside blocks of other tunnels, which a new one must not have. */
export type Taken = ReadonlySet<string>;

/** Four addresses for the two ends of a tunnel: those asked for, or, where nobody asked, some that are free. */
export function readInsideCidr(ctx: Context, asked: string | undefined, taken: Taken): string {
  if (asked === undefined) {
    for (;;) {
      const number = ctx.chance.below(2 ** 14);
      const cidr = `169.254.${number >> 6}.${(number & 63) << 2}/30`;
      if (!RESERVED.has(cidr) && !taken.has(cidr)) return cidr;
    }
  }
  const prefix = parsePrefix(asked);
  const cidr = prefix && formatPrefix(prefix);
  if (!cidr || prefix.length !== 30 || !contains(LINK_LOCAL, prefix) || cidr !== asked) {
    throw invalid(
      asked,
      "tunnelInsideCidr",
      "It must be a size /30 CIDR block from the 169.254.0.0/16 range.",
    );
  }
  if (RESERVED.has(cidr)) throw invalid(asked, "tunnelInsideCidr", "The CIDR block is reserved.");
  if (taken.has(cidr)) throw invalid(asked, "tunnelInsideCidr", "The CIDR block is already in use.");
  return cidr;
}

export function readInsideIpv6Cidr(ctx: Context, asked: string | undefined, taken: Taken): string {
  if (asked === undefined) {
    for (;;) {
      const digits = ctx.chance.hex(28).match(/.{4}/g)?.join(":") ?? "";
      const cidr = formatPrefix(storedCidr(`fd00:${digits}/126`));
      if (!taken.has(cidr)) return cidr;
    }
  }
  const prefix = parsePrefix(asked);
  if (!prefix || prefix.length !== 126 || !contains(UNIQUE_LOCAL, prefix)) {
    throw invalid(
      asked,
      "tunnelInsideIpv6Cidr",
      "It must be a size /126 CIDR block from the local fd00::/8 range.",
    );
  }
  const cidr = formatPrefix(prefix);
  if (taken.has(cidr)) throw invalid(asked, "tunnelInsideIpv6Cidr", "The CIDR block is already in use.");
  return cidr;
}

/** The addresses of a tunnel's two ends in a block of its own: the gateway's, and the customer's. */
export function insideAddresses(cidr: string): { readonly gateway: string; readonly customer: string } {
  const inside = block(cidr);
  return { gateway: formatIp(plus(inside.base, 1)), customer: formatIp(plus(lastOf(inside), -1)) };
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz123456789._";

/** The key asked for, or, where nobody asked, a random one. */
export function readPreSharedKey(ctx: Context, asked: string | undefined): string {
  if (asked === undefined) {
    return Array.from({ length: 32 }, () => LETTERS[ctx.chance.below(LETTERS.length)]).join("");
  }
  if (/^[A-Za-z1-9._][A-Za-z0-9._]{7,63}$/.test(asked)) return asked;
  throw new ApiError(
    "InvalidParameterValue",
    "The pre-shared key must be between 8 and 64 characters long, of letters, digits, periods and underscores, and must not begin with 0.",
  );
}

/** Of an endpoint's certificate, which AWS makes itself. */
export const newCertificate = ({ region, account, chance }: Context): string =>
  `arn:aws:acm:${region}:${account}:certificate/${chance.uuid()}`;

/** As it is with the device at the other end gone: somebody has to set that up anew. */
export const alone = (ctx: Context, tunnel: VpnTunnel): VpnTunnel => ({
  ...tunnel,
  site: undefined,
  changed: ctx.now,
});

/** How a tunnel is shown among its connection's options. */
export const viewTunnelOption = (tunnel: VpnTunnel): Sdk.TunnelOption => ({
  OutsideIpAddress: tunnel.outside,
  TunnelInsideCidr: tunnel.insideCidr,
  TunnelInsideIpv6Cidr: tunnel.insideIpv6Cidr,
  PreSharedKey: tunnel.preSharedKey,
  ...tunnel.settings,
  LogOptions: viewLogs(tunnel.logs),
  EnableTunnelLifecycleControl: tunnel.lifecycleControl,
});
