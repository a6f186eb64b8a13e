import {
  CreateTagsCommand,
  GetInstanceMetadataDefaultsCommand,
  ModifyInstanceMetadataDefaultsCommand,
  ModifyInstanceMetadataOptionsCommand,
  TerminateInstancesCommand,
  type ModifyInstanceMetadataDefaultsCommandInput,
  type ModifyInstanceMetadataOptionsCommandInput,
} from "@aws-sdk/client-ec2";
import { beforeEach, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { launch, launchAll, launchStopped, shownInstance, windows } from "./launch.ts";

let ec2 = await freshClient();
beforeEach(async () => {
  ec2 = await freshClient();
});

const modify = (InstanceId: string, options: Omit<ModifyInstanceMetadataOptionsCommandInput, "InstanceId">) =>
  ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId, ...options }));
const setDefaults = (asked: ModifyInstanceMetadataDefaultsCommandInput) =>
  ec2.send(new ModifyInstanceMetadataDefaultsCommand(asked));
const defaults = async () => (await ec2.send(new GetInstanceMetadataDefaultsCommand({}))).AccountLevel;

const byBios = { ImageId: windows.id, InstanceType: "t3.small" } as const;

describe("what it refuses to parse", () => {
  test("too many hops, or none", async () => {
    await refused(setDefaults({ HttpPutResponseHopLimit: 65 }), "InvalidParameterValue");
    await refused(setDefaults({ HttpPutResponseHopLimit: 0 }), "InvalidParameterValue");
    const id = await launch(ec2);
    await refused(modify(id, { HttpPutResponseHopLimit: 0 }), "InvalidParameterValue");
  });

  test("a change of nothing", async () => {
    const id = await launch(ec2);
    await refused(modify(id, {}), "MissingParameter");
  });
});

describe("what it refuses to do", () => {
  test("an instance that is not there, or no more", async () => {
    await refused(modify("i-0123456789abcdef0", { HttpTokens: "optional" }), "InvalidInstanceID.NotFound");
    const id = await launch(ec2);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await refused(modify(id, { HttpTokens: "optional" }), "IncorrectInstanceState");
  });

  test("IMDSv1 where the account forbids it", async () => {
    await setDefaults({ HttpTokensEnforced: "enabled" });
    await refused(launchAll(ec2, byBios), "UnsupportedOperation", /^You can't launch instances with IMDSv1/);
    const id = await launch(ec2);
    await refused(modify(id, { HttpTokens: "optional" }), "UnsupportedOperation");
    await setDefaults({ HttpTokensEnforced: "no-preference" });
    await modify(id, { HttpTokens: "optional" });
  });

  test("to show tags that are no paths", async () => {
    const id = await launch(ec2, {
      TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "a/b", Value: "" }] }],
    });
    await refused(
      modify(id, { InstanceMetadataTags: "enabled" }),
      "InvalidParameterValue",
      /^'a\/b' is not a valid tag key/,
    );
  });

  test("to tag an instance with what it could not show", async () => {
    const Tags = [{ Key: "a/b", Value: "" }];
    const tag = (id: string) => ec2.send(new CreateTagsCommand({ Resources: [id], Tags }));
    const showing = await launch(ec2, { MetadataOptions: { InstanceMetadataTags: "enabled" } });
    await refused(tag(showing), "InvalidParameterValue", /^'a\/b' is not a valid tag key\./);
    expect((await shownInstance(ec2, showing)).Tags).toEqual([]);
    await tag(await launch(ec2));
  });
});

describe("what it does", () => {
  test("takes what the launch says before the account, and the account before the image", async () => {
    const [bare] = await launchAll(ec2, byBios);
    expect(bare?.MetadataOptions).toMatchObject({ HttpTokens: "optional", HttpPutResponseHopLimit: 1 });
    await setDefaults({
      HttpTokens: "required",
      HttpPutResponseHopLimit: 3,
      HttpEndpoint: "disabled",
      InstanceMetadataTags: "enabled",
    });
    expect(await defaults()).toEqual({
      HttpTokens: "required",
      HttpPutResponseHopLimit: 3,
      HttpEndpoint: "disabled",
      InstanceMetadataTags: "enabled",
      ManagedBy: "account",
    });
    const [instance] = await launchAll(ec2, {
      ...byBios,
      MetadataOptions: { HttpTokens: "optional", HttpEndpoint: "enabled" },
    });
    expect(instance?.MetadataOptions).toEqual({
      State: "pending",
      HttpTokens: "optional",
      HttpPutResponseHopLimit: 3,
      HttpEndpoint: "enabled",
      HttpProtocolIpv6: "disabled",
      InstanceMetadataTags: "enabled",
    });
  });

  test("forgets what the account has no preference for", async () => {
    expect(await defaults()).toEqual({ ManagedBy: "account" });
    await setDefaults({ HttpTokens: "required", HttpPutResponseHopLimit: 3 });
    await setDefaults({ HttpTokens: "no-preference", HttpPutResponseHopLimit: -1 });
    expect(await defaults()).toEqual({ ManagedBy: "account" });
  });

  test("tells a running instance at once, and a stopped one when it starts", async () => {
    const running = await launch(ec2);
    const { InstanceMetadataOptions } = await modify(running, {
      HttpEndpoint: "disabled",
      HttpProtocolIpv6: "enabled",
      HttpPutResponseHopLimit: 64,
    });
    const changed = {
      HttpEndpoint: "disabled",
      HttpProtocolIpv6: "enabled",
      HttpPutResponseHopLimit: 64,
      HttpTokens: "required",
    };
    expect(InstanceMetadataOptions).toMatchObject({ ...changed, State: "pending" });
    expect((await shownInstance(ec2, running)).MetadataOptions).toMatchObject({
      ...changed,
      State: "applied",
    });
    const stopped = await launchStopped(ec2);
    await modify(stopped, { HttpTokens: "optional" });
    expect((await shownInstance(ec2, stopped)).MetadataOptions).toMatchObject({
      HttpTokens: "optional",
      State: "pending",
    });
  });
});
