import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { instances, isLive, type Instance } from "./instance.ts";

export interface MacModificationTask extends ResourceRow {
  readonly instanceId: string;
  readonly type: Sdk.MacModificationTaskType;
  readonly state: Sdk.MacModificationTaskState;
  /** Of System Integrity Protection, where it is changed. */
  readonly protection: Sdk.MacSystemIntegrityProtectionConfiguration | undefined;
}

/** What is changed of the operating system of an EC2 Mac instance, from outside. */
export const macModificationTasks = defineResource({
  type: "mac-modification-task",
  idPrefix: "macmodification",
  notFound: "InvalidMacModificationTaskId.NotFound",
  malformed: "InvalidMacModificationTaskId.Malformed",
  ids: "MacModificationTaskIds",
  view: (task: MacModificationTask, { tags }): Sdk.MacModificationTask => ({
    MacModificationTaskId: task.id,
    InstanceId: task.instanceId,
    TaskType: task.type,
    TaskState: task.state,
    StartTime: new Date(task.created),
    MacSystemIntegrityProtectionConfig: task.protection,
    Tags: tags,
  }),
  filters: {
    "instance-id": (task) => task.InstanceId,
    "mac-system-integrity-protection-configuration.sip-status": (task) =>
      task.MacSystemIntegrityProtectionConfig?.Status,
    "start-time": (task) => task.StartTime,
    "task-state": (task) => task.TaskState,
    "task-type": (task) => task.TaskType,
  },
  indexes: { instance: ({ instanceId }) => instanceId },
  parents: { instance: "instance" },
  partOf: () => true,
  pages: [5, 500],
  transitions: {
    begin: (ctx, { id }) => {
      macModificationTasks.update(ctx, id, { state: "in-progress" });
      macModificationTasks.soon(ctx, id, "end", TASK_SECONDS);
    },
    end: (ctx, task) => finish(ctx, task),
  },
});

const BEGIN_SECONDS = 60;
const TASK_SECONDS = 20 * 60;

/** Another configuration of the protection holds from the next boot on, which is part of the task. */
function finish(ctx: Context, { id, instanceId, type }: MacModificationTask): void {
  const instance = instances.find(ctx, instanceId);
  const isDone = instance !== undefined && isLive(instance);
  if (isDone && type === "sip-modification") {
    instances.update(ctx, instanceId, { reboots: instance.reboots + 1 });
  }
  macModificationTasks.update(ctx, id, { state: isDone ? "successful" : "failed" });
}

const hasAppleSilicon = ({ instanceType }: Instance): boolean =>
  instanceType.startsWith("mac") && !instanceType.startsWith("mac1.");

/** @throws {ApiError} InvalidInstanceID.*, UnsupportedOperation, IncorrectInstanceState, IncorrectState */
function modifiable(ctx: Context, id: string, fits: (instance: Instance) => boolean): Instance {
  const instance = instances.get(ctx, id);
  if (!fits(instance)) {
    throw new ApiError(
      "UnsupportedOperation",
      `The operation is not supported for the instance type ${instance.instanceType}.`,
    );
  }
  if (instance.state !== "running") {
    throw new ApiError("IncorrectInstanceState", `The instance '${id}' is not in the 'running' state.`);
  }
  const isBusy = macModificationTasks
    .by(ctx, "instance", id)
    .some(({ state }) => state === "pending" || state === "in-progress");
  if (isBusy) throw new ApiError("IncorrectState", `The instance '${id}' is being modified already.`);
  return instance;
}

/**
 * Makes sure that the credentials are some: JSON with the names and passwords of both administrators.
 *
 * @throws {ApiError} InvalidParameterValue, which does not repeat them
 */
function checkCredentials(text: string): void {
  const refusal = new ApiError(
    "InvalidParameterValue",
    "The value of the parameter macCredentials is invalid. It must be a JSON object with internalDiskPassword, rootVolumeUsername and rootVolumepassword.",
  );
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    throw refusal;
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) throw refusal;
  const lower = new Map(
    Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value as unknown] as const),
  );
  for (const [name, value] of lower) {
    if (!CREDENTIALS.has(name) || typeof value !== "string") throw refusal;
  }
  if (!lower.get("rootvolumeusername") || !lower.has("rootvolumepassword")) throw refusal;
}

const CREDENTIALS: ReadonlySet<string> = new Set([
  "internaldiskpassword",
  "rootvolumeusername",
  "rootvolumepassword",
]);

const SETTINGS = [
  "AppleInternal",
  "BaseSystem",
  "DebuggingRestrictions",
  "DTraceRestrictions",
  "FilesystemProtections",
  "KextSigning",
  "NvramProtections",
] as const;

/** All settings: as the overall status says, but for those that the call names. */
const protectionOf = (
  status: Sdk.MacSystemIntegrityProtectionSettingStatus,
  asked: Sdk.MacSystemIntegrityProtectionConfigurationRequest = {},
): Sdk.MacSystemIntegrityProtectionConfiguration => ({
  ...Object.fromEntries(SETTINGS.map((name) => [name, asked[name] ?? status])),
  Status: status,
});

function create(
  ctx: Context,
  fields: Pick<MacModificationTask, "instanceId" | "type" | "protection">,
  tags: readonly Sdk.TagSpecification[] | undefined,
): { MacModificationTask: Sdk.MacModificationTask } {
  const task = macModificationTasks.create(ctx, { ...fields, state: "pending" }, tags);
  macModificationTasks.soon(ctx, task.id, "begin", BEGIN_SECONDS);
  return { MacModificationTask: macModificationTasks.show(ctx, task) };
}

const noGuest = "no macOS runs here that could try the credentials, or be changed";

export const partly = {
  CreateDelegateMacVolumeOwnershipTask: noGuest,
  CreateMacSystemIntegrityProtectionModificationTask: noGuest,
};

export const operations = {
  CreateDelegateMacVolumeOwnershipTask: ({ InstanceId, MacCredentials, TagSpecifications }, ctx) => {
    checkCredentials(MacCredentials);
    const { id: instanceId } = modifiable(ctx, InstanceId, hasAppleSilicon);
    const type = "volume-ownership-delegation";
    return create(ctx, { instanceId, type, protection: undefined }, TagSpecifications);
  },

  CreateMacSystemIntegrityProtectionModificationTask: (input, ctx) => {
    const isMac = (instance: Instance): boolean => instance.instanceType.startsWith("mac");
    const instance = modifiable(ctx, input.InstanceId, isMac);
    if (input.MacCredentials !== undefined) {
      if (!hasAppleSilicon(instance)) {
        throw new ApiError(
          "InvalidParameterCombination",
          "The parameter MacCredentials is supported only for Apple silicon Mac instances.",
        );
      }
      checkCredentials(input.MacCredentials);
    } else if (hasAppleSilicon(instance)) throw new ApiError("MissingParameter", "MacCredentials");
    const protection = protectionOf(
      input.MacSystemIntegrityProtectionStatus,
      input.MacSystemIntegrityProtectionConfiguration,
    );
    const type = "sip-modification";
    return create(ctx, { instanceId: instance.id, type, protection }, input.TagSpecifications);
  },

  DescribeMacModificationTasks: macModificationTasks.describe("MacModificationTasks"),
} satisfies Handlers;
