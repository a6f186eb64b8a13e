import {
  AcceptTransitGatewayVpcAttachmentCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateNetworkInterfaceCommand,
  CreateTrafficMirrorFilterCommand,
  CreateTrafficMirrorSessionCommand,
  CreateTrafficMirrorTargetCommand,
  CreateTransitGatewayMulticastDomainCommand,
  DeleteManagedPrefixListCommand,
  DeleteTrafficMirrorTargetCommand,
  DeleteTransitGatewayCommand,
  DescribeManagedPrefixListsCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSubnetsCommand,
  DescribeTransitGatewayMulticastDomainsCommand,
  DescribeTransitGatewaysCommand,
  GetManagedPrefixListAssociationsCommand,
  GetManagedPrefixListEntriesCommand,
  ModifyManagedPrefixListCommand,
} from "@aws-sdk/client-ec2";
import {
  AssociateResourceShareCommand,
  DeleteResourceShareCommand,
  DisassociateResourceShareCommand,
  ListResourcesCommand,
  RAMClient,
  RejectResourceShareInvitationCommand,
} from "@aws-sdk/client-ram";
import { describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { neededDefaultVpc } from "../ec2/defaultVpcOf.ts";
import { attach, newGateway, newNetwork, shownAttachment } from "../ec2/transitGateways.ts";
import { asUser, statement } from "../iam/person.ts";
import { configOf, ownIslet, refused } from "../islet.ts";
import { acceptAll, invitations, newAccount, newList, newShare, type Account } from "./account.ts";

const listed = async ({ ec2 }: Account): Promise<(string | undefined)[]> => {
  const { PrefixLists = [] } = await ec2.send(new DescribeManagedPrefixListsCommand({}));
  return PrefixLists.filter(({ OwnerId }) => OwnerId !== "AWS").map(({ PrefixListId }) => PrefixListId);
};

const entries = ({ ec2 }: Account, PrefixListId: string) =>
  ec2.send(new GetManagedPrefixListEntriesCommand({ PrefixListId }));

/** A group with a rule that names the list. */
async function nameIn({ ec2 }: Account, PrefixListId: string): Promise<string> {
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: "g", Description: "g", VpcId: await neededDefaultVpc(ec2) }),
  );
  const IpPermissions = [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, PrefixListIds: [{ PrefixListId }] }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  return GroupId;
}

interface Stage {
  readonly owner: Account;
  readonly named: Account;
  readonly third: Account;
  readonly list: { readonly id: string; readonly arn: string };
  /** The ARN. */
  readonly share: string;
}

/** An owner with a shared list, an account that it is shared with, and one that has nothing to do with it. */
async function stage(): Promise<Stage> {
  const [owner, named, third] = [await newAccount(), await newAccount(), await newAccount()];
  const list = await newList(owner);
  const share = await newShare(owner, { resourceArns: [list.arn], principals: [named.account] });
  return { owner, named, third, list, share };
}

describe("a prefix list", () => {
  const GONE = "InvalidPrefixListID.NotFound";

  test("is there for the accounts that it is shared with, once they want it, and for nobody else", async () => {
    const { owner, named, third, list } = await stage();
    expect(await listed(named)).toEqual([]);
    await refused(entries(named, list.id), GONE);
    await acceptAll(named);
    expect(await listed(named)).toEqual([list.id]);
    expect((await entries(named, list.id)).Entries?.map(({ Cidr }) => Cidr)).toEqual(["192.0.2.0/24"]);
    await nameIn(named, list.id);
    expect(await listed(third)).toEqual([]);
    await refused(entries(third, list.id), GONE);
    await refused(nameIn(third, list.id), GONE);
    expect(await listed(owner)).toEqual([list.id]);
  });

  test("is its owner's alone to change", async () => {
    const { named, list } = await stage();
    await acceptAll(named);
    const PrefixListId = list.id;
    await refused(
      named.ec2.send(
        new ModifyManagedPrefixListCommand({ PrefixListId, AddEntries: [{ Cidr: "198.51.100.0/24" }] }),
      ),
      "UnauthorizedOperation",
    );
    await refused(
      named.ec2.send(new DeleteManagedPrefixListCommand({ PrefixListId })),
      "UnauthorizedOperation",
    );
  });

  test("shows its owner who uses it, and others what they use themselves; use keeps it", async () => {
    const { owner, named, list } = await stage();
    await acceptAll(named);
    const uses = async ({ ec2 }: Account) => {
      const { PrefixListAssociations = [] } = await ec2.send(
        new GetManagedPrefixListAssociationsCommand({ PrefixListId: list.id }),
      );
      return new Set(PrefixListAssociations.map(({ ResourceOwner }) => ResourceOwner));
    };
    await nameIn(owner, list.id);
    await nameIn(named, list.id);
    expect(await uses(owner)).toEqual(new Set([owner.account, named.account]));
    expect(await uses(named)).toEqual(new Set([named.account]));
    await refused(
      owner.ec2.send(new DeleteManagedPrefixListCommand({ PrefixListId: list.id })),
      "DependencyViolation",
    );
  });

  test.each<[string, (stage: Stage) => Promise<unknown>]>([
    [
      "the account is taken out",
      ({ owner, named, share }) =>
        owner.ram.send(
          new DisassociateResourceShareCommand({ resourceShareArn: share, principals: [named.account] }),
        ),
    ],
    [
      "the list is taken out",
      ({ owner, list, share }) =>
        owner.ram.send(
          new DisassociateResourceShareCommand({ resourceShareArn: share, resourceArns: [list.arn] }),
        ),
    ],
    [
      "the account leaves",
      ({ named, share }) =>
        named.ram.send(
          new DisassociateResourceShareCommand({ resourceShareArn: share, principals: [named.account] }),
        ),
    ],
    [
      "the share is deleted",
      ({ owner, share }) => owner.ram.send(new DeleteResourceShareCommand({ resourceShareArn: share })),
    ],
  ])("is not there any more when %s; what names it goes on", async (_what, end) => {
    const all = await stage();
    const { named, list } = all;
    await acceptAll(named);
    const GroupId = await nameIn(named, list.id);
    await end(all);
    expect(await listed(named)).toEqual([]);
    await refused(entries(named, list.id), GONE);
    const { SecurityGroupRules } = await named.ec2.send(
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [GroupId] }] }),
    );
    expect(SecurityGroupRules?.map(({ PrefixListId }) => PrefixListId)).toContain(list.id);
  });

  test("needs, for its account's users, that their own policies allow it", async () => {
    const [owner, person] = [await newAccount(), await asUser()];
    const list = await newList(owner);
    await newShare(owner, { resourceArns: [list.arn], principals: [person.account] });
    await acceptAll({ ...owner, ram: new RAMClient(configOf(person.islet, person.keys)) });
    const asked = new GetManagedPrefixListEntriesCommand({ PrefixListId: list.id });
    await person.allow(statement("Allow", "ec2:GetManagedPrefixListEntries", `${list.arn}x`));
    await refused(person.ec2.send(asked), "UnauthorizedOperation");
    await person.allow(statement("Allow", "ec2:GetManagedPrefixListEntries", list.arn));
    await person.ec2.send(asked);
  });

  test("can be shared anew after it was not wanted", async () => {
    const { owner, named, list, share } = await stage();
    const [first] = await invitations(named);
    await named.ram.send(
      new RejectResourceShareInvitationCommand({
        resourceShareInvitationArn: first?.resourceShareInvitationArn,
      }),
    );
    await refused(entries(named, list.id), GONE);
    await owner.ram.send(
      new AssociateResourceShareCommand({ resourceShareArn: share, principals: [named.account] }),
    );
    await acceptAll(named);
    await entries(named, list.id);
  });
});

test("takes RAM a while where time is real", async () => {
  const islet = await ownIslet({ pace: "real" });
  try {
    const [owner, named] = [await newAccount(islet), await newAccount(islet)];
    const list = await newList(owner);
    const resourceShareArn = await newShare(owner, { resourceArns: [list.arn], principals: [named.account] });
    await acceptAll(named);
    const resources = async () => {
      const { resources: shared = [] } = await named.ram.send(
        new ListResourcesCommand({ resourceOwner: "OTHER-ACCOUNTS" }),
      );
      return shared.map(({ status }) => status);
    };
    expect(await resources()).toEqual(["PENDING"]);
    expect(await listed(named)).toEqual([]);
    await advanceClock(islet, 6);
    expect(await resources()).toEqual(["AVAILABLE"]);
    expect(await listed(named)).toEqual([list.id]);
    const { resourceShareAssociations } = await owner.ram.send(
      new DisassociateResourceShareCommand({ resourceShareArn, resourceArns: [list.arn] }),
    );
    expect(resourceShareAssociations?.map(({ status }) => status)).toEqual(["DISASSOCIATING"]);
    expect(await listed(named)).toEqual([]);
  } finally {
    await islet.close();
  }
});

describe("a transit gateway", () => {
  test("takes the attachments of accounts that it is shared with, and of nobody else", async () => {
    const [owner, named, third] = [await newAccount(), await newAccount(), await newAccount()];
    const { id, shown } = await newGateway(owner.ec2);
    const seen = async ({ ec2 }: Account) =>
      (await ec2.send(new DescribeTransitGatewaysCommand({}))).TransitGateways?.map(
        ({ TransitGatewayId }) => TransitGatewayId,
      );
    await newShare(owner, { resourceArns: [shown.TransitGatewayArn ?? ""], principals: [named.account] });
    const network = await newNetwork(named.ec2, 1);
    await refused(attach(named.ec2, id, network), "InvalidTransitGatewayID.NotFound");
    await acceptAll(named);
    expect(await seen(named)).toEqual([id]);
    expect(await seen(third)).toEqual([]);
    await refused(attach(third.ec2, id, await newNetwork(third.ec2, 2)), "InvalidTransitGatewayID.NotFound");
    await refused(
      named.ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId: id })),
      "UnauthorizedOperation",
    );
    const TransitGatewayAttachmentId = await attach(named.ec2, id, network);
    const accept = new AcceptTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId });
    await refused(named.ec2.send(accept), "InvalidTransitGatewayAttachmentID.NotFound");
    await refused(third.ec2.send(accept), "InvalidTransitGatewayAttachmentID.NotFound");
    await owner.ec2.send(accept);
    expect(await shownAttachment(named.ec2, TransitGatewayAttachmentId)).toMatchObject({
      State: "available",
      VpcOwnerId: named.account,
    });
  });

  test("shares its multicast domains like itself", async () => {
    const [owner, named, third] = [await newAccount(), await newAccount(), await newAccount()];
    const { id } = await newGateway(owner.ec2, { MulticastSupport: "enable" });
    const { TransitGatewayMulticastDomain: domain } = await owner.ec2.send(
      new CreateTransitGatewayMulticastDomainCommand({ TransitGatewayId: id }),
    );
    const resourceArns = [domain?.TransitGatewayMulticastDomainArn ?? ""];
    await newShare(owner, { resourceArns, principals: [named.account] });
    await acceptAll(named);
    const seen = async ({ ec2 }: Account) =>
      (await ec2.send(new DescribeTransitGatewayMulticastDomainsCommand({}))).TransitGatewayMulticastDomains
        ?.length;
    expect(await Promise.all([owner, named, third].map(seen))).toEqual([1, 1, 0]);
  });
});

test("a Traffic Mirror target takes what accounts mirror that it is shared with, and nobody else", async () => {
  const [owner, named, third] = [await newAccount(), await newAccount(), await newAccount()];
  const eni = async ({ ec2 }: Account): Promise<string | undefined> => {
    await neededDefaultVpc(ec2);
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
    const { NetworkInterface } = await ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId: Subnets?.[0]?.SubnetId }),
    );
    return NetworkInterface?.NetworkInterfaceId;
  };
  const { TrafficMirrorTarget } = await owner.ec2.send(
    new CreateTrafficMirrorTargetCommand({ NetworkInterfaceId: await eni(owner) }),
  );
  const { TrafficMirrorTargetId } = TrafficMirrorTarget ?? {};
  const mirror = async (account: Account) => {
    const { TrafficMirrorFilter } = await account.ec2.send(new CreateTrafficMirrorFilterCommand({}));
    return account.ec2.send(
      new CreateTrafficMirrorSessionCommand({
        NetworkInterfaceId: await eni(account),
        TrafficMirrorTargetId,
        TrafficMirrorFilterId: TrafficMirrorFilter?.TrafficMirrorFilterId,
        SessionNumber: 1,
      }),
    );
  };
  const arn = `arn:aws:ec2:us-east-1:${owner.account}:traffic-mirror-target/${TrafficMirrorTargetId}`;
  await newShare(owner, { resourceArns: [arn], principals: [named.account] });
  await refused(mirror(named), "InvalidTrafficMirrorTargetId.NotFound");
  await acceptAll(named);
  const { TrafficMirrorSession } = await mirror(named);
  expect(TrafficMirrorSession).toMatchObject({ TrafficMirrorTargetId, OwnerId: named.account });
  await refused(mirror(third), "InvalidTrafficMirrorTargetId.NotFound");
  const remove = new DeleteTrafficMirrorTargetCommand({ TrafficMirrorTargetId });
  await refused(named.ec2.send(remove), "UnauthorizedOperation");
  await refused(owner.ec2.send(remove), "TrafficMirrorTargetInUseException");
});
