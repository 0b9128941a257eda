/** The Hypervisor port of one rekindled over the domains of its host. What libvirt does goes on when rekindled is gone. */
import type { Hypervisor, HypervisorEvent, Outcome } from '../services/ports.ts';
import type { DomainNews, Domains } from './domains.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Model } from './simulation.ts';

/** What is wrong with the virtualization of a host; faults change it. */
export interface HostTrouble {
  libvirt: 'well' | 'down' | 'hung';
  starts: 'well' | 'fail' | 'unknown';
  storageLost: boolean;
  stuckGuests: boolean;
}

export interface HypervisorParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly model: Model;
  readonly domains: Domains;
  readonly trouble: HostTrouble;
  /** The host has power and does not stand still. */
  readonly awake: () => boolean;
  /** False: libvirt's hook lets no start through. */
  readonly permits: (guest: string, token: string) => boolean;
  /** The host at a migration address, if it can be reached from here now. */
  readonly peer: (address: string) => { readonly domains: Domains; readonly awake: () => boolean } | null;
  readonly repaired: () => void;
  readonly onLibvirt: (listener: (up: boolean) => void) => () => void;
}

/** Bounds of the real adapter (adapters/libvirt/hypervisor.ts). */
const CALL_TIMEOUT_MS = 3_000;
const START_TIMEOUT_MS = 30_000;
const DESTROY_TIMEOUT_MS = 8_000;
const REPAIR_MS = 1_500;

const unknown = (reason: string): Outcome => ({ kind: 'unknown', reason });
const succeeded = (detail: string): Outcome => ({ kind: 'succeeded', detail });

export function createHypervisor(process: Process, parts: HypervisorParts): Hypervisor {
  const { random, model, domains, trouble, awake, permits } = parts;
  const migrating = new Map<string, { aborted: boolean }>();

  /** Rejects or waits as libvirt's answer would. */
  const answered = async (): Promise<void> => {
    await process.delay(random.between(model.libvirtCallMs));
    if (trouble.libvirt === 'well') return;
    if (trouble.libvirt === 'hung') await process.delay(CALL_TIMEOUT_MS);
    throw new Error(`libvirt is ${trouble.libvirt}`);
  };
  /** Something that libvirt does on the host: it happens there whether or not the answer still finds anybody. */
  const act = (ms: number, effect: () => Outcome): Promise<Outcome> =>
    new Promise((resolve) => {
      parts.scheduler.at(process.nowMs() + ms, () => {
        if (!awake()) return;
        const outcome = effect();
        process.enter(() => resolve(outcome));
      });
    });
  const guarded = (ms: number, effect: () => Outcome): Promise<Outcome> =>
    answered().then(
      () => act(ms, effect),
      (error: Error) => unknown(error.message),
    );
  const state = (guest: string) => domains.get(guest)?.state ?? 'gone';

  const end = async (guest: string, cause: 'destroyed' | 'shut-down', timeoutMs: number): Promise<Outcome> => {
    if (trouble.stuckGuests && domains.get(guest)) {
      await process.delay(timeoutMs);
      return unknown(`${guest} does not end`);
    }
    return guarded(random.between(model.libvirtCallMs), () => {
      domains.end(guest, cause);
      return succeeded('gone');
    });
  };

  const turn = async (guest: string, wanted: 'running' | 'paused'): Promise<Outcome> => {
    if (trouble.stuckGuests) {
      await process.delay(CALL_TIMEOUT_MS);
      return unknown(`${guest} does not answer`);
    }
    return guarded(0, () => {
      if (!domains.get(guest)) return { kind: 'failed', reason: `${guest} is gone` };
      if (wanted === 'running' && trouble.storageLost)
        return { kind: 'failed', reason: 'the image store is not there' };
      domains.set(guest, wanted);
      return succeeded(wanted);
    });
  };

  return {
    async list() {
      await answered();
      return [...domains.all()].map(([guest, { token, state }]) => ({ guest, token, state }));
    },
    processes: async () => [...domains.all().keys()],
    define: () => guarded(0, () => succeeded('defined')),

    async start(guest, _definition, token) {
      const how = trouble.starts;
      const outcome = await guarded(random.between(model.startMs), () => {
        const there = domains.get(guest);
        if (there?.state === 'running' && there.token === token)
          return succeeded('was running under this grant already');
        if (there) return { kind: 'failed', reason: `${guest} is here already` };
        if (how === 'fail') return { kind: 'failed', reason: 'QEMU cannot be started' };
        if (trouble.storageLost) return { kind: 'failed', reason: 'the image store is not there' };
        if (!permits(guest, token)) return { kind: 'failed', reason: 'the hook knows of no grant' };
        domains.create(guest, token);
        return succeeded('running');
      });
      if (how !== 'unknown') return outcome;
      await process.delay(START_TIMEOUT_MS);
      return unknown('no answer to the start');
    },
    destroy: (guest) => end(guest, 'destroyed', DESTROY_TIMEOUT_MS),
    shutdown: (guest, timeoutMs) => end(guest, 'shut-down', timeoutMs),
    pause: (guest) => turn(guest, 'paused'),
    resume: (guest) => turn(guest, 'running'),

    async migrate(guest, toAddress, timeoutMs) {
      const under = { aborted: false };
      migrating.set(guest, under);
      const beganMs = process.nowMs();
      const tookMs = random.between(model.migrationMs);
      const outcome = await guarded(Math.min(tookMs, timeoutMs), () => {
        const source = domains.get(guest);
        const peer = parts.peer(toAddress);
        if (under.aborted) return { kind: 'failed', reason: 'aborted' };
        if (source?.state !== 'running') return { kind: 'failed', reason: `${guest} does not run here` };
        if (tookMs > timeoutMs) return { kind: 'failed', reason: 'not done in time' };
        if (!peer?.awake() || peer.domains.get(guest)) return { kind: 'failed', reason: `no way to ${toAddress}` };
        domains.end(guest, 'migrated');
        peer.domains.create(guest, source.token, true);
        return succeeded(`moved in ${Math.round(process.nowMs() - beganMs)} ms`);
      });
      migrating.delete(guest);
      return trouble.libvirt === 'well' ? outcome : unknown('libvirt went away meanwhile');
    },
    async abortMigration(guest) {
      const under = migrating.get(guest);
      if (under) under.aborted = true;
      return succeeded('aborted');
    },

    async state(guest) {
      return answered().then(
        () => state(guest),
        () => 'unknown' as const,
      );
    },
    async pingAgent(guest) {
      await process.delay(2);
      const domain = domains.get(guest);
      return domain?.state === 'running' && !domain.hung;
    },
    responsive: async () => !trouble.stuckGuests,

    async *events(signal) {
      const queue: HypervisorEvent[] = [];
      let wake = () => {};
      const tell = (event: HypervisorEvent) =>
        void process.after(random.between(model.libvirtCallMs), () => {
          queue.push(event);
          wake();
        });
      const hear = (news: DomainNews) => {
        if (trouble.libvirt === 'well') tell({ ...news, detail: 'cause' in news ? news.cause : news.kind });
      };
      const ends = [
        domains.onNews(hear),
        parts.onLibvirt((up) => tell({ kind: up ? 'connected' : 'disconnected', detail: up ? '' : 'connection lost' })),
      ];
      if (trouble.libvirt === 'well') tell({ kind: 'connected', detail: '' });
      try {
        while (!signal.aborted) {
          const event = queue.shift();
          if (event) yield event;
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
              signal.addEventListener('abort', () => resolve(), { once: true });
            });
        }
      } finally {
        for (const stop of ends) stop();
      }
    },

    async repair() {
      await process.delay(REPAIR_MS);
      parts.repaired();
      return succeeded('libvirt answers');
    },
  };
}
