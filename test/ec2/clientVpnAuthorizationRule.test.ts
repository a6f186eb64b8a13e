import {
  AuthorizeClientVpnIngressCommand,
  DescribeClientVpnAuthorizationRulesCommand,
  RevokeClientVpnIngressCommand,
  type AuthorizationRule,
  type AuthorizeClientVpnIngressCommandInput,
  type RevokeClientVpnIngressCommandInput,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { ownIslet, refused } from "../islet.ts";
import { authorize, newEndpoint, newOwner, type Owner } from "./clientVpns.ts";

let owner: Owner;
let endpoint: string;
beforeAll(async () => {
  owner = await newOwner();
  endpoint = await newEndpoint(owner);
});

const CIDR = "10.0.0.0/16";
const allow = (asked: Partial<AuthorizeClientVpnIngressCommandInput>, ClientVpnEndpointId = endpoint) =>
  owner.ec2.send(
    new AuthorizeClientVpnIngressCommand({ ClientVpnEndpointId, TargetNetworkCidr: CIDR, ...asked }),
  );
const revoke = (asked: Partial<RevokeClientVpnIngressCommandInput>, ClientVpnEndpointId = endpoint) =>
  owner.ec2.send(
    new RevokeClientVpnIngressCommand({ ClientVpnEndpointId, TargetNetworkCidr: CIDR, ...asked }),
  );

async function rules(ClientVpnEndpointId: string, Name?: string, value = ""): Promise<AuthorizationRule[]> {
  const filter = Name === undefined ? {} : { Filters: [{ Name, Values: [value] }] };
  const command = new DescribeClientVpnAuthorizationRulesCommand({ ClientVpnEndpointId, ...filter });
  return (await owner.ec2.send(command)).AuthorizationRules ?? [];
}

describe("what it refuses to parse", () => {
  test("rules for nobody, for a group and all, and to nowhere", async () => {
    await refused(allow({}), "MissingParameter");
    await refused(allow({ AccessGroupId: "g", AuthorizeAllGroups: true }), "InvalidParameterCombination");
    await refused(allow({ AccessGroupId: "g".repeat(256) }), "InvalidParameterValue");
    await refused(
      allow({ TargetNetworkCidr: "everywhere", AuthorizeAllGroups: true }),
      "InvalidParameterValue",
    );
    await refused(revoke({}), "MissingParameter");
    await refused(revoke({ AccessGroupId: "g", RevokeAllGroups: true }), "InvalidParameterCombination");
  });
});

describe("what it refuses to do", () => {
  test("what is there, and what is not", async () => {
    const one = await newEndpoint(owner);
    await allow({ AccessGroupId: "eng" }, one);
    await refused(allow({ AccessGroupId: "eng" }, one), "InvalidClientVpnDuplicateAuthorizationRule");
    const code = "InvalidClientVpnEndpointAuthorizationRuleNotFound";
    await refused(revoke({ RevokeAllGroups: true }, one), code);
    await refused(revoke({ AccessGroupId: "ops" }, one), code);
    await refused(
      allow({ AuthorizeAllGroups: true }, "cvpn-endpoint-01234567"),
      "InvalidClientVpnEndpointId.NotFound",
    );
  });

  test("more rules than the quota allows", async () => {
    const islet = await ownIslet({ quotas: "usual" });
    const limited = await newOwner(islet);
    const one = await newEndpoint(limited);
    for (let n = 0; n < 200; n++) await authorize(limited, one, `10.0.${n}.0/24`);
    await refused(authorize(limited, one, "10.1.0.0/16"), "ClientVpnAuthorizationRuleLimitExceeded");
    await islet.close();
  });
});

describe("what it does", () => {
  test("authorizes groups and everybody, and revokes one rule at a time", async () => {
    const one = await newEndpoint(owner);
    const made = await allow({ AccessGroupId: "eng", Description: "engineers" }, one);
    expect(made.Status?.Code).toBe("authorizing");
    await allow({ AuthorizeAllGroups: true }, one);
    await allow({ AuthorizeAllGroups: true, TargetNetworkCidr: "0.0.0.0/0" }, one);
    const group = {
      ClientVpnEndpointId: one,
      Description: "engineers",
      GroupId: "eng",
      AccessAll: false,
      DestinationCidr: CIDR,
      Status: { Code: "active" },
    };
    const all = { ...group, Description: "", GroupId: "", AccessAll: true };
    const everywhere = { ...all, DestinationCidr: "0.0.0.0/0" };
    expect(await rules(one)).toEqual([group, all, everywhere]);
    expect(await rules(one, "group-id", "eng")).toEqual([group]);
    expect(await rules(one, "description", "engineers")).toEqual([group]);
    expect(await rules(one, "destination-cidr", "0.0.0.0/0")).toEqual([everywhere]);
    expect((await revoke({ RevokeAllGroups: true }, one)).Status?.Code).toBe("revoking");
    expect(await rules(one)).toEqual([group, everywhere]);
    await revoke({ AccessGroupId: "eng" }, one);
    expect(await rules(one)).toEqual([everywhere]);
  });
});
