/** When hosts could not be heard, from what the log says of it: since when, until when, and what it must have been. */
import type { EntryOf } from '../../machines/entries.ts';
import { SETTLE_MS } from '../../machines/host.ts';
import { duration, list, nameOf } from '../../machines/sentences.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { MODEL } from '../model.ts';
import type { Model } from '../simulation.ts';
import type { Found, Happening, Incident, Step } from './script.ts';

interface Silence {
  readonly fromMs: number;
  readonly entry: string;
  /** Null: nobody heard it. Else a part of the network only was gone, and these are who did not hear. */
  readonly unheardBy: readonly string[] | null;
  /** Its nats-server went on greeting, which is why it was waited for longer (services/controller/greetings.ts). */
  readonly greeted: boolean;
}

/** What is known of one host while the log is read. */
interface Track {
  bootId: string | null;
  /** Its latest sign of life. */
  voiceMs: number;
  /** A silence that has not ended yet. */
  open: Silence | null;
  /** When it was proven stopped since it last registered, and whether Rekindle has switched it on again. */
  fencedMs: number | null;
  switchedOn: boolean;
}

/** A report of paused guests comes within this long of the end of the silence that it speaks of. */
const SAME_SILENCE_MS = 5_000;
/** A silence this many times suspectMs long when it was suspected was excused before by greetings: they double it and more. */
const GREETED_FROM = 1.8;
/** Nobody saw how long it would have lasted. */
const ENDLESS_MS = 600_000;
/** Taken as the length of a power loss that nobody was there to see. */
const UNSEEN_MS = 5_000;

/** `writtenLateMs`: suspicions that are older than their entry (stalls.ts). */
export function silencesOf(
  steps: readonly Step[],
  spec: ClusterSpec,
  model: Partial<Model>,
  writtenLateMs: ReadonlyMap<string, number>,
): Found {
  const { heartbeatMs, suspectMs, quiesceMs } = spec.times;
  const [least, most] = model.hostBootMs ?? MODEL.hostBootMs;
  const bootMs = (least + most) / 2;
  const happenings: Happening[] = [];
  const incidents: Incident[] = [];
  const assumed: string[] = [];
  const pauses = pausesOf(steps);
  const tracks = new Map<string, Track>();
  /** Reboots that nobody saw begin. */
  const unseen: { readonly host: string; readonly fromMs: number; readonly backMs: number }[] = [];
  let firstJoinMs: number | null = null;
  let electedMs = 0;
  const trackOf = (host: string): Track => {
    const track = tracks.get(host) ?? { bootId: null, voiceMs: 0, open: null, fencedMs: null, switchedOn: false };
    tracks.set(host, track);
    return track;
  };

  const happens = (atMs: number, what: string, entry: string, fault: Happening['fault'], spreadMs = 0) =>
    happenings.push({ atMs, spreadMs, what, entry, fault });
  const falls = (host: string, atMs: number, what: string) =>
    incidents.push({ atMs, spreadMs: heartbeatMs, subject: `host/${host}`, what });

  const stands = (host: string, { fromMs, entry }: Silence, forMs: number, why: string) => {
    const what = `rekindled on ${host} stands still`;
    happens(fromMs, what, entry, { kind: 'pause-daemon', node: host, forMs }, heartbeatMs);
    falls(host, fromMs, what);
    assumed.push(`on ${host} the daemon stood still, not the machine (entry ${entry}): ${why}`);
  };
  /** It was alive all along: it came back in the same life, or in another one of the same boot. */
  const cut = (host: string, silence: Silence, toMs: number) => {
    const { fromMs, entry, unheardBy } = silence;
    const forMs = Math.max(1, Math.round(toMs - fromMs));
    const paused = pauses.some((p) => p.host === host && p.atMs > fromMs && p.atMs < toMs + SAME_SILENCE_MS);
    if (silence.greeted) return stands(host, silence, forMs, GREETED);
    // One whose life was ended meanwhile destroys its guests and tells of no pause.
    if (forMs > quiesceMs + 2 * heartbeatMs && !paused && unheardBy === null && trackOf(host).fencedMs === null)
      return stands(
        host,
        silence,
        forMs,
        'it was silent for longer than until its guests are paused, and did not pause them',
      );
    const what = `${host} cut off for ${duration(forMs)}${unheardBy ? ` from ${list(unheardBy)}` : ''}`;
    falls(host, fromMs, what);
    if (unheardBy === null) happens(fromMs, what, entry, { kind: 'isolate', node: host, forMs }, heartbeatMs);
    for (const to of unheardBy ?? []) happens(fromMs, what, entry, { kind: 'cut', from: host, to, forMs }, heartbeatMs);
  };

  const dead = (host: string, silence: Silence, back: { atMs: number; byUs: boolean } | null) => {
    const { fromMs, entry } = silence;
    if (silence.greeted) return stands(host, silence, ENDLESS_MS, `${GREETED}; for how long is not known`);
    falls(host, fromMs, `${host} loses its power`);
    happens(fromMs, `${host} loses its power`, entry, { kind: 'power-loss', node: host }, heartbeatMs);
    if (back && !back.byUs) {
      const onMs = Math.max(fromMs + heartbeatMs + 1, back.atMs - bootMs);
      happens(onMs, `${host} is switched on, not by Rekindle`, entry, { kind: 'power-on', node: host });
    }
  };

  const registers = (step: Step, entry: EntryOf<'host.joined'> | EntryOf<'host.surveyed'>): void => {
    const host = nameOf(entry.subject);
    const track = trackOf(host);
    const { bootId } = entry.data.incarnation;
    const { open } = track;
    firstJoinMs ??= step.atMs;
    if (track.bootId === null) {
      const lateMs = step.atMs - firstJoinMs;
      // It was not there when the cluster began: kept without power until then.
      if (lateMs > SETTLE_MS) {
        const sinceMs = steps[0]!.atMs;
        happens(sinceMs, `${host} is not there yet`, entry.id, { kind: 'power-loss', node: host });
        happens(Math.max(sinceMs + 1, step.atMs - bootMs), `${host} is switched on`, entry.id, {
          kind: 'power-on',
          node: host,
        });
      }
    } else if (bootId === track.bootId) {
      if (open) cut(host, open, step.atMs - heartbeatMs);
    } else if (open) {
      dead(host, open, { atMs: step.atMs, byUs: track.switchedOn });
    } else if (track.fencedMs !== null) {
      const what = `${host} is switched on, not by Rekindle`;
      const onMs = Math.max(track.fencedMs + 1, step.atMs - bootMs);
      if (!track.switchedOn) happens(onMs, what, entry.id, { kind: 'power-on', node: host });
    } else {
      // Those that come back together went together.
      const together = step.atMs - (unseen.at(-1)?.backMs ?? 0) < bootMs;
      const fromMs = together ? unseen.at(-1)!.fromMs : Math.max(track.voiceMs + 1, step.atMs - bootMs - UNSEEN_MS);
      unseen.push({ host, fromMs, backMs: step.atMs });
      dead(host, { fromMs, entry: entry.id, unheardBy: null, greeted: false }, { atMs: step.atMs, byUs: false });
    }
    Object.assign(track, { bootId, open: null, fencedMs: null, switchedOn: false });
  };

  for (const step of steps) {
    const { entry } = step.stored;
    const track = entry.subject.startsWith('host/') ? trackOf(nameOf(entry.subject)) : null;
    if (entry.type === 'host.joined' || entry.type === 'host.surveyed') registers(step, entry);
    for (const host of voicesIn(step)) trackOf(host).voiceMs = step.atMs;
    if (entry.type === 'leader.elected') electedMs = step.atMs;
    if (!track) continue;
    if (entry.type === 'host.suspected') {
      // The leader may itself have been deaf for a while; then the voters heard the host last, and longer ago.
      const heard = entry.data.witnesses.flatMap(({ heardAgoMs }) => (heardAgoMs === null ? [] : [heardAgoMs]));
      const silentMs = Math.max(entry.data.silentMs, heard.length > 0 ? Math.min(...heard) : 0);
      // Who went together and has not answered since: voters that were away themselves count its silence from their return.
      const began = unseen.findLast(({ backMs }) => track.voiceMs < backMs && step.atMs - backMs < bootMs);
      const fromMs = began?.fromMs ?? step.atMs - silentMs - (writtenLateMs.get(entry.id) ?? 0);
      const watched = step.atMs - electedMs > entry.data.silentMs;
      const greeted = watched && entry.data.silentMs > GREETED_FROM * suspectMs;
      track.open = { fromMs, entry: entry.id, unheardBy: unheardBy(entry, spec), greeted };
    }
    if (entry.type === 'host.cleared' && track.open) {
      cut(nameOf(entry.subject), track.open, step.atMs - heartbeatMs / 2);
      track.open = null;
    }
    if (entry.type === 'fence.proven') track.fencedMs = step.atMs;
    if (entry.type === 'power-on.succeeded') track.switchedOn = true;
  }

  if (unseen.length > 0) {
    assumed.push(
      `${list([...new Set(unseen.map(({ host }) => host))])} came back with another boot and nobody had seen them go: taken to have lost their power ${duration(bootMs + UNSEEN_MS)} before`,
    );
  }
  const unknown: string[] = [];
  for (const [host, { open }] of tracks) if (open) dead(host, open, null);
  for (const { subject, what } of incidents) if (what.endsWith('power')) unknown.push(nameOf(subject));
  if (unknown.length > 0) {
    assumed.push(
      `a host that was switched off, or never came back in the same boot, is taken to have lost its power when it fell silent (${list([...new Set(unknown)])}): nobody saw how long it would have been silent by itself`,
    );
  }
  for (const { host, atMs, pausedMs, entry } of pauses) {
    const fromMs = atMs - pausedMs - quiesceMs;
    const known = happenings.some(
      (h) => 'node' in h.fault && h.fault.node === host && h.atMs < atMs && h.atMs > fromMs - SAME_SILENCE_MS,
    );
    const partial = happenings.some((h) => h.fault.kind === 'cut' && h.fault.from === host && h.atMs < atMs);
    if (!known && !partial) cut(host, { fromMs, entry, unheardBy: null, greeted: false }, atMs - heartbeatMs / 2);
  }
  return { happenings, incidents, assumed, leftOut: [] };
}

const GREETED = 'its server went on greeting, or it would have been suspected sooner';

interface Pause {
  readonly host: string;
  readonly atMs: number;
  readonly pausedMs: number;
  readonly entry: string;
}

const pausesOf = (steps: readonly Step[]): Pause[] =>
  steps.flatMap(({ stored: { entry }, atMs }) =>
    entry.type === 'host.quiesced'
      ? [{ host: nameOf(entry.subject), atMs, pausedMs: entry.data.pausedMs, entry: entry.id }]
      : [],
  );

/** Null: nobody heard it. Else a part of the network only was gone, and these are who did not hear. */
function unheardBy({ source, data }: EntryOf<'host.suspected'>, { times }: ClusterSpec): string[] | null {
  const deaf = (agoMs: number | null) => agoMs === null || agoMs > times.suspectMs - times.heartbeatMs;
  if (data.witnesses.every(({ heardAgoMs }) => deaf(heardAgoMs))) return null;
  return [...new Set([source, ...data.witnesses.filter((w) => deaf(w.heardAgoMs)).map((w) => w.voter)])];
}

/** Hosts that an entry shows alive in a boot that is known: who reported it, who carried it out. */
function voicesIn({ stored: { entry } }: Step): string[] {
  const { type, subject, data } = entry;
  const reports = /^(host\.(joined|surveyed|cleared|degraded|restored|quiesced)|repair\.succeeded)$/.test(type);
  const carriedOut = /^(guest\.(crashed|hung|healthy|paused|resumed)|(start|stop)\.(succeeded|failed))$/.test(type);
  return [...(reports ? [nameOf(subject)] : []), ...(carriedOut && 'host' in data ? [data.host] : [])];
}
