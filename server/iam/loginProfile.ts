import type * as Iam from "@aws-sdk/client-iam";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import { checkLength, missing } from "./request.ts";
import { userOf, users, type UserRow } from "./user.ts";

const SHORTEST = 8;
const LONGEST = 128;
/** Capitals, small letters, digits, others: an account that has no policy of its own asks for three of them. */
const KINDS = [/[A-Z]/, /[a-z]/, /\d/, /[^A-Za-z\d]/] as const;
const LEAST_KINDS = 3;

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html#default-policy-details */
function checkPassword({ name }: UserRow, password: string): void {
  checkLength("password", password, 1, LONGEST);
  const kinds = KINDS.filter((kind) => kind.test(password)).length;
  if (password.length < SHORTEST || kinds < LEAST_KINDS || password === name) {
    throw new ApiError("PasswordPolicyViolation");
  }
}

/** A user with a password. @throws {ApiError} NoSuchEntity */
function getWithLogin(ctx: Context, name: string | undefined) {
  const user = userOf(ctx, name);
  const { login } = user;
  if (!login) throw missing(`Login Profile for User ${user.name} cannot be found.`);
  return { user, login };
}

const view = ({ name }: UserRow, login: NonNullable<UserRow["login"]>): Iam.LoginProfile => ({
  UserName: name,
  CreateDate: new Date(login.created),
  PasswordResetRequired: login.resetRequired,
});

const NO_CONSOLE = "signing in: there is no console, and the password is not kept";

export const partly = { CreateLoginProfile: NO_CONSOLE, UpdateLoginProfile: NO_CONSOLE };

export const operations = {
  CreateLoginProfile: ({ UserName, Password, PasswordResetRequired = false }, ctx) => {
    const user = userOf(ctx, UserName);
    if (user.login) {
      throw new ApiError("EntityAlreadyExists", `Login Profile for user ${user.name} already exists.`);
    }
    // Without a password IAM takes none either: it is for users who are to sign in otherwise.
    if (Password !== undefined) checkPassword(user, Password);
    const login = { created: ctx.now, resetRequired: PasswordResetRequired };
    users.update(ctx, user, { login });
    return { LoginProfile: view(user, login) };
  },

  DeleteLoginProfile: ({ UserName }, ctx) => {
    users.update(ctx, getWithLogin(ctx, UserName).user, { login: undefined });
    return {};
  },

  GetLoginProfile: ({ UserName }, ctx) => {
    const { user, login } = getWithLogin(ctx, UserName);
    return { LoginProfile: view(user, login) };
  },

  UpdateLoginProfile: ({ UserName, Password, PasswordResetRequired }, ctx) => {
    const { user, login } = getWithLogin(ctx, UserName);
    if (Password !== undefined) checkPassword(user, Password);
    const resetRequired = PasswordResetRequired ?? login.resetRequired;
    users.update(ctx, user, { login: { ...login, resetRequired } });
    return {};
  },
} satisfies IamHandlers;
