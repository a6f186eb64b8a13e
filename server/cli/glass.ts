/** What a server says of itself whose operator may look into everybody's memory and disks. */
export const GLASS =
  "GLASS: the operator of this server can look into everybody's memory and disks. For teaching only.\n";
