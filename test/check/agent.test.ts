/** The agent of the exhaustive check obeys as the real one does: the same commands, outcomes and crashes to both. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCommands } from '../../services/agent/commands.ts';
import { takeUpLife } from '../../services/agent/life.ts';
import type { Hypervisor, Outcome } from '../../services/ports.ts';
import type { CommandAnswer } from '../../services/protocol.ts';
import * as model from '../../sim/check/agent.ts';
import { createMemory } from '../../sim/memory.ts';

const GUEST = 'g';
const say = { info() {}, warn() {}, error() {} };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A libvirt of one guest whose calls end when and how the test says. */
function libvirt() {
  let state: 'gone' | 'running' | 'paused' = 'gone';
  let pending: { call: 'start' | 'resume' | 'destroy'; end: (outcome: Outcome) => void } | null = null;
  const call = (name: 'start' | 'resume' | 'destroy') => () =>
    new Promise<Outcome>((end) => {
      pending = { call: name, end };
    });
  const hypervisor = {
    state: async () => state,
    start: call('start'),
    resume: call('resume'),
    destroy: call('destroy'),
  };
  return {
    hypervisor: hypervisor as unknown as Hypervisor,
    state: () => state,
    set(next: typeof state) {
      state = next;
    },
    forget() {
      pending = null;
    },
    pending: () => pending?.call ?? null,
    async end(ok: boolean) {
      const now = pending!;
      pending = null;
      if (ok) state = now.call === 'destroy' ? 'gone' : 'running';
      now.end(ok ? { kind: 'succeeded', detail: '' } : { kind: 'failed', reason: '' });
      await turn();
    },
  };
}

const command = fc.record({
  kind: fc.constantFrom('start' as const, 'stop' as const),
  epoch: fc.integer({ min: 1, max: 2 }),
  // Few names and tokens, so that commands come again and overtake each other.
  seq: fc.integer({ min: 1, max: 4 }),
  life: fc.constantFrom(0, 0, 0, 1),
  ok: fc.boolean(),
});
const step = fc.oneof(
  { weight: 12, arbitrary: command.map((of) => ({ ...of, kind: 'command' as const, asks: of.kind })) },
  // What was sent comes again.
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('again' as const), ok: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lease' as const), stands: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pause' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('boot' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('end' as const), ok: fc.boolean() }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Chance alone seldom finds it: the daemon dies during a start, and the command comes again before there is a lease. */
const diesWhileStarting = command.map((of): Step[] => [
  { kind: 'lease', stands: true },
  { ...of, kind: 'command', asks: 'start', epoch: 2, life: 0 },
  { kind: 'restart' },
  { kind: 'lease', stands: false },
  { kind: 'again', ok: true },
  { kind: 'lease', stands: true },
]);
const story = fc
  .array(
    fc.oneof({ weight: 30, arbitrary: step.map((one): Step[] => [one]) }, { weight: 1, arbitrary: diesWhileStarting }),
    {
      minLength: 10,
      maxLength: 60,
      size: 'max',
    },
  )
  .map((parts) => parts.flat());

const NOTHING = { kind: 'command', asks: 'stop', epoch: 1, seq: 1, life: 0, ok: true } as const;

async function compare(steps: readonly Step[]): Promise<string[]> {
  const memory = createMemory();
  const virt = libvirt();
  let boots = 0;
  let life = takeUpLife(memory, 'boot-0');
  let stands = true;
  const clock = { now: () => 0, wall: () => 0, after: () => () => {} };
  const begin = () =>
    createCommands(
      {
        counter: () => life.counter,
        leaseEndMs: () => (stands ? 1 : 0),
        quiescing: () => false,
        survey: async () => ({ kind: 'refused', reason: '', epoch: 0 }),
      },
      { clock, memory, hypervisor: virt.hypervisor, guard: { allow() {}, revoke() {}, setLeaseEnd() {} }, say },
    );
  let real = begin();
  let state: model.AgentState = { life: 0, epoch: 0, grant: 0, latest: 0, done: {}, instance: 'none', doing: null };
  const seen: string[] = [];
  let last: Extract<Step, { kind: 'command' }> | null = null;

  const same = () => {
    const held = memory.grants()[0];
    const instance = { none: 'gone', starting: 'gone', running: 'running', paused: 'paused' } as const;
    expect({
      epoch: memory.highestEpoch(),
      grant: held?.token ?? null,
      latest: memory.highestToken(GUEST),
      at: virt.state(),
      life: life.counter,
    }).toEqual({
      epoch: state.epoch,
      grant: state.grant ? model.tokenText(state.grant) : null,
      latest: state.latest ? model.tokenText(state.latest) : null,
      at: instance[state.instance],
      life: state.life,
    });
  };

  for (const drawn of steps) {
    const one: Exclude<Step, { kind: 'again' }> =
      drawn.kind === 'again' ? { ...(last ?? NOTHING), ok: drawn.ok } : drawn;
    if (one.kind === 'command') last = one;
    switch (one.kind) {
      case 'lease':
        stands = one.stands;
        break;
      case 'pause':
        if (state.instance !== 'running') break;
        virt.set('paused');
        state = { ...state, instance: 'paused' };
        break;
      case 'end':
        if (virt.pending() !== 'start') break;
        await virt.end(one.ok);
        state = model.started(state, one.ok ? 'succeeded' : 'failed');
        break;
      case 'restart':
        virt.forget();
        life = takeUpLife(memory, `boot-${boots}`);
        real = begin();
        state = { ...state, doing: null, instance: state.instance === 'starting' ? 'none' : state.instance };
        break;
      case 'boot':
        virt.forget();
        virt.set('gone');
        boots += 1;
        life = takeUpLife(memory, `boot-${boots}`);
        real = begin();
        state = model.booted(state);
        break;
      case 'command': {
        const { asks, epoch, seq, ok } = one;
        const token = `${epoch}.${seq}`;
        // As after a loss of the log's end: at one place of it there may have been several intents of one name.
        const intent = `${asks}@${seq}`;
        const asked = { epoch, intent, guest: GUEST, counter: one.life, token };
        const told = { kind: asks, epoch, intent, life: one.life, token: model.tokenOf(token) };
        const ours = model.obeyed(state, told, stands);
        // The model takes up no second start, and no stop, while one start is under way: the check delivers them later.
        if (ours.kind === 'none' || (ours.kind === 'start' && state.instance === 'starting')) break;
        if (state.instance === 'starting' && ours.kind !== 'refused' && ours.kind !== 'failed') break;
        let answer: CommandAnswer | null = null;
        void real
          .handle(
            asks === 'start'
              ? { kind: 'start', definition: '', ...asked }
              : { kind: 'stop', graceful: false, ...asked },
          )
          .then((said) => {
            answer = said;
          });
        await turn();
        seen.push(`${asks} ${ours.kind}`);
        state = ours.agent;
        if (ours.kind === 'start') expect(virt.pending(), 'a start is asked of libvirt').toBe('start');
        else if (ours.kind === 'resume' || ours.kind === 'stop') {
          expect(virt.pending()).toBe(ours.kind === 'stop' ? 'destroy' : 'resume');
          await virt.end(ok);
          state = (ours.kind === 'stop' ? model.stopped : model.resumed)(
            state,
            model.keyOf(told),
            ok ? 'succeeded' : 'failed',
          );
          const expected = ok ? 'succeeded' : ours.kind === 'stop' ? 'failed' : 'unknown';
          expect(answer).toMatchObject({ kind: expected });
        } else expect(answer, `${asks} ${token}`).toMatchObject({ kind: ours.kind });
      }
    }
    same();
  }
  return seen;
}

describe('the agent of the exhaustive check', () => {
  test('obeys, remembers and answers as the real one over random commands, crashes and lost leases', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        for (const what of await compare(steps)) seen.set(what, (seen.get(what) ?? 0) + 1);
      }),
      { numRuns: 2_000 },
    );
    const starts = ['start', 'succeeded', 'failed', 'unknown', 'refused', 'resume'].map((kind) => `start ${kind}`);
    const stops = ['stop', 'succeeded', 'failed', 'refused'].map((kind) => `stop ${kind}`);
    for (const what of [...starts, ...stops]) expect(seen.get(what) ?? 0, what).toBeGreaterThan(5);
  }, 120_000);
});
