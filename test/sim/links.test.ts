/** A cut costs what was under way more than it lasts: how much more, docs/simulator.md says. */
import { expect, test } from 'vitest';
import { createLinks, type Links } from '../../sim/links.ts';
import { createRandom } from '../../sim/random.ts';
import { createScheduler } from '../../sim/scheduler.ts';

const NODES = ['h1', 'h2', 'h3'];

/** Cuts for so long, with something sent every 10 ms; returns when that carries again, after the cut began. */
async function carriesAgain(cut: (links: Links) => void, heal: (links: Links) => void, forMs: number) {
  const scheduler = createScheduler();
  const links = createLinks(scheduler, createRandom(1), NODES, NODES, [0.2, 0.6], () => {});
  let told = 0;
  links.onReach('h1', () => {
    told += 1;
  });
  scheduler.at(1_000, () => cut(links));
  scheduler.at(1_000 + forMs, () => heal(links));
  for (let ms = 1_000; ms < 10_000; ms += 10) {
    await scheduler.runUntil(ms);
    if (ms > 1_000 && links.travelMs('h1', 'h3') !== null) return { afterMs: ms - 1_000, told };
  }
  throw new Error('never');
}

const own = [(links: Links) => links.isolate('h1'), (links: Links) => links.rejoin('h1')] as const;
const between = (['cut', 'heal'] as const).map((what) => (links: Links) => {
  for (const to of ['h2', 'h3']) links[what]('h1', to);
}) as [(links: Links) => void, (links: Links) => void];

test.each([
  { forMs: 90, afterMs: 210 },
  { forMs: 300, afterMs: 410 },
  { forMs: 500, afterMs: 810 },
  { forMs: 1_000, afterMs: 1_610 },
])('cut on the way for $forMs ms: what was sent arrives with the next retransmission', async ({ forMs, afterMs }) => {
  const seen = await carriesAgain(...between, forMs);
  expect(Math.abs(seen.afterMs - afterMs)).toBeLessThanOrEqual(10);
  expect(seen.told).toBe(0);
});

test.each([90, 300, 900])('its own link gone for %i ms: a host is silent for a second', async (forMs) => {
  const { afterMs } = await carriesAgain(...own, forMs);
  expect(afterMs).toBeGreaterThanOrEqual(1_000);
  expect(afterMs).toBeLessThan(1_050);
});

test('cut for longer than a connection lives: a new one, soon after the link is there, and it is told', async () => {
  const { afterMs, told } = await carriesAgain(...own, 4_000);
  expect(afterMs).toBeGreaterThan(4_040);
  expect(afterMs).toBeLessThan(4_320);
  expect(told).toBe(1);
});
