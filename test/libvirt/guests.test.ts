/** Guests of one host, through the real libvirt and QEMU: what is done to them, and what is told of them. */
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { domainXml, makeDisk, type Program } from './guests.ts';
import { startHost, type TestHost } from './host.ts';

let host: TestHost;
let count = 0;

beforeAll(async () => {
  host = await startHost();
  await host.follow();
}, 30_000);
afterAll(() => host.down());

/** A guest of its own for each test; `since` is where its events begin. */
let guest: string;
let since: number;
beforeEach(() => {
  count += 1;
  guest = `g${count}`;
  since = host.events.length;
});
const definitionOf = (program: Program, directory = host.directory) => {
  const disk = join(directory, `${guest}.raw`);
  makeDisk(disk, program);
  return domainXml(guest, disk);
};
const start = async (program: Program, token = '1.1') => {
  const outcome = await host.libvirt.start(guest, definitionOf(program), token);
  expect(outcome).toEqual({ kind: 'succeeded', detail: 'running' });
};
const qemuPid = async () =>
  (await host.shell(`pgrep -f 'qemu-system.*-name guest=${guest},'`)).trim().split('\n').at(0) ?? '';

test('a started guest runs under its token, and a destroyed one is gone from libvirt and from the kernel', async () => {
  await start('deaf', '3.14');
  expect(await host.libvirt.list()).toContainEqual({ guest, token: '3.14', state: 'running' });
  expect(await host.libvirt.processes()).toContain(guest);
  await host.event({ kind: 'started', guest }, since);

  expect(await host.libvirt.destroy(guest)).toEqual({ kind: 'succeeded', detail: 'gone' });
  expect(await host.libvirt.state(guest)).toBe('gone');
  expect(await host.libvirt.processes()).not.toContain(guest);
  await host.event({ kind: 'stopped', guest, cause: 'destroyed' }, since);
  expect(await host.libvirt.destroy(guest)).toMatchObject({ kind: 'succeeded', detail: 'gone' });
});

test('a start repeated under its own token succeeds without a second instance, under another token it fails', async () => {
  await start('deaf', '1.1');
  const pid = await qemuPid();
  expect(await host.libvirt.start(guest, definitionOf('deaf'), '1.1')).toMatchObject({ kind: 'succeeded' });
  expect(await host.libvirt.start(guest, definitionOf('deaf'), '1.2')).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('grant 1.1'),
  });
  expect(await qemuPid()).toBe(pid);
  await host.libvirt.destroy(guest);
});

test('a prestaged guest is defined, not started, and not started at boot either', async () => {
  expect(await host.libvirt.define(guest, definitionOf('deaf'))).toMatchObject({ kind: 'succeeded' });
  expect(await host.libvirt.state(guest)).toBe('gone');
  expect(await host.shell(`virsh -q dominfo ${guest}`)).toMatch(/Autostart:\s+disable/);
});

test('a start that QEMU refuses fails with its reason, and nothing runs', async () => {
  const outcome = await host.libvirt.start(guest, domainXml(guest, '/nowhere/disk.raw'), '1.1');
  expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('/nowhere/disk.raw') });
  expect(await host.libvirt.state(guest)).toBe('gone');
});

test('a memory image saved earlier is not woken up beside a disk that has moved on', async () => {
  await start('deaf', '1.1');
  await host.shell(`virsh -q managedsave ${guest}`);
  await start('deaf', '1.2');
  expect(host.events.slice(since)).not.toContainEqual(expect.objectContaining({ guest, detail: 'Started Restored' }));
  await host.libvirt.destroy(guest);
});

test('kill -9 of QEMU is told as died, at once', async () => {
  await start('deaf');
  const pid = await qemuPid();
  const killed = Date.now();
  await host.shell(`kill -9 ${pid}`);
  await host.event({ kind: 'stopped', guest, cause: 'died' }, since);
  expect(Date.now() - killed).toBeLessThan(1_000);
  expect(await host.libvirt.state(guest)).toBe('gone');
});

test('a QEMU ended by a signal from outside did not shut down: it died', async () => {
  await start('deaf');
  await host.shell(`kill -TERM ${await qemuPid()}`);
  await host.event({ kind: 'stopped', guest, cause: 'died' }, since);
});

test('a guest that powers off is told as shut down', async () => {
  await start('leaves');
  await host.event({ kind: 'stopped', guest, cause: 'shut-down' }, since);
});

test('a guest that panics is told as panicked', async () => {
  await start('panics');
  await host.event({ kind: 'panicked', guest }, since);
  await host.event({ kind: 'stopped', guest, cause: 'panicked' }, since);
});

test('a guest that listens shuts down when asked; one that does not is left running, and that is said', async () => {
  await start('polite');
  // The firmware hands over first: asked again until the guest hears it.
  let outcome = await host.libvirt.shutdown(guest, 1_000);
  for (let tries = 0; tries < 8 && outcome.kind === 'failed'; tries++)
    outcome = await host.libvirt.shutdown(guest, 1_000);
  expect(outcome).toMatchObject({ kind: 'succeeded' });
  await host.event({ kind: 'stopped', guest, cause: 'shut-down' }, since);

  await start('deaf', '1.2');
  expect(await host.libvirt.shutdown(guest, 300)).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('still running'),
  });
  await host.libvirt.destroy(guest);
});

test('pause and resume are observed; a resume by somebody else is told', async () => {
  await start('deaf');
  expect(await host.libvirt.pause(guest)).toEqual({ kind: 'succeeded', detail: 'paused' });
  expect(await host.libvirt.state(guest)).toBe('paused');
  expect(await host.libvirt.list()).toContainEqual({ guest, token: '1.1', state: 'paused' });
  await host.event({ kind: 'paused', guest }, since);
  const paused = host.events.length;
  await host.shell(`virsh -q resume ${guest}`);
  await host.event({ kind: 'resumed', guest }, paused);
  expect(await host.libvirt.resume(guest)).toMatchObject({ kind: 'succeeded' });
  await host.libvirt.destroy(guest);
  expect(await host.libvirt.pause(guest)).toMatchObject({ kind: 'failed' });
  expect(await host.libvirt.resume(guest)).toMatchObject({ kind: 'failed' });
});

test('a full disk pauses the guest with the reason, and it runs on once there is room', async () => {
  const small = join(host.directory, 'small');
  await host.shell(`mkdir ${small} && mount -t tmpfs -o size=2m small ${small}`);
  // Made through the host's own /proc root, since the mount is the host's alone.
  const disk = join(small, `${guest}.raw`);
  makeDisk(join(`/proc/${host.pid}/root`, disk), 'writes');
  expect(await host.libvirt.start(guest, domainXml(guest, disk), '1.1')).toMatchObject({ kind: 'succeeded' });
  const event = await host.event({ kind: 'io-error', guest }, since);
  expect(event.detail).toContain('enospc');
  expect(await host.libvirt.state(guest)).toBe('paused');
  await host.shell(`mount -o remount,size=64m ${small}`);
  expect(await host.libvirt.resume(guest)).toMatchObject({ kind: 'succeeded' });
  await host.libvirt.destroy(guest);
  await host.shell(`umount ${small}`);
});

test('a hung QEMU is seen to be hung, questions about others are answered, and destroying it does not take long', async () => {
  await start('deaf');
  expect(await host.libvirt.responsive(guest)).toBe(true);
  await host.shell(`kill -STOP ${await qemuPid()}`);
  await expect.poll(() => host.libvirt.responsive(guest), { timeout: 5_000, interval: 200 }).toBe(false);
  expect(await host.libvirt.pingAgent(guest, 300)).toBe(false);
  expect(await host.libvirt.pause(guest)).toMatchObject({ kind: 'unknown' });
  expect(await host.libvirt.list()).toContainEqual(expect.objectContaining({ guest }));

  const began = Date.now();
  expect(await host.libvirt.destroy(guest)).toMatchObject({
    kind: 'succeeded',
    detail: expect.stringContaining('killed'),
  });
  expect(Date.now() - began).toBeLessThan(4_000);
  expect(await host.libvirt.processes()).not.toContain(guest);
}, 30_000);

test('libvirtd killed: guests run on and are there when it is back; what it cannot say meanwhile is unknown', async () => {
  await start('deaf', '2.7');
  const pid = await qemuPid();
  await host.shell('kill -9 $(pidof libvirtd)');
  await host.event({ kind: 'disconnected' }, since);
  await expect(host.libvirt.list()).rejects.toThrow(/libvirt/);
  expect(await host.libvirt.state(guest)).toBe('unknown');
  expect(await host.libvirt.processes()).toContain(guest);
  expect(await host.libvirt.start(guest, definitionOf('deaf'), '2.8')).toMatchObject({ kind: 'unknown' });
  expect(await host.libvirt.pause(guest)).toMatchObject({ kind: 'unknown' });

  const broken = host.events.length;
  await host.shell('kill -USR1 1');
  await host.event({ kind: 'connected' }, broken);
  expect(await host.libvirt.list()).toContainEqual({ guest, token: '2.7', state: 'running' });
  expect(await qemuPid()).toBe(pid);

  const again = host.events.length;
  expect(await host.libvirt.repair()).toMatchObject({ kind: 'succeeded' });
  await host.event({ kind: 'connected' }, again);
  expect(await qemuPid()).toBe(pid);
  await host.shell(`kill -9 ${pid}`);
  await host.event({ kind: 'stopped', guest, cause: 'died' }, again);
}, 30_000);

test('a libvirtd that hangs is no proof of anything: destroy kills QEMU and still does not claim that it is gone', async () => {
  await start('deaf');
  await host.shell('kill -STOP $(pidof libvirtd)');
  expect(await host.libvirt.destroy(guest)).toMatchObject({ kind: 'unknown' });
  expect(await host.libvirt.processes()).not.toContain(guest);
  await host.shell('kill -CONT $(pidof libvirtd)');
  expect(await host.libvirt.destroy(guest)).toMatchObject({ kind: 'succeeded' });
}, 40_000);

test('a name that virsh or a shell could read otherwise reaches neither', async () => {
  await start('deaf');
  for (const name of [
    `${guest}; destroy ${guest}`,
    `${guest}\ndestroy ${guest}`,
    `--all`,
    '1',
    '$(reboot)',
    `x' ${guest}`,
  ]) {
    expect(await host.libvirt.destroy(name), name).toMatchObject({ kind: 'failed' });
    expect(await host.libvirt.start(name, definitionOf('deaf'), '1.1'), name).toMatchObject({ kind: 'failed' });
  }
  expect(await host.libvirt.state(guest)).toBe('running');
  await host.libvirt.destroy(guest);
});
