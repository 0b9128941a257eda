import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { threeHosts, world } from './world.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What every part of a cluster holds, whose daemons were all killed while they fence a host. */
async function specOfKilled(): Promise<WeakRef<object>> {
  const w = await world(threeHosts());
  await w.advance(20_000);
  w.inject({ kind: 'bmc', node: 'h1', mode: 'dead' });
  w.powerOff('h1');
  await w.advance(4_000, () => w.entries().some(({ entry }) => entry.type === 'host.suspected'));
  await w.advance(500);
  for (const node of ['h2', 'h3']) w.inject({ kind: 'kill-daemon', node });
  await w.advance(20_000);
  await w.stop();
  return new WeakRef(w.spec);
}

test('nothing is kept of a cluster that has stopped, so an exploration can last', async () => {
  const spec = await specOfKilled();
  // What was held weakly in a turn lives until that turn is over.
  for (let turns = 0; turns < 5; turns++) {
    await new Promise(setImmediate);
    collect();
  }
  expect(spec.deref()).toBeUndefined();
});
