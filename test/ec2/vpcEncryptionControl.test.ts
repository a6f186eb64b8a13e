import {
  AcceptVpcPeeringConnectionCommand,
  AttachInternetGatewayCommand,
  AttachNetworkInterfaceCommand,
  AttachVpnGatewayCommand,
  CreateEgressOnlyInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateNatGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEncryptionControlCommand,
  CreateVpcPeeringConnectionCommand,
  CreateVpnGatewayCommand,
  DeleteVpcCommand,
  DeleteVpcEncryptionControlCommand,
  DescribeAccountVpcEncryptionControlCommand,
  DescribeVpcEncryptionControlsCommand,
  DescribeVpcsCommand,
  GetVpcResourcesBlockingEncryptionEnforcementCommand,
  ModifyAccountVpcEncryptionControlCommand,
  ModifyInstanceAttributeCommand,
  ModifyVpcEncryptionControlCommand,
  TerminateInstancesCommand,
  type DescribeVpcEncryptionControlsCommandInput,
  type ModifyAccountVpcEncryptionControlCommandInput,
  type ModifyVpcEncryptionControlCommandInput,
  type VpcEncryptionControlConfiguration,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { launch, launchStopped } from "./launch.ts";

const ec2 = await freshClient();
const MISSING = "vpcec-0123456789abcdef0";
/** Types with and without encryption in transit. */
const ENCRYPTING = "m6i.large";
const PLAIN = "t3.micro";

let second = 0;
const newVpc = async (VpcEncryptionControl?: VpcEncryptionControlConfiguration, client = ec2) => {
  const { Vpc } = await client.send(
    new CreateVpcCommand({ CidrBlock: `10.${second++}.0.0/16`, VpcEncryptionControl }),
  );
  return Vpc?.VpcId ?? "";
};

const enforced = (more: Partial<VpcEncryptionControlConfiguration> = {}) =>
  newVpc({ Mode: "enforce", ...more });

const newSubnet = async (VpcId: string) => {
  const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }));
  const CidrBlock = Vpcs?.[0]?.CidrBlock?.replace("/16", "/24");
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone: "us-east-1a" }),
  );
  return Subnet?.SubnetId ?? "";
};

const newGateway = async (VpcId: string) => {
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const InternetGatewayId = InternetGateway?.InternetGatewayId ?? "";
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
  return InternetGatewayId;
};

const create = async (VpcId: string | undefined, client = ec2) => {
  const { VpcEncryptionControl } = await client.send(new CreateVpcEncryptionControlCommand({ VpcId }));
  return VpcEncryptionControl;
};
const newControl = async (VpcId: string) => (await create(VpcId))?.VpcEncryptionControlId ?? "";

const all = async (input: DescribeVpcEncryptionControlsCommandInput = {}, client = ec2) =>
  (await client.send(new DescribeVpcEncryptionControlsCommand(input))).VpcEncryptionControls ?? [];
const controlOf = async (vpc: string, client = ec2) => (await all({ VpcIds: [vpc] }, client))[0];

const modify = async (
  VpcEncryptionControlId: string | undefined,
  asked: Omit<ModifyVpcEncryptionControlCommandInput, "VpcEncryptionControlId">,
) => {
  const { VpcEncryptionControl } = await ec2.send(
    new ModifyVpcEncryptionControlCommand({ VpcEncryptionControlId, ...asked }),
  );
  return VpcEncryptionControl;
};

const blocking = async (VpcId: string | undefined) => {
  const { NonCompliantResources } = await ec2.send(
    new GetVpcResourcesBlockingEncryptionEnforcementCommand({ VpcId }),
  );
  return NonCompliantResources;
};

const peer = async (VpcId: string, PeerVpcId: string) => {
  const { VpcPeeringConnection } = await ec2.send(
    new CreateVpcPeeringConnectionCommand({ VpcId, PeerVpcId }),
  );
  const VpcPeeringConnectionId = VpcPeeringConnection?.VpcPeeringConnectionId;
  return ec2.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
};

describe("what it refuses to parse", () => {
  test("unknown VPCs and controls", async () => {
    const vpc = "vpc-0123456789abcdef0";
    await refused(create(vpc), "InvalidVpcID.NotFound");
    await refused(blocking(vpc), "InvalidVpcID.NotFound");
    await refused(all({ VpcIds: [vpc] }), "InvalidVpcID.NotFound");
    const id = "InvalidVpcEncryptionControlId.NotFound";
    await refused(all({ VpcEncryptionControlIds: [MISSING] }), id);
    await refused(modify(MISSING, { Mode: "enforce" }), id);
    await refused(
      ec2.send(new DeleteVpcEncryptionControlCommand({ VpcEncryptionControlId: "vpcec-zzz" })),
      id,
    );
  });

  test("changes of nothing, and exclusions from what is not enforced", async () => {
    const id = await newControl(await newVpc());
    await refused(modify(id, {}), "MissingParameter");
    await refused(modify(id, { NatGatewayExclusion: "enable" }), "InvalidParameterCombination");
    await refused(
      newVpc({ Mode: "monitor", LambdaExclusion: "enable" }),
      "InvalidParameterCombination",
      /enforce mode/,
    );
    await refused(newVpc({ Mode: undefined, LambdaExclusion: "disable" }), "MissingParameter");
  });
});

describe("what it refuses to do", () => {
  test("two controls for one VPC", async () => {
    const vpc = await newVpc();
    await create(vpc);
    await refused(create(vpc), "InvalidParameterValue", /already has/);
  });

  test("let in what does not encrypt, once that is enforced", async () => {
    const VpcId = await enforced();
    const subnet = await newSubnet(VpcId);
    const code = "OperationNotPermitted";
    await refused(newGateway(VpcId), code, /^An internet gateway/);
    await refused(ec2.send(new CreateEgressOnlyInternetGatewayCommand({ VpcId })), code);
    await refused(
      ec2.send(new CreateNatGatewayCommand({ SubnetId: subnet, ConnectivityType: "private" })),
      code,
    );
    const { VpnGateway } = await ec2.send(new CreateVpnGatewayCommand({ Type: "ipsec.1" }));
    const VpnGatewayId = VpnGateway?.VpnGatewayId;
    await refused(ec2.send(new AttachVpnGatewayCommand({ VpcId, VpnGatewayId })), code);
    await refused(peer(VpcId, await newVpc()), code);
    await refused(launch(ec2, { SubnetId: subnet, InstanceType: PLAIN }), code, /t3\.micro/);
    const InstanceId = await launchStopped(ec2, { SubnetId: subnet, InstanceType: ENCRYPTING });
    await refused(
      ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, InstanceType: { Value: PLAIN } })),
      code,
    );
    expect(await blocking(VpcId)).toEqual([]);
  });

  test("plug an interface of such a VPC into an instance that does not encrypt", async () => {
    const excepted = await enforced();
    const { NetworkInterface } = await ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId: await newSubnet(excepted) }),
    );
    const InstanceId = await launch(ec2, {
      SubnetId: await newSubnet(await newVpc()),
      InstanceType: PLAIN,
    });
    await refused(
      ec2.send(
        new AttachNetworkInterfaceCommand({
          NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId,
          InstanceId,
          DeviceIndex: 1,
        }),
      ),
      "OperationNotPermitted",
    );
  });

  test("enforce what is not so: the change fails, and the mode stays", async () => {
    const vpc = await newVpc();
    const id = await newControl(vpc);
    const gateway = await newGateway(vpc);
    expect(await modify(id, { Mode: "enforce" })).toMatchObject({
      Mode: "monitor",
      State: "enforce-in-progress",
    });
    const failed = await controlOf(vpc);
    expect(failed).toMatchObject({ Mode: "monitor", State: "enforce-failed" });
    expect(failed?.StateMessage).toContain(gateway);
    expect(failed?.ResourceExclusions).toBeUndefined();
  });

  test("leave a VPC that is peered with one that enforces it", async () => {
    const one = await enforced();
    const other = await enforced();
    await peer(one, other);
    expect(await blocking(one)).toEqual([]);
    const id = (await controlOf(one))?.VpcEncryptionControlId;
    await modify(id, { Mode: "monitor" });
    expect(await controlOf(one)).toMatchObject({ Mode: "enforce", State: "monitor-failed" });
    await modify(id, { VpcPeeringExclusion: "enable" });
    await modify(id, { Mode: "monitor" });
    expect(await controlOf(one)).toMatchObject({ Mode: "monitor", State: "available" });
  });

  test("change one while it is going away", async () => {
    const vpc = await newVpc();
    const VpcEncryptionControlId = await newControl(vpc);
    const remove = () => ec2.send(new DeleteVpcEncryptionControlCommand({ VpcEncryptionControlId }));
    expect((await remove()).VpcEncryptionControl?.State).toBe("deleting");
    expect(await controlOf(vpc)).toBeUndefined();
    await refused(remove(), "InvalidVpcEncryptionControlId.NotFound");
  });
});

describe("what it does", () => {
  test("watches a VPC, and goes with it", async () => {
    const vpc = await newVpc();
    const made = await create(vpc);
    expect(made).toMatchObject({ VpcId: vpc, Mode: "monitor", State: "creating", Tags: [] });
    expect(made?.VpcEncryptionControlId).toMatch(/^vpcec-0[0-9a-f]{16}$/);
    expect(await controlOf(vpc)).toMatchObject({ State: "available", StateMessage: "succeeded" });
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [vpc] }));
    expect(Vpcs?.[0]?.EncryptionControl?.VpcEncryptionControlId).toBe(made?.VpcEncryptionControlId);
    for (const [Name = "", value = ""] of [
      ["mode", "monitor"],
      ["state", "available"],
      ["vpc-encryption-control-id", made?.VpcEncryptionControlId],
      ["vpc-id", vpc],
    ]) {
      const found = await all({ VpcIds: [vpc], Filters: [{ Name, Values: [value] }] });
      expect(found, Name).toHaveLength(1);
    }
    await ec2.send(new DeleteVpcCommand({ VpcId: vpc }));
    await refused(
      all({ VpcEncryptionControlIds: [made?.VpcEncryptionControlId ?? ""] }),
      "InvalidVpcEncryptionControlId.NotFound",
    );
  });

  test("names what stands against enforcement, until it is excepted", async () => {
    const vpc = await newVpc();
    const id = await newControl(vpc);
    const gateway = await newGateway(vpc);
    const instance = await launch(ec2, { SubnetId: await newSubnet(vpc), InstanceType: PLAIN });
    const found = await blocking(vpc);
    expect(found).toEqual([
      expect.objectContaining({ Id: gateway, Type: "internet-gateway", IsExcludable: true }),
      expect.objectContaining({
        Id: expect.stringMatching(/^eni-/),
        Type: "network-interface",
        IsExcludable: false,
        Description: expect.stringContaining("t3.micro"),
      }),
    ]);
    await launchStopped(ec2, { SubnetId: await newSubnet(await newVpc()), InstanceType: ENCRYPTING });
    await modify(id, { Mode: "enforce", InternetGatewayExclusion: "enable" });
    expect((await controlOf(vpc))?.State).toBe("enforce-failed");
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));
    const changing = await modify(id, { Mode: "enforce", InternetGatewayExclusion: "enable" });
    expect(changing?.ResourceExclusions?.InternetGateway?.State).toBe("enabling");
    expect(await controlOf(vpc)).toMatchObject({
      Mode: "enforce",
      State: "available",
      ResourceExclusions: {
        InternetGateway: { State: "enabled", StateMessage: "succeeded" },
        NatGateway: { State: "disabled" },
      },
    });
    expect(await blocking(vpc)).toEqual([]);
    await modify(id, { InternetGatewayExclusion: "disable" });
    expect(await controlOf(vpc)).toMatchObject({
      State: "enforce-failed",
      ResourceExclusions: { InternetGateway: { State: "enabled" } },
    });
  });

  test("lets in what is excepted from the beginning", async () => {
    const vpc = await enforced({ InternetGatewayExclusion: "enable" });
    expect(await newGateway(vpc)).toMatch(/^igw-/);
    expect(await controlOf(vpc)).toMatchObject({ Mode: "enforce", State: "available" });
  });

  test("is demanded of all VPCs of an account", async () => {
    const client = await freshClient();
    const account = async () =>
      (await client.send(new DescribeAccountVpcEncryptionControlCommand({}))).AccountVpcEncryptionControl;
    const change = async (input: ModifyAccountVpcEncryptionControlCommandInput) =>
      (await client.send(new ModifyAccountVpcEncryptionControlCommand(input))).AccountVpcEncryptionControl;
    expect(await account()).toMatchObject({
      State: "default-state",
      Mode: "unmanaged",
      ManagedBy: "account",
      Exclusions: { InternetGateway: "disabled" },
    });
    await refused(change({ Mode: "attempt-monitor", NatGateway: "enable" }), "InvalidParameterCombination");
    expect(await change({ Mode: "attempt-monitor" })).toMatchObject({ State: "transitions-in-progress" });
    expect((await account())?.State).toBe("transitions-successful");
    const [watched] = await all({}, client);
    expect(watched).toMatchObject({ Mode: "monitor", State: "available" });

    const { VpcEncryptionControlId } = watched ?? {};
    await refused(
      client.send(new ModifyVpcEncryptionControlCommand({ VpcEncryptionControlId, Mode: "enforce" })),
      "OperationNotPermitted",
    );
    await refused(
      client.send(new DeleteVpcEncryptionControlCommand({ VpcEncryptionControlId })),
      "OperationNotPermitted",
    );

    // The default VPC has an internet gateway.
    await change({ Mode: "attempt-enforce" });
    expect((await account())?.State).toBe("transitions-failed");
    const young = await newVpc(undefined, client);
    expect(await controlOf(young, client)).toMatchObject({ Mode: "enforce" });
    await change({ Mode: "attempt-enforce" });
    expect((await account())?.State).toBe("transitions-partially-successful");
    await change({ InternetGateway: "enable" });
    expect(await account()).toMatchObject({
      State: "transitions-successful",
      Exclusions: { InternetGateway: "enabled" },
    });
    await change({ Mode: "unmanaged" });
    expect((await account())?.State).toBe("default-state");
    await client.send(new ModifyVpcEncryptionControlCommand({ VpcEncryptionControlId, Mode: "monitor" }));
  });
});
