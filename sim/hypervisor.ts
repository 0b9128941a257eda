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
  readonly powered: () => boolean;
  /** The host has power and does not stand still. */
  readonly awake: () => boolean;
  /** False: libvirt's hook lets no start through. */
  readonly permits: (guest: string) => boolean;
  /** The host at a migration address, if it can be reached from here now. */
  readonly peer: (address: string) => Pick<HypervisorParts, 'domains' | 'trouble' | 'awake' | 'permits'> | null;
  readonly repaired: () => void;
  /** Its disk is a new one. */
  readonly exchanged: (guest: string) => void;
  /** What is on it now is half an installation; or, at its end, a guest that starts. */
  readonly installs: (guest: string, ended: boolean) => void;
  readonly onLibvirt: (listener: (up: boolean) => void) => () => void;
}

/** Bounds of the real adapter (adapters/libvirt/hypervisor.ts). */
const CALL_TIMEOUT_MS = 3_000;
const START_TIMEOUT_MS = 30_000;
const DESTROY_TIMEOUT_MS = 8_000;
const KILL_AFTER_MS = 2_000;
/** Its event stream (adapters/libvirt/events.ts): a hung libvirtd is given up after three keepalives, two seconds apart. */
const KEPT_ALIVE_MS: readonly [number, number] = [6_000, 8_000];
const REGISTERED_AFTER_MS = 150;
const RECONNECT_AT_MOST_MS = 2_000;
/** How often what waits for something looks again; an installation that stands still, so often. */
const LOOK_AGAIN_MS = 50;
const STANDS_STILL_MS = 1_000;
const REPAIR_MS = 1_500;

const unknown = (reason: string): Outcome => ({ kind: 'unknown', reason });
const failed = (reason: string): Outcome => ({ kind: 'failed', reason });
const succeeded = (detail: string): Outcome => ({ kind: 'succeeded', detail });

export function createHypervisor(process: Process, parts: HypervisorParts): Hypervisor {
  const { random, model, domains, trouble, awake, permits } = parts;
  const migrating = new Map<string, { aborted: boolean; abort: () => void }>();

  const well = () => trouble.libvirt === 'well';
  /** Rejects or waits as libvirt's answer would. */
  const answered = async (): Promise<void> => {
    await process.delay(random.between(model.libvirtCallMs));
    if (well()) return;
    if (trouble.libvirt === 'hung') await process.delay(CALL_TIMEOUT_MS);
    throw new Error(`libvirt is ${trouble.libvirt}`);
  };
  /** Something that libvirt does on the host: it happens there whether or not the answer still finds anybody. */
  const act = (ms: number, effect: () => Outcome): Promise<Outcome> =>
    new Promise((resolve) => {
      const run = () => {
        if (!parts.powered()) return;
        // A host that stands still goes on where it stood.
        if (!awake()) return void parts.scheduler.at(parts.scheduler.now() + LOOK_AGAIN_MS, run);
        const outcome = effect();
        process.enter(() => resolve(outcome));
      };
      parts.scheduler.at(process.nowMs() + ms, run);
    });
  const guarded = (ms: number, effect: () => Outcome): Promise<Outcome> =>
    answered().then(
      () => act(ms, effect),
      (error: Error) => unknown(error.message),
    );
  const state = (guest: string) => domains.get(guest)?.state ?? 'gone';

  const destroy = async (guest: string): Promise<Outcome> => {
    if (trouble.stuckGuests && domains.get(guest)) {
      await process.delay(DESTROY_TIMEOUT_MS);
      return unknown(`${guest} does not end`);
    }
    if (well())
      return guarded(random.between(model.libvirtCallMs), () => {
        domains.end(guest, 'destroyed');
        return succeeded('gone');
      });
    // The adapter kills QEMU itself; that it is gone it believes only with libvirt's word for it.
    const lost = trouble.libvirt === 'hung';
    const beganMs = process.nowMs();
    await process.delay(KILL_AFTER_MS);
    domains.end(guest, 'died');
    while (process.nowMs() - beganMs < DESTROY_TIMEOUT_MS) {
      if (!lost && well()) return succeeded('gone; its QEMU had to be killed');
      await process.delay(LOOK_AGAIN_MS);
    }
    return unknown(`libvirt is ${trouble.libvirt}`);
  };

  const shutdown = async (guest: string, timeoutMs: number): Promise<Outcome> => {
    const asked = await guarded(random.between(model.libvirtCallMs), () => {
      const domain = domains.get(guest);
      if (!domain) return succeeded('gone');
      if (domain.state === 'paused') return failed('domain is not running');
      if (domain.hung || trouble.stuckGuests) return failed(`${guest} is still running after ${timeoutMs} ms`);
      domains.end(guest, 'shut-down');
      return succeeded('gone');
    });
    if (asked.kind === 'failed' && domains.get(guest)?.state === 'running') await process.delay(timeoutMs);
    return asked;
  };

  const turn = async (guest: string, wanted: 'running' | 'paused'): Promise<Outcome> => {
    if (trouble.stuckGuests) {
      await process.delay(CALL_TIMEOUT_MS);
      return unknown(`${guest} does not answer`);
    }
    return guarded(0, () => {
      if (!domains.get(guest)) return failed(`${guest} is gone`);
      if (wanted === 'running' && trouble.storageLost) return failed('the image store is not there');
      domains.set(guest, wanted);
      return succeeded(wanted);
    });
  };

  /** Its own boot server installs it; then it reboots, which ends it. */
  const install = (guest: string) => {
    const domain = domains.get(guest);
    const goOn = () => {
      if (!domain || domains.get(guest) !== domain) return;
      if (domain.hung || domain.state === 'paused' || !awake())
        return void parts.scheduler.at(parts.scheduler.now() + STANDS_STILL_MS, goOn);
      parts.installs(guest, true);
      domains.end(guest, 'shut-down');
    };
    if (domain) domain.installing = true;
    parts.installs(guest, false);
    parts.scheduler.at(parts.scheduler.now() + random.between(model.installMs), goOn);
  };

  return {
    async list() {
      await answered();
      return [...domains.all()].map(([guest, { token, state }]) => ({ guest, token, state }));
    },
    processes: async () => [...domains.all().keys()],
    define: () => guarded(0, () => succeeded('defined')),

    async start(guest, _definition, token, installs = false) {
      const how = trouble.starts;
      let begun = false;
      const refused = await guarded(0, () => {
        const there = domains.get(guest);
        if (there?.state === 'running' && there.token === token)
          return succeeded('was running under this grant already');
        if (there) return failed(`${guest} is here already, ${there.state}, under grant ${there.token}`);
        // The hook is asked before there is a QEMU; what is taken back afterwards no longer stops it.
        begun = permits(guest);
        return failed(`${guest} has no grant on this host, or its lease is over`);
      });
      if (!begun) return refused;
      const outcome = await act(random.between(model.startMs), () => {
        if (domains.get(guest)) return failed(`${guest} is here already`);
        if (how === 'fail') return failed('QEMU cannot be started');
        if (trouble.storageLost) return { ...failed('the image store is not there'), lacks: 'storage' };
        domains.create(guest, token);
        if (installs) install(guest);
        return well() ? succeeded('running') : unknown(`libvirt is ${trouble.libvirt}`);
      });
      if (how !== 'unknown') return outcome;
      await process.delay(START_TIMEOUT_MS);
      return unknown('no answer to the start');
    },
    async rebuild(_guest, { network }) {
      await process.delay(random.between(network ? model.libvirtCallMs : model.installMs));
      if (trouble.storageLost) return failed('the image store is not there');
      return succeeded(network ? 'an empty disk was made' : 'made and compared');
    },
    exchange: (guest) =>
      act(0, () => {
        if (trouble.storageLost) return failed('the image store is not there');
        parts.exchanged(guest);
        return succeeded('in its place');
      }),
    destroy,
    shutdown,
    pause: (guest) => turn(guest, 'paused'),
    resume: (guest) => turn(guest, 'running'),

    async migrate(guest, toAddress, timeoutMs) {
      const runs = await answered().then(
        () => state(guest) === 'running',
        () => false,
      );
      if (!runs) return failed(`${guest} does not run here`);
      const under = { aborted: false, abort: () => {} };
      const aborted = new Promise<void>((resolve) => {
        under.abort = resolve;
      });
      migrating.set(guest, under);
      const beganMs = process.nowMs();
      const tookMs = random.between(model.migrationMs);
      const conclude = (): Outcome => {
        const source = domains.get(guest);
        const peer = parts.peer(toAddress);
        // What cannot be asked may have it: nothing is claimed of it.
        if (!peer?.awake() || peer.trouble.libvirt !== 'well')
          return unknown(`here ${state(guest)}, at ${toAddress} unknown`);
        if (source?.state !== 'running' || peer.domains.get(guest))
          return unknown(`here ${state(guest)}, at ${toAddress} ${peer.domains.get(guest)?.state ?? 'gone'}`);
        if (under.aborted) return failed('aborted');
        if (tookMs > timeoutMs) return failed(`not done after ${timeoutMs} ms`);
        if (!peer.permits(guest)) return failed(`${guest} has no grant at ${toAddress}`);
        domains.end(guest, 'migrated');
        peer.domains.create(guest, source.token, true);
        return succeeded(`moved in ${Math.round(process.nowMs() - beganMs)} ms`);
      };
      const outcome = await Promise.race([act(Math.min(tookMs, timeoutMs), conclude), aborted.then(conclude)]);
      migrating.delete(guest);
      return well() ? outcome : unknown('libvirt went away meanwhile');
    },
    abortMigration: (guest) =>
      guarded(0, () => {
        const under = migrating.get(guest);
        if (under) {
          under.aborted = true;
          under.abort();
        }
        return state(guest) === 'running' ? succeeded('runs here') : failed(`${guest} has left this host`);
      }),

    async state(guest) {
      return answered().then(
        () => state(guest),
        () => 'unknown' as const,
      );
    },
    async pingAgent(guest) {
      await process.delay(2);
      const domain = domains.get(guest);
      return domain?.state === 'running' && !domain.hung && !domain.installing;
    },
    responsive: async () => !trouble.stuckGuests,

    async *events(signal) {
      const queue: HypervisorEvent[] = [];
      /** What a hung libvirtd has to say once it goes on, if nobody has given it up by then. */
      let backlog: DomainNews[] = [];
      let connected: boolean | null = null;
      let turns = 0;
      let lostMs = 0;
      let toldMs = 0;
      let wake = () => {};
      const put = (event: HypervisorEvent) => {
        queue.push(event);
        wake();
      };
      /** In the order in which it happened. */
      const tell = (news: DomainNews) => {
        toldMs = Math.max(toldMs, process.nowMs() + random.between(model.libvirtCallMs));
        process.after(toldMs - process.nowMs(), () =>
          put({ ...news, detail: 'cause' in news ? news.cause : news.kind }),
        );
      };
      const hear = (news: DomainNews) => {
        if (!connected || trouble.libvirt === 'down') return;
        if (well()) tell(news);
        else backlog.push(news);
      };
      const turn = (up: boolean) => {
        const mine = ++turns;
        const downMs = process.nowMs() - lostMs;
        if (!up) lostMs = process.nowMs();
        if (up && connected) {
          for (const news of backlog) tell(news);
          backlog = [];
          return;
        }
        const noticedMs =
          trouble.libvirt === 'hung' ? random.between(KEPT_ALIVE_MS) : random.between(model.libvirtCallMs);
        const backMs = REGISTERED_AFTER_MS + random.next() * Math.min(RECONNECT_AT_MOST_MS, downMs);
        process.after(up ? backMs : noticedMs, () => {
          if (mine !== turns || connected === up) return;
          connected = up;
          backlog = [];
          put({ kind: up ? 'connected' : 'disconnected', detail: up ? '' : 'connection lost' });
        });
      };
      const ends = [domains.onNews(hear), parts.onLibvirt(turn)];
      lostMs = process.nowMs();
      turn(well());
      const onAbort = () => wake();
      signal.addEventListener('abort', onAbort);
      try {
        while (!signal.aborted) {
          const event = queue.shift();
          if (event) yield event;
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      } finally {
        signal.removeEventListener('abort', onAbort);
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
