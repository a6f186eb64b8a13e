import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  FilterLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  DeleteClientVpnEndpointAuthorizationPolicyCommand,
  DescribeClientVpnConnectionsCommand,
  GetClientVpnEndpointAuthorizationPolicyCommand,
  ModifyClientVpnEndpointAuthorizationPolicyCommand,
  type ModifyClientVpnEndpointAuthorizationPolicyCommandInput,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { configOf, ownIslet, refused } from "../islet.ts";
import { operate } from "../operator.ts";
import { newEndpoint, newOwner, newReadyEndpoint, Region, type Owner } from "./clientVpns.ts";

let owner: Owner;
beforeAll(async () => {
  owner = await newOwner();
});

const HEALTHY = "permit(principal, action, resource) when { context.crowdstrike.assessment.overall > 50 };";

const modify = (
  ClientVpnEndpointId: string,
  asked: Omit<ModifyClientVpnEndpointAuthorizationPolicyCommandInput, "ClientVpnEndpointId">,
) => owner.ec2.send(new ModifyClientVpnEndpointAuthorizationPolicyCommand({ ClientVpnEndpointId, ...asked }));
const get = (ClientVpnEndpointId: string) =>
  owner.ec2.send(new GetClientVpnEndpointAuthorizationPolicyCommand({ ClientVpnEndpointId }));
const remove = (ClientVpnEndpointId: string) =>
  owner.ec2.send(new DeleteClientVpnEndpointAuthorizationPolicyCommand({ ClientVpnEndpointId }));
const connect = (ClientVpnEndpointId: string, overall: number) =>
  operate(owner.islet, "POST client-vpn-connections", {
    Region,
    ClientVpnEndpointId,
    CommonName: "client1",
    Context: { crowdstrike: { assessment: { overall } } },
  });

describe("what it refuses to parse", () => {
  test("what is no Cedar, or too much of it", async () => {
    const endpoint = await newEndpoint(owner);
    await refused(modify(endpoint, { PolicyDocument: "let me in" }), "InvalidParameterValue", /not valid/);
    const long = HEALTHY.repeat(1000);
    await refused(modify(endpoint, { PolicyDocument: long }), "InvalidParameterValue", /too long/);
  });
});

describe("what it refuses to do", () => {
  test("to change or show what is not there", async () => {
    const endpoint = await newEndpoint(owner);
    const code = "InvalidClientVpnEndpointAuthorizationPolicyNotFound";
    await refused(get(endpoint), code);
    await refused(remove(endpoint), code);
    await refused(modify(endpoint, { Description: "health" }), "MissingParameter");
  });
});

describe("what it does", () => {
  test("asks no policy that is on its way out, at EC2's pace", async () => {
    const islet = await ownIslet({ pace: "real" });
    const slow = await newOwner(islet);
    const { endpoint: ClientVpnEndpointId } = await newReadyEndpoint(slow);
    await advanceClock(islet, 301);
    const change = new ModifyClientVpnEndpointAuthorizationPolicyCommand({
      ClientVpnEndpointId,
      PolicyDocument: HEALTHY,
    });
    await slow.ec2.send(change);
    const leave = () =>
      slow.ec2.send(new DeleteClientVpnEndpointAuthorizationPolicyCommand({ ClientVpnEndpointId }));
    expect((await leave()).Status).toBe("deleting");
    await refused(leave(), "InvalidClientVpnEndpointAuthorizationPolicyNotFound");
    const asked = { Region, ClientVpnEndpointId, CommonName: "client1" };
    await operate(islet, "POST client-vpn-connections", asked);
    const { Connections } = await slow.ec2.send(
      new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId }),
    );
    expect(Connections).toHaveLength(1);
    expect(Connections?.[0]?.AuthorizationPolicyLastEvaluatedTime).toBeUndefined();
    expect((await slow.ec2.send(change)).Status).toBe("creating");
    await islet.close();
  });

  test("keeps what is said, and what was said before of the rest", async () => {
    const endpoint = await newEndpoint(owner);
    const made = await modify(endpoint, { PolicyDocument: HEALTHY, Description: "health" });
    expect(made.Status).toBe("creating");
    expect(await get(endpoint)).toMatchObject({
      ClientVpnEndpointId: endpoint,
      PolicyDocument: HEALTHY,
      Description: "health",
      ShadowMode: "disabled",
      Status: "active",
    });
    expect((await modify(endpoint, { ShadowMode: "enabled" })).Status).toBe("updating");
    expect(await get(endpoint)).toMatchObject({
      PolicyDocument: HEALTHY,
      Description: "health",
      ShadowMode: "enabled",
    });
    expect((await remove(endpoint)).Status).toBe("deleting");
    await refused(get(endpoint), "InvalidClientVpnEndpointAuthorizationPolicyNotFound");
  });

  test("lets in whom it permits, unless it is only watched, and logs who is kept out", async () => {
    const logs = new CloudWatchLogsClient(configOf(owner.islet, owner.keys, Region));
    await logs.send(new CreateLogGroupCommand({ logGroupName: "posture" }));
    const ConnectionLogOptions = { Enabled: true, CloudwatchLogGroup: "posture" };
    const { endpoint } = await newReadyEndpoint(owner, { ConnectionLogOptions });
    await modify(endpoint, { PolicyDocument: HEALTHY });
    expect(await connect(endpoint, 60)).toMatchObject({ Status: "active" });
    expect(await connect(endpoint, 40)).toMatchObject({ Status: "failed" });
    const { events } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: "posture", filterPattern: "failed" }),
    );
    expect(events).toHaveLength(1);
    const { Connections } = await owner.ec2.send(
      new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: endpoint }),
    );
    expect(Connections).toMatchObject([
      { AuthorizationPolicyLastEvaluatedTime: expect.stringMatching(/^\d/) },
    ]);
    await modify(endpoint, { ShadowMode: "enabled" });
    expect(await connect(endpoint, 40)).toMatchObject({ Status: "active" });
    await modify(endpoint, { ShadowMode: "disabled" });
    expect(await connect(endpoint, 40)).toMatchObject({ Status: "failed" });
    await remove(endpoint);
    expect(await connect(endpoint, 40)).toMatchObject({ Status: "active" });
  });
});
