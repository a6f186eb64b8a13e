import type { Run } from "./extents.ts";
import type { Need } from "./host.ts";
import type { Refusal, Wish } from "./pool.ts";
import type { CreditTerms } from "./workloads.ts";

/** An instance to be placed: what it needs, where, and which hosts it may or should not get. */
export interface PlaceRequest extends Need, Wish {
  readonly zone: string;
  /** The family of the instance type, `m5` of `m5.large`. */
  readonly family: string;
  /** Of burstable types. */
  readonly credits?: CreditTerms;
}

/** Where an instance is. */
export interface Placement {
  readonly host: string;
  readonly zone: string;
  readonly rack: number;
  /** Which of the group's partitions, if that is its strategy. */
  readonly partition?: number;
  readonly reservation?: string;
  readonly cores: readonly Run[];
  readonly frames: number;
  readonly generation: number;
}

export type PlaceAnswer =
  | { readonly placed: true; readonly placement: Placement }
  | { readonly placed: false; readonly refusal: Refusal };

export type HostAnswer =
  | { readonly allocated: true; readonly host: string }
  | { readonly allocated: false; readonly refusal: Refusal };
