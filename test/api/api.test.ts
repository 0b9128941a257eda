import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiAt } from '../../cli/client.ts';
import type { Stored } from '../../machines/entries.ts';
import { buildApi } from '../../services/api.ts';
import { serveApi } from '../../services/api-serve.ts';
import type { Status } from '../../services/api-status.ts';
import { fail } from '../../services/errors.ts';
import { granted, silence, started, type TestView, testView } from './fixture.ts';

let view: TestView;
beforeEach(() => {
  view = testView();
});

describe('requests', () => {
  const ask = async (url: string) => {
    const response = await buildApi(view, { writable: true }).inject(url);
    return { status: response.statusCode, body: response.json() };
  };

  test('status tells hosts, guests and why, and no definition of a guest', async () => {
    const { status, body } = await ask('/v1/status');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      node: 'h1',
      cluster: 'lab',
      profile: 'fast',
      epoch: 1,
      roles: { leader: 'h1', leading: true },
      voters: ['h1', 'h2', 'h3'],
    } satisfies Partial<Record<keyof Status, unknown>>);
    expect(body.hosts.map((host: Status['hosts'][number]) => [host.name, host.state, host.guests])).toEqual([
      ['h1', 'running', ['g2']],
      ['h2', 'running', []],
      ['h3', 'running', ['g1']],
    ]);
    expect(body.guests).toMatchObject([
      { name: 'g1', state: 'running', host: 'h3', observed: 'running' },
      { name: 'g2', state: 'running', host: 'h1' },
    ]);
    expect(JSON.stringify(body)).not.toContain('<domain');
  });

  test('a silent host is shown suspect, with the reason', async () => {
    view.append(silence);
    const { body } = await ask('/v1/status');
    expect(body.hosts[2]).toMatchObject({ name: 'h3', state: 'suspect', means: 'silent towards a majority of voters' });
    expect(body.hosts[2].why).toContain('silent');
  });

  test.each([
    ['', 9],
    ['?last=2', 2],
    ['?from=8', 2],
    ['?subject=guest/g1', 2],
    ['?type=start', 2],
    ['?type=host.joined&subject=host/h2', 1],
    ['?since=2025-01-31T12:00:02.000Z', 2],
  ])('log%s is %i entries', async (query, count) => {
    const response = await buildApi(view, { writable: true }).inject(`/v1/log${query}`);
    const lines = response.payload
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Stored);
    expect(lines).toHaveLength(count);
    expect(lines.at(-1)?.entry.specversion).toBe('1.0');
  });

  test('why of a guest names where it is; why not names the host asked about', async () => {
    expect((await ask('/v1/why?subject=guest/g1')).body.lines.join('\n')).toContain('h3');
    expect((await ask('/v1/why?subject=guest/g1&not=h2')).body.lines.join('\n')).toContain('h2');
  });

  test.each([
    ['/v1/why?subject=guest/g9', 400, 'UNKNOWN_SUBJECT', 'there is no guest/g9 in this cluster'],
    ['/v1/why?subject=host/h1&not=h2', 400, 'UNKNOWN_SUBJECT', 'there is no host/h1 in this cluster'],
    ['/v1/why', 400, 'BAD_REQUEST', /^not understood: subject/],
    ['/v1/log?from=none', 400, 'BAD_REQUEST', /^not understood: from/],
    ['/v1/log?form=1', 400, 'BAD_REQUEST', /form/],
    ['/v2/status', 404, 'BAD_REQUEST', 'not understood: GET /v2/status is not offered here'],
  ])('%s is refused with %i %s', async (url, status, code, message) => {
    const answer = await ask(url);
    expect(answer.status).toBe(status);
    expect(answer.body.error.code).toBe(code);
    expect(answer.body.error.message).toMatch(message);
    expect(answer.body.error.todo).toBeTruthy();
  });
});

describe('orders', () => {
  const order = (payload: unknown, writable = true) =>
    buildApi(view, { writable }).inject({
      method: 'POST',
      url: '/v1/orders',
      payload: payload as object,
      headers: { host: 'localhost' },
    });
  const fence = { kind: 'fence', host: 'h3', by: 'anna', reason: 'smoke' };

  test('an accepted order reaches the leader as it was given', async () => {
    const response = await order(fence);
    expect(response.json()).toEqual({ kind: 'accepted', seq: 9 });
    expect(view.orders).toEqual([fence]);
  });

  test("a rejected one says the leader's reason", async () => {
    view.answer = () => ({ kind: 'rejected', code: 'UNKNOWN_HOST', reason: 'there is no host h3' });
    const response = await order(fence);
    expect(response.statusCode).toBe(409);
    expect(response.json().error).toMatchObject({
      code: 'ORDER_REJECTED',
      message: 'the leader refused: there is no host h3',
    });
  });

  test('a fence that would cost the majority says what to do first', async () => {
    view.answer = () => ({ kind: 'rejected', code: 'FENCE_COSTS_MAJORITY', reason: 'no majority would be left' });
    expect((await order(fence)).json().error).toMatchObject({
      code: 'FENCE_COSTS_MAJORITY',
      todo: expect.stringMatching(/bring back a voter/),
    });
  });

  test('without a leader it says so', async () => {
    view.answer = () => fail('NO_LEADER', { reason: '1 of 3 voters answers' });
    expect((await order(fence)).json().error).toMatchObject({
      code: 'NO_LEADER',
      about: { reason: '1 of 3 voters answers' },
    });
  });

  test('what is no order never reaches the leader', async () => {
    expect((await order({ kind: 'explode' })).json().error.code).toBe('BAD_REQUEST');
    expect((await order({ ...fence, extra: 1 })).statusCode).toBe(400);
    expect((await order({ ...fence, reason: 'x'.repeat(100_000) })).json().error.code).toBe('BAD_REQUEST');
    expect(view.orders).toEqual([]);
  });

  test('where only reading is offered, an order is not', async () => {
    expect((await order(fence, false)).statusCode).toBe(404);
    expect(view.orders).toEqual([]);
  });

  test('a page of another site cannot read over the loopback', async () => {
    const api = buildApi(view, { writable: false });
    const asked = (host: string) => api.inject({ url: '/v1/status', headers: { host } });
    expect((await asked('evil.example:8080')).statusCode).toBe(400);
    expect((await asked('127.0.0.1:8080')).statusCode).toBe(200);
  });
});

describe('on a socket', () => {
  let directory: string;
  let socket: string;
  let close = async () => {};
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rekindle-api-'));
    socket = join(directory, 'api.sock');
  });
  afterEach(async () => {
    await close();
    await rm(directory, { recursive: true });
  });
  const serve = async (port: number | null = null) => {
    close = await serveApi(view, { socket, port });
  };

  test('only its owner may open it', async () => {
    await serve();
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
  });

  test('a socket left by a killed daemon is replaced; one that answers is not', async () => {
    const killed = createServer().listen(socket);
    await new Promise((resolve) => killed.once('listening', resolve));
    await expect(serve()).rejects.toMatchObject({ code: 'API_PORT_TAKEN' });
    await new Promise((resolve) => killed.close(resolve));
    await writeFile(socket, '');
    await serve();
    expect(await apiAt(socket).get('/v1/status')).toMatchObject({ node: 'h1' });
  });

  test('a taken port is said, and nothing is left listening', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    await expect(serve(port)).rejects.toMatchObject({ code: 'API_PORT_TAKEN', about: { where: `127.0.0.1:${port}` } });
    await expect(apiAt(socket).get('/v1/status')).rejects.toMatchObject({ code: 'DAEMON_NOT_RUNNING' });
    other.close();
  });

  test('a follower gets what is there and then every entry as it comes, in order', async () => {
    await serve();
    const end = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const { seq } of apiAt(socket).lines<Stored>('/v1/log', { from: '8', follow: '1' }, end.signal)) {
        seen.push(seq);
        if (seq === 9) view.append(silence);
        if (seq === 10) view.append(granted('g1', 'h2'), started('g1', 'h2', '1.11'));
        if (seq === 12) end.abort();
      }
    })();
    await following;
    expect(seen).toEqual([8, 9, 10, 11, 12]);
  });

  test('a follower that does not read costs no memory and loses nothing', async () => {
    await serve();
    const end = new AbortController();
    const entries = apiAt(socket).lines<Stored>('/v1/log', { follow: '1' }, end.signal);
    expect((await entries.next()).value.seq).toBe(1);
    let read = 0;
    let most = 0;
    const { entries: original } = view;
    view.entries = (from, to) => {
      const some = original(from, to);
      read += some.length;
      most = Math.max(most, some.length);
      return some;
    };
    const many = 20_000;
    for (let n = 0; n < many; n += 100) {
      view.append(...Array.from({ length: 100 }, () => silence));
      await new Promise(setImmediate);
    }
    expect(read).toBeLessThan(many / 2);
    let last = 1;
    for await (const { seq } of entries) {
      expect(seq).toBe(last + 1);
      last = seq;
      if (seq === many + 9) break;
    }
    // In small bites, so that the leases of the same process are not kept waiting.
    expect(most).toBeLessThanOrEqual(256);
    end.abort();
  }, 20_000);

  test('more followers than the bound are refused', async () => {
    await serve();
    const end = new AbortController();
    const open = Array.from({ length: 64 }, () => apiAt(socket).lines<Stored>('/v1/log', { follow: '1' }, end.signal));
    await Promise.all(open.map((entries) => entries.next()));
    const oneMore = apiAt(socket).lines<Stored>('/v1/log', { follow: '1' }, end.signal);
    await expect(oneMore.next()).rejects.toMatchObject({ code: 'TOO_MANY_FOLLOWERS' });
    end.abort();
  });
});
