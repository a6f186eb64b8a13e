import {
  AssociateIamInstanceProfileCommand,
  DescribeIamInstanceProfileAssociationsCommand,
  DescribeInstancesCommand,
  DescribeVpcsCommand,
  DisassociateIamInstanceProfileCommand,
  ReplaceIamInstanceProfileAssociationCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  DeleteInstanceProfileCommand,
  RemoveRoleFromInstanceProfileCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { describe, expect, test } from "vitest";
import { allowing, trustEc2, trusting } from "../iam/client.ts";
import { ownIslet, refused, type Keys } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";
import { freshPlace, type Place } from "../sts/people.ts";
import { launch, launchAll, launchStopped, shownInstance } from "./launch.ts";

/** Makes an instance profile with a role of the same name. */
async function profile(place: Place, name: string, trust = trustEc2, policy = allowing("ec2:DescribeVpcs")) {
  const { InstanceProfile } = await place.iam.send(
    new CreateInstanceProfileCommand({ InstanceProfileName: name }),
  );
  await place.role(name, trust, policy);
  await place.iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: name, RoleName: name }));
  return { Arn: InstanceProfile?.Arn ?? "", Id: InstanceProfile?.InstanceProfileId ?? "" };
}

async function stage() {
  const place = await freshPlace();
  const ec2 = place.ec2(place.keys);
  const app = await profile(place, "app");
  const associate = async (InstanceId: string, IamInstanceProfile: object = { Name: "app" }) => {
    const answer = await ec2.send(new AssociateIamInstanceProfileCommand({ InstanceId, IamInstanceProfile }));
    return answer.IamInstanceProfileAssociation ?? {};
  };
  return { place, ec2, app, associate };
}

const Region = "us-east-1";

/** What the metadata service would answer. */
const credentials = async (place: Place, InstanceId: string) =>
  (await operate(place.islet, "GET instance-credentials", { Region, InstanceId })) as Record<string, string>;

const keysOf = (answer: Readonly<Record<string, string>>): Required<Keys> => ({
  accessKeyId: answer["AccessKeyId"] ?? "",
  secretAccessKey: answer["SecretAccessKey"] ?? "",
  sessionToken: answer["Token"] ?? "",
});

describe("what it refuses to parse", () => {
  test("profiles that are named twice, not at all, or are not there", async () => {
    const { place, ec2, app, associate } = await stage();
    const id = await launch(ec2);
    await refused(
      associate(id, { Name: "app", Arn: app.Arn }),
      "InvalidParameterCombination",
      "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
    );
    await refused(associate(id, {}), "MissingParameter");
    await refused(
      associate(id, { Name: "none" }),
      "InvalidParameterValue",
      "Value (none) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
    );
    const there = await freshPlace();
    const { Arn } = await profile(there, "app");
    await refused(
      launch(ec2, { IamInstanceProfile: { Arn } }),
      "InvalidParameterValue",
      `Value (${Arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN`,
    );
    const { InstanceProfile } = await place.iam.send(
      new CreateInstanceProfileCommand({ InstanceProfileName: "empty" }),
    );
    await refused(
      launch(ec2, { IamInstanceProfile: { Name: "empty" } }),
      "InvalidParameterValue",
      `IAM Instance Profile "${InstanceProfile?.Arn}" has no associated IAM Roles`,
    );
  });

  test("ids that are none", async () => {
    const { ec2 } = await stage();
    await refused(
      ec2.send(new DisassociateIamInstanceProfileCommand({ AssociationId: "i-0123456789abcdef0" })),
      "InvalidParameterValue",
      "Invalid value for associationId.",
    );
    const AssociationId = "iip-assoc-0123456789abcdef0";
    for (const call of [
      ec2.send(new DisassociateIamInstanceProfileCommand({ AssociationId })),
      ec2.send(new DescribeIamInstanceProfileAssociationsCommand({ AssociationIds: [AssociationId] })),
    ]) {
      await refused(
        call,
        "InvalidAssociationID.NotFound",
        `An invalid association-id of '${AssociationId}' was given`,
      );
    }
  });
});

describe("what it refuses to do", () => {
  test("give an instance two profiles, or one that is gone any", async () => {
    const { ec2, associate } = await stage();
    const id = await launch(ec2, { IamInstanceProfile: { Name: "app" } });
    await refused(associate(id), "IncorrectState", `There is an existing association for instance ${id}`);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await refused(
      associate(id),
      "IncorrectInstanceState",
      `The instance '${id}' is not in the 'running' or 'stopped' states.`,
    );
  });

  test("replace the profile of an instance that does not run", async () => {
    const { ec2, associate } = await stage();
    const { AssociationId } = await associate(await launchStopped(ec2));
    await refused(
      ec2.send(
        new ReplaceIamInstanceProfileAssociationCommand({
          AssociationId,
          IamInstanceProfile: { Name: "app" },
        }),
      ),
      "IncorrectState",
      `The association ${AssociationId} is not the active association`,
    );
  });

  test("undo what is being undone", async () => {
    const islet = await ownIslet({ pace: "real" });
    const place = await freshPlace(islet);
    const ec2 = place.ec2(place.keys);
    await profile(place, "app");
    const InstanceId = await launch(ec2, { IamInstanceProfile: { Name: "app" } });
    const Filters = [{ Name: "instance-id", Values: [InstanceId] }];
    const { IamInstanceProfileAssociations } = await ec2.send(
      new DescribeIamInstanceProfileAssociationsCommand({ Filters }),
    );
    const [{ AssociationId, State } = {}] = IamInstanceProfileAssociations ?? [];
    expect(State).toBe("associating");
    const undo = () => ec2.send(new DisassociateIamInstanceProfileCommand({ AssociationId }));
    expect((await undo()).IamInstanceProfileAssociation?.State).toBe("disassociating");
    await refused(undo(), "IncorrectState");
    expect((await shownInstance(ec2, InstanceId)).IamInstanceProfile).toBeUndefined();
    await operationRefused(
      islet,
      "GET instance-credentials",
      { Region, InstanceId },
      "IncorrectInstanceState",
    );
    await islet.close();
  });
});

describe("what it does", () => {
  test("a launch gives instances their profile, by name or by ARN, and shows it", async () => {
    const { ec2, app } = await stage();
    const [one] = await launchAll(ec2, { IamInstanceProfile: { Name: "app" } });
    expect(one?.IamInstanceProfile).toEqual(app);
    const [two] = await launchAll(ec2, { IamInstanceProfile: { Arn: app.Arn } });
    const Filters = [{ Name: "iam-instance-profile.arn", Values: [app.Arn] }];
    await launch(ec2);
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters }));
    const found = Reservations.flatMap(({ Instances = [] }) => Instances);
    expect(found.map(({ InstanceId }) => InstanceId)).toEqual([one?.InstanceId, two?.InstanceId]);
  });

  test("a profile is associated, replaced and disassociated", async () => {
    const { place, ec2, app, associate } = await stage();
    const other = await profile(place, "other");
    const InstanceId = await launch(ec2);
    const first = await associate(InstanceId);
    expect(first).toMatchObject({
      AssociationId: expect.stringMatching(/^iip-assoc-0[0-9a-f]{16}$/),
      InstanceId,
      IamInstanceProfile: app,
      State: "associating",
    });
    const describe = async (input: object = {}) => {
      const answer = await ec2.send(new DescribeIamInstanceProfileAssociationsCommand(input));
      return answer.IamInstanceProfileAssociations;
    };
    expect(await describe()).toMatchObject([{ AssociationId: first.AssociationId, State: "associated" }]);
    const { IamInstanceProfileAssociation: second } = await ec2.send(
      new ReplaceIamInstanceProfileAssociationCommand({
        AssociationId: first.AssociationId,
        IamInstanceProfile: { Arn: other.Arn },
      }),
    );
    expect(second).toMatchObject({ InstanceId, IamInstanceProfile: other, State: "associating" });
    expect(second?.AssociationId).not.toBe(first.AssociationId);
    const Filters = [{ Name: "state", Values: ["associated"] }];
    expect(await describe({ Filters })).toMatchObject([{ AssociationId: second?.AssociationId }]);
    expect((await shownInstance(ec2, InstanceId)).IamInstanceProfile).toEqual(other);
    await ec2.send(new DisassociateIamInstanceProfileCommand({ AssociationId: second?.AssociationId }));
    expect(await describe()).toEqual([]);
    expect((await shownInstance(ec2, InstanceId)).IamInstanceProfile).toBeUndefined();
    // A stopped instance may get one, and loses it when it is terminated.
    await ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
    await associate(InstanceId);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    expect(await describe()).toEqual([]);
    expect((await shownInstance(ec2, InstanceId)).IamInstanceProfile).toBeUndefined();
  });

  test("an instance gets credentials of its role, the same until they are about to end", async () => {
    const islet = await ownIslet();
    await operate(islet, "POST clock", { Frozen: true });
    const place = await freshPlace(islet);
    const ec2 = place.ec2(place.keys);
    const vpc = {
      Condition: { StringLike: { "ec2:SourceInstanceARN": "arn:aws:ec2:us-east-1:*:instance/i-*" } },
    };
    await profile(
      place,
      "app",
      trustEc2,
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Action: "ec2:DescribeVpcs", Resource: "*", ...vpc },
          { Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" },
        ],
      }),
    );
    const id = await launch(ec2, { IamInstanceProfile: { Name: "app" } });
    const first = await credentials(place, id);
    expect(first).toMatchObject({ Code: "Success", Type: "AWS-HMAC" });
    const life = Date.parse(first["Expiration"] ?? "") - Date.parse(first["LastUpdated"] ?? "");
    expect(life).toBe(6 * 3_600_000);
    expect(await place.sts(keysOf(first)).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: place.account,
      Arn: `arn:aws:sts::${place.account}:assumed-role/app/${id}`,
      UserId: expect.stringMatching(new RegExp(`^AROA[A-Z2-7]{17}:${id}$`)),
    });
    await place.ec2(keysOf(first)).send(new DescribeVpcsCommand({}));
    // What an instance assumes is no chain.
    const RoleArn = await place.role("long", trusting({ AWS: place.account }), undefined, {
      MaxSessionDuration: 7200,
    });
    const sts = place.sts(keysOf(first));
    await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "xx", DurationSeconds: 7200 }));
    expect(await credentials(place, id)).toEqual(first);
    await operate(islet, "POST clock", { Advance: 6 * 3600 - 60 });
    const second = await credentials(place, id);
    expect(second["AccessKeyId"]).not.toBe(first["AccessKeyId"]);
    await place.ec2(keysOf(first)).send(new DescribeVpcsCommand({}));
    await islet.close();
  });

  test("an instance without a profile has none; one whose role does not trust EC2 is told so", async () => {
    const { place, ec2, associate } = await stage();
    const InstanceId = await launch(ec2);
    await operationRefused(place.islet, "GET instance-credentials", { Region, InstanceId }, "NoSuchEntity");
    const strange = { Region, InstanceId: "i-0123456789abcdef0" };
    await operationRefused(place.islet, "GET instance-credentials", strange, "InvalidInstanceID.NotFound");
    await profile(place, "users", trusting({ AWS: place.account }));
    await associate(InstanceId, { Name: "users" });
    expect(await credentials(place, InstanceId)).toMatchObject({
      Code: "AssumeRoleUnauthorizedAccess",
      Message: expect.stringMatching(/^EC2 cannot assume the role users\./),
    });
    const which = { InstanceProfileName: "users" };
    await place.iam.send(new RemoveRoleFromInstanceProfileCommand({ ...which, RoleName: "users" }));
    await place.iam.send(new DeleteInstanceProfileCommand(which));
    expect(await credentials(place, InstanceId)).toMatchObject({ Code: "InstanceProfileNotFound" });
    expect((await shownInstance(ec2, InstanceId)).IamInstanceProfile?.Arn).toMatch(
      /instance-profile\/users$/,
    );
  });
});
