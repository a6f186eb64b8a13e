import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { strongswanSample } from "./strongswanSample.ts";
import { sampleConfiguration, type Configured } from "./vpnConfiguration.ts";
import { configured, vpnConnections } from "./vpnConnection.ts";

interface Device {
  readonly type: Sdk.VpnConnectionDeviceType;
  readonly sample: (connected: Configured, ike: "ikev1" | "ikev2") => string;
}

/** The devices that there is a sample for. */
const devices: readonly Device[] = [
  {
    type: {
      VpnConnectionDeviceTypeId: "9005b6c1",
      Vendor: "Generic",
      Platform: "Generic",
      Software: "Vendor Agnostic",
    },
    sample: sampleConfiguration,
  },
  {
    type: {
      VpnConnectionDeviceTypeId: "51cb26fd",
      Vendor: "Strongswan",
      Platform: "Ubuntu 16.04",
      Software: "Strongswan 5.5.1+",
    },
    sample: strongswanSample,
  },
];

const invalid = (value: string, name: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${value}) for parameter ${name} is invalid.`);

export const operations = {
  GetVpnConnectionDeviceSampleConfiguration: (
    { VpnConnectionId, VpnConnectionDeviceTypeId, InternetKeyExchangeVersion = "ikev1", SampleType },
    ctx,
  ) => {
    const connection = vpnConnections.get(ctx, VpnConnectionId);
    if (connection.state === "deleted" || connection.state === "deleting") {
      throw new ApiError("InvalidVpnConnectionID.NotFound", connection.id);
    }
    const device = devices.find(({ type }) => type.VpnConnectionDeviceTypeId === VpnConnectionDeviceTypeId);
    const ike = InternetKeyExchangeVersion;
    if (!device) throw invalid(VpnConnectionDeviceTypeId, "vpnConnectionDeviceTypeId");
    if (ike !== "ikev1" && ike !== "ikev2") throw invalid(ike, "internetKeyExchangeVersion");
    if (SampleType !== undefined && SampleType !== "compatibility" && SampleType !== "recommended") {
      throw invalid(SampleType, "sampleType");
    }
    if (SampleType === "recommended" && ike === "ikev1") {
      throw new ApiError(
        "UnsupportedOperation",
        "The recommended sample configuration does not support IKEv1.",
      );
    }
    return { VpnConnectionDeviceSampleConfiguration: device.sample(configured(ctx, connection), ike) };
  },

  GetVpnConnectionDeviceTypes: describeList({
    output: "VpnConnectionDeviceTypes",
    filters: {},
    pages: [200, 1000],
    of: (): readonly Sdk.VpnConnectionDeviceType[] => devices.map(({ type }) => type),
  }),
} satisfies Handlers;

export const partly = {
  GetVpnConnectionDeviceSampleConfiguration: "the samples of most vendors, and AWS's wording",
  GetVpnConnectionDeviceTypes: "most vendors",
};
