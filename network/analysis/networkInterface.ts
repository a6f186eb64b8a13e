import { Port } from "../port.ts";
import type { TargetModel } from "./component.ts";

/** A route can lead to an interface, which then gets what is not for its own addresses. */
export const networkInterfaceModel: TargetModel<Port> = {
  is: (target): target is Port => target instanceof Port,
  forward: (search, wave, target, port) => search.receive(wave, target, port?.subnet),
};
