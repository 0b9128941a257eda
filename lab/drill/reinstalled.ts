/** Drills of bare machines: damaged each in its own way, and installed anew over the network without a person. */
import type { Stored } from '../../machines/entries.ts';
import type { LayoutName } from '../layout.ts';
import { type Drill, drill } from './drill.ts';
import type { Rig } from './rig.ts';

/** With everything in it: a start from the disk that is waited for, an installation, two boots without KVM. */
const WITHIN_MS = 600_000;
const RUNNING_MS = 60_000;
const BEATING_MS = 3_000;

interface Reinstalled {
  readonly about: string;
  /** Faults of a bare machine, in this order. */
  readonly damage: readonly string[];
  /** Default: b1. */
  readonly machines?: readonly string[];
  /** Default: metal. */
  readonly layout?: LayoutName;
  /** Default: ten minutes. */
  readonly withinMs?: number;
  /** Runs while it is installed, and must end by itself. */
  readonly meanwhile?: (rig: Rig, faultMs: number) => Promise<void>;
}

/** `held`: guests that it has when it is damaged; one may still be elsewhere from a drill before. */
type Seen = Awaited<ReturnType<Rig['machine']>> & { readonly held: ReadonlySet<string> };

/** Each machine ends in service, tested since its damage, with its guests started once and its data disk as it was. */
export function reinstalled({
  about,
  damage,
  machines = ['b1'],
  layout = 'metal',
  withinMs = WITHIN_MS,
  meanwhile,
}: Reinstalled): Drill {
  const before = new Map<string, Seen>();
  return drill({
    about,
    layout,
    machines,
    fault: async (rig) => {
      const { guests } = await rig.status();
      for (const name of machines) {
        const held = new Set(guests.filter(({ host }) => host === name).map((guest) => guest.name));
        before.set(name, { ...(await rig.machine(name)), held });
      }
      const moments = await Promise.all(
        machines.map(async (name) => {
          const [first, ...more] = damage;
          const atMs = await rig.fault(first!, name);
          for (const fault of more) await rig.fault(fault, name);
          return atMs;
        }),
      );
      return Math.min(...moments);
    },
    untouched: ['g1', 'g2', 'g3', 'g4'],
    afterwards: async (rig, faultMs) => {
      await meanwhile?.(rig, faultMs);
      for (const name of machines) {
        let from = 1;
        await rig.check(`${name} is installed anew, tested, and in service`, withinMs, async () => {
          const host = (await rig.status()).hosts.find((one) => one.name === name);
          // Just after the fault nobody has noticed yet: it counts once it was tested since.
          const log = await rig.log(from);
          const tested = log.some((stored) => isOf(stored, 'qualify.succeeded', name, faultMs));
          if (tested && host?.state === 'running') return true;
          if (!tested) from = log.at(-1)?.seq ?? from;
          return `${name} is ${host?.state}: ${host?.why}`;
        });
      }
      const guests = [...before.values()].flatMap((machine) => machine.guests);
      for (const { name, prefers } of guests.filter(({ elsewhere }) => !elsewhere))
        await rig.check(`${name}, which waits for ${prefers}, runs on it`, RUNNING_MS, () => runs(rig, name, prefers));
      // Alive: what it counts on its disk is compared below. Not before the others run: the machine is slow.
      for (const { name, prefers } of guests.filter(({ elsewhere }) => elsewhere)) {
        await rig.order({ kind: 'migrate', guest: name, to: prefers });
        await rig.check(`${name}, which ran elsewhere, is moved back to ${prefers}`, RUNNING_MS, () =>
          runs(rig, name, prefers),
        );
      }
      for (const name of machines) {
        const [was, is] = [before.get(name)!, await rig.machine(name)];
        rig.note(
          `the data disk of ${name} is what it was`,
          was.dataHash === is.dataHash ? [] : ['its hash has changed'],
        );
        const restarted = is.guests.filter(
          (guest, index) => guest.boots !== (was.guests[index]?.boots ?? 0) + (was.held.has(guest.name) ? 1 : 0),
        );
        rig.note(
          `each guest of ${name} was started once, no other, by what they count on their disks`,
          restarted.map((guest) => `${guest.name} has started ${guest.boots} times`),
        );
      }
      const others = (await rig.log(1)).filter(
        ({ entry }) =>
          entry.type === 'reinstall.armed' &&
          Date.parse(entry.time) > faultMs &&
          !machines.includes(entry.subject.slice('host/'.length)),
      );
      rig.note(
        'no other machine was installed',
        others.map(({ entry }) => `${entry.subject} was armed`),
      );
    },
  });
}

const isOf = ({ entry }: Stored, type: string, host: string, afterMs: number) =>
  entry.type === type && entry.subject === `host/${host}` && Date.parse(entry.time) > afterMs;

async function runs(rig: Rig, name: string, host: string): Promise<true | string> {
  const { guests } = await rig.status();
  const guest = guests.find((one) => one.name === name);
  if (guest?.state !== 'running' || guest.host !== host)
    return `${name} is ${guest?.state} on ${guest?.host}: ${guest?.why}`;
  const beats = async () => (await rig.machine(host)).guests.find((one) => one.name === name)?.beats ?? 0;
  const first = await beats();
  await new Promise((resolve) => setTimeout(resolve, BEATING_MS));
  return (await beats()) > first ? true : `${name} does not write`;
}
