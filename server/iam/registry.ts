import { handlersOf, partlyOf } from "../kit/registry.ts";
import * as accessKey from "./accessKey.ts";
import * as account from "./account.ts";
import * as authorizationDetails from "./authorizationDetails.ts";
import * as credentialReport from "./credentialReport.ts";
import * as group from "./group.ts";
import * as instanceProfile from "./instanceProfile.ts";
import * as loginProfile from "./loginProfile.ts";
import * as managedPolicy from "./managedPolicy.ts";
import * as openIdProvider from "./openIdProvider.ts";
import * as policyUse from "./policyUse.ts";
import * as policyVersion from "./policyVersion.ts";
import * as role from "./role.ts";
import * as serviceLinkedRole from "./serviceLinkedRole.ts";
import * as simulation from "./simulation.ts";
import * as user from "./user.ts";
import * as userCredential from "./userCredential.ts";

const modules = [
  accessKey,
  account,
  authorizationDetails,
  credentialReport,
  group,
  instanceProfile,
  loginProfile,
  managedPolicy,
  openIdProvider,
  policyUse,
  policyVersion,
  role,
  serviceLinkedRole,
  simulation,
  user,
  userCredential,
];

/** IAM's operations that are built, by name. */
export const iamHandlers = handlersOf(modules);
export const partly = partlyOf(modules);
