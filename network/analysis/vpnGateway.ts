import { VpnGateway } from "../vpnGateway.ts";
import type { TargetModel } from "./component.ts";
import { lead } from "./gatewayTable.ts";
import { ownedIn } from "./owners.ts";
import type { Search } from "./search.ts";
import { toSites, whyNotToSites } from "./siteLinks.ts";
import type { Wave } from "./wave.ts";

/** From the customer into the VPC. */
function enter(search: Search, wave: Wave, gateway: VpnGateway): void {
  const { id, vpc } = gateway;
  if (!vpc) return search.end(wave, { code: "UNASSOCIATED_COMPONENT", component: id });
  const passage = search.passage(wave);
  const goals = search.goal.ports.get(vpc) ?? [];
  const entered = passage
    .take(passage.headers.within("destination", ownedIn(vpc, passage.headers, "destination", goals)), () => ({
      code: "VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
      direction: "ingress",
      component: id,
      vpc: vpc.id,
    }))
    .past({ component: id, vpc: vpc.id });
  if (entered) lead(search, { ...entered, sender: undefined }, gateway, vpc);
}

/** A path ends at the gateway, if a connection takes it on from there: which one is not asked. */
export const vpnGatewayModel: TargetModel<VpnGateway> = {
  is: (target): target is VpnGateway => target instanceof VpnGateway,

  forward(search, wave, gateway, port) {
    const { id, vpc } = gateway;
    if (!vpc) return search.end(wave, { code: "BAD_STATE_ATTACHMENT", component: id });
    const passage = search.passage(wave);
    const senders = port ? [port] : [];
    passage.take(passage.headers.within("source", ownedIn(vpc, passage.headers, "source", senders)), () => ({
      code: "VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS",
      direction: "egress",
      component: id,
      vpc: vpc.id,
    }));
    const { headers } = passage;
    const out = passage
      .take(toSites(gateway.routes, headers), () => ({
        ...whyNotToSites(gateway.routes, headers, "BAD_STATE_VPN"),
        component: id,
        vpnGateway: id,
        vpc: vpc.id,
      }))
      .past({ component: id, vpc: vpc.id });
    if (!out || search.arrive(out, id, (other, answers) => enter(other, answers, gateway))) return;
    search.end(out, { code: "NO_POSSIBLE_DESTINATION", component: id });
  },

  enter,
};
