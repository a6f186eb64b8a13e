import {
  CreateCustomerGatewayCommand,
  CreateVpnConnectionCommand,
  CreateVpnConnectionRouteCommand,
  DeleteCustomerGatewayCommand,
  DeleteTransitGatewayCommand,
  DeleteVpnConnectionCommand,
  DeleteVpnConnectionRouteCommand,
  DescribeTransitGatewayAttachmentsCommand,
  DescribeVpnConnectionsCommand,
  GetVpnConnectionDeviceSampleConfigurationCommand,
  GetVpnConnectionDeviceTypesCommand,
  ModifyVpnConnectionCommand,
  ModifyVpnConnectionOptionsCommand,
  type CreateVpnConnectionCommandInput,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { parseStringPromise } from "xml2js";
import { freshClient, refused } from "../islet.ts";
import { newGateway } from "./transitGateways.ts";
import {
  DEVICE,
  DEVICE_6,
  newConnection,
  newCustomerGateway,
  newVpc,
  newVpnGateway,
  outsideOf,
  shownConnection,
} from "./vpnNetwork.ts";

const STRONGSWAN = "51cb26fd";
const CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef";
const UNKNOWN = "0123456789abcdef0";

/** A connection at a gateway of its own. */
const connected = async (ec2: EC2Client, input: Partial<CreateVpnConnectionCommandInput> = {}) => {
  const gateway = await newVpnGateway(ec2, await newVpc(ec2));
  const connection = await newConnection(ec2, { VpnGatewayId: gateway, ...input });
  return { gateway, connection, id: connection.VpnConnectionId ?? "" };
};

const addRoute = (ec2: EC2Client, VpnConnectionId: string, DestinationCidrBlock = "192.168.0.0/16") =>
  ec2.send(new CreateVpnConnectionRouteCommand({ VpnConnectionId, DestinationCidrBlock }));

const attachments = async (ec2: EC2Client, id: string) => {
  const Filters = [{ Name: "resource-id", Values: [id] }];
  const { TransitGatewayAttachments } = await ec2.send(
    new DescribeTransitGatewayAttachmentsCommand({ Filters }),
  );
  return TransitGatewayAttachments ?? [];
};

describe("what it refuses to parse", () => {
  test("what no connection can be", async () => {
    const ec2 = await freshClient();
    const VpnGatewayId = await newVpnGateway(ec2);
    const CustomerGatewayId = await newCustomerGateway(ec2);
    const create = (input: object) =>
      ec2.send(
        new CreateVpnConnectionCommand({ Type: "ipsec.1", CustomerGatewayId, VpnGatewayId, ...input }),
      );
    const options = (Options: object) => create({ Options });
    await refused(create({ Type: "ipsec.2" }), "InvalidParameterValue");
    await refused(create({ CustomerGatewayId: `cgw-${UNKNOWN}` }), "InvalidCustomerGatewayID.NotFound");
    await refused(create({ VpnGatewayId: `vgw-${UNKNOWN}` }), "InvalidVpnGatewayID.NotFound");
    await refused(create({ TransitGatewayId: `tgw-${UNKNOWN}` }), "InvalidParameterCombination");
    await refused(create({ VpnConcentratorId: `vcn-${UNKNOWN}` }), "InvalidParameterCombination");
    await refused(create({ PreSharedKeyStorage: "SecretsManager" }), "UnsupportedOperation");
    await refused(create({ PreSharedKeyStorage: "Drawer" }), "InvalidParameterValue");
    await refused(options({ EnableAcceleration: true }), "InvalidParameterCombination");
    await refused(options({ TunnelInsideIpVersion: "ipv6" }), "InvalidParameterCombination");
    await refused(options({ TunnelBandwidth: "large" }), "InvalidParameterCombination");
    await refused(options({ LocalIpv6NetworkCidr: "::/0" }), "InvalidParameterCombination");
    await refused(options({ LocalIpv4NetworkCidr: "everything" }), "InvalidParameterValue");
    await refused(options({ OutsideIpAddressType: "Ipv6" }), "InvalidParameterCombination");
    await refused(options({ OutsideIpAddressType: "PrivateIpv4" }), "InvalidParameterCombination");
    await refused(options({ OutsideIpAddressType: "Ipv5" }), "InvalidParameterValue");
    const transport = { TransportTransitGatewayAttachmentId: `tgw-attach-${UNKNOWN}` };
    await refused(options(transport), "InvalidParameterCombination");
    await refused(
      create({ CustomerGatewayId: await newCustomerGateway(ec2, "10.1.2.3") }),
      "InvalidParameterValue",
      /is not a public IPv4 address/,
    );
    await refused(shownConnection(ec2, "vpn-1"), "InvalidVpnConnectionID.NotFound");
  });
});

describe("what it refuses to do", () => {
  test("static routes where BGP tells them, twice, or where there are none", async () => {
    const ec2 = await freshClient();
    const { id: dynamic } = await connected(ec2);
    await refused(addRoute(ec2, dynamic), "InvalidVpnConnection.InvalidType");
    const { id } = await connected(ec2, { Options: { StaticRoutesOnly: true } });
    await refused(addRoute(ec2, id, "192.168.0.0"), "InvalidParameterValue");
    await addRoute(ec2, id);
    await refused(addRoute(ec2, id), "RouteAlreadyExists");
    const remove = { VpnConnectionId: id, DestinationCidrBlock: "10.9.0.0/16" };
    await refused(ec2.send(new DeleteVpnConnectionRouteCommand(remove)), "InvalidRoute.NotFound");
    const { id: hub } = await newGateway(ec2);
    const { VpnConnectionId = "" } = await newConnection(ec2, {
      TransitGatewayId: hub,
      Options: { StaticRoutesOnly: true },
    });
    await refused(addRoute(ec2, VpnConnectionId), "InvalidVpnConnection.InvalidType");
  });

  test("to delete the customer gateway of a connection, or its transit gateway", async () => {
    const ec2 = await freshClient();
    const { id: TransitGatewayId } = await newGateway(ec2);
    const { CustomerGatewayId, VpnConnectionId } = await newConnection(ec2, { TransitGatewayId });
    const remove = () => ec2.send(new DeleteCustomerGatewayCommand({ CustomerGatewayId }));
    await refused(remove(), "IncorrectState", "The customer gateway is in use.");
    await refused(
      ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId })),
      "IncorrectState",
      /has non-deleted VPN Attachments: tgw-attach-/,
    );
    await ec2.send(new DeleteVpnConnectionCommand({ VpnConnectionId }));
    await shownConnection(ec2, VpnConnectionId ?? "");
    await remove();
    await ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId }));
  });

  test("to work with what is deleted, or busy", async () => {
    const ec2 = await freshClient();
    const { id } = await connected(ec2);
    await ec2.send(new DeleteVpnConnectionCommand({ VpnConnectionId: id }));
    await refused(
      ec2.send(new DeleteVpnConnectionCommand({ VpnConnectionId: id })),
      "InvalidVpnConnectionID.NotFound",
      `The vpnConnection ID '${id}' does not exist`,
    );
    await refused(addRoute(ec2, id), "InvalidVpnConnectionID.NotFound");
  });

  test("modifications that make no sense", async () => {
    const ec2 = await freshClient();
    const { id, gateway } = await connected(ec2, { Options: { StaticRoutesOnly: true } });
    await addRoute(ec2, id);
    const modify = (input: object) =>
      ec2.send(new ModifyVpnConnectionCommand({ VpnConnectionId: id, ...input }));
    await refused(modify({}), "InvalidParameterCombination");
    const CustomerGatewayId = await newCustomerGateway(ec2, "203.0.113.8");
    await refused(modify({ VpnGatewayId: gateway, CustomerGatewayId }), "InvalidParameterCombination");
    const { id: TransitGatewayId } = await newGateway(ec2);
    await refused(modify({ TransitGatewayId }), "IncorrectState", `${id} has static routes.`);
    const { CustomerGateway } = await ec2.send(
      new CreateCustomerGatewayCommand({
        Type: "ipsec.1",
        CertificateArn: CERTIFICATE,
      }),
    );
    await refused(
      modify({ CustomerGatewayId: CustomerGateway?.CustomerGatewayId }),
      "InvalidParameterValue",
      /do not authenticate in the same way/,
    );
    await refused(
      ec2.send(new ModifyVpnConnectionOptionsCommand({ VpnConnectionId: id, TunnelBandwidth: "large" })),
      "InvalidParameterCombination",
    );
  });

  test("IPv6 addresses of tunnels but at a transit gateway, with a device that has one", async () => {
    const ec2 = await freshClient();
    const { id: TransitGatewayId } = await newGateway(ec2);
    const six = { OutsideIpAddressType: "Ipv6" };
    const device = await newCustomerGateway(ec2, DEVICE_6);
    const create = (CustomerGatewayId: string, Options: object = six, more: object = { TransitGatewayId }) =>
      newConnection(ec2, { CustomerGatewayId, Options, ...more });
    const VpnGatewayId = await newVpnGateway(ec2);
    await refused(create(device, six, { VpnGatewayId }), "InvalidParameterCombination");
    await refused(create(device, six, {}), "InvalidParameterCombination");
    const wrong = "InvalidParameterValue";
    await refused(create(device, {}), wrong, /is not a public IPv4 address/);
    await refused(create(await newCustomerGateway(ec2)), wrong, /is not a public IPv6 address/);
    await refused(create(await newCustomerGateway(ec2, "fd00::7")), wrong, /is not a public IPv6 address/);
    const { VpnConnectionId } = await create(device);
    const modify = (input: object) => ec2.send(new ModifyVpnConnectionCommand({ VpnConnectionId, ...input }));
    await refused(modify({ VpnGatewayId }), "InvalidParameterCombination");
    await refused(modify({ CustomerGatewayId: await newCustomerGateway(ec2) }), wrong);
  });

  test("large tunnels that are accelerated, or whose device has no address", async () => {
    const ec2 = await freshClient();
    const { id: TransitGatewayId } = await newGateway(ec2);
    const large = { TunnelBandwidth: "large" } as const;
    const combination = "InvalidParameterCombination";
    const Options = { ...large, EnableAcceleration: true };
    await refused(newConnection(ec2, { TransitGatewayId, Options }), combination);
    const quick = await newConnection(ec2, { TransitGatewayId, Options: { EnableAcceleration: true } });
    const widen = ({ VpnConnectionId }: { readonly VpnConnectionId?: string | undefined }) =>
      ec2.send(new ModifyVpnConnectionOptionsCommand({ VpnConnectionId, ...large }));
    await refused(widen(quick), combination);
    const { CustomerGateway } = await ec2.send(
      new CreateCustomerGatewayCommand({ Type: "ipsec.1", CertificateArn: CERTIFICATE }),
    );
    const CustomerGatewayId = CustomerGateway?.CustomerGatewayId ?? "";
    await refused(newConnection(ec2, { TransitGatewayId, CustomerGatewayId, Options: large }), combination);
    const unnamed = await newConnection(ec2, { TransitGatewayId, CustomerGatewayId });
    await refused(widen(unnamed), combination);
    const plain = await newConnection(ec2, { TransitGatewayId });
    expect((await widen(plain)).VpnConnection?.Options?.TunnelBandwidth).toBe("large");
  });

  test("sample configurations of unknown devices and versions", async () => {
    const ec2 = await freshClient();
    const { id } = await connected(ec2);
    const sample = (input: object) =>
      ec2.send(
        new GetVpnConnectionDeviceSampleConfigurationCommand({
          VpnConnectionId: id,
          VpnConnectionDeviceTypeId: "9005b6c1",
          ...input,
        }),
      );
    await refused(sample({ VpnConnectionDeviceTypeId: "00000000" }), "InvalidParameterValue");
    await refused(sample({ InternetKeyExchangeVersion: "ikev3" }), "InvalidParameterValue");
    await refused(sample({ SampleType: "best" }), "InvalidParameterValue");
    await refused(sample({ SampleType: "recommended" }), "UnsupportedOperation");
    await ec2.send(new DeleteVpnConnectionCommand({ VpnConnectionId: id }));
    await refused(sample({}), "InvalidVpnConnectionID.NotFound");
  });
});

describe("what it does", () => {
  test("makes a connection with two tunnels, which are down as long as nobody answers", async () => {
    const ec2 = await freshClient();
    const VpnGatewayId = await newVpnGateway(ec2);
    const CustomerGatewayId = await newCustomerGateway(ec2);
    const { VpnConnection: made } = await ec2.send(
      new CreateVpnConnectionCommand({
        Type: "ipsec.1",
        CustomerGatewayId,
        VpnGatewayId,
        TagSpecifications: [{ ResourceType: "vpn-connection", Tags: [{ Key: "Name", Value: "hq" }] }],
      }),
    );
    expect(made).toMatchObject({ State: "pending", Category: "VPN", Tags: [{ Key: "Name", Value: "hq" }] });
    const shown = await shownConnection(ec2, made?.VpnConnectionId ?? "");
    expect(shown).toMatchObject({
      State: "available",
      Type: "ipsec.1",
      CustomerGatewayId,
      VpnGatewayId,
      GatewayAssociationState: "associated",
      Options: {
        EnableAcceleration: false,
        StaticRoutesOnly: false,
        LocalIpv4NetworkCidr: "0.0.0.0/0",
        RemoteIpv4NetworkCidr: "0.0.0.0/0",
        OutsideIpAddressType: "PublicIpv4",
        TunnelInsideIpVersion: "ipv4",
        TunnelBandwidth: "standard",
      },
      Routes: [],
    });
    const outside = outsideOf(shown);
    expect(new Set(outside).size).toBe(2);
    expect(shown.VgwTelemetry).toMatchObject(
      outside.map((OutsideIpAddress) => ({
        OutsideIpAddress,
        Status: "DOWN",
        StatusMessage: "IPSEC IS DOWN",
        AcceptedRouteCount: 0,
      })),
    );
  });

  test("tells the customer's device what it has to know", async () => {
    const ec2 = await freshClient();
    const { connection, gateway, id } = await connected(ec2, {
      Options: { TunnelOptions: [{ TunnelInsideCidr: "169.254.44.240/30", PreSharedKey: "between_us.2" }] },
    });
    const xml = (await parseStringPromise(connection.CustomerGatewayConfiguration ?? "", {
      explicitArray: false,
    })) as { vpn_connection: { ipsec_tunnel: unknown[] } & object };
    expect(xml.vpn_connection).toMatchObject({
      $: { id },
      customer_gateway_id: connection.CustomerGatewayId,
      vpn_gateway_id: gateway,
      vpn_connection_type: "ipsec.1",
    });
    expect(xml.vpn_connection.ipsec_tunnel).toHaveLength(2);
    expect(xml.vpn_connection.ipsec_tunnel[0]).toMatchObject({
      customer_gateway: {
        tunnel_outside_address: { ip_address: DEVICE },
        tunnel_inside_address: { ip_address: "169.254.44.242", network_cidr: "30" },
        bgp: { asn: "65000", hold_time: "30" },
      },
      vpn_gateway: {
        tunnel_outside_address: { ip_address: outsideOf(connection)[0] },
        tunnel_inside_address: { ip_address: "169.254.44.241" },
        bgp: { asn: "64512" },
      },
      ike: { pre_shared_key: "between_us.2", encryption_protocol: "aes-128-cbc", lifetime: "28800" },
      ipsec: { protocol: "esp", dead_peer_detection: { interval: "10", retries: "3" } },
    });
    const { connection: fixed } = await connected(ec2, { Options: { StaticRoutesOnly: true } });
    expect(fixed.CustomerGatewayConfiguration).toContain("NoBGPVPNConnection");
    expect(fixed.CustomerGatewayConfiguration).not.toContain("<bgp>");
  });

  test("in words, too", async () => {
    const ec2 = await freshClient();
    const { connection, id } = await connected(ec2);
    const { VpnConnectionDeviceTypes } = await ec2.send(new GetVpnConnectionDeviceTypesCommand({}));
    expect(VpnConnectionDeviceTypes).toEqual([
      {
        VpnConnectionDeviceTypeId: "9005b6c1",
        Vendor: "Generic",
        Platform: "Generic",
        Software: "Vendor Agnostic",
      },
      expect.objectContaining({ VpnConnectionDeviceTypeId: STRONGSWAN, Vendor: "Strongswan" }),
    ]);
    const { VpnConnectionDeviceSampleConfiguration: text } = await ec2.send(
      new GetVpnConnectionDeviceSampleConfigurationCommand({
        VpnConnectionId: id,
        VpnConnectionDeviceTypeId: VpnConnectionDeviceTypes?.[0]?.VpnConnectionDeviceTypeId,
        InternetKeyExchangeVersion: "ikev2",
        SampleType: "recommended",
      }),
    );
    expect(text).toContain("ikev2");
    for (const { PreSharedKey, OutsideIpAddress } of connection.Options?.TunnelOptions ?? []) {
      expect(text).toContain(PreSharedKey);
      expect(text).toContain(OutsideIpAddress);
    }
  });

  test("as strongSwan has to be told", async () => {
    const ec2 = await freshClient();
    const read = async (VpnConnectionId: string, InternetKeyExchangeVersion: string) => {
      const { VpnConnectionDeviceSampleConfiguration: text = "" } = await ec2.send(
        new GetVpnConnectionDeviceSampleConfigurationCommand({
          VpnConnectionId,
          VpnConnectionDeviceTypeId: STRONGSWAN,
          InternetKeyExchangeVersion,
        }),
      );
      return text.split("\n").map((line) => line.trim());
    };
    const TunnelOptions = [
      { PreSharedKey: "key_of_one", TunnelInsideCidr: "169.254.77.0/30", Phase1LifetimeSeconds: 7200 },
      {
        PreSharedKey: "key_of_two",
        Phase1EncryptionAlgorithms: [{ Value: "AES256-GCM-16" }],
        Phase2EncryptionAlgorithms: [{ Value: "AES256-GCM-16" }],
        Phase1IntegrityAlgorithms: [{ Value: "SHA2-384" }],
        Phase1DHGroupNumbers: [{ Value: 20 }],
        Phase2DHGroupNumbers: [{ Value: 14 }],
        StartupAction: "start",
      },
    ];
    const { id, connection } = await connected(ec2, { Options: { TunnelOptions } });
    const [one = "", two = ""] = outsideOf(connection);
    const dynamic = await read(id, "ikev2");
    for (const line of [
      `conn ${id}-1`,
      "keyexchange=ikev2",
      "ike=aes128-sha1-modp1024!",
      "ikelifetime=7200s",
      "ike=aes256gcm16-prfsha384-ecp384!",
      "esp=aes256gcm16-modp2048!",
      `${DEVICE} ${one} : PSK "key_of_one"`,
      `${DEVICE} ${two} : PSK "key_of_two"`,
      "ip address add 169.254.77.2/30 remote 169.254.77.1 dev vti1",
      "router bgp 65000",
      "neighbor 169.254.77.1 remote-as 64512",
    ]) {
      expect(dynamic).toContain(line);
    }
    expect(dynamic.filter((line) => line.startsWith("auto="))).toEqual(["auto=start", "auto=add"]);
    const { id: TransitGatewayId } = await newGateway(ec2);
    const { CustomerGateway } = await ec2.send(
      new CreateCustomerGatewayCommand({ Type: "ipsec.1", CertificateArn: CERTIFICATE }),
    );
    const certified = await newConnection(ec2, {
      TransitGatewayId,
      CustomerGatewayId: CustomerGateway?.CustomerGatewayId ?? "",
      Options: { StaticRoutesOnly: true, RemoteIpv4NetworkCidr: "10.0.0.0/8" },
    });
    const written = await read(certified.VpnConnectionId ?? "", "ikev1");
    for (const line of [
      "keyexchange=ikev1",
      "authby=pubkey",
      ": RSA device.key",
      "ip route add 10.0.0.0/8 dev vti2 metric 2",
    ]) {
      expect(written).toContain(line);
    }
    expect(written.join()).not.toMatch(/PSK|bgp/);
  });

  test("static routes come and go", async () => {
    const ec2 = await freshClient();
    const { id } = await connected(ec2, { Options: { StaticRoutesOnly: true } });
    await addRoute(ec2, id, "192.168.5.5/16");
    expect((await shownConnection(ec2, id)).Routes).toEqual([
      { DestinationCidrBlock: "192.168.0.0/16", Source: "Static", State: "available" },
    ]);
    const route = { VpnConnectionId: id, DestinationCidrBlock: "192.168.0.0/16" };
    await ec2.send(new DeleteVpnConnectionRouteCommand(route));
    expect((await shownConnection(ec2, id)).Routes).toEqual([]);
  });

  test("at a transit gateway it is an attachment, until it is deleted", async () => {
    const ec2 = await freshClient();
    const { id: TransitGatewayId, table } = await newGateway(ec2);
    const { VpnConnectionId: id = "", ...shown } = await newConnection(ec2, {
      TransitGatewayId,
      Options: { EnableAcceleration: true, TunnelInsideIpVersion: "ipv6" },
    });
    expect(shown).toMatchObject({
      TransitGatewayId,
      Options: { EnableAcceleration: true, LocalIpv6NetworkCidr: "::/0", TunnelBandwidth: "standard" },
    });
    expect(shown.CustomerGatewayConfiguration).toContain(`<transit_gateway_id>${TransitGatewayId}<`);
    expect(shown.Options?.TunnelOptions?.[0]?.TunnelInsideIpv6Cidr).toMatch(/^fd.*\/126$/);
    expect(await attachments(ec2, id)).toMatchObject([
      {
        ResourceType: "vpn",
        State: "available",
        Association: { TransitGatewayRouteTableId: table, State: "associated" },
      },
    ]);
    await ec2.send(new DeleteVpnConnectionCommand({ VpnConnectionId: id }));
    const gone = await shownConnection(ec2, id);
    expect(gone.State).toBe("deleted");
    expect(gone.CustomerGatewayConfiguration).toBeUndefined();
    expect((await attachments(ec2, id)).map(({ State }) => State)).toEqual(["deleted"]);
  });

  test("moves to another gateway, or another device", async () => {
    const ec2 = await freshClient();
    const { id, connection } = await connected(ec2);
    const modify = (input: object) =>
      ec2.send(new ModifyVpnConnectionCommand({ VpnConnectionId: id, ...input }));
    const CustomerGatewayId = await newCustomerGateway(ec2, "203.0.113.8");
    const { VpnConnection } = await modify({ CustomerGatewayId });
    expect(VpnConnection).toMatchObject({ State: "modifying", CustomerGatewayId });
    const { id: TransitGatewayId } = await newGateway(ec2);
    await modify({ TransitGatewayId });
    const moved = await shownConnection(ec2, id);
    expect(moved).toMatchObject({ State: "available", TransitGatewayId });
    expect(moved.VpnGatewayId).toBeUndefined();
    expect(outsideOf(moved)).toEqual(outsideOf(connection));
    expect(await attachments(ec2, id)).toMatchObject([{ State: "available" }]);
    const VpnGatewayId = await newVpnGateway(ec2);
    await modify({ VpnGatewayId });
    expect(await shownConnection(ec2, id)).toMatchObject({ VpnGatewayId });
    expect(await attachments(ec2, id)).toMatchObject([{ State: "deleted" }]);
  });

  test("begins at no gateway, and has its options changed", async () => {
    const ec2 = await freshClient();
    const alone = await newConnection(ec2, {});
    expect(alone.GatewayAssociationState).toBe("not-associated");
    await ec2.send(
      new ModifyVpnConnectionOptionsCommand({
        VpnConnectionId: alone.VpnConnectionId,
        LocalIpv4NetworkCidr: "192.168.0.0/16",
        RemoteIpv4NetworkCidr: "10.0.0.0/16",
      }),
    );
    expect((await shownConnection(ec2, alone.VpnConnectionId ?? "")).Options).toMatchObject({
      LocalIpv4NetworkCidr: "192.168.0.0/16",
      RemoteIpv4NetworkCidr: "10.0.0.0/16",
    });
  });

  test("gives its tunnels IPv6 addresses of AWS's own", async () => {
    const ec2 = await freshClient();
    const { id: TransitGatewayId } = await newGateway(ec2);
    const CustomerGatewayId = await newCustomerGateway(ec2, DEVICE_6);
    const connection = await newConnection(ec2, {
      TransitGatewayId,
      CustomerGatewayId,
      Options: { OutsideIpAddressType: "Ipv6" },
    });
    expect(connection.Options).toMatchObject({ OutsideIpAddressType: "Ipv6", TunnelInsideIpVersion: "ipv4" });
    const [one = "", two = ""] = outsideOf(connection);
    expect(one).toMatch(/^2600:f0f0:/);
    expect(new Set([one, two]).size).toBe(2);
    expect(connection.VgwTelemetry?.map(({ OutsideIpAddress }) => OutsideIpAddress)).toEqual([one, two]);
    expect(connection.CustomerGatewayConfiguration).toContain(`<ip_address>${DEVICE_6}</ip_address>`);
    const id = connection.VpnConnectionId ?? "";
    await ec2.send(
      new ModifyVpnConnectionCommand({
        VpnConnectionId: id,
        CustomerGatewayId: await newCustomerGateway(ec2, "2001:db8::8"),
      }),
    );
    expect(outsideOf(await shownConnection(ec2, id))).toEqual([one, two]);
    await ec2.send(new DeleteVpnConnectionCommand({ VpnConnectionId: id }));
    expect((await shownConnection(ec2, id)).State).toBe("deleted");
  });

  test("filters", async () => {
    const ec2 = await freshClient();
    const { id, gateway, connection } = await connected(ec2);
    const { id: fixed } = await connected(ec2, { Options: { StaticRoutesOnly: true } });
    await addRoute(ec2, fixed);
    const { id: TransitGatewayId } = await newGateway(ec2);
    const { VpnConnectionId: third } = await newConnection(ec2, { TransitGatewayId });
    const by = async (Name: string, value: string) =>
      (
        await ec2.send(new DescribeVpnConnectionsCommand({ Filters: [{ Name, Values: [value] }] }))
      ).VpnConnections?.map(({ VpnConnectionId }) => VpnConnectionId);
    expect(await by("vpn-connection-id", id)).toEqual([id]);
    expect(await by("vpn-gateway-id", gateway)).toEqual([id]);
    expect(await by("transit-gateway-id", TransitGatewayId)).toEqual([third]);
    expect(await by("option.static-routes-only", "true")).toEqual([fixed]);
    expect(await by("route.destination-cidr-block", "192.168.0.0/16")).toEqual([fixed]);
    expect(await by("bgp-asn", "65000")).toEqual([id, third]);
    expect(await by("customer-gateway-id", connection.CustomerGatewayId ?? "")).toHaveLength(3);
    expect(await by("customer-gateway-configuration", `*${id}*`)).toEqual([id]);
    expect(await by("state", "available")).toHaveLength(3);
    expect(await by("type", "ipsec.1")).toHaveLength(3);
  });
});
