import { GatewayEndpoint } from "../gatewayEndpoint.ts";
import { TCP } from "../packet.ts";
import { rangesOf } from "./addressRange.ts";
import type { TargetModel } from "./component.ts";
import { only } from "./headerSet.ts";
import { ownedIn } from "./owners.ts";
import type { Search } from "./search.ts";
import type { Wave } from "./wave.ts";

const hop = ({ id, vpc, service }: GatewayEndpoint) => ({
  component: id,
  vpc: vpc.id,
  serviceName: service,
});

/** From the service's addresses into the VPC. */
function enter(search: Search, wave: Wave, endpoint: GatewayEndpoint): void {
  const { vpc, blocks } = endpoint;
  const passage = search.passage(wave);
  const entered = passage
    .take(passage.headers.within("source", rangesOf(blocks)), () => ({
      code: "VPCE_GATEWAY_EGRESS_SOURCE_ADDRESS_RESTRICTION",
      vpcEndpoint: endpoint.id,
      vpc: vpc.id,
    }))
    .past(hop(endpoint));
  search.later(entered && { ...entered, sender: undefined }, (each) => search.deliver(each, vpc, undefined));
}

export const gatewayEndpointModel: TargetModel<GatewayEndpoint> = {
  is: (target): target is GatewayEndpoint => target instanceof GatewayEndpoint,

  forward(search, wave, endpoint, port) {
    const { id, vpc, blocks } = endpoint;
    const passage = search.passage(wave);
    const arrived = passage
      .take(passage.headers.within("protocol", [only(TCP)]), () => ({
        code: "VPCE_GATEWAY_PROTOCOL_RESTRICTION",
        vpcEndpoint: id,
        protocols: [TCP],
        vpc: vpc.id,
      }))
      .take(
        passage.headers.within("source", port ? ownedIn(vpc, passage.headers, "source", [port]) : []),
        () => ({
          code: "GATEWAY_REJECTS_SPOOFED_TRAFFIC",
          vpcEndpoint: id,
          vpc: vpc.id,
        }),
      )
      .take(passage.headers.within("destination", rangesOf(blocks)), () => ({
        code: "NO_POSSIBLE_DESTINATION",
        vpcEndpoint: id,
        vpc: vpc.id,
      }))
      .past(hop(endpoint));
    if (!arrived || search.arrive(arrived, id, (other, answers) => enter(other, answers, endpoint))) return;
    search.end(arrived, { code: "NO_POSSIBLE_DESTINATION", component: id });
  },
};
