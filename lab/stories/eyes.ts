/** What is true in the lab at this moment, and how one look differs from the last. */
import { readFileSync } from 'node:fs';
import type { LabStatus } from '../client.ts';

export interface Seen {
  readonly guest: string;
  readonly host: string;
  readonly pid: number;
  /** As libvirt has it. */
  readonly state: 'running' | 'paused';
  /** It can write its disk: libvirt has it running, and nobody has stopped its process. */
  readonly writes: boolean;
  readonly incoming: boolean;
}

export type Change =
  | { readonly kind: 'writer'; readonly guest: string; readonly host: string; readonly on: boolean }
  | { readonly kind: 'power'; readonly host: string; readonly on: boolean; readonly why: string }
  | { readonly kind: 'started'; readonly guest: string; readonly host: string };

/** Looks for which a guest that moves may be between its two ends before it counts as standing still. */
const HANDOVER_LOOKS = 20;

/** `domainState`: as libvirt keeps it on that host for that guest; null when it has none. */
export function seenIn(status: LabStatus, domainState = readDomainState): Seen[] {
  const inits = new Map(status.nodes.map(({ name, init }) => [name, init]));
  return status.guests.flatMap(({ instances }) =>
    instances.map(({ guest, host, pid, stopped, incoming }) => {
      const state = domainState(inits.get(host) ?? null, guest) === 'running' ? 'running' : 'paused';
      return { guest, host, pid, state, writes: state === 'running' && !stopped, incoming } as const;
    }),
  );
}

/** The file in which libvirtd keeps a domain's state: written at every change, and read without asking anybody. */
function readDomainState(init: number | null, guest: string): string | null {
  try {
    const kept = readFileSync(`/proc/${init}/root/run/libvirt/qemu/${guest}.xml`, 'utf8');
    return /<domstatus state='(\w+)'/.exec(kept)?.[1] ?? null;
  } catch {
    return null;
  }
}

export type Eyes = ReturnType<typeof createEyes>;

export function createEyes() {
  let before: readonly Seen[] = [];
  let power = new Map<string, boolean>();
  let resets = new Map<string, number>();
  /** Who can write, by guest and host; what a look says may be held against it for a while. */
  const writers = new Map<string, Seen>();
  const handover = new Map<string, number>();
  const key = ({ guest, host }: Pick<Seen, 'guest' | 'host'>) => `${guest} ${host}`;

  return {
    instances: () => before,
    writers: (guest: string) => [...writers.values()].filter((one) => one.guest === guest).map(({ host }) => host),

    /** What has changed, what ended before what began: two looks at a moved guest never show it twice. */
    look(status: LabStatus, seen: readonly Seen[]): Change[] {
      const ended: Change[] = [];
      const begun: Change[] = [];
      for (const { guest, host, pid, incoming } of seen)
        if (!incoming && !before.some((one) => one.pid === pid)) begun.push({ kind: 'started', guest, host });

      for (const [place, writer] of [...writers]) {
        const now = seen.find((one) => one.pid === writer.pid);
        if (now?.writes) continue;
        const { guest, host } = writer;
        // On its way to another host, its disk is handed over: neither end may be seen to have it for a moment.
        const target = seen.find((one) => one.guest === guest && one.incoming && one.host !== host);
        const looks = (handover.get(guest) ?? 0) + 1;
        if (target !== undefined && !target.writes && looks < HANDOVER_LOOKS) {
          handover.set(guest, looks);
          continue;
        }
        handover.delete(guest);
        writers.delete(place);
        ended.push({ kind: 'writer', guest, host, on: false });
      }
      for (const one of seen) {
        const { guest, host } = one;
        // An instance that took the place of another between two looks: first the one is seen to be gone, later this.
        const replaces = ended.some((change) => change.kind === 'writer' && key(change) === key(one));
        if (!one.writes || writers.has(key(one)) || replaces) continue;
        writers.set(key(one), one);
        begun.push({ kind: 'writer', guest, host, on: true });
      }
      for (const { name, power: is, why, resets: times } of status.nodes) {
        // A reset is shorter than a look.
        if (times > (resets.get(name) ?? times)) {
          ended.push({ kind: 'power', host: name, on: false, why: 'its watchdog was not petted' });
          if (is === 'on') begun.push({ kind: 'power', host: name, on: true, why });
        } else if ((power.get(name) ?? true) !== (is === 'on'))
          (is === 'on' ? begun : ended).push({ kind: 'power', host: name, on: is === 'on', why });
      }
      resets = new Map(status.nodes.map(({ name, resets: times }) => [name, times]));
      power = new Map(status.nodes.map(({ name, power: is }) => [name, is === 'on']));
      before = seen;
      return [...ended, ...begun];
    },
  };
}
