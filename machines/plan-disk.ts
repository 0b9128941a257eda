/**
 * Which disk of a machine a reinstallation writes: the one that the cluster file names, by what does not move between
 * boots. Where there is any doubt none is chosen, and a sentence says why.
 */
import type { Disk, Inventory, Target } from './machine-facts.ts';
import { list } from './sentences.ts';
import type { DiskId, MachineSpec } from './spec.ts';

export type DiskChoice =
  | { readonly disk: Target; readonly why: string }
  | { readonly disk: null; readonly why: string };

/** WWNs are written with and without `0x`, and in either case. */
const plain = (wwn: string) => wwn.toLowerCase().replace(/^0x/, '');

/** True when everything that the cluster file says of the disk is so. */
export function sameDisk({ serial, wwn }: DiskId, disk: Pick<Disk, 'serial' | 'wwn'>): boolean {
  if (serial === undefined && wwn === undefined) return false;
  if (serial !== undefined && serial !== disk.serial) return false;
  return wwn === undefined || (disk.wwn !== null && plain(wwn) === plain(disk.wwn));
}

const say = ({ serial, wwn }: DiskId) => [serial && `serial ${serial}`, wwn && `wwn ${wwn}`].filter(Boolean).join(', ');

/** What is wrong with the machine itself; null when it is the one that is meant. */
export function wrongMachine(machine: MachineSpec, { uuid, macs, firmware }: Inventory): string | null {
  if (!macs.some((mac) => machine.macs.includes(mac)))
    return `it has none of the host's MAC addresses, but ${list(macs)}`;
  if (machine.uuid !== undefined && uuid?.toLowerCase() !== machine.uuid)
    return `its UUID is ${uuid ?? 'unknown'}, not ${machine.uuid}`;
  return firmware === machine.firmware
    ? null
    : `it booted by ${firmware}, and the cluster file says ${machine.firmware}`;
}

/** `bytes`: of the image on the disk; null when not known here, for the installer checks it again. */
export function planDisk(machine: MachineSpec, inventory: Inventory, bytes: number | null): DiskChoice {
  const none = (why: string): DiskChoice => ({ disk: null, why });
  const wrong = wrongMachine(machine, inventory);
  if (wrong !== null) return none(wrong);
  const { disks } = inventory;
  const data = machine.dataDisks.map((id) => ({ id, found: disks.filter((disk) => sameDisk(id, disk)) }));
  const missing = data.find(({ found }) => found.length !== 1);
  if (missing) {
    return none(
      missing.found.length === 0
        ? `its data disk ${say(missing.id)} is not there: it may be the one that would be written`
        : `${missing.found.length} disks match its data disk ${say(missing.id)}`,
    );
  }
  const isData = (disk: Disk) => data.some(({ found }) => found.includes(disk));
  const named = disks.filter((disk) => sameDisk(machine.disk, disk));
  if (named.length > 1) return none(`${named.length} disks match ${say(machine.disk)}`);
  if (named[0]) return fits(named[0], 'as the cluster file names it');
  if (!machine.adoptBlank) return none(`there is no disk with ${say(machine.disk)}`);
  const blank = disks.filter((disk) => disk.blank && !disk.removable && !isData(disk));
  if (blank.length !== 1)
    return none(`there is no disk with ${say(machine.disk)}, and ${blank.length} blank ones to take in its place`);
  const signatures = blank[0]!.signatures;
  // Blank at both ends and yet signed: somebody's, so not ours to take.
  if (signatures.length > 0) return none(`${blank[0]!.device} would be taken, but it holds ${list(signatures)}`);
  return fits(blank[0]!, `the only blank disk, in place of ${say(machine.disk)}`);

  function fits(disk: Disk, why: string): DiskChoice {
    const { device, serial, wwn } = disk;
    if (isData(disk)) return none(`${device} is named as the disk to write and as a data disk`);
    if (disk.removable) return none(`${device} is removable`);
    // A disk with neither could be any other at the next look.
    if (serial === null && wwn === null) return none(`${device} has neither serial nor WWN`);
    if (bytes !== null && disk.bytes < bytes)
      return none(`${device} holds ${disk.bytes} bytes, the image needs ${bytes}`);
    return { disk: { device, serial, wwn, bytes: disk.bytes }, why };
  }
}
