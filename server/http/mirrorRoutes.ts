import { ApiError } from "../errors.ts";
import type { Network } from "../planes/network.ts";
import { viewPacket } from "./journeyView.ts";
import { allow, text, type Route } from "./operator.ts";

/** What traffic mirroring has sent to an interface: what a monitoring appliance there would see. */
export function mirrorRoutes(network: Network): Readonly<Record<string, Route>> {
  return {
    "GET mirrored-packets": (fields) => {
      allow(fields, "NetworkInterfaceId");
      const target = text(fields, "NetworkInterfaceId");
      if (target === undefined) throw new ApiError("MissingParameter", "NetworkInterfaceId");
      return {
        Packets: network.fabric.trafficMirror
          .copiesTo(target)
          .map(({ session, network: id, inner, outer, end, time }) => ({
            SessionId: session,
            VirtualNetworkId: id,
            Time: new Date(time).toISOString(),
            Outcome: end.outcome,
            Reason: end.outcome === "dropped" ? end.reason : undefined,
            Outer: viewPacket(outer),
            Inner: viewPacket(inner),
          })),
      };
    },
  };
}
