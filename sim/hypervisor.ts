/** An invented host's virtual machines. */
import type { Hypervisor, HypervisorEvent, Outcome } from '../services/ports.ts';
import type { Scheduler } from './scheduler.ts';

export interface SimHypervisor extends Hypervisor {
  /** Kills one guest's process from outside. */
  kill(guest: string): void;
  /** All guests are gone at once, without an event: the power failed. */
  powerLoss(): void;
  states(): ReadonlyMap<string, 'running' | 'paused'>;
}

const START_MS = 300;
const CALL_MS = 30;

export function createHypervisor(scheduler: Scheduler): SimHypervisor {
  const guests = new Map<string, 'running' | 'paused'>();
  const queue: HypervisorEvent[] = [{ kind: 'connected', detail: '' }];
  let wake = () => {};
  const delay = (ms: number) => new Promise<void>((resolve) => scheduler.at(scheduler.now() + ms, resolve));
  const emit = (event: HypervisorEvent) => {
    queue.push(event);
    scheduler.at(scheduler.now() + CALL_MS, () => wake());
  };
  const done = async (act: () => void): Promise<Outcome> => {
    await delay(CALL_MS);
    act();
    return { kind: 'succeeded', detail: '' };
  };
  const only = async (outcome: Outcome) => outcome;

  return {
    list: async () => [...guests].map(([guest, state]) => ({ guest, token: null, state })),
    processes: async () => [...guests.keys()],
    define: () => only({ kind: 'succeeded', detail: '' }),
    async start(guest) {
      await delay(START_MS);
      guests.set(guest, 'running');
      emit({ kind: 'started', guest, detail: '' });
      return { kind: 'succeeded', detail: 'running' };
    },
    destroy: (guest) => done(() => guests.delete(guest)),
    shutdown: (guest) => done(() => guests.delete(guest)),
    pause: (guest) => done(() => guests.has(guest) && guests.set(guest, 'paused')),
    resume: (guest) => done(() => guests.has(guest) && guests.set(guest, 'running')),
    migrate: () => only({ kind: 'failed', reason: 'not simulated' }),
    abortMigration: () => only({ kind: 'failed', reason: 'not simulated' }),
    state: async (guest) => guests.get(guest) ?? 'gone',
    pingAgent: async () => true,
    responsive: async () => true,
    async *events(signal) {
      while (!signal.aborted) {
        const event = queue.shift();
        if (event) yield event;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
      }
    },
    repair: () => only({ kind: 'succeeded', detail: '' }),
    kill(guest) {
      if (guests.delete(guest)) emit({ kind: 'stopped', guest, cause: 'died', detail: 'killed' });
    },
    powerLoss: () => guests.clear(),
    states: () => guests,
  };
}
