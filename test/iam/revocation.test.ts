import { DescribeVpcsCommand } from "@aws-sdk/client-ec2";
import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  DetachGroupPolicyCommand,
  DetachUserPolicyCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  RemoveUserFromGroupCommand,
  SetDefaultPolicyVersionCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetSessionTokenCommand } from "@aws-sdk/client-sts";
import aws4 from "aws4";
import { describe, expect, test } from "vitest";
import { sharedIslet, type Keys } from "../islet.ts";
import { send } from "../http/send.ts";
import { freshPlace, keysFrom, type Place } from "../sts/people.ts";
import { allowing, trusting } from "./client.ts";

const look = allowing("ec2:Describe*");
const nothing = allowing("s3:GetObject");
const UserName = "ann";

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "ok",
    (error: unknown) => (error as Error).name,
  );

const looks = (place: Place, keys: Keys): Promise<string> =>
  codeOf(place.ec2(keys).send(new DescribeVpcsCommand({})));

async function managed({ iam }: Place, PolicyName: string, PolicyDocument: string): Promise<string> {
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument }));
  return Policy?.Arn ?? "";
}

/** How a right is given, and how it is taken away. */
interface Right {
  readonly give: () => Promise<unknown>;
  readonly take: () => Promise<unknown>;
}

const rights: Readonly<Record<string, (place: Place) => Promise<Right>>> = {
  "an inline policy is deleted": async ({ iam }) => ({
    give: () => iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "a", PolicyDocument: look })),
    take: () => iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName: "a" })),
  }),
  "an inline policy is another": async ({ iam }) => ({
    give: () => iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "a", PolicyDocument: look })),
    take: () => iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "a", PolicyDocument: nothing })),
  }),
  "a managed policy is detached": async (place) => {
    const PolicyArn = await managed(place, "look", look);
    return {
      give: () => place.iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn })),
      take: () => place.iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn })),
    };
  },
  "a managed policy has another default version": async (place) => {
    const PolicyArn = await managed(place, "look", nothing);
    await place.iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
    await place.iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: look }));
    const be = (VersionId: string) =>
      place.iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId }));
    return { give: () => be("v2"), take: () => be("v1") };
  },
  "a group is left": async ({ iam }) => {
    const GroupName = "lookers";
    await iam.send(new CreateGroupCommand({ GroupName }));
    const PolicyArn = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess";
    await iam.send(new AttachGroupPolicyCommand({ GroupName, PolicyArn }));
    return {
      give: () => iam.send(new AddUserToGroupCommand({ GroupName, UserName })),
      take: () => iam.send(new RemoveUserFromGroupCommand({ GroupName, UserName })),
    };
  },
  "a group's policy is detached": async ({ iam }) => {
    const GroupName = "lookers";
    await iam.send(new CreateGroupCommand({ GroupName }));
    await iam.send(new AddUserToGroupCommand({ GroupName, UserName }));
    const PolicyArn = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess";
    return {
      give: () => iam.send(new AttachGroupPolicyCommand({ GroupName, PolicyArn })),
      take: () => iam.send(new DetachGroupPolicyCommand({ GroupName, PolicyArn })),
    };
  },
  "a boundary is put": async (place) => {
    const PermissionsBoundary = await managed(place, "bound", nothing);
    return {
      give: () =>
        place.iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "a", PolicyDocument: look })),
      take: () => place.iam.send(new PutUserPermissionsBoundaryCommand({ UserName, PermissionsBoundary })),
    };
  },
};

describe("the next call after a right was given has it, and after it was taken has not", () => {
  test.each(Object.entries(rights))("%s", async (_, rightIn) => {
    const place = await freshPlace();
    const keys = await place.user(UserName);
    const { Credentials } = await place.sts(keys).send(new GetSessionTokenCommand({}));
    const session = keysFrom(Credentials);
    const { give, take } = await rightIn(place);
    const both = () => Promise.all([looks(place, keys), looks(place, session)]);
    expect(await both()).toEqual(["UnauthorizedOperation", "UnauthorizedOperation"]);
    await give();
    expect(await both()).toEqual(["ok", "ok"]);
    await take();
    expect(await both()).toEqual(["UnauthorizedOperation", "UnauthorizedOperation"]);
  });

  test("of a role, to all of its sessions", async () => {
    const place = await freshPlace();
    const ann = await place.user(UserName);
    const RoleArn = await place.role("app", trusting({ AWS: ann.arn }), look);
    const { Credentials } = await place
      .sts(ann)
      .send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "one" }));
    const session = keysFrom(Credentials);
    expect(await looks(place, session)).toBe("ok");
    await place.iam.send(
      new PutRolePolicyCommand({ RoleName: "app", PolicyName: "own", PolicyDocument: nothing }),
    );
    expect(await looks(place, session)).toBe("UnauthorizedOperation");
  });
});

describe("nothing gets in", () => {
  /** A call that is signed once, and sent again and again. */
  const recorded = async (keys: Keys) => {
    const islet = await sharedIslet();
    const body = "Action=DescribeVpcs&Version=2016-11-15";
    const { headers = {} } = aws4.sign(
      {
        host: new URL(islet.endpoint).host,
        method: "POST",
        path: "/",
        service: "ec2",
        region: "us-east-1",
        headers: { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" },
        body,
      },
      keys,
    );
    return async () => {
      const sent = { keys: null, body, headers: headers as Record<string, string> };
      const { status, text } = await send(islet, sent);
      return `${status} ${/<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? ""}`;
    };
  };

  test("by a recorded call of a key that is inactive or gone, or of a user who is", async () => {
    const place = await freshPlace();
    const keys = await place.user(UserName, look);
    const { accessKeyId: AccessKeyId } = keys;
    const { Credentials } = await place.sts(keys).send(new GetSessionTokenCommand({}));
    const replay = await recorded(keys);
    const replaySession = await recorded(keysFrom(Credentials));
    expect(await replay()).toBe("200 ");
    await place.iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: "Inactive" }));
    expect(await replay()).toBe("401 AuthFailure");
    await place.iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: "Active" }));
    expect(await replay()).toBe("200 ");
    await place.iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
    expect(await replay()).toBe("401 AuthFailure");
    expect(await replaySession()).toBe("200 ");
    await place.iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName: "own" }));
    expect(await replaySession()).toBe("403 UnauthorizedOperation");
    await place.iam.send(new DeleteUserCommand({ UserName }));
    expect(await replaySession()).toBe("401 AuthFailure");
  });

  test("by a key of one account with the token of another, nor by a token that is changed anywhere", async () => {
    const [one, two] = [await freshPlace(), await freshPlace()];
    const [ann, bob] = [await one.user(UserName, look), await two.user(UserName, look)];
    const sessionOf = async (place: Place, keys: Keys) =>
      keysFrom((await place.sts(keys).send(new GetSessionTokenCommand({}))).Credentials);
    const [a, b] = [await sessionOf(one, ann), await sessionOf(two, bob)];
    const { accessKeyId, secretAccessKey, sessionToken } = a;
    expect(await looks(one, a)).toBe("ok");
    const forged: Keys[] = [
      { ...ann, sessionToken: b.sessionToken },
      { ...a, sessionToken: b.sessionToken },
      { ...b, sessionToken },
      { ...a, accessKeyId: ann.accessKeyId, secretAccessKey: ann.secretAccessKey },
    ];
    for (const at of [0, 7, sessionToken.length >> 1, sessionToken.length - 1]) {
      const other = sessionToken[at] === "A" ? "B" : "A";
      const changed = sessionToken.slice(0, at) + other + sessionToken.slice(at + 1);
      forged.push({ accessKeyId, secretAccessKey, sessionToken: changed });
      forged.push({ accessKeyId, secretAccessKey, sessionToken: sessionToken.slice(0, at) });
    }
    for (const keys of forged) expect(await looks(one, keys)).toBe("AuthFailure");
  });

  test("by the name of a user who is gone: who comes after is another", async () => {
    const place = await freshPlace();
    const ann = await place.user(UserName);
    await place.role("app", trusting({ AWS: ann.arn }), look);
    await place.iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: ann.accessKeyId }));
    await place.iam.send(new DeleteUserCommand({ UserName }));
    const again = await place.user(UserName);
    const assume = new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${place.account}:role/app`,
      RoleSessionName: "one",
    });
    expect(await codeOf(place.sts(again).send(assume))).toBe("AccessDenied");
    expect(await looks(place, ann)).toBe("AuthFailure");
    const { AccessKey } = await place.iam.send(new CreateAccessKeyCommand({ UserName }));
    expect(AccessKey?.AccessKeyId).not.toBe(ann.accessKeyId);
  });
});
