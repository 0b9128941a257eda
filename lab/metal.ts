/** What the cluster file of the lab says of its bare machines, and the key that makes an image the lab's. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createUser, fromSeed } from '@nats-io/nkeys';
import { addressesOf, cache, type LabNode } from './layout.ts';
import { NBD, TINY_MEMORY_MIB, tinyDefinition, tinyGuestsOf } from './tiny-guest.ts';

/** At the switch, where the disks of tiny guests are served. */
export const STORE = '10.77.0.1';
export const IMAGE = 'host';

/** What a start from its disk takes until the host is in service again, and some more: it has no KVM. */
const REJOIN_WITHIN_MS = 75_000;
/** Several at once share two cores, and each has this many times as long. */
const patience = (machines: number) => (machines > 1 ? 4 : 1);

/** Kept with the images it has signed. */
const imageSeed = join(cache, 'image-key.nk');

export function imageKey(): { readonly seedFile: string; readonly publicKey: string } {
  if (!existsSync(imageSeed)) writeFileSync(imageSeed, `${Buffer.from(createUser().getSeed())}\n`, { mode: 0o600 });
  const pair = fromSeed(Buffer.from(readFileSync(imageSeed, 'utf8').trim()));
  return { seedFile: imageSeed, publicKey: pair.getPublicKey() };
}

/** To be merged into the cluster file; `power`: how its BMC is reached. */
export const machineHost = (node: LabNode, power: object) => ({
  ...addressesOf(node),
  capacity: { memoryMiB: 256, vcpus: 2 },
  storage: [NBD],
  power: [power],
  watchdog: { kind: 'none' },
  machine: {
    macs: [node.machine?.macs.control],
    uuid: node.machine?.uuid,
    firmware: node.machine?.firmware,
    bootOrder: 'disk-first',
    disk: { serial: node.machine?.disk },
    dataDisks: [{ serial: node.machine?.dataDisk }],
    adoptBlank: true,
  },
});

export const tinyGuests = (machines: readonly LabNode[]) =>
  tinyGuestsOf(machines).map(({ name, prefers, elsewhere }) => [
    name,
    {
      definition: `guests/${name}.xml`,
      resources: { memoryMiB: TINY_MEMORY_MIB, vcpus: 1 },
      storage: [NBD],
      prefers,
      // Until there is something to run them on.
      desired: 'stopped',
      ...(elsewhere ? {} : { hosts: [prefers] }),
    },
  ]);
export const tinyFiles = (machines: readonly LabNode[]) =>
  tinyGuestsOf(machines).map((guest) => [`${guest.name}.xml`, tinyDefinition(guest, STORE)] as const);

/** One start from the disk that fails is enough: then it is installed anew. The next damage begins with such a start again. */
export const metalLadder = (machines: number) => ({
  powerCycle: { tries: 1, withinMs: REJOIN_WITHIN_MS * patience(machines) + 25_000, backoffMs: 1_000 },
  rejoinWithinMs: REJOIN_WITHIN_MS * patience(machines),
  reinstall: 'allowed',
});

export const provisioning = (machines: number) => ({
  network: '10.78.0.0/24',
  image: IMAGE,
  imageKeys: { lab: imageKey().publicKey },
  announceMs: 0,
  atOnce: machines,
  perDay: 20,
  // As many runs in one lab: a host that was installed so often within a day is a person's concern.
  tries: 10,
  bootWithinMs: 90_000 * patience(machines),
  stallMs: 20_000 * patience(machines),
  firstBootWithinMs: 180_000 * patience(machines),
});
