import { GetConsoleOutputCommand, GetPasswordDataCommand } from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { imageLike, launch, shownInstance, windows } from "./launch.ts";

const ec2 = await freshClient();

describe("what it refuses to do", () => {
  test("an instance that is not there", async () => {
    const InstanceId = "i-0123456789abcdef0";
    await refused(ec2.send(new GetConsoleOutputCommand({ InstanceId })), "InvalidInstanceID.NotFound");
    await refused(ec2.send(new GetPasswordDataCommand({ InstanceId })), "InvalidInstanceID.NotFound");
  });

  test("the latest output of an instance that is not on Nitro", async () => {
    const { id: ImageId } = imageLike(
      ({ architecture, bootMode, platform }) => architecture === "x86_64" && !bootMode && !platform,
    );
    const InstanceId = await launch(ec2, { ImageId, InstanceType: "t2.micro" });
    await refused(
      ec2.send(new GetConsoleOutputCommand({ InstanceId, Latest: true })),
      "UnsupportedOperation",
    );
  });
});

describe("what it does", () => {
  test("has no output and no password", async () => {
    const InstanceId = await launch(ec2, { ImageId: windows.id, InstanceType: "t3.small" });
    const { LaunchTime: Timestamp } = await shownInstance(ec2, InstanceId);
    const output = await ec2.send(new GetConsoleOutputCommand({ InstanceId, Latest: true }));
    expect(output).toMatchObject({ InstanceId, Timestamp });
    expect(output.Output).toBeUndefined();
    const password = await ec2.send(new GetPasswordDataCommand({ InstanceId }));
    expect(password).toMatchObject({ InstanceId, PasswordData: "" });
  });
});
