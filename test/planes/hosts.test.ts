import {
  DescribeInstanceStatusCommand,
  EC2Client,
  TerminateInstancesCommand,
  type _InstanceType,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { hardware } from "../ec2/placeOf.ts";
import { launchAll } from "../ec2/launch.ts";
import { configOf, ownIslet } from "../islet.ts";

let data: string;
let islet: Islet;
let ec2: EC2Client;
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), "islet-hosts-"));
  islet = await ownIslet({ memory: false, data, hosts: "2" });
  ec2 = new EC2Client(configOf(islet, { accessKeyId: "123456789012", secretAccessKey: "test" }));
});
afterEach(async () => {
  ec2.destroy();
  await islet.close();
  rmSync(data, { recursive: true });
});

const Placement = { AvailabilityZone: "us-east-1a" };

async function launch(InstanceType: _InstanceType): Promise<string> {
  const [instance] = await launchAll(ec2, { InstanceType, Placement });
  return instance?.InstanceId ?? "";
}

const terminate = (...InstanceIds: string[]) => ec2.send(new TerminateInstancesCommand({ InstanceIds }));

test("all instances find room again after a start, however full the hosts are", async () => {
  // Two hosts of 48 cores: one is to have twice 24, the other three times 16, launched by turns.
  const whole = await launch("m5.24xlarge");
  await launch("m5.8xlarge");
  const others = [await launch("m5.8xlarge"), await launch("m5.8xlarge")] as const;
  await terminate(whole);
  await launch("m5.12xlarge");
  const half = await launch("m5.12xlarge");
  for (const other of others) {
    await terminate(other);
    await launch("m5.8xlarge");
    if (other === others[1]) continue;
    await terminate(half);
    await launch("m5.12xlarge");
  }
  const before = await hardware(islet);
  expect(before).toMatchObject({ hosts: 2, instances: 5 });
  await islet.close();
  islet = await ownIslet({ memory: false, data, hosts: "2" });
  expect(await hardware(islet)).toEqual(before);
});

test("what finds no host after a start is as one whose host failed, and comes back when there is room", async () => {
  const first = await launch("m5.24xlarge");
  const second = await launch("m5.24xlarge");
  await islet.close();
  islet = await ownIslet({ memory: false, data, hosts: "1" });
  ec2.destroy();
  ec2 = new EC2Client(configOf(islet, { accessKeyId: "123456789012", secretAccessKey: "test" }));
  expect(await hardware(islet)).toMatchObject({ hosts: 1, instances: 1 });
  const checks = async (): Promise<Map<string, string | undefined>> => {
    const { InstanceStatuses = [] } = await ec2.send(new DescribeInstanceStatusCommand({}));
    return new Map(
      InstanceStatuses.map(({ InstanceId = "", SystemStatus }) => [InstanceId, SystemStatus?.Status]),
    );
  };
  expect(await checks()).toEqual(
    new Map([
      [first, "ok"],
      [second, "impaired"],
    ]),
  );
  await terminate(first);
  await advanceClock(islet, 3600);
  expect(await hardware(islet)).toMatchObject({ hosts: 1, instances: 1 });
  expect((await checks()).get(second)).toBe("ok");
});
