import { DescribeImagesCommand, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { afterAll, expect, test } from "vitest";
import { freshClient, ownIslet } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";

const islet = await ownIslet();
afterAll(() => islet.close());
const ec2 = await freshClient({ islet });
const GOLDEN = "ami-0123456789abcdef0";

test("what is no image is refused, and nothing is kept", async () => {
  const wrong = [{ ImageId: "ami-0aaaaaaaaaaaaaaaa", Name: "refused" }, { ImageId: "vpc-1" }];
  await operationRefused(islet, "POST images", { Images: wrong }, "InvalidRequest", /image 2/);
  await operationRefused(islet, "POST images", {}, "InvalidRequest");
  const { Images } = await ec2.send(
    new DescribeImagesCommand({ Filters: [{ Name: "name", Values: ["refused"] }] }),
  );
  expect(Images).toEqual([]);
});

test("an image with the user's own id is there for every account, and boots", async () => {
  const answer = await operate(islet, "POST images", { Images: [{ ImageId: GOLDEN, Name: "golden" }] });
  expect(answer).toEqual({ ImageIds: [GOLDEN] });
  const { Images } = await ec2.send(new DescribeImagesCommand({ ImageIds: [GOLDEN] }));
  expect(Images).toMatchObject([{ ImageId: GOLDEN, Name: "golden" }]);
  const { Instances } = await ec2.send(
    new RunInstancesCommand({ ImageId: GOLDEN, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1 }),
  );
  expect(Instances).toMatchObject([{ ImageId: GOLDEN }]);
});
