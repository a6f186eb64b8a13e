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
 * A customer's own network, at the other end of VPN tunnels. EC2 knows nothing of it but what comes out of these: the
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
}

const definition: TableDefinition<CustomerSite> = { name: "customer-site" };

export const siteTable = ({ unit }: Pick<Context, "unit">) => unit.table(definition);

export const siteId = (region: string, name: string): string => `${region}/${name}`;
