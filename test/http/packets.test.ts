import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DetachInternetGatewayCommand,
  DisassociateAddressCommand,
  EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  ReplaceNetworkAclAssociationCommand,
  RevokeSecurityGroupIngressCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  type CreateNetworkAclEntryCommandInput,
} from "@aws-sdk/client-ec2";
import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import type { ExchangeView, JourneyView } from "../../server/http/journeyView.ts";
import { launch } from "../ec2/launch.ts";
import { configOf, freshKeys, ownIslet } from "../islet.ts";
import { operate } from "./send.ts";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
});
afterAll(() => islet.close());

const Region = "us-east-1";
const CLIENT = "203.0.113.9";

/** A packet and its answer. */
async function exchange(fields: object, on = islet): Promise<ExchangeView> {
  const { status, json } = await operate(on, "POST", "packets", {
    Region,
    Protocol: "tcp",
    Port: 443,
    Exchange: true,
    ...fields,
  });
  expect({ status, json }).toMatchObject({ status: 200 });
  return json as ExchangeView;
}

const listen = (InstanceId: string, Port: number, on = islet) =>
  operate(on, "POST", "listen", { Region, InstanceId, Protocol: "tcp", Port });

const components = ({ Steps }: JourneyView): string[] => Steps.map(({ Component }) => Component.Type);

interface Site {
  readonly ec2: EC2Client;
  readonly vpc: string;
  readonly subnet: string;
  readonly group: string;
  readonly table: string;
  readonly gateway: string;
  readonly server: string;
  readonly eni: string;
  readonly address: string;
  readonly association: string;
}

const interfaceOf = async (ec2: EC2Client, instance: string): Promise<string> => {
  const { NetworkInterfaces } = await ec2.send(
    new DescribeNetworkInterfacesCommand({
      Filters: [{ Name: "attachment.instance-id", Values: [instance] }],
    }),
  );
  return NetworkInterfaces?.[0]?.NetworkInterfaceId ?? "";
};

const addSubnet = async (ec2: EC2Client, VpcId: string, CidrBlock: string): Promise<string> => {
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone: `${Region}a` }),
  );
  return Subnet?.SubnetId ?? "";
};

const addVpc = async (ec2: EC2Client): Promise<string> => {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  return Vpc?.VpcId ?? "";
};

const addGroup = async (ec2: EC2Client, VpcId: string, name: string): Promise<string> => {
  const { GroupId } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: name, Description: name }),
  );
  return GroupId ?? "";
};

const web = { IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "0.0.0.0/0" }] };

/** A web server as the tutorials make it: reachable from the internet at port 443. */
async function site(on = islet): Promise<Site> {
  const ec2 = new EC2Client(configOf(on, freshKeys(on), Region));
  const vpc = await addVpc(ec2);
  const subnet = await addSubnet(ec2, vpc, "10.0.1.0/24");
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const gateway = InternetGateway?.InternetGatewayId ?? "";
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpc }));
  const table = RouteTable?.RouteTableId ?? "";
  await ec2.send(
    new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0", GatewayId: gateway }),
  );
  await ec2.send(new AssociateRouteTableCommand({ RouteTableId: table, SubnetId: subnet }));
  const group = await addGroup(ec2, vpc, "web");
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: [web] }));
  const server = await launch(ec2, {
    SubnetId: subnet,
    SecurityGroupIds: [group],
    PrivateIpAddress: "10.0.1.10",
  });
  const { PublicIp = "", AllocationId } = await ec2.send(new AllocateAddressCommand({}));
  const { AssociationId = "" } = await ec2.send(
    new AssociateAddressCommand({ AllocationId, InstanceId: server }),
  );
  await listen(server, 443, on);
  const eni = await interfaceOf(ec2, server);
  return {
    ec2,
    vpc,
    subnet,
    group,
    table,
    gateway,
    server,
    eni,
    address: PublicIp,
    association: AssociationId,
  };
}

/** Gives a subnet an ACL with these entries and no others. */
async function guard(
  { ec2, vpc, subnet }: Site,
  ...entries: Partial<CreateNetworkAclEntryCommandInput>[]
): Promise<string> {
  const { NetworkAcl } = await ec2.send(new CreateNetworkAclCommand({ VpcId: vpc }));
  const NetworkAclId = NetworkAcl?.NetworkAclId ?? "";
  for (const [i, entry] of entries.entries()) {
    await ec2.send(
      new CreateNetworkAclEntryCommand({
        NetworkAclId,
        RuleNumber: 100 + i,
        Protocol: "6",
        RuleAction: "allow",
        Egress: false,
        CidrBlock: "0.0.0.0/0",
        PortRange: { From: 443, To: 443 },
        ...entry,
      }),
    );
  }
  const { NetworkAcls } = await ec2.send(
    new DescribeNetworkAclsCommand({ Filters: [{ Name: "association.subnet-id", Values: [subnet] }] }),
  );
  const association = NetworkAcls?.[0]?.Associations?.find(({ SubnetId }) => SubnetId === subnet);
  await ec2.send(
    new ReplaceNetworkAclAssociationCommand({
      AssociationId: association?.NetworkAclAssociationId,
      NetworkAclId,
    }),
  );
  return NetworkAclId;
}

describe("why does the web server not answer?", () => {
  test("it does: by its public address, from the internet, and the answer comes back", async () => {
    const { server, address } = await site();
    const { Forward, Back, Learned } = await exchange({ From: CLIENT, To: server });
    expect(Learned).toBe("answer");
    expect(Forward).toMatchObject({ Outcome: "delivered", Receiver: { InstanceId: server } });
    expect(Forward.Sent).toMatchObject({ Source: CLIENT, Destination: address, Flags: ["SYN"] });
    expect(components(Forward)).toEqual([
      "internet-gateway",
      "network-acl",
      "security-group",
      "network-interface",
    ]);
    expect(Back).toMatchObject({ Outcome: "outside", Receiver: { Id: CLIENT } });
    expect(Back?.Steps.at(-1)?.Packet).toMatchObject({
      Source: address,
      Destination: CLIENT,
      Flags: ["SYN", "ACK"],
    });
    expect(await exchange({ From: CLIENT, To: address })).toMatchObject({ Learned: "answer" });
  });

  test("nobody listens", async () => {
    const { server } = await site();
    await operate(islet, "POST", "listen", {
      Region,
      InstanceId: server,
      Protocol: "tcp",
      Port: 443,
      Listening: false,
    });
    const { Back, Learned } = await exchange({ From: CLIENT, To: server });
    expect(Learned).toBe("refusal");
    expect(Back?.Sent.Flags).toEqual(["ACK", "RST"]);
  });

  test("no route: the answer finds no way out", async () => {
    const { ec2, subnet, vpc, server } = await site();
    // The VPC's main table leads nowhere but inside.
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpc }));
    const other = await addSubnet(ec2, vpc, "10.0.2.0/24");
    expect(subnet).not.toBe(other);
    const group = await addGroup(ec2, vpc, "other");
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: [web] }));
    const hidden = await launch(ec2, { SubnetId: other, SecurityGroupIds: [group] });
    const { AllocationId } = await ec2.send(new AllocateAddressCommand({}));
    await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: hidden }));
    await listen(hidden, 443);
    const { Forward, Back, Learned } = await exchange({ From: CLIENT, To: hidden });
    expect(Forward.Outcome).toBe("delivered");
    expect(Back).toMatchObject({ Outcome: "dropped", Reason: "NO_ROUTE_TO_DESTINATION" });
    expect(Back?.Remedy).toMatch(/^add a route for 203\.0\.113\.9 to rtb-/);
    expect(Learned).toBe("nothing");
    const RouteTableId = RouteTable?.RouteTableId ?? "";
    await ec2.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId: other }));
    expect((await exchange({ From: CLIENT, To: hidden })).Learned).toBe("nothing");
    expect((await exchange({ From: CLIENT, To: server })).Learned).toBe("answer");
  });

  test("no public address", async () => {
    const { ec2, association, server, eni } = await site();
    await ec2.send(new DisassociateAddressCommand({ AssociationId: association }));
    expect((await exchange({ From: CLIENT, To: server })).Forward).toMatchObject({
      Reason: "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
      Steps: [{ Component: { Type: "internet" }, Verdict: "dropped" }],
    });
    expect((await exchange({ From: eni, To: CLIENT })).Forward).toMatchObject({
      Reason: "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
      Remedy: expect.stringMatching(
        /^let a public address lead to 10\.0\.1\.\d+ \(AssociateAddress\)$/,
      ) as string,
    });
  });

  test("the group", async () => {
    const { ec2, group, server } = await site();
    await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: [web] }));
    const { Forward } = await exchange({ From: CLIENT, To: server });
    expect(Forward).toMatchObject({
      Reason: "SG_HAS_NO_RULES",
      Remedy: `add an inbound rule to ${group} that allows tcp 443 from ${CLIENT}/32`,
    });
    const others = { ...web, IpRanges: [{ CidrIp: "198.51.100.0/24" }] };
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: [others] }));
    expect((await exchange({ From: CLIENT, To: server })).Forward.Reason).toBe("ENI_SG_RULES_MISMATCH");
    expect((await exchange({ From: "198.51.100.7", To: server })).Learned).toBe("answer");
  });

  test("the network ACL", async () => {
    const here = await site();
    const acl = await guard(here, { CidrBlock: "198.51.100.0/24" });
    const { Forward } = await exchange({ From: CLIENT, To: here.server });
    expect(Forward).toMatchObject({
      Reason: "SUBNET_ACL_RESTRICTION",
      Remedy: `add an inbound entry to ${acl} with a number below 32767 that allows tcp 443 from ${CLIENT}/32`,
    });
    expect(Forward.Steps.at(-1)).toMatchObject({
      Component: { Type: "network-acl", Id: acl },
      SubnetId: here.subnet,
      InterfaceId: here.eni,
      Ground: { Entry: { Number: 32_767, Action: "deny" } },
    });
  });

  test("the reply trap: a stateless ACL that lets port 443 in and out, and no ephemeral port", async () => {
    const here = await site();
    const acl = await guard(here, {}, { Egress: true });
    const { Forward, Back, Learned } = await exchange({ From: CLIENT, To: here.server });
    expect([Forward.Outcome, Learned]).toEqual(["delivered", "nothing"]);
    expect(Back).toMatchObject({
      Reason: "SUBNET_ACL_RESTRICTION",
      Remedy: `add an outbound entry to ${acl} with a number below 32767 that allows tcp 49152 to ${CLIENT}/32`,
    });
    await here.ec2.send(
      new CreateNetworkAclEntryCommand({
        NetworkAclId: acl,
        RuleNumber: 200,
        Protocol: "6",
        RuleAction: "allow",
        Egress: true,
        CidrBlock: "0.0.0.0/0",
        PortRange: { From: 1024, To: 65_535 },
      }),
    );
    expect((await exchange({ From: CLIENT, To: here.server })).Learned).toBe("answer");
  });

  test("the gateway is detached", async () => {
    const { ec2, vpc, gateway, association, eni } = await site();
    await ec2.send(new DisassociateAddressCommand({ AssociationId: association }));
    await ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
    expect((await exchange({ From: eni, To: CLIENT })).Forward).toMatchObject({
      Reason: "BAD_STATE_ROUTE",
      Steps: expect.arrayContaining([
        expect.objectContaining({ Ground: { Route: { Destination: "0.0.0.0/0", Target: gateway } } }),
      ]) as unknown,
    });
  });

  test("the instance does not run; once it does again, nobody listens yet", async () => {
    const { ec2, server } = await site();
    await ec2.send(new StopInstancesCommand({ InstanceIds: [server] }));
    expect((await exchange({ From: CLIENT, To: server })).Forward.Reason).toBe(
      "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
    );
    expect((await exchange({ From: server, To: CLIENT })).Forward.Reason).toBe("BAD_STATE");
    await ec2.send(new StartInstancesCommand({ InstanceIds: [server] }));
    expect((await exchange({ From: CLIENT, To: server })).Learned).toBe("refusal");
  });
});

describe("spoofing", () => {
  test("another's address as source is dropped, unless the source/destination check is off", async () => {
    const { ec2, subnet, group, server, eni } = await site();
    const victim = await launch(ec2, {
      SubnetId: subnet,
      SecurityGroupIds: [group],
      PrivateIpAddress: "10.0.1.77",
    });
    await listen(victim, 443);
    const spoofed = { From: server, To: victim, SourceAddress: "10.0.1.88" };
    expect((await exchange({ From: server, To: victim })).Learned).toBe("answer");
    expect((await exchange(spoofed)).Forward).toMatchObject({
      Reason: "ENI_SOURCE_DEST_CHECK_RESTRICTION",
      Steps: [{ Component: { Id: eni }, Direction: "egress" }],
    });
    await ec2.send(
      new ModifyNetworkInterfaceAttributeCommand({
        NetworkInterfaceId: eni,
        SourceDestCheck: { Value: false },
      }),
    );
    expect((await exchange(spoofed)).Forward.Outcome).toBe("delivered");
    // The MAC address is checked all the same.
    const { Forward } = await exchange({ ...spoofed, SourceMac: "02:00:00:00:00:01" });
    expect(Forward.Reason).toBe("SPOOFED_MAC");
  });
});

describe("tenants", () => {
  test("with the same 10.0.0.0/16 and the same addresses never meet", async () => {
    const sites = await Promise.all([site(), site()]);
    const twins: string[] = [];
    for (const { ec2, subnet, group } of sites) {
      const twin = await launch(ec2, {
        SubnetId: subnet,
        SecurityGroupIds: [group],
        PrivateIpAddress: "10.0.1.50",
      });
      await listen(twin, 443);
      twins.push(twin);
    }
    for (const [i, { server }] of sites.entries()) {
      expect(await exchange({ From: server, To: "10.0.1.50" })).toMatchObject({
        Learned: "answer",
        Forward: { Receiver: { InstanceId: twins[i] } },
      });
    }
    const [one] = sites;
    expect((await exchange({ From: one.server, To: "10.0.1.51" })).Forward.Reason).toBe(
      "NO_POSSIBLE_DESTINATION",
    );
  });

  test("who reset their account are gone from the network, and nobody else is", async () => {
    const [kept, gone] = [await site(), await site()];
    const { NetworkInterfaces } = await gone.ec2.send(new DescribeNetworkInterfacesCommand({}));
    islet.reset({ account: NetworkInterfaces?.[0]?.OwnerId ?? "" });
    expect((await exchange({ From: CLIENT, To: gone.address })).Forward.Outcome).toBe("outside");
    expect((await exchange({ From: CLIENT, To: kept.server })).Learned).toBe("answer");
  });
});

test("after a restart the network is what the rows say", async () => {
  const folder = mkdtempSync(join(tmpdir(), "islet-packets-"));
  try {
    const first = await ownIslet({ memory: false, data: folder });
    const { server, address } = await site(first);
    await first.close();
    const second = await ownIslet({ memory: false, data: folder });
    const { Forward, Learned } = await exchange({ From: CLIENT, To: address }, second);
    await second.close();
    expect(Forward).toMatchObject({ Outcome: "delivered", Receiver: { InstanceId: server } });
    // Its guest has booted anew.
    expect(Learned).toBe("refusal");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("hosts on the internet", () => {
  test("have names, and answer or not", async () => {
    const { server } = await site();
    for (const [Name, Address, Answers] of [
      ["example.com", "93.184.215.14", true],
      ["silent", "192.0.2.1", false],
    ] as const) {
      expect(await operate(islet, "POST", "outside-hosts", { Name, Address, Answers })).toMatchObject({
        status: 200,
      });
    }
    expect(await exchange({ From: server, To: "example.com" })).toMatchObject({
      Learned: "answer",
      Forward: { Receiver: { Id: "example.com" } },
    });
    expect((await exchange({ From: server, To: "silent" })).Learned).toBe("nothing");
    expect((await exchange({ From: "example.com", To: server })).Forward.Sent.Source).toBe("93.184.215.14");
  });
});

describe("what is refused", () => {
  test("anybody who is not the operator", async () => {
    for (const path of ["packets", "listen", "outside-hosts"]) {
      expect(await operate(islet, "POST", path, { Region }, { keys: null })).toMatchObject({ status: 403 });
      expect(await operate(islet, "POST", path, { Region }, { keys: freshKeys(islet) })).toMatchObject({
        json: { error: "AccessDenied" },
      });
    }
  });

  const send = (fields: object) => operate(islet, "POST", "packets", fields);

  test.each([
    [{}, "InvalidParameterValue"],
    [{ Region: "nowhere" }, "InvalidParameterValue"],
    [{ Region }, "MissingParameter"],
    [{ Region, From: "i-00000000000000000", To: CLIENT }, "InvalidInstanceID.NotFound"],
    [{ Region, From: "eni-00000000000000000", To: CLIENT }, "InvalidNetworkInterfaceID.NotFound"],
    [{ Region, From: "somewhere", To: CLIENT }, "InvalidParameterValue"],
    [{ Region, From: CLIENT, To: "somewhere" }, "InvalidParameterValue"],
    [{ Region, From: CLIENT, To: "2001:db8::1" }, "MissingParameter"],
    [{ Region, From: CLIENT, To: CLIENT, Protocol: "tcp" }, "MissingParameter"],
    [{ Region, From: CLIENT, To: CLIENT, Protocol: "tcp", Port: 65_536 }, "InvalidParameterValue"],
    [{ Region, From: CLIENT, To: CLIENT, Protocol: "-1" }, "InvalidParameterValue"],
    [{ Region, From: CLIENT, To: CLIENT, Exchnge: true }, "UnknownParameter"],
    [
      { Region, From: CLIENT, To: CLIENT, Protocol: "udp", Port: 53, Connections: 0 },
      "InvalidParameterValue",
    ],
    [
      { Region, From: CLIENT, To: CLIENT, Protocol: "udp", Port: 53, Connections: 20_000 },
      "InvalidParameterValue",
    ],
    [{ Region, From: CLIENT, To: CLIENT, Connections: 2 }, "InvalidParameterValue"],
  ])("%j", async (fields, error) => {
    expect(await send(fields)).toMatchObject({ status: 400, json: { error } });
  });

  test("to listen on an instance that does not run", async () => {
    const { ec2, server } = await site();
    await ec2.send(new StopInstancesCommand({ InstanceIds: [server] }));
    expect(await listen(server, 80)).toMatchObject({ json: { error: "InvalidInstanceID.NotFound" } });
  });

  test("whatever is sent, it is never an error of the server's", async () => {
    const { server } = await site();
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom(server, CLIENT, "tcp", "::1"),
    );
    const names = [
      "From",
      "To",
      "Protocol",
      "Port",
      "SourcePort",
      "Type",
      "Length",
      "TimeToLive",
      "SourceAddress",
      "DestinationMac",
      "Exchange",
    ];
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), value), async (fields) => {
        const { status } = await send({ Region, From: server, To: CLIENT, ...fields });
        expect([200, 400]).toContain(status);
      }),
      { seed: 4, numRuns: 150 },
    );
  });
});
