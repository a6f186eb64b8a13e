import { Option, type Command } from "commander";
import { Refusal } from "../refusal.ts";
import type { Target } from "./running.ts";

interface TraceOptions extends Target {
  region?: string;
  tcp?: string;
  udp?: string;
  protocol?: string;
  sourcePort?: string;
  sourceAddress?: string;
  length?: string;
  json?: true;
}

function number(name: string, text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new Refusal(`--${name} ${text} is no number`);
  return Number(text);
}

/** What the options say of the packet, in the words of the operator's route. */
function packetOf({ tcp, udp, protocol, sourcePort, sourceAddress, length }: TraceOptions): object {
  return {
    ...(tcp !== undefined && { Protocol: "tcp", Port: number("tcp", tcp) }),
    ...(udp !== undefined && { Protocol: "udp", Port: number("udp", udp) }),
    ...(protocol !== undefined && { Protocol: protocol }),
    ...(sourcePort !== undefined && { SourcePort: number("source-port", sourcePort) }),
    ...(sourceAddress !== undefined && { SourceAddress: sourceAddress }),
    ...(length !== undefined && { Length: number("length", length) }),
  };
}

export function declareTrace(program: Command): void {
  program
    .command("trace")
    .description("send a packet and draw its way, and the way of the answer")
    .argument("<from>", "an instance, a network interface, or an address or host on the internet")
    .argument("<to>", "an instance, a network interface, an address, a host on the internet, or a DNS name")
    .addOption(new Option("--tcp <port>", "a TCP connection to this port").conflicts(["udp", "protocol"]))
    .addOption(new Option("--udp <port>", "a UDP datagram to this port").conflicts("protocol"))
    .option("--protocol <number>", "another protocol; without any of these, a ping")
    .option("--source-port <number>", "of TCP and UDP")
    .option("--source-address <address>", "another than the sender's own")
    .option("--length <bytes>", "of the packet, which must not be fragmented")
    .option("--region <name>", "the server's default region unless given")
    .option("--json", "as one JSON line")
    .option("--port <number>", "the server on this port")
    .option("--data <dir>", "the server with this folder")
    .addHelpText(
      "after",
      "\nExamples:\n  islet trace i-0a12… i-0b34… --tcp 443\n  islet trace 203.0.113.9 i-0a12… --tcp 80",
    )
    .action(async (from: string, to: string, options: TraceOptions) => {
      const [{ findServer }, { operate }, { drawExchange }] = await Promise.all([
        import("./running.ts"),
        import("./operator.ts"),
        import("./drawing.ts"),
      ]);
      const running = findServer(options);
      const answer = await operate(running, "POST", "/_islet/packets", {
        Region: options.region ?? running.region,
        From: from,
        To: to,
        ...packetOf(options),
        Exchange: true,
      });
      process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : drawExchange(answer));
      const { Learned } = answer as { Learned?: string };
      if (Learned !== "answer") process.exitCode = 1;
    });
}
