/** What only the real libvirt and QEMU can show; the rest is the contract of every hypervisor (test/contract/). */
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

test('a prestaged guest is defined, not started, and not started at boot either', async () => {
  expect(await host.libvirt.define(guest, definitionOf('deaf'))).toMatchObject({ kind: 'succeeded' });
  expect(await host.libvirt.state(guest)).toBe('gone');
  expect(await host.shell(`virsh -q dominfo ${guest}`)).toMatch(/Autostart:\s+disable/);
});

test('a memory image saved earlier is not woken up beside a disk that has moved on', async () => {
  await start('deaf', '1.1');
  await host.shell(`virsh -q managedsave ${guest}`);
  await start('deaf', '1.2');
  expect(host.events.slice(since)).not.toContainEqual(expect.objectContaining({ guest, detail: 'Started Restored' }));
  await host.libvirt.destroy(guest);
});

test('a QEMU ended by a signal from outside did not shut down: it died', async () => {
  await start('deaf');
  await host.shell(`kill -TERM ${await qemuPid()}`);
  await host.event({ kind: 'stopped', guest, cause: 'died' }, since);
});

test('a resume by somebody else is told', async () => {
  await start('deaf');
  await host.libvirt.pause(guest);
  const paused = host.events.length;
  await host.shell(`virsh -q resume ${guest}`);
  await host.event({ kind: 'resumed', guest }, paused);
  await host.libvirt.destroy(guest);
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
  const address = '10.0.0.1/system?command=reboot';
  expect(await host.libvirt.migrate(guest, address, 1_000)).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('not an address'),
  });
  expect(await host.libvirt.state(guest)).toBe('running');
  await host.libvirt.destroy(guest);
});
