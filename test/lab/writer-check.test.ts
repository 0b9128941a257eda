import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../lab/exec.ts';
import { cache, scripts } from '../../lab/layout.ts';
import { checkWriter, GAP } from '../../lab/writer-check.ts';

const SLOTS = 1_024;

/** A disk on which each instance wrote `count` records from `first` on, having found the end at `end`, in this order. */
function diskOf(...instances: { boot: string; end: number; first: number; count: number }[]): Buffer {
  const disk = Buffer.alloc(SLOTS * 512);
  for (const { boot, end, first, count } of instances) {
    for (let n = 0; n < count; n++) {
      const slot = first + n;
      const text = `RK1 guest=g1 boot=${boot} end=${end} slot=${slot} count=${n + 1} up=${n * 100} wall=`;
      disk.write(`${text.padEnd(511)}\n`, slot * 512, 'latin1');
    }
  }
  return disk;
}

const first = { boot: 'a', end: 64, first: 130, count: 50 };
const next = { boot: 'b', end: 180, first: 250, count: 30 };
const findings = (...instances: Parameters<typeof diskOf>) => checkWriter('disk', diskOf(...instances)).findings;

describe('the writer checker', () => {
  it('finds nothing when one instance follows the other', () => {
    const report = checkWriter('disk', diskOf(first, next));
    expect(report.findings).toEqual([]);
    expect(report.instances.map(({ boot }) => boot)).toEqual(['a', 'b']);
    expect(report.records).toBe(80);
  });

  it('finds a single record written after the next instance had started', () => {
    expect(findings({ ...first, count: 51 }, next).join()).toContain('both wrote at the same time');
  });

  it('finds an old instance that ran into the records of the next one', () => {
    expect(findings(next, { ...first, count: 130 }).join()).toContain(
      'is its number 11: earlier ones were written over',
    );
  });

  it('finds two instances that started from the same place', () => {
    expect(
      findings({ boot: 'a', end: 64, first: 200, count: 20 }, { boot: 'b', end: 64, first: 130, count: 20 }).join(),
    ).toContain('both wrote at the same time');
  });

  it('finds an instance whose predecessor was written over completely', () => {
    expect(findings({ ...next, end: 200 }).join()).toContain('are gone');
  });

  it('finds what is no record', () => {
    const disk = diskOf(first);
    disk.write('garbage', 140 * 512);
    expect(checkWriter('disk', disk).findings.join()).toContain('slot 140 holds something that is no record');
  });
});

describe('guests on a disk whose lock is off', () => {
  const directory = mkdtempSync(join(tmpdir(), 'writer-'));
  const disk = join(directory, 'g1.raw');
  const running: ChildProcess[] = [];

  /** Resolves when the guest has written its first record. */
  async function boot(): Promise<() => Promise<void>> {
    const before = checkWriter(disk).instances.length;
    const child = spawn(
      'qemu-system-x86_64',
      [
        ...['-accel', 'tcg', '-cpu', 'qemu64', '-m', '128', '-display', 'none', '-nodefaults', '-no-reboot'],
        ...['-kernel', join(cache, 'guest/vmlinuz'), '-initrd', join(cache, 'guest/initrd.img')],
        ...['-append', 'console=ttyS0 quiet lab.name=g1 lab.ip=10.0.2.15/24'],
        ...['-drive', `file=${disk},format=raw,if=virtio,cache=writeback,file.locking=off`],
        ...['-netdev', 'user,id=n0,restrict=on', '-device', 'virtio-net-pci,netdev=n0,romfile='],
      ],
      { stdio: 'ignore' },
    );
    running.push(child);
    await until(
      'the first record',
      40_000,
      () => (checkWriter(disk).instances.length > before ? true : undefined),
      100,
    );
    return async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    };
  }

  beforeAll(async () => {
    await promisify(execFile)(join(scripts, 'make-guest-image.sh'), [cache]);
    writeFileSync(disk, '');
    truncateSync(disk, 4 * 1024 * 1024);
  }, 120_000);

  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  it('one after the other are clean, both at once are found', async () => {
    await (await boot())();
    const end = await boot();
    expect(checkWriter(disk).findings).toEqual([]);
    expect(checkWriter(disk).instances).toHaveLength(2);
    expect(checkWriter(disk).instances[1]?.firstSlot).toBeGreaterThanOrEqual(
      (checkWriter(disk).instances[1]?.end ?? 0) + GAP,
    );

    await boot();
    await until(
      'the older one to go on',
      10_000,
      () => (checkWriter(disk).findings.length > 0 ? true : undefined),
      100,
    );
    expect(checkWriter(disk).findings.join()).toContain('both wrote at the same time');
    await end();
  }, 120_000);
});
