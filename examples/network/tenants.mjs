/**
 * Two tenants with the same 10.0.0.0/16. Each has a server at 10.0.1.50; each reaches its own. Only by public addresses,
 * through both internet gateways, do they meet. Then the same with a bug in it: addresses are looked for in all VPCs.
 *
 * Run it with: npm run build && node examples/network/tenants.mjs
 */
import { conclude, https, inLab, say } from "./lab.mjs";

const BUG = "an address is looked for in all VPCs";

async function build(lab, name) {
  const tenant = lab.tenant(name);
  const vpc = await tenant.vpc("10.0.0.0/16");
  const subnet = await tenant.subnet(vpc, "10.0.1.0/24", { GatewayId: vpc.gateway });
  const web = await tenant.group(vpc, "web", https());
  const client = await tenant.instance(subnet, web, "10.0.1.10");
  const server = await tenant.instance(subnet, web, "10.0.1.50");
  say(`  Account ${name} (${tenant.id}) has ${server.id} at 10.0.1.50 in ${vpc.id}, 10.0.0.0/16.`);
  return { tenant, subnet, web, client, server };
}

const act = (startIslet) =>
  inLab(startIslet, async (lab) => {
    const a = await build(lab, "A");
    const b = await build(lab, "B");
    const alone = await b.tenant.instance(b.subnet, b.web, "10.0.1.77");
    const met = [];
    for (const { tenant, client } of [a, b]) {
      say(`\n  ${tenant.name}'s client, 10.0.1.10, asks for 10.0.1.50:`);
      met.push((await lab.exchange(client.id, "10.0.1.50")).Forward.Receiver?.InstanceId);
    }
    say(`\n  A's client asks for 10.0.1.77, which only B has (${alone.id}):`);
    const foreign = await lab.exchange(a.client.id, "10.0.1.77");
    say("\n  A's client asks for the public address of B's server:");
    await a.tenant.publish(a.client);
    const outside = await lab.exchange(a.client.id, await b.tenant.publish(b.server));
    return {
      own: met[0] === a.server.id && met[1] === b.server.id,
      foreign: foreign.Forward.Reason ?? foreign.Forward.Receiver?.InstanceId,
      alone: alone.id,
      outside: outside.Learned,
    };
  });

say("1. As it is\n");
const { startIslet } = await import("islet");
const sound = await act(startIslet);
conclude(sound.own, "Each reaches its own server, by the same address.");
conclude(sound.foreign === "NO_POSSIBLE_DESTINATION", "Nobody reaches the other's, by whatever address.");
conclude(sound.outside === "answer", "By public addresses they meet, as everybody does on the internet.");

say(`\n2. With a bug planted: ${BUG}\n`);
const seeded = await import("../../dist/seeded.js");
const heal = seeded.plant(BUG);
const broken = await act(seeded.startIslet);
heal();
conclude(
  broken.foreign === broken.alone,
  "CAUGHT: A's packet was delivered to B's instance (P7: two VPCs without a connection never exchange a packet).",
);
