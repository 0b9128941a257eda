/** 23: a host installed anew, or brought by a person, is given no guest before it has passed its test. */
import type { Invariant, Scene } from './invariant.ts';

export function watchTests({ violated }: Scene): Invariant {
  const untested = new Set<string>();

  return {
    event(event) {
      if (event.kind === 'machine' && (event.what === 'disk-written' || event.what === 'brought'))
        untested.add(event.host);
      if (event.kind === 'entry' && event.stored.entry.type === 'qualify.succeeded')
        untested.delete(event.stored.entry.subject.slice('host/'.length));
      if (event.kind === 'started' && untested.has(event.host))
        violated(23, `${event.guest} was started on ${event.host}, which was installed anew and not tested since`);
    },
  };
}
