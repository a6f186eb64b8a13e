import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatPrefix, overlaps, type Prefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import { cancel, later, onDue, soon } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { checkAuthorization } from "./byoipAuthorization.ts";
import { blockOf, byoipRangeTable, isGone, type ByoipRange } from "./byoipRange.ts";
import { regions } from "./catalogue/regions.ts";
import { readCidr, storedCidr } from "./cidrBlock.ts";
import { ipv6Pools } from "./ipv6Pool.ts";
import { AMAZON_IPV4, publicAddressTable } from "./publicAddress.ts";
import { checkBorderGroup, publicIpv4Pools } from "./publicIpv4Pool.ts";
import { AMAZON_IPV6, vpcs } from "./vpc.ts";

/** "You can bring a total of five BYOIP IPv4 and IPv6 address ranges per AWS Region to your AWS account." */
const MAX_RANGES = 5;

/** About how long EC2 takes, in seconds: "most […] within two hours", "within minutes", "a few minutes", "up to a day". */
const [PROVISION, PROVISION_PRIVATE, ANNOUNCE, DEPROVISION] = [7200, 300, 180, 86_400];
/** How long a range that is no more is shown, in seconds. */
const SHOWN = 3600;

/** The shortest that can be brought along of IPv4, and of IPv6 if it is announced and if it is not. */
const MOST_SPECIFIC = { ipv4: 24, announced: 48, unannounced: 56 } as const;

/** What nobody can have been given by a registry, or Amazon has itself. */
const UNAVAILABLE: readonly Prefix[] = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"],
].map(storedCidr);
const GLOBAL_UNICAST = storedCidr("2000::/3");

const isUnavailable = (block: Prefix): boolean =>
  [...UNAVAILABLE, ...AMAZON_IPV4, AMAZON_IPV6].some((other) => overlaps(other, block)) ||
  (block.version === 6 && !contains(GLOBAL_UNICAST, block));

const invalid = (cidr: string, why: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${cidr}) for parameter cidr is invalid. ${why}`);

/** @throws {ApiError} InvalidParameterValue, InvalidParameterCombination */
function readRange({ Cidr, PubliclyAdvertisable = true }: Sdk.ProvisionByoipCidrRequest): Prefix {
  const block = readCidr(Cidr ?? "", "cidr");
  if (block.version === 4 && !PubliclyAdvertisable) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter publiclyAdvertisable can be used with IPv6 address ranges only.",
    );
  }
  const most =
    MOST_SPECIFIC[block.version === 4 ? "ipv4" : PubliclyAdvertisable ? "announced" : "unannounced"];
  if (block.length > most) throw invalid(formatPrefix(block), `The most specific range is a /${most}.`);
  if (isUnavailable(block)) throw invalid(formatPrefix(block), "It is not a range that you can own.");
  return block;
}

/** @throws {ApiError} InvalidParameterValue for what overlaps with a range that somebody brought to any region */
function checkNew(ctx: Context, block: Prefix): void {
  for (const region of regions.keys()) {
    const unit = region === ctx.region ? ctx.unit : ctx.unitOf(region);
    for (const other of unit.table(byoipRangeTable).all()) {
      if (isGone(other) || !overlaps(blockOf(other), block)) continue;
      throw invalid(formatPrefix(block), `It overlaps with ${other.id}, which was brought to ${region}.`);
    }
  }
}

const view = (ctx: Context, { id, description, poolId, state }: ByoipRange): Sdk.ByoipCidr => ({
  Cidr: id,
  Description: description,
  State: state,
  StatusMessage: statusOf(state, poolId),
  AsnAssociations: [],
  NetworkBorderGroup: ctx.region,
  AdvertisementType: "unicast",
});

/** "Upon success, contains the ID of the address pool. Otherwise, contains an error message." */
function statusOf(state: Sdk.ByoipCidrState, poolId: string): string | undefined {
  if (state === "pending-provision" || state === "deprovisioned") return undefined;
  return state === "failed-deprovision" ? "Addresses of the range are still in use." : poolId;
}

/** @throws {ApiError} InvalidParameterValue for one that is not, as a whole, the caller's */
function readOwn(ctx: Context, text: string): ByoipRange {
  const cidr = formatPrefix(readCidr(text, "cidr"));
  const row = ctx.unit.table(byoipRangeTable).get(cidr);
  if (row?.account !== ctx.account || isGone(row)) {
    throw invalid(cidr, "You have not brought this address range to the Region.");
  }
  return row;
}

/** @throws {ApiError} IncorrectState unless the range is in one of the states */
function checkState({ id, state }: ByoipRange, ...states: readonly Sdk.ByoipCidrState[]): void {
  if (!states.includes(state)) {
    throw new ApiError("IncorrectState", `The address range ${id} is in the state ${state}.`);
  }
}

function enter(ctx: Context, row: ByoipRange, state: Sdk.ByoipCidrState): ByoipRange {
  const changed = { ...row, state };
  ctx.unit.table(byoipRangeTable).replace(changed);
  return changed;
}

const KIND = "byoip-cidr";

/** Enters a state on the way to another one, which comes after about so many seconds. */
function begin(ctx: Context, row: ByoipRange, state: Sdk.ByoipCidrState, seconds: number): ByoipRange {
  cancel(ctx, KIND, row.id);
  soon(ctx, KIND, row.id, "settle", seconds);
  return enter(ctx, row, state);
}

const isUsed = (ctx: Context, poolId: string): boolean =>
  ctx.unit.table(publicAddressTable).count("pool", poolId) > 0 || vpcs.count(ctx, "ipv6Pool", poolId) > 0;

/** Where each way ends. */
const settled: Readonly<Partial<Record<Sdk.ByoipCidrState, (ctx: Context, row: ByoipRange) => void>>> = {
  "pending-provision": (ctx, row) =>
    void enter(ctx, row, row.advertisable ? "provisioned" : "provisioned-not-publicly-advertisable"),
  "pending-advertising": (ctx, row) => void enter(ctx, row, "advertised"),
  "pending-withdrawal": (ctx, row) => void enter(ctx, row, "provisioned"),
  "pending-deprovision": (ctx, row) => {
    if (isUsed(ctx, row.poolId)) {
      enter(ctx, row, "failed-deprovision");
      return;
    }
    (blockOf(row).version === 4 ? publicIpv4Pools : ipv6Pools).delete(ctx, row.poolId);
    enter(ctx, row, "deprovisioned");
    later(ctx, KIND, row.id, "forget", SHOWN);
  },
};

onDue(KIND, (ctx, cidr, event) => {
  const table = ctx.unit.table(byoipRangeTable);
  const row = table.get(cidr);
  if (!row) return;
  if (event === "forget") table.remove(cidr);
  else settled[row.state]?.(ctx, row);
});

export const partly = {
  AdvertiseByoipCidr: "ASNs of one's own",
  ProvisionByoipCidr:
    "a look at the registries: who has a range, and whether the signature is theirs, is not checked",
};

export const operations = {
  AdvertiseByoipCidr: ({ Asn, Cidr, NetworkBorderGroup }, ctx) => {
    checkBorderGroup(ctx, NetworkBorderGroup);
    const row = readOwn(ctx, Cidr);
    // An ASN of one's own is brought along by way of IPAM.
    if (Asn !== undefined) {
      throw new ApiError("InvalidParameterValue", `Value (${Asn}) for parameter asn is invalid.`);
    }
    checkState(row, "provisioned", "advertised", "pending-advertising");
    const range = row.state === "provisioned" ? begin(ctx, row, "pending-advertising", ANNOUNCE) : row;
    return { ByoipCidr: view(ctx, range) };
  },

  DeprovisionByoipCidr: ({ Cidr }, ctx) => {
    const row = readOwn(ctx, Cidr);
    checkState(row, "provisioned", "provisioned-not-publicly-advertisable", "failed-deprovision");
    return { ByoipCidr: view(ctx, begin(ctx, row, "pending-deprovision", DEPROVISION)) };
  },

  DescribeByoipCidrs: describeList({
    output: "ByoipCidrs",
    filters: {},
    pages: [1, 100],
    of: (_input: Sdk.DescribeByoipCidrsRequest, ctx) =>
      ctx.unit
        .table(byoipRangeTable)
        .by("account", ctx.account)
        .map((row) => view(ctx, row)),
  }),

  ProvisionByoipCidr: (input, ctx) => {
    if (input.MultiRegion)
      throw new ApiError("UnsupportedOperation", "The parameter multiRegion is reserved.");
    checkBorderGroup(ctx, input.NetworkBorderGroup);
    const block = readRange(input);
    const cidr = formatPrefix(block);
    if (input.CidrAuthorizationContext) checkAuthorization(ctx, cidr, input.CidrAuthorizationContext);
    checkNew(ctx, block);
    const table = ctx.unit.table(byoipRangeTable);
    if (table.by("account", ctx.account).filter((row) => !isGone(row)).length >= MAX_RANGES) {
      throw new ApiError("ResourceLimitExceeded");
    }
    const description = input.Description;
    const advertisable = input.PubliclyAdvertisable ?? true;
    const pools = block.version === 4 ? publicIpv4Pools : ipv6Pools;
    const { id: poolId } = pools.create(ctx, { description }, input.PoolTagSpecifications);
    if (table.get(cidr)) table.remove(cidr);
    const row: ByoipRange = {
      id: cidr,
      seq: ctx.unit.nextSeq(),
      account: ctx.account,
      poolId,
      description,
      advertisable,
      state: "pending-provision",
    };
    table.insert(row);
    const seconds = advertisable ? PROVISION : PROVISION_PRIVATE;
    return { ByoipCidr: view(ctx, begin(ctx, row, "pending-provision", seconds)) };
  },

  WithdrawByoipCidr: ({ Cidr }, ctx) => {
    const row = readOwn(ctx, Cidr);
    checkState(row, "advertised", "pending-advertising", "pending-withdrawal");
    const range = row.state === "pending-withdrawal" ? row : begin(ctx, row, "pending-withdrawal", ANNOUNCE);
    return { ByoipCidr: view(ctx, range) };
  },
} satisfies Handlers;
