import {
  CreateClientVpnEndpointCommand,
  CreateSecurityGroupCommand,
  DeleteClientVpnEndpointCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeClientVpnEndpointsCommand,
  DescribeSecurityGroupsCommand,
  DisassociateClientVpnTargetNetworkCommand,
  ModifyClientVpnEndpointCommand,
  type ClientVpnAuthenticationRequest,
  type CreateClientVpnEndpointCommandInput,
  type ModifyClientVpnEndpointCommandInput,
} from "@aws-sdk/client-ec2";
import { CloudWatchLogsClient, CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import { beforeAll, describe, expect, test } from "vitest";
import { configOf, ownIslet, refused } from "../islet.ts";
import {
  associate,
  BY_NAME,
  newEndpoint,
  newNetwork,
  newOwner,
  newReadyEndpoint,
  Region,
  shownEndpoint,
  targetNetworks,
  wanted,
  type Owner,
} from "./clientVpns.ts";

let owner: Owner;
beforeAll(async () => {
  owner = await newOwner();
});

type Asked = Partial<CreateClientVpnEndpointCommandInput>;

const create = (asked: Asked) => owner.ec2.send(new CreateClientVpnEndpointCommand(wanted(owner, asked)));
const by = (...AuthenticationOptions: ClientVpnAuthenticationRequest[]): Asked => ({ AuthenticationOptions });
const modify = (
  ClientVpnEndpointId: string,
  asked: Omit<ModifyClientVpnEndpointCommandInput, "ClientVpnEndpointId">,
) => owner.ec2.send(new ModifyClientVpnEndpointCommand({ ClientVpnEndpointId, ...asked }));

describe("what it refuses to parse", () => {
  const other = `arn:aws:acm:eu-west-1:000000000000:certificate/12345678-1234-1234-1234-123456789012`;

  test.each<readonly [Asked, string]>([
    [{ ClientCidrBlock: "172.16.0.0/23" }, "InvalidParameterValue"],
    [{ ClientCidrBlock: "10.0.0.0/11" }, "InvalidParameterValue"],
    [{ ClientCidrBlock: "2001:db8::/64" }, "InvalidParameterValue"],
    [{ ClientCidrBlock: undefined }, "MissingParameter"],
    [{ ServerCertificateArn: "arn:aws:acm:us-east-1" }, "InvalidParameterValue"],
    [{ ServerCertificateArn: other }, "InvalidParameterValue"],
    [{ VpnPort: 80 }, "InvalidParameterValue"],
    [{ SessionTimeoutHours: 9 }, "InvalidParameterValue"],
    [{ DnsServers: ["resolver"] }, "InvalidParameterValue"],
    [{ DnsServers: ["10.0.0.2", "10.0.0.3", "10.0.0.4"] }, "InvalidParameterValue"],
    [{ ConnectionLogOptions: { Enabled: true } }, "MissingParameter"],
    [{ ClientLoginBannerOptions: { Enabled: true } }, "MissingParameter"],
    [by(), "MissingParameter"],
    [by({}), "MissingParameter"],
    [by({ Type: "certificate-authentication" }), "MissingParameter"],
    [by({ Type: "directory-service-authentication" }), "MissingParameter"],
    [
      by({ Type: "directory-service-authentication", ActiveDirectory: { DirectoryId: "d-1" } }),
      "InvalidParameterValue",
    ],
    [by({ Type: "federated-authentication" }), "MissingParameter"],
    [
      by({
        Type: "federated-authentication",
        FederatedAuthentication: { SAMLProviderArn: "arn:aws:iam::000000000000:saml-provider/idp" },
      }),
      "InvalidParameterValue",
    ],
    [
      by(...(BY_NAME.AuthenticationOptions ?? []), ...(BY_NAME.AuthenticationOptions ?? [])),
      "InvalidParameterCombination",
    ],
    [{ SecurityGroupIds: ["sg-0123456789abcdef0"] }, "MissingParameter"],
    [{ VpcId: "vpc-x" }, "InvalidVpcID.Malformed"],
    [{ TransitGatewayConfiguration: { AvailabilityZones: ["us-east-1a"] } }, "MissingParameter"],
    [
      { TransitGatewayConfiguration: { TransitGatewayId: "tgw-0123456789abcdef0" }, VpcId: "vpc-01234567" },
      "InvalidParameterCombination",
    ],
    [{ TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "a" }] }] }, "InvalidParameterValue"],
  ])("%j", (asked, code) => refused(create(asked), code));

  test("a banner that is too long", async () => {
    const ClientLoginBannerOptions = { Enabled: true, BannerText: "x".repeat(1401) };
    await refused(create({ ClientLoginBannerOptions }), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test.each<Asked>([
    { ClientConnectOptions: { Enabled: true, LambdaFunctionArn: "arn:aws:lambda" } },
    { DevicePostureOptions: { Enabled: true } },
    { TrafficIpAddressType: "ipv6" },
    { TrafficIpAddressType: "dual-stack" },
  ])("%j, which nobody here can do", (asked) => refused(create(asked), "UnsupportedOperation"));

  test("an endpoint that shares addresses with its VPC", async () => {
    const { vpc } = await newNetwork(owner);
    await refused(
      create({ VpcId: vpc, ClientCidrBlock: "10.0.4.0/22" }),
      "InvalidParameterValue",
      /overlaps/,
    );
    const endpoint = await newEndpoint(owner, { ClientCidrBlock: "10.0.4.0/22" });
    await refused(modify(endpoint, { VpcId: vpc }), "InvalidParameterValue", /overlaps/);
  });

  test("groups of another VPC, and more than five", async () => {
    const [one, other] = [await newNetwork(owner), await newNetwork(owner)];
    const groups: string[] = [];
    for (let n = 0; n < 6; n++) {
      const asked = { GroupName: `g${n}`, Description: "-", VpcId: one.vpc };
      const { GroupId = "" } = await owner.ec2.send(new CreateSecurityGroupCommand(asked));
      groups.push(GroupId);
    }
    await refused(create({ VpcId: one.vpc, SecurityGroupIds: groups }), "InvalidParameterValue", /Up to 5/);
    await refused(create({ VpcId: other.vpc, SecurityGroupIds: groups }), "InvalidParameterValue", /belong/);
    const endpoint = await newEndpoint(owner, { VpcId: one.vpc, SecurityGroupIds: groups.slice(0, 5) });
    const remove = () => owner.ec2.send(new DeleteSecurityGroupCommand({ GroupId: groups[0] }));
    await refused(remove(), "DependencyViolation");
    await refused(owner.ec2.send(new DeleteVpcCommand({ VpcId: one.vpc })), "DependencyViolation");
    await owner.ec2.send(new DeleteClientVpnEndpointCommand({ ClientVpnEndpointId: endpoint }));
    await remove();
  });

  test("logs that are not there", async () => {
    const log = { Enabled: true, CloudwatchLogGroup: "nowhere" };
    await refused(create({ ConnectionLogOptions: log }), "InvalidParameterValue", /log group/);
    const logs = new CloudWatchLogsClient(configOf(owner.islet, owner.keys, Region));
    await logs.send(new CreateLogGroupCommand({ logGroupName: "vpn" }));
    const stream = { Enabled: true, CloudwatchLogGroup: "vpn", CloudwatchLogStream: "nowhere" };
    await refused(create({ ConnectionLogOptions: stream }), "InvalidParameterValue", /log stream/);
  });

  test("a sixth endpoint, where quotas are in force", async () => {
    const islet = await ownIslet({ quotas: "usual" });
    const limited = await newOwner(islet);
    for (let n = 0; n < 5; n++) await newEndpoint(limited);
    await refused(newEndpoint(limited), "ClientVpnEndpointLimitExceeded");
    await islet.close();
  });

  test("anything with an endpoint that is not there, is another account's, or was deleted", async () => {
    const unknown = "cvpn-endpoint-0123456789abcdef0";
    const code = "InvalidClientVpnEndpointId.NotFound";
    await refused(modify(unknown, {}), code, `Endpoint ${unknown} does not exist`);
    const foreign = await newEndpoint(await newOwner());
    await refused(modify(foreign, {}), code);
    const gone = await newEndpoint(owner);
    const remove = () => owner.ec2.send(new DeleteClientVpnEndpointCommand({ ClientVpnEndpointId: gone }));
    await remove();
    await refused(remove(), code);
    await refused(modify(gone, {}), code);
  });

  test("to delete an endpoint with target networks", async () => {
    const { endpoint } = await newReadyEndpoint(owner);
    await refused(
      owner.ec2.send(new DeleteClientVpnEndpointCommand({ ClientVpnEndpointId: endpoint })),
      "DependencyViolation",
    );
  });

  test("to move an endpoint out of its VPC while subnets are associated, or to a transit gateway", async () => {
    const { endpoint } = await newReadyEndpoint(owner);
    const { vpc } = await newNetwork(owner);
    await refused(modify(endpoint, { VpcId: vpc }), "IncorrectState");
    const TransitGatewayConfiguration = { TransitGatewayId: "tgw-0123456789abcdef0" };
    await refused(modify(endpoint, { TransitGatewayConfiguration }), "UnsupportedOperation");
    await refused(
      modify(await newEndpoint(owner), { SecurityGroupIds: ["sg-01234567"] }),
      "MissingParameter",
    );
    await refused(modify(endpoint, { VpnPort: 1 }), "InvalidParameterValue");
    await refused(modify(endpoint, { ServerCertificateArn: "x" }), "InvalidParameterValue");
  });
});

describe("what it does", () => {
  test("makes an endpoint that waits for a target network, with what is usual", async () => {
    const made = await create({});
    const id = made.ClientVpnEndpointId ?? "";
    expect(made).toMatchObject({
      Status: { Code: "pending-associate" },
      DnsName: `${id}.prod.clientvpn.us-east-1.amazonaws.com`,
    });
    expect(await shownEndpoint(owner, id)).toEqual({
      ClientVpnEndpointId: id,
      Description: "",
      Status: { Code: "pending-associate" },
      CreationTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
      DnsName: `*.${made.DnsName}`,
      ClientCidrBlock: "172.16.0.0/22",
      DnsServers: [],
      SplitTunnel: false,
      VpnProtocol: "openvpn",
      TransportProtocol: "udp",
      VpnPort: 443,
      AssociatedTargetNetworks: [],
      ServerCertificateArn: owner.certificate,
      AuthenticationOptions: [
        {
          Type: "certificate-authentication",
          MutualAuthentication: { ClientRootCertificateChain: owner.certificate },
        },
      ],
      ConnectionLogOptions: { Enabled: false },
      Tags: [],
      SecurityGroupIds: [],
      ClientConnectOptions: { Enabled: false, Status: { Code: "applied" } },
      SessionTimeoutHours: 24,
      ClientLoginBannerOptions: { Enabled: false },
      ClientRouteEnforcementOptions: { Enforced: false },
      DisconnectOnSessionTimeout: true,
      EndpointIpAddressType: "ipv4",
      TrafficIpAddressType: "ipv4",
      DevicePostureOptions: { TrustProviders: [] },
    });
  });

  test("keeps all that is asked", async () => {
    const { vpc } = await newNetwork(owner);
    const saml = `arn:aws:iam::${owner.account}:saml-provider/idp`;
    const FederatedAuthentication = { SAMLProviderArn: saml, SelfServiceSAMLProviderArn: `${saml}-portal` };
    const asked = {
      Description: "office",
      DnsServers: ["10.0.0.2"],
      TransportProtocol: "tcp",
      VpnPort: 1194,
      SplitTunnel: true,
      VpcId: vpc,
      SessionTimeoutHours: 8,
      ClientLoginBannerOptions: { Enabled: true, BannerText: "Hello" },
      ClientRouteEnforcementOptions: { Enforced: true },
      DisconnectOnSessionTimeout: false,
      EndpointIpAddressType: "dual-stack",
    } as const satisfies Asked;
    const id = await newEndpoint(owner, {
      ...asked,
      DnsServers: [...asked.DnsServers],
      AuthenticationOptions: [{ Type: "federated-authentication", FederatedAuthentication }],
      TagSpecifications: [{ ResourceType: "client-vpn-endpoint", Tags: [{ Key: "Name", Value: "office" }] }],
    });
    const shown = await shownEndpoint(owner, id);
    expect(shown).toMatchObject({
      ...asked,
      SelfServicePortalUrl: `https://self-service.clientvpn.amazonaws.com/endpoints/${id}`,
      Tags: [{ Key: "Name", Value: "office" }],
    });
    expect(shown.AuthenticationOptions).toEqual([
      {
        Type: "federated-authentication",
        FederatedAuthentication: { SamlProviderArn: saml, SelfServiceSamlProviderArn: `${saml}-portal` },
      },
    ]);
    const Filters = [{ Name: "vpc-id", Values: [vpc] }];
    const { SecurityGroups } = await owner.ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
    expect(shown.SecurityGroupIds).toEqual([SecurityGroups?.[0]?.GroupId]);
    expect((await shownEndpoint(owner, await newEndpoint(owner, BY_NAME))).AuthenticationOptions).toEqual([
      { Type: "directory-service-authentication", ActiveDirectory: { DirectoryId: "d-0123456789" } },
    ]);
  });

  test("finds endpoints by id and transport protocol", async () => {
    const alone = await newOwner();
    const [udp, tcp] = [await newEndpoint(alone), await newEndpoint(alone, { TransportProtocol: "tcp" })];
    const found = async (Name: string, ...Values: string[]) => {
      const command = new DescribeClientVpnEndpointsCommand({ Filters: [{ Name, Values }] });
      return (await alone.ec2.send(command)).ClientVpnEndpoints?.map((each) => each.ClientVpnEndpointId);
    };
    expect(await found("transport-protocol", "tcp")).toEqual([tcp]);
    expect(await found("endpoint-id", udp)).toEqual([udp]);
  });

  test("changes what is said, and leaves the rest", async () => {
    const { vpc } = await newNetwork(owner);
    const id = await newEndpoint(owner, { SplitTunnel: true, DnsServers: ["10.0.0.2"] });
    const changed = await modify(id, {
      Description: "changed",
      VpnPort: 1194,
      VpcId: vpc,
      DnsServers: { CustomDnsServers: ["10.0.0.3", "10.0.0.4"] },
      SelfServicePortal: "disabled",
      ClientLoginBannerOptions: { Enabled: true, BannerText: "Hi" },
    });
    expect(changed.Return).toBe(true);
    expect(await shownEndpoint(owner, id)).toMatchObject({
      Description: "changed",
      VpnPort: 1194,
      VpcId: vpc,
      SecurityGroupIds: [expect.stringMatching(/^sg-/)],
      DnsServers: ["10.0.0.3", "10.0.0.4"],
      SplitTunnel: true,
      ClientLoginBannerOptions: { Enabled: true, BannerText: "Hi" },
    });
    const other = `${owner.certificate.slice(0, -1)}0`;
    const ClientLoginBannerOptions = { Enabled: false };
    await modify(id, {
      DnsServers: { Enabled: false },
      ServerCertificateArn: other,
      ClientLoginBannerOptions,
    });
    expect(await shownEndpoint(owner, id)).toMatchObject({
      DnsServers: [],
      ServerCertificateArn: other,
      ClientLoginBannerOptions: { Enabled: false },
    });
  });

  test("keeps its groups when told the VPC that it is in, and not in another", async () => {
    const [one, other] = [await newNetwork(owner), await newNetwork(owner)];
    const asked = { GroupName: "vpn", Description: "-", VpcId: one.vpc };
    const { GroupId = "" } = await owner.ec2.send(new CreateSecurityGroupCommand(asked));
    const id = await newEndpoint(owner, { VpcId: one.vpc, SecurityGroupIds: [GroupId] });
    const groups = async () => (await shownEndpoint(owner, id)).SecurityGroupIds;
    await modify(id, { VpcId: one.vpc });
    expect(await groups()).toEqual([GroupId]);
    await modify(id, { VpcId: other.vpc });
    expect(await groups()).toEqual([expect.stringMatching(/^sg-/)]);
    expect(await groups()).not.toEqual([GroupId]);
  });

  test("is torn down in Terraform's order, and leaves nothing", async () => {
    const { endpoint, vpc, subnet, association } = await newReadyEndpoint(owner);
    await refused(owner.ec2.send(new DeleteSubnetCommand({ SubnetId: subnet })), "DependencyViolation");
    await owner.ec2.send(
      new DisassociateClientVpnTargetNetworkCommand({
        ClientVpnEndpointId: endpoint,
        AssociationId: association,
      }),
    );
    const { Status } = await owner.ec2.send(
      new DeleteClientVpnEndpointCommand({ ClientVpnEndpointId: endpoint }),
    );
    expect(Status?.Code).toBe("deleting");
    expect(await shownEndpoint(owner, endpoint)).toMatchObject({
      Status: { Code: "deleted" },
      DeletionTime: expect.stringMatching(/^\d{4}-/),
    });
    expect(await targetNetworks(owner, endpoint)).toEqual([]);
    await owner.ec2.send(new DeleteSubnetCommand({ SubnetId: subnet }));
    await owner.ec2.send(new DeleteVpcCommand({ VpcId: vpc }));
  });

  test("is available as long as a subnet is associated", async () => {
    const endpoint = await newEndpoint(owner);
    const { subnet } = await newNetwork(owner);
    const AssociationId = await associate(owner, endpoint, subnet);
    expect(await shownEndpoint(owner, endpoint)).toMatchObject({
      Status: { Code: "available" },
      AssociatedTargetNetworks: [{ NetworkId: subnet, NetworkType: "vpc" }],
    });
    await owner.ec2.send(
      new DisassociateClientVpnTargetNetworkCommand({ ClientVpnEndpointId: endpoint, AssociationId }),
    );
    expect((await shownEndpoint(owner, endpoint)).Status?.Code).toBe("pending-associate");
  });
});
