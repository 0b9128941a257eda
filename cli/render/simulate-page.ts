/** The report as one page: no script, nothing loaded from anywhere, light or dark as the reader has it. */
import { duration } from '../../machines/sentences.ts';
import { KIND_NAMES, KINDS } from '../../sim/years/rates.ts';
import type { Summary } from '../../sim/years/summary.ts';
import type { Report, Years } from '../simulate/campaign.ts';
import { alarms, causes, percent, verdict } from './simulate.ts';
import { escaped, lyingBars, standingBars } from './svg.ts';

const GUESTS_SHOWN = 20;
/** Upper bounds of the histogram's columns, seconds. */
const BINS_S = [1, 3, 10, 30, 60, 180, 600, 1_800, 3_600, 10_800, 36_000] as const;

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2127; --dim: #626b76; --page: #fff; --card: #f4f6f8; --line: #d5dae0; --bar: #2f7d6b; --bad: #c0483b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --dim: #98a2ad; --page: #15191d; --card: #1e242a; --line: #363e46; --bar: #4fae97; --bad: #e5776a; } }
body { margin: 0 auto; max-width: 920px; padding: 2rem 1.25rem 4rem; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; } p { margin: .4rem 0; }
.dim { color: var(--dim); } .alarm { color: var(--bad); font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.tile { background: var(--card); border-radius: 8px; padding: .7rem .9rem; } .tile b { display: block; font-size: 1.35rem; line-height: 1.3; }
.tile span { color: var(--dim); font-size: .85rem; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
.bar { fill: var(--bar); } .bar.bad { fill: var(--bad); } .axis { stroke: var(--line); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--dim); font-weight: 600; } th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td:first-child { white-space: nowrap; } .n { text-align: right; } code { background: var(--card); border-radius: 4px; padding: .1rem .35rem; font-size: .85rem; overflow-wrap: anywhere; }
`;

export function renderPage(plan: Years, report: Report, again: (seed: string) => string): string {
  const { spec, seed } = plan;
  const { summary, tried } = report;
  const { years, guests, kinds } = summary;
  const title = `${spec.cluster}: ${years} simulated years`;
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>${escaped(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escaped(title)}</h1>`,
    `<p class="dim">${Object.keys(spec.hosts).length} hosts, ${guests.length} guests, profile ${spec.profile}, seed ${seed}</p>`,
    ...alarms(summary, again).map((alarm) => `<p class="alarm">${escaped(alarm)}</p>`),
    tiles(plan, summary),
    '<h2>How long guests were down</h2><p class="dim">Outages of all guests by length, from the loss of a guest until it has booted again.</p>',
    histogram(summary),
    '<h2>What failed</h2><p class="dim">Share of all downtime.</p>',
    lyingBars(
      'Share of all downtime by what failed',
      [...kinds]
        .filter(({ downMs }) => downMs > 0)
        .sort((a, b) => b.downMs - a.downMs)
        .map(({ kind, downMs }) => ({
          label: kind,
          value: downMs,
          shown: `${((100 * downMs) / summary.downMs).toFixed(1)} %`,
        })),
    ),
    table(
      ['', 'incidents', 'outages', 'p50', 'p90', 'p99', 'max'],
      kinds.map((kind) => [
        kind.kind,
        String(kind.incidents),
        String(kind.count),
        ...[kind.p50Ms, kind.p90Ms, kind.p99Ms, kind.maxMs].map((ms) => (kind.count === 0 ? '–' : duration(ms))),
      ]),
    ),
    `<h2>Guests</h2><p class="dim">Downtime a year${guests.length > GUESTS_SHOWN ? ` of the ${GUESTS_SHOWN} that were down longest` : ''}.</p>`,
    lyingBars(
      'Downtime a year by guest',
      [...guests]
        .sort((a, b) => b.downMs - a.downMs)
        .slice(0, GUESTS_SHOWN)
        .map(({ guest, downMs, availability, placed }) => ({
          label: guest,
          value: downMs,
          shown: placed ? `${duration(downMs / years)}, ${percent(availability)}` : 'never runs: no room',
          bad: !placed,
        })),
    ),
    '<h2>What would help</h2>',
    `<p><b>${escaped(verdict(tried))}</b></p>`,
    ...(tried.stories === 0
      ? []
      : [
          `<p class="dim">Downtime saved a year, all guests together, in the ${tried.stories} costliest stories (${(100 * tried.share).toFixed(0)} % of all downtime), each told again with that change alone.</p>`,
          lyingBars(
            'Downtime saved a year by each change',
            tried.changes.map(({ name, savedMs }) => ({
              label: name,
              value: savedMs,
              shown: `${savedMs < 0 ? '−' : ''}${duration(Math.abs(savedMs) / years)}`,
              bad: savedMs < 0,
            })),
          ),
          table(
            ['change', 'what'],
            tried.changes.map(({ name, what }) => [name, what]),
          ),
        ]),
    '<h2>The worst stories</h2>',
    ...summary.worst.map(
      (story) =>
        `<p><b>${story.seed}</b> ${duration(story.downMs)} of downtime, ${story.guests} guests: ${escaped(causes(story))}<br><code>${escaped(again(story.seed))}</code></p>`,
    ),
    assumptions(plan),
    '</body></html>\n',
  ].join('\n');
}

function tiles({ years }: Years, summary: Summary): string {
  const perGuest = summary.downMs / years / Math.max(1, summary.guests.length);
  const shown: readonly (readonly [string, string])[] = [
    [percent(summary.availability), 'available, mean of all guests'],
    [duration(perGuest), 'down per guest and year'],
    [String(summary.incidents), 'incidents'],
    [`${summary.fences} / ${summary.falseFences.length}`, 'fences, of them false'],
    [String(summary.resets), 'resets by a watchdog'],
    [String(summary.asked), 'times a person was asked'],
    [String(summary.needed), 'guests that waited for a person'],
  ];
  return `<div class="tiles">${shown.map(([value, what]) => `<div class="tile"><b>${value}</b><span>${what}</span></div>`).join('')}</div>`;
}

function histogram({ outagesMs }: Summary): string {
  const bounds = [...BINS_S, Number.POSITIVE_INFINITY];
  const bars = bounds.map((boundS, i) => {
    const fromS = bounds[i - 1] ?? 0;
    const value = outagesMs.filter((ms) => ms >= fromS * 1_000 && ms < boundS * 1_000).length;
    const label = boundS === Number.POSITIVE_INFINITY ? `≥ ${span(fromS)}` : `< ${span(boundS)}`;
    return { label, value, shown: String(value) };
  });
  return standingBars('Outages by length', bars);
}

const span = (seconds: number) =>
  seconds < 60 ? `${seconds} s` : seconds < 3_600 ? `${seconds / 60} min` : `${seconds / 3_600} h`;

function assumptions({ rates, bootMs }: Years): string {
  const [least, most] = rates.personMs.map(duration);
  return [
    '<h2>Assumptions</h2>',
    `<p>Failures come at random and independently of each other, at the rates below, each for every one of its kind. A guest serves ${duration(bootMs)} after its start. A person who is asked comes after ${least} to ${most}. Between stories everything counts as up. Storage and what it holds survive everything.</p>`,
    table(
      ['what', 'for each', 'a year', 'lasts', '', 'source of the default'],
      KIND_NAMES.map((kind) => {
        const { perYear, lastsMs } = rates.kinds[kind];
        const { per, what, source } = KINDS[kind];
        return [
          kind,
          per,
          String(perYear),
          lastsMs === null ? 'over at once' : lastsMs.map(duration).join(' to '),
          what,
          source,
        ];
      }),
    ),
  ].join('\n');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const numeric = header.map((_, column) => column > 0 && rows.every((row) => /^[\d–<]/.test(row[column] ?? '')));
  const cells = (row: readonly string[], tag: 'td' | 'th') =>
    row.map((cell, i) => `<${tag}${numeric[i] ? ' class="n"' : ''}>${escaped(cell)}</${tag}>`).join('');
  return `<div class="wide"><table><tr>${cells(header, 'th')}</tr>${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n')}</table></div>`;
}
