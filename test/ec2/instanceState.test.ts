import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVolumesCommand,
  ModifyInstanceAttributeCommand,
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";
import { launch, launchAll, launchStopped, shownInstance } from "./launch.ts";

const ec2 = await freshClient();

const start = (...ids: string[]) => ec2.send(new StartInstancesCommand({ InstanceIds: ids }));
const stop = (...ids: string[]) => ec2.send(new StopInstancesCommand({ InstanceIds: ids }));
const reboot = (...ids: string[]) => ec2.send(new RebootInstancesCommand({ InstanceIds: ids }));
const terminate = (...ids: string[]) => ec2.send(new TerminateInstancesCommand({ InstanceIds: ids }));
const stateOf = async (id: string) => (await shownInstance(ec2, id)).State?.Name;

const UNKNOWN = ["i-0123456789abcdef0", "i-0123456789abcdef1"] as const;

describe("what it refuses to parse", () => {
  test("ids of another form", async () => {
    await refused(terminate("i-1"), "InvalidInstanceID.Malformed", 'Invalid id: "i-1"');
  });

  test("what is reserved", async () => {
    await refused(
      ec2.send(new StartInstancesCommand({ InstanceIds: [UNKNOWN[0]], AdditionalInfo: "x" })),
      "UnsupportedOperation",
    );
  });

  test("to hibernate without the operating system", async () => {
    await refused(
      ec2.send(
        new StopInstancesCommand({ InstanceIds: [UNKNOWN[0]], Hibernate: true, SkipOsShutdown: true }),
      ),
      "InvalidParameterCombination",
    );
  });

  test("more than a thousand to terminate", async () => {
    const ids = Array.from({ length: 1001 }, (_, i) => `i-${i.toString(16).padStart(17, "0")}`);
    await refused(terminate(...ids), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("instances that are not there", async () => {
    await refused(
      start(UNKNOWN[0]),
      "InvalidInstanceID.NotFound",
      `The instance ID '${UNKNOWN[0]}' does not exist`,
    );
    await refused(
      stop(...UNKNOWN),
      "InvalidInstanceID.NotFound",
      `The instance IDs '${UNKNOWN.join(", ")}' do not exist`,
    );
  });

  test("one of several: then none is changed", async () => {
    const id = await launch(ec2);
    await refused(stop(id, UNKNOWN[0]), "InvalidInstanceID.NotFound");
    const gone = await launch(ec2);
    await terminate(gone);
    await refused(
      stop(id, gone),
      "IncorrectInstanceState",
      `This instance '${gone}' is not in a state from which it can be stopped.`,
    );
    expect(await stateOf(id)).toBe("running");
  });

  test("what a state does not allow", async () => {
    const stopped = await launchStopped(ec2);
    await refused(reboot(stopped), "IncorrectInstanceState");
    await terminate(stopped);
    await refused(
      start(stopped),
      "IncorrectInstanceState",
      `The instance '${stopped}' is not in a state from which it can be started.`,
    );
  });

  test("what is protected", async () => {
    const id = await launch(ec2, { DisableApiTermination: true, DisableApiStop: true });
    await refused(
      terminate(id),
      "OperationNotPermitted",
      `The instance '${id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
    );
    await refused(
      stop(id),
      "OperationNotPermitted",
      `The instance '${id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
    );
    await ec2.send(
      new ModifyInstanceAttributeCommand({ InstanceId: id, DisableApiTermination: { Value: false } }),
    );
    await terminate(id);
    expect(await stateOf(id)).toBe("terminated");
  });

  test("to hibernate what was not launched for it", async () => {
    const id = await launch(ec2);
    await refused(
      ec2.send(new StopInstancesCommand({ InstanceIds: [id], Hibernate: true })),
      "UnsupportedHibernationConfiguration",
      `The instance can't be hibernated because it was not configured at launch for hibernation: ${id}`,
    );
  });
});

describe("what it does", () => {
  test("takes an instance through its life", async () => {
    const [launched] = await launchAll(ec2);
    const id = launched?.InstanceId ?? "";
    expect(launched).toMatchObject({
      State: { Code: 0, Name: "pending" },
      StateReason: { Code: "pending", Message: "pending" },
      StateTransitionReason: "",
    });
    expect((await stop(id)).StoppingInstances).toEqual([
      {
        InstanceId: id,
        CurrentState: { Code: 64, Name: "stopping" },
        PreviousState: { Code: 16, Name: "running" },
      },
    ]);
    const stopped = await shownInstance(ec2, id);
    expect(stopped).toMatchObject({
      State: { Code: 80, Name: "stopped" },
      StateReason: {
        Code: "Client.UserInitiatedShutdown",
        Message: "Client.UserInitiatedShutdown: User initiated shutdown",
      },
      PrivateIpAddress: launched?.PrivateIpAddress,
    });
    expect(stopped.StateTransitionReason).toMatch(/^User initiated \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\)$/);
    expect((await stop(id)).StoppingInstances?.[0]).toMatchObject({
      CurrentState: { Name: "stopped" },
      PreviousState: { Name: "stopped" },
    });
    expect((await start(id)).StartingInstances?.[0]).toMatchObject({
      CurrentState: { Code: 0, Name: "pending" },
      PreviousState: { Code: 80, Name: "stopped" },
    });
    expect((await start(id)).StartingInstances?.[0]).toMatchObject({
      CurrentState: { Name: "running" },
      PreviousState: { Name: "running" },
    });
    await reboot(id);
    const running = await shownInstance(ec2, id);
    expect(running).toMatchObject({ State: { Name: "running" }, StateTransitionReason: "" });
    expect(running.StateReason).toBeUndefined();
    expect(running.LaunchTime?.getTime()).toBeGreaterThanOrEqual(launched?.LaunchTime?.getTime() ?? 0);
    expect((await terminate(id)).TerminatingInstances?.[0]).toMatchObject({
      CurrentState: { Code: 32, Name: "shutting-down" },
      PreviousState: { Code: 16, Name: "running" },
    });
    expect((await terminate(id)).TerminatingInstances?.[0]).toMatchObject({
      CurrentState: { Code: 48, Name: "terminated" },
      PreviousState: { Code: 48, Name: "terminated" },
    });
    await reboot(id);
    const terminated = await shownInstance(ec2, id);
    expect(terminated).toMatchObject({
      State: { Name: "terminated" },
      NetworkInterfaces: [],
      BlockDeviceMappings: [],
      SecurityGroups: [],
      PrivateDnsName: "",
    });
    expect(terminated.VpcId).toBeUndefined();
  });

  test("terminates a stopped instance at once", async () => {
    const id = await launchStopped(ec2);
    expect((await terminate(id)).TerminatingInstances?.[0]).toMatchObject({
      CurrentState: { Name: "terminated" },
      PreviousState: { Name: "stopped" },
    });
  });

  test("takes the lent public address back when it stops, and lends another when it starts", async () => {
    const id = await launch(ec2);
    const before = (await shownInstance(ec2, id)).PublicIpAddress;
    expect(before).toBeDefined();
    await stop(id);
    expect((await shownInstance(ec2, id)).PublicIpAddress).toBeUndefined();
    await start(id);
    const after = (await shownInstance(ec2, id)).PublicIpAddress;
    expect(after).toBeDefined();
    expect(after).not.toBe(before);
  });

  test("keeps an elastic address through a stop, and gives it back when terminated", async () => {
    const id = await launch(ec2);
    const { AllocationId, PublicIp } = await ec2.send(new AllocateAddressCommand({}));
    await ec2.send(new AssociateAddressCommand({ InstanceId: id, AllocationId }));
    await stop(id);
    expect((await shownInstance(ec2, id)).PublicIpAddress).toBe(PublicIp);
    await start(id);
    expect((await shownInstance(ec2, id)).PublicIpAddress).toBe(PublicIp);
    await terminate(id);
    const other = await launch(ec2);
    await ec2.send(new AssociateAddressCommand({ InstanceId: other, AllocationId }));
    expect((await shownInstance(ec2, other)).PublicIpAddress).toBe(PublicIp);
  });

  test("deletes with the instance what is to go with it, and sets the rest free", async () => {
    const { SubnetId } = (await launchAll(ec2))[0] ?? {};
    const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
    const eni = NetworkInterface?.NetworkInterfaceId ?? "";
    const id = await launch(ec2, {
      NetworkInterfaces: [
        { DeviceIndex: 0, SubnetId, DeleteOnTermination: true },
        { DeviceIndex: 1, NetworkInterfaceId: eni },
      ],
      BlockDeviceMappings: [
        { DeviceName: "/dev/sdf", Ebs: { VolumeSize: 3, DeleteOnTermination: false } },
        { DeviceName: "/dev/sdg", Ebs: { VolumeSize: 4 } },
      ],
    });
    const { NetworkInterfaces: [primary] = [] } = await shownInstance(ec2, id);
    const volumesOf = async () =>
      (await ec2.send(new DescribeVolumesCommand({ Filters: [{ Name: "size", Values: ["3", "4"] }] })))
        .Volumes;
    expect((await volumesOf())?.map(({ State }) => State)).toEqual(["in-use", "in-use"]);
    await terminate(id);
    expect((await volumesOf())?.map(({ Size, State }) => [Size, State])).toEqual([[3, "available"]]);
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({
        Filters: [{ Name: "network-interface-id", Values: [eni, primary?.NetworkInterfaceId ?? ""] }],
      }),
    );
    expect(NetworkInterfaces?.map((each) => [each.NetworkInterfaceId, each.Status])).toEqual([
      [eni, "available"],
    ]);
  });

  test("hibernates what was launched for it", async () => {
    const id = await launch(ec2, {
      InstanceType: "m5.large",
      HibernationOptions: { Configured: true },
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 20, Encrypted: true } }],
    });
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id], Hibernate: true, Force: true }));
    expect(await shownInstance(ec2, id)).toMatchObject({
      State: { Name: "stopped" },
      StateReason: { Code: "Client.UserInitiatedHibernate" },
      HibernationOptions: { Configured: true },
    });
  });

  test("goes from state to state as the life cycle says, whatever the order of calls", async () => {
    const calls = { start, stop, reboot, terminate };
    type Call = keyof typeof calls;
    /** By state: what each call leads to; what is not there is refused. */
    const lifeCycle: Record<string, Partial<Record<Call, string>>> = {
      running: { start: "running", stop: "stopped", reboot: "running", terminate: "terminated" },
      stopped: { start: "running", stop: "stopped", terminate: "terminated" },
      terminated: { reboot: "terminated", terminate: "terminated" },
    };
    const names = Object.keys(calls) as Call[];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...names), { maxLength: 8 }), async (sequence) => {
        const id = await launch(ec2);
        let state = "running";
        for (const name of sequence) {
          const next = lifeCycle[state]?.[name];
          if (next === undefined) await refused(calls[name](id), "IncorrectInstanceState");
          else await calls[name](id);
          state = next ?? state;
          expect(await stateOf(id)).toBe(state);
        }
      }),
      { seed: 2, numRuns: 25 },
    );
  });

  test("leaves nothing behind that would keep its network from being deleted", async () => {
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    const VpcId = Vpc?.VpcId;
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.0.0/24" }));
    const SubnetId = Subnet?.SubnetId;
    const { GroupId = "" } = await ec2.send(
      new CreateSecurityGroupCommand({ VpcId, GroupName: "web", Description: "web" }),
    );
    const id = await launch(ec2, { SubnetId, SecurityGroupIds: [GroupId] });
    await refused(ec2.send(new DeleteSubnetCommand({ SubnetId })), "DependencyViolation");
    await refused(ec2.send(new DeleteSecurityGroupCommand({ GroupId })), "DependencyViolation");
    await terminate(id);
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    await ec2.send(new DeleteSubnetCommand({ SubnetId }));
    await ec2.send(new DeleteVpcCommand({ VpcId }));
    expect(await stateOf(id)).toBe("terminated");
  });

  test("takes its time at a real pace, and forgets a terminated instance after an hour", async () => {
    const islet = await ownIslet({ pace: "real" });
    try {
      const client = await freshClient({ islet });
      const id = await launch(client);
      await refused(
        client.send(new StopInstancesCommand({ InstanceIds: [id] })),
        "IncorrectInstanceState",
        `Instance '${id}' cannot be stopped as it has never reached the 'running' state.`,
      );
      await advanceClock(islet, 20);
      expect((await shownInstance(client, id)).State?.Name).toBe("running");
      await client.send(new StopInstancesCommand({ InstanceIds: [id] }));
      await refused(client.send(new StartInstancesCommand({ InstanceIds: [id] })), "IncorrectInstanceState");
      await advanceClock(islet, 40);
      expect((await shownInstance(client, id)).State?.Name).toBe("stopped");
      await client.send(new StartInstancesCommand({ InstanceIds: [id] }));
      await refused(
        client.send(new StopInstancesCommand({ InstanceIds: [id] })),
        "IncorrectInstanceState",
        `This instance '${id}' is not in a state from which it can be stopped.`,
      );
      await client.send(new TerminateInstancesCommand({ InstanceIds: [id], SkipOsShutdown: true }));
      await advanceClock(islet, 10);
      expect((await shownInstance(client, id)).State?.Name).toBe("terminated");
      await advanceClock(islet, 3600);
      await refused(
        client.send(new DescribeInstancesCommand({ InstanceIds: [id] })),
        "InvalidInstanceID.NotFound",
      );
    } finally {
      await islet.close();
    }
  });
});
