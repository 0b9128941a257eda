/**
 * Proves from a guest's raw disk that no two instances of it were ever able to write at the same time. No clock is
 * trusted: the proof is where the records lie (the layout is described in scripts/guest-init.sh).
 *
 * An instance says in each record where it found the end of all records when it started, and begins at least
 * {@link GAP} slots behind it. So:
 * - a record of anybody between that end and its own first one was written *after* it had started: two writers;
 * - its own records must lie side by side and count 1, 2, 3, …: a hole or a stranger among them was written over;
 * - the end it found must be the slot behind its predecessor's last record: anything else means that the predecessor
 *   went on writing, or that two instances started from the same place.
 *   node lab/writer-check.ts DISK...        prints the findings; exit 1 when there are any
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const SLOT = 512;
/** Slots below belong to the lab. */
const FIRST = 64;
export const GAP = 64;

export interface WriterInstance {
  readonly boot: string;
  /** Slot behind the last record there was when it started. */
  readonly end: number;
  readonly firstSlot: number;
  lastSlot: number;
  /** The guest's own wall clock, epoch milliseconds; null before it knows it. For people, not for the proof. */
  firstWallMs: number | null;
  lastWallMs: number | null;
}

export interface WriterReport {
  readonly disk: string;
  readonly records: number;
  readonly instances: readonly WriterInstance[];
  /** What contradicts a single writer; empty when nothing does. */
  readonly findings: readonly string[];
}

const RECORD = /^RK1 guest=\S+ boot=(\S+) end=(\d+) slot=(\d+) count=(\d+) up=(\d+) wall=(\d*) *\n$/;

export function checkWriter(disk: string, bytes: Buffer = readFileSync(disk)): WriterReport {
  const findings: string[] = [];
  const instances: WriterInstance[] = [];
  const seen = new Set<string>();
  let records = 0;
  let current: WriterInstance | undefined;

  for (let slot = FIRST; (slot + 1) * SLOT <= bytes.length; slot++) {
    const at = slot * SLOT;
    if (bytes[at] === 0) {
      current = undefined;
      continue;
    }
    const match = RECORD.exec(bytes.toString('latin1', at, at + SLOT));
    if (!match) {
      findings.push(`slot ${slot} holds something that is no record`);
      continue;
    }
    const [, boot = '', ...numbers] = match;
    const [end = 0, said = 0, count = 0] = numbers.map(Number);
    const wall = match[6] ? Number(match[6]) : null;
    records += 1;
    if (said !== slot) findings.push(`slot ${slot} holds a record written for slot ${said}`);

    if (current?.boot !== boot) {
      if (current) findings.push(`slot ${slot}: ${boot} wrote right behind ${current.boot}, without a gap`);
      if (seen.has(boot))
        findings.push(`slot ${slot}: records of ${boot} lie in two places, with something in between`);
      if (count !== 1)
        findings.push(
          `slot ${slot}: the first record left of ${boot} is its number ${count}: earlier ones were written over`,
        );
      seen.add(boot);
      current = { boot, end, firstSlot: slot, lastSlot: slot, firstWallMs: wall, lastWallMs: wall };
      instances.push(current);
    }
    if (count !== slot - current.firstSlot + 1 && slot !== current.firstSlot) {
      findings.push(`slot ${slot}: ${boot} wrote its record ${count} where ${slot - current.firstSlot + 1} belongs`);
    }
    current.lastSlot = slot;
    current.firstWallMs ??= wall;
    current.lastWallMs = wall ?? current.lastWallMs;
  }

  for (const [index, instance] of instances.entries()) {
    const before = instances[index - 1];
    const behind = before ? before.lastSlot + 1 : FIRST;
    if (instance.end < behind) {
      findings.push(
        `${instance.boot} found the end at slot ${instance.end} when it started, but ${before?.boot} wrote up to ` +
          `${behind - 1}: both wrote at the same time`,
      );
    } else if (instance.end > behind) {
      findings.push(`${instance.boot} saw records up to slot ${instance.end - 1}; those behind ${behind - 1} are gone`);
    }
    if (instance.firstSlot < instance.end + GAP) {
      findings.push(`${instance.boot} began at slot ${instance.firstSlot}, less than ${GAP} behind the end it found`);
    }
  }
  return { disk, records, instances, findings };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const disk of process.argv.slice(2)) {
    const report = checkWriter(disk);
    console.log(`${disk}: ${report.records} records of ${report.instances.length} instances`);
    for (const finding of report.findings) console.log(`  ${finding}`);
    if (report.findings.length > 0) process.exitCode = 1;
  }
}
