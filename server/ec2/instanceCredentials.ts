import { keysOf, type KeyRow } from "../auth/keys.ts";
import { instanceProfiles } from "../iam/instanceProfile.ts";
import { roles } from "../iam/role.ts";
import type { Context } from "../kit/context.ts";
import { isoTime } from "../kit/isoTime.ts";
import { openRoleSession } from "../sts/assumeRole.ts";
import { plainTerms } from "../sts/credentials.ts";
import { findDistrust, foreign } from "../sts/trust.ts";
import { activeAssociation } from "./iamInstanceProfileAssociation.ts";
import type { Instance } from "./instance.ts";
import { interfacesOf } from "./instanceView.ts";

/** How long the credentials of an instance last, and how long before their end it gets new ones. */
const LIFE_SECONDS = 6 * 3600;
const RENEWAL_SECONDS = 15 * 60;

/** What the metadata service answers about the role of an instance, member by member. */
export type InstanceCredentials =
  | {
      readonly Code: "Success";
      readonly LastUpdated: string;
      readonly Type: "AWS-HMAC";
      readonly AccessKeyId: string;
      readonly SecretAccessKey: string;
      readonly Token: string;
      readonly Expiration: string;
    }
  | {
      readonly Code: "AssumeRoleUnauthorizedAccess" | "InstanceProfileNotFound";
      readonly Message: string;
      readonly LastUpdated: string;
    };

const viewKey = ({ id, secret, token = "", created = 0, expires = 0 }: KeyRow): InstanceCredentials => ({
  Code: "Success",
  LastUpdated: isoTime(created),
  Type: "AWS-HMAC",
  AccessKeyId: id,
  SecretAccessKey: secret,
  Token: token,
  Expiration: isoTime(expires),
});

/** What policies can ask of an instance's own requests. */
function keysFor(regional: Context, { id, account }: Instance): Record<string, string> {
  const [primary] = interfacesOf(regional, id);
  return {
    "ec2:sourceinstancearn": `arn:aws:ec2:${regional.region}:${account}:instance/${id}`,
    "ec2:roledelivery": "2.0",
    ...(primary && {
      "aws:ec2instancesourcevpc": primary.vpcId,
      "aws:ec2instancesourceprivateipv4": primary.privateAddresses[0] ?? "",
    }),
  };
}

/**
 * What the metadata service of an instance answers about its role: the same credentials until they are about to end.
 * Undefined if the instance has no role.
 *
 * @param ctx at work in the global unit
 * @param regional the instance's region
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html
 */
export function credentialsOf(
  ctx: Context,
  regional: Context,
  instance: Instance,
): InstanceCredentials | undefined {
  const association = activeAssociation(regional, instance.id);
  if (!association) return undefined;
  const profile = instanceProfiles.table(ctx).get(association.profileId);
  const role = profile?.role === undefined ? undefined : roles.table(ctx).get(profile.role);
  if (!role) {
    return {
      Code: "InstanceProfileNotFound",
      Message: `Instance Profile not found. instanceProfileId=${association.profileId}`,
      LastUpdated: isoTime(ctx.now),
    };
  }
  const ec2 = foreign("service", "ec2.amazonaws.com");
  if (findDistrust(ctx, ec2, role, "sts:AssumeRole", new Map()) !== undefined) {
    return {
      Code: "AssumeRoleUnauthorizedAccess",
      Message: `EC2 cannot assume the role ${role.name}. Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc.`,
      LastUpdated: isoTime(ctx.now),
    };
  }
  const keys = keysFor(regional, instance);
  const fresh = keysOf(ctx.global, role.id).find(
    ({ session, expires = 0 }) =>
      session?.from === "instance" &&
      session.keys["ec2:sourceinstancearn"] === keys["ec2:sourceinstancearn"] &&
      expires - ctx.now > RENEWAL_SECONDS * 1000,
  );
  return viewKey(
    fresh ?? openRoleSession(ctx, role, instance.id, LIFE_SECONDS, { ...plainTerms, from: "instance", keys }),
  );
}
