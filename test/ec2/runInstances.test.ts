import {
  CreateKeyPairCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCidrReservationCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteSubnetCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  ModifySubnetAttributeCommand,
  RunInstancesCommand,
  type EC2Client,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { freshClient, ownIslet, refused } from "../islet.ts";
import { defaultVpcOf, dropDefaultVpc } from "./defaultVpcOf.ts";
import { imageLike, launch, launchAll, linux, linuxOnArm, shownInstance, windows } from "./launch.ts";

const ec2 = await freshClient();
type Asked = Partial<RunInstancesCommandInput>;

let vpcId = "";
/** A /28 with IPv6 in us-east-1b, out of the default VPC. */
let subnetId = "";
let groupId = "";

const newSubnet = async (CidrBlock: string, AvailabilityZone: string, client: EC2Client = ec2) => {
  const { Subnet } = await client.send(
    new CreateSubnetCommand({ VpcId: vpcId, CidrBlock, AvailabilityZone }),
  );
  return Subnet?.SubnetId ?? "";
};

const newInterface = async (SubnetId: string) => {
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
  return NetworkInterface?.NetworkInterfaceId ?? "";
};

beforeAll(async () => {
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
  );
  vpcId = Vpc?.VpcId ?? "";
  const ipv6 = Vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock?.replace("/56", "/64");
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({
      VpcId: vpcId,
      CidrBlock: "10.0.0.0/28",
      Ipv6CidrBlock: ipv6,
      AvailabilityZone: "us-east-1b",
    }),
  );
  subnetId = Subnet?.SubnetId ?? "";
  // Which a test names: no other launch is to find it first.
  const kept = { Cidr: "10.0.0.10/32", ReservationType: "explicit" } as const;
  await ec2.send(new CreateSubnetCidrReservationCommand({ SubnetId: subnetId, ...kept }));
  const { GroupId } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: vpcId, GroupName: "web", Description: "web" }),
  );
  groupId = GroupId ?? "";
});

/** What is refused, and how: name, parameters, code, and perhaps the message. */
type Refusal = readonly [string, () => Asked, string, (string | RegExp)?];

type Case = [string, () => Asked, string, string | RegExp | undefined];

const refuseAll = (refusals: readonly Refusal[]) =>
  test.each<Case>(refusals.map(([name, asked, code, message]) => [name, asked, code, message]))(
    "%s",
    (_, asked, code, message) => refused(launchAll(ec2, asked()), code, message),
  );

describe("what it refuses to parse", () => {
  test("no image", async () => {
    await refused(
      ec2.send(new RunInstancesCommand({ MinCount: 1, MaxCount: 1 })),
      "MissingParameter",
      "The request must contain the parameter ImageId",
    );
  });

  refuseAll([
    ["an image's id of another form", () => ({ ImageId: "ami-1" }), "InvalidAMIID.Malformed"],
    ["none at all", () => ({ MinCount: 0 }), "InvalidParameterValue", /for parameter minCount/],
    ["fewer than the least", () => ({ MinCount: 2 }), "InvalidParameterValue", /for parameter maxCount/],
    ["too many", () => ({ MinCount: 1001, MaxCount: 1001 }), "InstanceLimitExceeded", /\(1001\)/],
    ["user data that is not base64", () => ({ UserData: "#!/bin/sh" }), "InvalidUserData.Malformed"],
    [
      "too much user data",
      () => ({ UserData: Buffer.alloc(16_385).toString("base64") }),
      "InvalidParameterValue",
      "User data is limited to 16384 bytes",
    ],
    ["an unknown type", () => ({ InstanceType: "t3.huge" as never }), "InvalidParameterValue"],
    [
      "an unknown zone",
      () => ({ Placement: { AvailabilityZone: "us-west-2a" } }),
      "InvalidParameterValue",
      "Invalid availability zone: [us-west-2a]",
    ],
    [
      "a zone by name and by id",
      () => ({ Placement: { AvailabilityZone: "us-east-1a", AvailabilityZoneId: "use1-az6" } }),
      "InvalidParameterCombination",
    ],
    ["an affinity of another word", () => ({ Placement: { Affinity: "x" } }), "InvalidParameterValue"],
    [
      "tags on what it does not make",
      () => ({ TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "a", Value: "b" }] }] }),
      "InvalidParameterValue",
    ],
  ]);
});

describe("what it refuses of devices", () => {
  const mapping = (...BlockDeviceMappings: NonNullable<Asked["BlockDeviceMappings"]>): Asked => ({
    BlockDeviceMappings,
  });
  refuseAll([
    [
      "a root smaller than the image's snapshot",
      () => mapping({ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 1 } }),
      "InvalidBlockDeviceMapping",
      /^Volume of size 1GB is smaller than snapshot 'snap-[0-9a-f]{17}', expect size >= 8GB$/,
    ],
    [
      "a volume of no size",
      () => mapping({ DeviceName: "/dev/sdf", Ebs: { DeleteOnTermination: true } }),
      "InvalidBlockDeviceMapping",
      "Either snapshot ID or volume size must be provided for: /dev/sdf",
    ],
    [
      "a snapshot that is not there",
      () => mapping({ DeviceName: "/dev/sdf", Ebs: { SnapshotId: "snap-0123456789abcdef0" } }),
      "InvalidSnapshot.NotFound",
    ],
    ["no device name", () => mapping({ Ebs: { VolumeSize: 1 } }), "MissingParameter"],
    [
      "another word for a device",
      () => mapping({ DeviceName: "disk", Ebs: { VolumeSize: 1 } }),
      "InvalidBlockDeviceMapping",
    ],
    [
      "a device twice",
      () =>
        mapping(
          { DeviceName: "/dev/sdf", Ebs: { VolumeSize: 1 } },
          { DeviceName: "/dev/sdf", Ebs: { VolumeSize: 2 } },
        ),
      "InvalidBlockDeviceMapping",
    ],
    ["no root", () => mapping({ DeviceName: "/dev/xvda", NoDevice: "" }), "InvalidBlockDeviceMapping"],
    [
      "a root on the host's disk",
      () => mapping({ DeviceName: "/dev/xvda", VirtualName: "ephemeral0" }),
      "InvalidBlockDeviceMapping",
    ],
    [
      "a virtual device of another name",
      () => mapping({ DeviceName: "/dev/sdf", VirtualName: "disk0" }),
      "InvalidBlockDeviceMapping",
    ],
    [
      "two things at a device",
      () => mapping({ DeviceName: "/dev/sdf", VirtualName: "ephemeral0", Ebs: { VolumeSize: 1 } }),
      "InvalidBlockDeviceMapping",
    ],
    ["nothing at a device", () => mapping({ DeviceName: "/dev/sdf" }), "InvalidBlockDeviceMapping"],
    [
      "operations that the type does not have",
      () => mapping({ DeviceName: "/dev/sdf", Ebs: { VolumeSize: 8, VolumeType: "gp2", Iops: 300 } }),
      "InvalidParameterCombination",
    ],
    [
      "a zone of its own",
      () => mapping({ DeviceName: "/dev/sdf", Ebs: { VolumeSize: 1, AvailabilityZone: "us-east-1a" } }),
      "InvalidParameterCombination",
    ],
    [
      "an Outpost",
      () => mapping({ DeviceName: "/dev/sdf", Ebs: { VolumeSize: 1, OutpostArn: "arn:x" } }),
      "InvalidOutpostArn.NotFound",
    ],
    [
      "a second card",
      () => mapping({ DeviceName: "/dev/sdf", Ebs: { VolumeSize: 1, EbsCardIndex: 1 } }),
      "InvalidParameterValue",
    ],
    [
      "more devices than the type bears",
      () =>
        mapping(
          ..."abcdefghijklmnopqrstuvwxyz"
            .split("")
            .flatMap((a) => ["a", "b"].map((b) => `/dev/xvd${b}${a}`))
            .map((DeviceName) => ({ DeviceName, Ebs: { VolumeSize: 1 } })),
        ),
      "AttachmentLimitExceeded",
    ],
  ]);
});

describe("what it refuses of interfaces", () => {
  const interfaces = (...NetworkInterfaces: NonNullable<Asked["NetworkInterfaces"]>): Asked => ({
    NetworkInterfaces,
  });
  refuseAll([
    [
      "a subnet of the instance beside them",
      () => ({ ...interfaces({ DeviceIndex: 0 }), SubnetId: subnetId }),
      "InvalidParameterCombination",
      "Network interfaces and an instance-level subnet ID may not be specified on the same request",
    ],
    [
      "groups of the instance beside them",
      () => ({ ...interfaces({ DeviceIndex: 0 }), SecurityGroupIds: [groupId] }),
      "InvalidParameterCombination",
      "Network interfaces and an instance-level security groups may not be specified on the same request",
    ],
    [
      "groups by name beside a subnet",
      () => ({ SubnetId: subnetId, SecurityGroups: ["default"] }),
      "InvalidParameterCombination",
      "The parameter groupName cannot be used with the parameter subnet",
    ],
    ["a group of another VPC", () => ({ SecurityGroupIds: [groupId] }), "InvalidParameter"],
    ["a group that is not there", () => ({ SecurityGroups: ["none"] }), "InvalidGroup.NotFound"],
    [
      "a subnet that is not there",
      () => ({ SubnetId: "subnet-0123456789abcdef0" }),
      "InvalidSubnetID.NotFound",
    ],
    [
      "a subnet of another zone",
      () => ({ SubnetId: subnetId, Placement: { AvailabilityZone: "us-east-1a" } }),
      "InvalidParameterValue",
    ],
    ["no index", () => interfaces({ SubnetId: subnetId }), "InvalidParameterValue"],
    ["an index below 0", () => interfaces({ DeviceIndex: -1 }), "InvalidParameterValue"],
    ["an index twice", () => interfaces({ DeviceIndex: 0 }, { DeviceIndex: 0 }), "InvalidParameterValue"],
    ["none at index 0", () => interfaces({ DeviceIndex: 1 }), "UnsupportedOperation"],
    [
      "a card that the type does not have",
      () => interfaces({ DeviceIndex: 0 }, { DeviceIndex: 0, NetworkCardIndex: 1 }),
      "InvalidParameterValue",
    ],
    [
      "more than the type bears",
      () => interfaces({ DeviceIndex: 0 }, { DeviceIndex: 1 }, { DeviceIndex: 2 }),
      "AttachmentLimitExceeded",
      "Interface count 3 exceeds the limit for t3.micro",
    ],
    [
      "more addresses than the type bears",
      () => interfaces({ DeviceIndex: 0, SubnetId: subnetId, SecondaryPrivateIpAddressCount: 2 }),
      "InvalidInterface.IpAddressLimitExceeded",
    ],
    [
      "IPv6 on a type without",
      () => ({
        ImageId: imageLike(
          ({ architecture, enaSupport, bootMode }) => architecture === "x86_64" && enaSupport && !bootMode,
        ).id,
        InstanceType: "m1.small",
        SubnetId: subnetId,
        Ipv6AddressCount: 1,
      }),
      "InvalidParameterCombination",
    ],
    [
      "an EFA on a type without",
      () => interfaces({ DeviceIndex: 0, InterfaceType: "efa" }),
      "InvalidParameterCombination",
    ],
    [
      "two zones",
      () => interfaces({ DeviceIndex: 0 }, { DeviceIndex: 1, SubnetId: subnetId }),
      "InvalidParameterCombination",
    ],
    [
      "a public address beside a second interface",
      () =>
        interfaces(
          { DeviceIndex: 0, SubnetId: subnetId, AssociatePublicIpAddress: true },
          { DeviceIndex: 1, SubnetId: subnetId },
        ),
      "InvalidParameterCombination",
      "The associatePublicIPAddress parameter cannot be specified when launching with multiple network interfaces.",
    ],
    [
      "a carrier's address",
      () => interfaces({ DeviceIndex: 0, AssociateCarrierIpAddress: true }),
      "UnsupportedOperation",
    ],
    [
      "one address for two",
      () => ({ SubnetId: subnetId, PrivateIpAddress: "10.0.0.9", MaxCount: 2 }),
      "InvalidParameterCombination",
    ],
    [
      "an address out of the subnet",
      () => ({ SubnetId: subnetId, PrivateIpAddress: "10.1.0.9" }),
      "InvalidParameterValue",
    ],
  ]);

  test("an interface that is in use, or described again", async () => {
    const id = await newInterface(subnetId);
    const withOne = (more: object = {}) => interfaces({ DeviceIndex: 0, NetworkInterfaceId: id, ...more });
    await refused(
      launchAll(ec2, withOne({ SubnetId: subnetId })),
      "InvalidParameterCombination",
      "A network interface may not specify both a network interface ID and a subnet",
    );
    await refused(
      launchAll(ec2, withOne({ DeleteOnTermination: true })),
      "InvalidParameterCombination",
      "A network interface may not specify both a network interface ID and delete on termination as true",
    );
    await refused(launchAll(ec2, withOne({ AssociatePublicIpAddress: true })), "InvalidParameterCombination");
    await refused(
      launchAll(
        ec2,
        interfaces({ DeviceIndex: 0, NetworkInterfaceId: id }, { DeviceIndex: 1, NetworkInterfaceId: id }),
      ),
      "InvalidParameterValue",
    );
    await launch(ec2, withOne());
    await refused(launchAll(ec2, withOne()), "InvalidNetworkInterface.InUse", `Interface: [${id}] in use.`);
  });

  test("two VPCs", async () => {
    const other = await newSubnet("10.0.4.0/24", "us-east-1a");
    await refused(
      launchAll(ec2, interfaces({ DeviceIndex: 0 }, { DeviceIndex: 1, SubnetId: other })),
      "InvalidParameterValue",
      "Network interface attachments may not cross VPC boundaries.",
    );
  });
});

describe("what it refuses of options", () => {
  refuseAll([
    [
      "an image of another architecture",
      () => ({ ImageId: linuxOnArm.id }),
      "InvalidParameterValue",
      /^The architecture 'x86_64' of the specified instance type does not match the architecture 'arm64' of the specified AMI\./,
    ],
    [
      "an image without the driver that the type wants, or a boot mode that it lacks",
      () => ({ ImageId: windows.id, InstanceType: "m7g.large" }),
      "InvalidParameterValue",
    ],
    [
      "an image that boots by UEFI on a type that does not",
      () => ({ ImageId: imageLike(({ nitroTpm }) => nitroTpm).id, InstanceType: "t2.medium" }),
      "InvalidParameterValue",
      /^The instance type 't2.medium' does not support an AMI with a boot mode of UEFI\./,
    ],
    [
      "an image that wants a NitroTPM on a type without",
      () => ({ ImageId: imageLike(({ nitroTpm }) => nitroTpm).id, InstanceType: "dl2q.24xlarge" }),
      "InvalidParameterCombination",
      /NitroTPM/,
    ],
    [
      "credits where there are none",
      () => ({ InstanceType: "m5.large", CreditSpecification: { CpuCredits: "unlimited" } }),
      "InstanceCreditSpecification.NotSupported",
    ],
    [
      "another word for credits",
      () => ({ CreditSpecification: { CpuCredits: "much" } }),
      "InvalidParameterValue",
    ],
    [
      "cores without threads",
      () => ({ CpuOptions: { CoreCount: 1 } }),
      "MissingParameter",
      "When specifying CpuOptions you must specify both CoreCount and ThreadsPerCore.",
    ],
    [
      "cores that the type does not have",
      () => ({ CpuOptions: { CoreCount: 3, ThreadsPerCore: 1 } }),
      "InvalidParameterValue",
    ],
    [
      "threads that the type does not have",
      () => ({ CpuOptions: { CoreCount: 1, ThreadsPerCore: 3 } }),
      "InvalidParameterValue",
    ],
    [
      "memory encryption where there is none",
      () => ({ CpuOptions: { AmdSevSnp: "enabled" } }),
      "InvalidParameterCombination",
    ],
    [
      "nested virtualization where there is none",
      () => ({ CpuOptions: { NestedVirtualization: "enabled" } }),
      "InvalidParameterCombination",
    ],
    ["too many hops", () => ({ MetadataOptions: { HttpPutResponseHopLimit: 65 } }), "InvalidParameterValue"],
    [
      "tags that metadata cannot show",
      () => ({
        MetadataOptions: { InstanceMetadataTags: "enabled" },
        TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "a b", Value: "c" }] }],
      }),
      "InvalidParameterValue",
      /^'a b' is not a valid tag key/,
    ],
    ["an enclave on two vCPUs", () => ({ EnclaveOptions: { Enabled: true } }), "Unsupported"],
    [
      "an enclave that hibernates",
      () => ({ EnclaveOptions: { Enabled: true }, HibernationOptions: { Configured: true } }),
      "InvalidParameterCombination",
    ],
    [
      "to hibernate without encryption",
      () => ({ HibernationOptions: { Configured: true } }),
      "UnsupportedHibernationConfiguration",
      /encrypted/,
    ],
    [
      "to hibernate on a type that cannot",
      () => ({ InstanceType: "m5.metal", HibernationOptions: { Configured: true } }),
      "UnsupportedHibernationConfiguration",
      /m5\.metal/,
    ],
    [
      "to hibernate into too small a root",
      () => ({
        InstanceType: "m5.2xlarge",
        HibernationOptions: { Configured: true },
        BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { Encrypted: true } }],
      }),
      "UnsupportedHibernationConfiguration",
      /too small/,
    ],
    [
      "bandwidth that cannot be shifted",
      () => ({ NetworkPerformanceOptions: { BandwidthWeighting: "vpc-1" } }),
      "InvalidParameterCombination",
    ],
    [
      "EBS bandwidth that is not there",
      () => ({
        ImageId: imageLike(({ architecture, bootMode }) => architecture === "x86_64" && !bootMode).id,
        InstanceType: "t2.micro",
        EbsOptimized: true,
      }),
      "InvalidParameterCombination",
    ],
    ["a key that is not there", () => ({ KeyName: "none" }), "InvalidKeyPair.NotFound"],
    ["a kernel", () => ({ KernelId: "aki-1234" }), "InvalidParameterCombination"],
  ]);

  test("a key that Windows cannot encrypt with", async () => {
    await ec2.send(new CreateKeyPairCommand({ KeyName: "edward", KeyType: "ed25519" }));
    await refused(
      launchAll(ec2, { ImageId: windows.id, InstanceType: "t3.small", KeyName: "edward" }),
      "UnsupportedOperation",
    );
  });
});

describe("what nobody can have yet", () => {
  refuseAll([
    [
      "a launch template",
      () => ({ LaunchTemplate: { LaunchTemplateId: "lt-0123456789abcdef0" } }),
      "InvalidLaunchTemplateId.NotFound",
    ],
    [
      "one by name",
      () => ({ LaunchTemplate: { LaunchTemplateName: "web" } }),
      "InvalidLaunchTemplateName.NotFoundException",
    ],
    ["one by nothing", () => ({ LaunchTemplate: { Version: "1" } }), "MissingParameter"],
    [
      "an instance profile",
      () => ({ IamInstanceProfile: { Name: "x" } }),
      "InvalidParameterValue",
      "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
    ],
    [
      "a placement group",
      () => ({ Placement: { GroupName: "g" } }),
      "InvalidPlacementGroup.Unknown",
      "The Placement Group 'g' is unknown.",
    ],
    ["a partition", () => ({ Placement: { PartitionNumber: 1 } }), "InvalidParameterCombination"],
    [
      "a Dedicated Host",
      () => ({ Placement: { HostId: "h-0123456789abcdef0", Tenancy: "host" } }),
      "InvalidHostID.NotFound",
    ],
    ["any Dedicated Host", () => ({ Placement: { Tenancy: "host" } }), "InsufficientHostCapacity"],
    [
      "a host resource group",
      () => ({ Placement: { HostResourceGroupArn: "arn:x" } }),
      "InvalidParameterValue",
    ],
    ["a spread domain", () => ({ Placement: { SpreadDomain: "x" } }), "UnsupportedOperation"],
    [
      "a Capacity Reservation",
      () => ({
        CapacityReservationSpecification: {
          CapacityReservationTarget: { CapacityReservationId: "cr-0123456789abcdef0" },
        },
      }),
      "InvalidCapacityReservationId.NotFound",
    ],
    [
      "a group of them",
      () => ({
        CapacityReservationSpecification: {
          CapacityReservationTarget: { CapacityReservationResourceGroupArn: "arn:x" },
        },
      }),
      "InvalidParameterValue",
    ],
    [
      "nothing but reservations",
      () => ({
        CapacityReservationSpecification: { CapacityReservationPreference: "capacity-reservations-only" },
      }),
      "ReservationCapacityExceeded",
    ],
    ["Spot capacity", () => ({ InstanceMarketOptions: { MarketType: "spot" } }), "UnsupportedOperation"],
    [
      "Spot options of no market",
      () => ({ InstanceMarketOptions: { SpotOptions: { MaxPrice: "1" } } }),
      "MissingParameter",
    ],
    [
      "a licence",
      () => ({ LicenseSpecifications: [{ LicenseConfigurationArn: "arn:x" }] }),
      "InvalidParameterValue",
    ],
    ["graphics", () => ({ ElasticGpuSpecification: [{ Type: "eg1.medium" }] }), "UnsupportedOperation"],
    [
      "inference",
      () => ({ ElasticInferenceAccelerators: [{ Type: "eia1.medium" }] }),
      "UnsupportedOperation",
    ],
    ["what is reserved", () => ({ AdditionalInfo: "x" }), "UnsupportedOperation"],
    ["an operator", () => ({ Operator: { Principal: "x.amazonaws.com" } }), "UnsupportedOperation"],
    ["secondary interfaces", () => ({ SecondaryInterfaces: [{ DeviceIndex: 0 }] }), "UnsupportedOperation"],
  ]);
});

describe("where it finds no room", () => {
  test("without a default VPC, default subnet or default subnet of the zone", async () => {
    const client = await freshClient();
    const { Subnets = [] } = await client.send(new DescribeSubnetsCommand({}));
    const [first, ...others] = Subnets;
    await client.send(new DeleteSubnetCommand({ SubnetId: first?.SubnetId }));
    const zone = first?.AvailabilityZone ?? "";
    await refused(
      launchAll(client, { Placement: { AvailabilityZone: zone } }),
      "InvalidInput",
      `No default subnet for availability zone: '${zone}'.`,
    );
    for (const { SubnetId } of others) await client.send(new DeleteSubnetCommand({ SubnetId }));
    const vpc = await defaultVpcOf(client);
    await refused(
      launchAll(client),
      "MissingInput",
      `No subnets found for the default VPC '${vpc}'. Please specify a subnet.`,
    );
    await dropDefaultVpc(client);
    await refused(launchAll(client), "VPCIdNotSpecified");
  });

  test("as many as there are addresses, down to the least", async () => {
    const SubnetId = await newSubnet("10.0.1.0/28", "us-east-1a");
    await refused(
      launchAll(ec2, { SubnetId, MinCount: 12, MaxCount: 20 }),
      "InsufficientFreeAddressesInSubnet",
    );
    const launched = await launchAll(ec2, { SubnetId, MinCount: 2, MaxCount: 20 });
    expect(launched).toHaveLength(11);
    expect(launched.map(({ AmiLaunchIndex }) => AmiLaunchIndex)).toEqual([...launched.keys()]);
    expect(new Set(launched.map(({ PrivateIpAddress }) => PrivateIpAddress)).size).toBe(11);
    await refused(launchAll(ec2, { SubnetId }), "InsufficientFreeAddressesInSubnet");
  });

  test("as many as there are hosts, down to the least", async () => {
    const islet = await ownIslet();
    try {
      const client = await freshClient({ islet });
      const wanted = { InstanceType: "u-3tb1.56xlarge" } as const;
      await launchAll(client, { ...wanted, MinCount: 995, MaxCount: 995 });
      await refused(
        launchAll(client, { ...wanted, MinCount: 6, MaxCount: 9 }),
        "InsufficientInstanceCapacity",
      );
      expect(await launchAll(client, { ...wanted, MinCount: 1, MaxCount: 9 })).toHaveLength(5);
    } finally {
      await islet.close();
    }
  }, 60_000);
});

describe("what it does", () => {
  test("launches into the default VPC with what EC2 gives by default", async () => {
    const [instance] = await launchAll(ec2);
    const vpc = await defaultVpcOf(ec2);
    expect(instance).toMatchObject({
      ImageId: linux.id,
      InstanceType: "t3.micro",
      State: { Code: 0, Name: "pending" },
      AmiLaunchIndex: 0,
      Architecture: "x86_64",
      VpcId: vpc,
      Placement: { AvailabilityZone: "us-east-1a", Tenancy: "default", GroupName: "" },
      SecurityGroups: [{ GroupName: "default" }],
      CpuOptions: { CoreCount: 1, ThreadsPerCore: 2 },
      MetadataOptions: { State: "pending", HttpTokens: "required", HttpPutResponseHopLimit: 2 },
      Monitoring: { State: "disabled" },
      EbsOptimized: false,
      EnaSupport: true,
      Hypervisor: "xen",
      RootDeviceName: "/dev/xvda",
      RootDeviceType: "ebs",
      SourceDestCheck: true,
      VirtualizationType: "hvm",
      BootMode: "uefi-preferred",
      CurrentInstanceBootMode: "uefi",
      PlatformDetails: "Linux/UNIX",
      UsageOperation: "RunInstances",
    });
    expect(instance?.PrivateDnsName).toBe(
      `ip-${instance?.PrivateIpAddress?.replaceAll(".", "-")}.ec2.internal`,
    );
    const shown = await shownInstance(ec2, instance?.InstanceId ?? "");
    expect(shown).toMatchObject({
      State: { Code: 16, Name: "running" },
      MetadataOptions: { State: "applied" },
      BlockDeviceMappings: [
        { DeviceName: "/dev/xvda", Ebs: { Status: "attached", DeleteOnTermination: true } },
      ],
      PublicDnsName: `ec2-${shown.PublicIpAddress?.replaceAll(".", "-")}.compute-1.amazonaws.com`,
    });
  });

  test("launches several as one reservation, and remembers the token", async () => {
    const asked = { MinCount: 2, MaxCount: 2, ClientToken: "twice" };
    const [first, second] = await launchAll(ec2, asked);
    const again = await launchAll(ec2, asked);
    expect(again.map(({ InstanceId }) => InstanceId)).toEqual([first?.InstanceId, second?.InstanceId]);
    const { Reservations } = await ec2.send(
      new DescribeInstancesCommand({ Filters: [{ Name: "client-token", Values: ["twice"] }] }),
    );
    expect(Reservations).toMatchObject([
      { ReservationId: expect.stringMatching(/^r-0[0-9a-f]{16}$/) as string, Instances: [{}, {}] },
    ]);
    await refused(launchAll(ec2, { ...asked, EbsOptimized: true }), "IdempotentParameterMismatch");
  });

  test("puts the instance where and how the launch says", async () => {
    await ec2.send(new CreateKeyPairCommand({ KeyName: "admin" }));
    const id = await launch(ec2, {
      InstanceType: "m5.2xlarge",
      SubnetId: subnetId,
      SecurityGroupIds: [groupId],
      KeyName: "admin",
      PrivateIpAddress: "10.0.0.10",
      Ipv6AddressCount: 1,
      EnablePrimaryIpv6: true,
      Placement: { AvailabilityZoneId: "use1-az1", Tenancy: "dedicated" },
      Monitoring: { Enabled: true },
      EbsOptimized: true,
      CpuOptions: { CoreCount: 2, ThreadsPerCore: 1 },
      EnclaveOptions: { Enabled: true },
      InstanceInitiatedShutdownBehavior: "terminate",
      UserData: Buffer.from("hello").toString("base64"),
      MetadataOptions: {
        HttpTokens: "optional",
        HttpPutResponseHopLimit: 5,
        HttpProtocolIpv6: "enabled",
        InstanceMetadataTags: "enabled",
      },
      PrivateDnsNameOptions: { HostnameType: "resource-name", EnableResourceNameDnsARecord: true },
      MaintenanceOptions: { AutoRecovery: "disabled" },
      CapacityReservationSpecification: { CapacityReservationPreference: "none" },
      TagSpecifications: [
        { ResourceType: "instance", Tags: [{ Key: "Name", Value: "web" }] },
        { ResourceType: "volume", Tags: [{ Key: "Name", Value: "disk" }] },
        { ResourceType: "network-interface", Tags: [{ Key: "Name", Value: "card" }] },
      ],
    });
    const instance = await shownInstance(ec2, id);
    expect(instance).toMatchObject({
      SubnetId: subnetId,
      VpcId: vpcId,
      SecurityGroups: [{ GroupId: groupId, GroupName: "web" }],
      KeyName: "admin",
      PrivateIpAddress: "10.0.0.10",
      PrivateDnsName: `${id}.ec2.internal`,
      PublicDnsName: "",
      Placement: { AvailabilityZone: "us-east-1b", Tenancy: "dedicated" },
      Monitoring: { State: "enabled" },
      EbsOptimized: true,
      CpuOptions: { CoreCount: 2, ThreadsPerCore: 1 },
      EnclaveOptions: { Enabled: true },
      MetadataOptions: {
        HttpTokens: "optional",
        HttpPutResponseHopLimit: 5,
        HttpProtocolIpv6: "enabled",
        InstanceMetadataTags: "enabled",
      },
      PrivateDnsNameOptions: { HostnameType: "resource-name", EnableResourceNameDnsARecord: true },
      MaintenanceOptions: { AutoRecovery: "disabled" },
      CapacityReservationSpecification: { CapacityReservationPreference: "none" },
      NetworkInterfaces: [{ Ipv6Addresses: [{ IsPrimaryIpv6: true }] }],
      Tags: [{ Key: "Name", Value: "web" }],
    });
    expect(instance.Ipv6Address).toMatch(/^2600:1f/);
    expect(instance.PublicIpAddress).toBeUndefined();
    const of = [{ Name: "attachment.instance-id", Values: [id] }];
    const { Volumes } = await ec2.send(new DescribeVolumesCommand({ Filters: of }));
    expect(Volumes?.map(({ Tags }) => Tags)).toEqual([[{ Key: "Name", Value: "disk" }]]);
    const { NetworkInterfaces } = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters: of }));
    expect(NetworkInterfaces?.map(({ TagSet }) => TagSet)).toEqual([[{ Key: "Name", Value: "card" }]]);
  });

  test("maps devices over those of the image", async () => {
    const id = await launch(ec2, {
      BlockDeviceMappings: [
        {
          DeviceName: "/dev/xvda",
          Ebs: { VolumeSize: 30, VolumeType: "io1", Iops: 500, DeleteOnTermination: false },
        },
        {
          DeviceName: "/dev/sdf",
          Ebs: { VolumeSize: 100, VolumeType: "gp3", Throughput: 250, Iops: 4000, Encrypted: true },
        },
        { DeviceName: "/dev/sdg", NoDevice: "" },
        { DeviceName: "/dev/sdh", VirtualName: "ephemeral0" },
      ],
    });
    const { BlockDeviceMappings } = await shownInstance(ec2, id);
    expect(BlockDeviceMappings).toMatchObject([
      { DeviceName: "/dev/xvda", Ebs: { DeleteOnTermination: false } },
      { DeviceName: "/dev/sdf", Ebs: { DeleteOnTermination: true } },
    ]);
    const { Volumes } = await ec2.send(
      new DescribeVolumesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [id] }] }),
    );
    expect(Volumes).toMatchObject([
      {
        Size: 30,
        VolumeType: "io1",
        Iops: 500,
        SnapshotId: linux.root.snapshotId,
        AvailabilityZone: "us-east-1a",
      },
      { Size: 100, VolumeType: "gp3", Iops: 4000, Throughput: 250, Encrypted: true, SnapshotId: "" },
    ]);
  });

  test("makes interfaces, takes one that is there, and lends one alone a public address", async () => {
    const eni = await newInterface(subnetId);
    const id = await launch(ec2, {
      NetworkInterfaces: [
        { DeviceIndex: 1, NetworkInterfaceId: eni },
        {
          DeviceIndex: 0,
          SubnetId: subnetId,
          Description: "front",
          Groups: [groupId],
          SecondaryPrivateIpAddressCount: 1,
          DeleteOnTermination: false,
        },
      ],
    });
    const { NetworkInterfaces = [] } = await shownInstance(ec2, id);
    expect(NetworkInterfaces).toMatchObject([
      {
        Description: "front",
        Groups: [{ GroupId: groupId }],
        Attachment: { DeviceIndex: 0, DeleteOnTermination: false, Status: "attached" },
        PrivateIpAddresses: [{ Primary: true }, { Primary: false }],
      },
      { NetworkInterfaceId: eni, Attachment: { DeviceIndex: 1, DeleteOnTermination: false } },
    ]);
    const alone = await launch(ec2, {
      NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: subnetId, AssociatePublicIpAddress: true }],
    });
    expect((await shownInstance(ec2, alone)).PublicIpAddress).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    const [hidden] = await launchAll(ec2, {
      NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: false }],
    });
    expect(hidden?.PublicIpAddress).toBeUndefined();
  });

  test("lends an address where the subnet says so", async () => {
    const SubnetId = await newSubnet("10.0.2.0/24", "us-east-1a");
    const [before] = await launchAll(ec2, { SubnetId });
    expect(before?.PublicIpAddress).toBeUndefined();
    await ec2.send(new ModifySubnetAttributeCommand({ SubnetId, MapPublicIpOnLaunch: { Value: true } }));
    const [after] = await launchAll(ec2, { SubnetId });
    expect(after?.PublicIpAddress).toBeDefined();
  });

  test("boots Windows, and arm64", async () => {
    const [server] = await launchAll(ec2, { ImageId: windows.id, InstanceType: "t3.small" });
    expect(server).toMatchObject({ Platform: "windows", UsageOperation: "RunInstances:0002" });
    const [graviton] = await launchAll(ec2, { ImageId: linuxOnArm.id, InstanceType: "t4g.micro" });
    expect(graviton).toMatchObject({ Architecture: "arm64", CurrentInstanceBootMode: "uefi" });
  });
});
