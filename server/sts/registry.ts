import { handlersOf, partlyOf } from "../kit/registry.ts";
import * as assumeRole from "./assumeRole.ts";
import * as authorizationMessage from "./authorizationMessage.ts";
import * as callerIdentity from "./callerIdentity.ts";
import * as federationToken from "./federationToken.ts";
import * as session from "./session.ts";
import * as webIdentity from "./webIdentity.ts";

const modules = [assumeRole, authorizationMessage, callerIdentity, federationToken, session, webIdentity];

/** STS's operations that are built, by name. */
export const stsHandlers = handlersOf(modules);
export const partly = partlyOf(modules);
