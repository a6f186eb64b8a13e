import type { Port } from "./port.ts";
import type { PrefixLists } from "./prefixList.ts";
import type { RouteTarget } from "./routeTarget.ts";
import { TransitGateway, type TransitGatewayAttachment } from "./transitGateway.ts";
import { TransitGatewayNat, type TransitGatewayNatRule } from "./transitGatewayNat.ts";
import { TransitGatewayPeering } from "./transitGatewayPeering.ts";
import { TransitGatewayPolicyTable, type TransitGatewayPolicyEntry } from "./transitGatewayPolicyTable.ts";
import { TransitGatewayRouteTable, type TransitGatewayRoute } from "./transitGatewayRouteTable.ts";
import { TransitGatewayVpcAttachment } from "./transitGatewayVpcAttachment.ts";
import { MulticastDomain, type MulticastGroup } from "./multicastDomain.ts";
import type { Subnet } from "./subnet.ts";
import type { Vpc } from "./vpc.ts";

interface AttachmentPlan {
  readonly id: string;
  readonly gateway: string;
  readonly table: string | undefined;
  readonly live: boolean;
}

export interface TransitGatewayVpcAttachmentPlan extends AttachmentPlan {
  readonly vpc: string;
  /** The gateway's interfaces in the VPC. */
  readonly ports: readonly string[];
  readonly applianceMode?: boolean;
  readonly ipv6?: boolean;
  readonly groupReferencing?: boolean;
}

export interface TransitGatewayPeeringPlan extends AttachmentPlan {
  /** The gateway at the other end, and the attachment there. */
  readonly peer: { readonly gateway: string; readonly attachment: string };
}

/** An entry of a policy table, by the id of the route table that it chooses. */
export interface TransitGatewayPolicyEntryPlan extends Omit<TransitGatewayPolicyEntry, "table"> {
  readonly table: string;
}

/** What the attachments of all kinds can have. */
export interface TransitGatewayAttachmentRules {
  readonly id: string;
  readonly gateway: string;
  /** The policy table that it has in the place of a route table. */
  readonly policy: string | undefined;
  /** How addresses behind it are translated; none are without rules. */
  readonly translations: readonly TransitGatewayNatRule[];
}

export interface MulticastDomainPlan {
  readonly id: string;
  readonly staticSources: boolean;
  readonly igmp?: boolean;
  readonly subnets: readonly string[];
  readonly groups: readonly MulticastGroup[];
}

/** Two ends of a peering have the same id if they are in two regions. */
const endOf = (gateway: string, attachment: string): string => `${gateway}/${attachment}`;

/** What a fabric has for its transit gateways to be connected with. */
export interface Surroundings {
  readonly targets: Map<string, RouteTarget>;
  readonly ports: ReadonlyMap<string, Port>;
  readonly subnets: ReadonlyMap<string, Subnet>;
  readonly vpcs: ReadonlyMap<string, Vpc>;
  readonly lists: PrefixLists;
}

/**
 * The transit gateways of a fabric with their tables and attachments. `put…` makes a thing or changes it; what it names
 * must be there already, save attachments, which routes may name before and after.
 *
 * @throws {RangeError} for a thing that is named but not there
 */
export class TransitGateways {
  readonly #around: Surroundings;
  readonly #gateways = new Map<string, TransitGateway>();
  readonly #tables = new Map<string, TransitGatewayRouteTable>();
  readonly #policies = new Map<string, TransitGatewayPolicyTable>();
  /** By gateway: an id names one attachment of each. */
  readonly #attachments = new Map<string, Map<string, TransitGatewayAttachment>>();
  readonly #peerings = new Map<string, TransitGatewayPeering>();
  readonly #domains = new Map<string, MulticastDomain>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  get gateways(): Iterable<TransitGateway> {
    return this.#gateways.values();
  }

  putGateway({
    id,
    groupReferencing = false,
  }: {
    readonly id: string;
    readonly groupReferencing?: boolean;
  }): void {
    let gateway = this.#gateways.get(id);
    if (!gateway) {
      const attachments = new Map<string, TransitGatewayAttachment>();
      this.#attachments.set(id, attachments);
      this.#gateways.set(id, (gateway = new TransitGateway(id, attachments)));
      this.#around.targets.set(id, gateway);
    }
    gateway.groupReferencing = groupReferencing;
  }

  removeGateway(id: string): void {
    this.#gateways.delete(id);
    this.#attachments.delete(id);
    this.#around.targets.delete(id);
  }

  putRouteTable(id: string, routes: readonly TransitGatewayRoute[]): void {
    let table = this.#tables.get(id);
    if (!table) this.#tables.set(id, (table = new TransitGatewayRouteTable(id, this.#around.lists)));
    table.put(routes);
  }

  removeRouteTable(id: string): void {
    this.#tables.delete(id);
  }

  putPolicyTable(id: string, entries: readonly TransitGatewayPolicyEntryPlan[]): void {
    let policy = this.#policies.get(id);
    if (!policy) this.#policies.set(id, (policy = new TransitGatewayPolicyTable(id)));
    policy.put(entries.map((entry) => ({ ...entry, table: required(this.#tables, entry.table) })));
  }

  removePolicyTable(id: string): void {
    this.#policies.delete(id);
  }

  /** Says what becomes of the packets of an attachment before they are routed, and after. */
  putAttachmentRules({ id, gateway, policy, translations }: TransitGatewayAttachmentRules): void {
    const { policies, translations: known } = required(this.#gateways, gateway);
    if (policy === undefined) policies.delete(id);
    else policies.set(id, required(this.#policies, policy));
    if (translations.length === 0) known.delete(id);
    else known.set(id, new TransitGatewayNat(translations));
  }

  putVpcAttachment({
    id,
    gateway: gatewayId,
    vpc: vpcId,
    table,
    ...plan
  }: TransitGatewayVpcAttachmentPlan): void {
    const gateway = required(this.#gateways, gatewayId);
    const vpc = required(this.#around.vpcs, vpcId);
    let attachment = gateway.vpcAttachments.get(vpc);
    if (attachment?.id !== id) {
      attachment = new TransitGatewayVpcAttachment(id, gateway, vpc);
      gateway.vpcAttachments.set(vpc, attachment);
      this.putAttachment(gatewayId, attachment);
    }
    attachment.put({
      table: table === undefined ? undefined : required(this.#tables, table),
      live: plan.live,
      ports: plan.ports.map((port) => required(this.#around.ports, port)),
      applianceMode: plan.applianceMode ?? false,
      ipv6: plan.ipv6 ?? false,
      groupReferencing: plan.groupReferencing ?? false,
    });
  }

  putPeering({ id, gateway: gatewayId, table, live, peer }: TransitGatewayPeeringPlan): void {
    const end = endOf(gatewayId, id);
    let peering = this.#peerings.get(end);
    if (!peering) {
      const other = endOf(peer.gateway, peer.attachment);
      const gateway = required(this.#gateways, gatewayId);
      peering = new TransitGatewayPeering(id, gateway, () => this.#peerings.get(other));
      this.#peerings.set(end, peering);
      this.putAttachment(gatewayId, peering);
    }
    peering.put(table === undefined ? undefined : required(this.#tables, table), live);
  }

  /** Attaches something of whatever kind. */
  putAttachment(gateway: string, attachment: TransitGatewayAttachment): void {
    required(this.#attachments, gateway).set(attachment.id, attachment);
  }

  /** @param gatewayId without it, the attachment goes from whatever gateway has it */
  removeAttachment(id: string, gatewayId?: string): void {
    if (gatewayId === undefined) {
      for (const [gateway, attachments] of this.#attachments) {
        if (attachments.has(id)) this.removeAttachment(id, gateway);
      }
      return;
    }
    const attachment = this.#attachments.get(gatewayId)?.get(id);
    this.#attachments.get(gatewayId)?.delete(id);
    this.#gateways.get(gatewayId)?.policies.delete(id);
    this.#gateways.get(gatewayId)?.translations.delete(id);
    this.#peerings.delete(endOf(gatewayId, id));
    if (!(attachment instanceof TransitGatewayVpcAttachment)) return;
    const { gateway, vpc } = attachment;
    if (gateway.vpcAttachments.get(vpc) === attachment) gateway.vpcAttachments.delete(vpc);
  }

  putMulticastDomain({ id, staticSources, igmp = false, subnets, groups }: MulticastDomainPlan): void {
    let domain = this.#domains.get(id);
    if (!domain) this.#domains.set(id, (domain = new MulticastDomain(id, this.#around.ports)));
    const all = subnets.map((subnet) => required(this.#around.subnets, subnet));
    domain.put({ staticSources, igmp, subnets: all, groups });
  }

  removeMulticastDomain(id: string): void {
    this.#domains.get(id)?.put({ staticSources: false, igmp: false, subnets: [], groups: [] });
    this.#domains.delete(id);
  }

  /** Undefined for one that is not there yet, or any more. */
  multicastDomain(id: string): MulticastDomain | undefined {
    return this.#domains.get(id);
  }

  /** The table of an id, for an attachment of another kind. */
  tableOf(id: string): TransitGatewayRouteTable {
    return required(this.#tables, id);
  }

  gatewayOf(id: string): TransitGateway {
    return required(this.#gateways, id);
  }
}

function required<T>(things: ReadonlyMap<string, T>, id: string): T {
  const thing = things.get(id);
  if (!thing) throw new RangeError(`the fabric has no ${id}`);
  return thing;
}
