import {
  AuthorizeSecurityGroupIngressCommand,
  CreateManagedPrefixListCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateVpcCommand,
  DeleteManagedPrefixListCommand,
  DeleteRouteCommand,
  DescribeManagedPrefixListsCommand,
  DescribePrefixListsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  GetManagedPrefixListAssociationsCommand,
  GetManagedPrefixListEntriesCommand,
  ModifyManagedPrefixListCommand,
  ModifySecurityGroupRulesCommand,
  ReplaceRouteCommand,
  RestoreManagedPrefixListVersionCommand,
  RevokeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  AttachInternetGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  type CreateManagedPrefixListCommandInput,
  type EC2Client,
  type ManagedPrefixList,
  type ModifyManagedPrefixListCommandInput,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { awsPrefixLists } from "../../server/ec2/catalogue/prefixLists.ts";
import { regions } from "../../server/ec2/catalogue/regions.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";

const entry = (Cidr: string, Description?: string) => (Description ? { Cidr, Description } : { Cidr });

async function create(
  ec2: EC2Client,
  cidrs: readonly string[] = [],
  more: Partial<CreateManagedPrefixListCommandInput> = {},
): Promise<ManagedPrefixList> {
  const { PrefixList } = await ec2.send(
    new CreateManagedPrefixListCommand({
      PrefixListName: "offices",
      AddressFamily: "IPv4",
      MaxEntries: 5,
      Entries: cidrs.map((cidr) => entry(cidr)),
      ...more,
    }),
  );
  return PrefixList ?? {};
}

const created = async (...args: Parameters<typeof create>): Promise<string> =>
  (await create(...args)).PrefixListId ?? "";

async function modify(
  ec2: EC2Client,
  PrefixListId: string,
  more: Omit<ModifyManagedPrefixListCommandInput, "PrefixListId">,
): Promise<ManagedPrefixList> {
  const { PrefixList } = await ec2.send(new ModifyManagedPrefixListCommand({ PrefixListId, ...more }));
  return PrefixList ?? {};
}

async function shown(ec2: EC2Client, id: string): Promise<ManagedPrefixList> {
  const { PrefixLists } = await ec2.send(new DescribeManagedPrefixListsCommand({ PrefixListIds: [id] }));
  return PrefixLists?.[0] ?? {};
}

async function entries(ec2: EC2Client, PrefixListId: string, TargetVersion?: number) {
  const { Entries = [] } = await ec2.send(
    new GetManagedPrefixListEntriesCommand({
      PrefixListId,
      ...(TargetVersion !== undefined && { TargetVersion }),
    }),
  );
  return Entries.map(({ Cidr }) => Cidr);
}

const remove = (ec2: EC2Client, PrefixListId: string) =>
  ec2.send(new DeleteManagedPrefixListCommand({ PrefixListId }));

async function newVpc(ec2: EC2Client): Promise<string> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  return Vpc?.VpcId ?? "";
}

async function newGroup(ec2: EC2Client, VpcId: string): Promise<string> {
  const { GroupId } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: "web", Description: "web" }),
  );
  return GroupId ?? "";
}

async function newTable(ec2: EC2Client, VpcId: string): Promise<string> {
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
  return RouteTable?.RouteTableId ?? "";
}

const listed = (PrefixListId: string, port = 443) => ({
  IpProtocol: "tcp",
  FromPort: port,
  ToPort: port,
  PrefixListIds: [{ PrefixListId }],
});

const authorize = (ec2: EC2Client, GroupId: string, PrefixListId: string, port?: number) =>
  ec2.send(
    new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [listed(PrefixListId, port)] }),
  );

/** A gateway of the VPC for routes to lead to. */
async function newGateway(ec2: EC2Client, VpcId: string): Promise<string> {
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const InternetGatewayId = InternetGateway?.InternetGatewayId ?? "";
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
  return InternetGatewayId;
}

const NOBODYS = "pl-0123456789abcdef0";
const S3 = awsPrefixLists("us-east-1")[0]?.id ?? "";

describe("what it refuses to parse", () => {
  test.each([
    ["a family that is none", { AddressFamily: "IPv5" }, /IPv4 and IPv6/],
    ["no room", { MaxEntries: 0 }, "Must specify a max size between 1 and 1000"],
    ["too much room", { MaxEntries: 1001 }, "Must specify a max size between 1 and 1000"],
    ["a name of AWS's", { PrefixListName: "com.amazonaws.mine" }, /cannot start with com.amazonaws/],
    ["a name that is too long", { PrefixListName: "x".repeat(256) }, /1 to 255/],
    ["a block that is none", { Entries: [entry("10.0.0.0")] }, /not a valid CIDR block/],
    ["a block of the other version", { Entries: [entry("2001:db8::/32")] }, /not a valid CIDR block/],
    ["a block twice", { Entries: [entry("10.0.0.0/16"), entry("10.0.1.0/16")] }, /more than once/],
    ["a long description", { Entries: [entry("10.0.0.0/16", "x".repeat(256))] }, /255 characters/],
    [
      "too many entries at once",
      { Entries: Array.from({ length: 101 }, (_, i) => entry(`10.0.${i}.0/24`)), MaxEntries: 200 },
      "The number of entries per request cannot exceeds limit (100).",
    ],
  ])("%s", async (_what, more, message) => {
    const ec2 = await freshClient();
    await refused(create(ec2, [], more), "InvalidParameterValue", message);
  });

  test("ids of another form", async () => {
    const ec2 = await freshClient();
    await refused(shown(ec2, "pl-1"), "InvalidPrefixListId.Malformed");
    await refused(remove(ec2, "pl-1"), "InvalidPrefixListId.Malformed");
    await refused(entries(ec2, "pl-1"), "InvalidPrefixListId.Malformed");
  });
});

describe("what it refuses to do", () => {
  test("to find what is not there, or somebody else's", async () => {
    const ec2 = await freshClient();
    const theirs = await created(await freshClient(), ["10.0.0.0/16"]);
    const vpc = await newVpc(ec2);
    const group = await newGroup(ec2, vpc);
    for (const id of [NOBODYS, theirs]) {
      await refused(shown(ec2, id), "InvalidPrefixListID.NotFound");
      await refused(entries(ec2, id), "InvalidPrefixListID.NotFound");
      await refused(remove(ec2, id), "InvalidPrefixListID.NotFound");
      await refused(authorize(ec2, group, id), "InvalidPrefixListID.NotFound");
      const PrefixListIds = [id];
      await refused(
        ec2.send(new DescribePrefixListsCommand({ PrefixListIds })),
        "InvalidPrefixListID.NotFound",
      );
      const RouteTableId = await newTable(ec2, vpc);
      const GatewayId = await newGateway(ec2, await newVpc(ec2));
      const route = { RouteTableId, DestinationPrefixListId: id, GatewayId };
      await refused(ec2.send(new CreateRouteCommand(route)), "InvalidParameterValue");
    }
    const RouteTableId = await newTable(ec2, vpc);
    const GatewayId = await newGateway(ec2, vpc);
    const route = { RouteTableId, DestinationPrefixListId: theirs, GatewayId };
    await refused(ec2.send(new CreateRouteCommand(route)), "InvalidPrefixListID.NotFound");
  });

  test("entries beyond the room there is, twice, or that are not there", async () => {
    const ec2 = await freshClient();
    const id = await created(ec2, ["10.0.0.0/16"], { MaxEntries: 1 });
    const add = (...cidrs: string[]) =>
      modify(ec2, id, { CurrentVersion: 1, AddEntries: cidrs.map((cidr) => entry(cidr)) });
    await refused(add("10.1.0.0/16"), "PrefixListMaxEntriesExceeded");
    await refused(add("10.0.0.0/16"), "InvalidParameterValue", /already in the prefix list/);
    const RemoveEntries = [{ Cidr: "10.9.0.0/16" }];
    await refused(modify(ec2, id, { RemoveEntries }), "InvalidParameterValue", /is not in the prefix list/);
    await refused(
      modify(ec2, id, { RemoveEntries, AddEntries: RemoveEntries }),
      "InvalidParameterValue",
      /added and removed/,
    );
    await refused(
      create(ec2, ["10.0.0.0/16", "10.1.0.0/16"], { MaxEntries: 1 }),
      "PrefixListMaxEntriesExceeded",
    );
    const two = await created(ec2, ["10.0.0.0/16", "10.1.0.0/16"]);
    await refused(modify(ec2, two, { MaxEntries: 1 }), "PrefixListMaxEntriesExceeded");
  });

  test("a change of another version than the current one, of nothing, or of too much at once", async () => {
    const ec2 = await freshClient();
    const id = await created(ec2, ["10.0.0.0/16"]);
    const AddEntries = [entry("10.1.0.0/16")];
    await refused(
      modify(ec2, id, { CurrentVersion: 2, AddEntries }),
      "PrefixListVersionMismatch",
      "The prefix list has the incorrect version number.",
    );
    await refused(
      modify(ec2, id, { CurrentVersion: 0, AddEntries }),
      "InvalidParameterValue",
      /greater than/,
    );
    await refused(
      modify(ec2, id, { CurrentVersion: 1, AddEntries, MaxEntries: 9 }),
      "InvalidParameterCombination",
      "You cannot modify the entries and the maximum entries for the prefix list in the same request.",
    );
    await refused(modify(ec2, id, {}), "MissingParameter");
    await refused(modify(ec2, id, { IpamPrefixListResolverSyncEnabled: true }), "UnsupportedOperation");
    await refused(entries(ec2, id, 7), "InvalidParameterValue", /no such version/);
    const restore = new RestoreManagedPrefixListVersionCommand({
      PrefixListId: id,
      PreviousVersion: 7,
      CurrentVersion: 1,
    });
    await refused(ec2.send(restore), "InvalidParameterValue", /no such version/);
  });

  test("a change while another one is in progress", async () => {
    const islet = await ownIslet({ pace: "real" });
    try {
      const ec2 = await freshClient({ islet });
      const id = await created(ec2, ["10.0.0.0/16"]);
      await refused(
        modify(ec2, id, { PrefixListName: "other" }),
        "IncorrectState",
        /in the current state \(create-in-progress\)/,
      );
    } finally {
      await islet.close();
    }
  });

  test("to change or delete what AWS keeps, and what is used", async () => {
    const ec2 = await freshClient();
    await refused(modify(ec2, S3, { PrefixListName: "mine" }), "UnsupportedOperation");
    await refused(remove(ec2, S3), "UnsupportedOperation");
    const id = await created(ec2, ["10.0.0.0/16"]);
    const group = await newGroup(ec2, await newVpc(ec2));
    await authorize(ec2, group, id);
    await refused(remove(ec2, id), "DependencyViolation");
    await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: [listed(id)] }));
    await remove(ec2, id);
    await refused(shown(ec2, id), "InvalidPrefixListID.NotFound");
  });

  test("as many rules and routes as its entries would be, where there are quotas", async () => {
    const folder = mkdtempSync(join(tmpdir(), "islet-quotas-"));
    const quotas = join(folder, "quotas.json");
    writeFileSync(quotas, JSON.stringify({ "L-0EA8095F": 6, "L-93826ACB": 6 }));
    const islet = await ownIslet({ quotas });
    try {
      const ec2 = await freshClient({ islet });
      const vpc = await newVpc(ec2);
      const group = await newGroup(ec2, vpc);
      const RouteTableId = await newTable(ec2, vpc);
      const GatewayId = await newGateway(ec2, vpc);
      const id = await created(ec2, ["192.0.2.0/24"], { MaxEntries: 4 });
      await authorize(ec2, group, id);
      await refused(authorize(ec2, group, id, 80), "RulesPerSecurityGroupLimitExceeded");
      // AWS's own count by their weight, one for S3.
      await authorize(ec2, group, S3);
      const route = (DestinationPrefixListId: string) =>
        ec2.send(new CreateRouteCommand({ RouteTableId, DestinationPrefixListId, GatewayId }));
      await route(id);
      const other = await created(ec2, [], { MaxEntries: 3 });
      await refused(route(other), "RouteLimitExceeded");
      // What is there cannot hold 7; it can 5.
      await modify(ec2, id, { MaxEntries: 7 });
      const failed = await shown(ec2, id);
      expect(failed).toMatchObject({ State: "modify-failed", MaxEntries: 4 });
      expect(failed.StateMessage).toContain(group);
      expect(failed.StateMessage).toContain(RouteTableId);
      await modify(ec2, id, { MaxEntries: 5 });
      expect(await shown(ec2, id)).toMatchObject({ State: "modify-complete", MaxEntries: 5 });
    } finally {
      await islet.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe("what it does", () => {
  test("a list has versions, of which the last is in force, and each can be restored", async () => {
    const ec2 = await freshClient();
    const made = await create(ec2, ["10.0.0.0/16"], {
      TagSpecifications: [{ ResourceType: "prefix-list", Tags: [{ Key: "Name", Value: "pl" }] }],
    });
    const id = made.PrefixListId ?? "";
    const { OwnerId = "" } = made;
    expect(made).toEqual({
      PrefixListId: id,
      PrefixListArn: `arn:aws:ec2:us-east-1:${OwnerId}:prefix-list/${id}`,
      PrefixListName: "offices",
      AddressFamily: "IPv4",
      State: "create-in-progress",
      MaxEntries: 5,
      Version: 1,
      OwnerId,
      Tags: [{ Key: "Name", Value: "pl" }],
    });
    expect(await shown(ec2, id)).toMatchObject({ State: "create-complete", Version: 1 });
    const answer = await modify(ec2, id, {
      CurrentVersion: 1,
      AddEntries: [entry("192.168.7.9/24", "the lab")],
      RemoveEntries: [{ Cidr: "10.0.0.0/16" }],
    });
    expect(answer).toMatchObject({ State: "modify-in-progress", Version: 1 });
    expect(await shown(ec2, id)).toMatchObject({ State: "modify-complete", Version: 2 });
    expect(await entries(ec2, id)).toEqual(["192.168.7.0/24"]);
    expect(await entries(ec2, id, 1)).toEqual(["10.0.0.0/16"]);
    const { PrefixList } = await ec2.send(
      new RestoreManagedPrefixListVersionCommand({
        PrefixListId: id,
        PreviousVersion: 1,
        CurrentVersion: 2,
      }),
    );
    expect(PrefixList).toMatchObject({ State: "restore-in-progress", Version: 2 });
    expect(await shown(ec2, id)).toMatchObject({ State: "restore-complete", Version: 3 });
    expect(await entries(ec2, id)).toEqual(["10.0.0.0/16"]);
    // A name and a size are of no version.
    await modify(ec2, id, { PrefixListName: "labs", MaxEntries: 6 });
    expect(await shown(ec2, id)).toMatchObject({ PrefixListName: "labs", MaxEntries: 6, Version: 3 });
    const { PrefixList: going } = await remove(ec2, id);
    expect(going).toMatchObject({ State: "delete-in-progress" });
  });

  test("entries come in pages", async () => {
    const ec2 = await freshClient();
    const all = ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"];
    const PrefixListId = await created(ec2, all);
    const pages: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await ec2.send(
        new GetManagedPrefixListEntriesCommand({
          PrefixListId,
          MaxResults: 2,
          ...(NextToken !== undefined && { NextToken }),
        }),
      );
      pages.push(...(page.Entries ?? []).map(({ Cidr }) => Cidr));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(pages).toEqual(all);
  });

  test("AWS keeps lists of its services, which everybody sees", async () => {
    const ec2 = await freshClient();
    const own = await created(ec2);
    const { PrefixLists = [] } = await ec2.send(new DescribeManagedPrefixListsCommand({}));
    expect(PrefixLists.map(({ PrefixListId }) => PrefixListId)).toEqual([
      ...awsPrefixLists("us-east-1").map(({ id }) => id),
      own,
    ]);
    expect(await shown(ec2, S3)).toEqual({
      PrefixListId: S3,
      PrefixListArn: `arn:aws:ec2:us-east-1:aws:prefix-list/${S3}`,
      PrefixListName: "com.amazonaws.us-east-1.s3",
      AddressFamily: "IPv4",
      State: "create-complete",
      OwnerId: "AWS",
      Tags: [],
    });
    const { PrefixLists: services } = await ec2.send(
      new DescribePrefixListsCommand({
        Filters: [{ Name: "prefix-list-name", Values: ["com.amazonaws.us-east-1.s3"] }],
      }),
    );
    expect(services).toEqual([
      { PrefixListId: S3, PrefixListName: "com.amazonaws.us-east-1.s3", Cidrs: await entries(ec2, S3) },
    ]);
    const ids = [...regions.keys()].flatMap((region) => awsPrefixLists(region).map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("every filter and page of lists", async () => {
    const ec2 = await freshClient();
    const { PrefixListId = "", OwnerId = "" } = await create(ec2);
    for (const [Name, value] of [
      ["owner-id", OwnerId],
      ["prefix-list-id", PrefixListId],
      ["prefix-list-name", "offices"],
    ] as const) {
      const { PrefixLists } = await ec2.send(
        new DescribeManagedPrefixListsCommand({ Filters: [{ Name, Values: [value] }] }),
      );
      expect(PrefixLists).toMatchObject([{ PrefixListId }]);
    }
    const first = await ec2.send(new DescribeManagedPrefixListsCommand({ MaxResults: 2 }));
    expect(first.PrefixLists).toHaveLength(2);
    const { NextToken = "" } = first;
    const rest = await ec2.send(new DescribeManagedPrefixListsCommand({ NextToken }));
    expect(rest.PrefixLists?.at(-1)).toMatchObject({ PrefixListId });
    const { PrefixLists } = await ec2.send(
      new DescribePrefixListsCommand({ Filters: [{ Name: "prefix-list-id", Values: [S3] }] }),
    );
    expect(PrefixLists).toMatchObject([{ PrefixListId: S3 }]);
  });

  test("rules and routes name it, and it knows them", async () => {
    const ec2 = await freshClient();
    const vpc = await newVpc(ec2);
    const group = await newGroup(ec2, vpc);
    const RouteTableId = await newTable(ec2, vpc);
    const GatewayId = await newGateway(ec2, vpc);
    const id = await created(ec2, ["192.0.2.0/24"]);
    await authorize(ec2, group, id);
    await authorize(ec2, group, id, 80);
    const route = { RouteTableId, DestinationPrefixListId: id };
    await ec2.send(new CreateRouteCommand({ ...route, GatewayId }));
    await refused(ec2.send(new CreateRouteCommand({ ...route, GatewayId })), "RouteAlreadyExists");
    const { RouteTables } = await ec2.send(
      new DescribeRouteTablesCommand({
        Filters: [{ Name: "route.destination-prefix-list-id", Values: [id] }],
      }),
    );
    expect(RouteTables?.[0]?.Routes).toContainEqual({
      DestinationPrefixListId: id,
      GatewayId,
      Origin: "CreateRoute",
      State: "active",
    });
    const associations = async () => {
      const answer = await ec2.send(new GetManagedPrefixListAssociationsCommand({ PrefixListId: id }));
      return answer.PrefixListAssociations?.map(({ ResourceId }) => ResourceId).toSorted();
    };
    expect(await associations()).toEqual([group, RouteTableId].toSorted());
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.0.1.0/24" }));
    const { NetworkInterface } = await ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId: Subnet?.SubnetId }),
    );
    const { NetworkInterfaceId } = NetworkInterface ?? {};
    await ec2.send(new ReplaceRouteCommand({ ...route, NetworkInterfaceId }));
    await ec2.send(new DeleteRouteCommand(route));
    expect(await associations()).toEqual([group]);
    const { SecurityGroupRules = [] } = await ec2.send(
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [group] }] }),
    );
    const other = await created(ec2, ["198.51.100.0/24"]);
    for (const rule of SecurityGroupRules.filter(({ PrefixListId }) => PrefixListId === id)) {
      const SecurityGroupRule = {
        IpProtocol: "tcp",
        FromPort: rule.FromPort,
        ToPort: rule.ToPort,
        PrefixListId: other,
      };
      await ec2.send(
        new ModifySecurityGroupRulesCommand({
          GroupId: group,
          SecurityGroupRules: [{ SecurityGroupRuleId: rule.SecurityGroupRuleId, SecurityGroupRule }],
        }),
      );
    }
    expect(await associations()).toEqual([]);
  });
});
