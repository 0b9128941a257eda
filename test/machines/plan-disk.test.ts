import { describe, expect, test } from 'vitest';
import type { Disk, Inventory } from '../../machines/machine-facts.ts';
import { planDisk } from '../../machines/plan-disk.ts';
import { machineSchema } from '../../machines/spec.ts';

const MAC = '52:54:00:00:00:01';
const UUID = '11111111-2222-4333-8444-555555555555';
const disk = (device: string, more: Partial<Disk> = {}): Disk => ({
  device,
  serial: `serial-${device}`,
  wwn: null,
  bytes: 1_000,
  removable: false,
  blank: false,
  guid: null,
  signatures: ['gpt'],
  ...more,
});
const machine = (more: object = {}) => machineSchema.parse({ macs: [MAC], disk: { serial: 'serial-sda' }, ...more });
const has = (disks: Disk[], more: Partial<Inventory> = {}): Inventory => ({
  uuid: null,
  macs: [MAC],
  firmware: 'uefi',
  memoryMiB: 1,
  cpus: 1,
  disks,
  ...more,
});
const choose = (of: object, disks: Disk[], more: Partial<Inventory> = {}, bytes: number | null = null) =>
  planDisk(machine(of), has(disks, more), bytes);

describe('the disk that a reinstallation writes', () => {
  test('is the one that the cluster file names, by what it is and not by where it is', () => {
    expect(choose({}, [disk('sdb'), disk('sda')]).disk).toEqual({
      device: 'sda',
      serial: 'serial-sda',
      wwn: null,
      bytes: 1_000,
    });
    const wwn = { disk: { wwn: '0xABC' } };
    expect(choose(wwn, [disk('sdb'), disk('sdc', { serial: null, wwn: 'abc' })]).disk?.device).toBe('sdc');
    const both = { disk: { serial: 'serial-sda', wwn: '0xabc' } };
    expect(choose(both, [disk('sda', { wwn: '0xdef' })]).why).toMatch(/no disk with serial serial-sda, wwn 0xabc/);
  });

  test.each<[string, object, Disk[], Partial<Inventory>, number | null, RegExp]>([
    ['none matches', {}, [disk('sdb')], {}, null, /no disk with serial serial-sda/],
    ['two match', {}, [disk('sda'), disk('sdb', { serial: 'serial-sda' })], {}, null, /2 disks match/],
    ['it is too small', {}, [disk('sda')], {}, 1_001, /holds 1000 bytes, the image needs 1001/],
    ['it is removable', {}, [disk('sda', { removable: true })], {}, null, /removable/],
    ['a data disk is missing', { dataDisks: [{ serial: 'data' }] }, [disk('sda')], {}, null, /data disk serial data/],
    ['it is a data disk too', { dataDisks: [{ serial: 'serial-sda' }] }, [disk('sda')], {}, null, /and as a data disk/],
    ['another machine asks', {}, [disk('sda')], { macs: ['52:54:00:00:00:99'] }, null, /none of the host's MAC/],
    ['its UUID is another', { uuid: UUID }, [disk('sda')], { uuid: null }, null, /its UUID is unknown/],
    ['it booted otherwise', {}, [disk('sda')], { firmware: 'bios' }, null, /booted by bios/],
    ['a blank one is not permitted', {}, [disk('sdb', { blank: true, signatures: [] })], {}, null, /no disk with/],
    [
      'two are blank',
      { adoptBlank: true },
      ['b', 'c'].map((d) => disk(`sd${d}`, { blank: true })),
      {},
      null,
      /2 blank/,
    ],
    ['the blank one is signed', { adoptBlank: true }, [disk('sdb', { blank: true })], {}, null, /it holds gpt/],
  ])('is none where %s', (_why, of, disks, more, bytes, why) => {
    const chosen = choose(of, disks, more, bytes);
    expect(chosen.disk).toBeNull();
    expect(chosen.why).toMatch(why);
  });

  test('may be the only blank one in place of one that was replaced, and never a data disk', () => {
    const blank = disk('sdb', { blank: true, signatures: [] });
    const data = disk('sdc', { blank: true, signatures: [] });
    const of = { adoptBlank: true, dataDisks: [{ serial: 'serial-sdc' }] };
    expect(choose(of, [blank, data]).disk?.device).toBe('sdb');
    expect(choose(of, [data]).disk).toBeNull();
  });
});
