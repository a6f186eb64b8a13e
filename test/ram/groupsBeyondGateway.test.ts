import {
  AcceptTransitGatewayVpcAttachmentCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteTransitGatewayVpcAttachmentCommand,
  DescribeSecurityGroupReferencesCommand,
  DescribeStaleSecurityGroupsCommand,
  ModifySecurityGroupRulesCommand,
} from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import type { ExchangeView } from "../../server/http/journeyView.ts";
import { launch } from "../ec2/launch.ts";
import { attach, leadTo, newGateway, newNetwork, type Network } from "../ec2/transitGateways.ts";
import { refused } from "../islet.ts";
import { operate } from "../operator.ts";
import { acceptAll, newAccount, newShare, type Account } from "./account.ts";

interface Tenant extends Account {
  readonly network: Network;
  readonly group: string;
  readonly attachment: string;
}

async function tenant(account: Account, gateway: string, n: number): Promise<Tenant> {
  const network = await newNetwork(account.ec2, n);
  const { GroupId: group = "" } = await account.ec2.send(
    new CreateSecurityGroupCommand({ VpcId: network.vpc, GroupName: "g", Description: "g" }),
  );
  const attachment = await attach(account.ec2, gateway, network);
  return { ...account, network, group, attachment };
}

/** Two accounts whose VPCs are at one gateway, which one of them has and shares. */
async function neighbours(): Promise<{ owner: Tenant; guest: Tenant; gateway: string }> {
  const [first, second] = [await newAccount(), await newAccount()];
  const { id, shown } = await newGateway(first.ec2, { SecurityGroupReferencingSupport: "enable" });
  await newShare(first, { resourceArns: [shown.TransitGatewayArn ?? ""], principals: [second.account] });
  await acceptAll(second);
  const owner = await tenant(first, id, 1);
  const guest = await tenant(second, id, 2);
  const accept = { TransitGatewayAttachmentId: guest.attachment };
  await owner.ec2.send(new AcceptTransitGatewayVpcAttachmentCommand(accept));
  for (const { ec2, network } of [owner, guest]) await leadTo(ec2, id, network);
  return { owner, guest, gateway: id };
}

/** Lets who carries the other's group in, at port 443. */
const allow = ({ ec2, group }: Tenant, { account, group: GroupId }: Tenant, UserId = account) =>
  ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: group,
      IpPermissions: [
        { IpProtocol: "tcp", FromPort: 443, ToPort: 443, UserIdGroupPairs: [{ GroupId, UserId }] },
      ],
    }),
  );

test("rules name groups of other accounts at a shared transit gateway, and packets of these pass", async () => {
  const { owner, guest, gateway } = await neighbours();
  const { SecurityGroupRules: [rule] = [] } = await allow(owner, guest);
  expect(rule?.ReferencedGroupInfo).toMatchObject({ GroupId: guest.group, UserId: guest.account });
  const of = { GroupId: [guest.group] };
  const { SecurityGroupReferenceSet } = await guest.ec2.send(new DescribeSecurityGroupReferencesCommand(of));
  expect(SecurityGroupReferenceSet).toEqual([
    { GroupId: guest.group, ReferencingVpcId: owner.network.vpc, TransitGatewayId: gateway },
  ]);
  await owner.ec2.send(
    new ModifySecurityGroupRulesCommand({
      GroupId: owner.group,
      SecurityGroupRules: [
        {
          SecurityGroupRuleId: rule?.SecurityGroupRuleId,
          SecurityGroupRule: {
            IpProtocol: "tcp",
            FromPort: 80,
            ToPort: 443,
            ReferencedGroupId: guest.group,
          },
        },
      ],
    }),
  );
  const launched = ({ ec2, network, group }: Tenant, ...more: string[]) =>
    launch(ec2, { SubnetId: network.subnets[0], SecurityGroupIds: [group, ...more] });
  const server = await launched(owner);
  const client = await launched(guest);
  const { GroupId: other } = await guest.ec2.send(
    new CreateSecurityGroupCommand({ VpcId: guest.network.vpc, GroupName: "o", Description: "o" }),
  );
  const stranger = await launch(guest.ec2, {
    SubnetId: guest.network.subnets[0],
    SecurityGroupIds: [other ?? ""],
  });
  const Region = "us-east-1";
  await operate(owner.islet, "POST listen", { Region, InstanceId: server, Protocol: "tcp", Port: 443 });
  const ask = async (From: string): Promise<ExchangeView> => {
    const asked = { Region, From, To: server, Protocol: "tcp", Port: 443, Exchange: true };
    return (await operate(owner.islet, "POST packets", asked)) as unknown as ExchangeView;
  };
  expect((await ask(client)).Learned).toBe("answer");
  expect((await ask(stranger)).Forward.Reason).toBe("ENI_SG_RULES_MISMATCH");
  const gone = { TransitGatewayAttachmentId: guest.attachment };
  await guest.ec2.send(new DeleteTransitGatewayVpcAttachmentCommand(gone));
  const { StaleSecurityGroupSet } = await owner.ec2.send(
    new DescribeStaleSecurityGroupsCommand({ VpcId: owner.network.vpc }),
  );
  expect(StaleSecurityGroupSet?.map(({ GroupId }) => GroupId)).toEqual([owner.group]);
});

test("outbound rules do not, nor who does not know whose a group is, nor who is not at the gateway", async () => {
  const { owner, guest } = await neighbours();
  await refused(allow(owner, guest, owner.account), "InvalidGroup.NotFound");
  const third = await newAccount();
  const elsewhere = await tenant(third, (await newGateway(third.ec2)).id, 3);
  await refused(allow(owner, elsewhere), "InvalidGroup.NotFound");
  const outbound = new AuthorizeSecurityGroupEgressCommand({
    GroupId: owner.group,
    IpPermissions: [
      {
        IpProtocol: "tcp",
        FromPort: 443,
        ToPort: 443,
        UserIdGroupPairs: [{ GroupId: guest.group, UserId: guest.account }],
      },
    ],
  });
  await refused(owner.ec2.send(outbound), "InvalidGroup.NotFound");
});
