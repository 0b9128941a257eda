/** 20: a command has the effect of at most one, however often and late it is delivered: what a grant gave is over when it is over. */
import type { Invariant, Scene } from './invariant.ts';

export function watchCommands({ violated }: Scene): Invariant {
  /** Token: how the log says that what it permitted has ended. */
  const over = new Map<string, string>();

  return {
    event(event) {
      if (event.kind === 'started') {
        const end = over.get(event.token);
        if (end !== undefined)
          violated(20, `${event.guest} was started on ${event.host} under ${event.token}, which is over by ${end}`);
      }
      if (event.kind !== 'entry') return;
      const { entry } = event.stored;
      switch (entry.type) {
        case 'start.succeeded':
        case 'start.failed':
        case 'stop.succeeded':
          over.set(entry.data.token, `${entry.type} ${entry.id}`);
          return;
        case 'guest.crashed':
          if (entry.data.gone) over.set(entry.data.token, `${entry.type} ${entry.id}`);
      }
    },
  };
}
