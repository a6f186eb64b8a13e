import {
  DescribeInstancesCommand,
  RunInstancesCommand,
  StopInstancesCommand,
  type EC2Client,
  type Instance,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import type { CatalogueImage } from "../../server/ec2/catalogue/image.ts";
import { imagesOf } from "../../server/ec2/catalogue/images.ts";

/** The first public image of us-east-1 that is like this. */
export function imageLike(fits: (image: CatalogueImage) => boolean): CatalogueImage {
  const image = imagesOf("us-east-1").find(fits);
  if (!image) throw new TypeError("no such image");
  return image;
}

export const linux = imageLike(
  ({ name, architecture }) => name.startsWith("al2023-ami-2023") && architecture === "x86_64",
);
export const linuxOnArm = imageLike(
  ({ name, architecture }) => name.startsWith("al2023-ami-2023") && architecture === "arm64",
);
export const windows = imageLike(({ platform }) => platform === "windows");

/** Launches instances, t3.micro with Linux unless asked otherwise; the answer's. */
export async function launchAll(
  ec2: EC2Client,
  asked: Partial<RunInstancesCommandInput> = {},
): Promise<Instance[]> {
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({
      ImageId: linux.id,
      InstanceType: "t3.micro",
      MinCount: 1,
      MaxCount: 1,
      ...asked,
    }),
  );
  return Instances;
}

/** As `launchAll`, the id of the first. */
export async function launch(ec2: EC2Client, asked?: Partial<RunInstancesCommandInput>): Promise<string> {
  const [instance] = await launchAll(ec2, asked);
  return instance?.InstanceId ?? "";
}

/** An instance as DescribeInstances shows it. */
export async function shownInstance(ec2: EC2Client, id: string): Promise<Instance> {
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return Reservations?.[0]?.Instances?.[0] ?? {};
}

/** A launched instance that has been stopped since. */
export async function launchStopped(
  ec2: EC2Client,
  asked?: Partial<RunInstancesCommandInput>,
): Promise<string> {
  const id = await launch(ec2, asked);
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  return id;
}
