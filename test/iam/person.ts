import { EC2Client, type ResourceType, type Tag } from "@aws-sdk/client-ec2";
import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { configOf, type Keys } from "../islet.ts";
import { freshIam, type FreshIam } from "./client.ts";

/** A user of a fresh account, beside the account's root. */
export interface Person extends FreshIam {
  readonly name: string;
  readonly arn: string;
  readonly userKeys: Keys;
  /** EC2, called by the user. */
  readonly ec2: EC2Client;
  /** EC2, called by root. */
  readonly root: EC2Client;
  /** Gives the user these statements instead of those before. */
  readonly allow: (...statements: object[]) => Promise<void>;
}

export const statement = (
  Effect: "Allow" | "Deny",
  Action: string | readonly string[],
  Resource: string | readonly string[] = "*",
  more: object = {},
): object => ({ Effect, Action, Resource, ...more });

export const onlyIf = (action: string | readonly string[], condition: object): object =>
  statement("Allow", action, "*", { Condition: condition });

export const tagged = (ResourceType: ResourceType, ...Tags: Tag[]) => ({
  TagSpecifications: [{ ResourceType, Tags }],
});

/** A user who has a policy of these statements, and no other. */
export async function asUser(...statements: object[]): Promise<Person> {
  const fresh = await freshIam();
  const name = "someone";
  const { User } = await fresh.iam.send(new CreateUserCommand({ UserName: name }));
  const allow = async (...given: object[]): Promise<void> => {
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: given });
    await fresh.iam.send(new PutUserPolicyCommand({ UserName: name, PolicyName: "own", PolicyDocument }));
  };
  if (statements.length > 0) await allow(...statements);
  const { AccessKey } = await fresh.iam.send(new CreateAccessKeyCommand({ UserName: name }));
  const userKeys = {
    accessKeyId: AccessKey?.AccessKeyId ?? "",
    secretAccessKey: AccessKey?.SecretAccessKey ?? "",
  };
  return {
    ...fresh,
    name,
    arn: User?.Arn ?? "",
    userKeys,
    ec2: new EC2Client(configOf(fresh.islet, userKeys)),
    root: new EC2Client(configOf(fresh.islet, fresh.keys)),
    allow,
  };
}
