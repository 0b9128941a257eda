/** Counts fences and resets, and which of them hit a host that nothing was wrong with. */
import type { WorldEvent } from '../simulation.ts';

export interface Fences {
  hear(event: WorldEvent): void;
  /** Something is really wrong with these hosts from now on. */
  fallIll(hosts: readonly string[]): void;
  getWell(hosts: readonly string[]): void;
  isIll(host: string): boolean;
  /** What is done to hosts from now on was a person's wish. */
  excuse(hosts: readonly string[], forMs: number): void;
  result(): { readonly fences: number; readonly resets: number; readonly falseFences: readonly string[] };
}

/** What an illness leads to may come so long after it. */
const AFTERMATH_MS = 180_000;

export function createFences(nowMs: () => number): Fences {
  const illnesses = new Map<string, number>();
  const excusedUntilMs = new Map<string, number>();
  const falseFences: string[] = [];
  let [fences, resets] = [0, 0];

  const isIll = (host: string) => (illnesses.get(host) ?? 0) > 0;
  const count = (hosts: readonly string[], by: number) => {
    for (const host of hosts) illnesses.set(host, (illnesses.get(host) ?? 0) + by);
  };
  const excuse = (hosts: readonly string[], forMs: number) => {
    for (const host of hosts) excusedUntilMs.set(host, nowMs() + forMs);
  };

  return {
    isIll,
    excuse,
    fallIll: (hosts) => count(hosts, 1),
    getWell(hosts) {
      count(hosts, -1);
      excuse(hosts, AFTERMATH_MS);
    },
    hear(event) {
      // Registered or cleared while nothing is wrong with it: from here on there is no reason left to fence it.
      const back = hostBack(event);
      if (back !== null && !isIll(back)) excusedUntilMs.delete(back);
      const host = hostFenced(event) ?? hostReset(event);
      if (host === null) return;
      if (event.kind === 'entry') fences += 1;
      else resets += 1;
      if (!isIll(host) && nowMs() > (excusedUntilMs.get(host) ?? -1)) falseFences.push(host);
    },
    result: () => ({ fences, resets, falseFences }),
  };
}

function hostBack(event: WorldEvent): string | null {
  if (event.kind !== 'entry') return null;
  const { type, subject } = event.stored.entry;
  return type === 'host.joined' || type === 'host.cleared' ? subject.slice('host/'.length) : null;
}

function hostFenced(event: WorldEvent): string | null {
  if (event.kind !== 'entry' || event.stored.entry.type !== 'fence.proven') return null;
  return event.stored.entry.subject.slice('host/'.length);
}

const hostReset = (event: WorldEvent) =>
  event.kind === 'power' && event.why === 'reset by its watchdog' ? event.host : null;
