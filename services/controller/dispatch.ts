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
  const inFlight = new Set<string>();
  const run = (ids: readonly string[], work: Promise<void>, what: string) => {
    for (const id of ids) inFlight.add(id);
    void work.catch(quietly(what)).finally(() => {
      for (const id of ids) inFlight.delete(id);
    });
  };

  const look = () => {
    if (context.signal.aborted) return;
    const fresh = runnable(context.fleet()).ready.filter(({ id }) => !inFlight.has(id));
    const places = fresh.filter(({ intent }) => intent.type === 'place');
    if (places.length > 0)
      run(
        places.map(({ id }) => id),
        placeAll(places, context),
        'placement',
      );
    for (const pending of fresh) {
      if (pending.intent.type !== 'place' && pending.intent.type !== 'reinstall')
        run([pending.id], execute(pending, context, ports), pending.intent.type);
    }
  };

  const ends = [replica.onEntry(look), every(ports.clock, LOOK_AGAIN_MS, look)];
  return () => {
    for (const end of ends) end();
  };
}
