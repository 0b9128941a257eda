import type { CommandAnswer } from '../protocol.ts';
import { command } from './agents.ts';
import type { ExecuteContext, ExecutePorts, Pending } from './execute.ts';
import { record } from './record.ts';

const MIGRATE_MS = 90_000;
const INSPECT_MS = 10_000;

/**
 * The grant is shared by both ends while the guest moves. The target is told to expect it before the source sends it;
 * an answer that does not settle where the guest is, is settled by asking both ends. Once an end is proven stopped
 * nothing moves any more: the fold asks anew (guest.ts, `ends`), which ends this try, and only the other end is asked.
 */
export async function migrateGuest(
  { id, intent, cause }: Pending<'migrate'>,
  context: ExecuteContext,
  ports: ExecutePorts,
): Promise<void> {
  const { guest, from, to, token } = intent;
  const { epoch, signal } = context;
  const fleet = context.fleet();
  const held = fleet.guests[guest]?.context;
  // The lives that the grant names, never those the hosts are in now: what a target has become since expects nothing, and
  // what arrived there would run under a grant that the log holds for over.
  const counterOf = (host: string) => [held?.grant, held?.migratingTo].find((end) => end?.host === host)?.counter ?? -1;
  /** Proven to run it no more; that host may be in another life already, which has no part in this. */
  const over = held?.migratingTo ? null : held?.grant?.host === from ? to : from;
  /** A host proven stopped, or in a later life, runs nothing under this grant. */
  const stopped = (host: string) => host === over || context.fleet().hosts[host]?.context.fence !== null;
  const ask = async (host: string): Promise<CommandAnswer> =>
    stopped(host)
      ? { kind: 'inspected', state: 'gone', token: null }
      : command(host, { kind: 'inspect', epoch, guest }, INSPECT_MS, ports, signal);
  const head = { epoch, guest, token };
  const aborting = { kind: 'abort', ...head, intent: `${id}/abort`, counter: counterOf(from) } as const;
  const settle = async (why: string): Promise<CommandAnswer> => {
    const [source, target] = await Promise.all([ask(from), ask(to)]);
    const state = (answer: CommandAnswer, host: string) =>
      answer.kind === 'inspected' ? answer.state : stopped(host) ? 'gone' : 'unknown';
    const [atSource, atTarget] = [state(source, from), state(target, to)];
    if (atSource === 'gone' && atTarget === 'running') return { kind: 'succeeded', detail: `found on ${to}` };
    if (atSource === 'running' && atTarget === 'gone') {
      // The source may be sending to what no longer answers, for minutes. That it ends, or is not known to, changes nothing:
      // the guest runs there, and what is proven stopped receives nothing.
      if (stopped(to)) await command(from, aborting, INSPECT_MS, ports, signal);
      return { kind: 'failed', reason: why };
    }
    const says = (host: string, state: string) =>
      stopped(host) ? `${host} is proven stopped` : `${host} says ${state}`;
    const said = [...(from === over ? [] : [says(from, atSource)]), ...(to === over ? [] : [says(to, atTarget)])].join(
      ', ',
    );
    return { kind: 'unknown', reason: `${why}; ${said}` };
  };

  const move = async (): Promise<CommandAnswer> => {
    const expected = await command(
      to,
      { kind: 'expect', ...head, intent: `${id}/expect`, counter: counterOf(to) },
      INSPECT_MS,
      ports,
      signal,
    );
    if (expected.kind !== 'succeeded')
      return settle(`${to} does not expect it: ${'reason' in expected ? expected.reason : expected.kind}`);
    const toAddress = fleet.spec?.hosts[to]?.migrationAddress ?? fleet.spec?.hosts[to]?.address ?? to;
    const moved = await command(
      from,
      { kind: 'migrate', ...head, intent: id, counter: counterOf(from), to, toAddress },
      MIGRATE_MS,
      ports,
      signal,
    );
    return moved.kind === 'succeeded' ? moved : settle('reason' in moved ? moved.reason : moved.kind);
  };
  const lost = over ?? [from, to].find(stopped);
  const answer = lost === undefined ? await move() : await settle(`it is over on ${lost}`);
  if (answer.kind === 'failed' && !stopped(to)) {
    // The target gives the shared grant back, and whatever arrived half of the guest with it.
    await command(
      to,
      { kind: 'stop', ...head, intent: `${id}/revoke`, counter: counterOf(to), graceful: false },
      INSPECT_MS,
      ports,
      signal,
    );
  }
  await record('migration', id, cause, `guest/${guest}`, { from, to, token }, answer, context);
}
