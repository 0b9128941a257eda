/** Turns what happens on this host into reports: events of the hypervisor, and what was missed while it was not heard. */
import type { EntryData } from '../../machines/entries.ts';
import type { GuestSpec } from '../../machines/spec.ts';
import type { AgentMemory, EndedGrant, Hypervisor, HypervisorEvent, Say, StartGuard } from '../ports.ts';
import type { Commands } from './commands.ts';
import type { Health } from './health.ts';
import type { LocalView } from './local-view.ts';
import type { Outbox } from './outbox.ts';
import type { Quiesce } from './quiesce.ts';

export interface ObserverParts {
  readonly host: string;
  readonly guests: Readonly<Record<string, GuestSpec>>;
  readonly counter: () => number;
  /** True while this life is being ended: what disappears then is no news. */
  readonly ending: () => boolean;
  readonly view: LocalView;
  readonly commands: Commands;
  readonly quiesce: Quiesce;
  readonly health: Health;
  readonly outbox: Outbox;
  readonly memory: AgentMemory;
  readonly hypervisor: Hypervisor;
  readonly guard: StartGuard;
  readonly say: Say;
}

type Cause = EntryData<'guest.crashed'>['cause'];
const CAUSES = {
  died: 'process-died',
  'shut-down': 'shut-down',
  destroyed: 'destroyed',
  panicked: 'panicked',
} as const satisfies Record<string, Cause>;

/** Runs until `signal` aborts. */
export async function observe(parts: ObserverParts, signal: AbortSignal): Promise<void> {
  const { host, guests, counter, ending, view, commands, quiesce, health, outbox, memory, hypervisor, guard, say } =
    parts;
  const subject = `host/${host}`;
  /** Guests whose pause was reported; only their resuming is news. */
  const pausedByOthers = new Set<string>();
  let libvirtLost = false;
  let firstLook = true;

  const report = (type: 'guest.hung' | 'guest.paused' | 'guest.resumed', guest: string, more: object) => {
    const grant = view.grantOf(guest);
    if (grant) outbox.report(type, `guest/${guest}`, { host, counter: grant.counter, token: grant.token, ...more });
  };

  const tellEnd = ({ guest, counter, token, cause, detail }: EndedGrant) =>
    outbox.report('guest.crashed', `guest/${guest}`, { host, counter, token, cause, gone: true, detail }, () =>
      memory.setTold(token),
    );

  /**
   * A granted guest is not there any more: its grant is dropped before the report, so it is never resumed under it. That
   * it is to be told is on disk with the drop: the report could die with this daemon, and without it nobody would start
   * the guest again.
   */
  const reportGone = async (guest: string, cause: Cause, detail: string): Promise<void> => {
    const grant = view.grantOf(guest);
    if (!grant || commands.starting().includes(guest) || ending()) return;
    if (commands.leaving(guest)) {
      // Stopped or sent away on purpose, its grant goes with it. One that is still granted afterwards has died on the way.
      void commands
        .left(guest)
        .then(() => reportGone(guest, cause, detail))
        .catch((error: unknown) => say.error('the end of a guest is not told', { guest, error: String(error) }));
      return;
    }
    const gone = await view.isGone(guest);
    if (view.grantOf(guest)?.token !== grant.token) return;
    if (gone) {
      const ended = { ...grant, cause: quiesce.quit(guest, grant.token) ? ('quit' as const) : cause, detail };
      guard.revoke(guest);
      memory.giveBack(ended);
      return tellEnd(ended);
    }
    const about = { host, counter: grant.counter, token: grant.token };
    outbox.report('guest.crashed', `guest/${guest}`, { ...about, cause, gone, detail });
  };

  /** The first look of a daemon: an earlier one of this life may have left guests paused, or lost its memory. */
  const takeOver = (found: Awaited<ReturnType<LocalView['instances']>>) => {
    for (const { guest, token } of found) {
      if (token && !view.grantOf(guest)) memory.putGrant({ guest, counter: counter(), token });
    }
    // Who else may have paused one is not known. Resuming a granted guest under a valid lease is safe, and leaving it
    // paused for ever is not what it was granted for.
    quiesce.assume(
      found.filter(({ guest, state }) => state === 'paused' && view.grantOf(guest)).map(({ guest }) => guest),
    );
  };

  /** After a break in the event stream: compares what is granted with what is there. */
  const reconcile = async (): Promise<void> => {
    // Given while libvirt is being read: a guest that has only just been granted, or is expected, is not missing.
    const granted = new Set(memory.grants().map(({ token }) => token));
    const found = await view.instances();
    if (firstLook) takeOver(found);
    const present = new Set(found.map(({ guest }) => guest));
    for (const { guest, token } of memory.grants()) {
      const spec = guests[guest];
      if (!present.has(guest) && !granted.has(token)) continue;
      if (!present.has(guest)) await reportGone(guest, 'process-died', 'not there when libvirt was read again');
      else if (spec && !commands.installing(guest)) health.watch(guest, spec);
    }
    // At the first look too: a daemon before this one may have reported the trouble and not seen its end.
    if (libvirtLost || firstLook) outbox.report('host.restored', subject, { what: 'libvirt' });
    libvirtLost = false;
    firstLook = false;
  };

  const noticeGuest = async (event: Extract<HypervisorEvent, { guest: string }>, spec: GuestSpec): Promise<void> => {
    const { guest, detail } = event;
    switch (event.kind) {
      case 'stopped':
        health.forget(guest);
        if (event.cause !== 'migrated') await reportGone(guest, CAUSES[event.cause], detail);
        return;
      case 'started':
      case 'migrated-in':
        if (!commands.installing(guest)) health.watch(guest, spec);
        return;
      case 'io-error':
        return report('guest.hung', guest, { probe: 'io-error', detail });
      case 'resumed':
        // libvirt asks no hook before a resume, so somebody's `virsh resume` without a lease is undone here.
        if (quiesce.active()) await quiesce.hold(guest);
        else if (pausedByOthers.delete(guest)) report('guest.resumed', guest, {});
        return;
      case 'paused':
        if (quiesce.active() || commands.leaving(guest) || commands.starting().includes(guest)) return;
        pausedByOthers.add(guest);
        return report('guest.paused', guest, { why: detail });
      case 'panicked':
        // libvirt ends it next, as its definition says; `stopped` tells.
        return;
    }
  };

  const notice = async (event: HypervisorEvent): Promise<void> => {
    if ('guest' in event) {
      const spec = guests[event.guest];
      return spec && noticeGuest(event, spec);
    }
    if (event.kind === 'connected') return reconcile();
    libvirtLost = true;
    outbox.report('host.degraded', subject, { what: 'libvirt', reason: event.detail });
  };

  for (const ended of memory.untold()) tellEnd(ended);
  for await (const event of hypervisor.events(signal)) {
    await notice(event).catch((error: unknown) =>
      say.error('event not handled', { event: event.kind, error: String(error) }),
    );
  }
}
