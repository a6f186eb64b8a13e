import { EC2Client } from "@aws-sdk/client-ec2";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  type CreateRoleCommandInput,
} from "@aws-sdk/client-iam";
import { STSClient, type Credentials } from "@aws-sdk/client-sts";
import type { Islet } from "../../server/index.ts";
import { freshIam, type FreshIam } from "../iam/client.ts";
import { configOf, type Keys } from "../islet.ts";

export interface Place extends FreshIam {
  readonly sts: (keys: Keys) => STSClient;
  readonly ec2: (keys: Keys) => EC2Client;
  /** Makes a user with a key, and what its inline policy says. */
  readonly user: (name: string, policy?: string) => Promise<Keys & { readonly arn: string }>;
  /** Makes a role; its ARN. */
  readonly role: (
    name: string,
    trust: string,
    policy?: string,
    more?: Partial<CreateRoleCommandInput>,
  ) => Promise<string>;
}

/** A fresh account, with people. */
export async function freshPlace(server?: Islet): Promise<Place> {
  const fresh = await freshIam(server);
  const { iam, islet } = fresh;
  return {
    ...fresh,
    sts: (keys) => new STSClient(configOf(islet, keys)),
    ec2: (keys) => new EC2Client(configOf(islet, keys)),
    user: async (UserName, PolicyDocument) => {
      const { User } = await iam.send(new CreateUserCommand({ UserName }));
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
      if (PolicyDocument !== undefined) {
        await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "own", PolicyDocument }));
      }
      return {
        arn: User?.Arn ?? "",
        accessKeyId: AccessKey?.AccessKeyId ?? "",
        secretAccessKey: AccessKey?.SecretAccessKey ?? "",
      };
    },
    role: async (RoleName, AssumeRolePolicyDocument, PolicyDocument, more = {}) => {
      const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument, ...more }));
      if (PolicyDocument !== undefined) {
        await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument }));
      }
      return Role?.Arn ?? "";
    },
  };
}

export const keysFrom = (credentials: Credentials | undefined): Required<Keys> => ({
  accessKeyId: credentials?.AccessKeyId ?? "",
  secretAccessKey: credentials?.SecretAccessKey ?? "",
  sessionToken: credentials?.SessionToken ?? "",
});

/** A trust policy for several actions of STS. */
export const trustingFor = (principal: object, actions: readonly string[], more: object = {}): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: principal, Action: actions, ...more }],
  });
