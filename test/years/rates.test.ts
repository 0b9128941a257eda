import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { duration } from '../../machines/sentences.ts';
import { KIND_NAMES, KINDS } from '../../sim/years/rates.ts';

const rows = KIND_NAMES.map((kind) => {
  const { per, perYear, lastsMs, what, source } = KINDS[kind];
  const lasts = lastsMs === null ? '–' : `${duration(lastsMs[0])} to ${duration(lastsMs[1])}`;
  return `| \`${kind}\` | ${per} | ${perYear} | ${lasts} | ${what} | ${source} |`;
});

test('docs/simulate.md lists every rate as it is, each with its source', () => {
  const page = readFileSync(new URL('../../docs/simulate.md', import.meta.url), 'utf8');
  const table = ['| kind | for each | a year | lasts | what | source |', '|---|---|---|---|---|---|', ...rows].join(
    '\n',
  );
  expect(page).toContain(table);
});
