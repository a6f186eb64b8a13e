import { balancerFor, InterfaceEndpoint } from "../interfaceEndpoint.ts";
import { LoadBalancer } from "../loadBalancer.ts";
import { TCP } from "../packet.ts";
import type { BehindModel } from "./component.ts";
import { only } from "./headerSet.ts";
import { relay } from "./loadBalancer.ts";

/** Where a path ends, unless it leads on to a load balancer that the service is behind, and to its targets. */
export const interfaceEndpointModel: BehindModel<InterfaceEndpoint> = {
  is: (behind): behind is InterfaceEndpoint => behind instanceof InterfaceEndpoint,

  take(search, wave, endpoint, port) {
    const { id, service } = endpoint;
    const vpc = port.subnet.vpc.id;
    const passage = search.passage(wave).need(service !== undefined, () => ({
      code: "BAD_STATE_ATTACHMENT",
      vpcEndpoint: id,
      vpc,
    }));
    if (service?.kind === "region") {
      passage.take(passage.headers.within("protocol", [only(TCP)]), () => ({
        code: "PROTOCOL_RESTRICTION",
        vpcEndpoint: id,
        protocols: [TCP],
        vpc,
      }));
    }
    const serviceName = service?.kind === "region" ? service.name : undefined;
    const arrived = passage.past({ component: id, attachedTo: port.id, vpc, serviceName });
    if (!arrived || search.arrive(arrived, id, (other, answers) => other.emit(answers, port))) return;
    if (search.arrive(wave, port.id, (other, answers) => other.emit(answers, port))) return;
    // What is in another region is not looked at.
    const near = service?.kind === "load-balancers" && !service.far ? service : undefined;
    const balancer = near && balancerFor(search, near.ids, port);
    if (balancer instanceof LoadBalancer) relay(search, arrived, balancer, port);
    else search.end(arrived, { code: balancer ?? "NO_POSSIBLE_DESTINATION", component: id });
  },
};
