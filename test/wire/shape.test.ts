import { describe, expect, it } from "vitest";
import type { Service } from "../../server/wire/service.ts";
import { loadService } from "../../server/wire/service.ts";
import type { Shape } from "../../server/wire/shape.ts";
import { doubleMembers, ShapeCompiler } from "../../server/wire/shape.ts";

const ec2 = await loadService("ec2");
const iam = await loadService("iam");
const sts = await loadService("sts");

/** Every member that requests can have, as `Structure.Member`, with its shape. */
function inputMembers(service: Service): Map<string, Shape> {
  const found = new Map<string, Shape>();
  const visit = (shape: Shape): void => {
    if (shape.kind === "list") visit(shape.element);
    if (shape.kind === "map") visit(shape.entries);
    if (shape.kind !== "structure") return;
    for (const member of shape.members.values()) {
      const name = `${shape.name}.${member.name}`;
      if (found.has(name)) continue;
      found.set(name, member.shape);
      visit(member.shape);
    }
  };
  for (const { input } of service.operations.values()) visit(input);
  return found;
}

describe("a service", () => {
  it("has all operations of its SDK client, and is loaded once", async () => {
    expect([ec2.operations.size, sts.operations.size, iam.operations.size]).toEqual([823, 12, 180]);
    expect(await loadService("ec2")).toBe(ec2);
  });

  it("knows the member that makes a call idempotent", () => {
    expect(ec2.operations.get("RunInstances")?.idempotencyToken).toBe("ClientToken");
    expect(ec2.operations.get("DescribeVpcs")?.idempotencyToken).toBeUndefined();
  });

  it.each([ec2, sts, iam])(
    "$id has no operation with an input of a name that all operations share",
    (service) => {
      for (const { input } of service.operations.values()) {
        for (const name of input.parameters.keys()) {
          expect(name).not.toMatch(
            /^(?:Action|Version|X-Amz-.*|AWSAccessKeyId|Signature.*|SecurityToken|Timestamp|Expires)$/,
          );
        }
      }
    },
  );

  it.each([ec2, sts, iam])("$id has no two inputs of one name on the wire", (service) => {
    for (const { input } of service.operations.values())
      expect(input.parameters.size).toBe(input.members.size);
  });
});

describe("a shape", () => {
  it("is a double for each member of the list, which has no other", () => {
    const doubles = [...inputMembers(ec2)].filter(([, { kind }]) => kind === "double").map(([name]) => name);
    expect(new Set(doubles)).toEqual(doubleMembers);
  });

  it("knows its required members", () => {
    const required = ec2.operations.get("RunInstances")?.input.required.map(({ name }) => name);
    expect(required).toEqual(["MaxCount", "MinCount"]);
  });

  it("carries its enumeration into lists", () => {
    const members = inputMembers(ec2);
    expect(members.get("CreateVpcRequest.InstanceTenancy")).toEqual({
      kind: "string",
      values: new Set(["default", "dedicated", "host"]),
    });
    expect(members.get("GetInstanceTypesFromInstanceRequirementsRequest.VirtualizationTypes")).toMatchObject({
      kind: "list",
      element: { kind: "string", values: new Set(["hvm", "paravirtual"]) },
    });
  });

  it("takes any instance type, which handlers know better", () => {
    const members = inputMembers(ec2);
    const anyText = { kind: "string", values: undefined };
    expect(members.get("RunInstancesRequest.InstanceType")).toEqual(anyText);
    expect(members.get("DescribeInstanceTypesRequest.InstanceTypes")).toMatchObject({ element: anyText });
  });
});

function compile(member: unknown): Shape | undefined {
  return new ShapeCompiler("ec2Query", { schemas: "", enumerations: "" })
    .structure([3, "ns", "Name", 0, ["Member"], [member]])
    ?.members.get("Member")?.shape;
}

describe("a schema that is not understood", () => {
  it.each([
    ["trait", [0, { xmlFlattened: 1 }], "Unknown schema trait xmlFlattened"],
    ["flag", [0, 32], "Unknown schema traits 32"],
    ["simple type", 15, "Unknown simple type 15 of Name.Member"],
    ["kind of tuple", [8, "ns", "Other", 0, 0], "Unknown kind of schema 8 of Name.Member"],
    ["schema", "unit", "Unknown schema unit of Name.Member"],
  ])("is refused: %s", (_, member, message) => {
    expect(() => compile(member)).toThrow(new TypeError(message));
  });

  it("is not an operation's input", () => {
    const compiler = new ShapeCompiler("ec2Query", { schemas: "", enumerations: "" });
    expect(() => compiler.structure(0)).toThrow("An operation's input and output are structures");
  });
});
