import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isThere, startIslet, type RunningIslet } from "./islet.ts";

describe.skipIf(!isThere("aws"))("the AWS CLI", () => {
  let islet: RunningIslet;
  beforeAll(async () => {
    islet = await startIslet();
  });
  afterAll(() => islet.stop());

  const ec2 = (...args: string[]): string => islet.exec(["aws", "ec2", ...args, "--output", "text"]).trim();

  test("a VPC, a subnet, a group, a key, and an instance through its whole life", () => {
    expect(
      islet.exec(["aws", "sts", "get-caller-identity", "--query", "Account", "--output", "text"]).trim(),
    ).toBe("000000000000");
    const vpc = ec2("create-vpc", "--cidr-block", "10.7.0.0/16", "--query", "Vpc.VpcId");
    ec2("wait", "vpc-available", "--vpc-ids", vpc);
    const subnet = ec2(
      "create-subnet",
      "--vpc-id",
      vpc,
      "--cidr-block",
      "10.7.1.0/24",
      "--query",
      "Subnet.SubnetId",
    );
    const group = ec2(
      ...["create-security-group", "--group-name", "web", "--description", "web", "--vpc-id", vpc],
      ...["--query", "GroupId"],
    );
    ec2(
      ...["authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "443"],
      ...["--cidr", "0.0.0.0/0"],
    );
    const material = ec2("create-key-pair", "--key-name", "first", "--query", "KeyMaterial");
    expect(material).toContain("BEGIN RSA PRIVATE KEY");
    const image = ec2(
      ...["describe-images", "--owners", "amazon", "--filters", "Name=name,Values=al2023-ami-2023.*-x86_64"],
      ...["--query", "sort_by(Images,&CreationDate)[-1].ImageId"],
    );
    const instance = ec2(
      ...["run-instances", "--image-id", image, "--instance-type", "t3.micro", "--key-name", "first"],
      ...["--subnet-id", subnet, "--security-group-ids", group],
      ...["--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=first}]"],
      ...["--query", "Instances[0].InstanceId"],
    );
    const state = (): string =>
      ec2(
        "describe-instances",
        "--instance-ids",
        instance,
        "--query",
        "Reservations[].Instances[].State.Name",
      );
    ec2("wait", "instance-running", "--instance-ids", instance);
    ec2("wait", "instance-status-ok", "--instance-ids", instance);
    expect(state()).toBe("running");
    ec2("stop-instances", "--instance-ids", instance);
    ec2("wait", "instance-stopped", "--instance-ids", instance);
    ec2("start-instances", "--instance-ids", instance);
    ec2("wait", "instance-running", "--instance-ids", instance);
    ec2("terminate-instances", "--instance-ids", instance);
    ec2("wait", "instance-terminated", "--instance-ids", instance);
    expect(state()).toBe("terminated");
    ec2("delete-key-pair", "--key-name", "first");
    ec2("delete-security-group", "--group-id", group);
    ec2("delete-subnet", "--subnet-id", subnet);
    ec2("delete-vpc", "--vpc-id", vpc);
    expect(ec2("describe-vpcs", "--filters", "Name=is-default,Values=false", "--query", "Vpcs[].VpcId")).toBe(
      "",
    );
  });

  test("with a profile for each who calls, may what their policies say", () => {
    const said = islet.exec(["sh", "examples/policies/profiles.sh"]);
    expect(said.match(/^ {2}yes: .*/gm)).toHaveLength(5);
    expect(
      said.match(/^ {2}no: {2}.*\n +An error occurred \((?:UnauthorizedOperation|AccessDenied)\)/gm),
    ).toHaveLength(6);
    expect(said).toMatch(/what was asked for:\n +m5\.large\n/);
  });

  test("says what EC2 says when it refuses", () => {
    expect(() => ec2("delete-vpc", "--vpc-id", "vpc-0123456789abcdef0")).toThrow(/InvalidVpcID\.NotFound/);
    expect(() => ec2("describe-vpcs", "--dry-run")).toThrow(/DryRunOperation/);
  });
});

describe.skipIf(!isThere("terraform")).each(["terraform", "terraform-network"])(
  "Terraform on examples/%s",
  (example) => {
    let islet: RunningIslet;
    const folder = mkdtempSync(join(tmpdir(), "islet-terraform-"));
    beforeAll(async () => {
      islet = await startIslet();
      writeFileSync(join(folder, "main.tf"), readFileSync(`examples/${example}/main.tf`));
    });
    afterAll(async () => {
      await islet.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    /** Where providers are found without the registry: ISLET_TF_MIRROR names a folder of a file system mirror. */
    const mirror = process.env["ISLET_TF_MIRROR"];
    const configuration = join(folder, "terraform.rc");
    writeFileSync(
      configuration,
      mirror === undefined
        ? ""
        : `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`,
    );
    const terraform = (...args: string[]): string =>
      islet.exec(["terraform", ...args, "-no-color"], {
        cwd: folder,
        env: { TF_CLI_CONFIG_FILE: configuration },
      });

    test("applies, plans nothing more, and destroys", ({ skip }) => {
      try {
        terraform("init", "-input=false");
      } catch (error) {
        skip(
          `terraform cannot get its AWS provider here (set ISLET_TF_MIRROR): ${String(error).slice(0, 200)}`,
        );
      }
      terraform("apply", "-auto-approve", "-input=false");
      // With this flag the exit code is 2 if anything would change, and that throws.
      terraform("plan", "-detailed-exitcode", "-input=false");
      terraform("destroy", "-auto-approve", "-input=false");
      expect(terraform("state", "list")).toBe("");
    });
  },
);
