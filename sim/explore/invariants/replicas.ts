/** 12: the same entries give the same state on every node. 14: a copy that differs is noticed and leads no more. */
import { stateHash } from '../../../machines/state-hash.ts';
import type { Invariant, Scene } from './invariant.ts';

const HASH_EVERY_MS = 30_000;

export function watchReplicas({ simulation, violated }: Scene): Invariant {
  let nextMs = HASH_EVERY_MS;
  let losses = 0;

  const compare = (final: boolean) => {
    const states = new Map<string, { node: string; state: string }>();
    const hashes = new Map<number, { node: string; hash: string }>();
    for (const node of Object.values(simulation.nodes)) {
      const controller = node.controller();
      if (!controller || !node.awake()) continue;
      const broken = controller.broken();
      if (losses === 0 && broken !== null)
        violated(14, `${node.name} is out of service, and no entry was lost: ${broken}`);
      const fleet = controller.fleet();
      const state = stateHash(fleet);
      const same = states.get(fleet.hash);
      if (same && same.state !== state)
        violated(12, `${node.name} and ${same.node} folded the same ${fleet.seq} entries to different states`);
      states.set(fleet.hash, { node: node.name, state });

      const other = hashes.get(fleet.seq);
      hashes.set(fleet.seq, { node: node.name, hash: fleet.hash });
      if (losses === 0 && other && other.hash !== fleet.hash)
        violated(12, `${node.name} and ${other.node} hold different entries up to ${fleet.seq}, and no entry was lost`);
      if (!final || broken !== null) continue;
      const inLog = fleet.seq === 0 ? fleet.hash : simulation.entries()[fleet.seq - 1]?.hash;
      // A copy that is longer than a log that lost its end is mended by the next reign.
      if (inLog !== undefined && inLog !== fleet.hash)
        violated(14, `${node.name} holds another entry ${fleet.seq} than the log and has not noticed`);
    }
  };

  return {
    event(event) {
      if (event.kind === 'rollback') losses += 1;
      if (event.kind !== 'entry') return;
      const { seq, entry } = event.stored;
      const before = simulation.entries()[seq - 2];
      if (before && before.hash !== entry.prevhash) violated(14, `entry ${seq} does not follow from entry ${seq - 1}`);
    },
    tick(nowMs) {
      if (nowMs < nextMs) return;
      nextMs = nowMs + HASH_EVERY_MS;
      compare(false);
    },
    end: () => compare(true),
  };
}
