import type { Context } from "../kit/context.ts";
import type { Row, TableDefinition } from "../state/table.ts";

/** What a site tells by BGP about one of its blocks. */
export interface Advertisement {
  readonly prefix: string;
  /** How many autonomous systems the way leads through, and the site's own preference (MED): the lower, the better. */
  readonly pathLength: number;
  readonly discriminator: number;
}

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
