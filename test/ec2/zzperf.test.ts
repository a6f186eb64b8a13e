import * as Sdk from "@aws-sdk/client-ec2";
import { request } from "node:https";
import aws4 from "aws4";
import { test } from "vitest";
import { ec2Handlers } from "../../server/ec2/registry.ts";
import { instances } from "../../server/ec2/instance.ts";
import { ownIslet, configOf, freshKeys } from "../islet.ts";
import { launchAll } from "./launch.ts";
test("perf", async () => {
  const islet = await ownIslet();
  const keys = freshKeys(islet);
  const ec2 = new Sdk.EC2Client(configOf(islet, keys));
  await launchAll(ec2, { MinCount: 1000, MaxCount: 1000, InstanceType: "t3.nano" });
  const handler = ec2Handlers.get("DescribeInstances") as unknown as (i: object, c: object) => object;
  const real = handler;
  let views = 0; let n = 0; let last: unknown;
  const original = (instances as unknown as { show: Function }).show.bind(instances);
  (instances as unknown as { show: Function }).show = (c: unknown, r: unknown) => { const t = performance.now(); const v = original(c, r); views += performance.now() - t; n++; return v; };
  const body = "Action=DescribeInstances&Version=2016-11-15";
  const call = () => new Promise<number>((resolve) => {
    const { headers } = aws4.sign({ host: new URL(islet.endpoint).host, method: "POST", path: "/", service: "ec2", region: "us-east-1", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body }, keys);
    const t = performance.now();
    request({ port: islet.port, ca: islet.ca, method: "POST", path: "/", headers: headers as Record<string, string> }, (a) => { let b = 0; a.on("data", (d: Buffer) => (b += d.length)); a.on("end", () => { last = b; resolve(performance.now() - t); }); }).end(body);
  });
  for (let i = 0; i < 12; i++) { views = 0; const t = await call(); console.log("total", t.toFixed(0), "views", views.toFixed(0), n, last); }
  void real;
  await islet.close();
}, 200000);
