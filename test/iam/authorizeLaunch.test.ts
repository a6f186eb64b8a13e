import {
  CreateKeyPairCommand,
  CreateNetworkInterfaceCommand,
  CreatePlacementGroupCommand,
  CreateSnapshotCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { linux } from "../ec2/launch.ts";
import { refused } from "../islet.ts";
import { asUser, onlyIf, statement, tagged, type Person } from "./person.ts";

const launchOf = ({ ec2 }: Person, more: Partial<RunInstancesCommandInput> = {}) =>
  ec2.send(
    new RunInstancesCommand({
      ImageId: linux.id,
      InstanceType: "t3.micro",
      MinCount: 1,
      MaxCount: 1,
      ...more,
    }),
  );

async function subnetsOf({ root }: Person): Promise<[string, string]> {
  const { Subnets = [] } = await root.send(new DescribeSubnetsCommand());
  const [one, other] = Subnets.map(({ SubnetId = "" }) => SubnetId);
  return [one ?? "", other ?? ""];
}

/** What a launch of one instance is about, without what it names besides. */
const PARTS = ["image", "instance", "network-interface", "security-group", "subnet", "volume"];

describe("a launch is about its parts", () => {
  test.each(PARTS)("%s: each must be allowed", async (left) => {
    const person = await asUser();
    const arns = PARTS.map((type) => `arn:aws:ec2:*:*:${type}/*`);
    await person.allow(statement("Allow", "ec2:RunInstances", arns));
    const SubnetId = (await subnetsOf(person))[0];
    await launchOf(person, { SubnetId });
    await person.allow(
      statement(
        "Allow",
        "ec2:RunInstances",
        arns.filter((arn) => !arn.includes(`:${left}/`)),
      ),
    );
    await refused(
      launchOf(person, { SubnetId, DryRun: true }),
      "UnauthorizedOperation",
      new RegExp(`ec2:RunInstances on resource: arn:aws:ec2:us-east-1:\\d*:${left}/`),
    );
  });

  test("its subnet, key pair, placement group and snapshot, if it names them", async () => {
    const person = await asUser();
    const { root, account } = person;
    const [one, other] = await subnetsOf(person);
    await root.send(new CreateKeyPairCommand({ KeyName: "mine" }));
    await root.send(new CreatePlacementGroupCommand({ GroupName: "near", Strategy: "cluster" }));
    const { VolumeId } = await root.send(
      new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1 }),
    );
    const { SnapshotId } = await root.send(new CreateSnapshotCommand({ VolumeId }));
    const arn = `arn:aws:ec2:us-east-1:${account}`;
    const parts = PARTS.filter((part) => part !== "subnet").map((type) => `arn:aws:ec2:*:*:${type}/*`);
    await person.allow(statement("Allow", "ec2:RunInstances", [...parts, `${arn}:subnet/${one}`]));
    await launchOf(person, { SubnetId: one });
    const denied: [Partial<RunInstancesCommandInput>, string][] = [
      [{ SubnetId: other }, `${arn}:subnet/${other}`],
      [{ NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: other }] }, `${arn}:subnet/${other}`],
      [{ SubnetId: one, KeyName: "mine" }, `${arn}:key-pair/mine`],
      [{ SubnetId: one, Placement: { GroupName: "near" } }, `${arn}:placement-group/near`],
      [
        { SubnetId: one, BlockDeviceMappings: [{ DeviceName: "/dev/sdf", Ebs: { SnapshotId } }] },
        `arn:aws:ec2:us-east-1::snapshot/${SnapshotId}`,
      ],
    ];
    for (const [more, resource] of denied) {
      await refused(
        launchOf(person, more),
        "UnauthorizedOperation",
        new RegExp(resource.replace("*", "\\*")),
      );
    }
  });
});

describe("what a launch leaves to EC2", () => {
  const defaultsOf = async (root: Person["root"]) => {
    const Filters = [{ Name: "is-default", Values: ["true"] }];
    const { Vpcs = [] } = await root.send(new DescribeVpcsCommand({ Filters }));
    const { Subnets = [] } = await root.send(new DescribeSubnetsCommand());
    const { SecurityGroups = [] } = await root.send(new DescribeSecurityGroupsCommand());
    const inZone = (zone: string) => Subnets.find((each) => each.AvailabilityZone === zone)?.SubnetId ?? "";
    return {
      vpc: Vpcs[0]?.VpcId ?? "",
      subnet: inZone("us-east-1a"),
      other: inZone("us-east-1b"),
      group: SecurityGroups.find(({ GroupName }) => GroupName === "default")?.GroupId ?? "",
    };
  };
  const rest = PARTS.filter((part) => part !== "subnet" && part !== "security-group").map(
    (type) => `arn:aws:ec2:*:*:${type}/*`,
  );

  test("is its default subnet, in the zone that it names, and the default group", async () => {
    const person = await asUser();
    const { subnet, other, group } = await defaultsOf(person.root);
    const arn = `arn:aws:ec2:us-east-1:${person.account}`;
    const allow = (...ids: string[]) =>
      person.allow(statement("Allow", "ec2:RunInstances", [...rest, ...ids.map((id) => `${arn}:${id}`)]));
    await allow(`subnet/${subnet}`, `security-group/${group}`);
    await launchOf(person);
    const inB = { Placement: { AvailabilityZone: "us-east-1b" } };
    await refused(launchOf(person, inB), "UnauthorizedOperation", new RegExp(`subnet/${other}`));
    await allow(`subnet/${subnet}`, "security-group/sg-0aaaaaaaaaaaaaaaa");
    await refused(launchOf(person), "UnauthorizedOperation", new RegExp(`security-group/${group}`));
    await allow(`subnet/${other}`, `security-group/${group}`);
    await launchOf(person, inB);
    await refused(launchOf(person), "UnauthorizedOperation", new RegExp(`subnet/${subnet}`));
  });

  test("is known by its VPC, and by its tags", async () => {
    const person = await asUser();
    const { vpc, subnet } = await defaultsOf(person.root);
    const inVpc = (id: string) => ({
      ArnEquals: { "ec2:Vpc": `arn:aws:ec2:us-east-1:${person.account}:vpc/${id}` },
    });
    const parts = (Condition: object) => [
      statement("Allow", "ec2:RunInstances", [...rest, "arn:aws:ec2:*:*:security-group/*"]),
      statement("Allow", "ec2:RunInstances", "arn:aws:ec2:*:*:subnet/*", { Condition }),
    ];
    await person.allow(...parts(inVpc(vpc)));
    await launchOf(person);
    await person.allow(...parts(inVpc("vpc-0aaaaaaaaaaaaaaaa")));
    await refused(launchOf(person), "UnauthorizedOperation");
    await person.allow(...parts({ StringEquals: { "aws:ResourceTag/use": "web" } }));
    await refused(launchOf(person), "UnauthorizedOperation");
    const Tags = [{ Key: "use", Value: "web" }];
    await person.root.send(new CreateTagsCommand({ Resources: [subnet], Tags }));
    await launchOf(person);
  });

  test("of several interfaces, each is asked for", async () => {
    const person = await asUser();
    const { subnet, group } = await defaultsOf(person.root);
    const { NetworkInterface } = await person.root.send(
      new CreateNetworkInterfaceCommand({ SubnetId: subnet }),
    );
    const id = NetworkInterface?.NetworkInterfaceId;
    const taken = { DeviceIndex: 0, NetworkInterfaceId: id };
    const made = { DeviceIndex: 1, SubnetId: subnet };
    const arn = `arn:aws:ec2:us-east-1:${person.account}`;
    const others = ["image", "instance", "volume"].map((type) => `arn:aws:ec2:*:*:${type}/*`);
    const allow = (...ids: string[]) =>
      person.allow(
        statement("Allow", "ec2:RunInstances", [...others, ...ids.map((each) => `${arn}:${each}`)]),
      );
    const base = [`subnet/${subnet}`, `security-group/${group}`, `network-interface/${id}`];
    await allow(...base);
    const launchBoth = (...NetworkInterfaces: object[]) =>
      launchOf(person, { DryRun: true, NetworkInterfaces });
    await refused(launchBoth(taken), "DryRunOperation");
    await refused(launchBoth(taken, made), "UnauthorizedOperation", /network-interface\/\*/);
    await allow(...base, "network-interface/*");
    await refused(launchBoth(taken, made), "DryRunOperation");
    await allow(`subnet/${subnet}`, `network-interface/${id}`);
    await refused(launchBoth(taken), "UnauthorizedOperation", new RegExp(`security-group/${group}`));
  });
});

describe("what a launch can be limited by", () => {
  const instanceOnly = (condition: object): object[] => [
    statement("Allow", "ec2:RunInstances"),
    statement("Deny", "ec2:RunInstances", "arn:aws:ec2:*:*:instance/*", { Condition: condition }),
  ];

  test.each<[string, object, Partial<RunInstancesCommandInput>, Partial<RunInstancesCommandInput>]>([
    [
      "the type",
      { StringNotLike: { "ec2:InstanceType": "t3.*" } },
      { InstanceType: "t3.small" },
      { InstanceType: "m5.large" },
    ],
    [
      "IMDSv2",
      { StringNotEquals: { "ec2:MetadataHttpTokens": "required" } },
      { MetadataOptions: { HttpTokens: "required" } },
      { MetadataOptions: { HttpTokens: "optional" } },
    ],
    [
      "the zone",
      { StringNotEquals: { "ec2:AvailabilityZone": "us-east-1b" } },
      { Placement: { AvailabilityZone: "us-east-1b" } },
      { Placement: { AvailabilityZone: "us-east-1a" } },
    ],
    [
      "the tenancy",
      { StringNotEquals: { "ec2:Tenancy": "default" } },
      {},
      { Placement: { Tenancy: "dedicated" }, InstanceType: "m5.large" },
    ],
  ])("%s", async (_, condition, good, bad) => {
    const person = await asUser(...instanceOnly(condition));
    await refused(launchOf(person, { ...good, DryRun: true }), "DryRunOperation");
    await refused(launchOf(person, { ...bad, DryRun: true }), "UnauthorizedOperation", /explicit deny/);
  });

  test("each of its volumes, the image's own with it", async () => {
    const size = { NumericGreaterThan: { "ec2:VolumeSize": "20" } };
    const person = await asUser(
      statement("Allow", "ec2:RunInstances"),
      statement("Deny", "ec2:RunInstances", "arn:aws:ec2:*:*:volume/*", { Condition: size }),
    );
    const sized = (DeviceName: string, VolumeSize: number) =>
      launchOf(person, { DryRun: true, BlockDeviceMappings: [{ DeviceName, Ebs: { VolumeSize } }] });
    await refused(sized("/dev/sdf", 10), "DryRunOperation");
    await refused(sized("/dev/sdf", 21), "UnauthorizedOperation");
    await refused(sized(linux.root.name, 30), "UnauthorizedOperation");
    const encrypted = statement("Deny", "ec2:RunInstances", "arn:aws:ec2:*:*:volume/*", {
      Condition: { Bool: { "ec2:Encrypted": "false" } },
    });
    await person.allow(statement("Allow", "ec2:RunInstances"), encrypted);
    await refused(launchOf(person), "UnauthorizedOperation");
    const Ebs = { Encrypted: true };
    await launchOf(person, { BlockDeviceMappings: [{ DeviceName: linux.root.name, Ebs }] });
  });

  test("the tags of its instances", async () => {
    const team = { StringEquals: { "aws:RequestTag/team": "blue" } };
    const rest = PARTS.filter((part) => part !== "instance").map((type) => `arn:aws:ec2:*:*:${type}/*`);
    const person = await asUser(
      statement("Allow", "ec2:RunInstances", rest),
      statement("Allow", "ec2:RunInstances", "arn:aws:ec2:*:*:instance/*", { Condition: team }),
      onlyIf("ec2:CreateTags", { StringEquals: { "ec2:CreateAction": "RunInstances" } }),
    );
    const blue = { Key: "team", Value: "blue" };
    await refused(launchOf(person), "UnauthorizedOperation", /instance\/\*/);
    await refused(launchOf(person, tagged("volume", blue)), "UnauthorizedOperation", /instance\/\*/);
    const { Instances } = await launchOf(person, tagged("instance", blue));
    expect(Instances).toHaveLength(1);
  });

  test("whose each of its resources is", async () => {
    const person = await asUser();
    const own = { StringNotEquals: { "aws:ResourceAccount": person.account } };
    const denied = (...types: string[]) =>
      person.allow(
        statement("Allow", "ec2:RunInstances"),
        statement(
          "Deny",
          "ec2:RunInstances",
          types.map((type) => `arn:aws:ec2:*:*:${type}/*`),
          {
            Condition: own,
          },
        ),
      );
    await denied(...PARTS.filter((part) => part !== "image"));
    await launchOf(person);
    await denied("image");
    await refused(launchOf(person), "UnauthorizedOperation", /image\/ami-\S+ with an explicit deny/);
  });

  test("the owner of its image", async () => {
    const owner = { StringEquals: { "ec2:Owner": "amazon" } };
    const rest = PARTS.filter((part) => part !== "image").map((type) => `arn:aws:ec2:*:*:${type}/*`);
    const allow = (condition: object) => [
      statement("Allow", "ec2:RunInstances", rest),
      statement("Allow", "ec2:RunInstances", "arn:aws:ec2:*::image/*", { Condition: condition }),
    ];
    await launchOf(await asUser(...allow(owner)));
    const other = await asUser(...allow({ StringEquals: { "ec2:Owner": "123456789012" } }));
    await refused(launchOf(other), "UnauthorizedOperation", /image\/ami-/);
  });
});
