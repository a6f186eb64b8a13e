import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { namesOf, vpcEndpoints, type VpcEndpoint } from "./vpcEndpoint.ts";

/** The hosts that endpoints have names of: those that EC2 gives them, and local ones that lead to this machine. */
const DOMAIN = /\.vpce\.(?:amazonaws\.com|localhost)\b/i;

/** Whether a call to a host is one to an endpoint. */
export const isEndpointName = (host: string): boolean => DOMAIN.test(host);

/** What the name of an endpoint tells by its form. */
interface EndpointName {
  readonly id: string;
  /** In small letters, without a port. */
  readonly name: string;
  /** Not in the local names: these are of the region that a call is signed for. */
  readonly region: string | undefined;
}

const LOCAL = /^(vpce-[0-9a-f]+)\.vpce\.localhost$/;
/** The endpoint with its token and its zone, the service, the region. */
const PUBLIC = /^(vpce-[0-9a-f]+)-[a-z0-9-]+\.[a-z0-9.-]+\.([a-z0-9-]+)\.vpce\.amazonaws\.com$/;

/** @throws {ApiError} InvalidVpcEndpointId.Malformed */
export function readEndpointName(host: string): EndpointName {
  const name = host.toLowerCase().replace(/\.?(?::\d+)?$/, "");
  const [, id, region] = LOCAL.exec(name) ?? PUBLIC.exec(name) ?? [];
  if (id === undefined) throw new ApiError("InvalidVpcEndpointId.Malformed", name.split(".", 1)[0] ?? "");
  return { id, name, region };
}

/**
 * The endpoint that has the name, and lets calls through.
 *
 * @throws {ApiError} InvalidVpcEndpointId.NotFound: on AWS nobody could resolve the name; IncorrectState
 */
export function getEndpointNamed(
  ctx: Pick<Context, "unit" | "region">,
  { id, name, region }: EndpointName,
): VpcEndpoint {
  const endpoint = vpcEndpoints.table(ctx).get(id);
  const hasName =
    endpoint?.type === "Interface" &&
    (region === undefined || namesOf(ctx, endpoint).some(({ DnsName }) => DnsName === name));
  if (!hasName) throw new ApiError("InvalidVpcEndpointId.NotFound", id);
  if (endpoint.state !== "available") {
    throw new ApiError(
      "IncorrectState",
      `The Vpc Endpoint '${id}' lets no call through: its state is ${endpoint.state}`,
    );
  }
  return endpoint;
}
