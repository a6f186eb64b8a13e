import { networkInterfaces } from "../../server/ec2/networkInterface.ts";
import { publicAddressTable, type PublicAddress } from "../../server/ec2/publicAddress.ts";
import { Table, type Row } from "../../server/state/table.ts";
import { replace, type Planted } from "../planting.ts";

/** Bugs in how addresses are given, moved and taken. */
export const bugs: readonly Planted[] = [
  {
    name: "a new interface gets a MAC address that another one has",
    plant: () =>
      replace(networkInterfaces, "create", (original) => (ctx, fields, ...rest) => {
        const [other] = networkInterfaces.table(ctx).all();
        return original.call(networkInterfaces, ctx, { ...fields, mac: other?.mac ?? fields.mac }, ...rest);
      }),
  },
  {
    name: "an interface gets another MAC address when it is attached",
    plant: () =>
      replace(networkInterfaces, "update", (original) => (ctx, id, changes) => {
        const isAttached = changes.attachment !== undefined;
        return original.call(
          networkInterfaces,
          ctx,
          id,
          isAttached ? { ...changes, mac: `06:${id.slice(-14)}` } : changes,
        );
      }),
  },
  {
    name: "a private address is given to a second interface",
    plant: () =>
      replace(
        networkInterfaces,
        "count",
        (original) => (ctx, index, key) =>
          index === "address" ? 0 : original.call(networkInterfaces, ctx, index, key),
      ),
  },
  {
    name: "a private address is taken in all VPCs once one interface has it",
    plant: () =>
      replace(networkInterfaces, "count", (original) => (ctx, index, key) => {
        if (index !== "address") return original.call(networkInterfaces, ctx, index, key);
        const address = key.slice(key.indexOf("/") + 1);
        const rows = [...networkInterfaces.table(ctx).all()];
        return rows.filter(({ privateAddresses }) => privateAddresses.includes(address)).length;
      }),
  },
  {
    name: "a public address does not rest when it was given back",
    plant: () =>
      replace(
        Table.prototype,
        "replace",
        (original) =>
          function (this: Table<Row>, row) {
            if (this.name === publicAddressTable.name && (row as PublicAddress).resting) this.remove(row.id);
            else original.call(this, row);
          },
      ),
  },
];
