import {
  CreateClientVpnRouteCommand,
  DeleteClientVpnRouteCommand,
  DescribeClientVpnRoutesCommand,
  DisassociateClientVpnTargetNetworkCommand,
  type ClientVpnRoute,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { ownIslet, refused } from "../islet.ts";
import { CLIENTS, newEndpoint, newOwner, newReadyEndpoint, type Owner } from "./clientVpns.ts";

let owner: Owner;
beforeAll(async () => {
  owner = await newOwner();
});

const add = (ClientVpnEndpointId: string, DestinationCidrBlock: string, TargetVpcSubnetId?: string) =>
  owner.ec2.send(
    new CreateClientVpnRouteCommand({ ClientVpnEndpointId, DestinationCidrBlock, TargetVpcSubnetId }),
  );
const remove = (ClientVpnEndpointId: string, DestinationCidrBlock: string, TargetVpcSubnetId?: string) =>
  owner.ec2.send(
    new DeleteClientVpnRouteCommand({ ClientVpnEndpointId, DestinationCidrBlock, TargetVpcSubnetId }),
  );

async function routes(ClientVpnEndpointId: string, Name?: string, value = ""): Promise<ClientVpnRoute[]> {
  const filter = Name === undefined ? {} : { Filters: [{ Name, Values: [value] }] };
  const command = new DescribeClientVpnRoutesCommand({ ClientVpnEndpointId, ...filter });
  return (await owner.ec2.send(command)).Routes ?? [];
}

describe("what it refuses to parse", () => {
  test("destinations that are none, and no target", async () => {
    const { endpoint, subnet } = await newReadyEndpoint(owner);
    await refused(add(endpoint, "everywhere", subnet), "InvalidParameterValue");
    await refused(add(endpoint, "2001:db8::/32", subnet), "InvalidParameterValue");
    await refused(add(endpoint, "192.168.0.0/16"), "MissingParameter");
    await refused(remove(endpoint, "everywhere", subnet), "InvalidParameterValue");
  });
});

describe("what it refuses to do", () => {
  test("routes by subnets that are not associated", async () => {
    const endpoint = await newEndpoint(owner);
    const { subnet } = await newReadyEndpoint(owner);
    await refused(add(endpoint, "192.168.0.0/16", subnet), "InvalidClientVpnActiveAssociationNotFound");
  });

  test("routes to clients by a subnet, and local ones to others than clients", async () => {
    const { endpoint, subnet } = await newReadyEndpoint(owner);
    await refused(add(endpoint, "172.16.0.0/16", subnet), "InvalidParameterValue", /overlaps with/);
    await refused(add(endpoint, "192.168.0.0/16", "local"), "InvalidParameterValue", /not within/);
  });

  test("a route that is there, be it brought by the subnet", async () => {
    const { endpoint, subnet } = await newReadyEndpoint(owner);
    await refused(
      add(endpoint, "10.0.0.0/16", subnet),
      "InvalidClientVpnDuplicateRoute",
      "Route already exists",
    );
    await add(endpoint, "192.168.0.0/16", subnet);
    await refused(add(endpoint, "192.168.1.0/16", subnet), "InvalidClientVpnDuplicateRoute");
  });

  test("to delete routes that are not there, or that a subnet brought", async () => {
    const { endpoint, subnet } = await newReadyEndpoint(owner);
    await refused(remove(endpoint, "192.168.0.0/16", subnet), "InvalidClientVpnRouteNotFound");
    await refused(remove(endpoint, "10.0.0.0/16"), "InvalidClientVpnRouteNotFound");
    await refused(remove(endpoint, "10.0.0.0/16", subnet), "InvalidParameterValue", /disassociated/);
  });

  test("more routes of an association than the quota allows", async () => {
    const islet = await ownIslet({ quotas: "usual" });
    const limited = await newOwner(islet);
    const { endpoint, subnet } = await newReadyEndpoint(limited);
    const one = (n: number) =>
      limited.ec2.send(
        new CreateClientVpnRouteCommand({
          ClientVpnEndpointId: endpoint,
          DestinationCidrBlock: `192.168.${n}.0/24`,
          TargetVpcSubnetId: subnet,
        }),
      );
    for (let n = 0; n < 99; n++) await one(n);
    await refused(one(99), "ClientVpnRouteLimitExceeded");
    await islet.close();
  });
});

describe("what it does", () => {
  test("shows the route to the VPC that came with the subnet, and those that were made", async () => {
    const { endpoint, subnet } = await newReadyEndpoint(owner);
    expect((await add(endpoint, "0.0.0.0/0", subnet)).Status?.Code).toBe("creating");
    await add(endpoint, CLIENTS, "local");
    const brought = {
      ClientVpnEndpointId: endpoint,
      DestinationCidr: "10.0.0.0/16",
      TargetSubnet: subnet,
      Type: "Nat",
      Origin: "associate",
      Status: { Code: "active" },
      Description: "Default Route",
    };
    const made = { ...brought, DestinationCidr: "0.0.0.0/0", Origin: "add-route", Description: "" };
    const local = { ...made, DestinationCidr: CLIENTS, TargetSubnet: "local", Type: "Local" };
    expect(await routes(endpoint)).toEqual([brought, made, local]);
    expect(await routes(endpoint, "origin", "associate")).toEqual([brought]);
    expect(await routes(endpoint, "destination-cidr", "0.0.0.0/0")).toEqual([made]);
    expect(await routes(endpoint, "target-subnet", "local")).toEqual([local]);
    expect((await remove(endpoint, "0.0.0.0/0", subnet)).Status?.Code).toBe("deleting");
    expect(await routes(endpoint)).toEqual([brought, local]);
  });

  test("takes the routes by a subnet away with that", async () => {
    const { endpoint, subnet, association } = await newReadyEndpoint(owner);
    await add(endpoint, "192.168.0.0/16", subnet);
    await add(endpoint, CLIENTS, "local");
    await owner.ec2.send(
      new DisassociateClientVpnTargetNetworkCommand({
        ClientVpnEndpointId: endpoint,
        AssociationId: association,
      }),
    );
    expect(await routes(endpoint)).toMatchObject([{ DestinationCidr: CLIENTS }]);
  });
});
