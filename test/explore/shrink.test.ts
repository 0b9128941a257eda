import { expect, test } from 'vitest';
import { runSeed } from '../../sim/explore/run-seed.ts';
import { failureOf, shrink } from '../../sim/explore/shrink.ts';
import { storyOf } from '../../sim/explore/story.ts';
import { lyingBmc, planOf } from './plans.ts';

const noise = [5_000, 7_000, 9_000, 11_000].flatMap((atMs) => [
  { atMs, fault: { kind: 'kill-guest', guest: 'g4' } },
  { atMs: atMs + 100, fault: { kind: 'kill-daemon', node: 'h3' } },
]);

test('a guest that runs twice is seen, and its plan shrinks to what made it so', async () => {
  const plan = planOf([...noise, ...lyingBmc]);
  const result = await runSeed(1, { plan, stopEarly: true });
  expect(result.violations[0]).toMatchObject({ invariant: 16 });
  expect(result.violations[0]!.recent.join('\n')).toContain('isolate h1');

  const small = await shrink(1, plan, failureOf(result)!, 60);
  expect(small.plan.steps.map(({ fault }) => fault.kind)).toEqual(['bmc', 'isolate']);
  expect(Object.keys(small.plan.spec.guests)).toHaveLength(1);
  const story = await storyOf(1, small.plan);
  expect(story).toContain('VIOLATED 16');
  expect(story).toContain('bmc h1 mode lies');
}, 120_000);

test('once it goes on, the same guest can write on two hosts', async () => {
  const { violations } = await runSeed(1, { plan: planOf(lyingBmc) });
  expect(violations.map(({ invariant }) => invariant)).toContain(1);
});

test('what cannot be is not called a failure', async () => {
  const { violations, unsettled } = await runSeed(1, { plan: planOf([]) });
  expect({ violations, unsettled }).toEqual({ violations: [], unsettled: [] });
});
