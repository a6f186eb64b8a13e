import { describe, expect, it } from "vitest";
import { Audit, type AuditRecord, GENESIS, verifyChain } from "../../hypervisor/audit.ts";
import { HypervisorFault } from "../../hypervisor/fault.ts";
import { found } from "./world.ts";

function auditOf(records: number, keep?: number) {
  const kept: AuditRecord[] = [];
  let now = 1000;
  const sink = (record: AuditRecord) => kept.push(record);
  const audit = new Audit({ clock: () => now++, sink, ...(keep === undefined ? {} : { keep }) });
  for (let i = 0; i < records; i++) {
    audit.append({
      event: "allocated",
      host: "h-1",
      instance: `i-${i}`,
      frames: 2,
      runs: [{ start: 4096, count: 2 }],
    });
  }
  return { audit, kept };
}

describe("the audit", () => {
  it("is a chain that verifies", () => {
    const { audit, kept } = auditOf(5);
    expect(audit.verify()).toEqual({ intact: true, records: 5, head: audit.head });
    expect(audit.records().map(({ seq, at }) => [seq, at])).toEqual([
      [1, 1000],
      [2, 1001],
      [3, 1002],
      [4, 1003],
      [5, 1004],
    ]);
    expect(kept).toEqual(audit.records());
  });

  it("goes on from the last record that could be kept", () => {
    const kept: AuditRecord[] = [];
    let isFull = false;
    const sink = (record: AuditRecord) => {
      if (isFull) throw new Error("no space left on device");
      kept.push(record);
    };
    const audit = new Audit({ clock: () => 0, sink });
    audit.append({ event: "host-racked", host: "h-1" });
    isFull = true;
    expect(() => audit.append({ event: "host-failed", host: "h-1" })).toThrow("no space left");
    isFull = false;
    audit.append({ event: "host-repaired", host: "h-1" });
    expect(kept.map(({ event }) => event)).toEqual(["host-racked", "host-repaired"]);
    expect(audit.verify()).toEqual({ intact: true, records: 2, head: audit.head });
    expect(verifyChain(kept)).toEqual(audit.verify());
  });

  it("shows a changed member, whichever it is", () => {
    const { kept } = auditOf(3);
    const middle = found(kept[1]);
    const changes: Partial<AuditRecord>[] = [
      { at: 7 },
      { event: "released" },
      { host: "h-2" },
      { instance: "i-9" },
      { account: "A" },
      { volume: "vol-1" },
      { reason: "stop" },
      { generation: 4 },
      { frames: 3 },
      { runs: [{ start: 4096, count: 3 }] },
      { bytesDirty: 1 },
      { bytesZeroed: 1 },
      { verified: true },
      { since: 1 },
    ];
    for (const change of changes) {
      const forged = kept.with(1, { ...middle, ...change });
      expect(verifyChain(forged)).toEqual({ intact: false, seq: 2, reason: "content" });
    }
  });

  it("shows what was taken out, put in, or cut off", () => {
    const { audit, kept } = auditOf(4);
    expect(verifyChain(kept.toSpliced(1, 1))).toEqual({ intact: false, seq: 2, reason: "gap" });
    expect(verifyChain(kept.slice(1))).toEqual({ intact: false, seq: 1, reason: "gap" });
    const other = new Audit({ clock: () => 0, anchor: { seq: 1, hash: "f".repeat(64) } });
    const alien = other.append({ event: "rebooted" });
    expect(verifyChain(kept.with(1, alien))).toEqual({ intact: false, seq: 2, reason: "link" });
    const cut = verifyChain(kept.slice(0, 3));
    expect(cut.intact && cut.head).not.toEqual(audit.head);
  });

  it("keeps the newest in memory and still verifies them; the sink has all", () => {
    const { audit, kept } = auditOf(25, 5);
    const held = audit.records();
    expect(held.length).toBeLessThan(10);
    expect(held.at(-1)).toEqual(kept.at(-1));
    expect(audit.verify()).toEqual({ intact: true, records: held.length, head: audit.head });
    expect(verifyChain(kept)).toEqual({ intact: true, records: 25, head: audit.head });
    expect(audit.records(24).map(({ seq }) => seq)).toEqual([24, 25]);
    expect(audit.records(2)).toEqual(held);
  });

  it("goes on where an earlier one ended", () => {
    const { audit, kept } = auditOf(3);
    const next = new Audit({ clock: () => 0, anchor: audit.head });
    next.append({ event: "rebooted", host: "h-1" });
    expect(verifyChain([...kept, ...next.records()], GENESIS)).toMatchObject({ intact: true, records: 4 });
  });

  it("has the faults in it", () => {
    const { audit } = auditOf(0);
    const fault = audit.fault("bad-address", "too far", { instance: "i-1" });
    expect(fault).toBeInstanceOf(HypervisorFault);
    expect(audit.records()).toMatchObject([
      { event: "fault", instance: "i-1", reason: "bad-address: too far" },
    ]);
  });
});
