/** Every tick of a reign: silent hosts are confirmed with the voters, suspected and, unless held back, fenced at once. */
import { brakeVerdict, costsMajority } from '../../machines/brake.ts';
import type { Draft } from '../../machines/entries.ts';
import { type Fleet, latestLife } from '../../machines/fleet.ts';
import type { Times } from '../../machines/times.ts';
import type { Hearing } from '../hearing.ts';
import type { Bus, Clock, Say } from '../ports.ts';
import type { Fences } from './fences.ts';
import type { Greetings } from './greetings.ts';
import { confirmSilence, isHeard, owesItsVoice, quietHosts, type Silence } from './liveness.ts';
import type { Pen } from './pen.ts';

/** The brake ends after so many suspectMs of calm. A connection that was cut is back within 1.2 s (adapters/nats/connections.ts). */
const CALM = 2;

export interface SilenceWatch {
  readonly fleet: () => Fleet;
  /** False while this copy of the log may lack what the last leader wrote: a freeze, a brake, a voter proven stopped. */
  readonly upToDate: () => boolean;
  readonly hearing: Hearing;
  readonly times: Times;
  readonly pen: Pen;
  readonly fences: Fences;
  readonly greetings: Greetings;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly say: Say;
  readonly quietly: (what: string) => (error: unknown) => void;
}

export function watchSilence({
  fleet,
  upToDate,
  hearing,
  times,
  pen,
  fences,
  greetings,
  bus,
  clock,
  say,
  quietly,
}: SilenceWatch): () => void {
  /** What is being asked or written about already. */
  const busy = new Set<string>();
  const once = (what: string, work: () => Promise<unknown>) => {
    if (busy.has(what)) return;
    busy.add(what);
    void work()
      .catch(quietly(what))
      .finally(() => busy.delete(what));
  };

  /** Every host whose voice is missing for so long, whatever its state, except those already proven stopped. */
  const allSilent = (now: Fleet, forMs = times.suspectMs): string[] =>
    Object.entries(now.hosts)
      .filter(
        ([host, { context }]) => latestLife(context) >= 0 && context.fence === null && hearing.silentMs(host) > forMs,
      )
      .map(([host]) => host)
      .sort();
  const brakes = (now: Fleet) => brakeVerdict(now, allSilent(now)).apply;
  /**
   * Hosts lost at the same moment fall silent up to a heartbeat apart. While more than may be fenced are on their way to
   * silence, one that has just become silent is not acted upon: within half of suspectMs each of the others is heard or
   * counts (decision 15).
   */
  const gathers = (now: Fleet) =>
    now.brake === null && !brakes(now) && brakeVerdict(now, allSilent(now, times.suspectMs / 2)).apply;

  const waits = (host: string, gathering: boolean) => gathering && hearing.silentMs(host) <= times.suspectMs * 1.5;

  const suspect = async (host: string): Promise<void> => {
    const silence = await confirmSilence(host, fleet(), hearing, times, bus);
    if (!silence || waits(host, gathers(fleet()))) return;
    say.warn('host is silent', { host, silentMs: silence.silentMs });
    // Block and power off need no log (docs/safety.md, "What may run without the durable log"), so they do not wait for
    // it. Brake, freeze and the voters' majority are minded here just as where intents are carried out; a copy of the log
    // that may not know of them waits for the log after all.
    const now = fleet();
    const heldBack =
      now.frozen || now.brake || brakes(now) || costsMajority(now, [...fences.underWay(), host]).has(host);
    if (upToDate() && !heldBack) fences.join(host, silence.counter).catch(quietly('fence'));
    await pen.write((current) => suspicion(current, silence));
  };

  const suspicion = (now: Fleet, { host, counter, silentMs, witnesses }: Silence): Draft[] => {
    const known = now.hosts[host];
    if (!known || latestLife(known.context) !== counter || !owesItsVoice(known)) return [];
    // The log may have stood still meanwhile. Who is heard again is suspected no more, unless its Block may be out.
    const early = hearing.silentMs(host) <= times.suspectMs || waits(host, gathers(now));
    if (early && !fences.underWay().includes(host)) return [];
    const { apply, silent, of } = brakeVerdict(now, allSilent(now));
    const brake: Draft = {
      type: 'brake.applied',
      subject: 'cluster',
      cause: 'observation',
      data: { silent: [...silent], of },
    };
    const suspected: Draft = {
      type: 'host.suspected',
      subject: `host/${host}`,
      cause: 'observation',
      data: { counter, silentMs, witnesses: [...witnesses] },
    };
    return apply && !now.brake ? [brake, suspected] : [suspected];
  };

  const clear = (host: string) =>
    pen.write((now) => {
      const known = now.hosts[host];
      // Its fence may have begun while the log stood still: then its Block may be out, and it is over with this life.
      if (known?.state !== 'suspect' || fences.underWay().includes(host)) return [];
      return [
        {
          type: 'host.cleared',
          subject: `host/${host}`,
          cause: 'observation',
          data: { counter: latestLife(known.context), why: 'heard again' },
        },
      ];
    });

  /** Since when few enough hosts have been silent; null while they are too many, or nothing is braked. */
  let calmMs: number | null = null;
  /**
   * Hosts that come back together do so some time apart too, and what the brake held back begins with its end. So it
   * ends only when nothing has stormed for so long that whoever was coming back has been heard.
   */
  const isCalm = (now: Fleet): boolean => {
    if (!now.brake || brakes(now)) calmMs = null;
    else calmMs ??= clock.now();
    return calmMs !== null && clock.now() - calmMs >= times.suspectMs * CALM;
  };

  const releaseBrake = () =>
    pen.write((now) =>
      now.brake && !brakes(now)
        ? [
            {
              type: 'brake.released',
              subject: 'cluster',
              cause: 'observation',
              data: { by: 'enough hosts are heard again' },
            },
          ]
        : [],
    );

  return () => {
    const now = fleet();
    const quiet = quietHosts(now, hearing, times);
    const gathering = quiet.length > 0 && gathers(now);
    for (const host of quiet) {
      if (!waits(host, gathering) && !greetings.excuse(host)) once(`suspicion of ${host}`, () => suspect(host));
    }
    for (const host in now.hosts) {
      if (now.hosts[host]!.state === 'suspect' && !fences.underWay().includes(host) && isHeard(host, hearing, times))
        once(`clearing of ${host}`, () => clear(host));
    }
    if (isCalm(now)) once('brake', releaseBrake);
  };
}
