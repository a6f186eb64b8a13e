import { describe, expect, test } from "vitest";
import { standingOf } from "../../server/iam/applicable.ts";
import * as group from "../../server/iam/group.ts";
import { decide } from "../../server/iam/policy/evaluate.ts";
import * as role from "../../server/iam/role.ts";
import * as user from "../../server/iam/user.ts";
import type { Caller, Context } from "../../server/kit/context.ts";
import { desk } from "../kit/desk.ts";
import { allowing, trustEc2 } from "./client.ts";

const EC2 = "arn:aws:iam::aws:policy/AmazonEC2FullAccess";

/** Does something with IAM's rows, and tells what came of it. */
function atIam<T>(work: (ctx: Context) => T): T {
  const results: T[] = [];
  const { call, global } = desk();
  call((ctx) => void results.push(work(ctx)), { unit: global });
  return results[0] as T;
}

const callerOf = (ctx: Context, arn: string, userId: string): Caller => ({
  account: ctx.account,
  accessKeyId: "AKIATEST",
  arn,
  userId,
});

function outcome(ctx: Context, caller: Caller, action: string) {
  const { principal, policies, keys } = standingOf(ctx, caller);
  return decide({ action, resource: "*", keys, principal }, policies).outcome;
}

describe("who calls has", () => {
  test("as root, everything", () => {
    expect(atIam((ctx) => outcome(ctx, ctx.caller, "iam:CreateUser"))).toBe("allowed");
  });

  test("as a user, its own policies and its groups', within its boundary, and its tags", () => {
    atIam((ctx) => {
      const { User } = user.operations.CreateUser(
        { UserName: "ann", Tags: [{ Key: "Team", Value: "blue" }] },
        ctx,
      );
      group.operations.CreateGroup({ GroupName: "ops" }, ctx);
      group.operations.AddUserToGroup({ GroupName: "ops", UserName: "ann" }, ctx);
      const blue = {
        Condition: { StringEquals: { "aws:PrincipalTag/team": "blue", "aws:username": "ann" } },
      };
      group.operations.PutGroupPolicy(
        { GroupName: "ops", PolicyName: "own", PolicyDocument: allowing("s3:*", blue) },
        ctx,
      );
      user.operations.AttachUserPolicy({ UserName: "ann", PolicyArn: EC2 }, ctx);
      const ann = callerOf(ctx, User.Arn ?? "", User.UserId ?? "");
      expect(standingOf(ctx, ann).keys.get("aws:principaltype")).toBe("User");
      const decisions = () =>
        ["s3:GetObject", "ec2:RunInstances", "iam:CreateUser"].map((each) => outcome(ctx, ann, each));
      expect(decisions()).toEqual(["allowed", "allowed", "implicitDeny"]);
      user.operations.PutUserPermissionsBoundary({ UserName: "ann", PermissionsBoundary: EC2 }, ctx);
      expect(decisions()).toEqual(["implicitDeny", "allowed", "implicitDeny"]);
    });
  });

  test("as a session of a role, the role's policies, while the role is there", () => {
    atIam((ctx) => {
      const { Role } = role.operations.CreateRole(
        { RoleName: "app", AssumeRolePolicyDocument: trustEc2 },
        ctx,
      );
      role.operations.AttachRolePolicy({ RoleName: "app", PolicyArn: EC2 }, ctx);
      const session = callerOf(
        ctx,
        `arn:aws:sts::${ctx.account}:assumed-role/app/s`,
        `${Role.RoleId ?? ""}:s`,
      );
      expect(standingOf(ctx, session).principal).toMatchObject({ kind: "session", role: Role.Arn });
      expect(outcome(ctx, session, "ec2:RunInstances")).toBe("allowed");
      role.operations.DetachRolePolicy({ RoleName: "app", PolicyArn: EC2 }, ctx);
      role.operations.DeleteRole({ RoleName: "app" }, ctx);
      expect(outcome(ctx, session, "ec2:RunInstances")).toBe("implicitDeny");
    });
  });

  test("as a user that is no more, nothing", () => {
    atIam((ctx) => {
      const nobody = callerOf(ctx, `arn:aws:iam::${ctx.account}:user/ann`, "AIDAAAAAAAAAAAAAAAAAA");
      expect(outcome(ctx, nobody, "ec2:RunInstances")).toBe("implicitDeny");
    });
  });
});
