/** What the leader of one epoch does, from its election to its last moment. */
import { z } from 'zod';
import type { Fleet } from '../../machines/fleet.ts';
import { wrongStep } from '../../machines/reinstall-steps.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { every } from '../every.ts';
import type { Hearing } from '../hearing.ts';
import type { Bus, Clock, Log, PowerSwitch, Say, Verify } from '../ports.ts';
import { addresses, type LeaderAnswer, orderSchema, type Report, reportSchema } from '../protocol.ts';
import { bootSeenSchema, type InstallAnswer, provisionSchema } from '../provisioning.ts';
import { type BootWatch, createBootWatch } from './boot-watch.ts';
import { dispatchPending } from './dispatch.ts';
import { drainHosts } from './drain.ts';
import { type Election, writeElection } from './election.ts';
import type { ExecuteContext } from './execute.ts';
import { createFences } from './fences.ts';
import type { Greetings } from './greetings.ts';
import type { InstallWatch } from './install-watch.ts';
import { isHeard, owesItsVoice } from './liveness.ts';
import { mendLog } from './mend-log.ts';
import { carryOut, type OrderContext } from './orders.ts';
import { createPen, type Pen, ReignOver } from './pen.ts';
import { createPowerOrders } from './power.ts';
import { notePowerTrouble, type PowerTrouble } from './power-trouble.ts';
import { createProvisioning, type ProvisionPorts } from './provision.ts';
import type { Replica } from './replica.ts';
import { createReports } from './reports.ts';
import { watchSilence } from './silence-watch.ts';
import { callSpares } from './spares.ts';
import { createSurvey } from './survey.ts';
import { fireTimers, noteHeadroom } from './upkeep.ts';

export interface ReignPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly say: Say;
  readonly verify: Verify;
  readonly switches: (host: string) => readonly PowerSwitch[];
  readonly secret: ProvisionPorts['secret'];
  readonly verifyRaw: ProvisionPorts['verifyRaw'];
  readonly enrolment: ProvisionPorts['enrolment'];
  readonly powerTrouble?: PowerTrouble;
}

export interface ReignConfig {
  readonly node: string;
  readonly spec: ClusterSpec;
  readonly digest: string;
  readonly keys: Readonly<Record<string, string>>;
  /** This node's copy of the log was lately as long as the last leader's. */
  readonly upToDate: boolean;
  readonly stepDown: () => void;
  readonly installs: InstallWatch;
}

const TICK_MS = 25;
const STALL_LOOK_MS = 1_000;
/** The forecast is recomputed at most this often. */
const HEADROOM_MS = 5_000;
const DRAIN_MS = 500;
const SPARES_MS = 500;

export async function reign(
  config: ReignConfig,
  { epoch, lives }: Election,
  replica: Replica,
  hearing: Hearing,
  greetings: Greetings,
  ports: ReignPorts,
  signal: AbortSignal,
): Promise<void> {
  const { bus, clock, say, verify } = ports;
  const { node, spec, installs } = config;
  const { times } = spec;
  const { fleet } = replica;
  const ends: (() => void)[] = [];
  signal.addEventListener('abort', () => {
    for (const end of ends) end();
  });
  const quietly = (what: string) => (error: unknown) => {
    if (!(error instanceof ReignOver) && !signal.aborted) say.error(`${what} broke off`, { error: String(error) });
  };

  const first = createPen(node, epoch, { ...ports, replica }, signal);
  /** Our copy is known to be the log's: only then may others measure theirs by it. */
  let compared = false;
  const elected = mendLog(replica, ports, signal).then((lost) => {
    compared = true;
    return writeElection(first, config, { epoch, lives }, lost);
  });
  // Nothing else of this epoch may stand in the log before its election does.
  const pen: Pen = { write: (decide) => elected.then(() => first.write(decide)) };
  const power = createPowerOrders(ports.switches, inDoubt(fleet()), ports, signal);
  const fences = createFences(epoch, spec, fleet, { ...ports, hearing, keys: config.keys }, power.switches, signal);

  let upToDate = config.upToDate;
  elected.then(
    () => {
      upToDate = true;
    },
    () => {},
  );
  const sight = { fleet, upToDate: () => upToDate, hearing, times, greetings, clock };

  // From the first moment, even while the log is stalled: followers learn who leads, silent hosts are being proven stopped.
  ends.push(
    every(clock, times.heartbeatMs, () => {
      const { seq, hash } = replica.head();
      return bus.publish(addresses.leader, { kind: 'leader', node, epoch, seq, hash: compared ? hash : null });
    }),
    every(clock, TICK_MS, watchSilence({ ...sight, pen, fences, bus, say, quietly })),
  );

  await elected;
  if (fleet().digest !== config.digest) {
    say.warn("this node's cluster file differs from the one in the log; the log's is in force", {
      ours: config.digest,
      log: fleet().digest,
    });
  }
  const { join: fence, proven } = fences;
  const isBack = (host: string) => !fences.underWay().includes(host) && isHeard(host, hearing, times);
  const context: ExecuteContext = { epoch, pen, fleet, signal, fence, proven, isBack, loads: () => ({}) };
  const hashAt = (seq: number) => (seq === fleet().seq ? fleet().hash : replica.entries(seq, seq)[0]?.hash);
  const survey = createSurvey(epoch, fleet, hashAt, pen, ports);
  const notePower = notePowerTrouble(fleet, pen, ports.powerTrouble ?? (() => undefined));
  const boots = createBootWatch(pen, fleet, clock);
  const forecast = noteHeadroom(fleet, pen, clock, signal);
  const drain = drainHosts(fleet, pen);
  const spares = callSpares(fleet, pen);
  ends.push(
    dispatchPending(context, replica, { ...ports, power, boots }, quietly),
    serveReports(createReports(pen, fleet, survey), bus),
    serveOrders({ pen, fleet, verify, block: fences.block, stepDown: config.stepDown }, bus),
    serveProvisioning(createProvisioning(pen, fleet, installs, ports), boots, bus),
    every(clock, STALL_LOOK_MS, () => {
      for (const draft of installs.stalled()) {
        const still = (now: Fleet) => wrongStep(now, draft as Parameters<typeof wrongStep>[1]) === null;
        void pen.write((now) => (still(now) ? [draft] : [])).catch(quietly('stall'));
      }
    }),
    every(clock, TICK_MS, fireTimers(fleet, pen, clock, quietly)),
    every(clock, DRAIN_MS, () => drain().then(() => {}, quietly('drain'))),
    every(clock, SPARES_MS, () => spares().then(() => {}, quietly('spares'))),
    every(clock, HEADROOM_MS, () => forecast().then(() => {}, quietly('forecast'))),
    every(clock, HEADROOM_MS, () => notePower().then(() => {}, quietly('power'))),
  );
  await survey.askAll(signal);
}

/** Hosts that an earlier leader may have ordered off without having seen it come true. */
function inDoubt({ hosts }: Fleet): string[] {
  return Object.keys(hosts).filter((host) => {
    const { state, context } = hosts[host]!;
    return !owesItsVoice(hosts[host]!) && state !== 'joining' && context.fence?.proof.kind !== 'R2';
  });
}

function serveReports(take: ReturnType<typeof createReports>, bus: Bus): () => void {
  return bus.serve(addresses.reportAll, (message, address): Promise<LeaderAnswer> | undefined => {
    const report: Report = reportSchema.parse(message);
    // A host's key permits it only its own address, so no host can report in another's name.
    return address === addresses.report(report.host) ? take(report) : undefined;
  });
}

function serveProvisioning(take: ReturnType<typeof createProvisioning>, boots: BootWatch, bus: Bus): () => void {
  const schema = z.discriminatedUnion('kind', [provisionSchema, bootSeenSchema]);
  return bus.serve(addresses.provisionAll, (message, address): Promise<InstallAnswer> | undefined => {
    const request = schema.parse(message);
    if (address !== addresses.provision(request.from)) return undefined;
    return request.kind === 'boot-seen' ? boots.take(request) : take(request);
  });
}

function serveOrders(context: OrderContext, bus: Bus): () => void {
  return bus.serve(addresses.orderAll, (message) => carryOut(orderSchema.parse(message), context));
}
