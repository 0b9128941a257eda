/** docs/log.md says what the log really holds, and its way of listening works. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { storedSubjects, streamName } from '../../adapters/nats/subjects.ts';
import { dataSchemas, type Entry } from '../../machines/entries.ts';
import { emptyFleet, type Fleet, GENESIS_HASH } from '../../machines/fleet.ts';
import { rejection } from '../../machines/fold.ts';
import { startCluster } from '../nats/cluster.ts';

const page = readFileSync(new URL('../../docs/log.md', import.meta.url), 'utf8');
const table = /<!-- entries -->\n([\s\S]*?)<!-- \/entries -->/.exec(page)?.[1] ?? '';
const rows = [...table.matchAll(/^\| `([\w.-]+)` \| ([chg]+) \| (.*?) \| (.+) \|$/gm)].map(([, type, of, data]) => ({
  type: type!,
  of: of!,
  data: [...data!.matchAll(/`(\w+)`/g)].map(([, key]) => key!),
}));

test('the table has every entry type, in the order of the code', () => {
  expect(rows.map(({ type }) => type)).toEqual(Object.keys(dataSchemas));
});

test('and the data each carries', () => {
  const wrong = rows.filter(({ type, data }) => {
    const schema = dataSchemas[type as keyof typeof dataSchemas] as z.ZodObject;
    return JSON.stringify(Object.keys(schema.shape)) !== JSON.stringify(data);
  });
  expect(wrong).toEqual([]);
});

test('and what each may speak of', () => {
  const fleet: Fleet = { ...emptyFleet, epoch: 1 };
  const subjects = { c: 'cluster', h: 'host/h1', g: 'guest/g1' } as const;
  const speaks = (type: string) =>
    Object.entries(subjects)
      .filter(([, subject]) => {
        const epoch = type === 'leader.elected' ? 2 : 1;
        const entry = { type, subject, epoch, id: '1.1', data: {} } as unknown as Entry;
        return !/cannot speak of/.test(rejection(fleet, entry) ?? '');
      })
      .map(([letter]) => letter)
      .join('');
  expect(rows.filter(({ type, of }) => speaks(type) !== of)).toEqual([]);
});

test('the subjects and the stream are named as the adapter names them', () => {
  expect(page).toContain(`\`${storedSubjects('CLUSTER')}\``);
  expect(page).toContain(`\`${streamName('CLUSTER')}\``);
});

test('docs/follow.mjs prints what is stored, with the keys of the monitor', async () => {
  const cluster = await startCluster({ hosts: ['h1'] });
  const keys = join(cluster.directory, 'made/clients/monitor');
  const follower = spawn(process.execPath, [
    'docs/follow.mjs',
    `127.0.0.1:${cluster.ports('h1').client}`,
    'test',
    keys,
  ]);
  try {
    const [said] = await once(follower.stderr, 'data');
    expect(String(said)).toMatch(/^listening at /);
    const lines = createInterface(follower.stdout);
    const line = once(lines, 'line');
    const log = await cluster.log(cluster.connect('controller', 'h1'));
    const draft = { type: 'cluster.thawed', subject: 'cluster', cause: 'operator', data: { by: 'ann' } } as const;
    await log.append(
      draft,
      { seq: 0, hash: GENESIS_HASH },
      { node: 'h1', epoch: 1, atMs: Date.now() },
      AbortSignal.timeout(10_000),
    );
    const [text] = (await line) as [string];
    expect(text).toMatch(/^1 \{/);
    expect(JSON.parse(text.slice(2))).toMatchObject({ id: '1.1', type: 'cluster.thawed', data: { by: 'ann' } });
  } finally {
    follower.kill();
    await cluster.close();
  }
});
