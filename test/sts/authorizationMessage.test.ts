import { CreateVolumeCommand } from "@aws-sdk/client-ec2";
import { DecodeAuthorizationMessageCommand } from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
import { allowing } from "../iam/client.ts";
import { refused, type Keys } from "../islet.ts";
import { freshPlace, type Place } from "./people.ts";

const decode = (place: Place, keys: Keys, EncodedMessage: string) =>
  place.sts(keys).send(new DecodeAuthorizationMessageCommand({ EncodedMessage }));

test("why a call was refused is told to those who may know it", async () => {
  const place = await freshPlace();
  const bob = await place.user("bob");
  const reader = await place.user("reader", allowing("sts:DecodeAuthorizationMessage"));
  const error: unknown = await place
    .ec2(bob)
    .send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1 }))
    .catch((reason: unknown) => reason);
  const message = /Encoded authorization failure message: (\S+)/.exec((error as Error).message)?.[1] ?? "";
  const { DecodedMessage = "{}" } = await decode(place, reader, message);
  expect(JSON.parse(DecodedMessage)).toMatchObject({
    allowed: false,
    explicitDeny: false,
    context: { principal: { arn: bob.arn }, action: "ec2:CreateVolume" },
  });
  await refused(decode(place, bob, message), "AccessDenied", /sts:DecodeAuthorizationMessage/);
  const invalid = "InvalidAuthorizationMessageException";
  await refused(decode(place, reader, message.slice(1)), invalid);
  await refused(decode(place, reader, "x"), invalid);
  await refused(decode(place, reader, "x".repeat(10_241)), "ValidationError", /at 'encodedMessage'/);
  // Another account's is nobody's business.
  const there = await freshPlace();
  await refused(decode(there, there.keys, message), invalid);
});
