import { InterfaceEndpoint } from "../interfaceEndpoint.ts";
import { TCP } from "../packet.ts";
import type { BehindModel } from "./component.ts";
import { only } from "./headerSet.ts";

/** Where a path ends; how a service is made up behind it is its owner's business. */
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
    search.end(arrived, { code: "NO_POSSIBLE_DESTINATION", component: id });
  },
};
