/** 9: one leader for each epoch, and epochs rise. 10: what agents and voters have persisted never falls, and who is leased anew has persisted its voter's epoch. */
import type { Invariant, Scene } from './invariant.ts';

/** What fell stays low for longer than this, and there are many numbers to look at. */
const LOOK_EVERY_MS = 500;

export function watchEpochs({ simulation, violated }: Scene): Invariant {
  const leaders = new Map<number, string>();
  const agents = new Map<string, number>();
  const voters = new Map<string, number>();
  const blocked = new Map<string, number>();
  /** Their disks are given up. What starts from them next has obeyed nobody, and gets no lease before it obeys its voters' epoch. */
  const anew = new Set<string>();

  let nextMs = 0;

  const rises = (known: Map<string, number>, key: string, now: number, what: string) => {
    const before = known.get(key) ?? now;
    if (now < before) violated(10, `${what} fell from ${before} to ${now}`);
    known.set(key, now);
  };
  const look = () => {
    for (const [name, { memory, registers }] of Object.entries(simulation.nodes)) {
      rises(agents, name, memory.highestEpoch(), `the epoch of the agent of ${name}`);
      rises(voters, name, registers.highestEpoch(), `the epoch of voter ${name}`);
      for (const host of Object.keys(simulation.spec.hosts)) {
        rises(
          blocked,
          `${name} ${host}`,
          registers.blockedCounter(host),
          `the life of ${host} that ${name} has blocked`,
        );
      }
    }
  };

  /** Between the election and this entry an older leader may have written: without force, but in its place. */
  const began = (epoch: number, seq: number): boolean => {
    const log = simulation.entries();
    for (let at = seq - 2; at >= 0; at -= 1) {
      const entry = log[at]?.entry;
      if (entry?.type === 'leader.elected' && entry.epoch === epoch) return true;
    }
    return false;
  };

  return {
    event(event) {
      if (event.kind === 'machine' && (event.what === 'disk-given-up' || event.what === 'brought'))
        anew.add(event.host);
      if (event.kind === 'power' && event.on && anew.delete(event.host)) agents.delete(event.host);
      if (event.kind === 'elected') {
        const before = leaders.get(event.epoch);
        if (before !== undefined) violated(9, `${event.node} and ${before} were both elected in epoch ${event.epoch}`);
        leaders.set(event.epoch, event.node);
      }
      if (event.kind === 'leased') {
        const { voter, host, counter, epoch } = event;
        const obeyed = simulation.nodes[host]!.memory.highestEpoch();
        if (obeyed < epoch)
          violated(
            10,
            `${voter}, in epoch ${epoch}, leased life ${counter} of ${host}, which still obeys epoch ${obeyed}`,
          );
      }
      if (event.kind === 'entry') {
        const { seq, entry } = event.stored;
        if (entry.type === 'leader.elected') {
          if (leaders.get(entry.epoch) !== entry.data.node)
            violated(9, `entry ${entry.id} makes ${entry.data.node} leader, which it was not elected`);
        } else if (entry.epoch > (simulation.entries()[seq - 2]?.entry.epoch ?? 0) && !began(entry.epoch, seq)) {
          violated(9, `entry ${entry.id} is of an epoch that no election in the log began`);
        }
      }
    },
    tick(nowMs) {
      if (nowMs < nextMs) return;
      nextMs = nowMs + LOOK_EVERY_MS;
      look();
    },
    end: look,
  };
}
