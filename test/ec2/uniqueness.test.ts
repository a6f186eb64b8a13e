import {
  AllocateAddressCommand,
  AssignPrivateIpAddressesCommand,
  AssociateAddressCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DescribeAddressesCommand,
  DescribeNetworkInterfacesCommand,
  DetachNetworkInterfaceCommand,
  ReleaseAddressCommand,
  UnassignPrivateIpAddressesCommand,
  type NetworkInterface,
} from "@aws-sdk/client-ec2";
import fc from "fast-check";
import { expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, ownIslet } from "../islet.ts";
import { launch } from "./launch.ts";
import { natNetwork } from "./natNetwork.ts";

/** What can be done to interfaces; each takes one of those there are, if there is one. */
const STEPS = [
  "create",
  "create",
  "delete",
  "assign",
  "unassign",
  "allocate",
  "associate",
  "release",
] as const;
const steps = fc.array(fc.record({ step: fc.constantFrom(...STEPS), which: fc.nat(9), other: fc.nat(9) }), {
  minLength: 30,
  maxLength: 30,
});

/** Two VPCs of an account with the same addresses, in which few are free, and what is done in them. */
class Account {
  readonly ec2;
  readonly subnets: string[] = [];
  /** Every MAC address that was ever seen, by its interface. */
  readonly macs = new Map<string, string>();
  /** Public addresses that were given back: nobody is to get them for a while. */
  readonly released = new Set<string>();
  /** Those that somebody got all the same. */
  readonly early: string[] = [];

  constructor(ec2: Awaited<ReturnType<typeof freshClient>>) {
    this.ec2 = ec2;
  }

  async begin(): Promise<void> {
    for (let n = 0; n < 2; n++) {
      const { vpc } = await natNetwork(this.ec2, { cidr: "10.0.9.0/28" });
      const CidrBlock = "10.0.2.0/28";
      const { Subnet } = await this.ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock }));
      this.subnets.push(Subnet?.SubnetId ?? "");
    }
  }

  async interfaces(): Promise<NetworkInterface[]> {
    return (await this.ec2.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces ?? [];
  }

  /** What there is too little of, or is taken, is refused; nothing else is. */
  async act({ step, which, other }: { step: (typeof STEPS)[number]; which: number; other: number }) {
    const { ec2 } = this;
    const all = await this.interfaces();
    const eni = all[which % Math.max(1, all.length)];
    const NetworkInterfaceId = eni?.NetworkInterfaceId;
    const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({}));
    const address = Addresses[other % Math.max(1, Addresses.length)];
    if (step === "create") {
      await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: this.subnets[which % 2] }));
    } else if (step === "allocate") {
      const { PublicIp = "" } = await ec2.send(new AllocateAddressCommand({}));
      if (this.released.has(PublicIp)) this.early.push(PublicIp);
    } else if (step === "release" && address && !address.AssociationId) {
      await ec2.send(new ReleaseAddressCommand({ AllocationId: address.AllocationId }));
      this.released.add(address.PublicIp ?? "");
    } else if (step === "delete" && eni) {
      await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
    } else if (step === "assign" && eni) {
      const SecondaryPrivateIpAddressCount = 1 + (other % 2);
      await ec2.send(
        new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, SecondaryPrivateIpAddressCount }),
      );
    } else if (step === "unassign" && eni?.PrivateIpAddresses?.[1]) {
      const PrivateIpAddresses = [eni.PrivateIpAddresses[1].PrivateIpAddress ?? ""];
      await ec2.send(new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses }));
    } else if (step === "associate" && eni && address) {
      const { AllocationId } = address;
      await ec2.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId }));
    }
  }

  /** What is not as it is to be: whatever two have of which there is to be one. */
  async shared(): Promise<string[]> {
    const all = await this.interfaces();
    const changed = all.flatMap(({ NetworkInterfaceId: id = "", MacAddress: mac = "" }) => {
      const before = this.macs.get(id) ?? mac;
      this.macs.set(id, mac);
      return before === mac ? [] : [before];
    });
    const inside = all.flatMap(({ VpcId, PrivateIpAddresses = [] }) =>
      PrivateIpAddresses.map(({ PrivateIpAddress }) => `${VpcId}/${PrivateIpAddress}`),
    );
    const outside = all.flatMap(({ PrivateIpAddresses = [] }) =>
      PrivateIpAddresses.flatMap(({ Association }) => Association?.PublicIp ?? []),
    );
    return [...changed, ...this.early, ...[[...this.macs.values()], inside, outside].flatMap(twice)];
  }
}

const twice = (texts: readonly string[]): string[] => texts.filter((text, i) => texts.indexOf(text) < i);

test("I12: whatever is done, no two interfaces have a MAC address, no two in a VPC an address, and none two owners", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const account = new Account(await freshClient());
      await account.begin();
      for (const each of all) {
        await account.act(each).catch((error: unknown) => {
          if ((error as Error).name !== "InsufficientFreeAddressesInSubnet") throw error;
        });
        expect(await account.shared()).toEqual([]);
      }
    }),
    { seed: 12, numRuns: 4 },
  );
});

test("I12: an interface keeps its MAC address from instance to instance", async () => {
  const ec2 = await freshClient();
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: "10.0.1.0/24" }));
  const SubnetId = Subnet?.SubnetId;
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
  const { NetworkInterfaceId = "", MacAddress } = NetworkInterface ?? {};
  for (let n = 0; n < 2; n++) {
    const InstanceId = await launch(ec2, { SubnetId });
    const { AttachmentId } = await ec2.send(
      new AttachNetworkInterfaceCommand({ InstanceId, NetworkInterfaceId, DeviceIndex: 1 }),
    );
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [NetworkInterfaceId] }),
    );
    expect(NetworkInterfaces?.[0]).toMatchObject({ MacAddress, Attachment: { InstanceId } });
    await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
  }
});

test("I12: an address that was given back rests, from everybody but whose it was, for an hour", async () => {
  const islet = await ownIslet();
  try {
    const [mine, theirs] = [await freshClient({ islet }), await freshClient({ islet })];
    const { AllocationId, PublicIp = "" } = await mine.send(new AllocateAddressCommand({}));
    await mine.send(new ReleaseAddressCommand({ AllocationId }));
    await advanceClock(islet, 3599);
    const again = await mine.send(new AllocateAddressCommand({ Address: PublicIp }));
    await mine.send(new ReleaseAddressCommand({ AllocationId: again.AllocationId }));
    await advanceClock(islet, 3601);
    await expect(mine.send(new AllocateAddressCommand({ Address: PublicIp }))).rejects.toThrow(/not found/);
    await expect(theirs.send(new AllocateAddressCommand({ Address: PublicIp }))).rejects.toThrow(/not found/);
  } finally {
    await islet.close();
  }
});
