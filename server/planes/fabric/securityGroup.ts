import { block } from "../../../network/ip.ts";
import type { RulePeer, SecurityGroupRule as FabricRule } from "../../../network/securityGroup.ts";
import { securityGroups } from "../../ec2/securityGroup.ts";
import { securityGroupRules, type Peer, type SecurityGroupRule } from "../../ec2/securityGroupRule.ts";
import { type Kind, named } from "./kind.ts";

function peerOf(peer: Peer): RulePeer {
  if (peer.kind === "group") return { kind: "group", id: peer.groupId };
  if (peer.kind === "prefix-list") return { kind: "prefix-list", id: peer.prefixListId };
  return { kind: "block", block: block(peer.cidr) };
}

const ruleOf = ({ id, egress, protocol, from, to, peer }: SecurityGroupRule): FabricRule => ({
  id,
  egress,
  protocol,
  from,
  to,
  peer: peerOf(peer),
});

export const securityGroupKind: Kind = {
  touchedBy: (_unit, table, row) => {
    if (table === "security-group") return [row.id];
    return table === "security-group-rule" ? named(row, "groupId") : [];
  },
  all: (unit) => securityGroups.table({ unit }).all(),
  put(fabric, unit, id) {
    if (!securityGroups.table({ unit }).get(id)) return false;
    fabric.putSecurityGroup(id, securityGroupRules.table({ unit }).by("group", id).map(ruleOf));
    return true;
  },
  remove: (fabric, id) => fabric.removeSecurityGroup(id),
};
