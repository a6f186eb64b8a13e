import type { Context } from "../kit/context.ts";
import type { Row, TableDefinition } from "../state/table.ts";

/** What a site tells by BGP about one of its blocks. */
export interface Advertisement {
  readonly prefix: string;
  /** How many autonomous systems the way leads through, and the site's own preference (MED): the lower, the better. */
  readonly pathLength: number;
  /** Undefined where the site tells none. */
  readonly discriminator: number | undefined;
  /** Over a dedicated line: what AWS is to prefer it by, one of `LOCAL_PREFERENCES`. */
  readonly community?: string | undefined;
}

/** What the discriminator of a route is taken for that a transit gateway was told without any. */
const TRANSIT_DISCRIMINATOR = 100;

/** A block that BGP tells of, with what decides between several ways to it. */
export const heardRoute = (
  { prefix: destination, pathLength, discriminator }: Advertisement,
  standard = TRANSIT_DISCRIMINATOR,
) => ({ destination, pathLength, discriminator: discriminator ?? standard });

/**
 * The communities that a site tells its own preference by, over dedicated lines alone: the higher, the better, before the
 * length of the path. Those of scope are for public virtual interfaces, which there are none of.
 *
 * @see https://docs.aws.amazon.com/directconnect/latest/UserGuide/routing-and-bgp.html#bgp-communities-private-transit
 */
export const LOCAL_PREFERENCES: ReadonlyMap<string, number> = new Map([
  ["7224:7100", 1],
  ["7224:7200", 2],
  ["7224:7300", 3],
]);
/** "Medium" is what AWS takes from a location of the region's own. */
export const USUAL_PREFERENCE = 2;

/**
 * A dedicated line of Direct Connect's: a private virtual interface at a virtual private gateway, or a transit virtual
 * interface at a transit gateway, by a Direct Connect gateway.
 */
export interface VirtualInterface {
  /** `dxvif-…` */
  readonly id: string;
  readonly gatewayId: string;
  /** Of a transit gateway: by which the Direct Connect gateway is there. */
  readonly attachmentId: string | undefined;
  /** Bytes: 1500, or more for jumbo frames. */
  readonly mtu?: number;
  /** By a Direct Connect gateway: what the site may be told of what is at the gateway; all of it without any. */
  readonly allowedPrefixes?: readonly string[] | undefined;
}

/**
 * A customer's own network, at the other end of VPN tunnels and dedicated lines. EC2 knows nothing of it but what comes out of these: the
 * operator says what is there. Its id is the region's with its name.
 */
export interface CustomerSite extends Row {
  readonly name: string;
  /** The outside addresses of its devices. */
  readonly addresses: readonly string[];
  /** The blocks that lie behind, and who answers there; without that, everybody does. */
  readonly blocks: readonly string[];
  readonly hosts: readonly string[] | undefined;
  readonly advertised: readonly Advertisement[];
  readonly virtualInterfaces?: readonly VirtualInterface[];
}

const definition: TableDefinition<CustomerSite> = {
  name: "customer-site",
  indexes: {
    /** The gateways, or the attachments to them, that its dedicated lines end at. */
    line: ({ virtualInterfaces = [] }) =>
      virtualInterfaces.map(({ gatewayId, attachmentId }) => attachmentId ?? gatewayId),
  },
};

export const siteTable = ({ unit }: Pick<Context, "unit">) => unit.table(definition);

/** The dedicated lines that end at a virtual private gateway, or at an attachment to a transit gateway. */
export const linesAt = (
  rows: Pick<Context, "unit">,
  end: string,
): { readonly site: CustomerSite; readonly line: VirtualInterface }[] =>
  siteTable(rows)
    .by("line", end)
    .flatMap((site) =>
      (site.virtualInterfaces ?? [])
        .filter(({ gatewayId, attachmentId }) => (attachmentId ?? gatewayId) === end)
        .map((line) => ({ site, line })),
    );

export const siteId = (region: string, name: string): string => `${region}/${name}`;
