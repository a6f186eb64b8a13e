import {
  AcceptVpcPeeringConnectionCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateVpcCommand,
  CreateVpcPeeringConnectionCommand,
  DeleteSecurityGroupCommand,
  DeleteVpcPeeringConnectionCommand,
  DescribeSecurityGroupReferencesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeStaleSecurityGroupsCommand,
  EC2Client,
  ModifySecurityGroupRulesCommand,
  RevokeSecurityGroupIngressCommand,
  type UserIdGroupPair,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { configOf, freshKeys, refused, sharedIslet } from "../islet.ts";

interface Side {
  readonly account: string;
  readonly ec2: EC2Client;
  readonly vpc: string;
  readonly group: string;
}

async function side(cidr: string, region = "us-east-1", keys?: ReturnType<typeof freshKeys>): Promise<Side> {
  const islet = await sharedIslet();
  const own = keys ?? freshKeys(islet);
  const ec2 = new EC2Client(configOf(islet, own, region));
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: cidr }));
  const vpc = Vpc?.VpcId ?? "";
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: vpc, GroupName: "g", Description: "g" }),
  );
  return { account: own.account, ec2, vpc, group: GroupId };
}

/** Two VPCs of two accounts that are peered, and the connection. */
async function peered(farRegion = "us-east-1") {
  const near = await side("10.0.0.0/16");
  const far = await side("10.1.0.0/16", farRegion);
  const { VpcPeeringConnection } = await near.ec2.send(
    new CreateVpcPeeringConnectionCommand({
      VpcId: near.vpc,
      PeerVpcId: far.vpc,
      PeerOwnerId: far.account,
      PeerRegion: farRegion,
    }),
  );
  const id = VpcPeeringConnection?.VpcPeeringConnectionId ?? "";
  await far.ec2.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId: id }));
  return { near, far, id };
}

const https = (...UserIdGroupPairs: UserIdGroupPair[]) => ({
  IpProtocol: "tcp",
  FromPort: 443,
  ToPort: 443,
  UserIdGroupPairs,
});

const authorize = ({ ec2, group }: Side, pair: UserIdGroupPair) =>
  ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: [https(pair)] }));

const pairsOf = async ({ ec2, group }: Side) => {
  const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [group] }));
  return SecurityGroups?.[0]?.IpPermissions?.flatMap(({ UserIdGroupPairs = [] }) => UserIdGroupPairs);
};

const staleIn = async ({ ec2, vpc }: Side) => {
  const { StaleSecurityGroupSet } = await ec2.send(new DescribeStaleSecurityGroupsCommand({ VpcId: vpc }));
  return StaleSecurityGroupSet;
};

const referencesTo = async ({ ec2, group }: Side) => {
  const answer = await ec2.send(new DescribeSecurityGroupReferencesCommand({ GroupId: [group] }));
  return answer.SecurityGroupReferenceSet;
};

describe("what it refuses to do", () => {
  test("groups of another account without its name, or by another connection", async () => {
    const { near, far } = await peered();
    const { id: others } = await peered();
    await refused(authorize(near, { GroupId: far.group }), "InvalidGroup.NotFound", /does not exist/);
    await refused(authorize(near, { GroupId: far.group, UserId: near.account }), "InvalidGroup.NotFound");
    const pair = { GroupId: far.group, UserId: far.account };
    await refused(
      authorize(near, { ...pair, VpcPeeringConnectionId: others }),
      "InvalidVpcPeeringConnectionID.NotFound",
    );
    await refused(authorize(near, { ...pair, VpcId: near.vpc }), "InvalidGroup.NotFound");
  });

  test("groups of VPCs that are not peered, or in another region", async () => {
    const near = await side("10.0.0.0/16");
    const far = await side("10.1.0.0/16");
    await refused(authorize(near, { GroupId: far.group, UserId: far.account }), "InvalidGroup.NotFound");
    const apart = await peered("eu-west-1");
    await refused(
      authorize(apart.near, { GroupId: apart.far.group, UserId: apart.far.account }),
      "InvalidGroup.NotFound",
    );
  });
});

describe("what it does", () => {
  test("rules name groups of the peer VPC, in another account too", async () => {
    const { near, far, id } = await peered();
    const pair = {
      GroupId: far.group,
      UserId: far.account,
      VpcId: far.vpc,
      VpcPeeringConnectionId: id,
    };
    await authorize(near, { ...pair, Description: "from the peer" });
    expect(await pairsOf(near)).toEqual([{ ...pair, PeeringStatus: "active", Description: "from the peer" }]);
    const { SecurityGroupRules } = await near.ec2.send(
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [near.group] }] }),
    );
    expect(SecurityGroupRules?.map(({ ReferencedGroupInfo }) => ReferencedGroupInfo)).toContainEqual(pair);
    expect(await referencesTo(far)).toEqual([
      { GroupId: far.group, ReferencingVpcId: near.vpc, VpcPeeringConnectionId: id },
    ]);
    expect(await referencesTo(near)).toEqual([]);
    expect(await staleIn(near)).toEqual([]);
    const rule = SecurityGroupRules?.find(({ IsEgress }) => IsEgress === false);
    await near.ec2.send(
      new ModifySecurityGroupRulesCommand({
        GroupId: near.group,
        SecurityGroupRules: [
          {
            SecurityGroupRuleId: rule?.SecurityGroupRuleId,
            SecurityGroupRule: {
              IpProtocol: "tcp",
              FromPort: 80,
              ToPort: 80,
              ReferencedGroupId: far.group,
            },
          },
        ],
      }),
    );
    await refused(
      near.ec2.send(
        new RevokeSecurityGroupIngressCommand({ GroupId: near.group, IpPermissions: [https(pair)] }),
      ),
      "InvalidPermission.NotFound",
    );
    const IpPermissions = [{ ...https(pair), FromPort: 80, ToPort: 80 }];
    await near.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: near.group, IpPermissions }));
    expect(await pairsOf(near)).toEqual([]);
  });

  test("such a rule is stale when the connection is no more", async () => {
    const { near, far, id } = await peered();
    const pair = { GroupId: far.group, UserId: far.account };
    await authorize(near, pair);
    await near.ec2.send(
      new AuthorizeSecurityGroupEgressCommand({ GroupId: near.group, IpPermissions: [https(pair)] }),
    );
    await far.ec2.send(new DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId: id }));
    const stale = [
      {
        FromPort: 443,
        IpProtocol: "tcp",
        ToPort: 443,
        IpRanges: [],
        PrefixListIds: [],
        UserIdGroupPairs: [{ ...pair, VpcId: far.vpc, VpcPeeringConnectionId: id, PeeringStatus: "deleted" }],
      },
    ];
    expect(await staleIn(near)).toEqual([
      {
        GroupId: near.group,
        GroupName: "g",
        Description: "g",
        VpcId: near.vpc,
        StaleIpPermissions: stale,
        StaleIpPermissionsEgress: stale,
      },
    ]);
    expect(await referencesTo(far)).toEqual([]);
  });

  test("and when the group is no more, which a rule elsewhere does not keep; nobody is told whose it was", async () => {
    const { near, far, id } = await peered();
    await authorize(near, { GroupId: far.group, UserId: far.account });
    await far.ec2.send(new DeleteSecurityGroupCommand({ GroupId: far.group }));
    const [stale] = (await staleIn(near)) ?? [];
    expect(stale?.StaleIpPermissions?.[0]?.UserIdGroupPairs).toEqual([
      { GroupId: far.group, VpcId: far.vpc, VpcPeeringConnectionId: id, PeeringStatus: "active" },
    ]);
  });
});
