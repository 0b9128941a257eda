import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Fault, faultSchema } from '../../sim/faults.ts';
import { ticketKey } from '../../sim/machine.ts';
import { hostOf, LEADER } from '../../sim/story/ast.ts';
import { parseStory, StoryError } from '../../sim/story/parse.ts';
import { sayFault } from '../../sim/story/say-fault.ts';

const CLUSTER = `story A test
  It ends well.
hosts h1 h2 h3: rack r1
arbiters a1 a2
guests g1: on h1
guests g2
`;
const NODES = ['h1', 'h2', 'h3', 'a1', 'a2'];

const stepsOf = (lines: string) => parseStory(`${CLUSTER}${lines}`).steps;
const faultsOf = (words: string): readonly Fault[] => {
  const step = stepsOf(`at 5s ${words}`)[0]!;
  return step.kind === 'faults' ? step.faults : [];
};
const problemOf = (text: string): string => {
  try {
    parseStory(text);
  } catch (error) {
    if (error instanceof StoryError) return error.message;
    throw error;
  }
  return 'none';
};

describe('a fault', () => {
  const node = fc.oneof(fc.constantFrom(...NODES), fc.constant(LEADER), fc.constant(hostOf('g1')));
  const guest = fc.constantFrom('g1', 'g2');
  const ms = fc.integer({ min: 1, max: 4_000_000 });
  const forMs = ms;
  const maybe = fc.option(ms, { nil: undefined });
  const ratio = fc.integer({ min: 1, max: 1_000 }).map((n) => n / 1_000);
  const text = fc.constantFrom('work on the switch', 'h1 burns: badly, it is', '');
  const by = fc.constant('operator');
  const of = (kind: Fault['kind'], more: Record<string, fc.Arbitrary<unknown>>) =>
    fc.record({ kind: fc.constant(kind), ...more });
  const orderOf = (kind: string, more: Record<string, fc.Arbitrary<unknown>>) =>
    of('order', {
      at: fc.option(node, { nil: undefined }),
      order: fc.record({ kind: fc.constant(kind), by, ...more }),
    });
  const host = fc.constantFrom('h1', 'h2');

  const anyFault = fc
    .oneof(
      of('power-loss', { node, forMs: maybe }),
      of('power-on', { node }),
      of('kernel-panic', { node }),
      of('freeze', { node, forMs }),
      of('kill-daemon', { node }),
      of('pause-daemon', { node, forMs }),
      of('slow-disk', { node, writeMs: ms, forMs: maybe }),
      of('kill-petter', { node }),
      of('libvirt', { node, mode: fc.constantFrom('down', 'hung'), forMs }),
      of('kill-guest', { guest }),
      of('guest-panic', { guest }),
      of('guest-hang', { guest, forMs: maybe }),
      of('crash-loop', { guest, times: fc.integer({ min: 1, max: 99 }) }),
      of('starts', { node, mode: fc.constantFrom('fail', 'unknown'), forMs }),
      of('stuck-guests', { node, forMs }),
      of('storage-loss', { node, forMs }),
      of('isolate', { node, forMs: maybe }),
      of('rejoin', { node }),
      of('cut', { from: node, to: node, forMs: maybe }),
      of('heal', { from: node, to: node }),
      of('flap', { node, periodMs: ms, forMs }),
      of('control-network-down', { forMs }),
      of('bad-network', {
        node: fc.option(node, { nil: undefined }),
        lossRatio: ratio,
        duplicateRatio: ratio,
        delayMs: ms,
        jitterMs: ms,
        forMs,
      }),
      of('bmc', { node, mode: fc.constantFrom('dead', 'slow', 'ignores', 'lies'), forMs: maybe }),
      of('disk-ruined', { node }),
      of('network-first', { node }),
      of('disk-exchanged', { node }),
      of('installer-hangs', { node, times: fc.integer({ min: 1, max: 9 }) }),
      of('pxe-ignored', { node, times: fc.integer({ min: 1, max: 9 }) }),
      of('ticket-stolen', { node }),
      of('mac-forged', { node }),
      of('join', { node }),
      of('image-server-down', { node, forMs }),
      of('server-down', { node, forMs }),
      of('log-stall', { forMs }),
      of('log-rollback', { entries: fc.integer({ min: 1, max: 99 }) }),
      of('lost-acks', { ratio, forMs }),
      of('stale-reads', { lagMs: ms, forMs }),
      of('clock-drift', { node, ratio: fc.constantFrom(0.004, -0.0025, 0.5) }),
      of('clock-step', {
        node,
        byMs: fc.oneof(
          ms,
          ms.map((n) => -n),
        ),
      }),
    )
    .map((fault) => faultSchema.parse(fault));
  const anyOrder = fc
    .oneof(
      orderOf('fence', { host, reason: text }),
      orderOf('freeze', { reason: text }),
      orderOf('thaw', {}),
      orderOf('release-brake', {}),
      orderOf('step-down', {}),
      orderOf('set-desired', { guest, desired: fc.constantFrom('running', 'stopped') }),
      orderOf('migrate', { guest, to: fc.option(host) }),
      orderOf('maintenance', { host, on: fc.boolean() }),
      orderOf('reinstall', {
        host,
        mode: fc.constantFrom('install', 'dry-run', 'rescue'),
        reason: text,
        plan: fc.constant('0'.repeat(64)),
      }),
      orderOf('veto-reinstall', { host }),
      host.chain((name) =>
        orderOf('offer-join', { host: fc.constant(name), key: fc.constant(ticketKey(name)), reason: text }),
      ),
      fc.integer({ min: 0, max: 99 }).chain((version) =>
        orderOf('publish-image', {
          name: fc.constantFrom('host', 'spare-host'),
          version: fc.constant(version),
          manifest: fc.constant(version.toString(16).padStart(64, '0')),
        }),
      ),
    )
    .map((fault) => faultSchema.parse(fault));

  const sample = fc.sample(fc.oneof({ weight: 3, arbitrary: anyFault }, anyOrder), { numRuns: 2_000, seed: 1 });

  test('said in words is read back as that very fault', () => {
    const steps = stepsOf(sample.map((fault) => `at 5s ${sayFault(fault)}`).join('\n'));
    expect(steps.map((step) => step.kind === 'faults' && step.faults)).toEqual(sample.map((fault) => [fault]));
  });

  test('of every kind is known to the language', () => {
    const kinds = faultSchema.options.map((option) => option.shape.kind.value);
    const said = new Set(sample.map(({ kind }) => kind));
    expect(kinds.filter((kind) => !said.has(kind))).toEqual([]);
  });

  test('of several nodes is one of each', () => {
    expect(faultsOf('power loss of h1, h2 and a1')).toEqual(
      ['h1', 'h2', 'a1'].map((name) => ({ kind: 'power-loss', node: name })),
    );
    expect(faultsOf('isolate rack r1 for 3s').map((fault) => 'node' in fault && fault.node)).toEqual([
      'h1',
      'h2',
      'h3',
    ]);
    expect(faultsOf('kill the daemon of every node')).toHaveLength(5);
    expect(faultsOf('cut both ways from h1 to h2')).toEqual([
      { kind: 'cut', from: 'h1', to: 'h2' },
      { kind: 'cut', from: 'h2', to: 'h1' },
    ]);
  });

  test('can be aimed at an entry of the log', () => {
    expect(stepsOf('when the 2nd guest.granted of g1: pause the daemon of the leader for 3s')).toMatchObject([
      {
        moment: { kind: 'after', ms: 0, nth: 2, entry: { type: 'guest.granted', of: 'g1' } },
        faults: [{ kind: 'pause-daemon', node: LEADER, forMs: 3_000 }],
      },
    ]);
    expect(stepsOf('200ms after leader.elected: power loss of the host of g2')).toMatchObject([
      {
        moment: { kind: 'after', ms: 200, nth: 1, entry: { type: 'leader.elected', of: null } },
        faults: [{ kind: 'power-loss', node: hostOf('g2') }],
      },
    ]);
  });
});

describe('an expectation', () => {
  test('counts its time from the fault above it, or stands before the next one', () => {
    const steps = stepsOf(`expect no reset
at 5s power loss of h1
expect g1 runs on h2 or h3 again within 10s of the fault
expect nothing starts for 20s
expect why g1 says "within reach"
at 9s expect h1 is fenced or restarting`);
    expect(steps.map((step) => step.kind === 'expect' && [step.words, step.span])).toEqual([
      ['no reset', { kind: 'before', step: 1 }],
      false,
      ['g1 runs on h2 or h3 again within 10s of the fault', { kind: 'within', ms: 10_000, since: 1, again: true }],
      ['nothing starts for 20s', { kind: 'throughout', ms: 20_000, since: 1 }],
      ['why g1 says "within reach"', { kind: 'before', step: 6 }],
      ['h1 is fenced or restarting', { kind: 'at', ms: 9_000 }],
    ]);
  });

  test('says what is counted and how often', () => {
    const claims = stepsOf(`expect at most 1 fence of h1
expect 2 guest.granted of g1
expect at least 3 starts`).map((step) => step.kind === 'expect' && step.claim);
    expect(claims).toEqual([
      { kind: 'count', least: 0, most: 1, what: { kind: 'entry', entry: { type: 'fence.proven', of: 'h1' } } },
      { kind: 'count', least: 2, most: 2, what: { kind: 'entry', entry: { type: 'guest.granted', of: 'g1' } } },
      { kind: 'count', least: 3, most: Number.MAX_SAFE_INTEGER, what: { kind: 'start', of: null } },
    ]);
  });
});

describe('the cluster of a story', () => {
  test('has everything that a story does not mention', () => {
    const { spec, title, about } = parseStory(CLUSTER);
    expect([title, about]).toEqual(['A test', 'It ends well.']);
    expect(spec.profile).toBe('fast');
    expect(spec.voters).toEqual(['a1', 'a2', 'h1', 'h2', 'h3']);
    expect(spec.hosts.h1).toMatchObject({ domain: 'r1', watchdog: { kind: 'process' }, power: [{ kind: 'ipmi' }] });
    expect(spec.guests.g1).toMatchObject({ prefers: 'h1', priority: 100, resources: { memoryMiB: 1_024 } });
  });

  test('takes its options', () => {
    const { spec, model } = parseStory(`story A test
profile wan
hosts h1 to h3: memory 8GiB, vcpus 4, no bmc
hosts h4: rack r2, no watchdog, storage san and images
voters h1 h2 h3
guests g1: only on h1 and h2, priority 900, apart from g2, memory 512MiB, 1 restart, may be reinstalled
guests g2: together with g3, quits when the lease ends, probed every 1s, stopped at first
guests g3
host ladder: 1 power cycle, back within 60s
takes: a start 2s, a host boot 1min`);
    expect(spec.times.leaseMs).toBe(60_000);
    expect(spec.hosts.h2).toMatchObject({ capacity: { memoryMiB: 8_192, vcpus: 4 }, power: [] });
    expect(spec.hosts.h4).toMatchObject({ domain: 'r2', watchdog: { kind: 'none' }, storage: ['san', 'images'] });
    expect(spec.guests.g1).toMatchObject({
      hosts: ['h1', 'h2'],
      priority: 900,
      apart: ['g2'],
      ladder: { inPlace: { tries: 1 }, relocate: { tries: 2 }, reinstall: 'allowed' },
    });
    expect(spec.guests.g2).toMatchObject({ together: ['g3'], onQuiesce: 'quit', desired: 'stopped' });
    expect(spec.hostLadder).toMatchObject({ powerCycle: { tries: 1 }, rejoinWithinMs: 60_000 });
    expect(model).toEqual({ startMs: [2_000, 2_000], hostBootMs: [60_000, 60_000] });
  });

  test('needs voters that can outvote each other', () => {
    expect(problemOf('story A\nhosts h1 h2')).toContain('add "arbiters a1"');
    expect(problemOf('story A\nhosts h1 to h4')).toContain('say "voters h1 h2 h3"');
  });
});

describe('a line that is not understood', () => {
  test.each([
    ['at 5s power los of h1', 'line 7: "los" is not understood after "power": did you mean "loss"?'],
    ['at 5s power loss of h9', 'did you mean "h1"?'],
    ['at 5s isolate h1 for ever', '"ever" is not understood after "isolate h1 for": expected a time such as 500ms'],
    ['at 5s pause the daemon of h1', 'something is missing after "pause the daemon of h1": expected "for"'],
    ['exepct no reset', '"exepct" begins no line: did you mean "expect"?'],
    ['expect g1 runs on h2 witin 3s', '"witin" is not understood'],
    ['expect h1 is fensed', 'did you mean "fenced"?'],
    ['when guest.grantd of g1: kill g1', 'did you mean "guest.granted"?'],
    ['when guest.granted of g1 kill g1', 'a colon is missing'],
    ['at 5s operator: fence h1 because smoke', 'expected a text in double quotes'],
    ['expect why g1 says "over', 'a quotation mark is without its other one'],
    ['guests g1', 'there is a "g1" already'],
    ['guests g3: prioriti 5', 'did you mean "priority"?'],
  ])('%s', (line, what) => {
    expect(problemOf(`${CLUSTER}${line}`)).toContain(what);
  });

  test('does not hide the others', () => {
    expect(problemOf(`${CLUSTER}at 5s kil g1\n\nexpect no rest`).split('\n')).toEqual([
      expect.stringContaining('line 7:'),
      expect.stringContaining('line 9:'),
    ]);
  });
});
