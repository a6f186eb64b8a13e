import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateNetworkInterfacePermissionCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DeleteNetworkInterfacePermissionCommand,
  DescribeNetworkInterfacePermissionsCommand,
  DescribeNetworkInterfacesCommand,
  type CreateNetworkInterfacePermissionCommandInput,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();
const ACCOUNT = "123456789012";
let NetworkInterfaceId = "";
let VpcId = "";

beforeAll(async () => {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  VpcId = Vpc?.VpcId ?? "";
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24" }));
  const { NetworkInterface: eni } = await ec2.send(
    new CreateNetworkInterfaceCommand({ SubnetId: Subnet?.SubnetId }),
  );
  NetworkInterfaceId = eni?.NetworkInterfaceId ?? "";
});

const grant = (input: Partial<CreateNetworkInterfacePermissionCommandInput> = {}) =>
  ec2.send(
    new CreateNetworkInterfacePermissionCommand({
      NetworkInterfaceId,
      AwsAccountId: ACCOUNT,
      Permission: "INSTANCE-ATTACH",
      ...input,
    }),
  );
const permissions = (Filters?: { Name: string; Values: string[] }[]) =>
  ec2.send(new DescribeNetworkInterfacePermissionsCommand({ Filters }));

describe("what it refuses to parse", () => {
  test("who is no account", async () => {
    await refused(grant({ AwsAccountId: "12" }), "InvalidParameterValue");
    await refused(grant({ AwsAccountId: undefined }), "MissingParameter");
    await refused(grant({ AwsService: "ec2" }), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("grant or revoke what is not there", async () => {
    await refused(
      grant({ NetworkInterfaceId: "eni-0123456789abcdef0" }),
      "InvalidNetworkInterfaceID.NotFound",
    );
    const NetworkInterfacePermissionId = "eni-perm-0123456789abcdef0";
    await refused(
      ec2.send(new DeleteNetworkInterfacePermissionCommand({ NetworkInterfacePermissionId })),
      "InvalidPermissionID.NotFound",
    );
  });
});

describe("what it does", () => {
  test("grants once, shows and revokes", async () => {
    const { InterfacePermission } = await grant();
    expect(InterfacePermission).toMatchObject({
      NetworkInterfacePermissionId: expect.stringMatching(/^eni-perm-0[0-9a-f]{16}$/) as unknown,
      NetworkInterfaceId,
      AwsAccountId: ACCOUNT,
      Permission: "INSTANCE-ATTACH",
      PermissionState: { State: "pending" },
    });
    const granted = { ...InterfacePermission, PermissionState: { State: "granted" } };
    expect((await grant()).InterfacePermission).toEqual(granted);
    expect((await permissions()).NetworkInterfacePermissions).toEqual([granted]);
    const NetworkInterfacePermissionId = InterfacePermission?.NetworkInterfacePermissionId ?? "";
    const revoke = new DeleteNetworkInterfacePermissionCommand({ NetworkInterfacePermissionId });
    expect((await ec2.send(revoke)).Return).toBe(true);
    expect((await permissions()).NetworkInterfacePermissions).toEqual([]);
  });

  test.each(["aws-account-id", "network-interface-id", "network-interface-permission-id", "permission"])(
    "is found by the filter network-interface-permission.%s",
    async (name) => {
      const { InterfacePermission } = await grant({
        Permission: "EIP-ASSOCIATE",
        AwsAccountId: "111122223333",
      });
      const values: Record<string, string | undefined> = {
        "aws-account-id": "111122223333",
        "network-interface-id": NetworkInterfaceId,
        "network-interface-permission-id": InterfacePermission?.NetworkInterfacePermissionId,
        permission: "EIP-ASSOCIATE",
      };
      const Filters = [{ Name: `network-interface-permission.${name}`, Values: [values[name] ?? ""] }];
      expect((await permissions(Filters)).NetworkInterfacePermissions).toEqual([
        { ...InterfacePermission, PermissionState: { State: "granted" } },
      ]);
      const none = [{ Name: "network-interface-permission.aws-service", Values: ["*"] }];
      expect((await permissions(none)).NetworkInterfacePermissions).toEqual([]);
    },
  );

  test("lets another account associate its elastic address, and goes with the interface", async () => {
    const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
    await ec2.send(
      new AttachInternetGatewayCommand({ VpcId, InternetGatewayId: InternetGateway?.InternetGatewayId }),
    );
    const other = await freshClient();
    const { AllocationId, PublicIp } = await other.send(new AllocateAddressCommand({}));
    const associate = () => other.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId }));
    await refused(associate(), "InvalidNetworkInterfaceID.NotFound");
    const account = (
      await other.send(
        new CreateNetworkInterfaceCommand({
          SubnetId: (
            await other.send(
              new CreateSubnetCommand({
                VpcId: (await other.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc?.VpcId,
                CidrBlock: "10.0.0.0/24",
              }),
            )
          ).Subnet?.SubnetId,
        }),
      )
    ).NetworkInterface?.OwnerId;
    await grant({ AwsAccountId: account, Permission: "EIP-ASSOCIATE" });
    await associate();
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [NetworkInterfaceId] }),
    );
    expect(NetworkInterfaces?.[0]?.Association).toMatchObject({ PublicIp, IpOwnerId: account });
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
    expect((await permissions()).NetworkInterfacePermissions).toEqual([]);
  });
});
