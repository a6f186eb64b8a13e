import {
  AssociateTrunkInterfaceCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  DeleteNetworkInterfaceCommand,
  DescribeNetworkInterfacesCommand,
  DescribeTrunkInterfaceAssociationsCommand,
  DetachNetworkInterfaceCommand,
  DisassociateTrunkInterfaceCommand,
  EC2Client,
  RunInstancesCommand,
  StopInstancesCommand,
  type AssociateTrunkInterfaceCommandInput,
  type NetworkInterfaceCreationType,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExchangeView } from "../../server/http/journeyView.ts";
import type { Islet } from "../../server/index.ts";
import { configOf, freshClient, freshKeys, ownIslet, refused } from "../islet.ts";
import { operate } from "../operator.ts";
import { launch, linux } from "./launch.ts";
import { newVpc } from "./vpnNetwork.ts";

async function newSubnet(ec2: EC2Client, vpc: string, CidrBlock: string, zone = "a"): Promise<string> {
  const AvailabilityZone = `${await ec2.config.region()}${zone}`;
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock, AvailabilityZone }));
  return Subnet?.SubnetId ?? "";
}

async function newInterface(
  ec2: EC2Client,
  SubnetId: string,
  InterfaceType?: NetworkInterfaceCreationType,
): Promise<string> {
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, InterfaceType }));
  return NetworkInterface?.NetworkInterfaceId ?? "";
}

const shown = async (ec2: EC2Client, ...NetworkInterfaceIds: string[]) =>
  (await ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds }))).NetworkInterfaces ?? [];

const associate = async (ec2: EC2Client, input: AssociateTrunkInterfaceCommandInput): Promise<string> =>
  (await ec2.send(new AssociateTrunkInterfaceCommand(input))).InterfaceAssociation?.AssociationId ?? "";

const associations = async (ec2: EC2Client) =>
  (await ec2.send(new DescribeTrunkInterfaceAssociationsCommand({}))).InterfaceAssociations ?? [];

/** A trunk and an interface that can be its branch. */
async function pair(ec2: EC2Client) {
  const vpc = await newVpc(ec2);
  const subnet = await newSubnet(ec2, vpc, "10.0.0.0/24");
  return {
    vpc,
    subnet,
    TrunkInterfaceId: await newInterface(ec2, subnet, "trunk"),
    BranchInterfaceId: await newInterface(ec2, subnet),
  };
}

const ABSENT = "eni-0123456789abcdef0";

describe("what it refuses to parse", () => {
  test("tags of packets that are none, or two", async () => {
    const ec2 = await freshClient();
    const { TrunkInterfaceId, BranchInterfaceId } = await pair(ec2);
    const ask = (tag: object) => associate(ec2, { TrunkInterfaceId, BranchInterfaceId, ...tag });
    await refused(ask({}), "MissingParameter");
    await refused(ask({ VlanId: 1, GreKey: 1 }), "InvalidParameterCombination");
    for (const VlanId of [0, -1, 4095]) await refused(ask({ VlanId }), "InvalidParameterValue");
    await refused(ask({ GreKey: -1 }), "InvalidParameterValue");
    await refused(newInterface(ec2, "subnet-0", "twig" as "trunk"), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("what is not there", async () => {
    const ec2 = await freshClient();
    const { TrunkInterfaceId, BranchInterfaceId } = await pair(ec2);
    const code = "InvalidNetworkInterfaceID.NotFound";
    await refused(associate(ec2, { TrunkInterfaceId, BranchInterfaceId: ABSENT, VlanId: 1 }), code);
    await refused(associate(ec2, { TrunkInterfaceId: ABSENT, BranchInterfaceId, VlanId: 1 }), code);
    const AssociationId = "trunk-assoc-0123456789abcdef0";
    await refused(
      ec2.send(new DisassociateTrunkInterfaceCommand({ AssociationId })),
      "InvalidAssociationID.NotFound",
    );
    const stranger = await freshClient();
    const own = await associate(ec2, { TrunkInterfaceId, BranchInterfaceId, VlanId: 1 });
    await refused(
      stranger.send(new DisassociateTrunkInterfaceCommand({ AssociationId: own })),
      "InvalidAssociationID.NotFound",
    );
  });

  test("interfaces that do not fit together", async () => {
    const ec2 = await freshClient();
    const { vpc, subnet, TrunkInterfaceId, BranchInterfaceId } = await pair(ec2);
    const other = await newInterface(ec2, subnet);
    const ask = (branch: string, trunk: string, VlanId = 7) =>
      associate(ec2, { TrunkInterfaceId: trunk, BranchInterfaceId: branch, VlanId });
    await refused(ask(other, BranchInterfaceId), "InvalidParameterValue");
    await refused(ask(await newInterface(ec2, subnet, "trunk"), TrunkInterfaceId), "InvalidParameterValue");
    const away = await newInterface(ec2, await newSubnet(ec2, vpc, "10.0.1.0/24", "b"));
    await refused(ask(away, TrunkInterfaceId), "InvalidParameterCombination");
    const elsewhere = await newInterface(ec2, await newSubnet(ec2, await newVpc(ec2), "10.0.0.0/24"));
    await refused(ask(elsewhere, TrunkInterfaceId), "InvalidParameterCombination");
    await ask(BranchInterfaceId, TrunkInterfaceId);
    await refused(ask(BranchInterfaceId, TrunkInterfaceId, 8), "InvalidNetworkInterface.InUse");
    await refused(ask(other, TrunkInterfaceId), "InvalidVlanId.Duplicate", "VlanId '7' is in use");
    await associate(ec2, { TrunkInterfaceId, BranchInterfaceId: other, GreKey: 7 });
    const third = await newInterface(ec2, subnet);
    await refused(
      associate(ec2, { TrunkInterfaceId, BranchInterfaceId: third, GreKey: 7 }),
      "InvalidParameterValue",
    );
  });

  test("to plug a branch in, or a trunk where there are none", async () => {
    const ec2 = await freshClient();
    const { subnet, TrunkInterfaceId, BranchInterfaceId } = await pair(ec2);
    const small = await launch(ec2, { SubnetId: subnet });
    const attach = (NetworkInterfaceId: string, InstanceId = small) =>
      ec2.send(new AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex: 1 }));
    await refused(attach(TrunkInterfaceId), "InvalidParameterCombination", /not supported on t3.micro/);
    await refused(attach(await newInterface(ec2, subnet, "branch")), "InvalidParameterCombination");
    await associate(ec2, { TrunkInterfaceId, BranchInterfaceId, VlanId: 1 });
    await refused(attach(BranchInterfaceId), "InvalidNetworkInterface.InUse");
    const run = (NetworkInterface: object) =>
      ec2.send(
        new RunInstancesCommand({
          ImageId: linux.id,
          InstanceType: "m5.large",
          MinCount: 1,
          MaxCount: 1,
          NetworkInterfaces: [{ DeviceIndex: 0, ...NetworkInterface }],
        }),
      );
    await refused(run({ NetworkInterfaceId: BranchInterfaceId }), "InvalidNetworkInterface.InUse");
    await refused(run({ NetworkInterfaceId: TrunkInterfaceId }), "InvalidParameterValue");
    await refused(run({ SubnetId: subnet, InterfaceType: "trunk" }), "InvalidParameterValue");
  });
});

describe("what it does", () => {
  test("makes an interface a branch for as long as it lasts", async () => {
    const ec2 = await freshClient();
    const { TrunkInterfaceId, BranchInterfaceId } = await pair(ec2);
    expect(await shown(ec2, TrunkInterfaceId)).toMatchObject([
      { InterfaceType: "trunk", Status: "available" },
    ]);
    const { InterfaceAssociation, ClientToken } = await ec2.send(
      new AssociateTrunkInterfaceCommand({
        TrunkInterfaceId,
        BranchInterfaceId,
        VlanId: 9,
        ClientToken: "x",
      }),
    );
    expect([InterfaceAssociation, ClientToken]).toEqual([
      {
        AssociationId: expect.stringMatching(/^trunk-assoc-[0-9a-f]{17}$/) as string,
        BranchInterfaceId,
        TrunkInterfaceId,
        InterfaceProtocol: "VLAN",
        VlanId: 9,
        Tags: [],
      },
      "x",
    ]);
    expect(await associations(ec2)).toEqual([InterfaceAssociation]);
    expect(await shown(ec2, BranchInterfaceId)).toMatchObject([
      { InterfaceType: "branch", Status: "in-use" },
    ]);
    const { AssociationId } = InterfaceAssociation ?? {};
    const undone = await ec2.send(new DisassociateTrunkInterfaceCommand({ AssociationId }));
    expect(undone).toMatchObject({ Return: true });
    expect(await shown(ec2, BranchInterfaceId)).toMatchObject([
      { InterfaceType: "interface", Status: "available" },
    ]);
    expect(await associations(ec2)).toEqual([]);
  });

  test("goes with either interface; the other one stays", async () => {
    const ec2 = await freshClient();
    const { subnet, TrunkInterfaceId, BranchInterfaceId } = await pair(ec2);
    const other = await newInterface(ec2, subnet, "branch");
    await associate(ec2, { TrunkInterfaceId, BranchInterfaceId, VlanId: 1 });
    await associate(ec2, { TrunkInterfaceId, BranchInterfaceId: other, VlanId: 2 });
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: BranchInterfaceId }));
    expect(await associations(ec2)).toMatchObject([{ BranchInterfaceId: other }]);
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: TrunkInterfaceId }));
    expect(await associations(ec2)).toEqual([]);
    expect(await shown(ec2, other)).toMatchObject([{ InterfaceType: "branch", Status: "available" }]);
  });

  test("is found by its protocol and its key", async () => {
    const ec2 = await freshClient();
    const { subnet, TrunkInterfaceId, BranchInterfaceId } = await pair(ec2);
    const vlan = await associate(ec2, { TrunkInterfaceId, BranchInterfaceId, VlanId: 5 });
    const gre = await associate(ec2, {
      TrunkInterfaceId,
      BranchInterfaceId: await newInterface(ec2, subnet),
      GreKey: 5,
    });
    const find = async (Name: string, Value: string) => {
      const input = { Filters: [{ Name, Values: [Value] }] };
      const { InterfaceAssociations } = await ec2.send(new DescribeTrunkInterfaceAssociationsCommand(input));
      return InterfaceAssociations?.map(({ AssociationId }) => AssociationId);
    };
    expect(await find("gre-key", "5")).toEqual([gre]);
    expect(await find("interface-protocol", "VLAN")).toEqual([vlan]);
  });
});

describe("packets of a branch", () => {
  let islet: Islet;
  beforeAll(async () => {
    islet = await ownIslet();
  });
  afterAll(() => islet.close());

  test("come from, and get to, the instance that the trunk is plugged into", async () => {
    const Region = "us-east-1";
    const ec2 = new EC2Client(configOf(islet, freshKeys(islet), Region));
    const { subnet, TrunkInterfaceId, BranchInterfaceId } = await pair(ec2);
    const instance = await launch(ec2, { SubnetId: subnet, InstanceType: "m5.large" });
    const peer = await launch(ec2, { SubnetId: subnet });
    for (const InstanceId of [instance, peer]) {
      await operate(islet, "POST listen", { Region, InstanceId, Protocol: "tcp", Port: 443 });
    }
    const ask = async (From: string, To: string) => {
      const sent = { Region, From, To, Protocol: "tcp", Port: 443, Exchange: true };
      return (await operate(islet, "POST packets", sent)) as unknown as ExchangeView;
    };
    await associate(ec2, { TrunkInterfaceId, BranchInterfaceId, VlanId: 1 });
    expect((await ask(peer, BranchInterfaceId)).Forward.Reason).toBe("BAD_STATE");
    const { AttachmentId } = await ec2.send(
      new AttachNetworkInterfaceCommand({
        NetworkInterfaceId: TrunkInterfaceId,
        InstanceId: instance,
        DeviceIndex: 1,
      }),
    );
    expect(await ask(peer, BranchInterfaceId)).toMatchObject({
      Learned: "answer",
      Forward: { Receiver: { Id: BranchInterfaceId, InstanceId: instance } },
    });
    expect((await ask(BranchInterfaceId, peer)).Learned).toBe("answer");
    await ec2.send(new StopInstancesCommand({ InstanceIds: [instance] }));
    expect((await ask(peer, BranchInterfaceId)).Forward.Reason).toBe("BAD_STATE");
    await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: TrunkInterfaceId }));
    expect((await ask(peer, BranchInterfaceId)).Forward.Reason).toBe("BAD_STATE");
    expect(await shown(ec2, BranchInterfaceId)).toMatchObject([{ Status: "available" }]);
  });
});
