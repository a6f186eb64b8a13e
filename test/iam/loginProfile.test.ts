import {
  CreateLoginProfileCommand,
  CreateUserCommand,
  DeleteLoginProfileCommand,
  DeleteUserCommand,
  GetLoginProfileCommand,
  UpdateLoginProfileCommand,
} from "@aws-sdk/client-iam";
import { describe, expect, test } from "vitest";
import { refused } from "../islet.ts";
import { freshIam } from "./client.ts";

const UserName = "ann";
const Password = "Correct-horse-1";

async function withUser() {
  const { iam } = await freshIam();
  await iam.send(new CreateUserCommand({ UserName }));
  return iam;
}

describe("what it refuses", () => {
  test.each(["Ab-1", "alllowercase", "UPPER12345"])("the password %s", async (weak) => {
    const iam = await withUser();
    const call = iam.send(new CreateLoginProfileCommand({ UserName, Password: weak }));
    await refused(call, "PasswordPolicyViolationException");
  });

  test("a password that is too long, a second one, and to find one that is not there", async () => {
    const iam = await withUser();
    const create = (text: string) => iam.send(new CreateLoginProfileCommand({ UserName, Password: text }));
    await refused(create("Aa1-".repeat(33)), "ValidationError");
    await refused(
      iam.send(new GetLoginProfileCommand({ UserName })),
      "NoSuchEntityException",
      "Login Profile for User ann cannot be found.",
    );
    await create(Password);
    await refused(
      create(Password),
      "EntityAlreadyExistsException",
      "Login Profile for user ann already exists.",
    );
    await refused(
      iam.send(new DeleteUserCommand({ UserName })),
      "DeleteConflictException",
      "Cannot delete entity, must delete login profile first.",
    );
  });
});

test("a user has a password, which must be changed, or not, until it is taken away", async () => {
  const iam = await withUser();
  const { LoginProfile } = await iam.send(
    new CreateLoginProfileCommand({ UserName, Password, PasswordResetRequired: true }),
  );
  expect(LoginProfile).toMatchObject({ UserName, PasswordResetRequired: true, CreateDate: expect.any(Date) });
  await iam.send(
    new UpdateLoginProfileCommand({ UserName, Password: `${Password}0`, PasswordResetRequired: false }),
  );
  expect((await iam.send(new GetLoginProfileCommand({ UserName }))).LoginProfile).toEqual({
    ...LoginProfile,
    PasswordResetRequired: false,
  });
  await iam.send(new DeleteLoginProfileCommand({ UserName }));
  await iam.send(new DeleteUserCommand({ UserName }));
});
