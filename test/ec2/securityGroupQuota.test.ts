import {
  CreateSecurityGroupCommand,
  CreateVpcCommand,
  ValidateSecurityGroupQuotasForInterfaceCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, ownIslet, refused } from "../islet.ts";

async function groups(ec2: EC2Client, count: number): Promise<string[]> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const { GroupId = "" } = await ec2.send(
      new CreateSecurityGroupCommand({ VpcId: Vpc?.VpcId, GroupName: `g${i}`, Description: "g" }),
    );
    ids.push(GroupId);
  }
  return ids;
}

const validate = (ec2: EC2Client, SecurityGroupIds: string[]) =>
  ec2.send(new ValidateSecurityGroupQuotasForInterfaceCommand({ SecurityGroupIds }));

describe("what it refuses to parse", () => {
  test("no groups, one twice, ids of another form", async () => {
    const ec2 = await freshClient();
    const [id = ""] = await groups(ec2, 1);
    await refused(validate(ec2, []), "MissingParameter");
    await refused(validate(ec2, [id, id]), "InvalidParameterValue");
    await refused(validate(ec2, ["sg-1"]), "InvalidGroupId.Malformed");
  });
});

describe("what it refuses to do", () => {
  test("more groups than an interface may carry, and groups that are not there", async () => {
    const islet = await ownIslet({ quotas: "usual" });
    try {
      const ec2 = await freshClient({ islet });
      const ids = await groups(ec2, 6);
      await refused(validate(ec2, ids), "SecurityGroupsPerInterfaceLimitExceeded");
      expect((await validate(ec2, ids.slice(1))).Valid).toBe(true);
      await refused(validate(ec2, ["sg-0123456789abcdef0"]), "InvalidGroup.NotFound");
    } finally {
      await islet.close();
    }
  });
});

describe("what it does", () => {
  test("without quotas, any groups go together", async () => {
    const ec2 = await freshClient();
    expect((await validate(ec2, await groups(ec2, 6))).Valid).toBe(true);
  });
});
