import { DescribeSubnetsCommand, DescribeVpcsCommand, DescribeVolumesCommand } from "@aws-sdk/client-ec2";
import { ListUsersCommand, PutUserPolicyCommand, TagUserCommand } from "@aws-sdk/client-iam";
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  type GetFederationTokenCommandInput,
} from "@aws-sdk/client-sts";
import { describe, expect, test } from "vitest";
import { allowing } from "../iam/client.ts";
import { refused, type Keys } from "../islet.ts";
import { freshPlace, keysFrom, type Place } from "./people.ts";

const federate = (place: Place, keys: Keys, more: Partial<GetFederationTokenCommandInput> = {}) =>
  place.sts(keys).send(new GetFederationTokenCommand({ Name: "guest", ...more }));

const MAY = ["sts:GetFederationToken", "ec2:DescribeVpcs", "ec2:DescribeSubnets"];
const look = (place: Place, keys: Keys) => place.ec2(keys).send(new DescribeVpcsCommand({}));

describe("what it refuses to parse", () => {
  test.each<[string, Partial<GetFederationTokenCommandInput>, RegExp]>([
    ["a long name", { Name: "a".repeat(33) }, /at 'name'/],
    ["a name with blanks", { Name: "a b" }, /at 'name'/],
    ["a long session", { DurationSeconds: 129_601 }, /at 'durationSeconds'/],
  ])("%s", async (_, input, message) => {
    const place = await freshPlace();
    await refused(federate(place, place.keys, input), "ValidationError", message);
  });
});

describe("what it refuses to do", () => {
  test("federate in a session, or for who may not", async () => {
    const place = await freshPlace();
    const bob = await place.user("bob");
    await refused(federate(place, bob), "AccessDenied", /sts:GetFederationToken/);
    const { Credentials } = await federate(place, place.keys, { Policy: allowing("*") });
    const guest = keysFrom(Credentials);
    await refused(
      federate(place, guest),
      "AccessDenied",
      "Cannot call GetFederationToken with session credentials",
    );
    await refused(place.as(guest).send(new ListUsersCommand({})), "InvalidClientTokenId");
    const RoleArn = `arn:aws:iam::${place.account}:role/any`;
    await refused(
      place.sts(guest).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "xx" })),
      "AccessDenied",
      "Cannot call AssumeRole with federated user credentials",
    );
  });
});

describe("what it does", () => {
  test("a federated user has what both its maker and its session may", async () => {
    const place = await freshPlace();
    const ann = await place.user("ann", allowing(MAY));
    const answer = await federate(place, ann, {
      Policy: allowing(["ec2:DescribeVpcs", "ec2:DescribeVolumes"]),
    });
    expect(answer.FederatedUser).toEqual({
      Arn: `arn:aws:sts::${place.account}:federated-user/guest`,
      FederatedUserId: `${place.account}:guest`,
    });
    expect(answer.PackedPolicySize).toBeGreaterThan(0);
    const guest = keysFrom(answer.Credentials);
    expect(await place.sts(guest).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: place.account,
      Arn: answer.FederatedUser?.Arn,
      UserId: answer.FederatedUser?.FederatedUserId,
    });
    await look(place, guest);
    await refused(
      place.ec2(guest).send(new DescribeSubnetsCommand({})),
      "UnauthorizedOperation",
      /session policy/,
    );
    await refused(place.ec2(guest).send(new DescribeVolumesCommand({})), "UnauthorizedOperation");
    // What the user loses, its guests lose.
    const nothing = { UserName: "ann", PolicyName: "own", PolicyDocument: allowing("s3:*") };
    await place.iam.send(new PutUserPolicyCommand(nothing));
    await refused(look(place, guest), "UnauthorizedOperation");
  });

  test("one without session policies may do nothing, whoever made it", async () => {
    const place = await freshPlace();
    const { Credentials, PackedPolicySize } = await federate(place, place.keys);
    expect(PackedPolicySize).toBe(1);
    await refused(look(place, keysFrom(Credentials)), "UnauthorizedOperation");
    const PolicyArns = [{ arn: "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess" }];
    const reader = await federate(place, place.keys, { PolicyArns });
    await look(place, keysFrom(reader.Credentials));
  });

  test("its tags are its maker's and its own", async () => {
    const place = await freshPlace();
    const ann = await place.user("ann", allowing([...MAY, "sts:TagSession"]));
    await place.iam.send(
      new TagUserCommand({
        UserName: "ann",
        Tags: [
          { Key: "team", Value: "red" },
          { Key: "unit", Value: "7" },
        ],
      }),
    );
    const Policy = allowing("ec2:DescribeVpcs", {
      Condition: { StringEquals: { "aws:PrincipalTag/team": "blue", "aws:PrincipalTag/unit": "7" } },
    });
    const guest = async (more: object) =>
      keysFrom((await federate(place, ann, { Policy, ...more })).Credentials);
    await refused(look(place, await guest({})), "UnauthorizedOperation");
    const Tags = [{ Key: "Team", Value: "blue" }];
    await look(place, await guest({ Tags }));
    const policy = { UserName: "ann", PolicyName: "own", PolicyDocument: allowing(MAY) };
    await place.iam.send(new PutUserPolicyCommand(policy));
    await refused(guest({ Tags }), "AccessDenied", /sts:TagSession/);
  });
});
