/** Lines of `virsh event`, as libvirt 9.0 and 11 print them, and what they mean. The rest is seen live in guests.test.ts. */
import { expect, test } from 'vitest';
import { createEventParser } from '../../adapters/libvirt/event-line.ts';

const at = '2026-11-22 15:21:21.915+0000:';
const read = (...lines: string[]) => {
  const parse = createEventParser();
  return lines.map(parse).filter((event) => event !== null);
};

test('a migration is told once on either side, and the hand-over is no pause', () => {
  expect(
    read(
      `${at} event 'lifecycle' for domain 'g1': Suspended Migrated`,
      `${at} event 'lifecycle' for domain 'g1': Stopped Migrated`,
    ),
  ).toEqual([{ kind: 'stopped', guest: 'g1', cause: 'migrated', detail: 'libvirt: Stopped Migrated' }]);
  expect(
    read(
      `${at} event 'lifecycle' for domain 'g1': Started Migrated`,
      `${at} event 'lifecycle' for domain 'g1': Resumed Migrated`,
    ),
  ).toEqual([{ kind: 'migrated-in', guest: 'g1', detail: 'Resumed Migrated' }]);
});

test('the reason of an I/O error is carried over to its event', () => {
  const lines = [
    `${at} event 'io-error' for domain 'g1': /images/g1.raw (virtio-disk0) pause`,
    `${at} event 'io-error-reason' for domain 'g1': /images/g1.raw (virtio-disk0) pause due to enospc`,
    `${at} event 'lifecycle' for domain 'g1': Suspended I/O Error`,
  ];
  expect(read(...lines)).toEqual([
    { kind: 'io-error', guest: 'g1', detail: '/images/g1.raw (virtio-disk0) pause due to enospc' },
  ]);
});

test('names without quotes, events of several lines and those of no concern are read too', () => {
  expect(read(`${at} event 'lifecycle' for domain g1: Started Booted`)).toMatchObject([
    { kind: 'started', guest: 'g1' },
  ]);
  expect(
    read(
      `${at} event 'job-completed' for domain 'g1':`,
      '\toperation: 2',
      '',
      `${at} event 'reboot' for domain 'g1'`,
      'events received: 2',
    ),
  ).toEqual([]);
  expect(read(`${at} event 'lifecycle' for domain 'it's mine': Stopped Failed`)).toMatchObject([
    { guest: "it's mine", cause: 'died' },
  ]);
});

test('a line that cannot be read is said to be unreadable, never skipped', () => {
  expect(read('Segmentation fault')).toEqual(['unreadable']);
  expect(read(`${at} event 'lifecycle' for domain 'g1': Stopped Beyond knowledge`)).toEqual(['unreadable']);
});
