/**
 * The reply trap. A security group remembers whom it let in, and lets the answer out. A network ACL remembers nothing:
 * its entries let port 443 in and port 443 out, and the answer, which goes to the client's own port, is lost.
 *
 * Run it with: npm run build && node examples/network/reply-trap.mjs
 */
import {
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  DescribeNetworkAclsCommand,
  ReplaceNetworkAclAssociationCommand,
  RevokeSecurityGroupEgressCommand,
} from "@aws-sdk/client-ec2";
import { startIslet } from "islet";
import { anything, conclude, https, inLab, say } from "./lab.mjs";

const CLIENT = "203.0.113.9";

await inLab(startIslet, async (lab) => {
  const tenant = lab.tenant("A");
  const vpc = await tenant.vpc();
  const subnet = await tenant.subnet(vpc, "10.0.1.0/24", { GatewayId: vpc.gateway });
  const web = await tenant.group(vpc, "web", https());
  await tenant.send(new RevokeSecurityGroupEgressCommand({ GroupId: web, IpPermissions: [anything()] }));
  const server = await tenant.instance(subnet, web, "10.0.1.10");
  const address = await tenant.publish(server);

  say(`1. A web server, ${address}, with a group that lets in port 443, and nothing out\n`);
  const before = await lab.exchange(CLIENT, address, { SourcePort: 50_001 });
  conclude(before.Learned === "answer", "It answers: the group remembers the client.");

  say("\n2. With a network ACL that lets port 443 in, and port 443 out\n");
  const { NetworkAcl } = await tenant.send(new CreateNetworkAclCommand({ VpcId: vpc.id }));
  const { NetworkAclId } = NetworkAcl;
  const allow = (Egress, RuleNumber, From, To) =>
    tenant.send(
      new CreateNetworkAclEntryCommand({
        NetworkAclId,
        Egress,
        RuleNumber,
        Protocol: "6",
        RuleAction: "allow",
        CidrBlock: "0.0.0.0/0",
        PortRange: { From, To },
      }),
    );
  await allow(false, 100, 443, 443);
  await allow(true, 100, 443, 443);
  const { NetworkAcls } = await tenant.send(
    new DescribeNetworkAclsCommand({ Filters: [{ Name: "association.subnet-id", Values: [subnet.id] }] }),
  );
  const { NetworkAclAssociationId: AssociationId } = NetworkAcls[0].Associations.find(
    ({ SubnetId }) => SubnetId === subnet.id,
  );
  await tenant.send(new ReplaceNetworkAclAssociationCommand({ AssociationId, NetworkAclId }));
  const trapped = await lab.exchange(CLIENT, address, { SourcePort: 50_002 });
  conclude(
    trapped.Forward.Outcome === "delivered" && trapped.Back.Reason === "SUBNET_ACL_RESTRICTION",
    "The request arrives, the answer does not: it goes to the client's port, which no entry lets out.",
  );

  say("\n3. With an entry for the ports that clients have: 1024 to 65535\n");
  await allow(true, 110, 1024, 65_535);
  const after = await lab.exchange(CLIENT, address, { SourcePort: 50_003 });
  conclude(after.Learned === "answer", "It answers again.");
});
