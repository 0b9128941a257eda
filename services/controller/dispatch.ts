import type { PendingIntent } from '../../machines/intents.ts';
import { runnable } from '../../machines/runnable.ts';
import { every } from '../every.ts';
import { type ExecuteContext, type ExecutePorts, execute, placeAll } from './execute.ts';
import type { Replica } from './replica.ts';

/** A second look now and then takes up what an interrupted try left pending. */
const LOOK_AGAIN_MS = 1_000;

/** Carries out what is pending, now and whenever the state changes. Returns its end. */
export function dispatchPending(
  context: ExecuteContext,
  replica: Replica,
  ports: ExecutePorts,
  quietly: (what: string) => (error: unknown) => void,
): () => void {
  const inFlight = new Map<string, AbortController>();
  context.signal.addEventListener('abort', () => {
    for (const over of inFlight.values()) over.abort();
  });
  const run = (ids: readonly string[], work: (signal: AbortSignal) => Promise<void>, what: string) => {
    const over = new AbortController();
    for (const id of ids) inFlight.set(id, over);
    void work(over.signal)
      .catch(quietly(what))
      .finally(() => {
        for (const id of ids) inFlight.delete(id);
      });
  };

  const look = () => {
    if (context.signal.aborted) return;
    const { intents } = context.fleet();
    // Nobody waits for its outcome any more: whatever it would still send is meant for a state that is no more.
    for (const [id, over] of inFlight) if (!intents[id]) over.abort();
    const { ready, held } = runnable(context.fleet(), inFlight);
    // Fenced before the brake came on, or the freeze: to write down its proof does nothing to the host, and frees its guests.
    const proven = held.flatMap(({ intent: pending }) => {
      const { intent } = pending;
      return intent.type === 'fence' && context.proven(intent.host, intent.counter) ? [pending] : [];
    });
    // Suspected in an earlier reign and back since: it is about to be cleared (silence-watch.ts). A fence would only take it
    // away once more.
    const isBack = ({ intent }: PendingIntent) =>
      intent.type === 'fence' && context.fleet().hosts[intent.host]?.state === 'suspect' && context.isBack(intent.host);
    const fresh = [...ready.filter((pending) => !isBack(pending)), ...proven];
    const places = fresh.filter(({ intent }) => intent.type === 'place');
    if (places.length > 0)
      run(
        places.map(({ id }) => id),
        () => placeAll(places, context),
        'placement',
      );
    for (const pending of fresh) {
      if (pending.intent.type !== 'place')
        run([pending.id], (signal) => execute(pending, { ...context, signal }, ports), pending.intent.type);
    }
  };

  const ends = [replica.onEntry(look), every(ports.clock, LOOK_AGAIN_MS, look)];
  return () => {
    for (const end of ends) end();
  };
}
