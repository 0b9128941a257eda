/** What befell guests, and hosts that live: crashes, hangs, starts and stops that failed, libvirt in trouble. */
import type { EntryOf, EntryType } from '../../machines/entries.ts';
import { duration, nameOf } from '../../machines/sentences.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { get } from '../../machines/table.ts';
import type { Fault } from '../faults.ts';
import type { Found, Happening, Incident, Step } from './script.ts';

/** From the end of a process to the entry that tells of it: libvirt's event, the report, the append. */
const TOLD_AFTER_MS = 20;
/** A crash this soon after its start belongs to the start: the guest would have crashed wherever it was started then. */
export const CRASH_LOOP_MS = 30_000;
/** Of a trouble whose end the log does not tell. */
const UNTOLD_MS = 60_000;
/** Of one that was repaired: nobody saw how long it would have lasted. */
const UNREPAIRED_MS = 600_000;
/** How far a rehearsed try may be from the one in the log. */
const SLACK_MS = 2_000;
/** How the agent refuses what is over (services/agent/commands.ts), and what is said of a host that is gone: no trouble of its own. */
const CONSEQUENCE =
  /no lease|lease of this host|is used up|this is life|epoch \d+ is over|under a later grant|no answer from|nobody serves|timeout/;

export function guestTroubles(steps: readonly Step[], spec: ClusterSpec): Found {
  const happenings: Happening[] = [];
  const incidents: Incident[] = [];
  const assumed: string[] = [];
  const leftOut = new Map<string, number>();
  const happens = (atMs: number, what: string, entry: string, fault: Fault) =>
    happenings.push({ atMs, spreadMs: 0, what, entry, fault });
  const befalls = (guest: string, atMs: number, what: string) =>
    incidents.push({ atMs, spreadMs: 0, subject: `guest/${guest}`, what });
  const at = new Map(steps.map(({ stored, atMs }) => [stored.entry.id, atMs]));
  const bySeq = new Map(steps.map(({ stored, atMs }) => [stored.seq, atMs]));
  /** When the first of `types` follows for which `matches`; null when none does. */
  const next = <T extends EntryType>(from: number, types: readonly T[], matches: (entry: EntryOf<T>) => boolean) =>
    steps
      .slice(from + 1)
      .find(({ stored: { entry } }) => types.includes(entry.type as T) && matches(entry as EntryOf<T>))?.atMs ?? null;

  const starts = steps.flatMap(({ stored: { entry } }) =>
    entry.type === 'start.succeeded' ? [{ host: entry.data.host, grantedMs: at.get(entry.data.token) ?? 0 }] : [],
  );
  const loops = crashLoops(steps);
  for (const [i, { stored, atMs }] of steps.entries()) {
    const { entry } = stored;
    const name = nameOf(entry.subject);
    const { id } = entry;
    switch (entry.type) {
      case 'guest.crashed': {
        const loop = loops.get(id);
        if (loop === 'follows') break;
        befalls(name, atMs - TOLD_AFTER_MS, `${name} crashes${loop ? ' again and again' : ''}`);
        if (loop) {
          assumed.push(
            `${name} crashed again and again after its starts (from entry ${id}): it would do so on any host`,
          );
          happens(atMs - TOLD_AFTER_MS, `${name} crashes, and again after its next ${loop.times} starts`, id, {
            kind: 'crash-loop',
            guest: name,
            times: loop.times,
          });
        } else {
          const kind = entry.data.cause === 'panicked' ? 'guest-panic' : 'kill-guest';
          happens(atMs - TOLD_AFTER_MS, `${name} ${kind === 'kill-guest' ? 'ends' : 'panics'}`, id, {
            kind,
            guest: name,
          });
        }
        break;
      }
      case 'guest.hung': {
        const { host, token, probe } = entry.data;
        const endMs =
          next(i, ['guest.healthy', 'start.succeeded'], (later) => later.subject === entry.subject) ?? atMs + UNTOLD_MS;
        befalls(name, atMs - hungForMs(probe, name, spec), `${name} hangs`);
        if (probe === 'io-error') {
          happens(atMs - TOLD_AFTER_MS, `${host} loses its storage`, id, {
            kind: 'storage-loss',
            node: host,
            forMs: Math.max(1, endMs - atMs),
          });
          break;
        }
        const healthyMs = next(
          i,
          ['guest.healthy'],
          (later) => later.subject === entry.subject && later.data.token === token,
        );
        const fromMs = atMs - hungForMs(probe, name, spec);
        happens(fromMs, `${name} hangs`, id, {
          kind: 'guest-hang',
          guest: name,
          ...(healthyMs !== null && { forMs: healthyMs - fromMs }),
        });
        break;
      }
      case 'host.degraded': {
        if (entry.data.what !== 'libvirt') {
          count(leftOut, entry.type);
          break;
        }
        const here = (later: { readonly subject: string }) => later.subject === entry.subject;
        const endMs = next(i, ['host.restored'], here) ?? atMs + UNTOLD_MS;
        const repairedMs = next(i, ['repair.succeeded'], here);
        const repaired = repairedMs !== null && repairedMs <= endMs;
        const forMs = repaired ? UNREPAIRED_MS : endMs - atMs;
        if (repaired)
          assumed.push(
            `libvirt on ${name} (entry ${id}) would have been away for ${duration(forMs)} without its restart`,
          );
        happens(
          atMs - TOLD_AFTER_MS,
          `libvirt on ${name} is away${repaired ? ' until restarted' : ` for ${duration(forMs)}`}`,
          id,
          {
            kind: 'libvirt',
            node: name,
            mode: 'down',
            forMs,
          },
        );
        break;
      }
      case 'start.failed':
      case 'start.unknown': {
        if (CONSEQUENCE.test(entry.data.reason)) break;
        const { host, token } = entry.data;
        // It must meet a try that comes a little sooner or later than in the log, and none that went well there.
        const wellMs = starts.filter((start) => start.host === host).map((start) => start.grantedMs);
        const grantedMs = at.get(token) ?? atMs;
        const fromMs = Math.max(grantedMs - SLACK_MS, ...wellMs.filter((ms) => ms < grantedMs).map((ms) => ms + 1));
        const toMs = Math.min(atMs + SLACK_MS, ...wellMs.filter((ms) => ms > grantedMs).map((ms) => ms - 1));
        const mode = entry.type === 'start.failed' ? 'fail' : 'unknown';
        happens(fromMs, `starts on ${host} ${mode === 'fail' ? 'fail' : 'go unanswered'}`, id, {
          kind: 'starts',
          node: host,
          mode,
          forMs: Math.max(1, toMs - fromMs),
        });
        break;
      }
      case 'stop.failed':
      case 'stop.unknown': {
        if (CONSEQUENCE.test(entry.data.reason)) break;
        const askedMs = bySeq.get(Number(entry.data.intent.split('@')[1])) ?? atMs;
        happens(askedMs - 1, `guests on ${entry.data.host} cannot be stopped`, id, {
          kind: 'stuck-guests',
          node: entry.data.host,
          forMs: atMs - askedMs + 1,
        });
        break;
      }
      case 'guest.paused':
      case 'migration.failed':
      case 'migration.unknown':
      case 'repair.failed':
      case 'repair.unknown':
      case 'log.loss-detected':
      case 'log.fork-detected':
        count(leftOut, entry.type);
        break;
      default:
        break;
    }
  }
  return {
    happenings,
    incidents,
    assumed,
    leftOut: [...leftOut].map(([type, times]) => `${type}, ${times === 1 ? 'once' : `${times} times`}`),
  };
}

type Loop = 'follows' | { readonly times: number };

/** Entry of a crash to what it is part of: the first of a loop carries how many follow. */
function crashLoops(steps: readonly Step[]): Map<string, Loop> {
  const loops = new Map<string, Loop>();
  const first = new Map<string, { readonly id: string; times: number }>();
  const startedMs = new Map<string, number>();
  for (const { stored, atMs } of steps) {
    const { entry } = stored;
    if (entry.type === 'start.succeeded') startedMs.set(entry.subject, atMs);
    if (entry.type !== 'guest.crashed') continue;
    const loop = first.get(entry.subject);
    const since = startedMs.get(entry.subject);
    if (loop && since !== undefined && atMs - since < CRASH_LOOP_MS) {
      loop.times += 1;
      loops.set(loop.id, { times: loop.times });
      loops.set(entry.id, 'follows');
    } else first.set(entry.subject, { id: entry.id, times: 0 });
  }
  return loops;
}

/** How long a hang lasts before it is told: so many probes missed, one every so often (services/agent/health.ts). */
function hungForMs(probe: EntryOf<'guest.hung'>['data']['probe'], guest: string, spec: ClusterSpec): number {
  if (probe === 'io-error') return TOLD_AFTER_MS;
  if (probe === 'qemu') return 3 * 2_000;
  const known = get(spec.guests, guest)?.probes.find(({ kind }) => kind === probe);
  return known ? known.everyMs * known.misses : TOLD_AFTER_MS;
}

const count = (table: Map<string, number>, type: string) => table.set(type, (table.get(type) ?? 0) + 1);
