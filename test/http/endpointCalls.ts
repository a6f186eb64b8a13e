import {
  CreateVpcEndpointCommand,
  type CreateVpcEndpointCommandInput,
  type EC2Client,
  type VpcEndpoint,
} from "@aws-sdk/client-ec2";
import { Agent } from "node:https";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { Islet } from "../../server/index.ts";
import { defaultVpcOf } from "../ec2/defaultVpcOf.ts";
import { configOf, type Keys } from "../islet.ts";

/** How a client calls by a VPC endpoint: by one of its names, all of which lead to this machine. */
export const configBy = (islet: Islet, name: string, credentials: Keys, region = "us-east-1") => ({
  ...configOf(islet, credentials, region),
  endpoint: `https://${name}:${islet.port}`,
  requestHandler: new NodeHttpHandler({
    httpsAgent: new Agent({
      ca: islet.ca,
      keepAlive: true,
      lookup: (_name, _options, done) => done(null, [{ address: "127.0.0.1", family: 4 }]),
      // No certificate of this server has a name of Amazon's.
      ...(name.endsWith(".amazonaws.com") && { servername: "localhost" }),
    }),
  }),
});

export const localName = (id: string | undefined): string => `${id}.vpce.localhost`;

/** An endpoint in the account's default VPC. */
export async function makeEndpoint(
  ec2: EC2Client,
  service = "ec2",
  PolicyDocument?: string,
  more: Partial<CreateVpcEndpointCommandInput> = {},
): Promise<VpcEndpoint> {
  const region = await ec2.config.region();
  const { VpcEndpoint = {} } = await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: await defaultVpcOf(ec2),
      VpcEndpointType: "Interface",
      ServiceName: `com.amazonaws.${region}.${service}`,
      PrivateDnsEnabled: false,
      ...(PolicyDocument !== undefined && { PolicyDocument }),
      ...more,
    }),
  );
  return VpcEndpoint;
}
