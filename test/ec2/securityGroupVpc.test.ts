import {
  AssociateSecurityGroupVpcCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DeleteVpcCommand,
  DescribeSecurityGroupReferencesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSecurityGroupVpcAssociationsCommand,
  DescribeStaleSecurityGroupsCommand,
  DisassociateSecurityGroupVpcCommand,
  GetSecurityGroupsForVpcCommand,
  TerminateInstancesCommand,
  type Filter,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { neededDefaultVpc } from "./defaultVpcOf.ts";
import { launch, shownInstance } from "./launch.ts";

const ec2 = await freshClient();

async function createVpc(): Promise<string> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  return Vpc?.VpcId ?? "";
}

async function createGroup(VpcId: string, GroupName: string): Promise<string> {
  const { GroupId } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName, Description: `${GroupName} of a test` }),
  );
  return GroupId ?? "";
}

const associate = (GroupId: string, VpcId: string) =>
  ec2.send(new AssociateSecurityGroupVpcCommand({ GroupId, VpcId }));

const disassociate = (GroupId: string, VpcId: string) =>
  ec2.send(new DisassociateSecurityGroupVpcCommand({ GroupId, VpcId }));

async function associationsOf(...Filters: Filter[]) {
  const { SecurityGroupVpcAssociations } = await ec2.send(
    new DescribeSecurityGroupVpcAssociationsCommand({ Filters }),
  );
  return SecurityGroupVpcAssociations;
}

async function usableIn(VpcId: string, ...Filters: Filter[]) {
  const { SecurityGroupForVpcs } = await ec2.send(new GetSecurityGroupsForVpcCommand({ VpcId, Filters }));
  return SecurityGroupForVpcs?.map(({ GroupName }) => GroupName);
}

async function staleIn(VpcId: string) {
  const { StaleSecurityGroupSet } = await ec2.send(new DescribeStaleSecurityGroupsCommand({ VpcId }));
  return StaleSecurityGroupSet;
}

describe("what it refuses to parse", () => {
  test("ids of another form, and pages out of bounds", async () => {
    await refused(associate("web", await createVpc()), "InvalidGroupId.Malformed");
    await refused(associate(await createGroup(await createVpc(), "web"), "mine"), "InvalidVpcID.Malformed");
    await refused(
      ec2.send(new DescribeSecurityGroupReferencesCommand({ GroupId: ["web"] })),
      "InvalidGroupId.Malformed",
    );
    await refused(
      ec2.send(new DescribeStaleSecurityGroupsCommand({ VpcId: await createVpc(), MaxResults: 256 })),
      "InvalidParameterValue",
    );
  });
});

describe("what it refuses to do", () => {
  test("associating what cannot be", async () => {
    const [home, guest] = [await createVpc(), await createVpc()];
    const group = await createGroup(home, "shared");
    const { SecurityGroups } = await ec2.send(
      new DescribeSecurityGroupsCommand({
        Filters: [
          { Name: "vpc-id", Values: [home] },
          { Name: "group-name", Values: ["default"] },
        ],
      }),
    );
    await refused(associate(SecurityGroups?.[0]?.GroupId ?? "", guest), "UnsupportedOperation", /default/);
    await refused(associate(group, await neededDefaultVpc(ec2)), "UnsupportedOperation", /default VPC/);
    await refused(associate(group, home), "InvalidParameterValue");
    await associate(group, guest);
    await refused(associate(group, guest), "InvalidParameterValue", /already associated/);
    await refused(disassociate(group, home), "InvalidParameterValue", /not associated/);
  });

  test("an interface with a group that is not associated, and ending an association that interfaces use", async () => {
    const [home, guest] = [await createVpc(), await createVpc()];
    const group = await createGroup(home, "shared");
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: guest, CidrBlock: "10.0.0.0/24" }));
    const SubnetId = Subnet?.SubnetId;
    const create = async () =>
      (await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, Groups: [group] }))).NetworkInterface;
    await refused(create(), "InvalidParameter", /belong to different networks/);
    await associate(group, guest);
    const eni = await create();
    expect(eni?.Groups).toEqual([{ GroupId: group, GroupName: "shared" }]);
    await refused(disassociate(group, guest), "DependencyViolation");
    const instance = await launch(ec2, { SubnetId, SecurityGroupIds: [group] });
    expect((await shownInstance(ec2, instance)).SecurityGroups).toMatchObject([{ GroupId: group }]);
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eni?.NetworkInterfaceId }));
    await refused(disassociate(group, guest), "DependencyViolation");
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));
    await disassociate(group, guest);
    await refused(create(), "InvalidParameter");
  });

  test("deleting a group, or a VPC, that an association binds", async () => {
    const [home, guest] = [await createVpc(), await createVpc()];
    const group = await createGroup(home, "shared");
    await associate(group, guest);
    await refused(
      ec2.send(new DeleteSecurityGroupCommand({ GroupId: group })),
      "DependencyViolation",
      `resource ${group} has a dependent object`,
    );
    await refused(ec2.send(new DeleteVpcCommand({ VpcId: guest })), "DependencyViolation");
    await disassociate(group, guest);
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId: group }));
    await ec2.send(new DeleteVpcCommand({ VpcId: guest }));
    await ec2.send(new DeleteVpcCommand({ VpcId: home }));
  });
});

describe("what it does", () => {
  test("associates a group with another VPC, and takes it away", async () => {
    const [home, guest] = [await createVpc(), await createVpc()];
    const group = await createGroup(home, "shared");
    expect(await associate(group, guest)).toMatchObject({ State: "associating" });
    const [association, ...others] = (await associationsOf({ Name: "group-id", Values: [group] })) ?? [];
    expect(others).toEqual([]);
    expect(association).toEqual({
      GroupId: group,
      GroupOwnerId: expect.stringMatching(/^\d{12}$/),
      VpcId: guest,
      VpcOwnerId: association?.GroupOwnerId,
      State: "associated",
    });
    const byOthers: Filter[] = [
      { Name: "vpc-id", Values: [guest] },
      { Name: "state", Values: ["associated"] },
      { Name: "group-owner-id", Values: [association?.GroupOwnerId ?? ""] },
      { Name: "vpc-owner-id", Values: [association?.VpcOwnerId ?? ""] },
    ];
    expect(await associationsOf(...byOthers)).toEqual([association]);
    expect(await usableIn(guest)).toEqual(["default", "shared"]);
    expect(await disassociate(group, guest)).toMatchObject({ State: "disassociating" });
    expect(await associationsOf(...byOthers)).toEqual([]);
    expect(await usableIn(guest)).toEqual(["default"]);
  });

  test("finds the groups for a VPC", async () => {
    const VpcId = await createVpc();
    const group = await createGroup(VpcId, "web");
    const { SecurityGroupForVpcs } = await ec2.send(new GetSecurityGroupsForVpcCommand({ VpcId }));
    expect(SecurityGroupForVpcs?.[1]).toEqual({
      GroupId: group,
      GroupName: "web",
      Description: "web of a test",
      OwnerId: expect.stringMatching(/^\d{12}$/),
      PrimaryVpcId: VpcId,
      Tags: [],
    });
    expect(await usableIn(VpcId, { Name: "group-id", Values: [group] })).toEqual(["web"]);
    expect(await usableIn(VpcId, { Name: "group-name", Values: ["w*"] })).toEqual(["web"]);
    expect(await usableIn(VpcId, { Name: "description", Values: ["* test"] })).toEqual(["web"]);
    expect(await usableIn(VpcId, { Name: "owner-id", Values: ["*"] })).toHaveLength(2);
    expect(await usableIn(VpcId, { Name: "primary-vpc-id", Values: [VpcId] })).toHaveLength(2);
    await refused(usableIn(VpcId, { Name: "vpc-id", Values: [VpcId] }), "InvalidParameterValue");
  });

  test("lets rules name an associated group, and shows them as stale when it is no more", async () => {
    const [home, guest] = [await createVpc(), await createVpc()];
    const [shared, web] = [await createGroup(home, "shared"), await createGroup(guest, "web")];
    await associate(shared, guest);
    const rule = {
      GroupId: web,
      IpPermissions: [
        { IpProtocol: "tcp", FromPort: 22, ToPort: 22, UserIdGroupPairs: [{ GroupId: shared }] },
      ],
    };
    const { SecurityGroupRules } = await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
    expect(SecurityGroupRules).toMatchObject([{ ReferencedGroupInfo: { GroupId: shared, VpcId: home } }]);
    await ec2.send(new AuthorizeSecurityGroupEgressCommand(rule));
    const UserId = SecurityGroupRules?.[0]?.GroupOwnerId;
    expect(await staleIn(guest)).toEqual([]);
    await disassociate(shared, guest);
    const permission = { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [], PrefixListIds: [] };
    const stale = (pair: object) => ({
      GroupId: web,
      GroupName: "web",
      Description: "web of a test",
      VpcId: guest,
      StaleIpPermissions: [{ ...permission, UserIdGroupPairs: [pair] }],
      StaleIpPermissionsEgress: [{ ...permission, UserIdGroupPairs: [pair] }],
    });
    expect(await staleIn(guest)).toEqual([stale({ GroupId: shared, UserId, VpcId: home })]);
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId: shared }));
    expect(await staleIn(guest)).toEqual([stale({ GroupId: shared, VpcId: home })]);
  });

  test("knows of no references from other networks", async () => {
    const VpcId = await createVpc();
    const GroupId = [await createGroup(VpcId, "web")];
    const { SecurityGroupReferenceSet } = await ec2.send(
      new DescribeSecurityGroupReferencesCommand({ GroupId }),
    );
    expect(SecurityGroupReferenceSet).toEqual([]);
  });
});
