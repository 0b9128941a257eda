/** 18: a disk is given up only behind a commit entry, for a ticket shown once, of a host that is proven stopped and writes nothing. */
import type { EntryOf } from '../../../machines/entries.ts';
import { latestLife } from '../../../machines/fleet.ts';
import { DAY_MS } from '../../../machines/ladder.ts';
import { sameDisk } from '../../../machines/plan-disk.ts';
import type { WorldEvent } from '../../simulation.ts';
import { type Invariant, type Scene, seconds } from './invariant.ts';

/** An answer that came over the lead of somebody who was paused or cut off: older than this none can be. */
const ANSWER_MS = 5_000;

type EntryEvent = Extract<WorldEvent, { kind: 'entry' }>;

export function watchDisks({ spec, simulation, writersOn, violated }: Scene): Invariant {
  /** What each attempt has behind it. A commit that the log forgets was stored all the same. */
  const ticketed = new Map<string, number>();
  const committed = new Set<string>();
  /** Of jobs: what they were begun for, and those that a person has stopped before they wrote. */
  const modes = new Map<string, string>();
  const vetoed = new Set<string>();
  /**
   * Highest life of each host that was ever heard of, and that was ever proven stopped. One that it took in its last moment,
   * when it heard that it is blocked, and that nobody ever heard of, was given nothing.
   */
  const heard = new Map<string, number>();
  const proven = new Map<string, number>();
  const raise = (lives: Map<string, number>, host: string, to: number) =>
    lives.set(host, Math.max(to, lives.get(host) ?? -1));
  /** Disks given up: when, and by which job. */
  const given = new Map<string, number>();
  /** Frozen or braked: since when. */
  const held = new Map<'frozen' | 'braked', number>();

  /** The log as it is. */
  const told: EntryEvent[] = [];

  const commit = ({ data: { job, attempt } }: EntryOf<'reinstall.committed'>, host: string) => {
    committed.add(`${job} ${attempt}`);
    if (vetoed.has(job)) violated(18, `the disk of ${host} was given up by ${job}, which a person had vetoed`);
  };

  const learn = ({ atMs, stored: { entry } }: EntryEvent) => {
    const host = entry.subject.slice('host/'.length);
    switch (entry.type) {
      case 'fence.proven':
        raise(proven, host, entry.data.counter);
        return;
      case 'host.joined':
      case 'host.surveyed':
        raise(heard, host, entry.data.incarnation.counter);
        return;
      case 'leases.reported':
        for (const [name, life] of Object.entries(entry.data.lives)) raise(heard, name, life);
        return;
      case 'reinstall.armed':
        modes.set(entry.data.job, entry.data.mode);
        return;
      case 'reinstall.vetoed':
        vetoed.add(entry.data.job);
        return;
      case 'reinstall.ticketed': {
        const attempt = `${entry.data.job} ${entry.data.attempt}`;
        ticketed.set(attempt, (ticketed.get(attempt) ?? 0) + 1);
        return;
      }
      case 'reinstall.committed':
        return commit(entry, host);
      case 'cluster.frozen':
        held.set('frozen', atMs);
        return;
      case 'cluster.thawed':
        held.delete('frozen');
        return;
      case 'brake.applied':
        held.set('braked', atMs);
        return;
      case 'brake.released':
        held.delete('braked');
    }
  };

  return {
    event(event) {
      if (event.kind === 'rollback') {
        // Names of jobs are places in the log: another may come to stand there.
        ticketed.clear();
        modes.clear();
        vetoed.clear();
        given.clear();
        held.clear();
        told.splice(0, told.length, ...told.filter(({ stored }) => stored.seq < event.fromSeq));
        for (const one of told) learn(one);
        return;
      }
      if (event.kind === 'entry') {
        told.push(event);
        return learn(event);
      }
      if (event.kind !== 'machine') return;
      const { host } = event;
      const attempt = `${event.job} ${event.attempt}`;
      if (event.what === 'plan-stolen')
        violated(18, `the plan of ${attempt} was given to ${host} and to another machine`);
      if (event.what !== 'disk-given-up') return;
      const what = (why: string) => violated(18, `the disk of ${host} is being overwritten, and ${why}`);
      if (!committed.has(attempt)) what(`nothing of ${attempt} was committed`);
      if (ticketed.get(attempt) !== 1) what(`${ticketed.get(attempt) ?? 0} tickets were given out for ${attempt}`);
      if (modes.get(event.job!) === 'dry-run') what(`${event.job} is a dry run`);
      if (spec.voters.includes(host)) what('it is a voter');
      const { disk } = spec.hosts[host]!.machine!;
      if (!sameDisk(disk, { serial: event.serial, wwn: null })) what(`it is ${event.serial}, which nobody has named`);
      for (const [how, sinceMs] of held)
        if (event.atMs > sinceMs + ANSWER_MS) what(`the cluster is ${how} for ${seconds(event.atMs - sinceMs)}`);
      const life = heard.get(host) ?? -1;
      if (life > (proven.get(host) ?? -1)) what(`its life ${life} was never proven stopped`);
      if (writersOn(host).size > 0) what(`${[...writersOn(host)].join(', ')} can write there`);
      const known = simulation.leader()?.controller()?.fleet().hosts[host];
      if (known && latestLife(known.context) > (known.context.fence?.counter ?? -1) && latestLife(known.context) >= 0)
        what('the leader does not have it proven stopped');
      if (!given.has(event.job!)) given.set(event.job!, event.atMs);
      const { perDay } = spec.provisioning!;
      const today = [...given.values()].filter((atMs) => atMs > event.atMs - DAY_MS).length;
      if (today > perDay) what(`it is number ${today} within 24 h, of ${perDay}`);
    },
  };
}
