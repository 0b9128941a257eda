/**
 * Carrying out one pending intent. Each ends in entries that say how it ended; while it runs, the intent stays pending
 * in the state, so whoever leads next takes it up again.
 */
import type { Draft } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import type { Intent, IntentType, PendingIntent } from '../../machines/intents.ts';
import { place } from '../../machines/placement.ts';
import type { Bus, Clock, Say } from '../ports.ts';
import { command } from './agents.ts';
import type { BootWatch } from './boot-watch.ts';
import type { FenceResult } from './fence.ts';
import { migrateGuest } from './migrate.ts';
import type { Pen } from './pen.ts';
import type { PowerOrders } from './power.ts';
import { rebuildGuest } from './rebuild.ts';
import { record } from './record.ts';
import { netBoot, reinstallHost } from './reinstall.ts';

export interface ExecutePorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly say: Say;
  readonly power: PowerOrders;
  readonly boots: Pick<BootWatch, 'sinceMs'>;
}

export interface ExecuteContext {
  readonly epoch: number;
  readonly pen: Pen;
  readonly fleet: () => Fleet;
  readonly signal: AbortSignal;
  /** Joins a fence of this host already under way. */
  readonly fence: (host: string, counter: number) => Promise<FenceResult>;
  /** True when such a fence has its proof already. */
  readonly proven: (host: string, counter: number) => boolean;
  /** True when the host was heard just now, and no fence of this reign has begun: there is nothing to be proven. */
  readonly isBack: (host: string) => boolean;
  /** Measured load per host, 0 and up; may lack hosts. */
  readonly loads: () => Readonly<Record<string, number>>;
}

export type Pending<T extends IntentType> = PendingIntent & { intent: Extract<Intent, { type: T }> };

/** Bounds on one try; the ladders bound how often. */
const START_MS = 60_000;
const STOP_MS = 45_000;
const REPAIR_MS = 60_000;
const QUALIFY_MS = 180_000;

export async function execute(pending: PendingIntent, context: ExecuteContext, ports: ExecutePorts): Promise<void> {
  const { intent } = pending;
  switch (intent.type) {
    case 'fence':
      return fenceHost(pending as Pending<'fence'>, context);
    case 'start':
      return startGuest(pending as Pending<'start'>, context, ports);
    case 'stop':
      return stopGuest(pending as Pending<'stop'>, context, ports);
    case 'migrate':
      return migrateGuest(pending as Pending<'migrate'>, context, ports);
    case 'power-on':
      return powerOn(pending as Pending<'power-on'>, context, ports);
    case 'repair':
      return repairHost(pending as Pending<'repair'>, context, ports);
    case 'netboot':
      return netBoot(pending as Pending<'netboot'>, context, ports);
    case 'qualify':
      return qualifyHost(pending as Pending<'qualify'>, context, ports);
    case 'reinstall':
      return pending.subject.startsWith('guest/')
        ? rebuildGuest(pending as Pending<'reinstall'>, context, ports)
        : reinstallHost(pending as Pending<'reinstall'>, context, ports);
    case 'place':
      return;
  }
}

/** All waiting placements as one batch, decided on the very state the grants are appended to. */
export async function placeAll(pending: readonly PendingIntent[], { pen, loads }: ExecuteContext): Promise<void> {
  const wanted = pending.map(({ id }) => id);
  await pen.write((fleet) => {
    const still = wanted
      .map((id) => fleet.intents[id])
      .filter((p): p is Pending<'place'> => p?.intent.type === 'place');
    const placements = place(
      fleet,
      still.map(({ intent }) => intent),
      loads(),
    );
    return placements.map((placement): Draft => {
      const cause = still.find(({ intent }) => intent.guest === placement.guest)!;
      const { guest, host, why } = placement;
      const refused = placement.refused.map((r) => ({ ...r }));
      const target = host === null ? null : fleet.hosts[host];
      const subject = `guest/${guest}`;
      if (host === null || !target?.context.incarnation) {
        return { type: 'guest.unplaced', subject, cause: cause.cause, data: { why, refused } };
      }
      const { release } = fleet.guests[guest]!.context;
      return {
        type: 'guest.granted',
        subject,
        cause: cause.cause,
        data: {
          host,
          counter: target.context.incarnation.counter,
          purpose: cause.intent.purpose,
          why,
          refused,
          release: release ? { kind: release.kind, entry: release.entry } : { kind: 'none', entry: cause.cause },
        },
      };
    });
  });
}

async function fenceHost({ id, intent, cause }: Pending<'fence'>, { fence, pen }: ExecuteContext): Promise<void> {
  const { host, counter } = intent;
  const result = await fence(host, counter);
  const subject = `host/${host}`;
  await pen.write((fleet) => {
    // The host may have begun another life meanwhile, and be suspected anew: of that life this proof says nothing.
    if (!fleet.intents[id]) return [];
    if (result.kind === 'proven')
      return [{ type: 'fence.proven', subject, cause, data: { counter, proof: result.proof } }];
    return [{ type: 'fence.failed', subject, cause, data: { counter, attempts: result.attempts } }];
  });
}

async function startGuest(
  { id, intent, cause }: Pending<'start'>,
  context: ExecuteContext,
  ports: ExecutePorts,
): Promise<void> {
  const { guest, host, counter, token } = intent;
  const spec = context.fleet().spec?.guests[guest];
  if (!spec) return;
  const { definition, rebuild } = spec;
  const installs = intent.installs ? { installs: true as const } : {};
  const disk = intent.rebuilt && rebuild ? { rebuilt: { disk: rebuild.disk, token: intent.rebuilt, ...installs } } : {};
  const message = {
    kind: 'start',
    epoch: context.epoch,
    intent: id,
    guest,
    counter,
    token,
    definition,
    ...disk,
  } as const;
  const answer = await command(host, message, START_MS, ports, context.signal);
  await record('start', id, cause, `guest/${guest}`, { host, counter, token }, answer, context);
}

async function stopGuest(
  { id, intent, cause }: Pending<'stop'>,
  context: ExecuteContext,
  ports: ExecutePorts,
): Promise<void> {
  const { guest, host, counter, token, graceful } = intent;
  const message = { kind: 'stop', epoch: context.epoch, intent: id, guest, counter, token, graceful } as const;
  const answer = await command(host, message, STOP_MS, ports, context.signal);
  await record('stop', id, cause, `guest/${guest}`, { host, counter, token }, answer, context);
}

async function repairHost(
  { id, intent, cause }: Pending<'repair'>,
  context: ExecuteContext,
  ports: ExecutePorts,
): Promise<void> {
  const message = { kind: 'repair', epoch: context.epoch, intent: id, what: intent.what } as const;
  const answer = await command(intent.host, message, REPAIR_MS, ports, context.signal);
  await record('repair', id, cause, `host/${intent.host}`, { what: intent.what }, answer, context);
}

async function qualifyHost(
  { id, intent, cause }: Pending<'qualify'>,
  context: ExecuteContext,
  ports: ExecutePorts,
): Promise<void> {
  const message = { kind: 'qualify', epoch: context.epoch, intent: id, wallMs: ports.clock.wall() } as const;
  const answer = await command(intent.host, message, QUALIFY_MS, ports, context.signal);
  await record('qualify', id, cause, `host/${intent.host}`, {}, answer, context);
}

async function powerOn(
  { id, intent, cause }: Pending<'power-on'>,
  context: ExecuteContext,
  { power }: ExecutePorts,
): Promise<void> {
  const { fleet } = context;
  // A second cycle means that it was on and did not come back: a hung machine needs its power cut first. It is proven
  // stopped, so nothing of ours can be lost by that. Not with each try to switch it on: it may be booting from the last.
  // So does a spare that was given back: its lease may have proven it stopped before anybody switched it off.
  const { tries, called } = fleet().hosts[intent.host]?.context ?? {};
  const again =
    called !== undefined || (tries !== undefined && tries.powerCycle.length > 1 && tries.powerOn.length === 0);
  const awaited = () => fleet().hosts[intent.host]?.context.fence !== null && fleet().frozen === null;
  const done = await power.on(intent.host, again, awaited);
  if (done) await record('power-on', id, cause, `host/${intent.host}`, { method: done.method }, done.outcome, context);
}
