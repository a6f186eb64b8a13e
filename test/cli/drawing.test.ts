import { expect, test } from "vitest";
import { exchange } from "../../network/exchange.ts";
import { drawExchange } from "../../server/cli/drawing.ts";
import { viewExchange } from "../../server/http/journeyView.ts";
import { Refusal } from "../../server/refusal.ts";
import { entering, from, inbound, leaving, route, tcp, World } from "../network/world.ts";

/** A web server in the subnet `a`, and a client on the internet. */
function site() {
  const world = new World();
  world.table("rtb", [route("0.0.0.0/0", "igw")]);
  const rule = { ...inbound(tcp, 443, 443, "0.0.0.0/0"), id: "sgr-1" };
  world.fabric.putSecurityGroup("sg-web", [rule]);
  const web = world.port("eni-web", { addresses: ["10.0.1.10"], groups: ["sg-web"] });
  world.publish("52.0.0.1", web);
  world.fabric.listening.listen("i-eni-web", tcp, 443);
  return world;
}

const draw = ({ fabric, now }: World): string[] =>
  drawExchange(
    JSON.parse(
      JSON.stringify(viewExchange(exchange(fabric, undefined, from("203.0.113.9", "52.0.0.1"), now))),
    ),
  ).split("\n");

test("the way there and back, with what decided", () => {
  expect(draw(site())).toEqual([
    "203.0.113.9:40000 → 52.0.0.1:443  tcp SYN",
    "  │ in  internet gateway igw                         52.0.0.1 becomes 10.0.1.10",
    "  │ in  network ACL acl                              entry 100: allow all traffic from 0.0.0.0/0",
    "  │ in  security group sg-web                        sgr-1 allows tcp 443 from 0.0.0.0/0",
    "  │ in  interface eni-web",
    "  ▼ reaches i-eni-web",
    "",
    "10.0.1.10:443 → 203.0.113.9:40000  tcp SYN+ACK",
    "  │ out interface eni-web",
    "  │ out security group sg-web                        part of a connection that was allowed before",
    "  │ out network ACL acl                              entry 100: allow all traffic to 0.0.0.0/0",
    "  │ out route table rtb                              0.0.0.0/0 → igw",
    "  │ out internet gateway igw                         10.0.1.10 becomes 52.0.0.1",
    "  │     internet",
    "  ▼ reaches 203.0.113.9 on the internet",
    "",
    "The sender gets an answer.",
    "",
  ]);
});

test("where it ended, why, and what would have to change", () => {
  const world = site();
  world.fabric.putNetworkAcl("acl", [
    entering(100, true, tcp, 443, 443, "0.0.0.0/0"),
    leaving(100, true, tcp, 443, 443, "0.0.0.0/0"),
  ]);
  expect(draw(world)).toEqual([
    "203.0.113.9:40000 → 52.0.0.1:443  tcp SYN",
    "  │ in  internet gateway igw                         52.0.0.1 becomes 10.0.1.10",
    "  │ in  network ACL acl                              entry 100: allow tcp 443 from 0.0.0.0/0",
    "  │ in  security group sg-web                        sgr-1 allows tcp 443 from 0.0.0.0/0",
    "  │ in  interface eni-web",
    "  ▼ reaches i-eni-web",
    "",
    "10.0.1.10:443 → 203.0.113.9:40000  tcp SYN+ACK",
    "  │ out interface eni-web",
    "  │ out security group sg-web                        part of a connection that was allowed before",
    "  ✗ out network ACL acl                              SUBNET_ACL_RESTRICTION: entry *: deny all traffic to 0.0.0.0/0",
    "    Dropped: the network ACL denies the packet.",
    "    To let it pass: add an outbound entry to acl with a number below 32767 that allows tcp 40000 to 203.0.113.9/32.",
    "",
    "The sender hears nothing.",
    "",
  ]);
});

test("what is no journey is refused", () => {
  for (const answer of [undefined, null, "text", {}, { Forward: {} }]) {
    expect(() => drawExchange(answer)).toThrow(Refusal);
  }
});
