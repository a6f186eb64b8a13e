import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters, type Filters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { takePage } from "../kit/pages.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { defaultCreditMode, type CreditMode } from "./catalogue/credits.ts";
import type { InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import { instances, type Instance } from "./instance.ts";

/** What an account wants of its new burstable instances of a family; its id is `ACCOUNT/FAMILY`. */
interface CreditDefault extends Row {
  readonly account: string;
  readonly mode: CreditMode;
}

const defaults: TableDefinition<CreditDefault> = { name: "credit-default" };

function readMode(text: string | undefined): CreditMode {
  if (text === undefined) throw new ApiError("MissingParameter", "cpuCredits");
  if (text === "standard" || text === "unlimited") return text;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${text}) for parameter cpuCredits is invalid. Valid values: standard, unlimited`,
  );
}

const modeOf = (ctx: Context, family: string): CreditMode | undefined =>
  ctx.unit.table(defaults).get(`${ctx.account}/${family}`)?.mode ?? defaultCreditMode(family);

/**
 * How a new instance of a type pays for CPU beyond its baseline; undefined for a type that has no baseline.
 *
 * @throws {ApiError} InstanceCreditSpecification.NotSupported
 */
export function readCreditMode(
  ctx: Context,
  { name, family }: InstanceTypeFacts,
  asked?: Sdk.CreditSpecificationRequest,
): CreditMode | undefined {
  const mode = modeOf(ctx, family);
  if (!asked) return mode;
  const wanted = readMode(asked.CpuCredits);
  if (mode === undefined) throw new ApiError("InstanceCreditSpecification.NotSupported", name);
  return wanted;
}

function modify(ctx: Context, id: string, mode: CreditMode): void {
  const instance = instances.get(ctx, id);
  if (instance.creditMode === undefined) {
    throw new ApiError("InstanceCreditSpecification.NotSupported", instance.instanceType);
  }
  if (instance.state !== "running" && instance.state !== "stopped") {
    throw new ApiError(
      "IncorrectInstanceState",
      `The instance '${id}' is not in a state from which its credit specification can be modified.`,
    );
  }
  // One that is on a host goes on with the account it has there; surplus falls due when it becomes standard.
  const cpu = ctx.world.hosts.cpu(ctx.unit.name, id, mode);
  const workload = cpu && { load: cpu.load, credits: cpu.credits };
  instances.update(ctx, id, { creditMode: mode, ...(workload && { workload }) });
}

const view = ({ id, creditMode }: Instance): Sdk.InstanceCreditSpecification => ({
  InstanceId: id,
  CpuCredits: creditMode,
});

const filters = {
  "instance-id": (specification) => specification.InstanceId,
} satisfies Filters<Sdk.InstanceCreditSpecification>;

function describe(
  { InstanceIds, Filters, ...page }: Sdk.DescribeInstanceCreditSpecificationsRequest,
  ctx: Context,
): Sdk.DescribeInstanceCreditSpecificationsResult {
  if (InstanceIds?.length && page.MaxResults !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter instancesSet cannot be used with the parameter maxResults",
    );
  }
  const named = InstanceIds?.length ? instances.getAll(ctx, InstanceIds) : undefined;
  const unfit = named?.find(({ creditMode }) => creditMode === undefined);
  if (unfit) throw new ApiError("InstanceCreditSpecification.NotSupported", unfit.instanceType);
  // "If you do not specify an instance ID, Amazon EC2 returns burstable performance instances with the unlimited
  // credit option, as well as instances that were previously T2, T3, and T3a instances with it."
  const rows = named ?? instances.own(ctx).filter(({ creditMode }) => creditMode === "unlimited");
  const keep = compileFilters(filters, Filters, false);
  const { items, ...next } = takePage(ctx, rows, page, (row) => {
    const specification = view(row);
    return !keep || keep(specification, row) ? specification : undefined;
  });
  return { InstanceCreditSpecifications: items, ...next };
}

export const operations = {
  DescribeInstanceCreditSpecifications: Object.assign(describe, { filters: Object.keys(filters) }),

  GetDefaultCreditSpecification: ({ InstanceFamily }, ctx) => ({
    InstanceFamilyCreditSpecification: { InstanceFamily, CpuCredits: modeOf(ctx, InstanceFamily) },
  }),

  ModifyDefaultCreditSpecification: ({ InstanceFamily, CpuCredits }, ctx) => {
    const mode = readMode(CpuCredits);
    const table = ctx.unit.table(defaults);
    const id = `${ctx.account}/${InstanceFamily}`;
    const known = table.get(id);
    if (known) table.replace({ ...known, mode });
    else table.insert({ id, seq: ctx.unit.nextSeq(), account: ctx.account, mode });
    return { InstanceFamilyCreditSpecification: { InstanceFamily, CpuCredits: mode } };
  },

  /** The one operation that does what it can, and says of each instance whether it could. */
  ModifyInstanceCreditSpecification: ({ InstanceCreditSpecifications }, ctx) => {
    const asked = InstanceCreditSpecifications.map(({ InstanceId = "", CpuCredits }) => ({
      InstanceId,
      mode: readMode(CpuCredits),
    }));
    const done: Sdk.SuccessfulInstanceCreditSpecificationItem[] = [];
    const failed: Sdk.UnsuccessfulInstanceCreditSpecificationItem[] = [];
    for (const { InstanceId, mode } of asked) {
      try {
        modify(ctx, InstanceId, mode);
        done.push({ InstanceId });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const Code = error.code as Sdk.UnsuccessfulInstanceCreditSpecificationErrorCode;
        failed.push({ InstanceId, Error: { Code, Message: error.message } });
      }
    }
    return {
      SuccessfulInstanceCreditSpecifications: done,
      UnsuccessfulInstanceCreditSpecifications: failed,
    };
  },
} satisfies Handlers;
