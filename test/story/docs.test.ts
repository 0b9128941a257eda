import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { reviewed, storyFile } from '../../drills/run.ts';
import { CLAIM_PHRASES } from '../../sim/story/claim-phrases.ts';
import {
  ARBITER_OPTIONS,
  GUEST_OPTIONS,
  HOST_LADDER_OPTIONS,
  HOST_OPTIONS,
  INSTALLATION_OPTIONS,
  MODEL_OPTIONS,
} from '../../sim/story/cluster-phrases.ts';
import { FAULT_PHRASES } from '../../sim/story/fault-phrases.ts';
import { type Phrase, usage } from '../../sim/story/phrase.ts';

const page = readFileSync('docs/drills.md', 'utf8');
const lines = page.split('\n');

test('every sentence of the language stands in docs/drills.md', () => {
  // Counts are listed with `no`; the page says what else may stand there.
  const claims = CLAIM_PHRASES.filter(({ pattern }) => !/^(N|at most|at least) /.test(pattern));
  const missing = [...FAULT_PHRASES, ...claims]
    .map((one) => usage(one))
    .filter((sentence) => !lines.includes(sentence));
  expect(missing).toEqual([]);
});

test('every option stands in docs/drills.md', () => {
  const options: readonly Phrase<unknown>[] = [
    ...HOST_OPTIONS,
    ...ARBITER_OPTIONS,
    ...GUEST_OPTIONS,
    ...HOST_LADDER_OPTIONS,
    ...INSTALLATION_OPTIONS,
    ...MODEL_OPTIONS,
  ];
  expect(options.map((one) => usage(one)).filter((option) => !page.includes(`\`${option}\``))).toEqual([]);
});

test('its example is a drill, and what it prints is what that drill prints', () => {
  const example = 'leader-dies-after-grant';
  expect(page).toContain(`\`\`\`\n${readFileSync(storyFile(example), 'utf8')}\`\`\``);
  expect(page).toContain(`\`\`\`\n${reviewed(example)}\`\`\``);
});
