import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reviewed, storyFile, storyNames, tell } from '../../drills/run.ts';
import { GUEST_STATES, HOST_STATES } from '../../machines/fleet.ts';
import { parseStory } from '../../sim/story/parse.ts';

describe('every drill', () => {
  test.each(storyNames())('%s', async (name) => {
    const { problems, transcript } = await tell(name);
    expect(problems).toEqual([]);
    expect(transcript, 'review it with: npm run drills -- --rewrite').toBe(reviewed(name));
  });
});

describe('all drills together', () => {
  const stories = storyNames().map((name) => readFileSync(storyFile(name), 'utf8'));
  /** Nothing but a breach of the assumptions leads to the one, and reinstalling always waits for a person before the other. */
  const UNREACHED = { host: ['failed'], guest: ['frozen'] };

  test('expect every state of a host and of a guest somewhere', () => {
    const seen = { host: new Set<string>(), guest: new Set<string>() };
    for (const { steps } of stories.map(parseStory)) {
      for (const step of steps) {
        if (step.kind !== 'expect') continue;
        if (step.claim.kind === 'host-state') for (const state of step.claim.states) seen.host.add(state);
        if (step.claim.kind === 'guest-state') for (const state of step.claim.states) seen.guest.add(state);
      }
    }
    expect(Object.keys(HOST_STATES).filter((state) => !seen.host.has(state))).toEqual(UNREACHED.host);
    expect(Object.keys(GUEST_STATES).filter((state) => !seen.guest.has(state))).toEqual(UNREACHED.guest);
  });

  test('are sixty and more, each short enough to be read at once', () => {
    expect(stories.length).toBeGreaterThanOrEqual(60);
    for (const story of stories) expect(story.split('\n').length).toBeLessThanOrEqual(30);
  });
});

test('stories that are still open can be read', () => {
  const folder = join(import.meta.dirname, '../../drills/open');
  for (const file of existsSync(folder) ? readdirSync(folder) : [])
    parseStory(readFileSync(join(folder, file), 'utf8'));
});
