import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accrue,
  type CreditAccount,
  type CreditRates,
  granted,
  openAccount,
  settle,
} from "../../hypervisor/credits.ts";

const HOUR = 3_600_000;
/** t3.micro and t2.small, as published. */
const T3: CreditRates = {
  vcpus: 2,
  baselinePercent: 10,
  earnedPerHour: 12,
  maximumBalance: 288,
  launchCredits: 0,
};
const T2: CreditRates = {
  vcpus: 1,
  baselinePercent: 20,
  earnedPerHour: 12,
  maximumBalance: 288,
  launchCredits: 30,
};

const near = (value: number): unknown => expect.closeTo(value, 6);
const after = (account: CreditAccount, rates: CreditRates, load: number, hours: number): CreditAccount =>
  accrue(account, rates, load, account.at + hours * HOUR);

describe("CPU credits", () => {
  it("are earned by the hour, up to what a day earns", () => {
    const start = openAccount(T3, "standard", 0);
    expect(after(start, T3, 0, 5)).toMatchObject({ earned: near(60), used: 0 });
    expect(after(start, T3, 0, 24)).toMatchObject({ earned: near(288) });
    expect(after(start, T3, 0, 1000)).toMatchObject({ earned: near(288) });
  });

  it("are neither gained nor lost at the baseline", () => {
    const start = after(openAccount(T3, "standard", 0), T3, 0, 10);
    expect(after(start, T3, T3.baselinePercent, 7)).toMatchObject({ earned: near(120), used: near(84) });
  });

  it("hold a standard instance down to its baseline when they are spent", () => {
    const start = after(openAccount(T3, "standard", 0), T3, 0, 9);
    expect(start.earned).toBeCloseTo(108);
    expect(granted(start, T3, 100)).toBe(100);
    // 120 an hour are spent and 12 earned: gone after an hour.
    const spent = after(start, T3, 100, 1);
    expect(spent).toMatchObject({ earned: near(0), used: near(120) });
    expect(granted(spent, T3, 100)).toBe(10);
    expect(granted(spent, T3, 5)).toBe(5);
    expect(after(spent, T3, 100, 3)).toMatchObject({ earned: near(0), used: near(156), surplus: 0 });
  });

  it("let an unlimited instance go on, for surplus that is paid back or charged", () => {
    const start = openAccount(T3, "unlimited", 0);
    const busy = after(start, T3, 100, 1);
    expect(busy).toMatchObject({ earned: 0, surplus: near(108), charged: 0, used: near(120) });
    expect(granted(busy, T3, 100)).toBe(100);
    expect(after(busy, T3, 0, 4)).toMatchObject({ earned: 0, surplus: near(60) });
    expect(after(busy, T3, 0, 10)).toMatchObject({ earned: near(12), surplus: 0, charged: 0 });
    expect(after(start, T3, 100, 4)).toMatchObject({ surplus: near(288), charged: near(144) });
    expect(settle(busy, "standard")).toMatchObject({ mode: "standard", surplus: 0, charged: near(108) });
  });

  it("of a launch are T2's in standard mode, spent first, and do not count towards the maximum", () => {
    const start = openAccount(T2, "standard", 0);
    expect(start.launch).toBe(30);
    expect(openAccount(T2, "unlimited", 0).launch).toBe(0);
    expect(after(start, T2, 0, 100)).toMatchObject({ launch: 30, earned: near(288) });
    expect(after(start, T2, 100, 0.25)).toMatchObject({ launch: near(15), earned: near(3), used: near(15) });
    expect(after(start, T2, 100, 0.5)).toMatchObject({ launch: near(0), earned: near(6) });
  });

  it("may be kept over a stop", () => {
    const kept = after(openAccount(T3, "standard", 0), T3, 0, 5);
    expect(openAccount(T3, "unlimited", 9 * HOUR, kept)).toMatchObject({
      earned: near(60),
      used: 0,
      at: 9 * HOUR,
    });
  });

  it("come out the same however often one looks", () => {
    const hours = fc.double({ min: 0, max: 40, noNaN: true });
    const mode = fc.constantFrom("standard" as const, "unlimited" as const);
    fc.assert(
      fc.property(
        mode,
        fc.constantFrom(T2, T3),
        fc.nat({ max: 100 }),
        hours,
        hours,
        (mode, rates, load, a, b) => {
          const start = after(openAccount(rates, mode, 0), rates, 0, 3);
          const atOnce = after(start, rates, load, a + b);
          const inTwo = accrue(after(start, rates, load, a), rates, load, atOnce.at);
          for (const member of ["launch", "earned", "surplus", "charged", "used"] as const) {
            expect(inTwo[member]).toBeCloseTo(atOnce[member], 5);
          }
          // What was used came from somewhere.
          const got = 30 * (rates.launchCredits / 30) + 36 + rates.earnedPerHour * (a + b);
          expect(mode === "unlimited" || atOnce.used <= got + 1e-6).toBe(true);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });
});
