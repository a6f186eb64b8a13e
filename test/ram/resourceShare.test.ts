import { DescribeTagsCommand } from "@aws-sdk/client-ec2";
import {
  AcceptResourceShareInvitationCommand,
  AssociateResourceShareCommand,
  CreateResourceShareCommand,
  DeleteResourceShareCommand,
  DisassociateResourceShareCommand,
  GetResourceShareAssociationsCommand,
  GetResourceShareInvitationsCommand,
  GetResourceSharesCommand,
  ListPendingInvitationResourcesCommand,
  ListPermissionsCommand,
  ListPrincipalsCommand,
  ListResourceSharePermissionsCommand,
  ListResourcesCommand,
  ListResourceTypesCommand,
  RAMClient,
  RejectResourceShareInvitationCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateResourceShareCommand,
  type CreateResourceShareRequest,
  type GetResourceSharesRequest,
} from "@aws-sdk/client-ram";
import { describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { newGateway } from "../ec2/transitGateways.ts";
import { asUser, onlyIf, statement } from "../iam/person.ts";
import { configOf, ownIslet, refused } from "../islet.ts";
import { eventNamed, trailOf } from "../trail/trail.ts";
import { acceptAll, invitations, newAccount, newList, newShare, type Account } from "./account.ts";

const MISSING = "arn:aws:ram:us-east-1:123456789012:resource-share/01234567-89ab-cdef-0123-456789abcdef";
const PERMISSION = "arn:aws:ram::aws:permission/AWSRAMDefaultPermission";

const get = async ({ ram }: Account, input: Partial<GetResourceSharesRequest> = {}) =>
  (await ram.send(new GetResourceSharesCommand({ resourceOwner: "SELF", ...input }))).resourceShares ?? [];

const associations = async ({ ram }: Account, associationType: "PRINCIPAL" | "RESOURCE", more: object = {}) =>
  (await ram.send(new GetResourceShareAssociationsCommand({ associationType, ...more })))
    .resourceShareAssociations ?? [];

describe("what it refuses to parse", () => {
  test.each<[string, Partial<CreateResourceShareRequest>, string, RegExp | string]>([
    ["no name", { name: "" }, "InvalidParameterException", /from 1 to 256 characters/],
    [
      "a resource that is no ARN",
      { resourceArns: ["tgw-1"] },
      "MalformedArnException",
      "The specified resource ARN tgw-1 is not valid. Verify the ARN and try again.",
    ],
    [
      "resources of types that cannot be shared",
      { resourceArns: ["arn:aws:ec2:us-east-1:123456789012:volume/vol-0123456789abcdef0"] },
      "MalformedArnException",
      "You cannot share the selected resource type.",
    ],
    [
      "principals that are none",
      { principals: ["me"] },
      "InvalidParameterException",
      "Principal ID me is malformed. Verify the ID and try again.",
    ],
    [
      "organizations",
      { principals: ["arn:aws:organizations::123456789012:organization/o-1"] },
      "UnknownResourceException",
      "Organization o-1 could not be found.",
    ],
    [
      "users",
      { principals: ["arn:aws:iam::123456789012:user/one"] },
      "OperationNotPermittedException",
      /cannot be shared with IAM/,
    ],
    ["sources", { sources: ["123456789012"] }, "InvalidParameterException", /service principals/],
    [
      "what organizations are for",
      { resourceShareConfiguration: { retainSharingOnAccountLeaveOrganization: true } },
      "InvalidParameterException",
      /no organization/,
    ],
    [
      "permissions that there are not",
      { permissionArns: [`${PERMISSION}Subnet`] },
      "UnknownResourceException",
      `Permission ${PERMISSION}Subnet could not be found.`,
    ],
    ["tags of AWS", { tags: [{ key: "aws:x", value: "" }] }, "InvalidParameterException", /reserved/],
    [
      "too many tags",
      { tags: Array.from({ length: 51 }, (_, i) => ({ key: `k${i}`, value: "" })) },
      "TagLimitExceededException",
      /maximum number of tags/,
    ],
  ])("a share with %s", async (_what, input, code, message) => {
    await refused(newShare(await newAccount(), input), code, message);
  });

  test("other ARNs, pages and types", async () => {
    const { ram } = await newAccount();
    const resourceShareArn = "arn:aws:ram:us-east-1:1:resource-share/x";
    await refused(
      ram.send(new DeleteResourceShareCommand({ resourceShareArn })),
      "MalformedArnException",
      `The specified resource share ARN ${resourceShareArn} is not valid. Verify the ARN and try again.`,
    );
    await refused(
      ram.send(new AcceptResourceShareInvitationCommand({ resourceShareInvitationArn: MISSING })),
      "MalformedArnException",
    );
    const resourceOwner = "SELF";
    await refused(
      ram.send(new ListResourcesCommand({ resourceOwner, resourceType: "ec2:Volume" })),
      "InvalidResourceTypeException",
    );
    await refused(
      ram.send(new GetResourceSharesCommand({ resourceOwner, nextToken: "x" })),
      "InvalidNextTokenException",
    );
    await refused(
      ram.send(new GetResourceSharesCommand({ resourceOwner, maxResults: 501 })),
      "InvalidParameterException",
    );
    await refused(
      ram.send(new GetResourceShareAssociationsCommand({ associationType: "PRINCIPAL", resourceArn: "x" })),
      "InvalidParameterException",
    );
    await refused(
      ram.send(new GetResourceShareAssociationsCommand({ associationType: "RESOURCE", principal: "x" })),
      "InvalidParameterException",
    );
    await refused(
      ram.send(new TagResourceCommand({ resourceArn: `${PERMISSION}PrefixList`, tags: [] })),
      "InvalidParameterException",
    );
  });
});

describe("what it refuses to do", () => {
  test("anything with shares of others, or that are not there", async () => {
    const [owner, named, third] = [await newAccount(), await newAccount(), await newAccount()];
    const arn = await newShare(owner, { principals: [named.account] });
    await acceptAll(named);
    const { account } = third;
    for (const { ram } of [named, third]) {
      for (const resourceShareArn of [arn, MISSING, arn.replace("us-east-1", "eu-west-1")]) {
        const text = `ResourceShare ${resourceShareArn} could not be found.`;
        for (const call of [
          () => ram.send(new UpdateResourceShareCommand({ resourceShareArn, name: "mine" })),
          () => ram.send(new DeleteResourceShareCommand({ resourceShareArn })),
          () => ram.send(new AssociateResourceShareCommand({ resourceShareArn, principals: [account] })),
          () =>
            ram.send(new DisassociateResourceShareCommand({ resourceShareArn, principals: [owner.account] })),
          () => ram.send(new TagResourceCommand({ resourceShareArn, tags: [] })),
          () => ram.send(new UntagResourceCommand({ resourceShareArn, tagKeys: [] })),
          () => ram.send(new ListResourceSharePermissionsCommand({ resourceShareArn })),
          () =>
            ram.send(
              new GetResourceShareAssociationsCommand({
                associationType: "PRINCIPAL",
                resourceShareArns: [resourceShareArn],
              }),
            ),
          () =>
            ram.send(
              new GetResourceSharesCommand({ resourceOwner: "SELF", resourceShareArns: [resourceShareArn] }),
            ),
          () =>
            ram.send(
              new ListResourcesCommand({ resourceOwner: "SELF", resourceShareArns: [resourceShareArn] }),
            ),
        ]) {
          await refused(call(), "UnknownResourceException", text);
        }
      }
    }
    const resourceOwner = "OTHER-ACCOUNTS";
    expect((await get(named, { resourceOwner, resourceShareArns: [arn] })).length).toBe(1);
    await refused(get(third, { resourceOwner, resourceShareArns: [arn] }), "UnknownResourceException");
    await refused(
      third.ram.send(new GetResourceShareInvitationsCommand({ resourceShareArns: [arn] })),
      "UnknownResourceException",
    );
  });

  test("to let the owner in, or strangers where there are to be none", async () => {
    const [owner, named] = [await newAccount(), await newAccount()];
    const arn = await newShare(owner, { allowExternalPrincipals: false });
    const associate = (...principals: string[]) =>
      owner.ram.send(new AssociateResourceShareCommand({ resourceShareArn: arn, principals }));
    await refused(
      associate(named.account),
      "OperationNotPermittedException",
      /can only be shared within your AWS Organization/,
    );
    await owner.ram.send(
      new UpdateResourceShareCommand({ resourceShareArn: arn, allowExternalPrincipals: true }),
    );
    await associate(named.account);
    await refused(associate(owner.account), "InvalidParameterException");
    await refused(associate(), "InvalidParameterException");
    await refused(
      owner.ram.send(
        new DisassociateResourceShareCommand({ resourceShareArn: arn, principals: ["123456789012"] }),
      ),
      "UnknownResourceException",
      `123456789012 is not associated with the resource share ${arn}.`,
    );
    await refused(
      owner.ram.send(
        new AssociateResourceShareCommand({
          resourceShareArn: arn,
          principals: [],
          sources: ["123456789012"],
        }),
      ),
      "InvalidParameterException",
    );
  });

  test("invitations of others, and those that were answered", async () => {
    const [owner, named, other, third] = await Promise.all([1, 2, 3, 4].map(() => newAccount()));
    if (!owner || !named || !other || !third) throw new Error("no accounts");
    await newShare(owner, { principals: [named.account, other.account] });
    const arnFor = async (account: Account) => (await invitations(account))[0]?.resourceShareInvitationArn;
    const accept = async ({ ram }: Account, arn: string | undefined) =>
      ram.send(new AcceptResourceShareInvitationCommand({ resourceShareInvitationArn: arn }));
    const reject = async ({ ram }: Account, arn: string | undefined) =>
      ram.send(new RejectResourceShareInvitationCommand({ resourceShareInvitationArn: arn }));
    const [toNamed, toOther] = [await arnFor(named), await arnFor(other)];
    for (const account of [owner, other, third]) {
      await refused(accept(account, toNamed), "ResourceShareInvitationArnNotFoundException");
      await refused(reject(account, toNamed), "ResourceShareInvitationArnNotFoundException");
    }
    await refused(
      third.ram.send(
        new GetResourceShareInvitationsCommand({ resourceShareInvitationArns: [toNamed ?? ""] }),
      ),
      "ResourceShareInvitationArnNotFoundException",
      `ResourceShareInvitation ${toNamed} could not be found.`,
    );
    expect((await accept(named, toNamed)).resourceShareInvitation?.status).toBe("ACCEPTED");
    await refused(accept(named, toNamed), "ResourceShareInvitationAlreadyAcceptedException");
    expect((await reject(other, toOther)).resourceShareInvitation?.status).toBe("REJECTED");
    await refused(accept(other, toOther), "ResourceShareInvitationAlreadyRejectedException");
    expect(await get(other, { resourceOwner: "OTHER-ACCOUNTS" })).toEqual([]);
  });

  test("invitations that nobody answered for a week", async () => {
    const islet = await ownIslet();
    try {
      const [owner, named] = [await newAccount(islet), await newAccount(islet)];
      await newShare(owner, { principals: [named.account] });
      await advanceClock(islet, 7 * 24 * 3600 + 1);
      const [{ resourceShareInvitationArn, status } = {}] = await invitations(named);
      expect(status).toBe("EXPIRED");
      await refused(
        named.ram.send(new AcceptResourceShareInvitationCommand({ resourceShareInvitationArn })),
        "ResourceShareInvitationExpiredException",
      );
    } finally {
      await islet.close();
    }
  });

  test("what policies do not allow, share by share", async () => {
    const person = await asUser();
    const ram = new RAMClient(configOf(person.islet, person.userKeys));
    const root = new RAMClient(configOf(person.islet, person.keys));
    const made = async (name: string, value: string) =>
      (await root.send(new CreateResourceShareCommand({ name, tags: [{ key: "team", value }] })))
        .resourceShare?.resourceShareArn ?? "";
    const [blue, red] = [await made("blue", "blue"), await made("red", "red")];
    const rename = (resourceShareArn: string) =>
      ram.send(new UpdateResourceShareCommand({ resourceShareArn, name: "renamed" }));
    await person.allow(statement("Allow", "ram:UpdateResourceShare", blue));
    await rename(blue);
    await refused(
      rename(red),
      "AccessDeniedException",
      `User: ${person.arn} is not authorized to perform: ram:UpdateResourceShare on resource: ${red} because no identity-based policy allows the ram:UpdateResourceShare action`,
    );
    await person.allow(
      onlyIf("ram:UpdateResourceShare", { StringEquals: { "aws:ResourceTag/team": "red" } }),
    );
    await rename(red);
    await refused(rename(blue), "AccessDeniedException");
    await person.allow(
      onlyIf("ram:CreateResourceShare", {
        "ForAllValues:StringEquals": {
          "ram:RequestedResourceType": "ec2:TransitGateway",
          "ram:Principal": ["123456789012"],
        },
        StringEquals: { "aws:RequestTag/team": "blue" },
        Bool: { "ram:RequestedAllowsExternalPrincipals": "true" },
      }),
    );
    const create = (input: Partial<CreateResourceShareRequest>) =>
      ram.send(
        new CreateResourceShareCommand({
          name: "n",
          allowExternalPrincipals: true,
          tags: [{ key: "team", value: "blue" }],
          ...input,
        }),
      );
    const of = (type: string) => [`arn:aws:ec2:us-east-1:${person.account}:${type}-0123456789abcdef0`];
    await create({ resourceArns: of("transit-gateway/tgw"), principals: ["123456789012"] });
    await refused(create({ resourceArns: of("prefix-list/pl") }), "AccessDeniedException");
    await refused(create({ principals: ["210987654321"] }), "AccessDeniedException");
    await refused(create({ tags: [] }), "AccessDeniedException");
    await refused(create({ allowExternalPrincipals: false }), "AccessDeniedException");
  });
});

describe("what it does", () => {
  test("makes, names, tags and deletes shares", async () => {
    const owner = await newAccount();
    const { ram, account } = owner;
    const input = { name: "common", tags: [{ key: "team", value: "blue" }], clientToken: "t-1" };
    const { resourceShare, clientToken } = await ram.send(new CreateResourceShareCommand(input));
    const { resourceShareArn: arn = "", creationTime } = resourceShare ?? {};
    expect(arn).toMatch(new RegExp(`^arn:aws:ram:us-east-1:${account}:resource-share/[0-9a-f-]{36}$`));
    expect(creationTime).toBeInstanceOf(Date);
    expect(resourceShare).toMatchObject({
      name: "common",
      owningAccountId: account,
      allowExternalPrincipals: true,
      status: "ACTIVE",
      tags: input.tags,
      featureSet: "STANDARD",
    });
    expect(clientToken).toBe("t-1");
    expect((await ram.send(new CreateResourceShareCommand(input))).resourceShare?.resourceShareArn).toBe(arn);
    await refused(
      ram.send(new CreateResourceShareCommand({ ...input, name: "other" })),
      "IdempotentParameterMismatchException",
    );
    await ram.send(new UpdateResourceShareCommand({ resourceShareArn: arn, name: "renamed" }));
    await ram.send(
      new TagResourceCommand({ resourceShareArn: arn, tags: [{ key: "stage", value: "test" }] }),
    );
    await ram.send(new UntagResourceCommand({ resourceShareArn: arn, tagKeys: ["team"] }));
    expect(await get(owner, { resourceShareArns: [arn] })).toMatchObject([
      { name: "renamed", tags: [{ key: "stage", value: "test" }] },
    ]);
    // What RAM tags is not EC2's.
    expect((await owner.ec2.send(new DescribeTagsCommand({}))).Tags).toEqual([]);
    const deleted = await ram.send(new DeleteResourceShareCommand({ resourceShareArn: arn }));
    expect(deleted.returnValue).toBe(true);
    expect(await get(owner)).toMatchObject([{ status: "DELETED" }]);
    expect(await get(owner, { resourceShareStatus: "ACTIVE" })).toEqual([]);
    const event = await eventNamed(trailOf(owner.islet, owner.keys), "DeleteResourceShare");
    expect(event).toMatchObject({ eventSource: "ram.amazonaws.com", readOnly: false });
  });

  test("forgets what was deleted after two hours", async () => {
    const islet = await ownIslet();
    try {
      const [owner, named] = [await newAccount(islet), await newAccount(islet)];
      const list = await newList(owner);
      const arn = await newShare(owner, { resourceArns: [list.arn], principals: [named.account] });
      await owner.ram.send(new DeleteResourceShareCommand({ resourceShareArn: arn }));
      expect(await invitations(named)).toEqual([]);
      expect((await associations(owner, "RESOURCE")).map(({ status }) => status)).toEqual(["DISASSOCIATED"]);
      await advanceClock(islet, 7201);
      expect(await get(owner)).toEqual([]);
      expect(await associations(owner, "RESOURCE")).toEqual([]);
    } finally {
      await islet.close();
    }
  });

  test("finds shares by what is asked, in pages", async () => {
    const owner = await newAccount();
    const gateway = await newGateway(owner.ec2);
    const [one, two, three] = [
      await newShare(owner, { name: "one", tags: [{ key: "k", value: "a" }] }),
      await newShare(owner, { name: "two", tags: [{ key: "k", value: "b" }] }),
      await newShare(owner, { name: "three", resourceArns: [gateway.shown.TransitGatewayArn ?? ""] }),
    ];
    const found = async (input: Partial<GetResourceSharesRequest>) =>
      (await get(owner, input)).map(({ resourceShareArn }) => resourceShareArn);
    expect(await found({})).toEqual([one, two, three]);
    expect(await found({ name: "two" })).toEqual([two]);
    expect(await found({ tagFilters: [{ tagKey: "k" }] })).toEqual([one, two]);
    expect(await found({ tagFilters: [{ tagKey: "k", tagValues: ["b"] }] })).toEqual([two]);
    expect(await found({ permissionArn: `${PERMISSION}TransitGateway`, permissionVersion: 1 })).toEqual([
      three,
    ]);
    expect(await found({ permissionVersion: 2 })).toEqual([]);
    const first = await owner.ram.send(
      new GetResourceSharesCommand({ resourceOwner: "SELF", maxResults: 2 }),
    );
    expect(first.resourceShares).toHaveLength(2);
    expect(await found({ nextToken: first.nextToken ?? "" })).toEqual([three]);
  });

  test("says what is in a share, and who is let in", async () => {
    const [owner, named, third] = [await newAccount(), await newAccount(), await newAccount()];
    const list = await newList(owner);
    const gone = `arn:aws:ec2:us-east-1:${owner.account}:transit-gateway/tgw-0123456789abcdef0`;
    const foreign = (await newList(third)).arn;
    const arn = await newShare(owner, {
      resourceArns: [list.arn, gone, foreign],
      principals: [named.account],
    });
    const resourcesOf = async () =>
      (await associations(owner, "RESOURCE")).map(({ associatedEntity, status }) => [
        associatedEntity,
        status,
      ]);
    expect(await resourcesOf()).toEqual([
      [list.arn, "ASSOCIATED"],
      [gone, "FAILED"],
      [foreign, "FAILED"],
    ]);
    const [failed] = await associations(owner, "RESOURCE", { associationStatus: "FAILED" });
    expect(failed?.statusMessage).toBe("The specified resource could not be found in your AWS account");
    expect(await associations(owner, "RESOURCE", { resourceArn: list.arn })).toMatchObject([
      { resourceShareArn: arn, resourceShareName: "common", external: false },
    ]);
    const principal = () => associations(owner, "PRINCIPAL", { principal: named.account });
    expect(await principal()).toMatchObject([{ status: "ASSOCIATING", external: true }]);
    const [invitation] = await invitations(named);
    const { resourceShareInvitationArn } = invitation ?? {};
    expect(invitation).toMatchObject({
      resourceShareArn: arn,
      resourceShareName: "common",
      senderAccountId: owner.account,
      receiverAccountId: named.account,
      status: "PENDING",
    });
    const pending = await named.ram.send(
      new ListPendingInvitationResourcesCommand({ resourceShareInvitationArn }),
    );
    expect(pending.resources).toMatchObject([{ arn: list.arn, type: "ec2:PrefixList" }]);
    expect(await get(named, { resourceOwner: "OTHER-ACCOUNTS" })).toEqual([]);
    await acceptAll(named);
    expect(await principal()).toMatchObject([{ status: "ASSOCIATED" }]);
    expect(await get(named, { resourceOwner: "OTHER-ACCOUNTS" })).toMatchObject([
      { resourceShareArn: arn, owningAccountId: owner.account, tags: [] },
    ]);
    const again = await owner.ram.send(
      new AssociateResourceShareCommand({ resourceShareArn: arn, principals: [named.account] }),
    );
    expect(again.resourceShareAssociations).toMatchObject([{ status: "ASSOCIATED" }]);
    expect(await invitations(named)).toHaveLength(1);
  });

  test("lists resources and principals for both sides", async () => {
    const [owner, named, third] = [await newAccount(), await newAccount(), await newAccount()];
    const list = await newList(owner);
    const principals = [named.account, third.account];
    const resourceShareArn = await newShare(owner, { resourceArns: [list.arn], principals });
    await acceptAll(named);
    const resources = async ({ ram }: Account, resourceOwner: "SELF" | "OTHER-ACCOUNTS", more: object = {}) =>
      (await ram.send(new ListResourcesCommand({ resourceOwner, ...more }))).resources?.map(({ arn }) => arn);
    const people = async ({ ram }: Account, resourceOwner: "SELF" | "OTHER-ACCOUNTS", more: object = {}) =>
      (await ram.send(new ListPrincipalsCommand({ resourceOwner, ...more }))).principals?.map(({ id }) => id);
    expect(await resources(owner, "SELF", { principal: named.account })).toEqual([list.arn]);
    expect(await resources(owner, "SELF", { resourceType: "EC2:prefixlist" })).toEqual([list.arn]);
    expect(await resources(owner, "SELF", { resourceType: "ec2:TransitGateway" })).toEqual([]);
    expect(await resources(owner, "SELF", { resourceRegionScope: "GLOBAL" })).toEqual([]);
    expect(await resources(owner, "OTHER-ACCOUNTS")).toEqual([]);
    expect(await resources(named, "OTHER-ACCOUNTS", { principal: owner.account })).toEqual([list.arn]);
    expect(await resources(named, "OTHER-ACCOUNTS", { resourceArns: [`${list.arn}x`] })).toEqual([]);
    expect(await resources(third, "OTHER-ACCOUNTS")).toEqual([]);
    expect(await people(owner, "SELF", { resourceArn: list.arn })).toEqual(principals);
    expect(await people(owner, "SELF", { principals: [third.account] })).toEqual([third.account]);
    expect(await people(owner, "SELF", { resourceType: "ec2:TransitGateway" })).toEqual([]);
    expect(await people(named, "OTHER-ACCOUNTS", { resourceShareArns: [resourceShareArn] })).toEqual([
      owner.account,
    ]);
    expect(await people(third, "OTHER-ACCOUNTS")).toEqual([]);
  });

  test("says what can be shared, and what for", async () => {
    const owner = await newAccount();
    const { resourceTypes } = await owner.ram.send(new ListResourceTypesCommand({}));
    const types = [
      "ec2:PrefixList",
      "ec2:TrafficMirrorTarget",
      "ec2:TransitGateway",
      "ec2:TransitGatewayMulticastDomain",
    ];
    expect(resourceTypes?.map(({ resourceType }) => resourceType)).toEqual(types);
    const { permissions } = await owner.ram.send(
      new ListPermissionsCommand({ resourceType: "ec2:prefixlist" }),
    );
    expect(permissions).toMatchObject([
      {
        arn: `${PERMISSION}PrefixList`,
        version: "1",
        isResourceTypeDefault: true,
        permissionType: "AWS_MANAGED",
      },
    ]);
    const own = await owner.ram.send(new ListPermissionsCommand({ permissionType: "CUSTOMER_MANAGED" }));
    expect(own.permissions).toEqual([]);
    const resourceShareArn = await newShare(owner, {
      resourceArns: [(await newList(owner)).arn],
      permissionArns: [`${PERMISSION}TransitGateway`],
    });
    const used = await owner.ram.send(new ListResourceSharePermissionsCommand({ resourceShareArn }));
    expect(used.permissions?.map(({ name, status }) => [name, status])).toEqual([
      ["AWSRAMDefaultPermissionPrefixList", "ASSOCIATED"],
      ["AWSRAMDefaultPermissionTransitGateway", "ASSOCIATED"],
    ]);
  });
});
