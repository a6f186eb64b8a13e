/**
 * Who may what, by the policy files beside this one. An operator may only start and stop instances tagged team=blue; a
 * launcher only launch tagged instances of t3 types; an auditor is a role that one assumes by an external id, and that
 * may read why somebody was refused.
 *
 * Run it with: npm run build && node examples/policies/policies.mjs
 * The same with the AWS CLI and its profiles is in profiles.sh.
 */
import {
  CreateTagsCommand,
  DescribeImagesCommand,
  EC2Client,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, DecodeAuthorizationMessageCommand, STSClient } from "@aws-sdk/client-sts";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { startIslet } from "islet";
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { conclude, say } from "../network/lab.mjs";

const islet = await startIslet({ port: 0, memory: true, logLevel: "silent" });
const agent = new Agent({ ca: islet.ca, keepAlive: true });
const { AccountId, AccessKeyId, SecretAccessKey } = islet.createAccount();

const policyFile = (name) =>
  readFileSync(new URL(`${name}.json`, import.meta.url), "utf8").replaceAll("ACCOUNT", AccountId);

/** Somebody with a key: what they call, and how they are answered. */
class Caller {
  constructor(name, { AccessKeyId, SecretAccessKey, SessionToken }) {
    this.name = name;
    this.config = {
      endpoint: islet.endpoint,
      region: "us-east-1",
      credentials: {
        accessKeyId: AccessKeyId,
        secretAccessKey: SecretAccessKey,
        ...(SessionToken && { sessionToken: SessionToken }),
      },
      requestHandler: new NodeHttpHandler({ httpsAgent: agent }),
    };
    this.ec2 = new EC2Client(this.config);
    this.iam = new IAMClient(this.config);
    this.sts = new STSClient(this.config);
  }

  /** Makes a call and says how it ended. */
  async tries(what, client, command) {
    try {
      const answer = await client.send(command);
      say(`  ✓ ${this.name} ${what}`);
      return { allowed: true, answer };
    } catch (error) {
      const [reason, encoded] = error.message.split(". Encoded authorization failure message: ");
      say(`  ✗ ${this.name} ${what}`);
      say(`      ${error.name}: ${reason.replace("You are not authorized to perform this operation. ", "")}`);
      if (encoded) say(`      and a sealed message: ${encoded.slice(0, 24)}… (${encoded.length} characters)`);
      return { allowed: false, code: error.name, encoded };
    }
  }
}

const root = new Caller("root", { AccessKeyId, SecretAccessKey });

async function newUser(name) {
  await root.iam.send(new CreateUserCommand({ UserName: name }));
  await root.iam.send(
    new PutUserPolicyCommand({ UserName: name, PolicyName: name, PolicyDocument: policyFile(name) }),
  );
  const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName: name }));
  return new Caller(name, AccessKey);
}

try {
  const { Images } = await root.ec2.send(
    new DescribeImagesCommand({
      Owners: ["amazon"],
      Filters: [{ Name: "name", Values: ["al2023-ami-2023*-x86_64"] }],
    }),
  );
  const launching = (InstanceType, team) =>
    new RunInstancesCommand({
      ImageId: Images[0].ImageId,
      InstanceType,
      MinCount: 1,
      MaxCount: 1,
      ...(team && {
        TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "team", Value: team }] }],
      }),
    });
  const instanceOf = async (team) =>
    (await root.ec2.send(launching("t3.micro", team))).Instances[0].InstanceId;
  const [blue, red] = [await instanceOf("blue"), await instanceOf("red")];
  say(`Account ${AccountId} has ${blue}, tagged team=blue, and ${red}, tagged team=red.`);

  say("\n1. An operator may only start and stop what is tagged team=blue (operator.json)\n");
  const operator = await newUser("operator");
  const one = (InstanceId) => ({ InstanceIds: [InstanceId] });
  const done = [
    await operator.tries("stops the blue one", operator.ec2, new StopInstancesCommand(one(blue))),
    await operator.tries("starts it again", operator.ec2, new StartInstancesCommand(one(blue))),
  ];
  const both = new StopInstancesCommand({ InstanceIds: [blue, red] });
  const refused = [
    await operator.tries("stops the red one", operator.ec2, new StopInstancesCommand(one(red))),
    await operator.tries("stops both: all of a call, or nothing", operator.ec2, both),
    await operator.tries("terminates the blue one", operator.ec2, new TerminateInstancesCommand(one(blue))),
    await operator.tries(
      "tags the red one team=blue",
      operator.ec2,
      new CreateTagsCommand({ Resources: [red], Tags: [{ Key: "team", Value: "blue" }] }),
    ),
  ];
  conclude(
    done.every(({ allowed }) => allowed) && refused.every(({ code }) => code === "UnauthorizedOperation"),
    "The tag decides, and who may not set it cannot make it so.",
  );

  say("\n2. A launcher may only launch t3 types, and only with a team (launcher.json)\n");
  const launcher = await newUser("launcher");
  const launched = await launcher.tries(
    "launches a t3.small tagged team=green",
    launcher.ec2,
    launching("t3.small", "green"),
  );
  const untagged = await launcher.tries("launches a t3.small", launcher.ec2, launching("t3.small"));
  const large = await launcher.tries(
    "launches an m5.large tagged team=green",
    launcher.ec2,
    launching("m5.large", "green"),
  );
  const later = await launcher.tries(
    "tags the red one team=green: not while it launches",
    launcher.ec2,
    new CreateTagsCommand({ Resources: [red], Tags: [{ Key: "team", Value: "green" }] }),
  );
  conclude(
    launched.allowed && !untagged.allowed && !large.allowed && !later.allowed,
    "A launch is one call on many resources; of the instance, the policy asks for type and tag.",
  );

  say("\n3. The role of an auditor is assumed by who knows the external id (auditor-trust.json)\n");
  const { Role } = await root.iam.send(
    new CreateRoleCommand({ RoleName: "auditor", AssumeRolePolicyDocument: policyFile("auditor-trust") }),
  );
  await root.iam.send(
    new PutRolePolicyCommand({
      RoleName: "auditor",
      PolicyName: "auditor",
      PolicyDocument: policyFile("auditor"),
    }),
  );
  const assuming = (ExternalId) =>
    new AssumeRoleCommand({ RoleArn: Role.Arn, RoleSessionName: "lesson", ExternalId });
  const without = await launcher.tries("assumes it without one", launcher.sts, assuming(undefined));
  const wrong = await launcher.tries(
    "assumes it with contract-4712",
    launcher.sts,
    assuming("contract-4712"),
  );
  const other = await operator.tries(
    "assumes it with contract-4711",
    operator.sts,
    assuming("contract-4711"),
  );
  const right = await launcher.tries(
    "assumes it with contract-4711",
    launcher.sts,
    assuming("contract-4711"),
  );
  if (right.allowed) say(`      and is ${right.answer.AssumedRoleUser.Arn}`);
  conclude(
    !without.allowed && !wrong.allowed && !other.allowed && right.allowed,
    "The trust policy names who, and the external id for whom: both must be right.",
  );

  say("\n4. What was sealed into a refusal is opened by who may (auditor.json)\n");
  const opening = new DecodeAuthorizationMessageCommand({ EncodedMessage: large.encoded });
  const closed = await launcher.tries("opens the message about the m5.large", launcher.sts, opening);
  const auditor = new Caller("auditor", right.answer.Credentials);
  const opened = await auditor.tries("opens it", auditor.sts, opening);
  const { explicitDeny, context } = JSON.parse(opened.answer.DecodedMessage);
  const known = context.conditions.items.map(({ key, values }) => [
    key,
    values.items.map(({ value }) => value).join(", "),
  ]);
  say(`      who       ${context.principal.arn}`);
  say(`      what      ${context.action}`);
  say(`      on what   ${context.resource}`);
  say(`      denied    ${explicitDeny ? "by a statement" : "as nothing allows it"}, where it was known that`);
  for (const [key, value] of known) say(`                ${key.padEnd(36)} ${value.slice(0, 60)}`);
  conclude(
    !closed.allowed && known.some(([key, value]) => key === "ec2:InstanceType" && value === "m5.large"),
    "The type was m5.large, and T3WithATeam asks for t3.*: that is why.",
  );
} finally {
  agent.destroy();
  await islet.close();
}
