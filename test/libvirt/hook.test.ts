/** libvirt asks the hook before every start: no grant, no lease, no start, whoever asks for it. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { installHook } from '../../adapters/libvirt/hook.ts';
import { createStartGuard } from '../../adapters/libvirt/start-guard.ts';
import type { StartGuard } from '../../services/ports.ts';
import { domainXml, makeDisk } from './guests.ts';
import { startHost, type TestHost } from './host.ts';

let host: TestHost;
let guard: StartGuard;
let restartNeeded: boolean;
const hooksDir = () => join(host.directory, 'etc', 'hooks');
const runDir = () => join(host.directory, 'run');

beforeAll(async () => {
  host = await startHost(1, (directory) => {
    restartNeeded = installHook({ hooksDir: join(directory, 'etc', 'hooks'), runDir: join(directory, 'run') });
  });
}, 30_000);
afterAll(() => host.down());
beforeEach(async () => {
  guard = createStartGuard({ runDir: runDir(), guests: ['g1', 'g2'] });
  guard.setLeaseEnd(now() + 60_000);
  await host.libvirt.destroy('g1');
  guard.revoke('g1');
});

/** The lease's clock, in ms. */
const now = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000;
const definition = (guest: string) => {
  const disk = join(host.directory, `${guest}.raw`);
  makeDisk(disk, 'deaf');
  return domainXml(guest, disk);
};
const start = (guest = 'g1') => host.libvirt.start(guest, definition(guest), '1.1');
/** What a person would try, or a script that knows nothing of Rekindle. */
const byHand = (line: string) => host.shell(`${line} 2>&1 || true`);

test('with grant and lease a guest starts, without its grant it does not', async () => {
  expect(await start()).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('g1 has no grant on this host'),
  });
  expect(await host.libvirt.state('g1')).toBe('gone');
  guard.allow('g1', '1.1');
  expect(await start()).toMatchObject({ kind: 'succeeded' });
  await host.libvirt.destroy('g1');
  guard.revoke('g1');
  expect(await byHand('virsh start g1')).toContain('g1 has no grant on this host');
  expect(await host.libvirt.state('g1')).toBe('gone');
});

test('after the end of the lease nothing starts, to the hundredth of a second', async () => {
  guard.allow('g1', '1.1');
  guard.setLeaseEnd(now() + 5);
  expect(await start()).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('lease of this host is over'),
  });
  rmSync(join(runDir(), 'lease'));
  expect(await start()).toMatchObject({ kind: 'failed', reason: expect.stringContaining('holds no lease') });
  for (const nonsense of ['', 'soon', '9e99', '-1', '99999999999 || true']) {
    writeFileSync(join(runDir(), 'lease'), `${nonsense}\n`);
    expect(await start(), nonsense).toMatchObject({ kind: 'failed' });
  }
  guard.setLeaseEnd(now() + 10_000.7);
  expect(await start()).toMatchObject({ kind: 'succeeded' });
});

test('a saved image cannot be restored without a grant', async () => {
  guard.allow('g1', '1.1');
  await start();
  await host.shell(`virsh -q save g1 ${host.directory}/saved`);
  guard.revoke('g1');
  expect(await byHand(`virsh restore ${host.directory}/saved`)).toContain('g1 has no grant on this host');
  expect(await host.libvirt.state('g1')).toBe('gone');
});

test('a guest of the cluster is refused under any definition, and before the daemon has said which guests are its own', async () => {
  writeFileSync(join(runDir(), 'other.xml'), definition('g2'));
  expect(await byHand(`virsh create ${runDir()}/other.xml`)).toContain('g2 has no grant on this host');
  // Right after a boot: the run directory is empty, but the domain still carries Rekindle's mark.
  await host.libvirt.define('g1', definition('g1'));
  rmSync(join(runDir(), 'guests'));
  rmSync(join(runDir(), 'lease'));
  expect(await byHand('virsh start g1')).toContain('g1 has no grant on this host');
});

test('guests that are not the cluster’s own are let through', async () => {
  writeFileSync(join(runDir(), 'other.xml'), definition('somebody-elses'));
  await host.shell(`virsh -q create ${runDir()}/other.xml`);
  expect(await host.shell('virsh -q list --name')).toContain('somebody-elses');
  await host.shell('virsh -q destroy somebody-elses');
});

test('the hook is installed beside an administrator’s own, and again without harm', () => {
  expect(restartNeeded).toBe(true);
  const own = join(hooksDir(), 'qemu');
  mkdirSync(hooksDir(), { recursive: true });
  writeFileSync(own, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  expect(installHook({ hooksDir: hooksDir(), runDir: runDir() })).toBe(false);
  expect(readFileSync(own, 'utf8')).toBe('#!/bin/sh\nexit 0\n');
  expect(statSync(join(hooksDir(), 'qemu.d', 'rekindle')).mode & 0o111).toBe(0o111);
  expect(() => installHook({ hooksDir: hooksDir(), runDir: '/run/$(reboot)' })).toThrow(/hook/);
  expect(() => installHook({ hooksDir: own, runDir: runDir() })).toThrow(/hook/);
});
