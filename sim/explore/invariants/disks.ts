/** 18: a disk is given up only behind a commit entry, for a ticket shown once, of a host that is proven stopped and writes nothing. */
import { latestLife } from '../../../machines/fleet.ts';
import type { Invariant, Scene } from './invariant.ts';

export function watchDisks({ spec, simulation, writersOn, violated }: Scene): Invariant {
  /** What each attempt has behind it; a log that forgets an entry makes it no less stored. */
  const ticketed = new Map<string, number>();
  const committed = new Set<string>();
  /** Highest life of each host that was ever proven stopped. */
  const proven = new Map<string, number>();

  return {
    event(event) {
      if (event.kind === 'rollback') {
        // Names of jobs are places in the log: another may come to stand there.
        ticketed.clear();
        return;
      }
      if (event.kind === 'entry') {
        const { type, subject, data } = event.stored.entry;
        const host = subject.slice('host/'.length);
        if (type === 'fence.proven') proven.set(host, Math.max(data.counter, proven.get(host) ?? -1));
        if (type !== 'reinstall.ticketed' && type !== 'reinstall.committed') return;
        const attempt = `${data.job} ${data.attempt}`;
        if (type === 'reinstall.ticketed') ticketed.set(attempt, (ticketed.get(attempt) ?? 0) + 1);
        else committed.add(attempt);
        return;
      }
      if (event.kind !== 'machine' || event.what !== 'disk-given-up') return;
      const { host } = event;
      const attempt = `${event.job} ${event.attempt}`;
      const what = (why: string) => violated(18, `the disk of ${host} is being overwritten, and ${why}`);
      if (!committed.has(attempt)) what(`nothing of ${attempt} was committed`);
      if (ticketed.get(attempt) !== 1) what(`${ticketed.get(attempt) ?? 0} tickets were given out for ${attempt}`);
      if (spec.voters.includes(host)) what('it is a voter');
      // The life that the machine itself remembers, whatever the log knows of it.
      const life = simulation.nodes[host]!.memory.incarnation()?.counter ?? -1;
      if (life > (proven.get(host) ?? -1)) what(`its life ${life} was never proven stopped`);
      if (writersOn(host).size > 0) what(`${[...writersOn(host)].join(', ')} can write there`);
      const known = simulation.leader()?.controller()?.fleet().hosts[host];
      if (known && latestLife(known.context) > (known.context.fence?.counter ?? -1) && latestLife(known.context) >= 0)
        what('the leader does not have it proven stopped');
    },
  };
}
