/**
 * A NAT instance: an instance of one's own that forwards for others. Its interface must let through what is neither
 * from nor to itself, which the source/destination check keeps it from.
 *
 * Run it with: npm run build && node examples/network/nat-instance.mjs
 */
import { startIslet } from "islet";
import { anything, conclude, inLab, say } from "./lab.mjs";

const SERVER = "198.51.100.7";

await inLab(startIslet, async (lab) => {
  const tenant = lab.tenant("A");
  const vpc = await tenant.vpc();
  const open = await tenant.group(vpc, "open", anything());
  const publicSubnet = await tenant.subnet(vpc, "10.0.1.0/24", { GatewayId: vpc.gateway });
  const nat = await tenant.instance(publicSubnet, open, "10.0.1.10");
  const address = await tenant.publish(nat);
  const privateSubnet = await tenant.subnet(vpc, "10.0.2.0/24", { NetworkInterfaceId: nat.eni });
  const client = await tenant.instance(privateSubnet, open, "10.0.2.20");
  say(`${client.id} in a private subnet, whose default route leads to ${nat.id} with ${address}\n`);

  say("1. With the source/destination check, as every interface has it at first\n");
  const refused = await lab.exchange(client.id, SERVER);
  conclude(
    refused.Forward.Reason === "ENI_SOURCE_DEST_CHECK_RESTRICTION",
    "The NAT instance never sees the packet: it is not to one of its own addresses.",
  );

  say(
    "\n2. Without it, the packet arrives. The instance's kernel puts its own address in the source's place\n",
  );
  await tenant.check(nat, false);
  const arrived = await lab.exchange(client.id, SERVER);
  const sent = await lab.exchange(nat.id, SERVER, { SourceAddress: nat.address });
  conclude(
    arrived.Forward.Receiver?.InstanceId === nat.id && sent.Learned === "answer",
    "The server answers the NAT instance, which is all that it sees.",
  );

  say(
    "\n3. The answer goes on to the client, under the server's address, which is not the NAT instance's either\n",
  );
  const back = { SourceAddress: SERVER, SourcePort: 443, Port: 49_152 };
  const through = await lab.exchange(nat.id, client.id, back);
  const isThere = through.Forward.Receiver?.InstanceId === client.id;
  await tenant.check(nat, true);
  say("\n   With the check on again:\n");
  const kept = await lab.exchange(nat.id, client.id, back);
  conclude(
    isThere && kept.Forward.Reason === "ENI_SOURCE_DEST_CHECK_RESTRICTION",
    "The check is needed off in both directions.",
  );
});
