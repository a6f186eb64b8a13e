import {
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  CreateVpcEndpointServiceConfigurationCommand,
  DeleteVpcEndpointServiceConfigurationsCommand,
  ModifyVpcEndpointServiceConfigurationCommand,
} from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { refused } from "../islet.ts";
import { asUser, onlyIf, statement } from "./person.ts";

const [HOME, AWAY] = ["us-east-1", "eu-west-1"] as const;
const REFUSAL =
  /is not authorized to perform: vpce:AllowMultiRegion on resource: arn:aws:ec2:us-east-1:\d{12}:/;

test("an endpoint and its service are in different Regions only by a permission of its own", async () => {
  const person = await asUser(statement("Allow", "ec2:*"));
  const { ec2, root, account } = person;
  const { Vpc } = await root.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const endpoint = (ServiceRegion: string) =>
    new CreateVpcEndpointCommand({
      VpcId: Vpc?.VpcId,
      VpcEndpointType: "Interface",
      ServiceName: `com.amazonaws.${ServiceRegion}.kms`,
      ServiceRegion,
      PrivateDnsEnabled: false,
      DryRun: true,
    });
  await refused(ec2.send(endpoint(HOME)), "DryRunOperation");
  await refused(ec2.send(endpoint(AWAY)), "UnauthorizedOperation", REFUSAL);
  const NetworkLoadBalancerArns = [
    `arn:aws:elasticloadbalancing:${HOME}:${account}:loadbalancer/net/lb/0123456789abcdef`,
  ];
  const service = (SupportedRegions: string[]) =>
    ec2.send(new CreateVpcEndpointServiceConfigurationCommand({ NetworkLoadBalancerArns, SupportedRegions }));
  await refused(service([AWAY]), "UnauthorizedOperation", REFUSAL);
  const { ServiceConfiguration } = await service([HOME]);
  const { ServiceId = "" } = ServiceConfiguration ?? {};
  const modify = (asked: { AddSupportedRegions?: string[]; RemoveSupportedRegions?: string[] }) =>
    ec2.send(new ModifyVpcEndpointServiceConfigurationCommand({ ServiceId, ...asked }));
  await refused(modify({ AddSupportedRegions: [AWAY] }), "UnauthorizedOperation", REFUSAL);
  await person.allow(statement("Allow", ["ec2:*", "vpce:AllowMultiRegion"]));
  await refused(ec2.send(endpoint(AWAY)), "DryRunOperation");
  await modify({ AddSupportedRegions: [AWAY] });

  // What a policy says of services in several Regions holds for it from now on.
  const remove = () =>
    ec2.send(new DeleteVpcEndpointServiceConfigurationsCommand({ ServiceIds: [ServiceId] }));
  await person.allow(onlyIf("ec2:*", { Bool: { "ec2:VpceMultiRegion": "false" } }));
  await refused(remove(), "UnauthorizedOperation");
  const supported = { "ForAnyValue:StringEquals": { "ec2:VpceSupportedRegion": AWAY } };
  await person.allow(onlyIf("ec2:*", supported));
  expect((await remove()).Unsuccessful).toEqual([]);
});
