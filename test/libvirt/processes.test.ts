/** Which QEMU processes are seen in /proc, in the cases a real QEMU shows only when its storage hangs. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { qemuProcesses } from '../../adapters/libvirt/processes.ts';

let proc: string;
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'rekindle-proc-'));
});
afterEach(() => rmSync(proc, { recursive: true }));

const add = (path: string, state: string, ...line: string[]) => {
  mkdirSync(join(proc, path, 'task'), { recursive: true });
  writeFileSync(join(proc, path, 'cmdline'), line.map((word) => `${word}\0`).join(''));
  writeFileSync(join(proc, path, 'stat'), `${path.split('/').at(-1)} (qemu) Z (x) ${state} 1 1`);
};
const qemu = ['/usr/bin/qemu-system-x86_64', '-name', 'guest=g1,debug-threads=on', '-S'];

test('a QEMU is known by the name libvirt gave it, and nothing else is taken for one', () => {
  add('10', 'S', ...qemu);
  add('11', 'S', 'vi', '-name', 'guest=g2,x');
  add('12', 'S', '/usr/bin/qemu-img', 'info', 'guest=g3');
  add('13', 'S', '/usr/bin/qemu-system-x86_64', '-drive', 'file=guest=g4,');
  expect(qemuProcesses(proc)).toEqual([{ guest: 'g1', pid: 10 }]);
});

test('a killed QEMU whose threads still hang in the kernel, writing, is not gone', () => {
  add('10', 'Z');
  add('10/task/10', 'Z');
  add('10/task/17', 'D', ...qemu);
  expect(qemuProcesses(proc)).toEqual([{ guest: 'g1', pid: 10 }]);
});

test('one that has ended and only waits to be reaped is gone', () => {
  add('10', 'Z');
  add('10/task/10', 'Z');
  expect(qemuProcesses(proc)).toEqual([]);
});
