/**
 * The agent owns the local truth of one host: it holds the host's lease, carries out commands, reports what it sees,
 * and stops its own guests when the lease ends.
 */
import type { Incarnation, Instance } from '../../machines/entries.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { again, pause } from '../every.ts';
import type {
  AgentMemory,
  Bus,
  Clock,
  Hypervisor,
  Machine,
  Outcome,
  Petter,
  Say,
  ServiceProbe,
  StartGuard,
} from '../ports.ts';
import { addresses, type CommandAnswer, commandSchema } from '../protocol.ts';
import { createCommands } from './commands.ts';
import { type ForeignBoot, noteForeignBoot } from './foreign-boot.ts';
import { createHealth } from './health.ts';
import { holdLease } from './lease.ts';
import { beginLife, takeUpLife } from './life.ts';
import { createLocalView } from './local-view.ts';
import { observe } from './observer.ts';
import { createOutbox } from './outbox.ts';
import { createQuiesce } from './quiesce.ts';

export interface AgentPorts {
  readonly clock: Clock;
  readonly machine: Machine;
  readonly bus: Bus;
  readonly memory: AgentMemory;
  readonly hypervisor: Hypervisor;
  readonly guard: StartGuard;
  readonly petter: Petter;
  readonly probe: ServiceProbe;
  readonly say: Say;
  /** Whether this host, newly installed, can hold guests. Absent: nobody can tell, so it cannot. */
  readonly qualify?: (leaderWallMs: number) => Promise<Outcome>;
  /** Absent: this node answers no network boots. */
  readonly foreignBoot?: ForeignBoot;
}

export interface AgentConfig {
  readonly host: string;
  readonly spec: ClusterSpec;
  /** Where this node's copy of the log ends; told to a survey. */
  readonly journalHead: () => { seq: number; hash: string };
}

export interface Agent {
  incarnation(): Incarnation;
  leaseEndMs(): number;
  /** Guests paused because the lease ran out. */
  pausedGuests(): readonly string[];
  instances(): Promise<Instance[]>;
  stop(): Promise<void>;
}

export function startAgent({ host, spec, journalHead }: AgentConfig, ports: AgentPorts): Agent {
  const { clock, machine, memory, hypervisor, guard, petter, say } = ports;
  const { times } = spec;
  const ended = new AbortController();
  let life = takeUpLife(memory, machine.bootId());
  let ending: Promise<void> | null = null;
  // Grants are only given to a registered life; without any, registering again does no harm.
  let registered = memory.grants().length > 0;

  const outbox = createOutbox(host, `${life.counter}-${Math.round(clock.wall())}`, times.heartbeatMs, ports);
  const lease = holdLease({ host, voters: spec.voters, times }, life.counter, ports, {
    extended(endMs) {
      guard.setLeaseEnd(endMs);
      petter.setUntil(endMs);
      if (!registered) void register();
      if (quiesce.active() || quiesce.paused().size > 0) void resume();
    },
    ended(blockedCounter) {
      ending ??= endLife(blockedCounter).finally(() => {
        ending = null;
      });
    },
  });
  const commands = createCommands(
    {
      counter: () => life.counter,
      leaseEndMs: lease.endMs,
      quiescing: () => quiesce.active() || ending !== null,
      survey,
      ...(ports.qualify ? { qualify: ports.qualify } : {}),
    },
    ports,
  );
  const view = createLocalView((guest) => Object.hasOwn(spec.guests, guest), commands.starting, ports);
  const quiesce = createQuiesce(
    times,
    lease.renewedMs,
    (guest) => spec.guests[guest]?.onQuiesce === 'quit',
    () => commands.starting().length,
    view.look,
    ports,
  );
  const reportHealth = (type: 'guest.hung' | 'guest.healthy', guest: string, more: object) => {
    const grant = view.grantOf(guest);
    if (grant) outbox.report(type, `guest/${guest}`, { host, counter: grant.counter, token: grant.token, ...more });
  };
  const health = createHealth(
    {
      hung: (guest, probe, detail) => reportHealth('guest.hung', guest, { probe, detail }),
      healthy: (guest, probe) => reportHealth('guest.healthy', guest, { probe }),
    },
    () => quiesce.active(),
    ports,
  );

  const subject = `host/${host}`;

  const startedMs = clock.now();
  /** A watchdog that is meant to be there and is not armed yet is waited for a little, or the host would count as unable to stop itself. */
  const settled = () =>
    spec.hosts[host]?.watchdog.kind === 'none' ||
    petter.armed() !== null ||
    clock.now() > startedMs + 2 * times.suspectMs;

  const selfPortrait = async () => {
    const armed = petter.armed();
    return {
      incarnation: life,
      selfFencing: armed !== null && armed.timeoutMs === times.watchdogMs,
      watchdog: armed ? `${armed.what}, ${armed.timeoutMs} ms` : 'none',
      instances: await view.instances(),
    };
  };

  async function survey(epoch: number): Promise<CommandAnswer> {
    // Counted in from now on, so it must be able to run what it is given.
    if (clock.now() >= lease.endMs() || ending || !settled())
      return { kind: 'refused', reason: 'this host is not ready', epoch };
    return { kind: 'survey', host, epoch, ...(await selfPortrait()), journal: journalHead() };
  }

  /** Says who we are once libvirt can be read: a life may not register before it knows what runs here. */
  async function register(): Promise<void> {
    registered = true;
    while (!ended.signal.aborted) {
      try {
        if (settled()) return outbox.report('host.joined', subject, await selfPortrait());
      } catch (error) {
        say.warn('cannot list guests yet', { error: String(error) });
      }
      await pause(clock, times.heartbeatMs, ended.signal);
    }
  }

  async function resume(): Promise<void> {
    // Same life, new majority lease: no majority has blocked us, so nobody holds a proof that our guests are gone.
    const pausedMs = await quiesce.lift((guest) => view.grantOf(guest)?.counter === life.counter);
    if (pausedMs > 0)
      outbox.report('host.quiesced', subject, { counter: life.counter, pausedMs: Math.round(pausedMs) });
  }

  /** Blocked: somebody may hold a proof that nothing runs here, so make that true before anything else. */
  async function endLife(blockedCounter: number): Promise<void> {
    say.warn('this life of the host was ended by the cluster: destroying its guests', { counter: life.counter });
    health.stop();
    while (!ended.signal.aborted) {
      try {
        const left = await view.instances();
        const outcomes = await Promise.all(left.map(({ guest }) => hypervisor.destroy(guest)));
        if (outcomes.every(({ kind }) => kind === 'succeeded') && (await view.instances()).length === 0) break;
      } catch (error) {
        say.error('cannot destroy guests yet; libvirt is being restarted', { error: String(error) });
        await hypervisor.repair();
      }
      await pause(clock, times.heartbeatMs, ended.signal);
    }
    for (const { guest } of memory.grants()) {
      guard.revoke(guest);
      memory.dropGrant(guest);
    }
    quiesce.forget();
    life = beginLife(memory, machine.bootId(), blockedCounter);
    registered = false;
    lease.restart(life.counter);
  }

  const ends = [
    ...(ports.foreignBoot ? [noteForeignBoot(subject, ports.foreignBoot, clock, outbox)] : []),
    ports.bus.serve(addresses.agent(host), (message) => commands.handle(commandSchema.parse(message))),
    again(clock, () => {
      if (ending === null) void quiesce.check();
      return Math.max(Math.min(100, times.heartbeatMs / 2), quiesce.restMs());
    }),
  ];
  const observing = observe(
    {
      host,
      guests: spec.guests,
      counter: () => life.counter,
      ending: () => ending !== null,
      view,
      commands,
      quiesce,
      health,
      outbox,
      ...ports,
    },
    ended.signal,
  );
  observing.catch((error: unknown) => say.error('event stream ended', { error: String(error) }));

  return {
    incarnation: () => life,
    leaseEndMs: lease.endMs,
    pausedGuests: () => [...quiesce.paused()],
    instances: view.instances,
    async stop() {
      ended.abort();
      for (const end of ends) end();
      lease.stop();
      health.stop();
      outbox.stop();
    },
  };
}
