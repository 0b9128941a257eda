/** Pages that name things of the code, and code that names pages: neither may be wrong. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { drillNames, loadDrill } from '../../lab/drill/load.ts';
import { FAULTS } from '../../lab/faults.ts';
import { lastPetMs, leaseLengthMs, PROFILES, waitOutMs } from '../../machines/times.ts';

const files = (pattern: string) =>
  execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', pattern], { encoding: 'utf8' })
    .split('\n')
    .filter((file) => file !== '' && existsSync(file));
const read = (file: string) => readFileSync(file, 'utf8');

describe('every link leads to a file, and to a heading where it names one', () => {
  test.each(files('*.md'))('%s', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target]) => target!);
    const broken = links.filter((target) => {
      const [file, heading] = target.split('#') as [string, string | undefined];
      const there = file === '' ? page : join(dirname(page), file);
      if (!existsSync(there)) return true;
      return heading !== undefined && !headingsOf(there).includes(heading);
    });
    expect(broken).toEqual([]);
  });
});

const slug = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/\s/g, '-');
const headingsOf = (page: string) => [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading!));

test('what a comment calls a section of a page is a heading there', () => {
  const named = files('*.ts').flatMap((file) =>
    // A line break in a comment begins with a star or two slashes.
    [
      ...read(file)
        .replace(/\n\s*(\*|\/\/)/g, '')
        .matchAll(/(docs\/[\w-]+\.md), "([^"]+)"/g),
    ].map(([, page, heading]) => ({
      file,
      page: page!,
      heading: heading!,
    })),
  );
  expect(named.length).toBeGreaterThan(5);
  const wrong = named.filter(({ page, heading }) => !headingsOf(page).some((one) => one.startsWith(slug(heading))));
  expect(wrong).toEqual([]);
});

test('the table of times in docs/safety.md is that of machines/times.ts', () => {
  const page = read('docs/safety.md');
  const seconds = (ms: number) => (ms < 1_000 ? `${ms} ms` : `${Number((ms / 1_000).toFixed(2))} s`);
  for (const [name, times] of Object.entries(PROFILES)) {
    const proven = `≈ ${Number((waitOutMs(times.leaseMs) / 1_000).toFixed(1))} s`;
    const asked = [
      times.heartbeatMs,
      times.suspectMs,
      times.leaseMs,
      times.watchdogMs,
      lastPetMs(times),
      times.quiesceMs,
    ];
    const cells = [...[...asked, leaseLengthMs(times)].map(seconds), proven, seconds(times.leaderLeaseMs)];
    expect(page).toContain(`| ${name} | ${cells.join(' | ')} |`);
  }
});

test('docs/lab.md has every fault and drill, in the words of the code', async () => {
  const row = (...cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  const faults = Object.entries(FAULTS).map(([name, { args, about }]) => row(`\`${name}\``, args, about));
  const drills = await Promise.all(drillNames().map(async (name) => row(`\`${name}\``, (await loadDrill(name)).about)));
  const page = read('docs/lab.md')
    .replace(section('faults'), (_all, head: string) => between('faults', head, faults))
    .replace(section('drills'), (_all, head: string) => between('drills', head, drills));
  await expect(page).toMatchFileSnapshot('../../docs/lab.md');
});

/** A table between two marks, its two head lines caught. */
const section = (name: string) => new RegExp(`<!-- ${name} -->\\n((?:\\|.*\\n){2})(?:\\|.*\\n)*<!-- /${name} -->`);
const between = (name: string, head: string, rows: readonly string[]) =>
  `<!-- ${name} -->\n${head}${rows.join('')}<!-- /${name} -->`;
