/** What the network's examples share: a server of their own, the parts of a network, and a packet's way as text. */
import {
  AssociateAddressCommand,
  AllocateAddressCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { Agent } from "node:https";
import { operator } from "../secret/operator.mjs";

const REGION = "us-east-1";

export const say = (text = "") => process.stdout.write(`${text}\n`);

/** Starts a server, lets `run` do its part in it, and stops it. */
export async function inLab(startIslet, run) {
  const islet = await startIslet({ port: 0, memory: true, logLevel: "silent" });
  const agent = new Agent({ ca: islet.ca, keepAlive: true });
  try {
    return await run(new Lab(islet, agent));
  } finally {
    agent.destroy();
    await islet.close();
  }
}

class Lab {
  #islet;
  #agent;

  constructor(islet, agent) {
    this.#islet = islet;
    this.#agent = agent;
    this.operate = operator(islet, agent);
  }

  tenant(name) {
    const { AccountId, AccessKeyId, SecretAccessKey } = this.#islet.createAccount();
    const ec2 = new EC2Client({
      endpoint: this.#islet.endpoint,
      region: REGION,
      credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey },
      requestHandler: new NodeHttpHandler({ httpsAgent: this.#agent }),
    });
    return new Tenant(name, AccountId, ec2, this.operate);
  }

  /** Sends a packet and lets whoever gets it answer; draws both ways. */
  async exchange(From, To, fields = {}) {
    const packet = { Region: REGION, From, To, Protocol: "tcp", Port: 443, ...fields };
    const answer = await this.operate("POST", "packets", { ...packet, Exchange: true });
    draw(answer.Forward, "→");
    if (answer.Back) draw(answer.Back, "←");
    return answer;
  }
}

/** An account, and what it builds. */
class Tenant {
  constructor(name, id, ec2, operate) {
    Object.assign(this, { name, id, ec2, operate });
  }

  send(command) {
    return this.ec2.send(command);
  }

  /** A VPC with an internet gateway, and a table for public subnets that leads to it. */
  async vpc(CidrBlock = "10.0.0.0/16") {
    const { Vpc } = await this.send(new CreateVpcCommand({ CidrBlock }));
    const { InternetGateway } = await this.send(new CreateInternetGatewayCommand({}));
    const { VpcId } = Vpc;
    const { InternetGatewayId: GatewayId } = InternetGateway;
    await this.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId }));
    return { id: VpcId, gateway: GatewayId };
  }

  /** A subnet with a table of its own. @param way where the default route leads, if there is one */
  async subnet(vpc, CidrBlock, way) {
    const place = { VpcId: vpc.id, CidrBlock, AvailabilityZone: `${REGION}a` };
    const { Subnet } = await this.send(new CreateSubnetCommand(place));
    const { RouteTable } = await this.send(new CreateRouteTableCommand({ VpcId: vpc.id }));
    const { RouteTableId } = RouteTable;
    await this.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId: Subnet.SubnetId }));
    const subnet = { id: Subnet.SubnetId, table: RouteTableId };
    if (way) await this.route(subnet, way);
    return subnet;
  }

  async route({ table }, way) {
    await this.send(
      new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0", ...way }),
    );
  }

  /** A group that lets everything out, and in what the rules say. */
  async group(vpc, GroupName, ...IpPermissions) {
    const { GroupId } = await this.send(
      new CreateSecurityGroupCommand({ VpcId: vpc.id, GroupName, Description: GroupName }),
    );
    if (IpPermissions.length > 0)
      await this.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    return GroupId;
  }

  /** A running instance, on which a program listens to TCP port 443. */
  async instance(subnet, group, PrivateIpAddress) {
    const { Images } = await this.send(
      new DescribeImagesCommand({
        Owners: ["amazon"],
        Filters: [
          { Name: "name", Values: ["al2023-ami-2023*"] },
          { Name: "architecture", Values: ["x86_64"] },
        ],
      }),
    );
    const { Instances } = await this.send(
      new RunInstancesCommand({
        ImageId: Images[0].ImageId,
        InstanceType: "m5.large",
        MinCount: 1,
        MaxCount: 1,
        SubnetId: subnet.id,
        SecurityGroupIds: [group],
        PrivateIpAddress,
      }),
    );
    const [{ InstanceId, NetworkInterfaces }] = Instances;
    await this.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
    await this.operate("POST", "listen", { Region: REGION, InstanceId, Protocol: "tcp", Port: 443 });
    return { id: InstanceId, eni: NetworkInterfaces[0].NetworkInterfaceId, address: PrivateIpAddress };
  }

  /** Gives an instance a public address. */
  async publish({ id }) {
    const { AllocationId, PublicIp } = await this.send(new AllocateAddressCommand({}));
    await this.send(new AssociateAddressCommand({ AllocationId, InstanceId: id }));
    return PublicIp;
  }

  async check({ eni }, Value) {
    await this.send(
      new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: eni, SourceDestCheck: { Value } }),
    );
  }
}

/** A rule for TCP port 443, and one for all traffic. */
export const https = (CidrIp = "0.0.0.0/0") => ({
  IpProtocol: "tcp",
  FromPort: 443,
  ToPort: 443,
  IpRanges: [{ CidrIp }],
});
export const anything = (CidrIp = "0.0.0.0/0") => ({ IpProtocol: "-1", IpRanges: [{ CidrIp }] });

const ends = ({ Source, SourcePort, Destination, DestinationPort }) =>
  `${Source}:${SourcePort} to ${Destination}:${DestinationPort}`;

/** What decided at a step, in words. */
function ground({ Ground, Packet }) {
  if (!Ground) return "";
  if (Ground.Translated) return `now ${ends(Packet)}`;
  if (Ground.Route) return `${Ground.Route.Destination} leads to ${Ground.Route.Target}`;
  if (Ground.Entry)
    return `entry ${Ground.Entry.Number === 32_767 ? "*" : Ground.Entry.Number}: ${Ground.Entry.Action}`;
  if (Ground.Rule) return `a rule for ${Ground.Rule.Peer}${Ground.Tracked ? ", to be remembered" : ""}`;
  return Ground.Tracked ? "of a connection that it remembers" : "";
}

/** A packet's way, a line for each step. */
function draw({ Sent, Steps, Outcome, Receiver, Explanation, Remedy }, arrow) {
  say(`    ${arrow} ${ends(Sent)}`);
  for (const step of Steps) {
    const { Component, Direction = "", Verdict } = step;
    const mark = Verdict === "passed" ? " " : "✗";
    say(`      ${mark} ${Component.Type.padEnd(17)} ${Direction.padEnd(7)} ${ground(step)}`.trimEnd());
  }
  const who = Receiver ? ` to ${Receiver.InstanceId ?? Receiver.Id}` : "";
  say(`      ${Outcome}${who}${Explanation ? `: ${Explanation}` : ""}`);
  if (Remedy) say(`      What would help: ${Remedy}`);
}

/** Says what was to be seen, and whether it was. */
export function conclude(isSo, text) {
  say(isSo ? `\n  => ${text}` : `\n  => NOT SO: ${text}`);
  if (!isSo) process.exitCode = 1;
}
