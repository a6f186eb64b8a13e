import {
  CreateSubnetCommand,
  CreateVpcBlockPublicAccessExclusionCommand,
  CreateVpcCommand,
  DeleteSubnetCommand,
  DeleteVpcBlockPublicAccessExclusionCommand,
  DeleteVpcCommand,
  DescribeSubnetsCommand,
  DescribeVpcBlockPublicAccessExclusionsCommand,
  DescribeVpcBlockPublicAccessOptionsCommand,
  DescribeVpcsCommand,
  ModifyVpcBlockPublicAccessExclusionCommand,
  ModifyVpcBlockPublicAccessOptionsCommand,
  type CreateVpcBlockPublicAccessExclusionCommandInput,
  type DescribeVpcBlockPublicAccessExclusionsRequest,
  type EC2Client,
  type InternetGatewayBlockMode,
  type InternetGatewayExclusionMode,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";

const ec2 = await freshClient();
const MISSING = "vpcbpa-exclude-0123456789abcdef0";

const newVpc = async (client = ec2) =>
  (await client.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc?.VpcId ?? "";

const newSubnet = async (VpcId: string, client = ec2) =>
  (await client.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24" }))).Subnet?.SubnetId ?? "";

const options = async (client = ec2) =>
  (await client.send(new DescribeVpcBlockPublicAccessOptionsCommand({}))).VpcBlockPublicAccessOptions;

const block = async (InternetGatewayBlockMode: InternetGatewayBlockMode, client = ec2) =>
  (await client.send(new ModifyVpcBlockPublicAccessOptionsCommand({ InternetGatewayBlockMode })))
    .VpcBlockPublicAccessOptions;

const exclude = async (
  asked: Partial<CreateVpcBlockPublicAccessExclusionCommandInput>,
  client = ec2,
  InternetGatewayExclusionMode: InternetGatewayExclusionMode = "allow-bidirectional",
) =>
  (
    await client.send(
      new CreateVpcBlockPublicAccessExclusionCommand({ InternetGatewayExclusionMode, ...asked }),
    )
  ).VpcBlockPublicAccessExclusion;

const modify = async (
  ExclusionId: string | undefined,
  InternetGatewayExclusionMode: InternetGatewayExclusionMode,
) =>
  (
    await ec2.send(
      new ModifyVpcBlockPublicAccessExclusionCommand({ ExclusionId, InternetGatewayExclusionMode }),
    )
  ).VpcBlockPublicAccessExclusion;

const include = async (ExclusionId: string | undefined, client = ec2) =>
  (await client.send(new DeleteVpcBlockPublicAccessExclusionCommand({ ExclusionId })))
    .VpcBlockPublicAccessExclusion;

const exclusions = async (input: DescribeVpcBlockPublicAccessExclusionsRequest, client = ec2) =>
  (await client.send(new DescribeVpcBlockPublicAccessExclusionsCommand(input)))
    .VpcBlockPublicAccessExclusions ?? [];

/** What a VPC and a subnet say of themselves. */
async function modes(client: EC2Client, vpc: string, subnet: string) {
  const { Vpcs } = await client.send(new DescribeVpcsCommand({ VpcIds: [vpc] }));
  const { Subnets } = await client.send(new DescribeSubnetsCommand({ SubnetIds: [subnet] }));
  return [Vpcs?.[0], Subnets?.[0]].map((each) => each?.BlockPublicAccessStates?.InternetGatewayBlockMode);
}

describe("what it refuses to parse", () => {
  test("a mode that there is not", async () => {
    await refused(block("everything" as InternetGatewayBlockMode), "InvalidParameterValue");
    await refused(
      exclude({ InternetGatewayExclusionMode: "deny" as InternetGatewayExclusionMode }),
      "InvalidParameterValue",
    );
  });

  test("an exclusion of nothing, or of two things", async () => {
    await refused(exclude({}), "MissingParameter");
    const VpcId = await newVpc();
    await refused(exclude({ VpcId, SubnetId: await newSubnet(VpcId) }), "InvalidParameterCombination");
    await refused(exclude({ VpcId: "vpc-1" }), "InvalidVpcID.Malformed");
  });

  test("pages out of bounds", async () => {
    await refused(exclusions({ MaxResults: 4 }), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("with what is not there", async () => {
    await refused(exclude({ VpcId: "vpc-0123456789abcdef0" }), "InvalidVpcID.NotFound");
    await refused(exclude({ SubnetId: "subnet-0123456789abcdef0" }), "InvalidSubnetID.NotFound");
    await refused(include(MISSING), "InvalidVpcBlockPublicAccessExclusionId.NotFound");
    await refused(modify(MISSING, "allow-egress"), "InvalidVpcBlockPublicAccessExclusionId.NotFound");
    await refused(exclusions({ ExclusionIds: [MISSING] }), "InvalidVpcBlockPublicAccessExclusionId.NotFound");
  });

  test("two exclusions of the same, and changes of one that is gone", async () => {
    const VpcId = await newVpc();
    const made = await exclude({ VpcId });
    await refused(exclude({ VpcId }), "InvalidParameterValue", /already exists/);
    await include(made?.ExclusionId);
    await refused(include(made?.ExclusionId), "InvalidVpcBlockPublicAccessExclusionId.NotFound");
    await refused(
      modify(made?.ExclusionId, "allow-egress"),
      "InvalidVpcBlockPublicAccessExclusionId.NotFound",
    );
    await exclude({ VpcId });
  });
});

describe("what it does", () => {
  test("is off until an account says otherwise, for itself and one region", async () => {
    const client = await freshClient();
    expect(await options(client)).toMatchObject({
      AwsRegion: "us-east-1",
      State: "default-state",
      InternetGatewayBlockMode: "off",
      ManagedBy: "account",
      ExclusionsAllowed: "allowed",
    });
    expect(await block("block-ingress", client)).toMatchObject({
      State: "update-in-progress",
      InternetGatewayBlockMode: "block-ingress",
    });
    const { LastUpdateTimestamp, ...after } = (await options(client)) ?? {};
    expect(after).toMatchObject({ State: "update-complete", InternetGatewayBlockMode: "block-ingress" });
    expect(LastUpdateTimestamp).toBeInstanceOf(Date);
    expect((await options())?.State).toBe("default-state");
    await block("off", client);
    expect(await options(client)).toMatchObject({
      State: "update-complete",
      InternetGatewayBlockMode: "off",
    });
  });

  test("VPCs and subnets say what holds for them", async () => {
    const client = await freshClient();
    const vpc = await newVpc(client);
    const subnet = await newSubnet(vpc, client);
    const said = () => modes(client, vpc, subnet);
    expect(await said()).toEqual(["off", "off"]);
    await block("block-bidirectional", client);
    expect(await said()).toEqual(["block-bidirectional", "block-bidirectional"]);
    const whole = await exclude({ VpcId: vpc }, client, "allow-egress");
    expect(await said()).toEqual(["block-ingress", "block-ingress"]);
    await exclude({ SubnetId: subnet }, client);
    expect(await said()).toEqual(["block-ingress", "off"]);
    await include(whole?.ExclusionId, client);
    expect(await said()).toEqual(["block-bidirectional", "off"]);
    expect(await modes(client, await newVpc(client), subnet)).toEqual(["block-bidirectional", "off"]);
  });

  test("an exclusion through its states, found by every filter", async () => {
    const islet = await ownIslet();
    try {
      const client = await freshClient({ islet });
      const VpcId = await newVpc(client);
      const SubnetId = await newSubnet(VpcId, client);
      const made = await exclude(
        {
          SubnetId,
          TagSpecifications: [
            { ResourceType: "vpc-block-public-access-exclusion", Tags: [{ Key: "for", Value: "web" }] },
          ],
        },
        client,
      );
      const { ExclusionId = "", ResourceArn = "" } = made ?? {};
      expect(made).toMatchObject({ State: "create-in-progress", Tags: [{ Key: "for", Value: "web" }] });
      expect(ResourceArn).toMatch(new RegExp(`^arn:aws:ec2:us-east-1:\\d{12}:subnet/${SubnetId}$`));
      const whole = await exclude({ VpcId }, client, "allow-egress");
      expect(whole?.ResourceArn).toMatch(new RegExp(`:vpc/${VpcId}$`));
      for (const [Name, Value] of [
        ["resource-arn", ResourceArn],
        ["internet-gateway-exclusion-mode", "allow-bidirectional"],
        ["tag-value", "web"],
      ] as const) {
        const found = await exclusions({ Filters: [{ Name, Values: [Value] }] }, client);
        expect(found.map((each) => each.ExclusionId)).toEqual([ExclusionId]);
      }
      const complete = await exclusions(
        { Filters: [{ Name: "state", Values: ["create-complete"] }] },
        client,
      );
      expect(complete).toHaveLength(2);
      expect((await include(ExclusionId, client))?.State).toBe("delete-in-progress");
      const [gone] = await exclusions({ ExclusionIds: [ExclusionId] }, client);
      expect(gone).toMatchObject({ State: "delete-complete", DeletionTimestamp: expect.any(Date) as Date });
      await advanceClock(islet, 3601);
      expect(await exclusions({}, client)).toHaveLength(1);
      // It goes away with what it excludes.
      await client.send(new DeleteSubnetCommand({ SubnetId }));
      await client.send(new DeleteVpcCommand({ VpcId }));
      expect(await exclusions({}, client)).toEqual([]);
    } finally {
      await islet.close();
    }
  });

  test("an exclusion can be changed", async () => {
    const made = await exclude({ VpcId: await newVpc() });
    expect(await modify(made?.ExclusionId, "allow-egress")).toMatchObject({
      State: "update-in-progress",
      InternetGatewayExclusionMode: "allow-egress",
    });
    expect(await exclusions({ ExclusionIds: [made?.ExclusionId ?? ""] })).toMatchObject([
      { State: "update-complete", InternetGatewayExclusionMode: "allow-egress" },
    ]);
  });
});
