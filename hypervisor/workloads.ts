import {
  accrue,
  type CreditAccount,
  type CreditMode,
  type CreditRates,
  granted,
  inMode,
  openAccount,
  settle,
} from "./credits.ts";

/** What a burstable instance starts with. */
export interface CreditTerms {
  readonly rates: CreditRates;
  readonly mode: CreditMode;
  /** Its account when it stopped, if it keeps its credits over that. */
  readonly kept?: CreditAccount;
}

/** What an instance does with its vCPUs, in percent of each. */
export interface CpuView {
  /** What its programs would use. */
  readonly load: number;
  /** What they get: without credits, a standard burstable instance is held down to its baseline. */
  readonly used: number;
  /** Of burstable types. */
  readonly credits?: CreditAccount;
}

interface Workload {
  load: number;
  readonly rates: CreditRates | undefined;
  account: CreditAccount | undefined;
}

/** How busy the instances are, which an operator decides, and what that costs them in CPU credits. */
export class Workloads {
  readonly #clock: () => number;
  readonly #workloads = new Map<string, Workload>();

  /** `clock` gives ms. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  start(instance: string, terms?: CreditTerms): void {
    const account = terms && openAccount(terms.rates, terms.mode, this.#clock(), terms.kept);
    this.#workloads.set(instance, { load: 0, rates: terms?.rates, account });
  }

  /** Its last account: surplus credits are charged now. */
  stop(instance: string): CreditAccount | undefined {
    const account = this.view(instance)?.credits;
    this.#workloads.delete(instance);
    return account && settle(account);
  }

  /** From now on its programs would use `load` percent of each vCPU. False if it is not there or that is no percentage. */
  set(instance: string, load: number): boolean {
    const workload = this.#upToDate(instance);
    if (workload === undefined || !(load >= 0 && load <= 100)) return false;
    workload.load = load;
    return true;
  }

  /** False if it has no credits. */
  setMode(instance: string, mode: CreditMode): boolean {
    const workload = this.#upToDate(instance);
    if (workload?.account === undefined) return false;
    workload.account = inMode(workload.account, mode);
    return true;
  }

  /**
   * Goes on where it was: `account` as it was at its time, since when the load has been `load`. For who keeps the time
   * over a restart of all hosts. False if it is not there or that is no percentage.
   */
  restore(instance: string, load: number, account?: CreditAccount): boolean {
    const workload = this.#workloads.get(instance);
    if (workload === undefined || !(load >= 0 && load <= 100)) return false;
    workload.load = load;
    if (account && workload.rates) workload.account = account;
    return true;
  }

  view(instance: string): CpuView | undefined {
    const workload = this.#upToDate(instance);
    if (workload === undefined) return undefined;
    const { load, rates, account } = workload;
    if (rates === undefined || account === undefined) return { load, used: load };
    return { load, used: granted(account, rates, load), credits: account };
  }

  /** Whether it wants the cores at all. */
  isBusy(instance: string): boolean {
    return (this.#workloads.get(instance)?.load ?? 0) > 0;
  }

  #upToDate(instance: string): Workload | undefined {
    const workload = this.#workloads.get(instance);
    if (workload?.rates && workload.account) {
      workload.account = accrue(workload.account, workload.rates, workload.load, this.#clock());
    }
    return workload;
  }
}
