import {
  DescribeInstanceCreditSpecificationsCommand,
  GetDefaultCreditSpecificationCommand,
  ModifyDefaultCreditSpecificationCommand,
  ModifyInstanceCreditSpecificationCommand,
  TerminateInstancesCommand,
  type DescribeInstanceCreditSpecificationsCommandInput,
} from "@aws-sdk/client-ec2";
import { beforeEach, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { launch } from "./launch.ts";

let ec2 = await freshClient();
beforeEach(async () => {
  ec2 = await freshClient();
});

const specifications = async (asked: DescribeInstanceCreditSpecificationsCommandInput = {}) =>
  (await ec2.send(new DescribeInstanceCreditSpecificationsCommand(asked))).InstanceCreditSpecifications;
const modify = (InstanceId: string, CpuCredits?: string) =>
  ec2.send(
    new ModifyInstanceCreditSpecificationCommand({
      InstanceCreditSpecifications: [{ InstanceId, CpuCredits }],
    }),
  );
const setDefault = (CpuCredits: string) =>
  ec2.send(new ModifyDefaultCreditSpecificationCommand({ InstanceFamily: "t3", CpuCredits }));

describe("what it refuses to parse", () => {
  test("other words for credits, or none", async () => {
    const id = await launch(ec2);
    await refused(modify(id, "much"), "InvalidParameterValue");
    await refused(modify(id), "MissingParameter");
    await refused(setDefault("much"), "InvalidParameterValue");
  });

  test("pages of instances that are named", async () => {
    const id = await launch(ec2);
    await refused(specifications({ InstanceIds: [id], MaxResults: 5 }), "InvalidParameterCombination");
  });
});

describe("what it refuses to do", () => {
  test("credits of a type that has none", async () => {
    const id = await launch(ec2, { InstanceType: "m5.large" });
    await refused(specifications({ InstanceIds: [id] }), "InstanceCreditSpecification.NotSupported");
  });

  test("one instance at a time, saying why", async () => {
    const m5 = await launch(ec2, { InstanceType: "m5.large" });
    const gone = await launch(ec2);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [gone] }));
    const t3 = await launch(ec2);
    const ids = [m5, gone, "i-0123456789abcdef0", "i-1", t3];
    const answer = await ec2.send(
      new ModifyInstanceCreditSpecificationCommand({
        InstanceCreditSpecifications: ids.map((InstanceId) => ({ InstanceId, CpuCredits: "standard" })),
      }),
    );
    expect(answer.SuccessfulInstanceCreditSpecifications).toEqual([{ InstanceId: t3 }]);
    expect(
      answer.UnsuccessfulInstanceCreditSpecifications?.map(({ InstanceId, Error: error }) => [
        InstanceId,
        error?.Code,
      ]),
    ).toEqual([
      [m5, "InstanceCreditSpecification.NotSupported"],
      [gone, "IncorrectInstanceState"],
      ["i-0123456789abcdef0", "InvalidInstanceID.NotFound"],
      ["i-1", "InvalidInstanceID.Malformed"],
    ]);
  });
});

describe("what it does", () => {
  test("launches as the family, the account or the call wants", async () => {
    const byFamily = await launch(ec2);
    const byCall = await launch(ec2, { CreditSpecification: { CpuCredits: "standard" } });
    await setDefault("standard");
    const { InstanceFamilyCreditSpecification } = await ec2.send(
      new GetDefaultCreditSpecificationCommand({ InstanceFamily: "t3" }),
    );
    expect(InstanceFamilyCreditSpecification).toEqual({ InstanceFamily: "t3", CpuCredits: "standard" });
    const byAccount = await launch(ec2);
    expect(await specifications({ InstanceIds: [byFamily, byCall, byAccount] })).toEqual([
      { InstanceId: byFamily, CpuCredits: "unlimited" },
      { InstanceId: byCall, CpuCredits: "standard" },
      { InstanceId: byAccount, CpuCredits: "standard" },
    ]);
    await setDefault("unlimited");
    const again = await launch(ec2);
    expect(await specifications()).toEqual([
      { InstanceId: byFamily, CpuCredits: "unlimited" },
      { InstanceId: again, CpuCredits: "unlimited" },
    ]);
    expect(await specifications({ Filters: [{ Name: "instance-id", Values: [again] }] })).toHaveLength(1);
  });

  test("changes the mode of an instance", async () => {
    const id = await launch(ec2);
    await modify(id, "standard");
    expect(await specifications({ InstanceIds: [id] })).toEqual([{ InstanceId: id, CpuCredits: "standard" }]);
  });
});
