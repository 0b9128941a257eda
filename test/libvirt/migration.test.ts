/** Live migration between two real libvirts, and what is claimed when it goes wrong. */
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { installHook } from '../../adapters/libvirt/hook.ts';
import { createStartGuard } from '../../adapters/libvirt/start-guard.ts';
import { domainXml, makeDisk } from './guests.ts';
import { connect, startHost, type TestHost } from './host.ts';

let a: TestHost;
let b: TestHost;
let cable: Awaited<ReturnType<typeof connect>>;
const B = '10.99.0.2';

beforeAll(async () => {
  a = await startHost(1);
  b = await startHost(2, (directory) => {
    installHook({ hooksDir: join(directory, 'etc', 'hooks'), runDir: join(directory, 'run') });
    // Two guests of the cluster; the target expects g1 only.
    const guard = createStartGuard({ runDir: join(directory, 'run'), guests: ['g1', 'g2'] });
    guard.setLeaseEnd(Number.MAX_SAFE_INTEGER);
    guard.allow('g1', '1.1');
  });
  cable = await connect(a, '10.99.0.1', b, B);
  await Promise.all([a.follow(), b.follow()]);
}, 60_000);
afterAll(() => Promise.all([a.down(), b.down()]));

let since: { a: number; b: number };
beforeEach(() => {
  since = { a: a.events.length, b: b.events.length };
});
const start = async (guest: string) => {
  const disk = join(a.directory, `${guest}.raw`);
  makeDisk(disk, 'dirties');
  expect(await a.libvirt.start(guest, domainXml(guest, disk), '1.1')).toMatchObject({ kind: 'succeeded' });
  // The firmware has read the boot sector: the guest itself runs now.
  await expect.poll(() => a.shell(`virsh -q domblkstat ${guest} vda`), { timeout: 10_000 }).toMatch(/rd_bytes [1-9]/);
};
/** At 1 MiB/s this guest changes its memory faster than it can be sent: the migration lasts until somebody ends it. */
const endless = (guest: string) => a.shell(`virsh -q migrate-setspeed ${guest} 1`);
const underWay = (guest: string) =>
  expect.poll(() => a.shell(`virsh -q domjobinfo ${guest}`), { timeout: 10_000 }).toMatch(/Data processed/);

test('a guest moves alive, with its token, and both ends say so', async () => {
  await start('g1');
  expect(await a.libvirt.migrate('g1', B, 20_000)).toMatchObject({ kind: 'succeeded' });
  expect(await a.libvirt.state('g1')).toBe('gone');
  expect(await a.libvirt.processes()).toEqual([]);
  expect(await b.libvirt.list()).toEqual([{ guest: 'g1', token: '1.1', state: 'running' }]);
  await a.event({ kind: 'stopped', guest: 'g1', cause: 'migrated' }, since.a);
  await b.event({ kind: 'migrated-in', guest: 'g1' }, since.b);
  expect(a.events.slice(since.a)).not.toContainEqual(expect.objectContaining({ kind: 'paused' }));
  await b.libvirt.destroy('g1');
});

test('a target that does not expect the guest refuses it, and it stays', async () => {
  await start('g2');
  expect(await a.libvirt.migrate('g2', B, 20_000)).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('g2 has no grant'),
  });
  expect(await a.libvirt.state('g2')).toBe('running');
  await a.libvirt.destroy('g2');
});

test('an aborted migration leaves the guest where it was', async () => {
  await start('g1');
  await endless('g1');
  const moving = a.libvirt.migrate('g1', B, 20_000);
  await underWay('g1');
  expect(await a.libvirt.abortMigration('g1')).toMatchObject({ kind: 'succeeded' });
  expect(await moving).toMatchObject({ kind: 'failed' });
  expect(await a.libvirt.state('g1')).toBe('running');
  expect(await b.libvirt.state('g1')).toBe('gone');
  await a.libvirt.destroy('g1');
});

test('a migration that takes too long is called off, and the guest stays', async () => {
  await start('g1');
  await endless('g1');
  expect(await a.libvirt.migrate('g1', B, 1_000)).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('1000 ms'),
  });
  expect(await a.libvirt.state('g1')).toBe('running');
  await a.libvirt.destroy('g1');
});

test('the target cut in the middle: the guest runs on here, and only what was seen of the target is claimed', async () => {
  await start('g1');
  await endless('g1');
  const moving = a.libvirt.migrate('g1', B, 30_000);
  await underWay('g1');
  await cable.cut();
  // The target cannot be asked, so it is not said that nothing of the guest is there.
  expect(await moving).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('here running') });
  expect(await a.libvirt.state('g1')).toBe('running');
  await cable.mend();
  await expect.poll(() => b.libvirt.state('g1'), { timeout: 10_000 }).toBe('gone');
  expect(await a.libvirt.abortMigration('g1')).toMatchObject({ kind: 'succeeded' });
  await a.libvirt.destroy('g1');
}, 60_000);

test('a frozen target ends in an answer, and the answer is unknown', async () => {
  await start('g1');
  await b.shell('kill -STOP $(pidof libvirtd)');
  expect(await a.libvirt.migrate('g1', B, 2_000)).toMatchObject({ kind: 'unknown' });
  expect(await a.libvirt.state('g1')).toBe('running');
  await b.shell('kill -CONT $(pidof libvirtd)');
  // Why it had to be unknown: once thawed, libvirt may finish what nobody waits for any more. One end has it, never both.
  const ends = async () => [await a.libvirt.state('g1'), await b.libvirt.state('g1')].sort();
  await expect.poll(ends, { timeout: 15_000 }).toEqual(['gone', 'running']);
}, 40_000);

test('an address that is not one goes nowhere', async () => {
  expect(await a.libvirt.migrate('g1', '10.0.0.1/system?command=reboot', 1_000)).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('not an address'),
  });
});
