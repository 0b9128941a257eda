/** Every command that speaks to the daemon, against a real socket. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verify } from '../../adapters/keys/sign.ts';
import { rekindle } from '../../cli/rekindle.ts';
import { serveApi } from '../../services/api-serve.ts';
import { fail } from '../../services/errors.ts';
import { confirmOffText } from '../../services/protocol.ts';
import { silence, type TestView, testView } from '../api/fixture.ts';
import { recorder } from './terminal.ts';

let directory: string;
let view: TestView;
let close: () => Promise<void>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rekindle-cli-'));
  view = testView();
  close = await serveApi(view, { socket: join(directory, 'api.sock'), port: null });
});
afterEach(async () => {
  await close();
  await rm(directory, { recursive: true });
});

async function run(args: string, answer: string | null = null) {
  const terminal = recorder(answer);
  const split = (args.match(/"[^"]*"|\S+/g) ?? []).map((arg) => arg.replaceAll('"', ''));
  const code = await rekindle(['--run', directory, ...split], terminal);
  return { code, ...terminal, out: terminal.said.join('\n'), err: terminal.complained.join('\n') };
}

describe('looking', () => {
  test('status is a calm page', async () => {
    const { code, out } = await run('status');
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "cluster lab · profile fast · leader h1, epoch 1 · log 9 · seen from h1

      HOST  STATE    HEARD  SELF-FENCING  GUESTS  WHY
      h1    running  0.1 s  yes           1       h1 registered as life 1 with no guests running
      h2    running  0.1 s  yes           -       h2 registered as life 1 with no guests running
      h3    running  0.2 s  yes           1       h3 registered as life 1 with no guests running

      GUEST  STATE    HOST  SEEN     WHY
      g1     running  h3    running  g1 runs on h3
      g2     running  h1    running  g2 runs on h1"
    `);
  });

  test('what is wrong comes first, with what to do', async () => {
    view.append(silence, {
      type: 'fence.failed',
      subject: 'host/h3',
      cause: '1.10',
      data: { counter: 1, attempts: [{ method: 'ipmi 10.0.1.3', reason: 'no answer' }] },
    });
    view.setRoles({ leader: null });
    const { said } = await run('status');
    expect(said[0]).toContain('no leader');
    expect(said[1]).toMatch(/^! h3 cannot be proven stopped .* rekindle confirm-off h3 /);
  });

  test('status --json is one object that scripts can read', async () => {
    const { said } = await run('status --json');
    expect(said).toHaveLength(1);
    expect(JSON.parse(said[0]!)).toMatchObject({
      cluster: 'lab',
      guests: [{ name: 'g1', host: 'h3' }, { name: 'g2' }],
    });
  });

  test('log prints sentences, filtered', async () => {
    const { said } = await run('log --subject guest/g1');
    expect(said.map((line) => line.slice(14))).toEqual([
      '#6     placed g1 on h3: h3 is preferred',
      '#7     g1 runs on h3',
    ]);
    expect((await run('log --type host.joined')).said).toHaveLength(3);
    expect((await run('log --since 1d')).said).toEqual([]);
    expect((await run('log --last 1 --json')).said.map((line) => JSON.parse(line).seq)).toEqual([9]);
  });

  test('why tells what the daemon explains', async () => {
    expect((await run('why guest/g1')).out).toContain('h3');
    expect((await run('why guest/g1 --not h2')).out).toContain('h2');
    expect((await run('why guest/g1 --json')).out).toMatch(/^\{"subject":"guest\/g1","not":null,"lines":\[/);
  });

  test('an unknown subject is an error that lists the known ones', async () => {
    const { code, err } = await run('why guest/g7');
    expect(code).toBe(2);
    expect(err).toBe(
      'rekindle: there is no guest/g7 in this cluster\n  use one of: cluster, host/h1, host/h2, host/h3, guest/g1, guest/g2',
    );
  });
});

describe('ordering', () => {
  const by = expect.any(String);
  test.each([
    ['fence h3 --reason "smells burnt"', { kind: 'fence', host: 'h3', by, reason: 'smells burnt' }],
    ['freeze --reason works', { kind: 'freeze', by, reason: 'works' }],
    ['thaw', { kind: 'thaw', by }],
    ['release-brake', { kind: 'release-brake', by }],
    ['start g1', { kind: 'set-desired', guest: 'g1', desired: 'running', by }],
    ['stop g1', { kind: 'set-desired', guest: 'g1', desired: 'stopped', by }],
    ['migrate g1', { kind: 'migrate', guest: 'g1', to: null, by }],
    ['migrate g1 --to h2', { kind: 'migrate', guest: 'g1', to: 'h2', by }],
    ['maintenance h2', { kind: 'maintenance', host: 'h2', on: true, drain: true, by }],
    ['maintenance h2 --keep-guests', { kind: 'maintenance', host: 'h2', on: true, by }],
    ['maintenance h2 --end', { kind: 'maintenance', host: 'h2', on: false, by }],
    ['step-down', { kind: 'step-down', by }],
  ])('%s', async (args, order) => {
    const { code, out } = await run(args);
    expect(view.orders).toEqual([order]);
    expect(code).toBe(0);
    expect(out).toMatch(/rekindle watch$/);
  });

  test('a refusal is an error with its reason', async () => {
    view.answer = () => ({ kind: 'rejected', code: 'FROZEN', reason: 'the cluster is frozen' });
    const { code, err, out } = await run('migrate g1');
    expect([code, out]).toEqual([4, '']);
    expect(err).toContain('the leader refused: the cluster is frozen');
  });

  test('without a leader nothing can be ordered, and that is said', async () => {
    view.answer = () => fail('NO_LEADER', { reason: 'no majority of the voters answers' });
    const { code, said } = await run('freeze --reason x --json');
    expect(code).toBe(4);
    expect(JSON.parse(said[0]!).error).toMatchObject({
      code: 'NO_LEADER',
      message: 'the cluster has no leader now, so nothing can be ordered: no majority of the voters answers',
    });
  });

  test('a lost answer is told as unknown, never as done', async () => {
    view.answer = () => fail('ORDER_UNKNOWN', { reason: 'h1 did not answer in 5 s' });
    const { code, err } = await run('start g1');
    expect(code).toBe(5);
    expect(err).toContain('not known: h1 did not answer in 5 s');
  });
});

describe('confirm-off', () => {
  let key: string;
  const pair = createUser();
  beforeEach(async () => {
    key = join(directory, 'anna.nk');
    await writeFile(key, pair.getSeed(), { mode: 0o600 });
  });
  const args = () => `confirm-off h3 --by anna --checked "pulled both cords" --key ${key}`;

  test('says what is asserted, asks for the name, and sends a word that verifies', async () => {
    const { code, err, asked } = await run(args(), 'h3');
    expect(code).toBe(0);
    expect(asked).toEqual(['Type h3 to confirm: ']);
    expect(err).toBe(
      [
        'You are about to put your signed word into the log of cluster lab:',
        '  h3 (life 1, now running) is off and cannot write.',
        '  Checked by anna: pulled both cords',
        'Then g1 will start elsewhere. If h3 still runs, two of them may write one disk.',
      ].join('\n'),
    );
    const [order] = view.orders;
    if (order?.kind !== 'confirm-off') throw new Error('no word was sent');
    expect(order).toMatchObject({
      host: 'h3',
      counter: 1,
      by: 'anna',
      checked: 'pulled both cords',
      key: pair.getPublicKey(),
    });
    expect(verify(order.key, confirmOffText(order), order.signature)).toBe(true);
    expect(verify(order.key, confirmOffText({ ...order, counter: 2 }), order.signature)).toBe(false);
  });

  test.each([['h2'], [''], [null]])('typing %o sends nothing', async (typed) => {
    const { code, err } = await run(args(), typed);
    expect(code).toBe(2);
    expect(err).toContain('nothing was sent');
    expect(view.orders).toEqual([]);
  });

  test('--yes does not ask', async () => {
    expect((await run(`${args()} --yes`)).asked).toEqual([]);
    expect(view.orders).toHaveLength(1);
  });

  test('a file that holds no seed is refused, and its content not repeated', async () => {
    await writeFile(key, 'SUAHUNTER2');
    const { code, err } = await run(args(), 'h3');
    expect(code).toBe(2);
    expect(err).toContain('no nkey seed');
    expect(err).not.toContain('HUNTER2');
  });

  test('an unknown host is refused before anything is asked', async () => {
    const { err, asked } = await run(args().replace('h3', 'h9'), 'h9');
    expect(err).toContain('there is no host/h9 in this cluster');
    expect(asked).toEqual([]);
  });
});
