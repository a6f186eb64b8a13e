import {
  AcceptVpcEndpointConnectionsCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  CreateVpcEndpointConnectionNotificationCommand,
  CreateVpcEndpointServiceConfigurationCommand,
  DeleteVpcEndpointConnectionNotificationsCommand,
  DeleteVpcEndpointServiceConfigurationsCommand,
  DeleteVpcEndpointsCommand,
  DescribeVpcEndpointConnectionNotificationsCommand,
  DescribeVpcEndpointConnectionsCommand,
  DescribeVpcEndpointServiceConfigurationsCommand,
  DescribeVpcEndpointServicePermissionsCommand,
  DescribeVpcEndpointServicesCommand,
  DescribeVpcEndpointsCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
  ModifyVpcEndpointCommand,
  ModifyVpcEndpointConnectionNotificationCommand,
  ModifyVpcEndpointPayerResponsibilityCommand,
  ModifyVpcEndpointServiceConfigurationCommand,
  ModifyVpcEndpointServicePayerResponsibilityCommand,
  ModifyVpcEndpointServicePermissionsCommand,
  RejectVpcEndpointConnectionsCommand,
  StartVpcEndpointServicePrivateDnsVerificationCommand,
  type CreateVpcEndpointServiceConfigurationCommandInput,
  type ModifyVpcEndpointServiceConfigurationCommandInput,
  type ServiceConfiguration,
  type VpcEndpoint,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { operate } from "../http/send.ts";
import { configOf, freshKeys, refused, sharedIslet } from "../islet.ts";
import { note } from "../seen.ts";

const Region = "us-east-1";
const islet = await sharedIslet();

interface Account {
  readonly ec2: EC2Client;
  readonly account: string;
}

function newAccount(): Account {
  const keys = freshKeys(islet);
  return { ec2: new EC2Client(configOf(islet, keys)), account: keys.account };
}

const arnOf = (account: string, kind = "net", name = "lb", region = Region): string =>
  `arn:aws:elasticloadbalancing:${region}:${account}:loadbalancer/${kind}/${name}/0123456789abcdef`;

/** What every service has. */
type Made = ServiceConfiguration & { readonly ServiceId: string; readonly ServiceName: string };

async function serve(
  { ec2, account }: Account,
  asked: Partial<CreateVpcEndpointServiceConfigurationCommandInput> = {},
): Promise<Made> {
  const { ServiceConfiguration } = await ec2.send(
    new CreateVpcEndpointServiceConfigurationCommand({ NetworkLoadBalancerArns: [arnOf(account)], ...asked }),
  );
  return ServiceConfiguration as Made;
}

const allow = ({ ec2 }: Account, ServiceId: string, ...AddAllowedPrincipals: string[]) =>
  ec2.send(new ModifyVpcEndpointServicePermissionsCommand({ ServiceId, AddAllowedPrincipals }));

const rootOf = ({ account }: Account): string => `arn:aws:iam::${account}:root`;

async function vpcOf({ ec2 }: Account): Promise<{ vpc: string; subnet: string }> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const VpcId = Vpc?.VpcId ?? "";
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24", AvailabilityZone: `${Region}a` }),
  );
  return { vpc: VpcId, subnet: Subnet?.SubnetId ?? "" };
}

async function connect(consumer: Account, ServiceName: string, asked: object = {}): Promise<VpcEndpoint> {
  const { vpc, subnet } = await vpcOf(consumer);
  const { VpcEndpoint = {} } = await consumer.ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: vpc,
      ServiceName,
      VpcEndpointType: "Interface",
      SubnetIds: [subnet],
      ...asked,
    }),
  );
  return VpcEndpoint;
}

const stateOf = async (
  { ec2 }: Account,
  { VpcEndpointId = "" }: VpcEndpoint,
): Promise<string | undefined> => {
  const { VpcEndpoints } = await ec2.send(
    new DescribeVpcEndpointsCommand({ VpcEndpointIds: [VpcEndpointId] }),
  );
  return VpcEndpoints?.[0]?.State;
};

const described = async ({ ec2 }: Account, id: string): Promise<ServiceConfiguration> => {
  const { ServiceConfigurations } = await ec2.send(
    new DescribeVpcEndpointServiceConfigurationsCommand({ ServiceIds: [id] }),
  );
  return ServiceConfigurations?.[0] ?? {};
};

const nobody = "vpce-svc-0123456789abcdef0";

describe("what it refuses to parse", () => {
  test("load balancers that are none, or of another kind, account or region", async () => {
    const owner = newAccount();
    const wrong = [
      "x",
      arnOf("111122223333"),
      arnOf(owner.account, "app"),
      arnOf(owner.account, "gwy"),
      arnOf(owner.account, "net", "lb", "eu-west-1"),
      arnOf(owner.account, "net", "-lb"),
    ];
    for (const arn of wrong) {
      await refused(serve(owner, { NetworkLoadBalancerArns: [arn] }), "InvalidParameter", /Network Load/);
    }
    const both = { GatewayLoadBalancerArns: [arnOf(owner.account, "gwy")] };
    await refused(
      serve(owner, both),
      "InvalidParameter",
      "exactly one of network_load_balancer_arn or gateway_load_balancer_arn is a required member",
    );
    await refused(serve(owner, { NetworkLoadBalancerArns: [] }), "InvalidParameter", /exactly one/);
  });

  test("private names, address types and regions that are none", async () => {
    const owner = newAccount();
    for (const PrivateDnsName of ["x", "a b.com", "-a.com", `${"a".repeat(64)}.com`]) {
      await refused(serve(owner, { PrivateDnsName }), "InvalidParameter", /private DNS name/);
    }
    await refused(serve(owner, { SupportedIpAddressTypes: ["ipv5"] }), "InvalidParameter");
    await refused(serve(owner, { SupportedRegions: ["eu-nowhere-1"] }), "InvalidParameter");
  });

  test("principals that are none", async () => {
    const owner = newAccount();
    const { ServiceId } = await serve(owner);
    for (const principal of ["", "x", "111122223333", "arn:aws:iam::111122223333:role/path/name"]) {
      await refused(
        allow(owner, ServiceId, principal),
        "InvalidPrincipal",
        `Invalid Principal: '${principal}'`,
      );
    }
  });

  test("notifications of nothing, to nobody", async () => {
    const owner = newAccount();
    const { ServiceId } = await serve(owner);
    const notify = (more: object) =>
      owner.ec2.send(
        new CreateVpcEndpointConnectionNotificationCommand({
          ConnectionNotificationArn: `arn:aws:sns:${Region}:${owner.account}:topic`,
          ConnectionEvents: ["Accept"],
          ...more,
        }),
      );
    await refused(notify({}), "MissingParameter");
    await refused(
      notify({ ServiceId, VpcEndpointId: "vpce-0123456789abcdef0" }),
      "InvalidParameterCombination",
    );
    await refused(notify({ ServiceId, ConnectionEvents: ["Nothing"] }), "InvalidParameter");
    await refused(
      notify({ ServiceId, ConnectionNotificationArn: "arn:aws:sns:eu-west-1:1:x" }),
      "InvalidParameter",
    );
    await refused(notify({ ServiceId: nobody }), "InvalidVpcEndpointServiceId.NotFound");
  });
});

describe("what it refuses to do", () => {
  test("anything with a service of somebody else", async () => {
    const [owner, stranger] = [newAccount(), newAccount()];
    const { ServiceId } = await serve(owner);
    await allow(owner, ServiceId, "*");
    const { ec2 } = stranger;
    const code = "InvalidVpcEndpointServiceId.NotFound";
    const text = `The VpcEndpointService Id '${ServiceId}' does not exist`;
    await refused(described(stranger, ServiceId), code, text);
    await refused(allow(stranger, ServiceId, "*"), code);
    const asked = { ServiceId, VpcEndpointIds: ["vpce-0123456789abcdef0"] };
    await refused(ec2.send(new AcceptVpcEndpointConnectionsCommand(asked)), code);
    await refused(ec2.send(new RejectVpcEndpointConnectionsCommand(asked)), code);
    await refused(ec2.send(new ModifyVpcEndpointServiceConfigurationCommand({ ServiceId })), code);
    await refused(ec2.send(new DescribeVpcEndpointServicePermissionsCommand({ ServiceId })), code);
    await refused(ec2.send(new StartVpcEndpointServicePrivateDnsVerificationCommand({ ServiceId })), code);
    const { Unsuccessful } = await ec2.send(
      new DeleteVpcEndpointServiceConfigurationsCommand({ ServiceIds: [ServiceId] }),
    );
    expect(Unsuccessful).toEqual([{ ResourceId: ServiceId, Error: { Code: code, Message: text } }]);
  });

  test("endpoints for who is not named", async () => {
    const [owner, named, stranger] = [newAccount(), newAccount(), newAccount()];
    const { ServiceId, ServiceName } = await serve(owner);
    const offered = async ({ ec2 }: Account): Promise<boolean> => {
      const { ServiceNames } = await ec2.send(new DescribeVpcEndpointServicesCommand({}));
      return ServiceNames?.includes(ServiceName) ?? false;
    };
    await refused(connect(named, ServiceName), "InvalidServiceName");
    await allow(owner, ServiceId, rootOf(named), `arn:aws:iam::${stranger.account}:user/one`);
    expect(await Promise.all([owner, named, stranger].map(offered))).toEqual([true, true, false]);
    await refused(connect(stranger, ServiceName), "InvalidServiceName");
    expect(await connect(named, ServiceName)).toMatchObject({ State: "pendingAcceptance" });
    await owner.ec2.send(
      new ModifyVpcEndpointServicePermissionsCommand({ ServiceId, RemoveAllowedPrincipals: [rootOf(named)] }),
    );
    await refused(connect(named, ServiceName), "InvalidServiceName");
    await allow(owner, ServiceId, "*");
    expect(await connect(stranger, ServiceName)).toMatchObject({ State: "pendingAcceptance" });
  });

  test("endpoints with what the service does not have", async () => {
    const owner = newAccount();
    const { ServiceName } = await serve(owner);
    await refused(
      connect(owner, ServiceName, { PrivateDnsEnabled: true }),
      "InvalidParameter",
      `Private DNS can't be enabled because the service ${ServiceName} does not provide a private DNS name.`,
    );
    await refused(connect(owner, ServiceName, { PolicyDocument: "{}" }), "InvalidParameter", /policies/);
    await refused(connect(owner, ServiceName, { VpcEndpointType: "Gateway" }), "InvalidParameter");
  });

  test("to change a service into what cannot be", async () => {
    const owner = newAccount();
    const { ServiceId } = await serve(owner);
    const modify = (more: Partial<ModifyVpcEndpointServiceConfigurationCommandInput>) =>
      owner.ec2.send(new ModifyVpcEndpointServiceConfigurationCommand({ ServiceId, ...more }));
    await refused(modify({ RemoveNetworkLoadBalancerArns: [arnOf(owner.account)] }), "InvalidParameter");
    await refused(modify({ RemoveNetworkLoadBalancerArns: ["x"] }), "InvalidParameter");
    await refused(modify({ AddGatewayLoadBalancerArns: [arnOf(owner.account, "gwy")] }), "InvalidParameter");
    await refused(modify({ RemoveSupportedIpAddressTypes: ["ipv4"] }), "InvalidParameter");
    await refused(modify({ AddSupportedRegions: ["eu-nowhere-1"] }), "InvalidParameter");
    await refused(modify({ RemoveSupportedRegions: [Region] }), "InvalidParameter");
    await refused(
      modify({ PrivateDnsName: "a.example.com", RemovePrivateDnsName: true }),
      "InvalidParameterCombination",
    );
    const start = new StartVpcEndpointServicePrivateDnsVerificationCommand({ ServiceId });
    await refused(owner.ec2.send(start), "InvalidParameter");
  });

  test("to delete a service that endpoints are connected to", async () => {
    const owner = newAccount();
    const { ServiceId, ServiceName } = await serve(owner);
    const { VpcEndpointId = "" } = await connect(owner, ServiceName);
    const remove = new DeleteVpcEndpointServiceConfigurationsCommand({ ServiceIds: [ServiceId] });
    expect((await owner.ec2.send(remove)).Unsuccessful).toEqual([
      {
        ResourceId: ServiceId,
        Error: {
          Code: "ExistingVpcEndpointConnections",
          Message: `Service ${ServiceId} has existing active VPC Endpoint connections!`,
        },
      },
    ]);
    // It comes in a list within an answer, where the server does not note it as one of its errors.
    note("DeleteVpcEndpointServiceConfigurations", "ExistingVpcEndpointConnections");
    await owner.ec2.send(
      new RejectVpcEndpointConnectionsCommand({ ServiceId, VpcEndpointIds: [VpcEndpointId] }),
    );
    expect((await owner.ec2.send(remove)).Unsuccessful).toEqual([]);
  });

  test("to accept what is accepted, reject what is rejected, and change what is rejected", async () => {
    const owner = newAccount();
    const { ServiceId, ServiceName } = await serve(owner, { AcceptanceRequired: false });
    const { VpcEndpointId = "" } = await connect(owner, ServiceName);
    const asked = { ServiceId, VpcEndpointIds: [VpcEndpointId] };
    const accepted = await owner.ec2.send(new AcceptVpcEndpointConnectionsCommand(asked));
    expect(accepted.Unsuccessful).toMatchObject([{ Error: { Code: "IncorrectState" } }]);
    await owner.ec2.send(new RejectVpcEndpointConnectionsCommand(asked));
    const rejected = await owner.ec2.send(new RejectVpcEndpointConnectionsCommand(asked));
    expect(rejected.Unsuccessful).toMatchObject([{ Error: { Code: "IncorrectState" } }]);
    await refused(
      owner.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId, PrivateDnsEnabled: false })),
      "IncorrectState",
    );
    const unknown = await owner.ec2.send(
      new AcceptVpcEndpointConnectionsCommand({ ServiceId, VpcEndpointIds: ["x", "vpce-0123456789abcdef0"] }),
    );
    expect(unknown.Unsuccessful?.map(({ Error: error }) => error?.Code)).toEqual([
      "InvalidVpcEndpointId.Malformed",
      "InvalidVpcEndpointId.NotFound",
    ]);
  });

  test("a Gateway Load Balancer endpoint with more or less than one subnet, or a private name", async () => {
    const owner = newAccount();
    const arns = { NetworkLoadBalancerArns: [], GatewayLoadBalancerArns: [arnOf(owner.account, "gwy")] };
    await refused(serve(owner, { ...arns, PrivateDnsName: "a.example.com" }), "InvalidParameter");
    const { ServiceName, ServiceType } = await serve(owner, arns);
    expect(ServiceType).toEqual([{ ServiceType: "GatewayLoadBalancer" }]);
    await refused(
      connect(owner, ServiceName, { VpcEndpointType: "GatewayLoadBalancer", SubnetIds: [] }),
      "InvalidParameter",
      /exactly one subnet/,
    );
  });

  test("an endpoint in a zone that the load balancers are not in", async () => {
    const owner = newAccount();
    const { ServiceName, ServiceId } = await serve(owner);
    const { vpc } = await vpcOf(owner);
    const { Subnet } = await owner.ec2.send(
      new CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.0.9.0/24", AvailabilityZone: `${Region}b` }),
    );
    const { status } = await operate(islet, "POST", "load-balancers", {
      Region,
      LoadBalancerArn: arnOf(owner.account),
      SubnetIds: [Subnet?.SubnetId],
    });
    expect(status).toBe(200);
    expect((await described(owner, ServiceId)).AvailabilityZones).toEqual([`${Region}b`]);
    await refused(
      connect(owner, ServiceName),
      "InvalidParameter",
      /does not support the availability zone of the subnet/,
    );
  });
});

describe("what it does", () => {
  test("a service, shown to its owner and to consumers", async () => {
    const owner = newAccount();
    const made = await serve(owner, {
      TagSpecifications: [{ ResourceType: "vpc-endpoint-service", Tags: [{ Key: "Name", Value: "s" }] }],
    });
    expect(made).toMatchObject({
      ServiceType: [{ ServiceType: "Interface" }],
      ServiceName: `com.amazonaws.vpce.${Region}.${made.ServiceId}`,
      ServiceState: "Available",
      AcceptanceRequired: true,
      ManagesVpcEndpoints: false,
      NetworkLoadBalancerArns: [arnOf(owner.account)],
      SupportedIpAddressTypes: ["ipv4"],
      BaseEndpointDnsNames: [`${made.ServiceId}.${Region}.vpce.amazonaws.com`],
      SupportedRegions: [{ Region, ServiceState: "Available" }],
      Tags: [{ Key: "Name", Value: "s" }],
    });
    const found = async (Name: string, value: string) => {
      const { ServiceConfigurations } = await owner.ec2.send(
        new DescribeVpcEndpointServiceConfigurationsCommand({ Filters: [{ Name, Values: [value] }] }),
      );
      return ServiceConfigurations?.length;
    };
    expect(await found("service-name", made.ServiceName)).toBe(1);
    expect(await found("service-id", made.ServiceId)).toBe(1);
    expect(await found("service-state", "Available")).toBe(1);
    expect(await found("supported-ip-address-types", "ipv6")).toBe(0);
    const consumer = newAccount();
    await allow(owner, made.ServiceId, rootOf(consumer));
    const { ServiceDetails } = await consumer.ec2.send(
      new DescribeVpcEndpointServicesCommand({ Filters: [{ Name: "owner", Values: [owner.account] }] }),
    );
    expect(ServiceDetails).toMatchObject([
      { ServiceId: made.ServiceId, AcceptanceRequired: true, VpcEndpointPolicySupported: false, Tags: [] },
    ]);
  });

  test("changes of a service", async () => {
    const owner = newAccount();
    const { ServiceId } = await serve(owner);
    const second = arnOf(owner.account, "net", "second");
    const modify = (more: Partial<ModifyVpcEndpointServiceConfigurationCommandInput>) =>
      owner.ec2.send(new ModifyVpcEndpointServiceConfigurationCommand({ ServiceId, ...more }));
    const answer = await modify({
      AcceptanceRequired: false,
      AddNetworkLoadBalancerArns: [second],
      RemoveNetworkLoadBalancerArns: [arnOf(owner.account)],
      AddSupportedIpAddressTypes: ["ipv6"],
      AddSupportedRegions: [Region],
      PrivateDnsName: "api.example.com",
    });
    expect(answer).toMatchObject({ Return: true });
    expect(await described(owner, ServiceId)).toMatchObject({
      AcceptanceRequired: false,
      NetworkLoadBalancerArns: [second],
      SupportedIpAddressTypes: ["ipv4", "ipv6"],
      PrivateDnsName: "api.example.com",
    });
    await modify({ RemovePrivateDnsName: true });
    expect(await described(owner, ServiceId)).not.toHaveProperty("PrivateDnsName");
    await owner.ec2.send(
      new ModifyVpcEndpointServicePayerResponsibilityCommand({
        ServiceId,
        PayerResponsibility: "ServiceOwner",
      }),
    );
    expect(await described(owner, ServiceId)).toMatchObject({ PayerResponsibility: "ServiceOwner" });
  });

  test("permissions", async () => {
    const owner = newAccount();
    const { ServiceId } = await serve(owner);
    const role = "arn:aws:iam::111122223333:role/r";
    const { AddedPrincipals } = await allow(owner, ServiceId, "*", role, role);
    expect(AddedPrincipals).toMatchObject([
      { PrincipalType: "All", Principal: "*", ServiceId },
      { PrincipalType: "Role", Principal: role },
    ]);
    expect((await allow(owner, ServiceId, role)).AddedPrincipals).toEqual([]);
    const found = async (Name: string, value: string) => {
      const { AllowedPrincipals } = await owner.ec2.send(
        new DescribeVpcEndpointServicePermissionsCommand({ ServiceId, Filters: [{ Name, Values: [value] }] }),
      );
      return AllowedPrincipals?.map(({ Principal }) => Principal);
    };
    expect(await found("principal-type", "Role")).toEqual([role]);
    expect(await found("principal", "\\*")).toEqual(["*"]);
  });

  test("connections: waiting, accepted, rejected, accepted again, deleted", async () => {
    const [owner, consumer] = [newAccount(), newAccount()];
    const { ServiceId, ServiceName } = await serve(owner);
    await allow(owner, ServiceId, rootOf(consumer));
    const endpoint = await connect(consumer, ServiceName);
    expect(endpoint.DnsEntries?.[0]?.DnsName).toMatch(
      new RegExp(
        `^${endpoint.VpcEndpointId}-[a-z2-7]{8}\\.${ServiceId}\\.${Region}\\.vpce\\.amazonaws\\.com$`,
      ),
    );
    const { VpcEndpointId = "" } = endpoint;
    const asked = { ServiceId, VpcEndpointIds: [VpcEndpointId] };
    const connections = async (Name = "vpc-endpoint-owner", value = consumer.account) => {
      const { VpcEndpointConnections } = await owner.ec2.send(
        new DescribeVpcEndpointConnectionsCommand({ Filters: [{ Name, Values: [value] }] }),
      );
      return VpcEndpointConnections ?? [];
    };
    expect(await connections()).toMatchObject([
      {
        ServiceId,
        VpcEndpointId,
        VpcEndpointOwner: consumer.account,
        VpcEndpointState: "pendingAcceptance",
        NetworkLoadBalancerArns: [arnOf(owner.account)],
        IpAddressType: "ipv4",
        VpcEndpointRegion: Region,
        VpcEndpointConnectionId: expect.stringMatching(/^vpce-con-0[0-9a-f]{16}$/) as string,
      },
    ]);
    expect((await owner.ec2.send(new AcceptVpcEndpointConnectionsCommand(asked))).Unsuccessful).toEqual([]);
    expect(await stateOf(consumer, endpoint)).toBe("available");
    expect((await owner.ec2.send(new RejectVpcEndpointConnectionsCommand(asked))).Unsuccessful).toEqual([]);
    expect(await stateOf(consumer, endpoint)).toBe("rejected");
    await owner.ec2.send(new AcceptVpcEndpointConnectionsCommand(asked));
    expect(await connections("vpc-endpoint-state", "available")).toHaveLength(1);
    expect(await connections("vpc-endpoint-region", Region)).toHaveLength(1);
    expect(await connections("ip-address-type", "ipv6")).toHaveLength(0);
    expect(await connections("service-id", ServiceId)).toHaveLength(1);
    expect(await connections("vpc-endpoint-id", VpcEndpointId)).toHaveLength(1);
    await consumer.ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: [VpcEndpointId] }));
    expect(await connections()).toEqual([]);
  });

  test("the costs of a consumer, taken on by the owner", async () => {
    const [owner, consumer] = [newAccount(), newAccount()];
    const { ServiceId, ServiceName } = await serve(owner, { AcceptanceRequired: false });
    await allow(owner, ServiceId, rootOf(consumer));
    const { VpcEndpointId } = await connect(consumer, ServiceName);
    const pay = new ModifyVpcEndpointPayerResponsibilityCommand({
      ServiceId,
      VpcEndpointId,
      PayerResponsibility: "vpc-endpoint-service-account",
      Scope: "vpc-endpoint-charges",
    });
    await refused(consumer.ec2.send(pay), "InvalidVpcEndpointServiceId.NotFound");
    expect((await owner.ec2.send(pay)).PayerResponsibilities).toEqual([
      { Scope: "vpc-endpoint-charges", PayerResponsibilityType: "vpc-endpoint-service-account" },
    ]);
  });

  test("a private name, once the domain's TXT record shows whose it is", async () => {
    const owner = newAccount();
    const put = async (Name: string, Values: readonly string[]): Promise<void> => {
      const fields = { Name, Type: "TXT", Values };
      expect(await operate(islet, "POST", "dns-records", fields)).toMatchObject({ status: 200 });
    };
    const offer = async (PrivateDnsName: string) => {
      const made = await serve(owner, { PrivateDnsName, AcceptanceRequired: false });
      const { ServiceId, ServiceName, PrivateDnsNameConfiguration: shown } = made;
      expect(shown).toMatchObject({ State: "pendingVerification", Type: "TXT" });
      return { ServiceId, ServiceName, name: shown?.Name ?? "", value: shown?.Value ?? "" };
    };
    const verify = async (ServiceId: string) => {
      await owner.ec2.send(new StartVpcEndpointServicePrivateDnsVerificationCommand({ ServiceId }));
      return (await described(owner, ServiceId)).PrivateDnsNameConfiguration?.State;
    };
    const { ServiceId, ServiceName, name, value } = await offer("api.example.com");
    expect(await verify(ServiceId)).toBe("failed");
    await refused(connect(owner, ServiceName, { PrivateDnsEnabled: true }), "InvalidParameter");
    await put(`${name}.api.example.com`, [value.toUpperCase(), "v=spf1 -all"]);
    expect(await verify(ServiceId)).toBe("failed");
    await put(`${name}.api.example.com`, ["v=spf1 -all", value]);
    expect(await verify(ServiceId)).toBe("verified");
    const { DnsEntries } = await connect(owner, ServiceName, { PrivateDnsEnabled: true });
    expect(DnsEntries?.map(({ DnsName }) => DnsName)).toContain("api.example.com");
    await put(`${name}.api.example.com`, []);
    expect(await verify(ServiceId)).toBe("verified");

    const wide = await offer("*.Shop.example.com");
    await put("shop.example.com", [wide.value]);
    expect(await verify(wide.ServiceId)).toBe("verified");
    expect(await verify((await offer("s3.amazonaws.com")).ServiceId)).toBe("failed");
  });

  test("notifications", async () => {
    const owner = newAccount();
    const { ServiceId } = await serve(owner);
    const topic = (name: string): string => `arn:aws:sns:${Region}:${owner.account}:${name}`;
    const { ConnectionNotification } = await owner.ec2.send(
      new CreateVpcEndpointConnectionNotificationCommand({
        ServiceId,
        ConnectionNotificationArn: topic("one"),
        ConnectionEvents: ["Accept", "Reject"],
      }),
    );
    const { ConnectionNotificationId = "" } = ConnectionNotification ?? {};
    expect(ConnectionNotification).toMatchObject({
      ServiceId,
      ConnectionNotificationType: "Topic",
      ConnectionNotificationState: "Enabled",
      ConnectionEvents: ["Accept", "Reject"],
    });
    await owner.ec2.send(
      new ModifyVpcEndpointConnectionNotificationCommand({
        ConnectionNotificationId,
        ConnectionNotificationArn: topic("two"),
        ConnectionEvents: ["Delete"],
      }),
    );
    const found = async (asked: object) => {
      const { ConnectionNotificationSet } = await owner.ec2.send(
        new DescribeVpcEndpointConnectionNotificationsCommand(asked),
      );
      return ConnectionNotificationSet?.map(({ ConnectionEvents }) => ConnectionEvents);
    };
    expect(await found({ ConnectionNotificationId })).toEqual([["Delete"]]);
    const filters: readonly (readonly [string, string])[] = [
      ["connection-notification-arn", topic("two")],
      ["connection-notification-id", ConnectionNotificationId],
      ["connection-notification-state", "Enabled"],
      ["connection-notification-type", "Topic"],
      ["service-id", ServiceId],
    ];
    for (const [Name, value] of filters) {
      expect([Name, await found({ Filters: [{ Name, Values: [value] }] })]).toEqual([Name, [["Delete"]]]);
    }
    const remove = new DeleteVpcEndpointConnectionNotificationsCommand({
      ConnectionNotificationIds: [ConnectionNotificationId, "vpce-nfn-0123456789abcdef0"],
    });
    const { Unsuccessful } = await owner.ec2.send(remove);
    expect(Unsuccessful).toMatchObject([{ Error: { Code: "InvalidConnectionNotification" } }]);
    await refused(found({ ConnectionNotificationId }), "InvalidConnectionNotification");
  });

  test("what the operator says of load balancers is checked", async () => {
    const owner = newAccount();
    const { subnet } = await vpcOf(owner);
    const { subnet: other } = await vpcOf(owner);
    const put = async (more: object): Promise<unknown> => {
      const { status, json } = await operate(islet, "POST", "load-balancers", {
        Region,
        LoadBalancerArn: arnOf(owner.account),
        SubnetIds: [subnet],
        ...more,
      });
      return status === 200 ? "ok" : (json as { error: string }).error;
    };
    expect(await put({ LoadBalancerArn: "x" })).toBe("InvalidParameterValue");
    expect(await put({ LoadBalancerArn: arnOf(owner.account, "net", "lb", "eu-west-1") })).toBe(
      "InvalidParameterValue",
    );
    expect(await put({ Region: "x" })).toBe("InvalidParameterValue");
    expect(await put({ SubnetIds: "x" })).toBe("InvalidParameterValue");
    expect(await put({ SubnetIds: ["x"] })).toBe("InvalidSubnetID.Malformed");
    expect(await put({ SubnetIds: [subnet, other] })).toBe("InvalidParameterValue");
    expect(await put({ Targets: ["i-0123456789abcdef0"] })).toBe("InvalidInstanceID.NotFound");
    expect(await put({ Targets: ["x"] })).toBe("InvalidNetworkInterfaceId.Malformed");
    expect(await put({ CrossZone: "x" })).toBe("InvalidParameterValue");
    expect(await put({ Nonsense: 1 })).toBe("UnknownParameter");
    expect(await put({})).toBe("ok");
    expect(await put({ CrossZone: true })).toBe("ok");
    expect(await put({ SubnetIds: [] })).toBe("ok");
    expect(await put({ SubnetIds: [] })).toBe("ok");
  });
});
