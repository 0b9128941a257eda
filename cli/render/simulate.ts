/** What the simulated years were like, for a terminal; and one story of them as a timeline. */
import { duration, list, sentence } from '../../machines/sentences.ts';
import type { StoryEvent } from '../../sim/years/outcome.ts';
import { KINDS } from '../../sim/years/rates.ts';
import type { Summary, Worst } from '../../sim/years/summary.ts';
import type { Report, Tried } from '../simulate/campaign.ts';
import type { Terminal } from '../terminal.ts';
import { cut, table, wrap } from './table.ts';

type Paint = Terminal['paint'];

const GUESTS_SHOWN = 10;
/** A change that saves less than this part of the downtime is within the luck of the draw. */
const WORTH_IT = 0.05;
const NO_DIFFERENCE = 0.005;

/** `99.9987 %`: never rounded up to perfection. */
export function percent(ratio: number): string {
  return `${(Math.floor(ratio * 1e6) / 1e4).toFixed(4)} %`;
}

export function renderYears(
  { summary, tried }: Report,
  again: (seed: string) => string,
  paint: Paint,
  columns: number,
): string[] {
  const { years, guests, kinds, downMs } = summary;
  const perYear = downMs / years / Math.max(1, guests.length);
  const worstGuests = [...guests].sort((a, b) => b.downMs - a.downMs).slice(0, GUESTS_SHOWN);
  return [
    ...alarms(summary, again).flatMap((alarm) => wrap(`! ${alarm}`, columns).map((line) => paint('red', line))),
    paint(
      'bold',
      `${years} years, ${guests.length} guests: available ${percent(summary.availability)}, ${duration(perYear)} down per guest and year`,
    ),
    `${summary.incidents} incidents in ${summary.stories} stories, ${duration(summary.simulatedMs)} of them simulated second by second`,
    `fences ${summary.fences}, of them false ${summary.falseFences.length}; resets by a watchdog ${summary.resets}; ` +
      `a person was asked in ${summary.asked} stories, ${summary.needed} guests waited for one`,
    '',
    ...table(
      ['WHAT FAILED', 'INCIDENTS', 'OUTAGES', 'p50', 'p90', 'p99', 'MAX', 'OF ALL DOWNTIME'],
      kinds.map((kind) => [
        kind.kind,
        String(kind.incidents),
        String(kind.count),
        ...[kind.p50Ms, kind.p90Ms, kind.p99Ms, kind.maxMs].map((ms) => (kind.count === 0 ? '-' : duration(ms))),
        downMs === 0 ? '-' : `${((100 * kind.downMs) / downMs).toFixed(1)} %`,
      ]),
      columns,
    ),
    paint('dim', 'Times are those of one guest, from its loss until it has booted again.'),
    '',
    ...table(
      ['GUEST', 'AVAILABLE', 'DOWN A YEAR', 'OUTAGES', 'LONGEST'],
      worstGuests.map((guest) => [
        guest.guest,
        guest.placed ? percent(guest.availability) : 'never: no room',
        duration(guest.downMs / years),
        String(guest.outages),
        duration(guest.longestMs),
      ]),
      columns,
    ),
    ...(guests.length > GUESTS_SHOWN
      ? [paint('dim', `and ${guests.length - GUESTS_SHOWN} more that were down no longer`)]
      : []),
    '',
    paint('bold', 'The worst stories'),
    ...(summary.worst.length === 0 ? ['none: nothing was ever down'] : []),
    ...summary.worst.flatMap((story) => [
      cut(
        `  ${story.seed.padEnd(8)} ${duration(story.downMs)} of downtime, ${story.guests} guests: ${causes(story)}`,
        columns,
      ),
      paint('dim', `           ${again(story.seed)}`),
    ]),
    '',
    paint('bold', 'What would help'),
    ...renderTried(tried, years, columns),
  ];
}

/** What must never be, and what nobody should have to find out the hard way. */
export function alarms(summary: Summary, again: (seed: string) => string): string[] {
  const unplaced = summary.guests.filter(({ placed }) => !placed).map(({ guest }) => guest);
  return [
    ...summary.doubles.slice(0, 5).map(({ seed, what }) => `two instances at once: ${what} — ${again(seed)}`),
    ...summary.lost
      .slice(0, 5)
      .map(
        ({ seed, guests, why }) =>
          `not well again after every repair (${why}${guests.length > 0 ? `; down: ${list(guests)}` : ''}) — ${again(seed)}`,
      ),
    ...summary.falseFences
      .slice(0, 5)
      .map(({ seed, host }) => `${host} was fenced or reset with nothing wrong with it — ${again(seed)}`),
    ...(unplaced.length > 0 ? [`no host has room for ${list(unplaced)} even when all is well`] : []),
  ];
}

export const causes = ({ incidents }: Worst) =>
  list(
    incidents.map(({ kind, subject }) => `${kind} ${subject}`),
    4,
  );

export function renderTried(tried: Tried, years: number, columns: number): string[] {
  const { stories, downMs, share, changes } = tried;
  if (stories === 0) return [verdict(tried)];
  const rows = changes.map(({ what, savedMs }) => {
    const alike = Math.abs(savedMs) < downMs * NO_DIFFERENCE;
    const year = duration(Math.abs(savedMs) / years);
    return [
      alike ? '0.0 %' : signed(savedMs / downMs),
      alike ? 'no difference' : savedMs < 0 ? `${year} more` : `${year} less`,
      what,
    ];
  });
  return [
    verdict(tried),
    ...table(['DOWNTIME', 'A YEAR, ALL GUESTS', 'CHANGE'], rows, columns),
    `The ${stories} costliest stories (${(100 * share).toFixed(0)} % of the downtime), told again with other luck and that change alone.`,
  ];
}

export function verdict({ stories, downMs, changes }: Tried): string {
  const best = changes[0];
  if (stories === 0) return 'Nothing was down, so nothing can help.';
  if (best !== undefined && best.savedMs > downMs * WORTH_IT) return `Do this first: ${best.what}.`;
  return 'No single change helps: what is left is boot times, and what no cluster survives.';
}

const signed = (saved: number) => `${saved < 0 ? '+' : '−'}${Math.abs(100 * saved).toFixed(1)} %`;

/** One event of a story; null for what nobody reads. */
export function renderEvent(event: StoryEvent, paint: Paint): string | null {
  const at = paint('dim', stamp(event.atMs));
  switch (event.kind) {
    case 'incident': {
      const { kind, subject } = event.incident;
      return `${at}  ${paint('yellow', event.over ? `${subject}: over (${kind})` : `${subject}: ${KINDS[kind].what} (${kind})`)}`;
    }
    case 'person':
      return `${at}  ${paint('cyan', event.what)}`;
    case 'skipped':
      return `${at}  ${paint('dim', `nothing changes for ${duration(event.forMs)}`)}`;
    case 'world': {
      const { event: world } = event;
      if (world.kind === 'entry')
        return `${at}  ${paint('dim', `#${String(world.stored.seq).padEnd(4)}`)} ${sentence(world.stored.entry)}`;
      if (world.kind === 'writer')
        return `${at}  ${paint(world.on ? 'green' : 'red', `${world.guest} ${world.on ? 'runs' : 'stops running'} on ${world.host}`)}`;
      if (world.kind === 'power') return `${at}  ${world.host} is ${world.on ? 'on' : 'off'}: ${world.why}`;
      return null;
    }
  }
}

/** `+1:02:03.456` since the beginning of the story. */
function stamp(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  const part = (n: number, digits = 2) => String(n).padStart(digits, '0');
  const [hours, minutes, seconds] = [
    Math.floor(whole / 3_600_000),
    Math.floor(whole / 60_000) % 60,
    Math.floor(whole / 1_000) % 60,
  ];
  return `+${hours}:${part(minutes)}:${part(seconds)}.${part(whole % 1_000, 3)}`;
}
