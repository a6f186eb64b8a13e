import { CreateManagedPrefixListCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  AcceptResourceShareInvitationCommand,
  CreateResourceShareCommand,
  GetResourceShareInvitationsCommand,
  RAMClient,
  type CreateResourceShareRequest,
  type ResourceShareInvitation,
} from "@aws-sdk/client-ram";
import { configOf, freshKeys, sharedIslet, type Keys } from "../islet.ts";
import type { Islet } from "../../server/index.ts";

/** A fresh account that shares, or is shared with. */
export interface Account {
  readonly account: string;
  readonly islet: Islet;
  readonly keys: Keys;
  readonly ec2: EC2Client;
  readonly ram: RAMClient;
}

export async function newAccount(server?: Islet): Promise<Account> {
  const islet = server ?? (await sharedIslet());
  const { account, ...keys } = freshKeys(islet);
  const config = configOf(islet, keys);
  return { account, islet, keys, ec2: new EC2Client(config), ram: new RAMClient(config) };
}

export const newShare = async (
  { ram }: Account,
  input: Partial<CreateResourceShareRequest> = {},
): Promise<string> => {
  const { resourceShare } = await ram.send(new CreateResourceShareCommand({ name: "common", ...input }));
  return resourceShare?.resourceShareArn ?? "";
};

export const newList = async ({ ec2 }: Account): Promise<{ readonly id: string; readonly arn: string }> => {
  const { PrefixList } = await ec2.send(
    new CreateManagedPrefixListCommand({
      PrefixListName: "offices",
      AddressFamily: "IPv4",
      MaxEntries: 2,
      Entries: [{ Cidr: "192.0.2.0/24" }],
    }),
  );
  return { id: PrefixList?.PrefixListId ?? "", arn: PrefixList?.PrefixListArn ?? "" };
};

export const invitations = async ({ ram }: Account): Promise<ResourceShareInvitation[]> =>
  (await ram.send(new GetResourceShareInvitationsCommand({}))).resourceShareInvitations ?? [];

/** Accepts whatever the account is invited to. */
export async function acceptAll(account: Account): Promise<void> {
  for (const { resourceShareInvitationArn, status } of await invitations(account)) {
    if (status !== "PENDING") continue;
    await account.ram.send(new AcceptResourceShareInvitationCommand({ resourceShareInvitationArn }));
  }
}
