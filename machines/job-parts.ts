/** What the job machine (job.ts) tests and does, by name. */
import { assign, emit, setup } from 'xstate';
import type { Entry } from './entries.ts';
import type { HostStateName, JobContext } from './fleet.ts';
import type { IntentType, Output } from './intents.ts';
import { sentence } from './sentences.ts';
import type { ProvisioningSpec } from './spec.ts';

/** What a job needs to know besides the entry itself. */
export interface JobFacts {
  readonly atMs: number;
  readonly provisioning: ProvisioningSpec;
  /** State of its host after this entry. */
  readonly hostIs: HostStateName;
}
export type JobEvent = Entry & JobFacts;

/** However slowly the installer progresses. */
export const INSTALL_WITHIN_MS = 3_600_000;
/** After its enrolment a person starts it. One that comes later is tested all the same. */
const REGISTERS_WITHIN_MS = 3_600_000;
/** Before another try, when no switch would boot it from the network. */
const NETBOOT_RETRY_MS = 30_000;
/** Boots measured before, and how much longer than the longest of them a boot may take; never less than the least. */
const HISTORY = 5;
const SLACK = 1.5;
const LEAST_BOOT_MS = 10_000;

export function newJob(id: string): JobContext {
  return {
    id,
    job: '',
    attempt: 0,
    mode: 'install',
    image: null,
    token: null,
    key: null,
    disk: null,
    enrolled: false,
    vetoed: false,
    poweredAtMs: null,
    bootMs: [],
    why: 'asked for by the ladder',
    cause: '',
  };
}

interface Args {
  readonly context: JobContext;
  readonly event: JobEvent;
}

/** What belongs to one try, and must not outlive it. */
const NEW_TRY = { token: null, key: null, disk: null, enrolled: false, poweredAtMs: null } as const;

/** Of a rescue there is one: a person has looked, or has not come. */
const hasTriesLeft = ({ context, event }: Args) =>
  context.mode !== 'rescue' && context.attempt < event.provisioning.tries;

const isTimer = ({ context, event }: Args, params: { name: string }) =>
  event.type === 'timer.fired' && event.data.timer === `host/${context.id}/${params.name}`;

/** States in which a host is its job's. `fencing` and `blocked`: a proof that it is stopped is still sought. */
const TAKEN: readonly HostStateName[] = ['reinstalling', 'fencing', 'blocked'];

/**
 * Power-on to boot script, measured. A boot that already failed in time gets the full time the cluster file gives; so does one
 * that has its boot script before it is known to be under way, as of a machine that asked by itself.
 */
function bootWithinMs({ context, event }: Args): number {
  const { bootWithinMs: given } = event.provisioning;
  if (context.bootMs.length === 0 || context.token !== null) return given;
  const known = Math.max(LEAST_BOOT_MS, Math.round(Math.max(...context.bootMs) * SLACK));
  return context.attempt === 1 ? known : Math.max(known, given);
}

function ticketed({ context, event }: Args): Partial<JobContext> {
  if (event.type !== 'reinstall.ticketed') return {};
  const { poweredAtMs, bootMs } = context;
  const measured = poweredAtMs === null ? bootMs : [...bootMs, event.atMs - poweredAtMs].slice(-HISTORY);
  return { token: event.data.token, bootMs: measured };
}

export const job = setup({
  types: {
    context: {} as JobContext,
    events: {} as JobEvent,
    emitted: {} as Output,
    input: {} as { readonly id: string } | undefined,
  },
  guards: {
    triesLeft: hasTriesLeft,
    timer: isTimer,
    lateTry: (args, params: { name: string }) => isTimer(args, params) && hasTriesLeft(args),
    hostTaken: (args) => isTimer(args, { name: 'announce' }) && TAKEN.includes(args.event.hostIs),
    hostLeft: ({ event }) => !TAKEN.includes(event.hostIs),
    strangerLeft: ({ context, event }) => !context.enrolled && event.hostIs === 'running',
    accepted: ({ context, event }) => context.enrolled && event.hostIs === 'qualifying',
    nothingToWrite: ({ context, event }) =>
      event.type === 'reinstall.booted' && event.data.disk === null && context.mode !== 'rescue',
    onlyLooks: ({ context }) => context.mode !== 'install',
  },
  actions: {
    note: assign(({ event }, params: { then: string }) => ({
      why: params.then === '' ? sentence(event) : `${sentence(event)}; ${params.then}`,
      cause: event.id,
    })),
    request: assign(({ context, event }) =>
      event.type === 'reinstall.requested'
        ? { ...newJob(context.id), bootMs: context.bootMs, job: event.id, mode: event.data.mode }
        : {},
    ),
    begin: assign(({ context, event }) => {
      if (event.type !== 'reinstall.armed') return {};
      const { job, attempt, mode, image } = event.data;
      return { ...newJob(context.id), bootMs: context.bootMs, job, attempt, mode, image };
    }),
    // Machines enrolled in vain began to count their lives somewhere: the next begins above them.
    offer: assign(({ context, event }) =>
      event.type === 'join.offered'
        ? {
            ...newJob(context.id),
            bootMs: context.bootMs,
            job: event.id,
            attempt: context.enrolled ? context.attempt + 1 : 1,
            mode: 'join' as const,
            key: event.data.key,
          }
        : {},
    ),
    again: assign(({ context }) => ({ ...NEW_TRY, attempt: context.attempt + 1 })),
    power: assign({ poweredAtMs: ({ event }) => event.atMs }),
    ticket: assign(ticketed),
    boot: assign(({ event }) =>
      event.type === 'reinstall.booted' ? { key: event.data.key, disk: event.data.disk } : {},
    ),
    enrol: assign({ enrolled: true }),
    veto: assign({ vetoed: true }),
    netboot: emit(({ context }) => ({
      type: 'intent',
      intent: { type: 'netboot', host: context.id, job: context.job, attempt: context.attempt },
    })),
    withdraw: emit((_, params: { intent: IntentType }) => ({ type: 'withdraw', intent: params.intent })),
    disarm: emit((_, params: { name: string }) => ({ type: 'disarm', name: params.name })),
    armAnnounce: emit(({ event }) => ({ type: 'timer', name: 'announce', afterMs: event.provisioning.announceMs })),
    armRetry: emit({ type: 'timer', name: 'netboot', afterMs: NETBOOT_RETRY_MS }),
    armJoin: emit(({ event }) => ({
      type: 'timer',
      name: 'join',
      afterMs: event.type === 'join.offered' ? event.data.withinMs : REGISTERS_WITHIN_MS,
    })),
    armBoot: emit((args) => ({ type: 'timer', name: 'network-boot', afterMs: bootWithinMs(args) })),
    arm: emit(({ event }, { name }: { name: 'network-boot' | 'install' | 'first-boot' }) => ({
      type: 'timer',
      name,
      afterMs: {
        'network-boot': event.provisioning.bootWithinMs,
        install: INSTALL_WITHIN_MS,
        'first-boot': event.provisioning.firstBootWithinMs,
      }[name],
    })),
  },
});
