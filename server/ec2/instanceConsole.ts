import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { instances } from "./instance.ts";
import { typeOf } from "./instanceView.ts";

export const partly = {
  GetConsoleOutput: "the output: guests print nothing",
  GetPasswordData: "the password: guests make none",
};

export const operations = {
  GetConsoleOutput: ({ InstanceId, Latest }, ctx) => {
    const instance = instances.get(ctx, InstanceId);
    if (Latest && typeOf(instance).hypervisor !== "nitro") {
      throw new ApiError(
        "UnsupportedOperation",
        "This instance type does not support retrieving the latest console logs. Only instance types built on the Nitro System support this operation.",
      );
    }
    return { InstanceId: instance.id, Timestamp: new Date(instance.launched) };
  },

  GetPasswordData: ({ InstanceId }, ctx) => {
    const { id, launched } = instances.get(ctx, InstanceId);
    // "If the password is not available, an empty string is returned": for Linux, and before the agent has made one.
    return { InstanceId: id, Timestamp: new Date(launched), PasswordData: "" };
  },
} satisfies Handlers;
