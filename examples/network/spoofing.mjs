/**
 * An instance that lies: about its IP address, about its MAC address, about who is to get a frame. Then the same with a
 * bug in it: a network that, where the source/destination check is off, checks no MAC address either.
 *
 * Run it with: npm run build && node examples/network/spoofing.mjs
 */
import { anything, conclude, inLab, say } from "./lab.mjs";

const BUG = "with the source/destination check off, the MAC address is not checked either";
const STRANGE_MAC = "02:00:00:00:00:01";

/** Where the packets of an instance end that lies ever more. */
const act = (startIslet) =>
  inLab(startIslet, async (lab) => {
    const tenant = lab.tenant("A");
    const vpc = await tenant.vpc();
    const subnet = await tenant.subnet(vpc, "10.0.1.0/24");
    const open = await tenant.group(vpc, "open", anything());
    const liar = await tenant.instance(subnet, open, "10.0.1.10");
    const victim = await tenant.instance(subnet, open, "10.0.1.20");
    const friend = await tenant.instance(subnet, open, "10.0.1.30");
    const reason = ({ Forward }) => Forward.Reason ?? Forward.Outcome;
    const asFriend = { SourceAddress: friend.address };

    say(`  ${liar.id} says to ${victim.id} that it is ${friend.id}, 10.0.1.30:`);
    const ip = reason(await lab.exchange(liar.id, victim.id, asFriend));
    say("\n  The same with the source/destination check off, as a router has it:");
    await tenant.check(liar, false);
    const unchecked = await lab.exchange(liar.id, victim.id, asFriend);
    say("\n  And from a strange MAC address:");
    const mac = reason(await lab.exchange(liar.id, victim.id, { ...asFriend, SourceMac: STRANGE_MAC }));
    say("\n  To everybody, in the hope that somebody listens:");
    const broadcast = reason(await lab.exchange(liar.id, "10.0.1.255"));
    return { ip, unchecked: unchecked.Forward.Outcome, answer: unchecked.Back, mac, broadcast, friend };
  });

say("1. As it is\n");
const { startIslet } = await import("islet");
const sound = await act(startIslet);
conclude(
  sound.ip === "ENI_SOURCE_DEST_CHECK_RESTRICTION" && sound.broadcast === "NO_BROADCAST",
  "With the check, nobody sends under another's address; nobody ever speaks to all.",
);
conclude(
  sound.unchecked === "delivered" && sound.answer?.Receiver?.InstanceId === sound.friend.id,
  "Without it, one can: but the answer goes to whose address it is.",
);
conclude(sound.mac === "SPOOFED_MAC", "The MAC address is checked all the same.");

say(`\n2. With a bug planted: ${BUG}\n`);
const seeded = await import("../../dist/seeded.js");
const heal = seeded.plant(BUG);
const broken = await act(seeded.startIslet);
heal();
conclude(
  broken.mac === "delivered",
  "CAUGHT: the frame from a strange MAC address was delivered (P1: it is dropped, be the check on or off).",
);
