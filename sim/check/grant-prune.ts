/** Two states of the check of the grants that differ only in what can have no effect any more are one. */
import { keyOf, tokenOf } from './agent.ts';
import type { Net } from './grant-hosts.ts';
import { GUEST, HOSTS } from './grant-leader.ts';
import type { GrantFlaws, GrantState, Host } from './grant-state.ts';
import { EMPTY_LOG, type LogTree } from './log-tree.ts';

export function createPruning(tree: LogTree, flaws: GrantFlaws, { messages, sets }: Net) {
  /** A leader whose log ends before the stream does writes nothing any more, unless the stream loses its end. */
  const writes = (state: GrantState, l: number) =>
    l === 1
      ? state.elected
      : state.left.rollbacks > 0 ||
        tree.length(state.logs[0]) >= tree.length(state.stream) ||
        flaws.appendsAnywhere === true;

  /** Forgets what can have no effect any more. */
  const pruned = (state: GrantState): GrantState => {
    const list = sets.value(state.net);
    const writing = [0, 1].filter((l) => writes(state, l));
    const fleets = writing.map((l) => tree.fleet(state.logs[l]!));
    const awaited = (epoch: number, intent: string) =>
      writing.includes(epoch - 1) && tree.fleet(state.logs[epoch - 1]!).intents[intent] !== undefined;
    const careless = flaws.forgetsEpoch || flaws.obeysOldEpoch || flaws.obeysForOldLife || flaws.usesTokensTwice;
    const kept = list.filter((id) => {
      const m = messages.value(id);
      switch (m.kind) {
        case 'start':
        case 'stop': {
          const { agent } = state.hosts[m.host]!;
          if (careless) return true;
          // Refused without a trace: an epoch that is over, a stop meant for another life. Declined, and nobody waits to hear it.
          if (m.epoch < agent.epoch || (m.kind === 'stop' && m.life < agent.life)) return false;
          const usedUp = m.kind === 'start' && agent.grant !== m.token && m.token <= agent.latest;
          return !usedUp || awaited(m.epoch, m.intent);
        }
        case 'outcome':
          return awaited(m.epoch, m.intent);
        case 'surveyed': {
          if (flaws.takesOldAnswers) return true;
          if (!writing.includes(m.epoch - 1)) return false;
          const context = tree.fleet(state.logs[m.epoch - 1]!).hosts[HOSTS[m.host]!]!.context;
          const owes = context.surveyedEpoch < m.epoch && context.fence === null;
          return owes || m.life > Math.max(context.incarnation?.counter ?? -1, context.fence?.counter ?? -1);
        }
        default:
          return (
            state.left.rollbacks > 0 ||
            !state.elected ||
            fleets.some(({ guests }) => {
              const { grant, release } = guests[GUEST]!.context;
              return (
                grant === null ||
                tokenOf(grant.token) < m.token ||
                (tokenOf(grant.token) === m.token && release === null)
              );
            })
          );
      }
    });
    const net = kept.length === list.length ? state.net : sets.id(kept);
    // Looked up again only when that command comes, now or, while its intent is pending, later.
    const commanded = new Set(
      kept.map((id) => messages.value(id)).map((m) => (m.kind === 'start' || m.kind === 'stop' ? keyOf(m) : '')),
    );
    const pending = new Set(
      fleets.flatMap(({ intents }) =>
        Object.values(intents).map(({ id, intent }) => ('token' in intent ? `${id} ${intent.token}` : '')),
      ),
    );
    const hosts = state.hosts.map((host) => {
      const entries = Object.entries(host.agent.done);
      const needed = entries.filter(([key]) => commanded.has(key) || pending.has(key));
      return needed.length === entries.length
        ? host
        : { ...host, agent: { ...host.agent, done: Object.fromEntries(needed) } };
    }) as unknown as [Host, Host];
    if (writing.includes(0)) return { ...state, net, hosts };
    return {
      ...state,
      net,
      hosts,
      logs: [EMPTY_LOG, state.logs[1]],
      blocks: [-1, -1, state.blocks[2]!, state.blocks[3]!],
    };
  };

  return { writes, pruned };
}
