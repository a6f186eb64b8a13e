import type { Cloud } from "../cloud.ts";
import { isLive } from "../ec2/instance.ts";
import { credentialsOf } from "../ec2/instanceCredentials.ts";
import { ApiError } from "../errors.ts";
import { regionOf, required } from "./fields.ts";
import { instanceNamed } from "./instanceRoutes.ts";
import { allow, type Route } from "./operator.ts";

/** What a test does in the place of a guest that asks for the credentials of its role. */
export const credentialRoutes = (
  cloud: () => Cloud,
  regions: ReadonlySet<string>,
): Readonly<Record<string, Route>> => ({
  "GET instance-credentials": (fields) => {
    allow(fields, "Region", "InstanceId");
    const region = regionOf(fields, regions);
    const { global, pipeline } = cloud();
    const instance = instanceNamed(cloud().unit(region), required(fields, "InstanceId"));
    const { id, account } = instance;
    if (!isLive(instance)) {
      throw new ApiError("IncorrectInstanceState", `The instance '${id}' is not running.`);
    }
    const credentials = pipeline.act(global, "instance-credentials", (contextOf) => {
      const ctx = contextOf(account);
      return credentialsOf(ctx, ctx.elsewhere(region), instance);
    });
    if (!credentials) throw new ApiError("NoSuchEntity", `The instance '${id}' has no instance profile.`);
    return credentials;
  },
});
