import {
  DescribeAggregateIdFormatCommand,
  DescribeIdentityIdFormatCommand,
  DescribeIdFormatCommand,
  DescribePrincipalIdFormatCommand,
  ModifyIdentityIdFormatCommand,
  ModifyIdFormatCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { configOf, freshKeys, refused, sharedIslet } from "../islet.ts";

const islet = await sharedIslet();
const keys = freshKeys(islet);
const ec2 = new EC2Client(configOf(islet, keys));
const root = `arn:aws:iam::${keys.account}:root`;

describe("what it refuses to parse", () => {
  test("a type of resource that never had short ids", async () => {
    await refused(ec2.send(new DescribeIdFormatCommand({ Resource: "ipam" })), "InvalidParameterValue");
    await refused(
      ec2.send(new DescribePrincipalIdFormatCommand({ Resources: ["vpc", "ipam"] })),
      "InvalidParameterValue",
    );
    await refused(
      ec2.send(new ModifyIdFormatCommand({ Resource: "ipam", UseLongIds: true })),
      "InvalidParameterValue",
    );
  });

  test("a page that is too long or comes from nowhere", async () => {
    await refused(
      ec2.send(new DescribePrincipalIdFormatCommand({ MaxResults: 1001 })),
      "InvalidParameterValue",
    );
    await refused(
      ec2.send(new DescribePrincipalIdFormatCommand({ NextToken: "x" })),
      "InvalidPaginationToken",
    );
  });
});

describe("what it refuses to do", () => {
  test.each(["arn:aws:iam::999999999999:root", "arn:aws:s3:::bucket", "me"])(
    "to say what %s prefers",
    async (PrincipalArn) => {
      await refused(ec2.send(new DescribeIdentityIdFormatCommand({ PrincipalArn })), "InvalidParameterValue");
      await refused(
        ec2.send(new ModifyIdentityIdFormatCommand({ PrincipalArn, Resource: "vpc", UseLongIds: true })),
        "InvalidParameterValue",
      );
    },
  );

  test("to go back to short ids", async () => {
    await refused(
      ec2.send(new ModifyIdFormatCommand({ Resource: "vpc", UseLongIds: false })),
      "UnsupportedOperation",
    );
    await refused(
      ec2.send(
        new ModifyIdentityIdFormatCommand({ PrincipalArn: "all", Resource: "vpc", UseLongIds: false }),
      ),
      "UnsupportedOperation",
    );
  });
});

describe("what it does", () => {
  const vpc = { Resource: "vpc", UseLongIds: true, Deadline: expect.any(Date) as Date };

  test("says that all ids are long", async () => {
    const { Statuses = [], UseLongIdsAggregated } = await ec2.send(new DescribeAggregateIdFormatCommand({}));
    expect(UseLongIdsAggregated).toBe(true);
    expect(Statuses).toHaveLength(31);
    expect(Statuses).toContainEqual(vpc);
    expect((await ec2.send(new DescribeIdFormatCommand({}))).Statuses).toEqual(Statuses);
    expect((await ec2.send(new DescribeIdFormatCommand({ Resource: "vpc" }))).Statuses).toEqual([vpc]);
  });

  test("says it of each principal", async () => {
    const { Statuses } = await ec2.send(
      new DescribeIdentityIdFormatCommand({ PrincipalArn: root, Resource: "vpc" }),
    );
    expect(Statuses).toEqual([vpc]);
    const { Principals } = await ec2.send(new DescribePrincipalIdFormatCommand({ Resources: ["vpc"] }));
    expect(Principals).toEqual([{ Arn: root, Statuses: [vpc] }]);
    const all = await ec2.send(new DescribePrincipalIdFormatCommand({ MaxResults: 1 }));
    expect(all.Principals?.[0]?.Statuses).toHaveLength(31);
    expect(all.NextToken).toBeUndefined();
  });

  test("takes a wish for what is so already", async () => {
    const before = await ec2.send(new DescribeIdFormatCommand({}));
    await ec2.send(new ModifyIdFormatCommand({ Resource: "all-current", UseLongIds: true }));
    await ec2.send(
      new ModifyIdentityIdFormatCommand({ PrincipalArn: root, Resource: "subnet", UseLongIds: true }),
    );
    expect((await ec2.send(new DescribeIdFormatCommand({}))).Statuses).toEqual(before.Statuses);
  });
});
