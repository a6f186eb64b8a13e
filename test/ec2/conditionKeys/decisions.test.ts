import * as Ec2 from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { asUser, onlyIf, type Person } from "../../iam/person.ts";
import { newCustomerGateway } from "../vpnNetwork.ts";

const NOBODY = "0aaaaaaaaaaaaaaaa";
const reserve: Ec2.CreateCapacityReservationRequest = {
  InstanceType: "t3.micro",
  InstancePlatform: "Linux/UNIX",
  InstanceCount: 1,
  AvailabilityZone: "us-east-1a",
};
const reservation = (more: Partial<Ec2.CreateCapacityReservationRequest>) =>
  new Ec2.CreateCapacityReservationCommand({ ...reserve, ...more, DryRun: true });
const volume = (more: Partial<Ec2.CreateVolumeRequest>) =>
  new Ec2.CreateVolumeCommand({ Size: 1, DryRun: true, ...more });
const endpoint = (more: Partial<Ec2.CreateVpcEndpointRequest>) =>
  new Ec2.CreateVpcEndpointCommand({
    VpcId: `vpc-${NOBODY}`,
    ServiceName: "com.amazonaws.us-east-1.s3",
    DryRun: true,
    ...more,
  });
const permission = (more: Partial<Ec2.CreateNetworkInterfacePermissionRequest>) =>
  new Ec2.CreateNetworkInterfacePermissionCommand({
    NetworkInterfaceId: `eni-${NOBODY}`,
    Permission: "INSTANCE-ATTACH",
    DryRun: true,
    ...more,
  });
const lock = (more: Partial<Ec2.LockSnapshotRequest>) =>
  new Ec2.LockSnapshotCommand({
    SnapshotId: `snap-${NOBODY}`,
    LockMode: "compliance",
    DryRun: true,
    ...more,
  });
const share = (more: Partial<Ec2.ModifySnapshotAttributeRequest>) =>
  new Ec2.ModifySnapshotAttributeCommand({ SnapshotId: `snap-${NOBODY}`, DryRun: true, ...more });
const service = (more: Partial<Ec2.CreateVpcEndpointServiceConfigurationRequest>) =>
  new Ec2.CreateVpcEndpointServiceConfigurationCommand({ DryRun: true, ...more });
const move = (from: string, to: string) =>
  new Ec2.MoveCapacityReservationInstancesCommand({
    SourceCapacityReservationId: `cr-${from}`,
    DestinationCapacityReservationId: `cr-${to}`,
    InstanceCount: 1,
    DryRun: true,
  });
const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "ok",
    (error: unknown) => (error as Error).name,
  );

async function expectDecision(person: Person, good: unknown, bad: unknown): Promise<void> {
  const codes = [good, bad].map((command) => codeOf(person.ec2.send(command as never)));
  expect(await Promise.all(codes)).toEqual(["DryRunOperation", "UnauthorizedOperation"]);
}

/** By a call that a policy with the condition allows, and by one that it does not. */
test.each<[string, string, object, unknown, unknown]>([
  [
    "ec2:InstanceCount",
    "CreateCapacityReservation",
    { NumericLessThan: { "ec2:InstanceCount": "3" } },
    reservation({ InstanceCount: 2 }),
    reservation({ InstanceCount: 3 }),
  ],
  [
    "ec2:EndDateType",
    "CreateCapacityReservation",
    { StringEquals: { "ec2:EndDateType": "limited" } },
    reservation({ EndDate: new Date("2040-01-01") }),
    reservation({}),
  ],
  [
    "ec2:EndDate",
    "CreateCapacityReservation",
    { DateLessThan: { "ec2:EndDate": "2041-01-01" } },
    reservation({ EndDate: new Date("2040-01-01") }),
    reservation({ EndDate: new Date("2042-01-01") }),
  ],
  [
    "ec2:Tenancy",
    "CreateCapacityReservation",
    { StringEquals: { "ec2:Tenancy": "default" } },
    reservation({}),
    reservation({ Tenancy: "dedicated" }),
  ],
  [
    "ec2:InstanceMatchCriteria",
    "CreateCapacityReservation",
    { StringEquals: { "ec2:InstanceMatchCriteria": "open" } },
    reservation({}),
    reservation({ InstanceMatchCriteria: "targeted" }),
  ],
  [
    "ec2:AvailabilityZoneId",
    "CreateVolume",
    { StringEquals: { "ec2:AvailabilityZoneId": "use1-az1" } },
    volume({ AvailabilityZoneId: "use1-az1" }),
    volume({ AvailabilityZoneId: "use1-az2" }),
  ],
  [
    "ec2:AvailabilityZone, of a zone named by its id",
    "CreateVolume",
    { StringEquals: { "ec2:AvailabilityZone": "us-east-1a" } },
    volume({ AvailabilityZone: "us-east-1a" }),
    volume({ AvailabilityZoneId: "use1-az2" }),
  ],
  [
    "ec2:KmsKeyId",
    "CreateVolume",
    { StringEquals: { "ec2:KmsKeyId": "alias/mine" } },
    volume({ AvailabilityZone: "us-east-1a", KmsKeyId: "alias/mine", Encrypted: true }),
    volume({ AvailabilityZone: "us-east-1a", Encrypted: true }),
  ],
  [
    "ec2:VolumeInitializationRate",
    "CreateVolume",
    { NumericLessThanEquals: { "ec2:VolumeInitializationRate": "150" } },
    volume({ AvailabilityZone: "us-east-1a", VolumeInitializationRate: 150 }),
    volume({ AvailabilityZone: "us-east-1a", VolumeInitializationRate: 151 }),
  ],
  [
    "ec2:VpceServiceRegion",
    "CreateVpcEndpoint",
    { StringEqualsIfExists: { "ec2:VpceServiceRegion": "us-east-1" } },
    endpoint({}),
    endpoint({ ServiceRegion: "eu-west-1" }),
  ],
  [
    "ec2:VpcePrivateDnsPreference",
    "CreateVpcEndpoint",
    { StringEqualsIfExists: { "ec2:VpcePrivateDnsPreference": "ALL_DOMAINS" } },
    endpoint({ DnsOptions: { PrivateDnsPreference: "ALL_DOMAINS" } }),
    endpoint({ DnsOptions: { PrivateDnsPreference: "SPECIFIED_DOMAINS_ONLY" } }),
  ],
  [
    "ec2:VpceServicePrivateDnsName",
    "CreateVpcEndpointServiceConfiguration",
    { StringLike: { "ec2:VpceServicePrivateDnsName": "*.example.com" } },
    service({ PrivateDnsName: "a.example.com" }),
    service({ PrivateDnsName: "a.example.org" }),
  ],
  [
    "ec2:VpceMultiRegion",
    "CreateVpcEndpointServiceConfiguration",
    { StringEquals: { "ec2:VpceMultiRegion": "false" } },
    service({ SupportedRegions: ["us-east-1"] }),
    service({ SupportedRegions: ["us-east-1", "eu-west-1"] }),
  ],
  [
    "ec2:AuthorizedUser",
    "CreateNetworkInterfacePermission",
    { ArnEquals: { "ec2:AuthorizedUser": "arn:aws:iam::111111111111:root" } },
    permission({ AwsAccountId: "111111111111" }),
    permission({ AwsAccountId: "222222222222" }),
  ],
  [
    "ec2:Permission",
    "CreateNetworkInterfacePermission",
    { StringEquals: { "ec2:Permission": "INSTANCE-ATTACH" } },
    permission({}),
    permission({ Permission: "EIP-ASSOCIATE" }),
  ],
  [
    "ec2:SnapshotLockDuration",
    "LockSnapshot",
    { NumericLessThan: { "ec2:SnapshotLockDuration": "30" } },
    lock({ LockDuration: 29 }),
    lock({ LockDuration: 30 }),
  ],
  [
    "ec2:SnapshotCoolOffPeriod",
    "LockSnapshot",
    { NumericGreaterThan: { "ec2:SnapshotCoolOffPeriod": "5" } },
    lock({ LockDuration: 1, CoolOffPeriod: 6 }),
    lock({ LockDuration: 1 }),
  ],
  [
    "ec2:Add/userId",
    "ModifySnapshotAttribute",
    { "ForAllValues:StringEquals": { "ec2:Add/userId": "111111111111" }, Null: { "ec2:Add/group": "true" } },
    share({ CreateVolumePermission: { Add: [{ UserId: "111111111111" }] } }),
    share({ OperationType: "add", UserIds: ["111111111111", "222222222222"] }),
  ],
  [
    "ec2:Add/group",
    "ModifySnapshotAttribute",
    { Null: { "ec2:Add/group": "true" } },
    share({ CreateVolumePermission: { Remove: [{ Group: "all" }] } }),
    share({ CreateVolumePermission: { Add: [{ Group: "all" }] } }),
  ],
  [
    "ec2:DestinationCapacityReservationId",
    "MoveCapacityReservationInstances",
    {
      ArnLike: {
        "ec2:DestinationCapacityReservationId": `arn:aws:ec2:*:*:capacity-reservation/cr-${NOBODY}`,
      },
    },
    move("0bbbbbbbbbbbbbbbb", NOBODY),
    move(NOBODY, "0bbbbbbbbbbbbbbbb"),
  ],
])("%s of %s", async (_, action, condition, good, bad) => {
  await expectDecision(await asUser(onlyIf(`ec2:${action}`, condition)), good, bad);
});

test("what a VPN connection is to be like, and what it is", async () => {
  const person = await asUser();
  const CustomerGatewayId = await newCustomerGateway(person.root);
  const { VpnGateway } = await person.root.send(new Ec2.CreateVpnGatewayCommand({ Type: "ipsec.1" }));
  const base = { Type: "ipsec.1", CustomerGatewayId, VpnGatewayId: VpnGateway?.VpnGatewayId };
  const create = (Options: Ec2.VpnConnectionOptionsSpecification, more: object = {}) =>
    new Ec2.CreateVpnConnectionCommand({ ...base, Options, DryRun: true, ...more });
  const aes = (Value: string) => ({ TunnelOptions: [{ Phase1EncryptionAlgorithms: [{ Value }] }] });
  const created: [object, unknown, unknown][] = [
    [
      { StringEqualsIfExists: { "ec2:RoutingType": "static" } },
      create({ StaticRoutesOnly: true }),
      create({}),
    ],
    [
      { StringEqualsIfExists: { "ec2:GatewayType": "VGW" } },
      create({}),
      create({}, { VpnGatewayId: undefined, TransitGatewayId: `tgw-${NOBODY}` }),
    ],
    [
      { "ForAllValues:StringEquals": { "ec2:Phase1EncryptionAlgorithms": ["AES256", "AES256-GCM-16"] } },
      create(aes("AES256")),
      create({ TunnelOptions: [...aes("AES256").TunnelOptions, ...aes("AES128").TunnelOptions] }),
    ],
    [
      { NumericGreaterThanEqualsIfExists: { "ec2:DPDTimeoutSeconds": "40" } },
      create({ TunnelOptions: [{ DPDTimeoutSeconds: 40 }] }),
      create({ TunnelOptions: [{ DPDTimeoutSeconds: 39 }] }),
    ],
    [
      { StringEqualsIfExists: { "ec2:InsideTunnelCidr": "169.254.44.0/30" } },
      create({ TunnelOptions: [{ TunnelInsideCidr: "169.254.44.0/30" }] }),
      create({ TunnelOptions: [{ TunnelInsideCidr: "169.254.45.0/30" }] }),
    ],
  ];
  for (const [condition, good, bad] of created) {
    await person.allow(onlyIf("ec2:CreateVpnConnection", condition));
    await expectDecision(person, good, bad);
  }
  const made = async (Options: Ec2.VpnConnectionOptionsSpecification) => {
    const command = new Ec2.CreateVpnConnectionCommand({ ...base, Options });
    const { VpnConnection } = await person.root.send(command);
    return new Ec2.ModifyVpnConnectionCommand({
      VpnConnectionId: VpnConnection?.VpnConnectionId,
      DryRun: true,
    });
  };
  const strong = await made({ ...aes("AES256"), StaticRoutesOnly: true });
  const weak = await made(aes("AES128"));
  for (const condition of [
    { "ForAllValues:StringEquals": { "ec2:Phase1EncryptionAlgorithms": "AES256" } },
    { StringEquals: { "ec2:RoutingType": "static" } },
  ]) {
    await person.allow(onlyIf("ec2:ModifyVpnConnection", { ...condition }));
    await expectDecision(person, strong, weak);
  }
});

test("whose an endpoint's service is", async () => {
  const person = await asUser(
    onlyIf("ec2:CreateVpcEndpoint", { StringEqualsIfExists: { "ec2:VpceServiceOwner": "amazon" } }),
  );
  const arn = `arn:aws:elasticloadbalancing:us-east-1:${person.account}:loadbalancer/net/own/0123456789abcdef`;
  const { ServiceConfiguration } = await person.root.send(
    new Ec2.CreateVpcEndpointServiceConfigurationCommand({ NetworkLoadBalancerArns: [arn] }),
  );
  await expectDecision(person, endpoint({}), endpoint({ ServiceName: ServiceConfiguration?.ServiceName }));
});

test("what a capacity reservation is", async () => {
  const person = await asUser();
  const moved = async (InstanceType: string) => {
    const command = new Ec2.CreateCapacityReservationCommand({ ...reserve, InstanceType });
    const { CapacityReservation } = await person.root.send(command);
    const { CapacityReservationId } = CapacityReservation ?? {};
    return new Ec2.MoveCapacityReservationInstancesCommand({
      SourceCapacityReservationId: CapacityReservationId,
      DestinationCapacityReservationId: CapacityReservationId,
      InstanceCount: 1,
      DryRun: true,
    });
  };
  await person.allow(
    onlyIf("ec2:MoveCapacityReservationInstances", {
      StringLike: { "ec2:InstanceType": "t3.*" },
      StringEquals: { "ec2:InstancePlatform": "Linux/UNIX", "ec2:EndDateType": "unlimited" },
      Bool: { "ec2:EbsOptimized": "false" },
      Null: { "ec2:EndDate": "true", "ec2:CreateDate": "false" },
    }),
  );
  await expectDecision(person, await moved("t3.micro"), await moved("m5.large"));
});
