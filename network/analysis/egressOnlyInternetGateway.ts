import { EgressOnlyInternetGateway } from "../egressOnlyInternetGateway.ts";
import type { TargetModel } from "./component.ts";

/** It takes IPv6 only, and the analyzers look at IPv4 only. */
export const egressOnlyInternetGatewayModel: TargetModel<EgressOnlyInternetGateway> = {
  is: (target): target is EgressOnlyInternetGateway => target instanceof EgressOnlyInternetGateway,
  forward: (search, wave, { id, vpc }) =>
    search.end(wave, { code: "PROTOCOL_RESTRICTION", component: id, vpc: vpc.id }),
};
