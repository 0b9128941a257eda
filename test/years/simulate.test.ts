/** The command as a person uses it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { rekindle } from '../../cli/rekindle.ts';
import { KIND_NAMES } from '../../sim/years/rates.ts';
import { recorder } from '../cli/terminal.ts';
import { cluster } from './cluster.ts';

let directory: string;
let file: string;
let few: string;
let report: ReturnType<typeof JSON.parse>;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'rekindle-years-'));
  file = join(directory, 'cluster.yaml');
  const { times: _, ...spec } = cluster();
  const guests = Object.entries(spec.guests).map(([name, guest]) => {
    writeFileSync(join(directory, `${name}.xml`), `<domain type="kvm"><name>${name}</name></domain>`);
    return [name, { ...guest, definition: `${name}.xml` }];
  });
  writeFileSync(file, stringify({ ...spec, guests: Object.fromEntries(guests) }));
  few = join(directory, 'rates.yaml');
  const rates = KIND_NAMES.map((kind) => [kind, { perYear: kind === 'kernel-panic' ? 1 : 0 }]);
  writeFileSync(few, stringify(Object.fromEntries(rates)));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function simulate(...args: string[]) {
  const terminal = recorder();
  const code = await rekindle(['simulate', file, ...args], terminal);
  return { code, out: terminal.said.join('\n'), err: terminal.complained.join('\n') };
}

describe('rekindle simulate', { timeout: 240_000 }, () => {
  test('the same seed makes the same report, byte for byte, whatever the threads do', async () => {
    const page = (name: string) => join(directory, name);
    const first = await simulate('--years', '1', '--fault-rates', few, '--json', '--html', page('1.html'));
    const second = await simulate('--years', '1', '--fault-rates', few, '--json', '--html', page('2.html'));
    expect(first.code, first.err).toBe(0);
    expect(second.out).toBe(first.out);
    expect(readFileSync(page('2.html'), 'utf8')).toBe(readFileSync(page('1.html'), 'utf8'));
    report = JSON.parse(first.out);
    expect(report.doubles).toEqual([]);
    expect(report.lost).toEqual([]);
    expect(report.availability).toBeGreaterThan(0.99);
    expect(report.guests).toHaveLength(6);
  });

  test('the page needs nothing but itself', async () => {
    const html = readFileSync(join(directory, '1.html'), 'utf8');
    expect(html).not.toMatch(/<script|https?:|url\(|<img|<link|@import/);
    expect(html).toContain('<svg');
  });

  test('a story of the report is told again by the command that stands beside it', async () => {
    const [worst] = report.worst;
    const told = await simulate(...worst.again.split(' ').slice(3), '--json');
    const { outcome } = JSON.parse(told.out);
    const down = outcome.outages.reduce(
      (sum: number, o: { fromMs: number; toMs: number }) => sum + o.toMs - o.fromMs,
      0,
    );
    expect(Math.round(down)).toBe(worst.downMs);
  });

  test('says what is missing or unknown', async () => {
    expect(await simulate()).toMatchObject({ code: 2, err: expect.stringContaining('--years N') });
    expect(await simulate('--seed', '1.999999999', '--fault-rates', few)).toMatchObject({
      code: 2,
      err: expect.stringContaining('no story'),
    });
    expect(await simulate('--years', '1', '--fault-rates', join(directory, 'none'))).toMatchObject({ code: 2 });
  });
});
