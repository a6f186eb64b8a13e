/** Traffic Mirror targets that are load balancers, and endpoints of them. */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSubnetCommand,
  CreateTrafficMirrorFilterCommand,
  CreateTrafficMirrorFilterRuleCommand,
  CreateTrafficMirrorSessionCommand,
  CreateTrafficMirrorTargetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  CreateVpcEndpointServiceConfigurationCommand,
  DeleteTrafficMirrorTargetCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeTrafficMirrorTargetsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { configOf, freshKeys, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { launch } from "./launch.ts";

const islet = await sharedIslet();
const Region = "us-east-1";

/** A VPC with a client, a server whose packets are copied, an appliance, and load balancers in front of that one. */
class Site {
  readonly keys = freshKeys(islet);
  readonly ec2 = new EC2Client(configOf(islet, this.keys, Region));
  vpc = "";
  subnet = "";
  client = "";
  server = "";
  appliance = "";

  static async open(): Promise<Site> {
    const site = new Site();
    const { Vpc } = await site.ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    site.vpc = Vpc?.VpcId ?? "";
    const { Subnet } = await site.ec2.send(
      new CreateSubnetCommand({
        VpcId: site.vpc,
        CidrBlock: "10.0.0.0/24",
        AvailabilityZone: `${Region}a`,
      }),
    );
    site.subnet = Subnet?.SubnetId ?? "";
    // The default group lets in its own members alone, of which load balancers are none.
    const Filters = [{ Name: "vpc-id", Values: [site.vpc] }];
    const { SecurityGroups } = await site.ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
    await site.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: SecurityGroups?.[0]?.GroupId,
        IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "10.0.0.0/16" }] }],
      }),
    );
    const host = () => launch(site.ec2, { SubnetId: site.subnet });
    site.client = await host();
    site.server = await site.interfaceOf(await host());
    site.appliance = await site.interfaceOf(await host());
    return site;
  }

  async interfaceOf(instance: string): Promise<string> {
    const Filters = [{ Name: "attachment.instance-id", Values: [instance] }];
    const { NetworkInterfaces } = await this.ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
    return NetworkInterfaces?.[0]?.NetworkInterfaceId ?? "";
  }

  async balancer(kind: "gwy" | "net"): Promise<string> {
    const { account } = this.keys;
    const arn = `arn:aws:elasticloadbalancing:${Region}:${account}:loadbalancer/${kind}/lb/0123456789abcdef`;
    const more = { SubnetIds: [this.subnet], Targets: [this.appliance] };
    await operate(islet, "POST load-balancers", { Region, LoadBalancerArn: arn, ...more });
    return arn;
  }

  async endpoint(): Promise<string> {
    const { ServiceConfiguration } = await this.ec2.send(
      new CreateVpcEndpointServiceConfigurationCommand({
        GatewayLoadBalancerArns: [await this.balancer("gwy")],
        AcceptanceRequired: false,
      }),
    );
    const { VpcEndpoint } = await this.ec2.send(
      new CreateVpcEndpointCommand({
        VpcId: this.vpc,
        VpcEndpointType: "GatewayLoadBalancer",
        ServiceName: ServiceConfiguration?.ServiceName,
        SubnetIds: [this.subnet],
      }),
    );
    return VpcEndpoint?.VpcEndpointId ?? "";
  }

  async target(asked: object) {
    return (await this.ec2.send(new CreateTrafficMirrorTargetCommand(asked))).TrafficMirrorTarget ?? {};
  }

  /** Copies to a target all that comes to the server, and sends something there. */
  async copied(TrafficMirrorTargetId: string | undefined): Promise<unknown> {
    const { TrafficMirrorFilter } = await this.ec2.send(new CreateTrafficMirrorFilterCommand({}));
    const TrafficMirrorFilterId = TrafficMirrorFilter?.TrafficMirrorFilterId;
    await this.ec2.send(
      new CreateTrafficMirrorFilterRuleCommand({
        TrafficMirrorFilterId,
        TrafficDirection: "ingress",
        RuleNumber: 1,
        RuleAction: "accept",
        SourceCidrBlock: "0.0.0.0/0",
        DestinationCidrBlock: "0.0.0.0/0",
      }),
    );
    await this.ec2.send(
      new CreateTrafficMirrorSessionCommand({
        NetworkInterfaceId: this.server,
        TrafficMirrorTargetId,
        TrafficMirrorFilterId,
        SessionNumber: 1,
        VirtualNetworkId: 7,
      }),
    );
    await operate(islet, "POST packets", {
      Region,
      From: this.client,
      To: this.server,
      Protocol: "tcp",
      Port: 443,
    });
    const asked = { NetworkInterfaceId: this.appliance };
    return (await operate(islet, "GET mirrored-packets", asked))["Packets"];
  }
}

const arrived = [
  expect.objectContaining({
    VirtualNetworkId: 7,
    Outcome: "delivered",
    Outer: expect.objectContaining({ Protocol: "udp", DestinationPort: 4789 }) as unknown,
    Inner: expect.objectContaining({ DestinationPort: 443 }) as unknown,
  }),
];

describe("what it refuses to do", () => {
  test("lead to load balancers of other kinds and accounts, or twice to one", async () => {
    const site = await Site.open();
    const [network, gateway] = [await site.balancer("net"), await site.balancer("gwy")];
    const none = "NetworkLoadBalancerNotFoundException";
    await refused(site.target({ NetworkLoadBalancerArn: gateway }), none);
    await refused(new Site().target({ NetworkLoadBalancerArn: network }), none);
    const { TrafficMirrorTargetId } = await site.target({ NetworkLoadBalancerArn: network });
    await refused(
      site.target({ NetworkLoadBalancerArn: network }),
      "NlbInUseByTrafficMirrorTargetException",
      `The Network Load Balancer '${network}' is already configured as a Traffic Mirror target.`,
    );
    await site.ec2.send(new DeleteTrafficMirrorTargetCommand({ TrafficMirrorTargetId }));
    await site.target({ NetworkLoadBalancerArn: network });
  });

  test("lead to endpoints of other kinds", async () => {
    const site = await Site.open();
    const asked = { VpcId: site.vpc, ServiceName: `com.amazonaws.${Region}.s3` };
    const { VpcEndpoint } = await site.ec2.send(new CreateVpcEndpointCommand(asked));
    await refused(
      site.target({ GatewayLoadBalancerEndpointId: VpcEndpoint?.VpcEndpointId }),
      "InvalidParameterValue",
      /GatewayLoadBalancerEndpointId/,
    );
  });
});

describe("what it does", () => {
  test("copies packets to what is behind a Network Load Balancer", async () => {
    const site = await Site.open();
    const arn = await site.balancer("net");
    const target = await site.target({ NetworkLoadBalancerArn: arn });
    expect(target).toMatchObject({ Type: "network-load-balancer", NetworkLoadBalancerArn: arn });
    expect(target.NetworkInterfaceId).toBeUndefined();
    const { TrafficMirrorTargets } = await site.ec2.send(
      new DescribeTrafficMirrorTargetsCommand({
        Filters: [{ Name: "network-load-balancer-arn", Values: [arn] }],
      }),
    );
    expect(TrafficMirrorTargets).toEqual([target]);
    expect(await site.copied(target.TrafficMirrorTargetId)).toEqual(arrived);
  });

  test("copies packets to an appliance behind a Gateway Load Balancer endpoint", async () => {
    const site = await Site.open();
    const id = await site.endpoint();
    const target = await site.target({ GatewayLoadBalancerEndpointId: id });
    expect(target).toMatchObject({
      Type: "gateway-load-balancer-endpoint",
      GatewayLoadBalancerEndpointId: id,
    });
    expect(await site.copied(target.TrafficMirrorTargetId)).toEqual(arrived);
  });
});
