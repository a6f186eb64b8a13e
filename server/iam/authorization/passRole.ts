import type { Context } from "../../kit/context.ts";
import { instanceProfiles } from "../instanceProfile.ts";
import { roles } from "../role.ts";
import type { Demand } from "./demand.ts";

/**
 * To give a role to a service is an action of its own.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
 */
export const passRole = (roleArn: string, service: string): Demand => ({
  action: "iam:PassRole",
  resource: roleArn,
  keys: { get: (name) => (name === "iam:passedtoservice" ? service : undefined) },
  known: ["iam:PassedToService"],
});

interface Passing {
  readonly IamInstanceProfile?: { readonly Arn?: string; readonly Name?: string };
  readonly DeliverLogsPermissionArn?: string;
  readonly LogDestinationType?: string;
}

/** The roles that a call of EC2 passes on: that of an instance profile, that which flow logs are delivered by. */
export function passedRoles(ctx: Context, input: object): Demand[] {
  const { IamInstanceProfile: given, DeliverLogsPermissionArn: delivery, ...to } = input as Passing;
  const demands: Demand[] = [];
  if (given) {
    const profile =
      given.Arn === undefined
        ? instanceProfiles.find(ctx, given.Name ?? "")
        : instanceProfiles.findByArn(ctx, given.Arn);
    const role =
      profile?.account === ctx.account && profile.role ? roles.table(ctx).get(profile.role) : undefined;
    demands.push(
      passRole(role ? roles.arnOf(role) : `arn:aws:iam::${ctx.account}:role/*`, "ec2.amazonaws.com"),
    );
  }
  if (delivery !== undefined) {
    const isStream = to.LogDestinationType === "kinesis-data-firehose";
    demands.push(passRole(delivery, `${isStream ? "delivery.logs" : "vpc-flow-logs"}.amazonaws.com`));
  }
  return demands;
}
