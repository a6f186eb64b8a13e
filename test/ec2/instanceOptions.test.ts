import {
  CreateSubnetCommand,
  CreateVpcCommand,
  ModifyInstanceMaintenanceOptionsCommand,
  ModifyInstanceNetworkPerformanceOptionsCommand,
  ModifyPrivateDnsNameOptionsCommand,
  MonitorInstancesCommand,
  TerminateInstancesCommand,
  UnmonitorInstancesCommand,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { launch, launchAll, launchStopped, linuxOnArm, shownInstance } from "./launch.ts";

const ec2 = await freshClient();
let running = "";
let stopped = "";
let gone = "";

beforeAll(async () => {
  running = await launch(ec2);
  stopped = await launchStopped(ec2, { ImageId: linuxOnArm.id, InstanceType: "m8g.large" });
  gone = await launch(ec2);
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [gone] }));
});

describe("maintenance", () => {
  const modify = (InstanceId: string, asked: object) =>
    ec2.send(new ModifyInstanceMaintenanceOptionsCommand({ InstanceId, ...asked }));

  test("refuses nothing, and what is gone", async () => {
    await refused(modify(running, {}), "MissingParameter");
    await refused(modify(gone, { AutoRecovery: "disabled" }), "IncorrectInstanceState");
  });

  test("changes recovery and migration", async () => {
    expect(await modify(running, { AutoRecovery: "disabled" })).toMatchObject({
      AutoRecovery: "disabled",
      RebootMigration: "default",
    });
    await modify(running, { RebootMigration: "disabled" });
    expect((await shownInstance(ec2, running)).MaintenanceOptions).toEqual({
      AutoRecovery: "disabled",
      RebootMigration: "disabled",
    });
  });
});

describe("network performance", () => {
  const modify = (InstanceId: string, BandwidthWeighting: "default" | "vpc-1" | "ebs-1") =>
    ec2.send(new ModifyInstanceNetworkPerformanceOptionsCommand({ InstanceId, BandwidthWeighting }));

  test("refuses types that cannot, and what runs", async () => {
    await refused(modify(running, "vpc-1"), "InvalidParameterCombination");
    await refused(modify(running, "default"), "IncorrectInstanceState");
  });

  test("changes the weighting", async () => {
    expect(await modify(stopped, "ebs-1")).toMatchObject({ BandwidthWeighting: "ebs-1" });
    expect((await shownInstance(ec2, stopped)).NetworkPerformanceOptions).toEqual({
      BandwidthWeighting: "ebs-1",
    });
  });
});

describe("names", () => {
  const modify = (InstanceId: string, asked: object) =>
    ec2.send(new ModifyPrivateDnsNameOptionsCommand({ InstanceId, ...asked }));

  test("refuses another kind of name for what runs, and any change of what is gone", async () => {
    await refused(modify(running, { PrivateDnsHostnameType: "resource-name" }), "IncorrectInstanceState");
    await refused(modify(gone, { EnableResourceNameDnsARecord: true }), "IncorrectInstanceState");
  });

  test("refuses names by addresses where there are none", async () => {
    const { Vpc } = await ec2.send(
      new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }),
    );
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({
        VpcId: Vpc?.VpcId,
        Ipv6Native: true,
        Ipv6CidrBlock: Vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock?.replace("/56", "/64"),
      }),
    );
    const SubnetId = Subnet?.SubnetId;
    await refused(
      launchAll(ec2, { SubnetId, PrivateDnsNameOptions: { HostnameType: "ip-name" } }),
      "InvalidParameterCombination",
    );
    const id = await launch(ec2, { SubnetId });
    expect(await shownInstance(ec2, id)).toMatchObject({ PrivateDnsName: `${id}.ec2.internal` });
    await refused(modify(id, { PrivateDnsHostnameType: "ip-name" }), "InvalidParameterCombination");
  });

  test("changes them", async () => {
    await modify(running, { EnableResourceNameDnsARecord: true, EnableResourceNameDnsAAAARecord: true });
    expect((await shownInstance(ec2, running)).PrivateDnsNameOptions).toEqual({
      HostnameType: "ip-name",
      EnableResourceNameDnsARecord: true,
      EnableResourceNameDnsAAAARecord: true,
    });
    await modify(stopped, { PrivateDnsHostnameType: "resource-name" });
    expect((await shownInstance(ec2, stopped)).PrivateDnsName).toBe(`${stopped}.ec2.internal`);
  });
});

describe("monitoring", () => {
  test("refuses what is gone", async () => {
    await refused(ec2.send(new MonitorInstancesCommand({ InstanceIds: [gone] })), "IncorrectInstanceState");
  });

  test("refuses metric categories", async () => {
    const MetricCategoryIds = ["memory"];
    const asked = { InstanceIds: [running], MetricCategoryIds };
    await refused(ec2.send(new MonitorInstancesCommand(asked)), "UnsupportedOperation");
    await refused(launch(ec2, { Monitoring: { Enabled: true, MetricCategoryIds } }), "UnsupportedOperation");
  });

  test("is switched on and off", async () => {
    const on = () => ec2.send(new MonitorInstancesCommand({ InstanceIds: [running] }));
    expect((await on()).InstanceMonitorings).toEqual([
      { InstanceId: running, Monitoring: { State: "pending" } },
    ]);
    expect((await shownInstance(ec2, running)).Monitoring).toEqual({ State: "enabled" });
    expect((await on()).InstanceMonitorings).toMatchObject([{ Monitoring: { State: "enabled" } }]);
    const { InstanceMonitorings } = await ec2.send(new UnmonitorInstancesCommand({ InstanceIds: [running] }));
    expect(InstanceMonitorings).toMatchObject([{ Monitoring: { State: "disabling" } }]);
    expect((await shownInstance(ec2, running)).Monitoring).toEqual({ State: "disabled" });
  });
});
