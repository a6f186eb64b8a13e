/** What went against the rules of the hosts. The text that comes with a fault is for people; the code is for programs. */
export type FaultCode =
  | "access-too-large"
  | "bad-address"
  | "bad-image"
  | "bad-request"
  | "illegal-transition"
  | "not-attached"
  | "not-owner"
  | "scrub-failed"
  | "snapshot-exists"
  | "stale-translation"
  | "tenancy"
  | "twice-placed"
  | "unclean-frame"
  | "unknown-host"
  | "unknown-instance"
  | "unknown-key"
  | "unknown-snapshot"
  | "unknown-volume"
  | "volume-exists";

/**
 * Thrown where a caller asks the hosts for something their rules forbid: a bug of the caller, a hostile address, or
 * memory that could not be proven zero. Each one is in the audit, too. A lack of room is not a fault, see {@link Refusal}
 * in pool.ts.
 */
export class HypervisorFault extends Error {
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string) {
    super(message);
    this.name = "HypervisorFault";
    this.code = code;
  }
}
