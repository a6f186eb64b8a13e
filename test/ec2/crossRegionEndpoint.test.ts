import {
  AcceptVpcEndpointConnectionsCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  CreateVpcEndpointConnectionNotificationCommand,
  CreateVpcEndpointServiceConfigurationCommand,
  DeleteVpcEndpointServiceConfigurationsCommand,
  DeleteVpcEndpointsCommand,
  DescribeVpcEndpointConnectionsCommand,
  DescribeVpcEndpointServicesCommand,
  DescribeVpcEndpointsCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
  ModifyVpcEndpointPayerResponsibilityCommand,
  ModifyVpcEndpointServiceConfigurationCommand,
  ModifyVpcEndpointServicePermissionsCommand,
  RejectVpcEndpointConnectionsCommand,
  type ModifyVpcEndpointServiceConfigurationCommandInput,
  type VpcEndpoint,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { imagesOf } from "../../server/ec2/catalogue/images.ts";
import type { ExchangeView } from "../../server/http/journeyView.ts";
import type { Islet } from "../../server/index.ts";
import { configOf, freshKeys, ownIslet, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { launch, linux } from "./launch.ts";

const [HOME, AWAY] = ["us-east-1", "eu-west-1"] as const;

interface Party {
  readonly ec2: EC2Client;
  readonly account: string;
  readonly region: string;
  readonly vpc: string;
  readonly subnet: string;
  readonly group: string;
}

/** An account with a VPC 10.0.0.0/16, a subnet in the region's first zone, and a group that lets everything in. */
async function party(region: string, islet?: Islet): Promise<Party> {
  const server = islet ?? (await sharedIslet());
  const keys = freshKeys(server);
  const ec2 = new EC2Client(configOf(server, keys, region));
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const VpcId = Vpc?.VpcId ?? "";
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24", AvailabilityZone: `${region}a` }),
  );
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: "open", Description: "open" }),
  );
  const IpPermissions = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  return { ec2, account: keys.account, region, vpc: VpcId, subnet: Subnet?.SubnetId ?? "", group: GroupId };
}

const arnOf = ({ account }: Party, kind = "net"): string =>
  `arn:aws:elasticloadbalancing:${HOME}:${account}:loadbalancer/${kind}/lb/0123456789abcdef`;

interface Offer {
  readonly id: string;
  readonly name: string;
}

/** A service for everybody, in these other Regions. */
async function serve(owner: Party, SupportedRegions: string[] = [AWAY]): Promise<Offer> {
  const { ServiceConfiguration } = await owner.ec2.send(
    new CreateVpcEndpointServiceConfigurationCommand({
      NetworkLoadBalancerArns: [arnOf(owner)],
      SupportedRegions,
    }),
  );
  const { ServiceId = "", ServiceName = "" } = ServiceConfiguration ?? {};
  await owner.ec2.send(
    new ModifyVpcEndpointServicePermissionsCommand({ ServiceId, AddAllowedPrincipals: ["*"] }),
  );
  return { id: ServiceId, name: ServiceName };
}

async function connect(consumer: Party, { name }: Offer, ServiceRegion?: string): Promise<VpcEndpoint> {
  const { VpcEndpoint } = await consumer.ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: consumer.vpc,
      VpcEndpointType: "Interface",
      ServiceName: name,
      SubnetIds: [consumer.subnet],
      SecurityGroupIds: [consumer.group],
      ...(ServiceRegion !== undefined && { ServiceRegion }),
    }),
  );
  return VpcEndpoint ?? {};
}

async function shown({ ec2 }: Party, { VpcEndpointId = "" }: VpcEndpoint): Promise<VpcEndpoint> {
  const { VpcEndpoints } = await ec2.send(
    new DescribeVpcEndpointsCommand({ VpcEndpointIds: [VpcEndpointId] }),
  );
  return VpcEndpoints?.[0] ?? {};
}

const modify = (
  { ec2 }: Party,
  { id }: Offer,
  asked: Partial<ModifyVpcEndpointServiceConfigurationCommandInput>,
) => ec2.send(new ModifyVpcEndpointServiceConfigurationCommand({ ServiceId: id, ...asked }));

const connections = async ({ ec2 }: Party, region?: string) => {
  const Filters = region === undefined ? [] : [{ Name: "vpc-endpoint-region", Values: [region] }];
  return (
    (await ec2.send(new DescribeVpcEndpointConnectionsCommand({ Filters }))).VpcEndpointConnections ?? []
  );
};

describe("what it refuses to parse", () => {
  test("what is no Region, or is not for other Regions", async () => {
    const owner = await party(HOME);
    await refused(serve(owner, ["eu-nowhere-1"]), "InvalidParameter");
    const appliances = new CreateVpcEndpointServiceConfigurationCommand({
      GatewayLoadBalancerArns: [arnOf(owner, "gwy")],
      SupportedRegions: [AWAY],
    });
    await refused(owner.ec2.send(appliances), "InvalidParameter", /Gateway Load Balancers/);
  });
});

describe("what it refuses to do", () => {
  test("an endpoint of a service that is not offered there, or that is not asked for where it is", async () => {
    const [owner, consumer] = [await party(HOME), await party(AWAY)];
    const near = await serve(owner, []);
    await refused(connect(consumer, near, HOME), "InvalidServiceName");
    const far = await serve(owner);
    await refused(connect(consumer, far), "InvalidServiceName");
    await refused(connect(await party("eu-west-2"), far, HOME), "InvalidServiceName");
  });

  test("to take a service from where there are endpoints of it", async () => {
    const [owner, consumer] = [await party(HOME), await party(AWAY)];
    const offer = await serve(owner);
    const endpoint = await connect(consumer, offer, HOME);
    await refused(modify(owner, offer, { RemoveSupportedRegions: [AWAY] }), "ExistingVpcEndpointConnections");
    const { Unsuccessful } = await owner.ec2.send(
      new DeleteVpcEndpointServiceConfigurationsCommand({ ServiceIds: [offer.id] }),
    );
    expect(Unsuccessful?.[0]?.Error?.Code).toBe("ExistingVpcEndpointConnections");
    const ids = [endpoint.VpcEndpointId ?? ""];
    await consumer.ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: ids }));
    await modify(owner, offer, { RemoveSupportedRegions: [AWAY] });
    await refused(connect(consumer, offer, HOME), "InvalidServiceName");
  });
});

describe("what it does", () => {
  test("shows where a service can be reached from, and where it is", async () => {
    const [owner, consumer] = [await party(HOME), await party(AWAY)];
    const offer = await serve(owner, [HOME]);
    await modify(owner, offer, { AddSupportedRegions: [AWAY] });
    const describe = async (ServiceRegions?: string[]) => {
      const { ServiceDetails } = await consumer.ec2.send(
        new DescribeVpcEndpointServicesCommand({ ...(ServiceRegions && { ServiceRegions }) }),
      );
      return ServiceDetails?.find(({ ServiceId }) => ServiceId === offer.id);
    };
    expect(await describe()).toBeUndefined();
    expect(await describe([HOME])).toMatchObject({
      ServiceName: offer.name,
      ServiceRegion: HOME,
      Owner: owner.account,
      AvailabilityZones: expect.arrayContaining([`${HOME}a`]) as string[],
      BaseEndpointDnsNames: [`${offer.id}.${HOME}.vpce.amazonaws.com`],
    });
    const named = new DescribeVpcEndpointServicesCommand({ ServiceNames: [offer.name] });
    await refused(consumer.ec2.send(named), "InvalidServiceName");
  });

  test("the owner accepts, and rejects, endpoints of other Regions, and takes their costs on", async () => {
    const [owner, consumer] = [await party(HOME), await party(AWAY)];
    const offer = await serve(owner);
    const endpoint = await connect(consumer, offer, HOME);
    expect(endpoint).toMatchObject({ State: "pendingAcceptance", ServiceRegion: HOME });
    // There are no names for the zones of another Region.
    expect(endpoint.DnsEntries).toHaveLength(1);
    const VpcEndpointIds = [endpoint.VpcEndpointId ?? ""];
    const local = await connect(await party(HOME), offer);
    const [id] = VpcEndpointIds;
    const idsOf = async (region?: string) =>
      (await connections(owner, region)).map((each) => each.VpcEndpointId);
    expect(await idsOf()).toEqual([local.VpcEndpointId, id]);
    expect(await idsOf(AWAY)).toEqual([id]);
    expect(await idsOf("cross-region")).toEqual([id]);
    expect(await idsOf(HOME)).toEqual([local.VpcEndpointId]);
    expect((await connections(owner, AWAY))[0]).toMatchObject({
      VpcEndpointRegion: AWAY,
      VpcEndpointOwner: consumer.account,
      DnsEntries: endpoint.DnsEntries,
    });
    const command = { ServiceId: offer.id, VpcEndpointIds };
    expect((await owner.ec2.send(new AcceptVpcEndpointConnectionsCommand(command))).Unsuccessful).toEqual([]);
    expect((await shown(consumer, endpoint)).State).toBe("available");
    await owner.ec2.send(
      new ModifyVpcEndpointPayerResponsibilityCommand({
        ServiceId: offer.id,
        VpcEndpointId: id,
        Scope: "vpc-endpoint-charges",
        PayerResponsibility: "vpc-endpoint-service-account",
      }),
    );
    expect((await shown(consumer, endpoint)).PayerResponsibilities).toMatchObject([
      { PayerResponsibilityType: "vpc-endpoint-service-account" },
    ]);
    await owner.ec2.send(new RejectVpcEndpointConnectionsCommand(command));
    expect((await shown(consumer, endpoint)).State).toBe("rejected");
    const again = await owner.ec2.send(new RejectVpcEndpointConnectionsCommand(command));
    expect(again.Unsuccessful?.[0]?.Error?.Code).toBe("IncorrectState");
  });

  test("some of Amazon's services are there for other Regions, by names of their own", async () => {
    const consumer = await party(AWAY);
    const { ServiceNames = [] } = await consumer.ec2.send(
      new DescribeVpcEndpointServicesCommand({
        ServiceRegions: [HOME],
        Filters: [{ Name: "owner", Values: ["amazon"] }],
      }),
    );
    expect(ServiceNames).toContain(`com.amazonaws.${HOME}.kms`);
    expect(ServiceNames).not.toContain(`com.amazonaws.${HOME}.sts`);
    await consumer.ec2.send(
      new ModifyVpcAttributeCommand({ VpcId: consumer.vpc, EnableDnsHostnames: { Value: true } }),
    );
    const endpoint = await connect(consumer, { id: "", name: `com.amazonaws.${HOME}.kms` }, HOME);
    expect(await shown(consumer, endpoint)).toMatchObject({
      State: "available",
      ServiceRegion: HOME,
      PrivateDnsEnabled: true,
      DnsEntries: [
        {
          DnsName: expect.stringMatching(
            `^${endpoint.VpcEndpointId}-[a-z0-9]+\\.kms\\.${HOME}\\.vpce`,
          ) as string,
        },
        { DnsName: `kms.${HOME}.amazonaws.com` },
      ],
    });
    const far = { Name: "service-region", Values: [HOME] };
    const { VpcEndpoints } = await consumer.ec2.send(new DescribeVpcEndpointsCommand({ Filters: [far] }));
    expect(VpcEndpoints?.map(({ VpcEndpointId }) => VpcEndpointId)).toEqual([endpoint.VpcEndpointId]);
    const { ConnectionNotification } = await consumer.ec2.send(
      new CreateVpcEndpointConnectionNotificationCommand({
        VpcEndpointId: endpoint.VpcEndpointId,
        ConnectionNotificationArn: `arn:aws:sns:${AWAY}:${consumer.account}:told`,
        ConnectionEvents: ["Accept"],
      }),
    );
    expect(ConnectionNotification?.ServiceRegion).toBe(HOME);
  });

  test("packets go to the service in its Region, and answers come back, also after a restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "islet-regions-"));
    try {
      const first = await ownIslet({ memory: false, data: folder });
      const [owner, consumer] = [await party(HOME, first), await party(AWAY, first)];
      const offer = await serve(owner);
      const server = await launch(owner.ec2, { SubnetId: owner.subnet, SecurityGroupIds: [owner.group] });
      await operate(first, "POST load-balancers", {
        Region: HOME,
        LoadBalancerArn: arnOf(owner),
        SubnetIds: [owner.subnet],
        Targets: [server],
      });
      const endpoint = await connect(consumer, offer, HOME);
      const client = await launch(consumer.ec2, {
        ImageId: imagesOf(AWAY).find(({ name }) => name === linux.name)?.id,
        SubnetId: consumer.subnet,
        SecurityGroupIds: [consumer.group],
      });
      const ask = async (on: Islet): Promise<ExchangeView> => {
        await operate(on, "POST listen", { Region: HOME, InstanceId: server, Protocol: "tcp", Port: 443 });
        const To = endpoint.NetworkInterfaceIds?.[0];
        const asked = { Region: AWAY, From: client, To, Protocol: "tcp", Port: 443, Exchange: true };
        return (await operate(on, "POST packets", asked)) as unknown as ExchangeView;
      };
      expect((await ask(first)).Forward.Reason).toBe("BAD_STATE_ATTACHMENT");
      const VpcEndpointIds = [endpoint.VpcEndpointId ?? ""];
      await owner.ec2.send(new AcceptVpcEndpointConnectionsCommand({ ServiceId: offer.id, VpcEndpointIds }));
      const near = await ask(first);
      await first.close();
      const second = await ownIslet({ memory: false, data: folder });
      const later = await ask(second);
      await second.close();
      for (const { Forward, Back, Learned } of [near, later]) {
        expect(Forward.Receiver?.InstanceId).toBe(server);
        expect([Learned, Back?.Receiver?.InstanceId]).toEqual(["answer", client]);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
