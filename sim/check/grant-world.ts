/**
 * Grants: two hosts, one guest, the leaders of two epochs that may both be alive, the log and one loss of its end.
 * Shown: at most one host has an instance that can write; tokens of what is started rise; no agent obeys an epoch below
 * one it obeyed.
 *
 * Leases are here what the checks `lease` and `host` show them to be: a guest runs only while its host's lease stands; once a
 * life is blocked by a majority and its lease has ended, it never has one again, and that is what a leader takes for proof.
 * Epochs are here what the check `election` shows: nobody else leads in one's epoch. Time is left out: whatever waits may wait
 * any time. Whatever was sent stays on its way and arrives any number of times, in any order, or never.
 */

import { latestLife } from '../../machines/fleet.ts';
import type { AgentState } from './agent.ts';
import type { World } from './explore.ts';
import { createHostSteps, type Net, spend, withHost } from './grant-hosts.ts';
import { begun, commandsOf, decisions, HOSTS, heard, type Message, proven, type Written } from './grant-leader.ts';
import { createPruning } from './grant-prune.ts';
import { BEGIN } from './grant-start.ts';
import { createCode, type GrantBounds, type GrantFlaws, type GrantState, type Host, WRONG } from './grant-state.ts';
import { intern } from './intern.ts';
import { createLogTree, EMPTY_LOG } from './log-tree.ts';

export function grantWorld(bounds: GrantBounds, flaws: GrantFlaws = {}): World<GrantState> {
  const tree = createLogTree();
  const messages = intern<Message>((message) => JSON.stringify(message));
  const nets = intern<readonly number[]>((list) => list.join());

  const memo = <T>(make: (log: number, more: number, epoch: number) => T) => {
    const known = new Map<number, T>();
    return (log: number, more: number, epoch: number): T => {
      const key = (log * 65_536 + more) * 2 + epoch - 1;
      if (!known.has(key)) known.set(key, make(log, more, epoch));
      return known.get(key)!;
    };
  };
  const decide = memo((log, _, epoch) => decisions(tree, log, epoch, flaws));
  const hear = memo((log, message, epoch) => heard(tree, log, epoch, messages.value(message), flaws));
  const commands = memo((log, _, epoch) => commandsOf(tree.fleet(log), epoch, flaws).map((m) => messages.id(m)));
  const proof = memo((log, more, epoch) => proven(tree, log, epoch, more >> 4, more & 15));

  const first = BEGIN.reduce((log, draft) => tree.append(log, draft, 1), EMPTY_LOG);
  const longest = tree.length(first) + bounds.entries;

  const sent = (net: number, more: readonly number[]): number => {
    const list = nets.value(net);
    const fresh = more.filter((one) => !list.includes(one));
    return fresh.length === 0 ? net : nets.id([...list, ...fresh].sort((a, b) => a - b));
  };
  const send = (state: GrantState, message: Message): GrantState => ({
    ...state,
    net: sent(state.net, [messages.id(message)]),
  });
  const net: Net = { messages, sets: nets, send };
  const code = createCode();
  const hostSteps = createHostSteps(bounds, flaws, net);
  const { writes, pruned } = createPruning(tree, flaws, net);

  /** The leader's append is taken directly after the place where its own copy ends, or not at all. */
  const wrote = (state: GrantState, l: number, log: number): GrantState | null => {
    const own = state.logs[l]!;
    const fits = state.stream === own || tree.length(state.stream) === tree.length(own) || flaws.appendsAnywhere;
    if (!fits || tree.length(log) > longest) return null;
    const logs = state.logs.map((one, i) => (i === l ? log : one)) as unknown as [number, number];
    // Whatever may run now is sent at once; when it arrives is free.
    return { ...state, stream: log, logs, net: sent(state.net, commands(log, 0, l + 1)) };
  };

  const leaderSteps = (state: GrantState, l: number, step: (told: string, state: GrantState) => void) => {
    const log = state.logs[l]!;
    const epoch = l + 1;
    const name = `leader ${epoch}`;
    const write = ({ told, log: after, costs }: Written) => {
      if (costs && state.left[costs] === 0) return;
      const next = wrote(state, l, after);
      if (next) step(`${name} ${told}`, costs ? spend(next, costs) : next);
    };
    // Where the stream refuses its append because it has lost what this leader holds, that is stored again first.
    if (state.stream !== log && tree.begins(state.stream, log))
      step(`${name} stores the lost entries again`, { ...state, stream: log });
    for (const written of decide(log, 0, epoch)) write(written);
    for (const message of nets.value(state.net)) {
      for (const written of hear(log, message, epoch)) write(written);
    }
    const fleet = tree.fleet(log);
    for (const [h, host] of state.hosts.entries()) {
      const context = fleet.hosts[HOSTS[h]!]?.context;
      const life = context ? latestLife(context) : -1;
      if (life < 0 || proof(log, (h << 4) | life, epoch) === null) continue;
      const at = l * 2 + h;
      if (state.blocks[at]! < life)
        step(`${name} has a majority of voters block life ${life} of host ${h + 1}`, {
          ...withHost(state, h, { blocked: Math.max(host.blocked, life) }),
          blocks: state.blocks.map((one, i) => (i === at ? life : one)),
        });
      else if (host.agent.life > life || !host.up || !host.leased || flaws.proofWithoutWait)
        write({
          told: `has proof that life ${life} of host ${h + 1} is over, and writes it`,
          log: proof(log, (h << 4) | life, epoch)!,
        });
    }
  };
  return {
    name: 'grants',
    words: code.words,
    initial: () => {
      const agent: AgentState = { life: 0, epoch: 1, grant: 0, latest: 0, done: {}, instance: 'none', doing: null };
      const host: Host = { agent, up: true, leased: true, promised: 0, blocked: -1, obeyed: 1 };
      const { crashes, restarts, incidents, suspicions, lost } = bounds;
      return [
        {
          stream: first,
          logs: [first, -1],
          elected: false,
          hosts: [host, host],
          net: nets.id([]),
          lives: null,
          blocks: [-1, -1, -1, -1],
          left: { crashes, restarts, incidents, suspicions, rollbacks: lost > 0 ? 1 : 0 },
          latest: 0,
          wrong: 0,
        },
      ];
    },

    next(state, step) {
      if (writes(state, 0)) leaderSteps(state, 0, step);
      if (state.elected) leaderSteps(state, 1, step);
      for (const h of [0, 1]) hostSteps(state, h, step);
      if (!state.lives) {
        // A life that no majority has leased may have been leased by one voter, or by none.
        const ranges = state.hosts.map(({ promised, agent }) =>
          agent.life > promised ? [promised, agent.life] : [promised],
        );
        for (const one of ranges[0]!)
          for (const two of ranges[1]!)
            step(`a majority elects leader 2; the lives it has leased are ${one} of host 1 and ${two} of host 2`, {
              ...state,
              lives: [one, two],
            });
      }
      if (state.lives && !state.elected) {
        const own = state.logs[1];
        // Its own copy goes further than the stream: the lost entries are stored again. Otherwise it catches up.
        const mended =
          own !== -1 && tree.begins(state.stream, own)
            ? own
            : own === -1 || tree.begins(own, state.stream)
              ? state.stream
              : null;
        if (mended !== null && tree.length(mended) + 1 < longest) {
          const log = begun(tree, mended, state.lives, flaws);
          const again = mended !== state.stream ? ' stores the lost entries again and' : '';
          step(`leader 2${again} begins epoch 2`, {
            ...state,
            stream: log,
            logs: [state.logs[0], log],
            elected: true,
            net: sent(state.net, commands(log, 0, 2)),
          });
        }
      }
      if (state.left.rollbacks > 0) {
        const most = Math.min(bounds.lost, tree.length(state.stream) - tree.length(first));
        for (let lost = 1; lost <= most; lost += 1) {
          const stream = tree.without(state.stream, lost);
          if (state.elected) step(`the log loses its last ${lost} entries`, spend({ ...state, stream }, 'rollbacks'));
          else
            for (let kept = 0; kept <= lost; kept += 1)
              step(
                `the log loses its last ${lost} entries, of which the second controller holds ${kept}`,
                spend(
                  { ...state, stream, logs: [state.logs[0], tree.without(state.stream, lost - kept)] },
                  'rollbacks',
                ),
              );
        }
      }
    },

    encode: (state, into, at) => code.encode(pruned(state), into, at),
    decode: code.decode,
    wrong: ({ wrong }) => WRONG[wrong] ?? null,
  };
}
