import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../../kit/context.ts";
import { interfaceSubnet, launchSubnet } from "../../ec2/conditionKeys/launchSubnet.ts";
import type { AskedVolume } from "../../ec2/conditionKeys/volume.ts";
import { lookUpImage } from "../../ec2/image.ts";
import { networkInterfaces } from "../../ec2/networkInterface.ts";
import { securityGroups } from "../../ec2/securityGroup.ts";
import type { Subnet } from "../../ec2/subnet.ts";

type Asked = Partial<Sdk.RunInstancesRequest>;

/** The volumes that each instance of a launch gets: those of the image, as the launch changes them, and its own. */
function volumesOf(ctx: Context, input: Asked): AskedVolume[] {
  const image = lookUpImage(ctx, input.ImageId ?? "");
  const volumes = new Map<string, AskedVolume>();
  for (const device of image ? [image.root, ...image.devices] : []) {
    if ("virtualName" in device) continue;
    const { name, type, sizeGiB, snapshotId, encrypted } = device;
    volumes.set(name, { VolumeType: type, Size: sizeGiB, SnapshotId: snapshotId, Encrypted: encrypted });
  }
  for (const { DeviceName = "", Ebs, NoDevice } of input.BlockDeviceMappings ?? []) {
    if (NoDevice !== undefined) volumes.delete(DeviceName);
    if (!Ebs) continue;
    const before = volumes.get(DeviceName);
    volumes.set(DeviceName, {
      VolumeType: Ebs.VolumeType ?? before?.VolumeType,
      Size: Ebs.VolumeSize ?? before?.Size,
      SnapshotId: Ebs.SnapshotId ?? before?.SnapshotId,
      Encrypted: Ebs.Encrypted ?? before?.Encrypted,
      Iops: Ebs.Iops,
      Throughput: Ebs.Throughput,
    });
  }
  const AvailabilityZone = launchSubnet(input, ctx)?.zone;
  return Array.from(volumes.values(), (volume) => ({ ...volume, AvailabilityZone }));
}

interface Interfaces {
  /** What is said of each that is to be made. */
  readonly made: readonly Asked[];
  /** Ids of subnets and groups that the launch does not name: EC2's own choice, and those of interfaces it takes. */
  readonly chosen: readonly string[];
}

/** The group of an interface for which none is named. */
const usualGroup = (ctx: Context, subnet: Subnet | undefined): string[] =>
  subnet ? securityGroups.by(ctx, "default", subnet.vpcId).map(({ id }) => id) : [];

/**
 * What a launch says of its interfaces, and which subnets and groups these will be in that it leaves to EC2: policies
 * are about those like about what is named.
 */
function interfacesOf(ctx: Context, input: Asked): Interfaces {
  const { NetworkInterfaces = [], Placement, SecurityGroupIds = [], SecurityGroups = [], SubnetId } = input;
  const own = { SubnetId, Groups: [...SecurityGroupIds, ...SecurityGroups] };
  const asked: Sdk.InstanceNetworkInterfaceSpecification[] =
    NetworkInterfaces.length > 0 ? NetworkInterfaces : [own];
  const made: Asked[] = [];
  const chosen = asked.flatMap((each) => {
    const row = each.NetworkInterfaceId && networkInterfaces.find(ctx, each.NetworkInterfaceId);
    if (row) return [row.subnetId, ...row.groups];
    if (each.NetworkInterfaceId !== undefined) return [];
    const subnet = interfaceSubnet(ctx, each, Placement);
    const AssociatePublicIpAddress =
      each.AssociatePublicIpAddress ?? (asked.length === 1 && subnet?.mapPublicIp === true);
    made.push({ NetworkInterfaces: [{ ...each, AssociatePublicIpAddress }], Placement });
    const groups = each.Groups?.length ? [] : usualGroup(ctx, subnet);
    return each.SubnetId === undefined && subnet ? [subnet.id, ...groups] : groups;
  });
  return { made, chosen };
}

/** What the policies of who calls are about, beyond what the call names. */
export interface Parts {
  /** What is said of each volume and interface that is to be made, by its type. */
  readonly made: ReadonlyMap<string, readonly object[]>;
  /** Ids of what is there. */
  readonly chosen: readonly string[];
}

export function partsOfLaunch(ctx: Context, input: Asked): Parts {
  const { made, chosen } = interfacesOf(ctx, input);
  return {
    made: new Map<string, readonly object[]>([
      ["network-interface", made],
      ["volume", volumesOf(ctx, input)],
    ]),
    chosen,
  };
}
