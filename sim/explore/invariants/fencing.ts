/** 16: a life that is proven stopped writes no more. 17: storm brake and the voters' majority limit our own fencing. */

import { STORM_MS, stormLimit } from '../../../machines/brake.ts';
import type { Stored } from '../../../machines/entries.ts';
import { majorityOf } from '../../../services/majority.ts';
import type { Invariant, Scene } from './invariant.ts';

export function watchFencing({ spec, simulation, hosts, writersOn, violated }: Scene): Invariant {
  /** Highest life of each host that was ever proven stopped; a log that forgets the proof makes it no less true. */
  const proven = new Map<string, number>();
  /**
   * The log's time after each entry, at its sequence, counted as the fold counts it. An entry that waited for a stalled
   * log, or was lost and stored again, tells of a moment long before it stands there.
   */
  const times = [{ wallMs: 0, nowMs: 0 }];
  const timeOf = ({ seq, entry }: Stored): number => {
    const before = times[seq - 1] ?? times.at(-1)!;
    const wallMs = Date.parse(entry.time);
    const nowMs = before.nowMs + Math.max(0, wallMs - before.wallMs);
    times[seq] = { wallMs, nowMs };
    return nowMs;
  };
  /** Since when each host has been silent, by the log; gone when it is heard again. */
  const silentSince = new Map<string, number>();
  /** Hosts out of service by our own fencing, and whether a person asked for it. */
  const fenced = new Map<string, { automatic: boolean }>();
  const ordered = new Set<string>();
  /** Hosts that were silent when a person released the brake: until they are back they count no more (machines/brake.ts). */
  const waived = new Set<string>();
  const inMaintenance = new Set<string>();
  /** Entries by which spares were. */
  const givenBack = new Set<string>();

  const check = (host: string) => {
    const counter = simulation.nodes[host]!.memory.incarnation()?.counter ?? -1;
    if (counter > (proven.get(host) ?? -1) || writersOn(host).size === 0) return;
    violated(16, `${[...writersOn(host)].join(', ')} can write on ${host} in life ${counter}, which is proven stopped`);
  };

  const isBack = (host: string, counter: number) => {
    if (counter <= (proven.get(host) ?? -1)) return;
    silentSince.delete(host);
    waived.delete(host);
    fenced.delete(host);
    ordered.delete(host);
  };

  const countVictims = (nowMs: number) => {
    const spare = spec.voters.length - majorityOf(spec.voters.length);
    const lost = spec.voters.filter((voter) => fenced.has(voter));
    if (lost.length > spare) violated(17, `our own fencing took ${lost.join(', ')}: the voters have no majority left`);
    const victims = [...fenced]
      .filter(
        ([host, { automatic }]) =>
          automatic && !waived.has(host) && (silentSince.get(host) ?? Number.NEGATIVE_INFINITY) > nowMs - STORM_MS,
      )
      .map(([host]) => host);
    if (victims.length > stormLimit(hosts.length))
      violated(17, `${victims.join(', ')} fell silent within a minute and were all fenced, brake or no brake`);
  };

  return {
    event(event) {
      if (event.kind === 'writer' && event.on) return check(event.host);
      if (event.kind === 'rollback') {
        // What the log forgets, the engine may do again.
        silentSince.clear();
        fenced.clear();
        return;
      }
      if (event.kind !== 'entry') return;
      const { entry } = event.stored;
      const nowMs = timeOf(event.stored);
      const host = entry.subject.slice('host/'.length);
      switch (entry.type) {
        case 'host.suspected':
          silentSince.set(host, nowMs);
          return;
        case 'host.cleared':
          silentSince.delete(host);
          waived.delete(host);
          return;
        case 'host.joined':
        case 'host.surveyed':
          return isBack(host, entry.data.incarnation.counter);
        case 'leases.reported':
          for (const [back, life] of Object.entries(entry.data.lives)) isBack(back, life);
          return;
        case 'fence.requested':
          ordered.add(host);
          return;
        case 'maintenance.started':
          inMaintenance.add(host);
          return;
        case 'maintenance.ended':
          // A spare that a person kept free and gives back is missed by nobody, also when the log is told so again.
          if (inMaintenance.delete(host) && spec.hosts[host]?.spare && fenced.has(host)) givenBack.add(entry.id);
          if (givenBack.has(entry.id)) {
            fenced.delete(host);
            silentSince.delete(host);
          }
          return;
        case 'brake.released':
          if (entry.cause === 'operator') for (const silent of silentSince.keys()) waived.add(silent);
          return;
        case 'fence.proven': {
          const { counter, proof } = entry.data;
          if (proof.kind === 'R5') return;
          proven.set(host, Math.max(counter, proven.get(host) ?? -1));
          fenced.set(host, { automatic: !ordered.has(host) });
          check(host);
          countVictims(nowMs);
        }
      }
    },
    tick() {
      for (const host of proven.keys()) check(host);
    },
  };
}
