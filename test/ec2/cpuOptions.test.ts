import {
  ModifyInstanceAttributeCommand,
  ModifyInstanceCpuOptionsCommand,
  type ModifyInstanceCpuOptionsCommandInput,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { imagesOf } from "../../server/ec2/catalogue/images.ts";
import { freshClient, refused } from "../islet.ts";
import { launch, launchStopped, linux, shownInstance } from "./launch.ts";

const ec2 = await freshClient();
const stopped = await launchStopped(ec2, { InstanceType: "m5.2xlarge" });

const ohio = await freshClient({ region: "us-east-2" });
const sevSnp = {
  ImageId: imagesOf("us-east-2").find(({ name }) => name === linux.name)?.id,
  InstanceType: "m6a.large",
  CpuOptions: { AmdSevSnp: "enabled" },
} as const;

const modify = (InstanceId: string, asked: Omit<ModifyInstanceCpuOptionsCommandInput, "InstanceId">) =>
  ec2.send(new ModifyInstanceCpuOptionsCommand({ InstanceId, ...asked }));

describe("what it refuses to parse", () => {
  test("nothing, or cores without threads", async () => {
    await refused(modify(stopped, {}), "MissingParameter");
    await refused(
      modify(stopped, { CoreCount: 2 }),
      "MissingParameter",
      "When specifying CpuOptions you must specify both CoreCount and ThreadsPerCore.",
    );
  });

  test("what the type does not have", async () => {
    await refused(
      modify(stopped, { CoreCount: 5, ThreadsPerCore: 2 }),
      "InvalidParameterValue",
      "Value (5) for parameter cpuOptions.coreCount is invalid. Valid values for the instance type 'm5.2xlarge': 2, 4",
    );
    await refused(modify(stopped, { NestedVirtualization: "enabled" }), "InvalidParameterCombination");
  });
});

describe("what it refuses to do", () => {
  test("AMD SEV-SNP where it is not, or with what it does not go together", async () => {
    await refused(launch(ec2, { ...sevSnp, ImageId: linux.id }), "UnsupportedOperation", /us-east-1/);
    await refused(
      launch(ohio, { ...sevSnp, HibernationOptions: { Configured: true } }),
      "InvalidParameterCombination",
      /hibernation/,
    );
    await refused(
      launch(ohio, { ...sevSnp, InstanceType: "m6a.xlarge", EnclaveOptions: { Enabled: true } }),
      "InvalidParameterCombination",
      /Nitro Enclaves/,
    );
  });

  test("an instance that is not there, or runs", async () => {
    const asked = { CoreCount: 1, ThreadsPerCore: 2 };
    await refused(modify("i-0123456789abcdef0", asked), "InvalidInstanceID.NotFound");
    const running = await launch(ec2, { InstanceType: "m5.large" });
    await refused(modify(running, asked), "IncorrectInstanceState");
  });
});

describe("what it does", () => {
  test("changes cores and threads", async () => {
    expect(await modify(stopped, { CoreCount: 2, ThreadsPerCore: 1 })).toMatchObject({
      InstanceId: stopped,
      CoreCount: 2,
      ThreadsPerCore: 1,
    });
    expect((await shownInstance(ec2, stopped)).CpuOptions).toEqual({ CoreCount: 2, ThreadsPerCore: 1 });
  });

  test("lets the types that can encrypt memory, or nest", async () => {
    const encrypted = await launchStopped(ohio, sevSnp);
    const change = (asked: object) =>
      ohio.send(new ModifyInstanceAttributeCommand({ InstanceId: encrypted, ...asked }));
    await refused(change({ InstanceType: { Value: "m7i.xlarge" } }), "InvalidParameterCombination");
    await change({ InstanceType: { Value: "m6a.xlarge" } });
    await refused(change({ EnclaveOptions: { Enabled: true } }), "InvalidParameterCombination", /Enclaves/);
    expect((await shownInstance(ohio, encrypted)).CpuOptions).toMatchObject({ AmdSevSnp: "enabled" });
    const nesting = await launchStopped(ec2, { InstanceType: "m8i.large" });
    expect(await modify(nesting, { NestedVirtualization: "enabled" })).toMatchObject({
      NestedVirtualization: "enabled",
    });
  });
});
