import {
  DeregisterInstanceEventNotificationAttributesCommand,
  DescribeInstanceEventNotificationAttributesCommand,
  RegisterInstanceEventNotificationAttributesCommand,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();

interface Wish {
  InstanceTagKeys?: string[];
  IncludeAllTagsOfInstance?: boolean;
}

const register = async (InstanceTagAttribute: Wish) =>
  (await ec2.send(new RegisterInstanceEventNotificationAttributesCommand({ InstanceTagAttribute })))
    .InstanceTagAttribute;
const deregister = async (InstanceTagAttribute: Wish) =>
  (await ec2.send(new DeregisterInstanceEventNotificationAttributesCommand({ InstanceTagAttribute })))
    .InstanceTagAttribute;
const registered = async () =>
  (await ec2.send(new DescribeInstanceEventNotificationAttributesCommand({}))).InstanceTagAttribute;

describe("what it refuses to parse", () => {
  test("nothing, two things at once, and the wrong way round", async () => {
    await refused(register({}), "MissingParameter");
    await refused(deregister({}), "MissingParameter");
    const both = { InstanceTagKeys: ["a"], IncludeAllTagsOfInstance: true };
    await refused(register(both), "InvalidParameterCombination");
    await refused(register({ IncludeAllTagsOfInstance: false }), "InvalidParameterValue");
    await refused(deregister({ IncludeAllTagsOfInstance: true }), "InvalidParameterValue");
  });
});

describe("what it does", () => {
  test("keeps the keys, or that it is all of them", async () => {
    const none = { InstanceTagKeys: [], IncludeAllTagsOfInstance: false };
    expect(await registered()).toEqual(none);
    const two = { InstanceTagKeys: ["a", "b"], IncludeAllTagsOfInstance: false };
    await register({ InstanceTagKeys: ["a"] });
    expect(await register({ InstanceTagKeys: ["a", "b"] })).toEqual(two);
    expect(await registered()).toEqual(two);
    expect(await deregister({ InstanceTagKeys: ["a", "c"] })).toEqual({ ...two, InstanceTagKeys: ["b"] });
    const all = { InstanceTagKeys: [], IncludeAllTagsOfInstance: true };
    expect(await register({ IncludeAllTagsOfInstance: true })).toEqual(all);
    expect(await registered()).toEqual(all);
    expect(await deregister({ IncludeAllTagsOfInstance: false })).toEqual(none);
  });
});
