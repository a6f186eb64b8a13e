import {
  CreateNetworkInterfaceCommand,
  CreateSubnetCidrReservationCommand,
  CreateSubnetCommand,
  CreateTrafficMirrorFilterCommand,
  CreateTrafficMirrorFilterRuleCommand,
  CreateTrafficMirrorSessionCommand,
  CreateTrafficMirrorTargetCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DeleteTrafficMirrorFilterCommand,
  DeleteTrafficMirrorFilterRuleCommand,
  DeleteTrafficMirrorSessionCommand,
  DeleteTrafficMirrorTargetCommand,
  DescribeNetworkInterfacesCommand,
  DescribeTrafficMirrorFilterRulesCommand,
  DescribeTrafficMirrorFiltersCommand,
  DescribeTrafficMirrorSessionsCommand,
  DescribeTrafficMirrorTargetsCommand,
  ModifyTrafficMirrorFilterNetworkServicesCommand,
  ModifyTrafficMirrorFilterRuleCommand,
  ModifyTrafficMirrorSessionCommand,
  type CreateTrafficMirrorFilterRuleCommandInput,
  type CreateTrafficMirrorSessionCommandInput,
  type EC2Client,
  type ModifyTrafficMirrorFilterRuleCommandInput,
  type ModifyTrafficMirrorSessionCommandInput,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { freshClient, refused, sharedIslet } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";
import { launch } from "./launch.ts";

let ec2: EC2Client;
let subnet = "";
beforeAll(async () => {
  ec2 = await freshClient();
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: "10.0.0.0/24" }));
  subnet = Subnet?.SubnetId ?? "";
  // What tests name is in the lower half; EC2 chooses from the upper one.
  const kept = { Cidr: "10.0.0.0/25", ReservationType: "explicit" } as const;
  await ec2.send(new CreateSubnetCidrReservationCommand({ SubnetId: subnet, ...kept }));
});

const missing = (prefix: string) => `${prefix}-0123456789abcdef0`;

const eni = async (): Promise<string> => {
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet }));
  return NetworkInterface?.NetworkInterfaceId ?? "";
};
const filter = async (Description?: string): Promise<string> => {
  const { TrafficMirrorFilter } = await ec2.send(new CreateTrafficMirrorFilterCommand({ Description }));
  return TrafficMirrorFilter?.TrafficMirrorFilterId ?? "";
};
const target = async (NetworkInterfaceId?: string): Promise<string> => {
  const { TrafficMirrorTarget } = await ec2.send(
    new CreateTrafficMirrorTargetCommand({ NetworkInterfaceId: NetworkInterfaceId ?? (await eni()) }),
  );
  return TrafficMirrorTarget?.TrafficMirrorTargetId ?? "";
};
const addRule = (
  TrafficMirrorFilterId: string,
  asked: Partial<CreateTrafficMirrorFilterRuleCommandInput> = {},
) =>
  ec2.send(
    new CreateTrafficMirrorFilterRuleCommand({
      TrafficMirrorFilterId,
      TrafficDirection: "ingress",
      RuleNumber: 100,
      RuleAction: "accept",
      SourceCidrBlock: "0.0.0.0/0",
      DestinationCidrBlock: "0.0.0.0/0",
      ...asked,
    }),
  );
const modifyRule = (
  TrafficMirrorFilterRuleId: string,
  asked: Partial<ModifyTrafficMirrorFilterRuleCommandInput>,
) => ec2.send(new ModifyTrafficMirrorFilterRuleCommand({ TrafficMirrorFilterRuleId, ...asked }));
const addSession = async (asked: Partial<CreateTrafficMirrorSessionCommandInput> = {}) =>
  ec2.send(
    new CreateTrafficMirrorSessionCommand({
      NetworkInterfaceId: asked.NetworkInterfaceId ?? (await eni()),
      TrafficMirrorTargetId: asked.TrafficMirrorTargetId ?? (await target()),
      TrafficMirrorFilterId: asked.TrafficMirrorFilterId ?? (await filter()),
      SessionNumber: 1,
      ...asked,
    }),
  );
const modifySession = (
  TrafficMirrorSessionId: string,
  asked: Partial<ModifyTrafficMirrorSessionCommandInput>,
) => ec2.send(new ModifyTrafficMirrorSessionCommand({ TrafficMirrorSessionId, ...asked }));

describe("what it refuses to parse", () => {
  test.each<[string, Partial<CreateTrafficMirrorFilterRuleCommandInput>, string, RegExp?]>([
    ["a rule's number", { RuleNumber: 0 }, "InvalidParameterValue", /RuleNumber/],
    ["a rule's number that is too high", { RuleNumber: 32_767 }, "InvalidParameterValue"],
    ["a protocol", { Protocol: 256 }, "InvalidParameterValue", /Protocol/],
    ["a block", { SourceCidrBlock: "10.0.0.0" }, "InvalidParameterValue", /SourceCidrBlock/],
    ["blocks of two versions", { SourceCidrBlock: "::/0" }, "InvalidParameterCombination", /IPv6 range/],
    [
      "ports without a protocol that has them",
      { DestinationPortRange: { FromPort: 80, ToPort: 80 } },
      "InvalidParameterCombination",
    ],
    [
      "ports",
      { Protocol: 6, SourcePortRange: { FromPort: 80, ToPort: 79 } },
      "InvalidParameterValue",
      /ToPort/,
    ],
    ["a port", { Protocol: 6, SourcePortRange: { FromPort: 65_536 } }, "InvalidParameterValue", /FromPort/],
    ["ports that begin nowhere", { Protocol: 6, SourcePortRange: { ToPort: 5 } }, "MissingParameter"],
    ["a direction", { TrafficDirection: "up" as never }, "InvalidParameterValue"],
  ])("%s", async (_what, asked, code, message) => {
    await refused(addRule(await filter(), asked), code, message);
  });

  test.each<[string, Partial<CreateTrafficMirrorSessionCommandInput>]>([
    ["SessionNumber", { SessionNumber: 0 }],
    ["SessionNumber", { SessionNumber: 32_767 }],
    ["PacketLength", { PacketLength: 0 }],
    ["PacketLength", { PacketLength: 8501 }],
    ["VirtualNetworkId", { VirtualNetworkId: -1 }],
    ["VirtualNetworkId", { VirtualNetworkId: 16_777_216 }],
  ])("a session's %s", async (name, asked) => {
    await refused(addSession(asked), "InvalidParameterValue", new RegExp(name));
  });

  test("targets", async () => {
    const create = (asked: object) => ec2.send(new CreateTrafficMirrorTargetCommand(asked));
    await refused(create({}), "InvalidParameterCombination");
    await refused(
      create({ NetworkInterfaceId: await eni(), NetworkLoadBalancerArn: "arn:x" }),
      "InvalidParameterCombination",
    );
    await refused(create({ GatewayLoadBalancerEndpointId: "vpc-1" }), "InvalidVpcEndpointId.Malformed");
  });
});

describe("what it refuses to do", () => {
  test("anything with what is not there", async () => {
    const [NoFilter, NoRule, NoTarget, NoSession] = ["Filter", "FilterRule", "Target", "Session"].map(
      (what) => `InvalidTrafficMirror${what}Id.NotFound`,
    ) as [string, string, string, string];
    await refused(
      addRule(missing("tmf")),
      NoFilter,
      `The traffic mirror filter '${missing("tmf")}' does not exist`,
    );
    await refused(
      ec2.send(new DeleteTrafficMirrorFilterCommand({ TrafficMirrorFilterId: missing("tmf") })),
      NoFilter,
    );
    await refused(
      ec2.send(new DescribeTrafficMirrorFilterRulesCommand({ TrafficMirrorFilterId: missing("tmf") })),
      NoFilter,
    );
    await refused(
      ec2.send(new DeleteTrafficMirrorFilterRuleCommand({ TrafficMirrorFilterRuleId: missing("tmfr") })),
      NoRule,
    );
    await refused(
      ec2.send(new DeleteTrafficMirrorTargetCommand({ TrafficMirrorTargetId: missing("tmt") })),
      NoTarget,
    );
    await refused(modifySession(missing("tms"), { SessionNumber: 1 }), NoSession);
    await refused(addSession({ TrafficMirrorTargetId: missing("tmt") }), NoTarget);
    await refused(addSession({ TrafficMirrorFilterId: missing("tmf") }), NoFilter);
    await refused(addSession({ NetworkInterfaceId: missing("eni") }), "InvalidNetworkInterfaceID.NotFound");
    await refused(target(missing("eni")), "InvalidNetworkInterfaceID.NotFound");
    const lead = (asked: object) => ec2.send(new CreateTrafficMirrorTargetCommand(asked));
    await refused(
      lead({ NetworkLoadBalancerArn: "arn:x" }),
      "NetworkLoadBalancerNotFoundException",
      "The Network Load Balancer 'arn:x' does not exist.",
    );
    await refused(lead({ GatewayLoadBalancerEndpointId: missing("vpce") }), "InvalidVpcEndpointId.NotFound");
    const islet = await sharedIslet();
    await operationRefused(islet, "GET mirrored-packets", {}, "MissingParameter");
  });

  test("two rules of one number in a direction", async () => {
    const id = await filter();
    await addRule(id);
    await refused(
      addRule(id),
      "TrafficMirrorFilterRuleAlreadyExists",
      "The Traffic Mirror filter rule already exists.",
    );
    await addRule(id, { TrafficDirection: "egress" });
    const { TrafficMirrorFilterRule } = await addRule(id, { RuleNumber: 200 });
    const rule = TrafficMirrorFilterRule?.TrafficMirrorFilterRuleId ?? "";
    await refused(modifyRule(rule, { RuleNumber: 100 }), "TrafficMirrorFilterRuleAlreadyExists");
    await refused(modifyRule(rule, { SourceCidrBlock: "::/0" }), "InvalidParameterCombination");
    await refused(
      modifyRule(rule, { Protocol: 6, RemoveFields: ["protocol"] }),
      "InvalidParameterCombination",
      /at once/,
    );
    await modifyRule(rule, { RuleNumber: 200, RuleAction: "reject" });
  });

  test("take away what a session uses, or mirror an interface to itself", async () => {
    const [source, TrafficMirrorFilterId, TrafficMirrorTargetId] = [
      await eni(),
      await filter(),
      await target(),
    ];
    const { TrafficMirrorSession } = await addSession({
      NetworkInterfaceId: source,
      TrafficMirrorFilterId,
      TrafficMirrorTargetId,
    });
    const session = TrafficMirrorSession?.TrafficMirrorSessionId ?? "";
    await refused(
      ec2.send(new DeleteTrafficMirrorFilterCommand({ TrafficMirrorFilterId })),
      "TrafficMirrorFilterInUse",
    );
    await refused(
      ec2.send(new DeleteTrafficMirrorTargetCommand({ TrafficMirrorTargetId })),
      "TrafficMirrorTargetInUseException",
    );
    const own = await target(source);
    await refused(modifySession(session, { TrafficMirrorTargetId: own }), "InvalidParameterCombination");
    await refused(
      addSession({ NetworkInterfaceId: source, TrafficMirrorTargetId: own }),
      "InvalidParameterCombination",
    );
    await refused(
      modifySession(session, { PacketLength: 5, RemoveFields: ["packet-length"] }),
      "InvalidParameterCombination",
    );
    await ec2.send(new DeleteTrafficMirrorSessionCommand({ TrafficMirrorSessionId: session }));
    await ec2.send(new DeleteTrafficMirrorTargetCommand({ TrafficMirrorTargetId }));
    await ec2.send(new DeleteTrafficMirrorFilterCommand({ TrafficMirrorFilterId }));
  });
});

describe("what it does", () => {
  test("filters with their rules", async () => {
    const Tags = [{ Key: "k", Value: "v" }];
    const { TrafficMirrorFilter, ClientToken } = await ec2.send(
      new CreateTrafficMirrorFilterCommand({
        Description: "d",
        ClientToken: "t",
        TagSpecifications: [{ ResourceType: "traffic-mirror-filter", Tags }],
      }),
    );
    const id = TrafficMirrorFilter?.TrafficMirrorFilterId ?? "";
    expect([id, ClientToken]).toEqual([expect.stringMatching(/^tmf-0[0-9a-f]{16}$/), "t"]);
    const { TrafficMirrorFilterRule: rule } = await addRule(id, {
      RuleNumber: 20,
      Protocol: 6,
      SourceCidrBlock: "10.0.0.5/8",
      DestinationPortRange: { FromPort: 443, ToPort: 444 },
      SourcePortRange: { FromPort: 1 },
      Description: "web",
      TagSpecifications: [{ ResourceType: "traffic-mirror-filter-rule", Tags }],
    });
    const shown = {
      TrafficMirrorFilterRuleId: expect.stringMatching(/^tmfr-/) as string,
      TrafficMirrorFilterId: id,
      TrafficDirection: "ingress",
      RuleNumber: 20,
      RuleAction: "accept",
      Protocol: 6,
      SourceCidrBlock: "10.0.0.0/8",
      DestinationCidrBlock: "0.0.0.0/0",
      DestinationPortRange: { FromPort: 443, ToPort: 444 },
      SourcePortRange: { FromPort: 1, ToPort: 1 },
      Description: "web",
      Tags,
    };
    expect(rule).toEqual(shown);
    await addRule(id, { RuleNumber: 10 });
    await addRule(id, { TrafficDirection: "egress" });
    const services = (asked: object) =>
      ec2.send(new ModifyTrafficMirrorFilterNetworkServicesCommand({ TrafficMirrorFilterId: id, ...asked }));
    const { TrafficMirrorFilter: changed } = await services({ AddNetworkServices: ["amazon-dns"] });
    expect(changed?.NetworkServices).toEqual(["amazon-dns"]);
    const { TrafficMirrorFilters } = await ec2.send(
      new DescribeTrafficMirrorFiltersCommand({ TrafficMirrorFilterIds: [id] }),
    );
    expect(TrafficMirrorFilters).toMatchObject([
      {
        Description: "d",
        NetworkServices: ["amazon-dns"],
        Tags,
        IngressFilterRules: [{ RuleNumber: 10 }, shown],
      },
    ]);
    expect(TrafficMirrorFilters?.[0]?.EgressFilterRules).toHaveLength(1);
    expect(
      (await services({ RemoveNetworkServices: ["amazon-dns"] })).TrafficMirrorFilter?.NetworkServices,
    ).toEqual([]);
    const ruleId = rule?.TrafficMirrorFilterRuleId ?? "";
    const { TrafficMirrorFilterRule: bare } = await modifyRule(ruleId, {
      RemoveFields: ["destination-port-range", "source-port-range", "protocol", "description"],
      RuleAction: "reject",
      RuleNumber: 30,
    });
    expect(bare).toMatchObject({ RuleAction: "reject", RuleNumber: 30, Description: "" });
    expect([bare?.Protocol, bare?.SourcePortRange, bare?.DestinationPortRange, bare?.Tags ?? []]).toEqual([
      undefined,
      undefined,
      undefined,
      [],
    ]);
    expect(
      await ec2.send(new DeleteTrafficMirrorFilterRuleCommand({ TrafficMirrorFilterRuleId: ruleId })),
    ).toMatchObject({ TrafficMirrorFilterRuleId: ruleId });
    await ec2.send(new DeleteTrafficMirrorFilterCommand({ TrafficMirrorFilterId: id }));
    const { TrafficMirrorFilterRules } = await ec2.send(
      new DescribeTrafficMirrorFilterRulesCommand({
        Filters: [{ Name: "traffic-mirror-filter-id", Values: [id] }],
      }),
    );
    expect(TrafficMirrorFilterRules).toEqual([]);
  });

  test("sessions and targets", async () => {
    const source = await eni();
    const sink = await eni();
    const { TrafficMirrorTarget } = await ec2.send(
      new CreateTrafficMirrorTargetCommand({ NetworkInterfaceId: sink, Description: "sink" }),
    );
    const to = TrafficMirrorTarget?.TrafficMirrorTargetId ?? "";
    expect(TrafficMirrorTarget).toEqual({
      TrafficMirrorTargetId: expect.stringMatching(/^tmt-/) as string,
      NetworkInterfaceId: sink,
      Type: "network-interface",
      Description: "sink",
      OwnerId: expect.stringMatching(/^\d{12}$/) as string,
      Tags: [],
    });
    const by = await filter();
    const { TrafficMirrorSession } = await addSession({
      NetworkInterfaceId: source,
      TrafficMirrorTargetId: to,
      TrafficMirrorFilterId: by,
      VirtualNetworkId: 0,
      PacketLength: 100,
      SessionNumber: 9,
      Description: "s",
    });
    const id = TrafficMirrorSession?.TrafficMirrorSessionId ?? "";
    expect(TrafficMirrorSession).toEqual({
      TrafficMirrorSessionId: expect.stringMatching(/^tms-/) as string,
      NetworkInterfaceId: source,
      TrafficMirrorTargetId: to,
      TrafficMirrorFilterId: by,
      PacketLength: 100,
      SessionNumber: 9,
      VirtualNetworkId: 0,
      Description: "s",
      OwnerId: TrafficMirrorTarget?.OwnerId,
      Tags: [],
    });
    const other = await filter();
    const { TrafficMirrorSession: changed } = await modifySession(id, {
      TrafficMirrorFilterId: other,
      SessionNumber: 3,
      RemoveFields: ["packet-length", "description", "virtual-network-id"],
    });
    expect(changed).toMatchObject({ TrafficMirrorFilterId: other, SessionNumber: 3, Description: "" });
    expect(changed?.PacketLength).toBeUndefined();
    expect(changed?.VirtualNetworkId).toBeLessThan(2 ** 24);
    // The session goes with its source.
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: source }));
    await refused(
      ec2.send(new DescribeTrafficMirrorSessionsCommand({ TrafficMirrorSessionIds: [id] })),
      "InvalidTrafficMirrorSessionId.NotFound",
    );
  });

  test("every filter of the Describe calls", async () => {
    const fresh = await freshClient();
    const before = ec2;
    ec2 = fresh;
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: "10.0.0.0/24" }),
    );
    const kept = subnet;
    subnet = Subnet?.SubnetId ?? "";
    const [one, two] = [await filter("one"), await filter("two")];
    await addRule(one, { Protocol: 17, Description: "rule", RuleNumber: 5, SourceCidrBlock: "10.0.0.0/8" });
    await addRule(two, {
      TrafficDirection: "egress",
      RuleAction: "reject",
      DestinationCidrBlock: "10.1.0.0/16",
    });
    const sink = await eni();
    const to = await target(sink);
    const { TrafficMirrorSession: a } = await addSession({
      TrafficMirrorFilterId: one,
      TrafficMirrorTargetId: to,
      VirtualNetworkId: 11,
      PacketLength: 22,
      SessionNumber: 33,
      Description: "a",
    });
    await addSession({ TrafficMirrorFilterId: two });
    const owner = a?.OwnerId ?? "";
    const Filters = (Name: string, value: string) => ({ Filters: [{ Name, Values: [value] }] });
    for (const [name, value, count] of [
      ["description", "one", 1],
      ["traffic-mirror-filter-id", two, 1],
    ] as const) {
      const { TrafficMirrorFilters } = await ec2.send(
        new DescribeTrafficMirrorFiltersCommand(Filters(name, value)),
      );
      expect([name, TrafficMirrorFilters?.length]).toEqual([name, count]);
    }
    const { TrafficMirrorFilterRules: rules } = await ec2.send(
      new DescribeTrafficMirrorFilterRulesCommand({ TrafficMirrorFilterId: one }),
    );
    expect(rules).toHaveLength(1);
    for (const [name, value] of [
      ["description", "rule"],
      ["destination-cidr-block", "10.1.0.0/16"],
      ["protocol", "17"],
      ["rule-action", "reject"],
      ["rule-number", "5"],
      ["source-cidr-block", "10.0.0.0/8"],
      ["traffic-direction", "egress"],
      ["traffic-mirror-filter-id", two],
      ["traffic-mirror-filter-rule-id", rules?.[0]?.TrafficMirrorFilterRuleId ?? ""],
    ] as const) {
      const { TrafficMirrorFilterRules } = await ec2.send(
        new DescribeTrafficMirrorFilterRulesCommand(Filters(name, value)),
      );
      expect([name, TrafficMirrorFilterRules?.length]).toEqual([name, 1]);
    }
    for (const [name, value, count] of [
      ["description", "none", 0],
      ["network-interface-id", sink, 1],
      ["network-load-balancer-arn", "*", 0],
      ["owner-id", owner, 2],
      ["traffic-mirror-target-id", to, 1],
    ] as const) {
      const { TrafficMirrorTargets } = await ec2.send(
        new DescribeTrafficMirrorTargetsCommand(Filters(name, value)),
      );
      expect([name, TrafficMirrorTargets?.length]).toEqual([name, count]);
    }
    for (const [name, value, count] of [
      ["description", "a", 1],
      ["network-interface-id", a?.NetworkInterfaceId ?? "", 1],
      ["owner-id", owner, 2],
      ["packet-length", "22", 1],
      ["session-number", "33", 1],
      ["traffic-mirror-filter-id", one, 1],
      ["traffic-mirror-session-id", a?.TrafficMirrorSessionId ?? "", 1],
      ["traffic-mirror-target-id", to, 1],
      ["virtual-network-id", "11", 1],
    ] as const) {
      const { TrafficMirrorSessions } = await ec2.send(
        new DescribeTrafficMirrorSessionsCommand(Filters(name, value)),
      );
      expect([name, TrafficMirrorSessions?.length]).toEqual([name, count]);
    }
    [ec2, subnet] = [before, kept];
  });

  test("copies packets to the target, by the filter as it is now", async () => {
    const islet = await sharedIslet();
    const Region = "us-east-1";
    const hosts = await Promise.all(
      ["10.0.0.50", "10.0.0.51", "10.0.0.52"].map((PrivateIpAddress) =>
        launch(ec2, { SubnetId: subnet, PrivateIpAddress }),
      ),
    );
    const interfaces = await Promise.all(
      hosts.map(async (id) => {
        const { NetworkInterfaces } = await ec2.send(
          new DescribeNetworkInterfacesCommand({
            Filters: [{ Name: "attachment.instance-id", Values: [id] }],
          }),
        );
        return NetworkInterfaces?.[0]?.NetworkInterfaceId ?? "";
      }),
    );
    const [from = "", to = "", appliance = ""] = interfaces;
    const by = await filter();
    await addSession({
      NetworkInterfaceId: to,
      TrafficMirrorTargetId: await target(appliance),
      TrafficMirrorFilterId: by,
      VirtualNetworkId: 4711,
      PacketLength: 100,
    });
    const send = () =>
      operate(islet, "POST packets", {
        Region,
        From: from,
        To: to,
        Protocol: "tcp",
        Port: 443,
        Length: 1000,
      });
    const copies = async () =>
      (await operate(islet, "GET mirrored-packets", { NetworkInterfaceId: appliance }))["Packets"];
    await send();
    expect(await copies()).toEqual([]);
    await addRule(by, { Protocol: 6, DestinationPortRange: { FromPort: 443, ToPort: 443 } });
    await send();
    expect(await copies()).toEqual([
      {
        SessionId: expect.stringMatching(/^tms-/) as string,
        VirtualNetworkId: 4711,
        Time: expect.stringMatching(/Z$/) as string,
        Outcome: "delivered",
        Outer: expect.objectContaining({
          Source: "10.0.0.51",
          Destination: "10.0.0.52",
          Protocol: "udp",
          DestinationPort: 4789,
          Length: 140,
        }) as unknown,
        Inner: expect.objectContaining({
          Source: "10.0.0.50",
          DestinationPort: 443,
          Length: 1000,
        }) as unknown,
      },
    ]);
    await addRule(by, { RuleNumber: 1, RuleAction: "reject" });
    await send();
    expect(await copies()).toHaveLength(1);
  });
});
