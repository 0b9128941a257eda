/** Commands of the leader, carried out at most once each and never for an older leader than one already obeyed. */
import { compareTokens } from '../../machines/entries.ts';
import type { AgentMemory, Clock, Hypervisor, Outcome, Say, StartGuard } from '../ports.ts';
import type { Command, CommandAnswer } from '../protocol.ts';

export interface CommandPorts {
  readonly clock: Clock;
  readonly memory: AgentMemory;
  readonly hypervisor: Hypervisor;
  readonly guard: StartGuard;
  readonly say: Say;
}

export interface CommandContext {
  readonly counter: () => number;
  readonly leaseEndMs: () => number;
  readonly quiescing: () => boolean;
  readonly survey: (epoch: number) => Promise<CommandAnswer>;
  /** Whether this host can hold guests. */
  readonly qualify?: (leaderWallMs: number) => Promise<Outcome>;
}

export interface Commands {
  handle(command: Command): Promise<CommandAnswer>;
  /** Starts and arrivals under way: they count as running. */
  starting(): readonly string[];
  /** Guests being stopped or sent away on purpose: their end is no crash. */
  leaving(guest: string): boolean;
  /** It runs to be installed: its probes say nothing of it. Not known after a restart of the daemon; the leader knows. */
  installing(guest: string): boolean;
  /** When that has ended, one way or the other; at once for a guest that is not leaving. */
  left(guest: string): Promise<void>;
}

/** Bounds: a guest gets this long to power off when asked nicely, a migration this long in all. */
const SHUTDOWN_MS = 30_000;
const MIGRATION_MS = 60_000;
/** To make and to compare a disk. The leader waits a little longer (controller/rebuild.ts). */
export const REBUILD_MS = 1_800_000;

export function createCommands(context: CommandContext, ports: CommandPorts): Commands {
  const { clock, memory, hypervisor, guard, say } = ports;
  const inFlight = new Map<string, Promise<Outcome>>();
  const starting = new Map<string, Promise<Outcome>>();
  const leaving = new Map<string, Promise<void>>();
  const installing = new Set<string>();
  const leave = async (guest: string, act: () => Promise<Outcome>): Promise<Outcome> => {
    const run = act();
    const done = run.then(
      () => {},
      () => {},
    );
    leaving.set(guest, done);
    try {
      return await run;
    } finally {
      if (leaving.get(guest) === done) leaving.delete(guest);
    }
  };

  const refuse = (reason: string): CommandAnswer => ({ kind: 'refused', reason, epoch: memory.highestEpoch() });

  const start = async ({
    guest,
    counter,
    token,
    definition,
    rebuilt,
  }: Extract<Command, { kind: 'start' }>): Promise<Outcome> => {
    const before = await hypervisor.state(guest);
    if (before === 'unknown')
      return { kind: 'unknown', reason: `libvirt does not say whether ${guest} runs here already` };
    // On disk before anything runs: after any crash of this agent a survey names this instance and its token.
    memory.putGrant({ guest, counter, token });
    guard.allow(guest, token);
    // Looked at again right before the effect: the writes above took time, and a pause could have taken more.
    if (clock.now() >= context.leaseEndMs() || context.quiescing()) {
      const reason = 'the lease of this host ran out before the start';
      // Failed would release the grant; what is here would go on under it with the next lease.
      return before === 'gone' ? gone(guest, { kind: 'failed', reason }) : { kind: 'unknown', reason };
    }
    // Here already: taken over under the new grant; a second instance is never made.
    if (before === 'running') return { kind: 'succeeded', detail: 'was running here already; adopted' };
    if (before === 'paused') {
      const outcome = await hypervisor.resume(guest);
      return outcome.kind === 'failed' ? { kind: 'unknown', reason: outcome.reason } : outcome;
    }
    if (rebuilt) {
      // Under this grant, and before its instance: as safe as the first byte that the guest itself would write.
      const put = await hypervisor.exchange(guest, rebuilt.disk, rebuilt.token);
      if (put.kind !== 'succeeded') return gone(guest, { kind: 'failed', reason: put.reason });
      if (clock.now() >= context.leaseEndMs() || context.quiescing())
        return gone(guest, { kind: 'failed', reason: 'the lease of this host ran out before the start' });
    }
    const installs = rebuilt?.installs === true;
    if (installs) installing.add(guest);
    else installing.delete(guest);
    const outcome = await hypervisor.start(guest, definition, token, installs);
    return outcome.kind === 'failed' ? gone(guest, outcome) : outcome;
  };

  const startOnce = (command: Extract<Command, { kind: 'start' }>): Promise<Outcome> => {
    const run = start(command).finally(() => starting.delete(command.guest));
    starting.set(command.guest, run);
    return run;
  };

  const stop = async ({ guest, token, graceful }: Extract<Command, { kind: 'stop' }>): Promise<Outcome> => {
    // On disk before the stop: a start under this grant that is still on its way will find its token used up.
    memory.raiseToken(guest, token);
    // A start that is still under way could outlive the destroy; first it ends, one way or the other.
    await starting.get(guest)?.catch(() => {});
    if (graceful) {
      const asked = await hypervisor.shutdown(guest, SHUTDOWN_MS);
      if (asked.kind === 'succeeded') return gone(guest, asked);
    }
    const outcome = await hypervisor.destroy(guest);
    return outcome.kind === 'succeeded' ? gone(guest, outcome) : outcome;
  };

  const rebuild = async ({ guest, token, rebuild }: Extract<Command, { kind: 'rebuild' }>): Promise<Outcome> => {
    const state = await hypervisor.state(guest);
    if (state === 'unknown') return { kind: 'unknown', reason: `libvirt does not say whether ${guest} runs here` };
    if (state !== 'gone') return { kind: 'failed', reason: `${guest} is here, ${state}: its disk is in use` };
    return hypervisor.rebuild(guest, rebuild, token, REBUILD_MS);
  };

  const migrate = async ({ guest, toAddress }: Extract<Command, { kind: 'migrate' }>): Promise<Outcome> => {
    const outcome = await hypervisor.migrate(guest, toAddress, MIGRATION_MS);
    return outcome.kind === 'succeeded' ? gone(guest, outcome) : outcome;
  };

  const expect = ({ guest, counter, token }: Extract<Command, { kind: 'expect' }>): Outcome => {
    memory.putGrant({ guest, counter, token });
    guard.allow(guest, token);
    return { kind: 'succeeded', detail: 'expected' };
  };

  const release = (guest: string) => {
    guard.revoke(guest);
    memory.dropGrant(guest);
  };
  const gone = (guest: string, outcome: Outcome): Outcome => {
    release(guest);
    return outcome;
  };

  /** A command delivered again is answered from memory, or joins the one under way. */
  const once = (intent: string, act: () => Outcome | Promise<Outcome>): Promise<Outcome> => {
    const before = memory.done(intent);
    if (before) return Promise.resolve(before);
    const running = inFlight.get(intent);
    if (running !== undefined) return running;
    const run = (async () => {
      try {
        const outcome = await act();
        // An unknown outcome is not remembered: asked again, the agent looks again.
        if (outcome.kind !== 'unknown') memory.setDone(intent, outcome);
        return outcome;
      } catch (error) {
        say.error('command broke', { intent, error: String(error) });
        return { kind: 'unknown', reason: String(error) } as const;
      } finally {
        inFlight.delete(intent);
      }
    })();
    inFlight.set(intent, run);
    return run;
  };

  const mayRun = (guest: string, counter: number, token: string): string | null => {
    if (counter !== context.counter()) return `this is life ${context.counter()} of the host, not ${counter}`;
    if (clock.now() >= context.leaseEndMs() || context.quiescing()) return 'this host holds no lease';
    const held = memory.grants().find((grant) => grant.guest === guest);
    if (held?.token === token) return null;
    const highest = memory.highestToken(guest);
    // A grant given back, or overtaken by a later one, starts nothing any more, however late its command arrives.
    if (highest !== null && compareTokens(token, highest) <= 0) return `grant ${token} of ${guest} is used up`;
    return null;
  };

  /** A stop that was long on its way must not end the instance of a later grant. */
  const isOvertaken = (guest: string, token: string): boolean => {
    const held = memory.grants().find((grant) => grant.guest === guest);
    return held !== undefined && compareTokens(held.token, token) > 0;
  };

  /** Refused for good: remembered, so that the leader may rely on it when the same command arrives once more. */
  const decline = (intent: string, reason: string): CommandAnswer => {
    const outcome = { kind: 'failed', reason } as const;
    memory.setDone(intent, outcome);
    return outcome;
  };

  return {
    starting: () => [...starting.keys()],
    leaving: (guest) => leaving.has(guest),
    installing: (guest) => installing.has(guest),
    left: (guest) => leaving.get(guest) ?? Promise.resolve(),

    async handle(command) {
      if (command.epoch < memory.highestEpoch()) return refuse(`epoch ${command.epoch} is over`);
      // Persisted before obeying: over any restart, this host never again obeys a leader older than this one.
      if (command.epoch > memory.highestEpoch()) memory.raiseEpoch(command.epoch);
      // An intent is named after its place in the log, and after a loss another may stand there. Tokens never come again.
      const key = 'token' in command ? `${command.intent} ${command.token}` : '';
      switch (command.kind) {
        case 'survey':
          return context.survey(command.epoch);
        case 'inspect':
          return {
            kind: 'inspected',
            state: starting.has(command.guest) ? 'running' : await hypervisor.state(command.guest),
            token: memory.grants().find((grant) => grant.guest === command.guest)?.token ?? null,
          };
        case 'qualify':
          return context.qualify
            ? once(command.intent, () => context.qualify!(command.wallMs))
            : { kind: 'failed', reason: 'this daemon has no test of its host' };
        case 'repair':
          return once(command.intent, () => hypervisor.repair());
        case 'rebuild':
          if (clock.now() >= context.leaseEndMs() || context.quiescing()) return refuse('this host holds no lease');
          return once(key, () => rebuild(command));
        case 'start':
        case 'expect': {
          const done = memory.done(key);
          const held = memory.grants().find(({ guest }) => guest === command.guest)?.token === command.token;
          // Its grant was given back when it was seen gone, and the report of that may have died with a daemon: what
          // succeeded then must not be told as if it still ran.
          const answered = done !== null && (held || done.kind !== 'succeeded');
          const why = answered || inFlight.has(key) ? null : mayRun(command.guest, command.counter, command.token);
          if (why) {
            memory.raiseToken(command.guest, command.token);
            // Held under this very token: a daemon before this one may have started it, so failed would be a guess.
            return held ? { kind: 'unknown', reason: why } : decline(key, why);
          }
          return once(key, () => (command.kind === 'start' ? startOnce(command) : expect(command)));
        }
        case 'stop':
          if (command.counter !== context.counter()) return refuse(`this is life ${context.counter()} of the host`);
          if (isOvertaken(command.guest, command.token))
            return refuse(`${command.guest} runs here under a later grant`);
          return once(key, () => leave(command.guest, () => stop(command)));
        case 'abort':
          if (command.counter !== context.counter()) return refuse(`this is life ${context.counter()} of the host`);
          if (isOvertaken(command.guest, command.token))
            return refuse(`${command.guest} runs here under a later grant`);
          return hypervisor.abortMigration(command.guest);
        case 'migrate': {
          const why = mayRun(command.guest, command.counter, command.token);
          if (why) return refuse(why);
          return once(key, () => leave(command.guest, () => migrate(command)));
        }
      }
    },
  };
}
