import * as Ec2 from "@aws-sdk/client-ec2";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
} from "@aws-sdk/client-iam";
import { expect, test } from "vitest";
import { launch } from "../ec2/launch.ts";
import { trustEc2 } from "./client.ts";
import { asUser, statement, type Person } from "./person.ts";

/** A call, and what it is about: `instance/i-…`. */
interface Made {
  readonly command: object;
  readonly resources: readonly string[];
}

async function newVpc({ root }: Person): Promise<string> {
  const { Vpc } = await root.send(new Ec2.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  return Vpc?.VpcId ?? "";
}

async function newSubnet(person: Person): Promise<{ vpc: string; subnet: string }> {
  const vpc = await newVpc(person);
  const request = { VpcId: vpc, CidrBlock: "10.0.0.0/24" };
  const { Subnet } = await person.root.send(new Ec2.CreateSubnetCommand(request));
  return { vpc, subnet: Subnet?.SubnetId ?? "" };
}

async function newInterface(person: Person): Promise<string> {
  const { subnet } = await newSubnet(person);
  const { NetworkInterface } = await person.root.send(
    new Ec2.CreateNetworkInterfaceCommand({ SubnetId: subnet }),
  );
  return NetworkInterface?.NetworkInterfaceId ?? "";
}

let names = 0;

/** An instance with a profile; the association. */
async function associated(
  person: Person,
): Promise<{ instance: string; association: string; profile: string }> {
  const { iam, root } = person;
  const name = `web-${names++}`;
  await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trustEc2 }));
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: name }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: name, RoleName: name }));
  const instance = await launch(root, { IamInstanceProfile: { Name: name } });
  const { IamInstanceProfileAssociations } = await root.send(
    new Ec2.DescribeIamInstanceProfileAssociationsCommand({
      Filters: [{ Name: "instance-id", Values: [instance] }],
    }),
  );
  return { instance, profile: name, association: IamInstanceProfileAssociations?.[0]?.AssociationId ?? "" };
}

async function newService({ root, account }: Person): Promise<string> {
  const arn = `arn:aws:elasticloadbalancing:us-east-1:${account}:loadbalancer/net/own/0123456789abcdef`;
  const { ServiceConfiguration } = await root.send(
    new Ec2.CreateVpcEndpointServiceConfigurationCommand({ NetworkLoadBalancerArns: [arn] }),
  );
  return ServiceConfiguration?.ServiceId ?? "";
}

async function notified(person: Person): Promise<{ service: string; notification: string }> {
  const service = await newService(person);
  const { ConnectionNotification } = await person.root.send(
    new Ec2.CreateVpcEndpointConnectionNotificationCommand({
      ServiceId: service,
      ConnectionNotificationArn: `arn:aws:sns:us-east-1:${person.account}:own`,
      ConnectionEvents: ["Accept"],
    }),
  );
  return { service, notification: ConnectionNotification?.ConnectionNotificationId ?? "" };
}

const calls: Readonly<Record<string, (person: Person) => Promise<Made>>> = {
  CreateSnapshots: async ({ root }) => {
    const InstanceId = await launch(root);
    const { Volumes = [] } = await root.send(
      new Ec2.DescribeVolumesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [InstanceId] }] }),
    );
    return {
      command: new Ec2.CreateSnapshotsCommand({ InstanceSpecification: { InstanceId }, DryRun: true }),
      resources: [`instance/${InstanceId}`, `volume/${Volumes[0]?.VolumeId}`],
    };
  },
  DeleteNetworkInterfacePermission: async (person) => {
    const eni = await newInterface(person);
    const { InterfacePermission } = await person.root.send(
      new Ec2.CreateNetworkInterfacePermissionCommand({
        NetworkInterfaceId: eni,
        AwsAccountId: "111111111111",
        Permission: "INSTANCE-ATTACH",
      }),
    );
    const NetworkInterfacePermissionId = InterfacePermission?.NetworkInterfacePermissionId;
    return {
      command: new Ec2.DeleteNetworkInterfacePermissionCommand({
        NetworkInterfacePermissionId,
        DryRun: true,
      }),
      resources: [`network-interface/${eni}`],
    };
  },
  DeleteVpcEndpointConnectionNotifications: async (person) => {
    const { service, notification } = await notified(person);
    return {
      command: new Ec2.DeleteVpcEndpointConnectionNotificationsCommand({
        ConnectionNotificationIds: [notification],
        DryRun: true,
      }),
      resources: [`vpc-endpoint-service/${service}`],
    };
  },
  ModifyVpcEndpointConnectionNotification: async (person) => {
    const { service, notification } = await notified(person);
    return {
      command: new Ec2.ModifyVpcEndpointConnectionNotificationCommand({
        ConnectionNotificationId: notification,
        ConnectionEvents: ["Reject"],
        DryRun: true,
      }),
      resources: [`vpc-endpoint-service/${service}`],
    };
  },
  DetachNetworkInterface: async ({ root }) => {
    const InstanceId = await launch(root);
    const { Reservations } = await root.send(new Ec2.DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
    const [primary] = Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces ?? [];
    const AttachmentId = primary?.Attachment?.AttachmentId;
    return {
      command: new Ec2.DetachNetworkInterfaceCommand({ AttachmentId, DryRun: true }),
      resources: [`instance/${InstanceId}`, `network-interface/${primary?.NetworkInterfaceId}`],
    };
  },
  DisassociateIamInstanceProfile: async (person) => {
    const { instance, association } = await associated(person);
    return {
      command: new Ec2.DisassociateIamInstanceProfileCommand({ AssociationId: association }),
      resources: [`instance/${instance}`],
    };
  },
  ReplaceIamInstanceProfileAssociation: async (person) => {
    const { instance, association, profile } = await associated(person);
    return {
      command: new Ec2.ReplaceIamInstanceProfileAssociationCommand({
        AssociationId: association,
        IamInstanceProfile: { Name: profile },
      }),
      resources: [`instance/${instance}`],
    };
  },
  DisassociateRouteTable: async (person) => {
    const { vpc, subnet } = await newSubnet(person);
    const { RouteTable } = await person.root.send(new Ec2.CreateRouteTableCommand({ VpcId: vpc }));
    const { AssociationId } = await person.root.send(
      new Ec2.AssociateRouteTableCommand({ SubnetId: subnet, RouteTableId: RouteTable?.RouteTableId }),
    );
    return {
      command: new Ec2.DisassociateRouteTableCommand({ AssociationId, DryRun: true }),
      resources: [`route-table/${RouteTable?.RouteTableId}`, `subnet/${subnet}`],
    };
  },
  DisassociateSubnetCidrBlock: async (person) => {
    const { vpc, subnet } = await newSubnet(person);
    const { Ipv6CidrBlockAssociation } = await person.root.send(
      new Ec2.AssociateVpcCidrBlockCommand({ VpcId: vpc, AmazonProvidedIpv6CidrBlock: true }),
    );
    const { Vpcs } = await person.root.send(new Ec2.DescribeVpcsCommand({ VpcIds: [vpc] }));
    const block =
      Vpcs?.[0]?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock ?? Ipv6CidrBlockAssociation?.Ipv6CidrBlock;
    const made = await person.root.send(
      new Ec2.AssociateSubnetCidrBlockCommand({
        SubnetId: subnet,
        Ipv6CidrBlock: block?.replace(/\/56$/, "/64"),
      }),
    );
    return {
      command: new Ec2.DisassociateSubnetCidrBlockCommand({
        AssociationId: made.Ipv6CidrBlockAssociation?.AssociationId,
      }),
      resources: [`subnet/${subnet}`],
    };
  },
  DisassociateVpcCidrBlock: async (person) => {
    const vpc = await newVpc(person);
    const { CidrBlockAssociation } = await person.root.send(
      new Ec2.AssociateVpcCidrBlockCommand({ VpcId: vpc, CidrBlock: "10.1.0.0/16" }),
    );
    return {
      command: new Ec2.DisassociateVpcCidrBlockCommand({
        AssociationId: CidrBlockAssociation?.AssociationId,
      }),
      resources: [`vpc/${vpc}`],
    };
  },
};

/** The row of what a call names tells what it is about: that must be allowed, and its neighbour is not enough. */
test.each(Object.entries(calls))("%s is about what its rows lead to", async (action, make) => {
  const person = await asUser();
  const [own, neighbour] = [await make(person), await make(person)];
  const arns = (resources: readonly string[]) =>
    resources.map((resource) => `arn:aws:ec2:us-east-1:${person.account}:${resource}`);
  const allow = (resources: readonly string[]) =>
    person.allow(
      statement("Allow", "iam:PassRole"),
      statement("Allow", `ec2:${action}`, [...arns(resources), "arn:aws:ec2:*:*:snapshot/${*}"]),
    );
  const codeOf = (command: object): Promise<string> =>
    person.ec2.send(command as never).then(
      () => "ok",
      (error: unknown) => (error as Error).name,
    );
  for (const left of own.resources) {
    await allow([...neighbour.resources, ...own.resources.filter((each) => each !== left)]);
    expect(await codeOf(own.command), `without ${left}`).toBe("UnauthorizedOperation");
  }
  await allow(own.resources);
  expect(await codeOf(neighbour.command)).toBe("UnauthorizedOperation");
  expect(["ok", "DryRunOperation"]).toContain(await codeOf(own.command));
});
