/** What the leader of one epoch does, from its election to its last moment. */

import { headroom } from '../../machines/admission.ts';
import { brakeVerdict } from '../../machines/brake.ts';
import type { Draft } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import { runnable } from '../../machines/runnable.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { every, pause } from '../every.ts';
import type { Hearing } from '../hearing.ts';
import type { Bus, Clock, Log, PowerSwitch, Say, Verify } from '../ports.ts';
import { addresses, type LeaderAnswer, type Order, orderSchema, type Report, reportSchema } from '../protocol.ts';
import { type ExecuteContext, execute, placeAll } from './execute.ts';
import { block, type FenceOrder, type FencePorts, type FenceResult, fence } from './fence.ts';
import { confirmSilence, quietHosts } from './liveness.ts';
import { mendLog } from './mend-log.ts';
import { carryOut } from './orders.ts';
import { createPen, type Pen, ReignOver } from './pen.ts';
import type { Replica } from './replica.ts';
import { createReports } from './reports.ts';
import { surveyAll } from './survey.ts';

export interface ReignPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly say: Say;
  readonly verify: Verify;
  readonly switches: (host: string) => readonly PowerSwitch[];
}

export interface ReignConfig {
  readonly node: string;
  readonly spec: ClusterSpec;
  readonly digest: string;
  readonly keys: Readonly<Record<string, string>>;
  readonly stepDown: () => void;
}

const TICK_MS = 25;
/** Headroom is recomputed at most this often. */
const HEADROOM_MS = 1_000;

export async function reign(
  config: ReignConfig,
  epoch: number,
  replica: Replica,
  hearing: Hearing,
  ports: ReignPorts,
  signal: AbortSignal,
): Promise<void> {
  const { bus, clock, say } = ports;
  const { node, spec } = config;
  const { times } = spec;
  const pen = createPen(node, epoch, { ...ports, replica }, signal);
  const fleet = replica.fleet;
  const ends: (() => void)[] = [];
  const quietly = (what: string) => (error: unknown) => {
    if (!(error instanceof ReignOver) && !signal.aborted) say.error(`${what} broke off`, { error: String(error) });
  };

  // From the first moment, even while the log is stalled: followers learn who leads, silent hosts are blocked.
  ends.push(
    every(clock, times.heartbeatMs, () =>
      bus.publish(addresses.leader, { kind: 'leader', node, epoch, ...replica.head() }),
    ),
  );
  signal.addEventListener('abort', () => {
    for (const end of ends) end();
  });

  const fences = createFences(epoch, spec, fleet, { ...ports, hearing, keys: config.keys }, ports.switches, signal);
  const suspecting = watchSilence(fleet, hearing, pen, fences, ports, times, quietly);
  ends.push(every(clock, TICK_MS, suspecting));

  await mendLog(replica, ports, signal);
  await pen.write((now) =>
    now.epoch < epoch ? [{ type: 'leader.elected', subject: 'cluster', cause: 'observation', data: { node } }] : [],
  );
  await pen.write((now) =>
    now.spec === null
      ? [{ type: 'cluster.configured', subject: 'cluster', cause: 'operator', data: { digest: config.digest, spec } }]
      : [],
  );
  if (fleet().digest !== config.digest)
    say.warn("this node's cluster file differs from the one in the log; the log's is in force", {
      ours: config.digest,
      log: fleet().digest,
    });

  const context: ExecuteContext = { epoch, pen, fleet, signal, fence: fences.join, loads: () => ({}) };
  ends.push(dispatchPending(context, replica, ports, quietly));
  ends.push(serveReports(pen, bus), serveOrders(config, pen, fleet, ports, fences));
  ends.push(every(clock, TICK_MS, fireTimers(fleet, pen, clock, quietly)));
  ends.push(every(clock, HEADROOM_MS, () => noteHeadroom(pen).catch(quietly('admission'))));
  await surveyAll(epoch, fleet, pen, ports, signal);
}

interface Fences {
  /** Starts proving, or joins the proof already under way. */
  join(host: string, counter: number): Promise<FenceResult>;
  block(host: string, counter: number): ReturnType<typeof block>;
}

/** At most one fence per life of a host at a time, whoever asks for it. */
function createFences(
  epoch: number,
  spec: ClusterSpec,
  fleet: () => Fleet,
  ports: FencePorts,
  switches: ReignPorts['switches'],
  signal: AbortSignal,
): Fences {
  const running = new Map<string, Promise<FenceResult>>();
  const orderFor = (host: string, counter: number): FenceOrder => ({
    host,
    counter,
    epoch,
    voters: (fleet().spec ?? spec).voters,
    times: (fleet().spec ?? spec).times,
    selfFencing: fleet().hosts[host]?.context.selfFencing ?? false,
    switches: switches(host),
    wanted: () => {
      const context = fleet().hosts[host]?.context;
      return context?.incarnation?.counter === counter && context.fence === null;
    },
  });
  return {
    join(host, counter) {
      const key = `${host}/${counter}`;
      const before = running.get(key);
      if (before) return before;
      const proof = fence(orderFor(host, counter), ports, signal);
      running.set(key, proof);
      // Kept until its outcome is folded: the early start and the intent share one proof.
      const forget = () => void pause(ports.clock, 1_000).then(() => running.delete(key));
      proof.then(forget, forget);
      return proof;
    },
    block: (host, counter) => block(orderFor(host, counter), ports, signal),
  };
}

type Quietly = (what: string) => (error: unknown) => void;

/** Every tick: silent hosts are confirmed with the voters, suspected, and, unless held back, fenced at once. */
function watchSilence(
  fleet: () => Fleet,
  hearing: Hearing,
  pen: Pen,
  fences: Fences,
  { bus, say }: ReignPorts,
  times: ClusterSpec['times'],
  quietly: Quietly,
) {
  const asking = new Set<string>();

  const suspect = async (host: string): Promise<void> => {
    const silence = await confirmSilence(host, fleet(), hearing, times, bus);
    if (!silence) return;
    const { counter, silentMs, witnesses } = silence;
    const now = fleet();
    const mayFence = !now.frozen && !now.brake && !brakeVerdict(now, allSilent(now, hearing, times)).apply;
    // Block and power off need no log (safety.md, "What may run without the durable log"), so they do not wait for it.
    // Brake and freeze are obeyed here as they are in the fold.
    if (mayFence) fences.join(host, counter).catch(quietly('fence'));
    say.warn('host is silent', { host, silentMs });
    await pen.write((current) => {
      const known = current.hosts[host]!;
      if (
        known.context.incarnation?.counter !== counter ||
        !['running', 'draining', 'maintenance'].includes(known.state)
      )
        return [];
      const verdict = brakeVerdict(current, allSilent(current, hearing, times));
      const brake: Draft[] =
        verdict.apply && !current.brake
          ? [
              {
                type: 'brake.applied',
                subject: 'cluster',
                cause: 'observation',
                data: { silent: allSilent(current, hearing, times), of: Object.keys(current.hosts).length },
              },
            ]
          : [];
      return [
        ...brake,
        {
          type: 'host.suspected',
          subject: `host/${host}`,
          cause: 'observation',
          data: { counter, silentMs, witnesses: [...witnesses] },
        },
      ];
    });
  };

  return () => {
    const now = fleet();
    for (const host of quietHosts(now, hearing, times)) {
      if (asking.has(host)) continue;
      asking.add(host);
      void suspect(host)
        .catch(quietly('suspicion'))
        .finally(() => asking.delete(host));
    }
    for (const [host, { state, context }] of Object.entries(now.hosts)) {
      if (state !== 'suspect' || hearing.silentMs(host) > times.heartbeatMs * 2 || asking.has(host)) continue;
      asking.add(host);
      const clear: Draft = {
        type: 'host.cleared',
        subject: `host/${host}`,
        cause: 'observation',
        data: { counter: context.incarnation?.counter ?? 0, why: 'heard again' },
      };
      void pen
        .write((current) => (current.hosts[host]?.state === 'suspect' ? [clear] : []))
        .catch(quietly('clearing'))
        .finally(() => asking.delete(host));
    }
    if (now.brake && !asking.has('brake') && !brakeVerdict(now, allSilent(now, hearing, times)).apply) {
      asking.add('brake');
      void pen
        .write((current) =>
          current.brake
            ? [
                {
                  type: 'brake.released',
                  subject: 'cluster',
                  cause: 'observation',
                  data: { by: 'enough hosts are heard again' },
                },
              ]
            : [],
        )
        .catch(quietly('brake'))
        .finally(() => asking.delete('brake'));
    }
  };
}

/** Every host whose voice is missing, whatever its state, except those already proven stopped. */
function allSilent(fleet: Fleet, hearing: Hearing, times: ClusterSpec['times']): string[] {
  return Object.entries(fleet.hosts)
    .filter(
      ([host, { context }]) =>
        context.incarnation !== null && context.fence === null && hearing.silentMs(host) > times.suspectMs,
    )
    .map(([host]) => host)
    .sort();
}

/** Carries out what is pending, now and whenever the state changes. */
function dispatchPending(context: ExecuteContext, replica: Replica, ports: ReignPorts, quietly: Quietly): () => void {
  const inFlight = new Set<string>();
  const look = () => {
    if (context.signal.aborted) return;
    const { ready } = runnable(context.fleet());
    const fresh = ready.filter(({ id }) => !inFlight.has(id));
    const places = fresh.filter(({ intent }) => intent.type === 'place');
    const run = (ids: string[], work: Promise<void>, what: string) => {
      for (const id of ids) inFlight.add(id);
      void work.catch(quietly(what)).finally(() => {
        for (const id of ids) inFlight.delete(id);
      });
    };
    if (places.length > 0)
      run(
        places.map(({ id }) => id),
        placeAll(places, context),
        'placement',
      );
    for (const pending of fresh) {
      if (pending.intent.type === 'place' || pending.intent.type === 'reinstall') continue;
      run([pending.id], execute(pending, context, ports), pending.intent.type);
    }
  };
  const end = replica.onEntry(look);
  // A second look now and then takes up what an interrupted try left pending.
  const stop = every(ports.clock, 1_000, look);
  return () => {
    end();
    stop();
  };
}

function fireTimers(fleet: () => Fleet, pen: Pen, clock: Clock, quietly: Quietly): () => void {
  const firing = new Set<string>();
  return () => {
    const nowMs = clock.wall();
    for (const { id, armedSeq, dueMs, subject } of Object.values(fleet().timers)) {
      if (dueMs > nowMs || firing.has(id)) continue;
      firing.add(id);
      const fired: Draft = { type: 'timer.fired', subject, cause: 'observation', data: { timer: id, armedSeq } };
      void pen
        .write((now) => (now.timers[id]?.armedSeq === armedSeq ? [fired] : []))
        .catch(quietly('timer'))
        .finally(() => firing.delete(id));
    }
  };
}

async function noteHeadroom(pen: Pen): Promise<void> {
  await pen.write((fleet) => {
    const now = headroom(fleet);
    if (fleet.headroom && fleet.headroom.survivable === now.survivable && fleet.headroom.why === now.why) return [];
    return [
      {
        type: 'headroom.changed',
        subject: 'cluster',
        cause: 'observation',
        data: { survivable: now.survivable, why: now.why },
      },
    ];
  });
}

function serveReports(pen: Pen, bus: Bus): () => void {
  const take = createReports(pen);
  return bus.serve(addresses.reportAll, (message, address): Promise<LeaderAnswer> | undefined => {
    const report: Report = reportSchema.parse(message);
    // A host's key permits it only its own address, so no host can report in another's name.
    return address === addresses.report(report.host) ? take(report) : undefined;
  });
}

function serveOrders(
  config: ReignConfig,
  pen: Pen,
  fleet: () => Fleet,
  { bus, verify }: ReignPorts,
  fences: Fences,
): () => void {
  return bus.serve(addresses.orderAll, (message) => {
    const order: Order = orderSchema.parse(message);
    return carryOut(order, { pen, fleet, verify, block: fences.block, stepDown: config.stepDown });
  });
}
