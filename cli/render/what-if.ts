/** A log and its two rehearsals beside each other. */
import { duration, list } from '../../machines/sentences.ts';
import { COUNTS, STAGES, type Stage } from '../../sim/replay/outcome.ts';
import type { Script } from '../../sim/replay/script.ts';
import type { Column, Figure, Tally, WhatIf } from '../../sim/replay/what-if.ts';
import type { Terminal } from '../terminal.ts';
import { clock } from './replay.ts';
import { table, wrap } from './table.ts';

/** `--json` has all of them. */
const MOST_HAPPENINGS = 30;
const MOST_INCIDENTS = 15;
const NOTE_COLUMNS = 110;

const SAID: Readonly<Record<Stage, string>> = {
  detected: 'noticed after',
  proven: 'proven stopped after',
  decided: 'guests placed after',
  running: 'guests running after',
};

export function renderWhatIf(
  result: WhatIf,
  script: Script,
  changes: readonly string[],
  paint: Terminal['paint'],
  columns: number,
): string[] {
  const { log, baseline, changed, agreement, assumed } = result;
  const all = [log, baseline, changed];
  const row = (name: string, cell: (column: Column) => string) => [name, ...all.map(cell)];
  const incidents = script.incidents.filter(({ atMs }) => atMs > script.ready.atMs);

  const rows = incidents.slice(0, MOST_INCIDENTS).flatMap(({ what, atMs }, i) => {
    const of = ({ incidents: found }: Column) => found[i]!;
    const stages = STAGES.filter((stage) => all.some((column) => of(column).times[stage] !== null));
    const guests = [...new Set(all.flatMap((column) => Object.keys(of(column).guests)))].sort();
    return [
      [`${clock(atMs).slice(11)} ${what}`],
      ...stages.map((stage) => row(`  ${SAID[stage]}`, (c) => timeText(of(c).times[stage], c.runs))),
      row('  it ended', (c) => tallyText(of(c).ended, c.runs)),
      ...guests
        .filter(
          (guest) => guests.length > 1 || !of(log).ended[0]!.word.endsWith(` ${of(log).guests[guest]?.[0]?.word}`),
        )
        .map((guest) => row(`  ${guest}`, (c) => tallyText(of(c).guests[guest], c.runs))),
    ];
  });
  const counted = COUNTS.filter((name) => all.some(({ counts }) => counts[name].most > 0));
  const ends = (pick: (column: Column) => Readonly<Record<string, Tally>>) => Object.keys(pick(log)).sort();
  const word = (tally: Tally | undefined) => tally?.[0]?.word ?? '-';
  const stays = (pick: (column: Column) => Readonly<Record<string, Tally>>, name: string) =>
    all.every((column) => pick(column)[name]?.length === 1 && word(pick(column)[name]) === word(pick(log)[name]));
  const unlike = (pick: (column: Column) => Readonly<Record<string, Tally>>) =>
    ends(pick)
      .filter((name) => !stays(pick, name))
      .map((name) => row(`  ${name}`, (c) => tallyText(pick(c)[name], c.runs)));
  const ofGuests = ({ guests }: Column) => guests;
  const ofHosts = ({ hosts }: Column) => hosts;
  const otherwise = [...unlike(ofGuests), ...unlike(ofHosts)];

  const lines = table(
    ['', 'IN THE LOG', 'REHEARSED', 'CHANGED'],
    [
      ...rows,
      ['in all'],
      ...counted.map((name) => row(`  ${name}`, ({ counts }) => countText(counts[name]))),
      row('  guests down, added up', (c) => timeText(c.downMs, c.runs)),
      ...(otherwise.length > 0 ? [['at the end'], ...otherwise] : []),
    ],
    columns,
  );
  const more = incidents.length - MOST_INCIDENTS;
  return [
    paint('bold', `what if ${list(changes)}`),
    '',
    'What happened in the world, as the log shows it (UTC):',
    ...script.happenings
      .slice(0, MOST_HAPPENINGS)
      .map(({ atMs, what, spreadMs, entry }) => `  ${clock(atMs)}  ${what}${spread(spreadMs)} (entry ${entry})`),
    ...(script.happenings.length > MOST_HAPPENINGS ? [`  and ${script.happenings.length - MOST_HAPPENINGS} more`] : []),
    ...wrap(
      `How long things took there: ${script.durations.lines.join(', ') || 'the log does not tell'}.`,
      NOTE_COLUMNS,
    ),
    '',
    `REHEARSED: the same world, decided anew under the cluster file of the log, ${baseline.runs} runs. CHANGED: under the other one.`,
    '',
    ...lines,
    ...(more > 0 ? [`and ${more} more incidents: --json has them`] : []),
    ...(otherwise.length === 0 ? wrap(`At the end alike: ${endsAlike(log)}.`, NOTE_COLUMNS) : []),
    '',
    ...agreementLines(agreement),
    'Assumed:',
    ...assumed.flatMap(note),
    ...(script.leftOut.length > 0 ? wrap(`Not done again: ${script.leftOut.join(', ')}.`, NOTE_COLUMNS) : []),
    ...[...new Set([...baseline.notes, ...changed.notes])].flatMap(note),
  ];
}

const note = (text: string) => wrap(`- ${text}`, NOTE_COLUMNS);

function agreementLines({ same, of, farthestMs, differs }: WhatIf['agreement']): string[] {
  const times = farthestMs === null ? '' : `; the times they share are at most ${duration(farthestMs)} apart`;
  const verdict =
    differs.length === 0
      ? `The rehearsal agrees with the log in all of ${of} points${times}.`
      : `The rehearsal agrees with the log in ${same} of ${of} points${times}. The comparison is worth as much. It differs in:`;
  return [...wrap(verdict, NOTE_COLUMNS), ...differs.flatMap(note)];
}

const endsAlike = ({ guests, hosts }: Column) =>
  list(
    [...Object.entries(guests), ...Object.entries(hosts)].map(([name, tally]) => `${name} ${tally[0]!.word}`),
    20,
  );

const spread = (ms: number) => (ms > 0 ? `, or up to ${duration(ms)} later` : '');

function timeText(figure: Figure | null, runs: number): string {
  if (figure === null) return '-';
  const { median, least, most, of } = figure;
  const range = duration(least) === duration(most) ? '' : ` (${duration(least)} to ${duration(most)})`;
  return `${duration(median)}${range}${of < runs ? ` in ${of} of ${runs} runs` : ''}`;
}

const countText = ({ median, least, most }: Figure) =>
  least === most ? `${median}` : `${median} (${least} to ${most})`;

const tallyText = (tally: Tally | undefined, runs: number) =>
  tally === undefined || tally.length === 0
    ? '-'
    : tally.length === 1 && tally[0]!.runs === runs
      ? tally[0]!.word
      : tally.map(({ word, runs: n }) => `${word} (${n} of ${runs})`).join(', ');
