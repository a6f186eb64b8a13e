import {
  CreateCustomerGatewayCommand,
  CreateVpnConnectionCommand,
  DeleteVpnConnectionRouteCommand,
  GetActiveVpnTunnelStatusCommand,
  GetVpnTunnelReplacementStatusCommand,
  ModifyVpnTunnelCertificateCommand,
  ModifyVpnTunnelOptionsCommand,
  ReplaceVpnTunnelCommand,
  type EC2Client,
  type ModifyVpnTunnelOptionsCommandInput,
  type VpnTunnelOptionsSpecification,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, ownIslet, refused } from "../islet.ts";
import { newGateway } from "./transitGateways.ts";
import {
  newConnection,
  newCustomerGateway,
  newVpnGateway,
  outsideOf,
  shownConnection,
} from "./vpnNetwork.ts";

const connected = async (ec2: EC2Client, ...TunnelOptions: VpnTunnelOptionsSpecification[]) => {
  const VpnGatewayId = await newVpnGateway(ec2);
  const connection = await newConnection(ec2, { VpnGatewayId, Options: { TunnelOptions } });
  const id = connection.VpnConnectionId ?? "";
  const [first = "", second = ""] = outsideOf(connection);
  return { connection, id, first, second, VpnGatewayId };
};

const modify = (
  ec2: EC2Client,
  { id, first }: { readonly id: string; readonly first: string },
  TunnelOptions: ModifyVpnTunnelOptionsCommandInput["TunnelOptions"],
  more: Partial<ModifyVpnTunnelOptionsCommandInput> = {},
) =>
  ec2.send(
    new ModifyVpnTunnelOptionsCommand({
      VpnConnectionId: id,
      VpnTunnelOutsideIpAddress: first,
      TunnelOptions,
      ...more,
    }),
  );

const refusals: readonly (readonly [options: VpnTunnelOptionsSpecification, code?: string])[] = [
  [{ TunnelInsideCidr: "169.254.9.0/29" }],
  [{ TunnelInsideCidr: "10.0.0.0/30" }],
  [{ TunnelInsideCidr: "169.254.9.1/30" }],
  [{ TunnelInsideCidr: "169.254.169.252/30" }],
  [{ TunnelInsideCidr: "mine" }],
  [{ TunnelInsideIpv6Cidr: "fd00::/126" }, "InvalidParameterCombination"],
  [{ PreSharedKey: "01234567" }],
  [{ PreSharedKey: "short" }],
  [{ PreSharedKey: "with spaces in it" }],
  [{ Phase1LifetimeSeconds: 899 }],
  [{ Phase2LifetimeSeconds: 3601 }],
  [{ Phase1LifetimeSeconds: 1000, Phase2LifetimeSeconds: 1000 }],
  [{ RekeyMarginTimeSeconds: 59 }],
  [{ RekeyMarginTimeSeconds: 451, Phase2LifetimeSeconds: 900 }],
  [{ RekeyFuzzPercentage: 101 }],
  [{ ReplayWindowSize: 63 }],
  [{ DPDTimeoutSeconds: 29 }],
  [{ DPDTimeoutAction: "explode" }],
  [{ Phase1EncryptionAlgorithms: [{ Value: "DES" }] }],
  [{ Phase2EncryptionAlgorithms: [{ Value: "AES128" }, { Value: "3DES" }] }],
  [{ Phase1IntegrityAlgorithms: [{ Value: "MD5" }] }],
  [{ Phase2IntegrityAlgorithms: [{ Value: "MD5" }] }],
  [{ Phase1DHGroupNumbers: [{ Value: 5 }] }],
  [{ Phase2DHGroupNumbers: [{ Value: 1 }] }],
  [{ IKEVersions: [{ Value: "ikev3" }] }],
  [{ StartupAction: "wait" }],
  [{ LogOptions: { CloudWatchLogOptions: { LogEnabled: true } } }, "MissingParameter"],
  [{ LogOptions: { CloudWatchLogOptions: { BgpLogEnabled: true } } }, "MissingParameter"],
  [{ LogOptions: { CloudWatchLogOptions: { LogOutputFormat: "text" } } }, "InvalidParameterCombination"],
  [{ LogOptions: { CloudWatchLogOptions: { LogEnabled: true, LogGroupArn: "mine" } } }],
];

describe("what it refuses to parse", () => {
  test("options that no tunnel can have, when it is made and afterwards", async () => {
    const ec2 = await freshClient();
    const VpnGatewayId = await newVpnGateway(ec2);
    const CustomerGatewayId = await newCustomerGateway(ec2);
    const made = await connected(ec2);
    for (const [options, code = "InvalidParameterValue"] of refusals) {
      const Options = { TunnelOptions: [options] };
      const create = { Type: "ipsec.1", CustomerGatewayId, VpnGatewayId, Options };
      await refused(ec2.send(new CreateVpnConnectionCommand(create)), code);
      await refused(modify(ec2, made, options), code);
    }
    const three = {
      Type: "ipsec.1",
      CustomerGatewayId,
      VpnGatewayId,
      Options: { TunnelOptions: Array.from({ length: 3 }, () => ({ StartupAction: "add" })) },
    };
    await refused(ec2.send(new CreateVpnConnectionCommand(three)), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("anything to a tunnel that the connection does not have", async () => {
    const ec2 = await freshClient();
    const { id } = await connected(ec2);
    const which = { VpnConnectionId: id, VpnTunnelOutsideIpAddress: "203.0.113.200" };
    await refused(
      modify(ec2, { id, first: "203.0.113.200" }, { StartupAction: "add" }),
      "InvalidParameterValue",
    );
    await refused(ec2.send(new GetActiveVpnTunnelStatusCommand(which)), "InvalidParameterValue");
    await refused(ec2.send(new ReplaceVpnTunnelCommand(which)), "InvalidParameterValue");
  });

  test("inside blocks that another tunnel of the gateway has", async () => {
    const ec2 = await freshClient();
    const TunnelInsideCidr = "169.254.77.0/30";
    const one = await connected(ec2, { TunnelInsideCidr });
    const same = { VpnGatewayId: one.VpnGatewayId, Options: { TunnelOptions: [{ TunnelInsideCidr }] } };
    await refused(newConnection(ec2, same), "InvalidParameterValue", /already in use/);
    const two = await connected(ec2, { TunnelInsideCidr });
    await refused(
      modify(ec2, { id: two.id, first: two.second }, { TunnelInsideCidr }),
      "InvalidParameterValue",
    );
    await modify(ec2, two, { TunnelInsideCidr });
  });

  test("certificates where there are keys, keys where there are certificates", async () => {
    const ec2 = await freshClient();
    const { id, first } = await connected(ec2);
    const certificate = { VpnConnectionId: id, VpnTunnelOutsideIpAddress: first };
    await refused(ec2.send(new ModifyVpnTunnelCertificateCommand(certificate)), "UnsupportedOperation");
    await refused(
      modify(ec2, { id, first }, { StartupAction: "start" }, { SkipTunnelReplacement: true }),
      "InvalidParameterCombination",
    );
    await refused(
      ec2.send(new ReplaceVpnTunnelCommand({ ...certificate, ApplyPendingMaintenance: true })),
      "UnsupportedOperation",
    );
  });

  test("to begin something while something else is under way", async () => {
    const islet = await ownIslet({ pace: "real" });
    try {
      const ec2 = await freshClient({ islet });
      const { id, first, VpnGatewayId } = await connected(ec2);
      expect(VpnGatewayId).toMatch(/^vgw-/);
      await refused(
        modify(ec2, { id, first }, { StartupAction: "add" }),
        "InvalidVpnConnection.InvalidState",
      );
      const route = { VpnConnectionId: id, DestinationCidrBlock: "10.0.0.0/8" };
      await refused(
        ec2.send(new DeleteVpnConnectionRouteCommand(route)),
        "InvalidVpnConnection.InvalidState",
        `The VPN connection '${id}' must be in the available state to complete the request`,
      );
    } finally {
      await islet.close();
    }
  });
});

describe("what it does", () => {
  test("shows what was asked for, and nothing of what AWS chooses", async () => {
    const ec2 = await freshClient();
    const options = {
      PreSharedKey: "just.between_us",
      TunnelInsideCidr: "169.254.20.4/30",
      Phase1LifetimeSeconds: 3600,
      Phase2LifetimeSeconds: 1800,
      RekeyMarginTimeSeconds: 100,
      RekeyFuzzPercentage: 50,
      ReplayWindowSize: 128,
      Phase1EncryptionAlgorithms: [{ Value: "AES256-GCM-16" }],
      Phase2DHGroupNumbers: [{ Value: 5 }, { Value: 20 }],
      StartupAction: "start",
    };
    const { connection } = await connected(ec2, {
      ...options,
      DPDTimeoutSeconds: 60,
      DPDTimeoutAction: "restart",
      IKEVersions: [{ Value: "ikev2" }],
      EnableTunnelLifecycleControl: true,
    });
    const [one, other] = connection.Options?.TunnelOptions ?? [];
    expect(one).toMatchObject({
      ...options,
      DpdTimeoutSeconds: 60,
      DpdTimeoutAction: "restart",
      IkeVersions: [{ Value: "ikev2" }],
      EnableTunnelLifecycleControl: true,
    });
    expect(other?.Phase1LifetimeSeconds).toBeUndefined();
    expect(other?.PreSharedKey).toMatch(/^[A-Za-z1-9._]{32}$/);
    expect(other?.TunnelInsideCidr).toMatch(/^169\.254\.\d+\.\d+\/30$/);
  });

  test("changes one tunnel, and leaves the other", async () => {
    const ec2 = await freshClient();
    const made = await connected(ec2, { Phase1LifetimeSeconds: 7200 });
    const { VpnConnection } = await modify(ec2, made, {
      StartupAction: "start",
      PreSharedKey: "another_key",
    });
    expect(VpnConnection?.State).toBe("modifying");
    const shown = await shownConnection(ec2, made.id);
    expect(shown.State).toBe("available");
    const [one, other] = shown.Options?.TunnelOptions ?? [];
    expect(one).toMatchObject({
      StartupAction: "start",
      PreSharedKey: "another_key",
      Phase1LifetimeSeconds: 7200,
    });
    expect(other).toEqual(made.connection.Options?.TunnelOptions?.[1]);
    const skipped = await modify(
      ec2,
      made,
      { EnableTunnelLifecycleControl: true },
      { SkipTunnelReplacement: true },
    );
    expect(skipped.VpnConnection).toMatchObject({
      State: "available",
      Options: { TunnelOptions: [{ EnableTunnelLifecycleControl: true }, {}] },
    });
  });

  test("IPv6 inside, at a transit gateway", async () => {
    const ec2 = await freshClient();
    const { id: TransitGatewayId } = await newGateway(ec2);
    const TunnelInsideIpv6Cidr = "fd00:1:2:3::4/126";
    const connection = await newConnection(ec2, {
      TransitGatewayId,
      Options: { TunnelInsideIpVersion: "ipv6", TunnelOptions: [{ TunnelInsideIpv6Cidr }] },
    });
    expect(connection.Options?.TunnelOptions?.[0]).toMatchObject({ TunnelInsideIpv6Cidr });
    const tunnel = { id: connection.VpnConnectionId ?? "", first: outsideOf(connection)[1] ?? "" };
    await refused(modify(ec2, tunnel, { TunnelInsideIpv6Cidr }), "InvalidParameterValue");
    await refused(modify(ec2, tunnel, { TunnelInsideIpv6Cidr: "fe80::/126" }), "InvalidParameterValue");
    const { VpnConnection } = await modify(ec2, tunnel, { TunnelInsideIpv6Cidr: "fd00:9::/126" });
    expect(VpnConnection?.Options?.TunnelOptions?.[1]?.TunnelInsideIpv6Cidr).toBe("fd00:9::/126");
  });

  test("replaces AWS's end of a tunnel", async () => {
    const ec2 = await freshClient();
    const { id, first, second, connection } = await connected(ec2);
    const status = async (VpnTunnelOutsideIpAddress: string) =>
      (
        await ec2.send(
          new GetVpnTunnelReplacementStatusCommand({ VpnConnectionId: id, VpnTunnelOutsideIpAddress }),
        )
      ).MaintenanceDetails;
    expect(await status(first)).toEqual({ PendingMaintenance: "false" });
    const replaced = await ec2.send(
      new ReplaceVpnTunnelCommand({ VpnConnectionId: id, VpnTunnelOutsideIpAddress: first }),
    );
    expect(replaced.Return).toBe(true);
    expect((await status(first))?.LastMaintenanceApplied).toBeInstanceOf(Date);
    expect((await status(second))?.LastMaintenanceApplied).toBeUndefined();
    expect(outsideOf(await shownConnection(ec2, id))).toEqual(outsideOf(connection));
  });

  test("gives AWS's end of a tunnel another certificate", async () => {
    const ec2 = await freshClient();
    const CertificateArn =
      "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef";
    const { CustomerGateway } = await ec2.send(
      new CreateCustomerGatewayCommand({ Type: "ipsec.1", CertificateArn }),
    );
    const connection = await newConnection(ec2, {
      VpnGatewayId: await newVpnGateway(ec2),
      CustomerGatewayId: CustomerGateway?.CustomerGatewayId ?? "",
    });
    const [before] = connection.VgwTelemetry ?? [];
    expect(before?.CertificateArn).toMatch(/^arn:aws:acm:us-east-1:\d{12}:certificate\//);
    expect(connection.Options?.TunnelOptions?.[0]?.PreSharedKey).toBeUndefined();
    const id = connection.VpnConnectionId ?? "";
    const VpnTunnelOutsideIpAddress = outsideOf(connection)[0];
    const { VpnConnection } = await ec2.send(
      new ModifyVpnTunnelCertificateCommand({ VpnConnectionId: id, VpnTunnelOutsideIpAddress }),
    );
    expect(VpnConnection?.State).toBe("modifying");
    const [after] = (await shownConnection(ec2, id)).VgwTelemetry ?? [];
    expect(after?.CertificateArn).not.toBe(before?.CertificateArn);
    await refused(
      modify(ec2, { id, first: VpnTunnelOutsideIpAddress ?? "" }, { PreSharedKey: "a_key_of_mine" }),
      "InvalidParameterCombination",
    );
  });

  test("says nothing of what a tunnel that is down has agreed on", async () => {
    const ec2 = await freshClient();
    const { id, first } = await connected(ec2);
    const { ActiveVpnTunnelStatus } = await ec2.send(
      new GetActiveVpnTunnelStatusCommand({ VpnConnectionId: id, VpnTunnelOutsideIpAddress: first }),
    );
    expect(ActiveVpnTunnelStatus).toEqual({ ProvisioningStatus: "available" });
  });
});
