/** What a burstable type earns, handed in: the published rates. One credit is one vCPU at 100 % for one minute. */
export interface CreditRates {
  readonly vcpus: number;
  /** What a vCPU may use for ever, in percent. */
  readonly baselinePercent: number;
  readonly earnedPerHour: number;
  /** The balance of earned credits stops growing here; the surplus of an unlimited instance is charged beyond it. */
  readonly maximumBalance: number;
  /** Given at each start in standard mode; spent before earned ones, and not counted towards the maximum. */
  readonly launchCredits: number;
}

export type CreditMode = "standard" | "unlimited";

/** All of a credit account that is decided by its past; plain values, so that it can be kept while an instance is stopped. */
export interface CreditAccount {
  readonly mode: CreditMode;
  /** Until when this is, in ms. */
  readonly at: number;
  readonly launch: number;
  readonly earned: number;
  /** Spent by an unlimited instance without having been earned; what is earned next pays it back. */
  readonly surplus: number;
  /** Surplus that was charged for, since the start. */
  readonly charged: number;
  /** Credits used since the start. */
  readonly used: number;
}

const MS_PER_HOUR = 3_600_000;

/**
 * The account of an instance that starts. `kept` is what it had when it stopped: T3, T3a and T4g keep their credits for
 * seven days, T2 loses them, which is for the caller to know.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html
 */
export function openAccount(
  rates: CreditRates,
  mode: CreditMode,
  at: number,
  kept?: CreditAccount,
): CreditAccount {
  const launch = mode === "standard" ? rates.launchCredits : 0;
  const earned = Math.min(rates.maximumBalance, kept?.earned ?? 0);
  return { mode, at, launch, earned, surplus: 0, charged: 0, used: 0 };
}

/** What percentage of each vCPU an instance gets that wants `load` percent: without credits, no more than its baseline. */
export function granted(account: CreditAccount, rates: CreditRates, load: number): number {
  const { mode, launch, earned } = account;
  return mode === "unlimited" || launch + earned > 0 ? load : Math.min(load, rates.baselinePercent);
}

/** The account at a later time, the load having been `load` percent of each vCPU since. Exact, however long that was. */
export function accrue(account: CreditAccount, rates: CreditRates, load: number, at: number): CreditAccount {
  const hours = Math.max(0, at - account.at) / MS_PER_HOUR;
  const { mode } = account;
  const { earnedPerHour: income, maximumBalance: maximum } = rates;
  const expense = (rates.vcpus * 60 * load) / 100;

  // While there are launch credits they are spent, and all that is earned is kept.
  const lasting = expense === 0 ? hours : account.launch / expense;
  const first = account.launch > 0 ? Math.min(hours, lasting) : 0;
  const launch = first < hours ? 0 : Math.max(0, account.launch - expense * first);
  const earnedFirst = Math.min(maximum, account.earned + income * first);

  const rest = hours - first;
  const gain = (income - expense) * rest;
  let used = account.used + expense * hours;
  let { surplus, charged } = account;
  let earned = earnedFirst;
  if (gain >= 0) {
    const repaid = Math.min(surplus, gain);
    surplus -= repaid;
    earned = Math.min(maximum, earned + gain - repaid);
  } else {
    const missing = Math.max(0, -gain - earned);
    earned = Math.max(0, earned + gain);
    if (mode === "standard") {
      // From when the balance was empty on, only what came in was spent: the load was held down to the baseline.
      used -= missing;
    } else {
      charged += Math.max(0, surplus + missing - maximum);
      surplus = Math.min(maximum, surplus + missing);
    }
  }
  return { mode, at, launch, earned, surplus, charged, used };
}

/** The surplus of an unlimited instance falls due when it stops, is terminated, or becomes standard. */
export function settle(account: CreditAccount, mode: CreditMode = account.mode): CreditAccount {
  return { ...account, mode, surplus: 0, charged: account.charged + account.surplus };
}

/** An account from when it pays in another mode on: surplus falls due when an instance becomes standard. */
export const inMode = (account: CreditAccount, mode: CreditMode): CreditAccount =>
  mode === "standard" ? settle(account, mode) : { ...account, mode };
