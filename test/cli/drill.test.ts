/** What may be rehearsed on a cluster in service, and that it is undone. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createCli } from '../../cli/cli.ts';
import type { Api } from '../../cli/client.ts';
import { giveDrill } from '../../cli/drill/give.ts';
import { alarm, unrest } from '../../cli/drill/health.ts';
import { type Plan, planOf } from '../../cli/drill/plan.ts';
import { createService } from '../../cli/drill/world.ts';
import type { Stored } from '../../machines/entries.ts';
import { emptyFleet, type Fleet } from '../../machines/fleet.ts';
import { fold } from '../../machines/fold.ts';
import type { Status } from '../../services/api-status.ts';
import { createSimulation } from '../../sim/create.ts';
import { parseStory } from '../../sim/story/parse.ts';
import { recorder } from './terminal.ts';

const CLUSTER = `story A cluster
hosts shelf-1 shelf-2: rack west
hosts shelf-3: rack east
guests shop: on shelf-1
guests mail: on shelf-2
`;
let entries: readonly Stored[];
let fleet: Fleet;
/** The log in which shelf-3 has just fallen silent. */
let suspected: Fleet;

beforeAll(async () => {
  const sim = await createSimulation(parseStory(CLUSTER).spec, { seed: 1 });
  await sim.advance(30_000);
  entries = [...sim.entries()];
  fleet = fold(emptyFleet, entries);
  sim.inject({ kind: 'isolate', node: 'shelf-3' });
  await sim.advance(20_000, () => sim.entries().at(-1)?.entry.type === 'host.suspected');
  suspected = fold(emptyFleet, sim.entries());
  await sim.stop();
});

const status = (more: Partial<Status['roles']> = {}): Status =>
  ({
    node: 'shelf-1',
    roles: {
      leader: 'shelf-2',
      nats: [{ server: 'shelf-1', connected: true }],
      heardAgoMs: { 'shelf-1': 10, 'shelf-2': 200, 'shelf-3': 90 },
      installs: {},
      waitingFor: null,
      ...more,
    },
  }) as Status;
const NAMES = new Map(Object.entries({ h1: 'shelf-1', h2: 'shelf-2', g1: 'shop', g2: 'mail' }));
const asked = (steps: string) =>
  planOf(`story A drill\nhosts h1 h2 h3\nguests g1: on h1\nguests g2: on h2\n${steps}`, names, {
    fleet,
    status: status(),
  });
const names = new Map([...NAMES, ['h3', 'shelf-3']]);
const plan = (steps: string): Plan => {
  const made = asked(steps);
  if ('refusals' in made) throw new Error(JSON.stringify(made.refusals));
  return made;
};
const refusals = (steps: string) => {
  const made = asked(steps);
  return 'refusals' in made ? made.refusals.map(({ line, what }) => `${line} ${what}`) : [];
};

describe('a plan', () => {
  test('says what would be done, where, and how it is undone, with the names of this cluster', () => {
    const made = plan('at 5s kill g1\nexpect g1 runs on h1 again within 9s\nat 40s pause the daemon of h1 for 400ms');
    expect(made).toMatchObject({ cluster: 'drill', node: 'shelf-1', domain: 'west' });
    expect(made.steps.map(({ atMs, what, undo }) => `${atMs} ${what}: ${undo}`)).toEqual([
      '5000 kill shop: Rekindle starts it again',
      '40000 pause the daemon of shelf-1 for 400ms: it goes on by itself, even if this command dies',
    ]);
  });

  test('is another one when anything of it is', () => {
    const { hash } = plan('at 5s kill g1');
    expect(plan('at 5s kill g1').hash).toBe(hash);
    expect(plan('at 6s kill g1').hash).not.toBe(hash);
    expect(plan('at 5s operator: stop g1').hash).not.toBe(hash);
  });

  test('has nothing that is not surely undone, or that would end with a host switched off', () => {
    expect(
      refusals(`at 1s power loss of h1
at 2s isolate h1 for 300ms
at 3s kill the daemon of h1
at 4s pause the daemon of h1 for 2s
at 5s operator: fence h1
at 6s operator: freeze
at 7s operator: start g1
at 8s operator: maintenance h1
when guest.crashed: kill g1
expect h1 is on
expect every node agrees`),
    ).toEqual([
      '5 "power loss of shelf-1" is not surely undone; it is for the simulator and the lab',
      '6 "isolate shelf-1 for 300ms" is not surely undone; it is for the simulator and the lab',
      '7 "kill the daemon of shelf-1" is not surely undone; it is for the simulator and the lab',
      '8 at most 500ms with the times of this cluster, or its host is fenced',
      '9 an order to fence is given by a person who means it, not by a drill',
      '10 an order to freeze is given by a person who means it, not by a drill',
      '11 shop was not stopped by this story',
      '12 shop would be moved away from shelf-1, and nobody would move them back',
      '13 a fault in the middle of a recovery is for the simulator and the lab',
      '14 whether the power is on is not seen from here',
      '15 what the other nodes have read is not seen from here',
    ]);
  });

  test('touches processes of this node only, and one failure domain only', () => {
    expect(refusals('at 1s kill g2')).toEqual(['5 mail is on shelf-2: run this drill there']);
    expect(refusals('at 1s kill g1\nat 9s operator: maintenance h3')).toEqual([
      '1 it reaches over east and west; one failure domain is the most',
    ]);
    expect(plan('at 1s kill g1\nat 9s operator: stop g2').domain).toBe('west');
  });

  test('never costs the voters their majority, and counts on no arbiter for it', () => {
    for (const voters of [['shelf-1'], ['shelf-1', 'shelf-2', 'witness']]) {
      const made = planOf('story A drill\nhosts shelf-1\nat 1s pause the daemon of shelf-1 for 300ms', new Map(), {
        fleet: { ...fleet, spec: { ...fleet.spec!, voters } },
        status: status(),
      });
      expect(made).toMatchObject({ refusals: [{ line: 3, what: expect.stringContaining('no majority') }] });
    }
  });

  test('needs the names that the story is about', () => {
    const made = planOf('story A drill\nhosts h1 h2 h3\nleader h1\nat 1s operator: step down', NAMES, {
      fleet,
      status: status(),
    });
    expect(made).toEqual({
      refusals: [
        { line: 2, what: 'this cluster has no h3; it has shelf-1, shelf-2, shelf-3; say which with --as NAME=NAME' },
        { line: 3, what: 'shelf-2 leads now' },
      ],
    });
  });
});

describe('nothing is rehearsed on a cluster that is not whole', () => {
  test('by the log, or by what the node itself sees', () => {
    expect(unrest(fleet, status())).toEqual([]);
    expect(unrest(suspected, status())[0]).toMatch(/^shelf-3 is suspect/);
    expect(unrest(fleet, status({ leader: null }))).toEqual(['nobody leads']);
    expect(unrest(fleet, status({ heardAgoMs: { 'shelf-2': 1_500 } }))).toEqual(['shelf-2 is not heard here']);
    expect(unrest(fleet, status({ nats: [{ server: 'shelf-2', connected: false }] }))).toEqual([
      'no connection to the nats-server of shelf-2',
    ]);
    const frozen = { ...fleet, frozen: { by: 'me', reason: 'switch firmware', entry: '1.1' } };
    expect(unrest(frozen, status())).toEqual(['it is frozen: switch firmware']);
    expect(unrest({ ...fleet, headroom: { survivable: false, why: 'no room for mail' } }, status())).toEqual([
      'no room for mail',
    ]);
  });

  test('and a drill under way ends when a host falls silent', () => {
    expect(alarm(fleet)).toBeNull();
    expect(alarm(suspected)).toMatch(/^shelf-3 is suspect/);
  });
});

describe('on a cluster', () => {
  const api = (now = status()) => {
    const posted: unknown[] = [];
    const one: Api = {
      get: async <T>() => now as T,
      post: async <T>(_path: string, body: unknown) => {
        posted.push(body);
        return { kind: 'accepted' } as T;
      },
      async *lines<T>(_path: string, query: Record<string, string | undefined>, signal: AbortSignal) {
        for (const stored of entries) yield stored as T;
        if (query.follow) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    };
    return { one, posted };
  };

  test('what was done is undone, the last first, however it ends', async () => {
    const { one, posted } = api();
    const made = plan('at 1s operator: stop g1\nat 2s operator: stop g2');
    const service = createService(made, { api: one, run: '/nowhere', by: 'me' });
    await service.advance(2_000, () => service.unrest().length === 0);
    const stop = (guest: string) => service.order({ kind: 'set-desired', guest, desired: 'stopped', by: 'operator' });
    expect(await stop('shop')).toBe('accepted');
    expect(await stop('mail')).toBe('accepted');
    service.stop('it was interrupted');
    await expect(service.advance(1_000)).rejects.toThrow('it was interrupted');
    expect(await service.undo()).toEqual([]);
    service.end();
    const orders = ['shop stopped', 'mail stopped', 'mail running', 'shop running'];
    expect(posted).toEqual(
      orders.map((order) => {
        const [guest, desired] = order.split(' ');
        return { kind: 'set-desired', guest, desired, by: 'me' };
      }),
    );
  });

  test('what the story itself has ended is not ended again', async () => {
    const { one, posted } = api();
    const service = createService(plan('at 1s operator: stop g1'), { api: one, run: '/nowhere', by: 'me' });
    await service.advance(2_000, () => service.unrest().length === 0);
    const want = (desired: 'stopped' | 'running') =>
      service.order({ kind: 'set-desired', guest: 'shop', desired, by: 'operator' });
    await want('stopped');
    await want('running');
    expect(await service.undo()).toEqual([]);
    expect(posted).toHaveLength(2);
    service.end();
  });

  test('nothing more is done once something is amiss', async () => {
    const { one, posted } = api(status({ waitingFor: 'no lease' }));
    const service = createService(plan('at 1s operator: stop g1'), { api: one, run: '/nowhere', by: 'me' });
    await service.advance(2_000, () => service.unrest()[0] === 'no lease');
    await service.order({ kind: 'set-desired', guest: 'shop', desired: 'stopped', by: 'operator' });
    expect(service.stopped()).toBe('before "operator: stop shop": no lease');
    expect(posted).toEqual([]);
    service.end();
  });

  test('nothing is done without the hash of what would be done', async () => {
    const { one, posted } = api();
    const terminal = recorder();
    const cli = { ...createCli(terminal), api: () => one };
    const globals = { run: '/nowhere', state: '', cluster: '', allowanceMs: 0 } as const;
    const as = new Map(Object.entries({ h1: 'shelf-1', h2: 'shelf-2', h3: 'shelf-3', g1: 'shop' }));
    await giveDrill(cli, { ...globals, as }, 'drills/stop-and-start.story');
    const [, hash] = /--arm ([0-9a-f]{12})$/.exec(terminal.said.at(-1) ?? '') ?? [];
    expect(hash).toBeDefined();
    await expect(giveDrill(cli, { ...globals, as, arm: '0123' }, 'drills/stop-and-start.story')).rejects.toMatchObject({
      code: 'DRILL_NOT_ARMED',
      about: { hash },
    });
    await expect(giveDrill(cli, { ...globals, as }, 'drills/power-loss.story')).rejects.toMatchObject({
      code: 'DRILL_REFUSED',
      message: expect.stringContaining('power-loss.story:10: "power loss of shelf-1" is not surely undone'),
    });
    expect(posted).toEqual([]);
  });
});
