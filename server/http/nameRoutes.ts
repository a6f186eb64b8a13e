import { readDomainName } from "../../network/domainName.ts";
import { formatIp, isIpv4, parseIp } from "../../network/ip.ts";
import { findings, RECORD_TYPES, type RecordType } from "../../network/zone.ts";
import type { Cloud } from "../cloud.ts";
import { ApiError } from "../errors.ts";
import {
  readQuestionName,
  resolve,
  resolveOutside,
  type Question,
  type Resolution,
} from "../planes/names/resolver.ts";
import type { Network } from "../planes/network.ts";
import { regionOf, required, texts } from "./fields.ts";
import { viewExchange } from "./journeyView.ts";
import { allow, invalid, text, type Fields, type Route } from "./operator.ts";
import { readSender } from "./sender.ts";

/** Records of one name and type, and bytes of each, which Route 53 would take, too. */
const MOST_VALUES = 400;
const MOST_BYTES = 4000;

/** What somebody learns by a name, and what names there are on the internet; without values there are no such records. */
export function nameRoutes(
  network: Network,
  cloud: () => Cloud,
  regions: ReadonlySet<string>,
): Readonly<Record<string, Route>> {
  return {
    "POST resolve": (fields) => {
      allow(fields, "Region", "From", "Name", "Type", "Server");
      const unit = cloud().unit(regionOf(fields, regions));
      const name = readQuestionName(required(fields, "Name"));
      if (name === undefined) throw invalid("Name", fields["Name"]);
      const question = { name, type: readType(fields) };
      const from = required(fields, "From");
      const { port } = readSender(network, unit, from);
      const asks = text(fields, "Server");
      const server = asks === undefined ? undefined : parseIp(asks);
      // Who is outside asks whom he likes.
      if (asks !== undefined && (server === undefined || !port)) throw invalid("Server", asks);
      const sources = { rows: (other: string) => cloud().unit(other), network };
      if (!port) return view(question, { asked: [], answer: resolveOutside(sources, question) });
      const found = resolve(sources, unit, port, question, cloud().clock.now(), server);
      if (!found) throw new ApiError("InvalidNetworkInterfaceID.NotFound", from);
      return view(question, found);
    },

    "POST dns-records": (fields) => {
      allow(fields, "Name", "Type", "Values");
      const name = readDomainName(required(fields, "Name"));
      if (name === undefined) throw invalid("Name", fields["Name"]);
      const type = readType(fields);
      const values = texts(fields, "Values") ?? [];
      if (values.length > MOST_VALUES) throw invalid("Values", `${values.length} of them`);
      network.fabric.internet.names.put(
        name,
        type,
        values.map((value) => readValue(type, value)),
      );
    },
  };
}

function readType(fields: Fields): RecordType {
  const asked = text(fields, "Type") ?? "A";
  const type = RECORD_TYPES.find((each) => each === asked);
  if (type === undefined) throw invalid("Type", asked);
  return type;
}

/** @throws {ApiError} InvalidParameterValue for what is no address, no name, or too long a text */
function readValue(type: RecordType, value: string): string {
  if (type === "TXT" && Buffer.byteLength(value) <= MOST_BYTES) return value;
  const name = type === "PTR" ? readDomainName(value) : undefined;
  if (name !== undefined) return name;
  const address = type === "A" || type === "AAAA" ? parseIp(value) : undefined;
  if (address !== undefined && isIpv4(address) === (type === "A")) return formatIp(address);
  throw invalid("Values", value);
}

/** As a resolver says it: a name that is not there is another thing than one without such records. */
const statusOf = ({ answer }: Resolution): string => {
  if (!answer) return "TIMEOUT";
  return answer.finding === "NO_SUCH_NAME" ? "NXDOMAIN" : "NOERROR";
};

function view({ name, type }: Question, found: Resolution) {
  const { asked, answer } = found;
  return {
    Name: name,
    Type: type,
    Status: statusOf(found),
    Answers: answer?.values ?? [],
    Zone: answer && { Domain: answer.zone.domain, Of: answer.zone.of },
    Reason: answer?.finding ?? "NO_ANSWER",
    Explanation: answer
      ? findings[answer.finding]
      : "no name server has answered, or none whose answers are known here",
    Asked: asked.map(({ server, exchange }) => ({ Server: formatIp(server), ...viewExchange(exchange) })),
  };
}
