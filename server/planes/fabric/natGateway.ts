import type { Fabric } from "../../../network/fabric.ts";
import { ip } from "../../../network/ip.ts";
import { blockModeOf, blockPublicAccessTable } from "../../ec2/blockPublicAccess.ts";
import { natGateways, type NatGateway } from "../../ec2/natGateway.ts";
import { networkInterfaces } from "../../ec2/networkInterface.ts";
import { publicAddressTable } from "../../ec2/publicAddress.ts";
import type { Row } from "../../state/table.ts";
import type { Unit } from "../../state/unit.ts";
import { named, type Kind } from "./kind.ts";

const isLive = ({ state }: NatGateway): boolean => state === "available" || state === "deleting";

function putZonal(fabric: Fabric, unit: Unit, row: NatGateway): boolean {
  const { id, networkInterfaceId: port, addresses } = row;
  if (port === undefined || !networkInterfaces.table({ unit }).get(port)) return false;
  fabric.putNatGateway({
    id,
    port,
    live: isLive(row),
    draining: addresses.flatMap(({ privateAddress, status }) =>
      privateAddress === undefined || status === "succeeded" ? [] : [ip(privateAddress)],
    ),
  });
  return true;
}

function putRegional(fabric: Fabric, unit: Unit, row: NatGateway): boolean {
  const { id, vpcId, account, addresses, regional } = row;
  const table = regional?.routeTableId;
  if (row.state === "deleted") return false;
  const mapped = unit.table(publicAddressTable).by("natGateway", id);
  const used = addresses.flatMap(({ zone = "", allocationId, status }) => {
    const leading = mapped.find((each) => each.allocationId === allocationId);
    return leading ? [{ zone, address: ip(leading.id), draining: status !== "succeeded" }] : [];
  });
  fabric.putRegionalNatGateway({
    id,
    vpc: vpcId,
    table,
    live: isLive(row) && table !== undefined,
    blockMode: blockModeOf({ unit }, account, vpcId),
    chosenZones: regional?.automatic === false,
    doors: [...new Set(used.map(({ zone }) => zone))].map((zone) => ({
      zone,
      addresses: used.filter((each) => each.zone === zone).map(({ address }) => address),
    })),
    draining: used.filter(({ draining }) => draining).map(({ address }) => address),
  });
  return true;
}

/** The regional gateways that an account's block of public access is about, or an exclusion from it. */
function blocked(unit: Unit, table: string, row: Row): string[] {
  const index = table === blockPublicAccessTable.name ? "account" : "vpc";
  const [key = ""] = index === "account" ? [row.id] : named(row, "resourceId");
  return natGateways
    .table({ unit })
    .by(index, key)
    .filter(({ regional }) => regional)
    .map(({ id }) => id);
}

export const natGatewayKind: Kind = {
  touchedBy(unit, table, row) {
    if (table === "natgateway") return [row.id];
    const isBlock = table === blockPublicAccessTable.name || table === "vpc-block-public-access-exclusion";
    return isBlock ? blocked(unit, table, row) : [];
  },
  all: (unit) => natGateways.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = natGateways.table({ unit }).get(id);
    return row !== undefined && (row.regional ? putRegional : putZonal)(fabric, unit, row);
  },
  remove: (fabric, id) => fabric.removeNatGateway(id),
};
