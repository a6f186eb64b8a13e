import { handlersOf, partlyOf } from "../kit/registry.ts";
import * as permission from "./permission.ts";
import * as resourceShare from "./resourceShare.ts";
import * as shareContent from "./shareContent.ts";
import * as shareInvitation from "./shareInvitation.ts";

const modules = [permission, resourceShare, shareContent, shareInvitation];

/** The operations of RAM that are built, by name. */
export const ramHandlers = handlersOf(modules);

export const partly = partlyOf(modules);
