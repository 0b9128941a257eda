/**
 * The agent owns the local truth of one host: it holds the host's lease, carries out commands, reports what it sees,
 * and stops its own guests when the lease ends.
 */
import type { Incarnation, Instance } from '../../machines/entries.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { every, pause } from '../every.ts';
import type {
  AgentMemory,
  Bus,
  Clock,
  Hypervisor,
  HypervisorEvent,
  Machine,
  Petter,
  Say,
  ServiceProbe,
  StartGuard,
} from '../ports.ts';
import { addresses, type CommandAnswer, commandSchema } from '../protocol.ts';
import { createCommands } from './commands.ts';
import { createHealth } from './health.ts';
import { holdLease } from './lease.ts';
import { beginLife, takeUpLife } from './life.ts';
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
  let libvirtLost = false;
  let firstLook = true;
  /** Guests whose pause was reported; only their resuming is news. */
  const pausedByOthers = new Set<string>();

  const outbox = createOutbox(host, `${life.counter}-${Math.round(clock.wall())}`, times.suspectMs, ports);
  const lease = holdLease({ host, voters: spec.voters, times }, life.counter, ports, {
    extended(endMs) {
      guard.setLeaseEnd(endMs);
      petter.setUntil(endMs);
      if (!registered) void register();
      if (quiesce.active()) void resume();
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
    },
    ports,
  );
  const quiesce = createQuiesce(
    times,
    lease.renewedMs,
    (guest) => spec.guests[guest]?.onQuiesce === 'quit',
    () => commands.starting().length,
    look,
    ports,
  );
  const health = createHealth(
    {
      hung: (guest, probe, detail) => reportGuest('guest.hung', guest, { probe, detail }),
      healthy: (guest, probe) => reportGuest('guest.healthy', guest, { probe }),
    },
    ports,
  );

  const managed = (guest: string) => spec.guests[guest] !== undefined;
  const heldGrant = (guest: string) => memory.grants().find((grant) => grant.guest === guest);
  const subject = `host/${host}`;

  /** Guests of the cluster as libvirt and the kernel show them; other virtual machines are none of our business. */
  async function look(): Promise<[Instance[], string[]]> {
    const [listed, processes] = await Promise.all([hypervisor.list(), hypervisor.processes()]);
    return [listed.filter(({ guest }) => managed(guest)), processes.filter(managed)];
  }

  async function instances(): Promise<Instance[]> {
    const [listed, processes] = await look();
    const seen = new Map<string, Instance>();
    const tokenOf = (guest: string) =>
      heldGrant(guest)?.token ?? listed.find((one) => one.guest === guest)?.token ?? null;
    // A QEMU that libvirt has lost sight of can write all the same, and so can a start that has only just begun.
    for (const guest of processes) seen.set(guest, { guest, token: tokenOf(guest), state: 'running' });
    for (const { guest, state } of listed) seen.set(guest, { guest, token: tokenOf(guest), state });
    for (const guest of commands.starting()) seen.set(guest, { guest, token: tokenOf(guest), state: 'starting' });
    return [...seen.values()];
  }

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
      instances: await instances(),
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
    const pausedMs = await quiesce.lift((guest) => heldGrant(guest)?.counter === life.counter);
    if (pausedMs > 0)
      outbox.report('host.quiesced', subject, { counter: life.counter, pausedMs: Math.round(pausedMs) });
  }

  /** Blocked: somebody may hold a proof that nothing runs here, so make that true before anything else. */
  async function endLife(blockedCounter: number): Promise<void> {
    say.warn('this life of the host was ended by the cluster: destroying its guests', { counter: life.counter });
    health.stop();
    while (!ended.signal.aborted) {
      try {
        const left = await instances();
        const outcomes = await Promise.all(left.map(({ guest }) => hypervisor.destroy(guest)));
        if (outcomes.every(({ kind }) => kind === 'succeeded') && (await instances()).length === 0) break;
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

  function reportGuest(
    type: 'guest.hung' | 'guest.healthy' | 'guest.paused' | 'guest.resumed',
    guest: string,
    more: object,
  ): void {
    const grant = heldGrant(guest);
    if (grant) outbox.report(type, `guest/${guest}`, { host, counter: grant.counter, token: grant.token, ...more });
  }

  /** A granted guest is not there any more: its grant is dropped first, so it can never be resumed under it. */
  async function reportGone(
    guest: string,
    cause: 'process-died' | 'panicked' | 'shut-down' | 'destroyed',
    detail: string,
  ): Promise<void> {
    const grant = heldGrant(guest);
    if (!grant || commands.leaving(guest) || commands.starting().includes(guest) || ending) return;
    const gone = (await hypervisor.state(guest)) === 'gone' && !(await hypervisor.processes()).includes(guest);
    if (heldGrant(guest)?.token !== grant.token) return;
    if (gone) {
      guard.revoke(guest);
      memory.dropGrant(guest);
    }
    outbox.report('guest.crashed', `guest/${guest}`, {
      host,
      counter: grant.counter,
      token: grant.token,
      cause,
      gone,
      detail,
    });
  }

  const CAUSES = {
    died: 'process-died',
    'shut-down': 'shut-down',
    destroyed: 'destroyed',
    panicked: 'panicked',
  } as const;

  async function notice(event: HypervisorEvent): Promise<void> {
    if (!('guest' in event)) {
      if (event.kind === 'connected') return reconcile();
      libvirtLost = true;
      return outbox.report('host.degraded', subject, { what: 'libvirt', reason: event.detail });
    }
    if (!managed(event.guest)) return;
    switch (event.kind) {
      case 'stopped':
        health.forget(event.guest);
        if (event.cause !== 'migrated') await reportGone(event.guest, CAUSES[event.cause], event.detail);
        return;
      case 'started':
      case 'migrated-in':
        health.watch(event.guest, spec.guests[event.guest]!);
        return;
      case 'io-error':
        return reportGuest('guest.hung', event.guest, { probe: 'io-error', detail: event.detail });
      case 'resumed':
        // libvirt asks no hook before a resume, so somebody's `virsh resume` without a lease is undone here.
        if (quiesce.active()) await hypervisor.pause(event.guest);
        else if (pausedByOthers.delete(event.guest)) reportGuest('guest.resumed', event.guest, {});
        return;
      case 'paused':
        if (quiesce.active() || commands.leaving(event.guest) || commands.starting().includes(event.guest)) return;
        pausedByOthers.add(event.guest);
        return reportGuest('guest.paused', event.guest, { why: event.detail });
      default:
        return;
    }
  }

  /** After a break in the event stream: compares what is granted with what is there. */
  async function reconcile(): Promise<void> {
    const found = await instances();
    const present = new Set(found.map(({ guest }) => guest));
    // An earlier daemon of this life may have paused guests and died; who else paused one is not known. Resuming a
    // granted guest under a valid lease is safe, and leaving it paused for ever is not what it was granted for.
    if (firstLook)
      quiesce.assume(
        found.filter(({ guest, state }) => state === 'paused' && heldGrant(guest)).map(({ guest }) => guest),
      );
    // An agent that lost its memory, not its guests, learns from the domains what they were granted under.
    for (const { guest, token } of firstLook ? found : []) {
      if (token && !heldGrant(guest)) memory.putGrant({ guest, counter: life.counter, token });
    }
    firstLook = false;
    for (const { guest } of memory.grants()) {
      if (!present.has(guest)) await reportGone(guest, 'process-died', 'not there when libvirt was read again');
      else if (managed(guest)) health.watch(guest, spec.guests[guest]!);
    }
    if (libvirtLost) outbox.report('host.restored', subject, { what: 'libvirt' });
    libvirtLost = false;
  }

  const followEvents = async () => {
    for await (const event of hypervisor.events(ended.signal)) {
      await notice(event).catch((error: unknown) =>
        say.error('event not handled', { event: event.kind, error: String(error) }),
      );
    }
  };

  const ends = [
    ports.bus.serve(addresses.agent(host), (message) => commands.handle(commandSchema.parse(message))),
    every(clock, Math.min(100, times.heartbeatMs / 2), () => (ending ? undefined : quiesce.check())),
  ];
  void followEvents().catch((error: unknown) => say.error('event stream ended', { error: String(error) }));

  return {
    incarnation: () => life,
    leaseEndMs: lease.endMs,
    pausedGuests: () => [...quiesce.paused()],
    instances,
    async stop() {
      ended.abort();
      for (const end of ends) end();
      lease.stop();
      health.stop();
      outbox.stop();
    },
  };
}
