import { GatewayLoadBalancerEndpoint } from "../gatewayLoadBalancerEndpoint.ts";
import type { BehindModel, TargetModel } from "./component.ts";
import { addressesOf } from "./securityGroup.ts";
import { unnamed } from "./wave.ts";

export const gatewayLoadBalancerEndpointModel: TargetModel<GatewayLoadBalancerEndpoint> = {
  is: (target): target is GatewayLoadBalancerEndpoint => target instanceof GatewayLoadBalancerEndpoint,
  forward(search, wave, { id, port: own }, port) {
    if (own) search.receive(wave, own, port?.subnet);
    else search.end(wave, { code: "BAD_STATE_ATTACHMENT", component: id });
  },
  enter(search, wave, { port }) {
    if (port) search.emit(wave, port);
  },
};

/**
 * What appliances are shown comes back as it went; whether they send it back is not looked at.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/reachability/how-reachability-analyzer-works.html#considerations
 */
export const gatewayLoadBalancerEndpointInterfaceModel: BehindModel<GatewayLoadBalancerEndpoint> = {
  is: (behind): behind is GatewayLoadBalancerEndpoint => behind instanceof GatewayLoadBalancerEndpoint,
  take(search, wave, { id, balancers }, port) {
    const vpc = port.subnet.vpc.id;
    const passage = search.passage(wave).need(balancers !== undefined, () => ({
      code: "BAD_STATE_ATTACHMENT",
      vpcEndpoint: id,
      vpc,
    }));
    const shown = passage
      .take(passage.headers.outside("destination", addressesOf(port)), () => ({
        code: "NO_POSSIBLE_DESTINATION",
        vpcEndpoint: id,
        vpc,
      }))
      .past({ component: id, attachedTo: port.id, vpc, detail: "PATH_THROUGH_GWLB_NOT_CHECKED" });
    if (!shown || search.pause(shown, id, (other, answers) => other.emit(answers, port))) return;
    search.emit(unnamed(shown, id, "SG_REFERENCES_NOT_PRESERVED"), port);
  },
};
