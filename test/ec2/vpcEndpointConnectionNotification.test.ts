/** The messages: what the operations refuse, and what they show, is in vpcEndpointService.test.ts. */
import {
  AcceptVpcEndpointConnectionsCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  CreateVpcEndpointConnectionNotificationCommand,
  CreateVpcEndpointServiceConfigurationCommand,
  DeleteVpcEndpointConnectionNotificationsCommand,
  DeleteVpcEndpointsCommand,
  EC2Client,
  ModifyVpcEndpointServicePermissionsCommand,
  RejectVpcEndpointConnectionsCommand,
} from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { configOf, freshKeys, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";

const [HOME, AWAY] = ["us-east-1", "eu-west-1"] as const;
const islet = await sharedIslet();

interface Account {
  readonly ec2: EC2Client;
  readonly account: string;
  readonly region: string;
}

function newAccount(region: string = HOME): Account {
  const keys = freshKeys(islet);
  return { ec2: new EC2Client(configOf(islet, keys, region)), account: keys.account, region };
}

const topicOf = ({ account, region }: Account, name: string): string =>
  `arn:aws:sns:${region}:${account}:${name}`;

interface Notification {
  readonly Type: string;
  readonly TopicArn: string;
  readonly Timestamp: string;
  readonly Message: string;
}

/** What a topic was told, in no order. */
async function told(owner: Account, name: string): Promise<Notification[]> {
  const Bucket = `sns-${owner.account}-${owner.region}`;
  const { Keys } = (await operate(islet, "GET objects", { Bucket })) as { Keys: string[] };
  const all = [];
  for (const Key of Keys.filter((key) => key.startsWith(`${name.slice(0, 255)}/`))) {
    const { Body } = (await operate(islet, "GET objects", { Bucket, Key })) as { Body: string };
    all.push(JSON.parse(Buffer.from(Body, "base64").toString()) as Notification);
  }
  return all;
}

const events = async (owner: Account, name: string): Promise<string[]> =>
  (await told(owner, name))
    .map(({ Message }) => (JSON.parse(Message) as { ConnectionEvent: string }).ConnectionEvent)
    .toSorted();

async function serve({ ec2, account }: Account): Promise<{ ServiceId: string; ServiceName: string }> {
  const { ServiceConfiguration } = await ec2.send(
    new CreateVpcEndpointServiceConfigurationCommand({
      NetworkLoadBalancerArns: [
        `arn:aws:elasticloadbalancing:${HOME}:${account}:loadbalancer/net/lb/0123456789abcdef`,
      ],
      SupportedRegions: [AWAY],
    }),
  );
  const { ServiceId = "", ServiceName = "" } = ServiceConfiguration ?? {};
  await ec2.send(new ModifyVpcEndpointServicePermissionsCommand({ ServiceId, AddAllowedPrincipals: ["*"] }));
  return { ServiceId, ServiceName };
}

async function connect({ ec2, region }: Account, ServiceName: string): Promise<string> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const VpcId = Vpc?.VpcId ?? "";
  const AvailabilityZone = `${region}a`;
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24", AvailabilityZone }),
  );
  const { VpcEndpoint } = await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId,
      ServiceName,
      ServiceRegion: HOME,
      VpcEndpointType: "Interface",
      SubnetIds: [Subnet?.SubnetId ?? ""],
    }),
  );
  return VpcEndpoint?.VpcEndpointId ?? "";
}

const notify = async (
  owner: Account,
  of: { readonly ServiceId: string } | { readonly VpcEndpointId: string },
  name: string,
  ConnectionEvents: string[],
): Promise<string> => {
  const { ConnectionNotification } = await owner.ec2.send(
    new CreateVpcEndpointConnectionNotificationCommand({
      ...of,
      ConnectionNotificationArn: topicOf(owner, name),
      ConnectionEvents,
    }),
  );
  return ConnectionNotification?.ConnectionNotificationId ?? "";
};

const EVERY = ["Accept", "Connect", "Delete", "Reject"];

test.each([HOME, AWAY])(
  "topics are told what befalls the endpoints of a service, and one endpoint, in %s",
  async (where) => {
    const [owner, consumer] = [newAccount(), newAccount(where)];
    const { ServiceId, ServiceName } = await serve(owner);
    const all = await notify(owner, { ServiceId }, "all", EVERY);
    await notify(owner, { ServiceId }, "some", ["Delete", "Accept"]);
    const VpcEndpointId = await connect(consumer, ServiceName);
    expect(await told(owner, "some")).toEqual([]);
    const [first] = await told(owner, "all");
    expect(first).toEqual({
      Type: "Notification",
      MessageId: expect.any(String),
      TopicArn: topicOf(owner, "all"),
      Subject: `Connect: VPC endpoint ${VpcEndpointId}`,
      Message: expect.any(String),
      Timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/),
    });
    expect(JSON.parse(first?.Message ?? "")).toEqual({
      ConnectionEvent: "Connect",
      ConnectionNotificationId: all,
      ServiceId,
      ServiceName,
      VpcEndpointId,
      VpcEndpointOwner: consumer.account,
      VpcEndpointRegion: where,
      VpcEndpointState: "pendingAcceptance",
    });

    await notify(consumer, { VpcEndpointId }, "mine", EVERY);
    const call = { ServiceId, VpcEndpointIds: [VpcEndpointId] };
    await owner.ec2.send(new AcceptVpcEndpointConnectionsCommand(call));
    await owner.ec2.send(new RejectVpcEndpointConnectionsCommand(call));
    const { Unsuccessful } = await owner.ec2.send(new RejectVpcEndpointConnectionsCommand(call));
    expect(Unsuccessful).toHaveLength(1);
    const remove = new DeleteVpcEndpointsCommand({ VpcEndpointIds: [VpcEndpointId] });
    await refused(
      consumer.ec2.send(new DeleteVpcEndpointsCommand({ ...remove.input, DryRun: true })),
      "DryRunOperation",
    );
    await consumer.ec2.send(remove);
    expect(await events(owner, "all")).toEqual(EVERY);
    expect(await events(owner, "some")).toEqual(["Accept", "Delete"]);
    expect(await events(consumer, "mine")).toEqual(["Accept", "Delete", "Reject"]);
  },
);

test("nobody is told once the notification is gone; names of topics have up to 256 letters", async () => {
  const owner = newAccount();
  const { ServiceId, ServiceName } = await serve(owner);
  const long = `${"t".repeat(250)}.fifo`;
  const id = await notify(owner, { ServiceId }, "gone", EVERY);
  await notify(owner, { ServiceId }, `t${long}`, EVERY);
  await refused(notify(owner, { ServiceId }, `tt${long}`, EVERY), "InvalidParameter");
  await owner.ec2.send(
    new DeleteVpcEndpointConnectionNotificationsCommand({ ConnectionNotificationIds: [id] }),
  );
  await connect(owner, ServiceName);
  expect(await told(owner, "gone")).toEqual([]);
  expect(await events(owner, `t${long}`)).toEqual(["Connect"]);
});
