/**
 * I12, by random runs of all that gives, moves and takes addresses, of two accounts whose VPCs have the same blocks. In
 * process, through the pipeline and the handlers that a server has.
 */
import * as fc from "fast-check";
import type { Address, NetworkInterface } from "@aws-sdk/client-ec2";
import { contains, parseAddress, parsePrefix } from "../../network/cidr.ts";
import { ownAddresses } from "../../network/subnetAddresses.ts";
import { operations as elastic } from "../../server/ec2/address.ts";
import { operations as elasticWays } from "../../server/ec2/addressAssociation.ts";
import { operations as makingInterfaces } from "../../server/ec2/createNetworkInterface.ts";
import { operations as describing } from "../../server/ec2/describeInstances.ts";
import { operations as instanceStates } from "../../server/ec2/instanceState.ts";
import { operations as gateways } from "../../server/ec2/internetGateway.ts";
import { operations as interfaces } from "../../server/ec2/networkInterface.ts";
import { operations as assigning } from "../../server/ec2/networkInterfaceAddress.ts";
import { operations as attaching } from "../../server/ec2/networkInterfaceAttachment.ts";
import { operations as launching } from "../../server/ec2/runInstances.ts";
import { operations as subnetCalls } from "../../server/ec2/subnet.ts";
import { operations as volumeCalls } from "../../server/ec2/volume.ts";
import { operations as vpcCalls } from "../../server/ec2/vpc.ts";
import { ApiError } from "../../server/errors.ts";
import { Chance } from "../../server/kit/chance.ts";
import type { Context } from "../../server/kit/context.ts";
import { desk, type Desk } from "../kit/desk.ts";
import { replace } from "../planting.ts";
import { linux } from "./launch.ts";

const ACCOUNTS = ["111111111111", "222222222222"] as const;
/** Small enough to be full now and then. */
const BLOCK = "10.0.0.0/28";
const REST_MS = 3_600_000;

const number = fc.nat({ max: 999 });
export const deed = fc.record({
  do: fc.constantFrom(
    "create",
    "create",
    "delete",
    "assign",
    "assign",
    "unassign",
    "allocate",
    "allocate",
    "release",
    "recover",
    "associate",
    "associate",
    "disassociate",
    "launch",
    "stop",
    "start",
    "terminate",
    "attach",
    "detach",
    "wait",
  ),
  account: fc.constantFrom(...ACCOUNTS),
  n: number,
  m: number,
  flag: fc.boolean(),
});
export type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

/** What an account sees of its addresses. */
interface Seen {
  readonly account: string;
  readonly interfaces: readonly NetworkInterface[];
  readonly addresses: readonly Address[];
}

const pick = <T>(from: readonly T[], n: number): T | undefined => from[n % Math.max(1, from.length)];
const idOf = ({ NetworkInterfaceId = "" }: NetworkInterface): string => NetworkInterfaceId;
const privateOf = ({ PrivateIpAddresses = [] }: NetworkInterface): string[] =>
  PrivateIpAddresses.map(({ PrivateIpAddress = "" }) => PrivateIpAddress);

/** One run, and what is wrong with what it shows. */
export class AddressRun {
  readonly wrong = new Set<string>();
  /** How many deeds of a kind were done, not refused. */
  readonly done = new Map<string, number>();
  readonly #desk: Desk = desk();
  #refusals = 0;
  readonly #subnets = new Map<string, string>();
  readonly #instances = new Map<string, string[]>(ACCOUNTS.map((account) => [account, []]));
  readonly #released = new Map<string, string[]>(ACCOUNTS.map((account) => [account, []]));
  readonly #macs = new Map<string, string>();
  /** Who had a public address last, and until when. */
  readonly #holders = new Map<string, { account: string; until: number }>();

  constructor() {
    for (const account of ACCOUNTS) {
      const VpcId =
        this.#as(account, (ctx) => vpcCalls.CreateVpc({ CidrBlock: BLOCK }, ctx))?.Vpc?.VpcId ?? "";
      const made = this.#as(account, (ctx) => subnetCalls.CreateSubnet({ VpcId, CidrBlock: BLOCK }, ctx));
      this.#subnets.set(account, made?.Subnet?.SubnetId ?? "");
      const gateway = this.#as(account, (ctx) => gateways.CreateInternetGateway({}, ctx));
      const InternetGatewayId = gateway?.InternetGateway?.InternetGatewayId ?? "";
      this.#as(account, (ctx) => gateways.AttachInternetGateway({ InternetGatewayId, VpcId }, ctx));
    }
  }

  /** Does it, and looks at everything. */
  does(deed: Deed): void {
    const before = this.#look(deed.account);
    this.#refusals = 0;
    this.#does(deed, before);
    if (this.#refusals === 0) this.done.set(deed.do, (this.done.get(deed.do) ?? 0) + 1);
    for (const account of ACCOUNTS) this.#note(this.#look(account));
    this.#check(ACCOUNTS.map((account) => this.#look(account)));
  }

  /** All that an account sees. */
  seenBy(account: string): string {
    const instances = this.#as(account, (ctx) => describing.DescribeInstances({}, ctx))?.Reservations;
    const volumes = this.#as(account, (ctx) => volumeCalls.DescribeVolumes({}, ctx))?.Volumes;
    return JSON.stringify([this.#look(account), instances, volumes]);
  }

  /** Calls as an account; undefined if that is refused. */
  #as<T>(account: string, work: (ctx: Context) => T): T | undefined {
    const results: T[] = [];
    try {
      this.#desk.call((ctx) => void results.push(work({ ...ctx, account })));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#refusals++;
      return undefined;
    }
    return results[0];
  }

  #look(account: string): Seen {
    const { NetworkInterfaces = [] } =
      this.#as(account, (ctx) => interfaces.DescribeNetworkInterfaces({}, ctx)) ?? {};
    const { Addresses = [] } = this.#as(account, (ctx) => elastic.DescribeAddresses({}, ctx)) ?? {};
    return { account, interfaces: NetworkInterfaces, addresses: Addresses };
  }

  #does({ do: what, account, n, m, flag }: Deed, seen: Seen): void {
    const eni = pick(seen.interfaces, n);
    const NetworkInterfaceId = eni ? idOf(eni) : "";
    const named = `10.0.0.${m % 16}`;
    const instances = this.#instances.get(account) ?? [];
    const InstanceId = pick(instances, n) ?? "";
    const address = pick(seen.addresses, m);
    const SubnetId = this.#subnets.get(account) ?? "";
    const state = (change: (InstanceIds: string[], ctx: Context) => unknown) =>
      this.#as(account, (ctx) => change([InstanceId], ctx));
    switch (what) {
      case "create": {
        const made = this.#as(account, (ctx) =>
          makingInterfaces.CreateNetworkInterface(
            { SubnetId, ...(flag ? { PrivateIpAddress: named } : { SecondaryPrivateIpAddressCount: m % 3 }) },
            ctx,
          ),
        );
        this.#honoured(flag, seen, made?.NetworkInterface && idOf(made.NetworkInterface), named);
        break;
      }
      case "assign": {
        const AllowReassignment = m % 2 === 0;
        const asked = flag
          ? { PrivateIpAddresses: [named] }
          : { SecondaryPrivateIpAddressCount: 1 + (m % 2) };
        const done = this.#as(account, (ctx) =>
          assigning.AssignPrivateIpAddresses({ NetworkInterfaceId, AllowReassignment, ...asked }, ctx),
        );
        this.#honoured(flag, seen, done && NetworkInterfaceId, named);
        break;
      }
      case "unassign": {
        const PrivateIpAddresses = [pick(eni ? privateOf(eni) : [], m) ?? ""];
        this.#as(account, (ctx) =>
          assigning.UnassignPrivateIpAddresses({ NetworkInterfaceId, PrivateIpAddresses }, ctx),
        );
        break;
      }
      case "delete":
        this.#as(account, (ctx) => interfaces.DeleteNetworkInterface({ NetworkInterfaceId }, ctx));
        break;
      case "allocate":
        this.#as(account, (ctx) => elastic.AllocateAddress({ Domain: "vpc" }, ctx));
        break;
      case "release": {
        const { AllocationId = "", PublicIp = "" } = address ?? {};
        if (this.#as(account, (ctx) => elastic.ReleaseAddress({ AllocationId }, ctx)))
          this.#released.get(account)?.push(PublicIp);
        break;
      }
      case "recover": {
        // One's own, or the other's.
        const Address = pick(this.#released.get(pick(ACCOUNTS, m) ?? "") ?? [], n) ?? "";
        const got = this.#as(account, (ctx) => elastic.AllocateAddress({ Domain: "vpc", Address }, ctx));
        if (got && got.PublicIp !== Address) this.wrong.add("I12 a choice is honoured or refused");
        break;
      }
      case "associate": {
        const { AllocationId = "" } = address ?? {};
        const PrivateIpAddress = pick(eni ? privateOf(eni) : [], m) ?? "";
        this.#as(account, (ctx) =>
          elasticWays.AssociateAddress(
            { AllocationId, NetworkInterfaceId, PrivateIpAddress, AllowReassociation: flag },
            ctx,
          ),
        );
        break;
      }
      case "disassociate": {
        const associated = seen.addresses.filter((each) => each.AssociationId !== undefined);
        const { AssociationId = "" } = pick(associated, m) ?? {};
        this.#as(account, (ctx) => elasticWays.DisassociateAddress({ AssociationId }, ctx));
        break;
      }
      case "launch": {
        const NetworkInterfaces = [{ DeviceIndex: 0, SubnetId, AssociatePublicIpAddress: flag }];
        const launched = this.#as(account, (ctx) =>
          launching.RunInstances(
            { ImageId: linux.id, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, NetworkInterfaces },
            ctx,
          ),
        );
        for (const each of launched?.Instances ?? []) instances.push(each.InstanceId ?? "");
        break;
      }
      case "stop":
        state((InstanceIds, ctx) => instanceStates.StopInstances({ InstanceIds }, ctx));
        break;
      case "start":
        state((InstanceIds, ctx) => instanceStates.StartInstances({ InstanceIds }, ctx));
        break;
      case "terminate":
        state((InstanceIds, ctx) => instanceStates.TerminateInstances({ InstanceIds }, ctx));
        break;
      case "attach": {
        const free = pick(
          seen.interfaces.filter(({ Attachment }) => Attachment === undefined),
          m,
        );
        this.#as(account, (ctx) =>
          attaching.AttachNetworkInterface(
            { NetworkInterfaceId: free ? idOf(free) : "", InstanceId, DeviceIndex: 1 },
            ctx,
          ),
        );
        break;
      }
      case "detach": {
        const attachments = seen.interfaces.flatMap(({ Attachment }) => Attachment ?? []);
        const second = attachments.filter(({ DeviceIndex }) => DeviceIndex === 1);
        const { AttachmentId = "" } = pick(second, n) ?? {};
        this.#as(account, (ctx) => attaching.DetachNetworkInterface({ AttachmentId }, ctx));
        break;
      }
      case "wait":
        this.#desk.clock.advance((m % 50) * 60_000);
        break;
      default:
        throw new TypeError(what);
    }
  }

  /** "an address chosen by an authenticated caller is honoured or refused" */
  #honoured(isNamed: boolean, before: Seen, id: string | undefined, named: string): void {
    if (!isNamed) return;
    const after = this.#look(before.account);
    const eni = after.interfaces.find((each) => idOf(each) === id);
    const isAsBefore = JSON.stringify(after) === JSON.stringify(before);
    if (id === undefined ? !isAsBefore : !eni || !privateOf(eni).includes(named))
      this.wrong.add("I12 a choice is honoured or refused");
  }

  /** Remembers who has which public address. */
  #note({ account, interfaces: all, addresses }: Seen): void {
    const now = this.#desk.clock.now();
    const lent = all.flatMap(({ PrivateIpAddresses = [] }) =>
      PrivateIpAddresses.flatMap(({ Association }) => Association?.PublicIp ?? []),
    );
    for (const ip of [...lent, ...addresses.map(({ PublicIp = "" }) => PublicIp)]) {
      const last = this.#holders.get(ip);
      if (last && last.account !== account && now - last.until < REST_MS)
        this.wrong.add("I12 a public address rests before another account has it");
      this.#holders.set(ip, { account, until: now });
    }
  }

  #check(seen: readonly Seen[]): void {
    const all = seen.flatMap((each) => each.interfaces);
    const macs = all.map(({ MacAddress = "" }) => MacAddress);
    if (new Set(macs).size < macs.length) this.wrong.add("I12 a MAC address is one interface's");
    for (const eni of all) {
      const mac = eni.MacAddress ?? "";
      const known = this.#macs.get(idOf(eni)) ?? mac;
      this.#macs.set(idOf(eni), known);
      if (known !== mac) this.wrong.add("I12 an interface keeps its MAC address");
    }
    for (const { interfaces: own } of seen) this.#checkPrivate(own);
    this.#checkPublic(all, seen);
  }

  #checkPrivate(own: readonly NetworkInterface[]): void {
    const block = parsePrefix(BLOCK);
    const addresses = own.flatMap(privateOf);
    if (new Set(addresses).size < addresses.length)
      this.wrong.add("I12 a private address is one interface's in its VPC");
    const isUsable = (text: string): boolean => {
      const address = parseAddress(text);
      if (!block || !address || !contains(block, address)) return false;
      return ownAddresses(block).every(({ value }) => value !== address.value);
    };
    if (!addresses.every(isUsable)) this.wrong.add("I12 a private address is of its subnet");
  }

  #checkPublic(all: readonly NetworkInterface[], seen: readonly Seen[]): void {
    const led = new Map<string, string>();
    for (const eni of all) {
      for (const { PrivateIpAddress = "", Association } of eni.PrivateIpAddresses ?? []) {
        if (Association?.PublicIp === undefined) continue;
        if (led.has(Association.PublicIp))
          this.wrong.add("I12 a public address leads to one private address");
        led.set(Association.PublicIp, `${idOf(eni)} ${PrivateIpAddress}`);
      }
    }
    const owners = seen.flatMap(({ addresses }) => addresses);
    if (new Set(owners.map(({ PublicIp }) => PublicIp)).size < owners.length)
      this.wrong.add("I12 a public address is one account's");
    for (const { PublicIp = "", AssociationId, NetworkInterfaceId, PrivateIpAddress } of owners) {
      const leads = AssociationId === undefined ? undefined : `${NetworkInterfaceId} ${PrivateIpAddress}`;
      if (led.get(PublicIp) !== leads) this.wrong.add("I12 a public address leads to one private address");
    }
  }
}

export const addressRuns = fc.array(deed, { maxLength: 50, size: "max" });

/** Runs with chance at its worst: what was given back is the first to be thought of. */
export function unluckily<T>(run: () => T): T {
  const remove = replace(Chance.prototype, "below", () => () => 0);
  try {
    return run();
  } finally {
    remove();
  }
}

/** Makes a run from beginning to end. */
export const runOf = (deeds: readonly Deed[]): AddressRun =>
  unluckily(() => {
    const run = new AddressRun();
    for (const each of deeds) run.does(each);
    return run;
  });
