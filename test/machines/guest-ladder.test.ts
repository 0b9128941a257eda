/** A guest crashes, hangs, will not start, will not stop: its own ladder. */
import { describe, expect, test } from 'vitest';
import type { Fleet } from '../../machines/fleet.ts';
import { BLOCKED_RETRY_MS, STOP_TRIES } from '../../machines/guest-parts.ts';
import type { Intent } from '../../machines/intents.ts';
import { runnable } from '../../machines/runnable.ts';
import { running, type Story, spec, story } from './given.ts';

const ladder = (inPlace: number, relocate: number, reinstall = 'never') => ({
  ladder: {
    inPlace: { tries: inPlace, withinMs: 600_000, backoffMs: 1_000 },
    relocate: { tries: relocate, withinMs: 600_000, backoffMs: 1_000 },
    reinstall,
  },
});
const one = (inPlace = 3, relocate = 2, reinstall = 'never') =>
  running(spec(3, { g1: { prefers: 'h1', ...ladder(inPlace, relocate, reinstall) } }));

function crash(s: Story, cause: 'process-died' | 'shut-down' | 'panicked' = 'process-died', gone = true): string {
  return s.append('guest.crashed', 'guest/g1', { ...s.guest('g1').context.grant!, cause, gone, detail: 'killed' });
}

describe('a crash', () => {
  test('is answered in place at once, under a new grant with a higher token', () => {
    const s = one();
    const before = s.guest('g1').context.grant!;
    const crashed = crash(s);
    expect(s.guest('g1')).toMatchObject({ state: 'restarting', context: { release: { kind: 'R1', entry: crashed } } });
    expect(s.intent('place', 'guest/g1')).toMatchObject({ purpose: 'in-place', prefer: 'h1' });
    s.settle();
    const after = s.guest('g1').context.grant!;
    expect(s.guest('g1').state).toBe('running');
    expect(after.host).toBe('h1');
    expect(Number(after.token.split('.')[1])).toBeGreaterThan(Number(before.token.split('.')[1]));
  });

  test('repeated: back-off doubles, then another host, then failed with the reason', () => {
    const s = one(3, 2);
    const waits: number[] = [];
    const hosts: string[] = [];
    for (let i = 0; i < 10 && s.guest('g1').state === 'running'; i += 1) {
      hosts.push(s.guest('g1').context.grant!.host);
      crash(s);
      const timer = s.fleet.timers['guest/g1/retry'];
      waits.push(timer ? timer.dueMs - s.fleet.nowMs : 0);
      if (timer) s.fire('guest/g1/retry');
      s.settle();
    }
    expect(waits).toEqual([0, 1_000, 2_000, 0, 1_000, 0]);
    expect(hosts).toEqual(['h1', 'h1', 'h1', 'h1', 'h2', 'h3']);
    expect(s.guest('g1')).toMatchObject({
      state: 'failed',
      context: { why: expect.stringMatching(/lost its QEMU process.*used up/) },
    });
    expect(s.fleet.intents).toEqual({});
  });

  test('long after the last one counts afresh: failures age, and are forgotten once it ran well', () => {
    const s = one(1, 1);
    crash(s);
    s.settle();
    s.fire('guest/g1/stable');
    expect(s.guest('g1').context).toMatchObject({ tries: { inPlace: [], relocate: [] }, avoid: [] });
    crash(s);
    expect(s.guest('g1').state).toBe('restarting');
  });

  test('a guest that shut itself down, though wanted running, is started again and the log says so', () => {
    const s = one();
    crash(s, 'shut-down');
    expect(s.guest('g1')).toMatchObject({
      state: 'restarting',
      context: { why: expect.stringMatching(/shut itself down/) },
    });
  });

  test('that leaves something behind is stopped first and seen gone, before anything starts', () => {
    const s = one();
    crash(s, 'panicked', false);
    expect(s.guest('g1')).toMatchObject({ state: 'stopping', context: { release: null } });
    expect(s.intent('stop', 'guest/g1')).toMatchObject({ host: 'h1', graceful: false });
    expect(s.intent('place', 'guest/g1')).toBeUndefined();
    const stopped = s.outcome('succeeded', 'stop', 'guest/g1');
    expect(s.guest('g1')).toMatchObject({ state: 'restarting', context: { release: { kind: 'R1', entry: stopped } } });
  });

  test('reported of an instance of the past has no effect', () => {
    const s = one();
    const old = s.guest('g1').context.grant!;
    crash(s);
    s.settle();
    s.append('guest.crashed', 'guest/g1', { ...old, cause: 'process-died', gone: true, detail: '' });
    expect(s.guest('g1').state).toBe('running');
  });

  test('in place, when its host is lost meanwhile: another host takes it without waiting for a person', () => {
    const s = one();
    crash(s);
    s.suspect('h1');
    s.prove('h1');
    s.settle();
    expect(s.guest('g1')).toMatchObject({ state: 'running', context: { grant: { host: 'h2' } } });
  });

  test('with rebuilding allowed leads there at the end', () => {
    const s = one(0, 0, 'allowed');
    crash(s);
    expect(s.guest('g1').state).toBe('reinstalling');
    s.outcome('succeeded', 'reinstall', 'guest/g1');
    s.settle();
    expect(s.guest('g1').state).toBe('running');
  });
});

describe('a start', () => {
  const placed = (inPlace = 3, relocate = 2) => {
    const s = story(spec(3, { g1: { prefers: 'h1', ...ladder(inPlace, relocate) } }));
    for (const host of ['h1', 'h2', 'h3']) s.join(host);
    s.placeAll();
    return s;
  };

  test('that failed certainly does not run: another host is tried', () => {
    const s = placed();
    const failed = s.outcome('failed', 'start', 'guest/g1');
    expect(s.guest('g1').context).toMatchObject({ release: { kind: 'R1', entry: failed }, avoid: ['h1'] });
    s.settle();
    expect(s.guest('g1')).toMatchObject({ state: 'running', context: { grant: { host: 'h2' } } });
  });

  test('is tried again where it failed once no other host may be tried', () => {
    const s = placed(3, 0);
    s.outcome('failed', 'start', 'guest/g1');
    expect(s.guest('g1').state).toBe('restarting');
    s.settle();
    expect(s.guest('g1')).toMatchObject({ state: 'running', context: { grant: { host: 'h1' } } });
  });

  test('of unknown outcome keeps its grant and is stopped at that very host first', () => {
    const s = placed();
    s.outcome('unknown', 'start', 'guest/g1');
    expect(s.guest('g1')).toMatchObject({ state: 'stopping', context: { release: null, grant: { host: 'h1' } } });
    expect(s.intent('stop', 'guest/g1')).toMatchObject({ host: 'h1' });
    expect(s.intent('place', 'guest/g1')).toBeUndefined();
    s.outcome('succeeded', 'stop', 'guest/g1');
    s.settle();
    expect(s.guest('g1').state).toBe('running');
  });

  test('failing everywhere ends: failed, or blocked until something changes; never a storm', () => {
    const s = placed(1, 2);
    let starts = 0;
    for (let i = 0; i < 50 && s.guest('g1').state !== 'failed'; i += 1) {
      s.placeAll();
      if (s.intent('start', 'guest/g1')) {
        starts += 1;
        s.outcome('failed', 'start', 'guest/g1');
      }
      if (s.fleet.timers['guest/g1/retry']) s.fire('guest/g1/retry');
    }
    expect(s.guest('g1').state).toBe('failed');
    expect(starts).toBeLessThanOrEqual(5);
    s.append('guest.ordered', 'guest/g1', { desired: 'running', by: 'ann' });
    s.settle();
    expect(s.guest('g1').state, 'a person may try again').toBe('running');
  });

  test('is asked for once per grant: an outcome of an intent that is not pending has no force', () => {
    const s = placed();
    const { host, counter, token } = s.guest('g1').context.grant!;
    s.refuse(
      'start.succeeded',
      'guest/g1',
      { intent: 'guest/g1/start@1', host, counter, token, detail: '' },
      /not pending/,
    );
    const id = s.outcome('succeeded', 'start', 'guest/g1');
    expect(s.guest('g1').context.cause).toBe(id);
    s.refuse(
      'start.failed',
      'guest/g1',
      { intent: `guest/g1/start@${token.split('.')[1]}`, host, counter, token, reason: '' },
      /not pending/,
    );
  });
});

describe('a hung guest', () => {
  const hung = () => {
    const s = one();
    s.append('guest.hung', 'guest/g1', { ...s.guest('g1').context.grant!, probe: 'agent', detail: '5 misses' });
    return s;
  };

  test('is stopped, seen gone, started again', () => {
    const s = hung();
    expect(s.intent('stop', 'guest/g1')).toMatchObject({ graceful: false });
    s.outcome('succeeded', 'stop', 'guest/g1');
    s.settle();
    expect(s.guest('g1')).toMatchObject({ state: 'running', context: { grant: { host: 'h1' } } });
  });

  test('whose host begins a new life without it needs no stop any more', () => {
    const s = hung();
    s.join('h1', 2);
    expect(s.intent('stop', 'guest/g1')).toBeUndefined();
    s.settle();
    expect(s.guest('g1')).toMatchObject({ state: 'running', context: { grant: { host: 'h1', counter: 2 } } });
  });

  test('that cannot be seen gone: stopped again with back-off, then blocked for a person; the proof of its host frees it', () => {
    const s = hung();
    for (let i = 1; i < STOP_TRIES; i += 1) {
      s.outcome(i % 2 ? 'unknown' : 'failed', 'stop', 'guest/g1');
      expect(s.guest('g1').state).toBe('stopping');
      s.fire('guest/g1/stop');
    }
    s.outcome('unknown', 'stop', 'guest/g1');
    expect(s.guest('g1')).toMatchObject({
      state: 'blocked',
      context: { release: null, why: expect.stringMatching(/person/) },
    });
    expect(s.intent('place', 'guest/g1')).toBeUndefined();
    s.fire('guest/g1/retry');
    expect(s.intent('stop', 'guest/g1'), 'still tried now and then').toBeDefined();
    s.append('fence.requested', 'host/h1', { by: 'ann', reason: 'hung guest' });
    s.prove('h1');
    s.settle();
    expect(s.guest('g1')).toMatchObject({ state: 'running', context: { grant: { host: 'h2' } } });
  });
});

describe('orders', () => {
  test('stop and start again', () => {
    const s = one();
    s.append('guest.ordered', 'guest/g1', { desired: 'stopped', by: 'ann' });
    expect(s.intent('stop', 'guest/g1')).toMatchObject({ graceful: true });
    s.outcome('succeeded', 'stop', 'guest/g1');
    expect(s.guest('g1').state).toBe('stopped');
    expect(s.fleet.intents).toEqual({});
    s.append('guest.ordered', 'guest/g1', { desired: 'running', by: 'ann' });
    s.settle();
    expect(s.guest('g1')).toMatchObject({ state: 'running', context: { grant: { host: 'h1' } } });
  });

  test('stop while a start is under way: it is stopped, not forgotten', () => {
    const s = story(spec(1, { g1: {} }));
    s.join('h1');
    s.placeAll();
    s.append('guest.ordered', 'guest/g1', { desired: 'stopped', by: 'ann' });
    expect(s.guest('g1').state).toBe('stopping');
    expect(s.intent('start', 'guest/g1')).toBeUndefined();
    s.outcome('succeeded', 'stop', 'guest/g1');
    expect(s.guest('g1').state).toBe('stopped');
  });

  test('a guest that leaves the cluster file is stopped, then forgotten; a file read again overrules no order', () => {
    const cluster = spec(3, { g1: {}, g2: {} });
    const s = running(cluster);
    s.append('guest.ordered', 'guest/g2', { desired: 'stopped', by: 'ann' });
    s.outcome('succeeded', 'stop', 'guest/g2');
    s.append('cluster.configured', 'cluster', { digest: 'd', spec: cluster });
    expect(s.guest('g2')).toMatchObject({ state: 'stopped', context: { desired: 'stopped' } });

    const smaller = { ...cluster, guests: {} };
    s.append('cluster.configured', 'cluster', { digest: 'e', spec: smaller });
    expect(s.guest('g1').state).toBe('stopping');
    expect(s.fleet.guests.g2).toBeUndefined();
    s.outcome('succeeded', 'stop', 'guest/g1');
    s.append('cluster.configured', 'cluster', { digest: 'e', spec: smaller });
    expect(s.fleet.guests).toEqual({});
  });
});

describe('no storage', () => {
  const storage = { storage: ['images'] };
  const hosts = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`h${i + 1}`, { storage: ['images', 'san'] }]));
  /** The pending start fails for want of storage. */
  const starve = (s: Story, guest: string) => {
    const [id, { intent, cause }] = Object.entries(s.fleet.intents).find(
      ([, pending]) => pending.subject === `guest/${guest}` && pending.intent.type === 'start',
    )!;
    const { host, counter, token } = intent as Extract<Intent, { type: 'start' }>;
    const data = { intent: id, host, counter, token, reason: 'gone', lacks: 'storage' as const };
    s.append('start.failed', `guest/${guest}`, data, { cause });
  };
  const given = (guests: Parameters<typeof spec>[1]) => {
    const s = story(spec(hosts(4), guests));
    for (const host of ['h1', 'h2', 'h3', 'h4']) s.join(host);
    return s;
  };
  /** Three starts of each in vain, after which all wait. */
  const round = (s: Story, ...guests: string[]) => {
    for (let i = 0; i < 3; i += 1) {
      s.placeAll();
      for (const guest of guests) starve(s, guest);
    }
  };

  test('three hosts are tried at a time, then it waits, ever longer; no restart is spent', () => {
    const s = given({ g1: storage });
    const waits: number[] = [];
    const tried = new Set<string>();
    for (let i = 0; i < 60; i += 1) {
      s.placeAll();
      if (s.intent('start', 'guest/g1')) {
        tried.add(s.guest('g1').context.grant!.host);
        starve(s, 'g1');
      }
      if (s.guest('g1').state !== 'blocked') continue;
      waits.push(s.fleet.timers['guest/g1/retry']!.dueMs - s.fleet.nowMs);
      s.fire('guest/g1/retry');
    }
    expect(waits[0]).toBe(5_000);
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits.at(-1)).toBe(120_000);
    expect([...tried].sort()).toEqual(['h1', 'h2', 'h3', 'h4']);
    expect(s.guest('g1').context.tries).toEqual({ inPlace: [], relocate: [], stop: [] });
  });

  test('guests that wait do not wake each other by failing; the first that starts calls those of its storage', () => {
    const s = given({ g1: storage, g2: storage, g3: { storage: ['san'] } });
    round(s, 'g1', 'g2', 'g3');
    expect(['g1', 'g2', 'g3'].map((guest) => s.guest(guest).state)).toEqual(['blocked', 'blocked', 'blocked']);
    expect(Object.keys(s.fleet.intents)).toEqual([]);
    s.fire('guest/g1/retry');
    s.placeAll();
    s.outcome('succeeded', 'start', 'guest/g1');
    expect(s.guest('g1').state).toBe('running');
    expect(s.intent('place', 'guest/g2')).toBeDefined();
    expect(s.intent('place', 'guest/g3'), 'another storage').toBeUndefined();
  });

  test('an order to start is tried at once', () => {
    const s = given({ g1: storage });
    round(s, 'g1');
    s.append('guest.ordered', 'guest/g1', { desired: 'running', by: 'ann' });
    s.settle();
    expect(s.guest('g1').state).toBe('running');
  });
});

describe('a rebuilt disk', () => {
  const REBUILD = { rebuild: { disk: '/images/g1.qcow2', from: '/images/golden.qcow2' } };
  const spoiled = (more: object = REBUILD) => {
    const s = running(spec(3, { g1: { prefers: 'h1', ...ladder(0, 0, 'allowed'), ...more } }));
    crash(s);
    expect(s.guest('g1').state).toBe('reinstalling');
    return s;
  };
  const rebuilt = (s: Story) => {
    s.outcome('succeeded', 'reinstall', 'guest/g1');
    s.placeAll();
    return s.intent('start', 'guest/g1') as Extract<Intent, { type: 'start' }>;
  };

  test('takes its place with the next start, and with none after it has run', () => {
    const s = spoiled();
    const token = s.guest('g1').context.cause;
    expect(rebuilt(s).rebuilt).toBe(token);
    s.outcome('succeeded', 'start', 'guest/g1');
    s.append('guest.ordered', 'guest/g1', { desired: 'stopped', by: 'ann' });
    s.outcome('succeeded', 'stop', 'guest/g1');
    s.append('guest.ordered', 'guest/g1', { desired: 'running', by: 'ann' });
    s.placeAll();
    expect(s.intent('start', 'guest/g1')).not.toHaveProperty('rebuilt');
  });

  test('that does not help is not made again until it has run well', () => {
    const s = spoiled();
    rebuilt(s);
    s.outcome('succeeded', 'start', 'guest/g1');
    crash(s);
    expect(s.guest('g1').state).toBe('failed');
    const well = spoiled();
    rebuilt(well);
    well.outcome('succeeded', 'start', 'guest/g1');
    well.fire('guest/g1/stable');
    crash(well);
    expect(well.guest('g1').state).toBe('reinstalling');
  });

  test('is never made while somebody may run the guest, nor out of nothing', () => {
    const s = spoiled();
    const pending = (fleet: Fleet) =>
      runnable(fleet).held.find(({ intent }) => intent.intent.type === 'reinstall')?.why;
    const { g1 } = s.fleet.guests;
    const held = { ...g1!, context: { ...g1!.context, release: null } };
    expect(pending(s.fleet)).toBeUndefined();
    expect(pending({ ...s.fleet, guests: { ...s.fleet.guests, g1: held } })).toBe('h1 may still run g1');
    expect(pending(spoiled({}).fleet)).toBe('the cluster file does not say what g1 is rebuilt from');
  });
});

describe('an installation from the network', () => {
  const NETWORK = { rebuild: { disk: '/images/g1.qcow2', network: true as const, timeoutMs: 600_000 } };
  const begun = () => {
    // With a restart in its ladder, which counts again once the installation has lasted for long.
    const s = running(spec(3, { g1: { prefers: 'h1', ...ladder(1, 0, 'allowed'), ...NETWORK } }));
    crash(s);
    s.settle();
    crash(s);
    s.outcome('succeeded', 'reinstall', 'guest/g1');
    s.placeAll();
    expect(s.intent('start', 'guest/g1')).toMatchObject({ installs: true, rebuilt: expect.any(String) });
    s.outcome('succeeded', 'start', 'guest/g1');
    expect(s.guest('g1').state).toBe('installing');
    return s;
  };
  const ended = (s: Story, cause: 'shut-down' | 'process-died' | 'destroyed' | 'panicked' | 'quit', afterMs = 100) => {
    const about = { ...s.guest('g1').context.grant!, cause, gone: true, detail: '' };
    return s.append('guest.crashed', 'guest/g1', about, { afterMs });
  };
  const why = (s: Story) => s.guest('g1').context.why;

  test('ends with the reboot of its installer; the next start, under a grant of its own, is from the disk', () => {
    const s = begun();
    const { token } = s.guest('g1').context.grant!;
    ended(s, 'shut-down');
    s.placeAll();
    const start = s.intent('start', 'guest/g1') as Extract<Intent, { type: 'start' }>;
    expect(start.token).not.toBe(token);
    expect(start).not.toHaveProperty('installs');
    expect(start).not.toHaveProperty('rebuilt');
    s.outcome('succeeded', 'start', 'guest/g1');
    expect(s.guest('g1').state).toBe('running');
    expect(s.fleet.timers).not.toHaveProperty('guest/g1/install');
  });

  test.each(['process-died', 'destroyed', 'panicked', 'quit'] as const)(
    'that ends otherwise (%s) starts nothing, not even after the ladder has forgotten its tries',
    (cause) => {
      const s = begun();
      ended(s, cause, 1_000_000);
      expect(s.guest('g1').state).toBe('failed');
      expect(why(s)).toMatch(/its installation had no good end, a person decides$/);
    },
  );

  test('that does not end in time is stopped, seen gone, and not begun again', () => {
    const s = begun();
    expect(s.fleet.timers['guest/g1/install']!.dueMs - s.fleet.nowMs).toBe(600_000);
    s.fire('guest/g1/install');
    expect(s.guest('g1')).toMatchObject({ state: 'stopping', context: { release: null } });
    s.outcome('succeeded', 'stop', 'guest/g1');
    expect(s.guest('g1').state).toBe('failed');
  });

  test('whose host is lost starts nothing; before the proof it is held like any guest', () => {
    const s = begun();
    s.suspect('h1');
    expect(s.guest('g1')).toMatchObject({ state: 'installing', context: { release: null } });
    s.prove('h1');
    expect(s.guest('g1')).toMatchObject({ state: 'failed', context: { release: { kind: 'R2' } } });
    expect(s.intent('place', 'guest/g1')).toBeUndefined();
  });

  test('is not judged by its probes, and moved by nobody', () => {
    const s = begun();
    s.append('guest.hung', 'guest/g1', { ...s.guest('g1').context.grant!, probe: 'tcp', detail: '' });
    s.append('guest.migration-requested', 'guest/g1', { to: 'h2', by: 'ann' });
    expect(s.guest('g1').state).toBe('installing');
    expect(s.fleet.intents).toEqual({});
  });

  test('found by a survey before its start was answered is still one', () => {
    const s = running(spec(3, { g1: { prefers: 'h1', ...ladder(0, 0, 'allowed'), ...NETWORK } }));
    crash(s);
    s.outcome('succeeded', 'reinstall', 'guest/g1');
    s.placeAll();
    const { token } = s.guest('g1').context.grant!;
    s.survey('h1', 1, [{ guest: 'g1', token, state: 'running' }]);
    expect(s.guest('g1').state).toBe('installing');
  });

  test('that had no good end is made on another empty disk when a person starts the guest', () => {
    const s = begun();
    ended(s, 'process-died');
    s.append('guest.ordered', 'guest/g1', { desired: 'running', by: 'ann' });
    expect(s.guest('g1').state).toBe('reinstalling');
    const { cause } = s.guest('g1').context;
    s.outcome('succeeded', 'reinstall', 'guest/g1');
    s.placeAll();
    expect(s.intent('start', 'guest/g1')).toMatchObject({ installs: true, rebuilt: cause });
  });

  test('that a person stops is no disk to start from later', () => {
    const s = begun();
    s.append('guest.ordered', 'guest/g1', { desired: 'stopped', by: 'ann' });
    s.outcome('succeeded', 'stop', 'guest/g1');
    expect(s.guest('g1').state).toBe('stopped');
    s.append('guest.ordered', 'guest/g1', { desired: 'running', by: 'ann' });
    expect(s.guest('g1').state).toBe('reinstalling');
  });
});

describe('no room', () => {
  const full = () => {
    const s = story(spec(2, { big: { resources: { memoryMiB: 4096, vcpus: 1 } }, g1: { priority: 1, hosts: ['h1'] } }));
    s.join('h1');
    s.fire('host/h2/settle');
    s.settle();
    return s;
  };

  test('blocks with the reason, is tried again when something makes room, without an echo', () => {
    const s = full();
    expect(s.guest('g1')).toMatchObject({
      state: 'blocked',
      context: { why: expect.stringMatching(/needs 1024 MiB, 0 MiB free/) },
    });
    expect(s.intent('place', 'guest/g1')).toBeUndefined();
    expect(s.fleet.timers['guest/g1/retry']!.dueMs - s.fleet.nowMs).toBeLessThanOrEqual(BLOCKED_RETRY_MS);
    s.join('h2');
    s.placeAll();
    expect(s.intent('place', 'guest/g1'), 'still no room: nothing pending but the timer').toBeUndefined();
    s.append('guest.ordered', 'guest/big', { desired: 'stopped', by: 'ann' });
    s.outcome('succeeded', 'stop', 'guest/big');
    s.settle();
    expect(s.guest('g1').state).toBe('running');
  });

  test('and no longer wanted: stopped', () => {
    const s = full();
    s.append('guest.ordered', 'guest/g1', { desired: 'stopped', by: 'ann' });
    expect(s.guest('g1').state).toBe('stopped');
  });
});
