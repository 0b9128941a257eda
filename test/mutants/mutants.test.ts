import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { describe, expect, test } from 'vitest';
import { AIMED } from '../../sim/mutants/aimed.ts';
import { HUNTS } from '../../sim/mutants/hunts.ts';
import { MUTANTS } from '../../sim/mutants/list.ts';
import { editsOf, mutate } from '../../sim/mutants/mutant.ts';
import { hunt } from '../../sim/mutants/run.ts';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const headings = ['docs/safety.md', 'docs/architecture.md'].flatMap((page) =>
  [...read(page).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading!),
);
/** Node 20 has neither this nor hooks to break a module with. */
const strip = nodeModule.stripTypeScriptTypes as ((source: string) => string) | undefined;

describe('every mutant', () => {
  test.each(MUTANTS)('$name breaks code that is there, and still is a program', (mutant) => {
    const files = new Map<string, string>();
    for (const edit of editsOf(mutant)) files.set(edit.file, mutate(files.get(edit.file) ?? read(edit.file), edit));
    for (const source of files.values()) expect(() => strip?.(source)).not.toThrow();
  });

  test('has a name of its own, a rule that stands on a page, and somewhere to look for it', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    expect(MUTANTS.filter(({ section }) => !headings.includes(section))).toEqual([]);
    const grounds = new Set([...Object.keys(HUNTS), ...Object.keys(AIMED).map((name) => `aimed ${name}`)]);
    expect(MUTANTS.flatMap(({ hunts }) => hunts).filter((name) => !grounds.has(name))).toEqual([]);
    expect(MUTANTS.filter(({ hunts }) => hunts.length === 0)).toEqual([]);
  });

  test('whose code has moved on is not quietly skipped', () => {
    expect(() => mutate('a b a', { file: 'x.ts', from: 'a', to: 'c' })).toThrow('stands 2 times in x.ts');
    expect(() => mutate('a b a', { file: 'x.ts', from: 'd', to: 'c' })).toThrow('stands 0 times in x.ts');
  });
});

describe.skipIf(strip === undefined)('a broken rule is missed', { timeout: 120_000 }, () => {
  test.each([
    ['wait-out-skipped', 'lease'],
    ['petter-pets-to-the-end', 'lease'],
    ['survey-skipped', 'aimed lost-grant'],
    ['start-without-lease', 'aimed start-on-return'],
  ])('%s, in %s', async (name, ground) => {
    const { finding, error } = await hunt(name, [ground], 30);
    expect(error).toBeNull();
    expect(finding).not.toBeNull();
    expect(finding!.faults.length).toBeGreaterThan(0);
  });

  test('and with no rule broken nothing is found there', async () => {
    const hunts = ['lease', 'aimed lost-grant', 'aimed start-on-return'];
    expect(await hunt('none', hunts, 10)).toMatchObject({ finding: null, error: null, seeds: 30 });
  });

  test('a mutant that cannot be applied is an error, not a survivor', async () => {
    expect((await hunt('wait-out-skipped', ['no such hunt'], 1)).error).not.toBeNull();
  });
});
