/**
 * What an agent does with a command, as a pure function of what it remembers, told of one guest. The same rules as
 * services/agent/commands.ts, which test/check/agent.test.ts proves by giving both the same commands.
 */

/** A token as one number that rises as it does. */
export const tokenOf = (text: string): number => {
  const [epoch, seq] = text.split('.').map(Number) as [number, number];
  return epoch * 64 + seq;
};
export const tokenText = (token: number): string => `${token >> 6}.${token & 63}`;

export interface AgentState {
  readonly life: number;
  /** Durable: highest epoch; token of the grant held and of the latest one known, 0 for none; outcomes by command. */
  readonly epoch: number;
  readonly grant: number;
  readonly latest: number;
  readonly done: Readonly<Record<string, 'succeeded' | 'failed'>>;
  readonly instance: 'none' | 'starting' | 'running' | 'paused';
  /** Key of the start under way. */
  readonly doing: string | null;
}

export interface AgentCommand {
  readonly kind: 'start' | 'stop';
  readonly epoch: number;
  readonly intent: string;
  readonly life: number;
  readonly token: number;
}

/** Under which the agent remembers what became of a command. */
export const keyOf = ({ intent, token }: AgentCommand): string => `${intent} ${tokenText(token)}`;

export interface AgentFlaws {
  readonly forgetsEpoch?: boolean;
  readonly obeysOldEpoch?: boolean;
  readonly usesTokensTwice?: boolean;
  readonly obeysForOldLife?: boolean;
  readonly failsWhatItHolds?: boolean;
}

/**
 * `start`, `resume`, `stop`: what it now asks of libvirt, whose answer comes later. `none`: it is already at it, or waits
 * for a start to end.
 */
export type Obedience =
  | { readonly kind: 'succeeded' | 'failed' | 'unknown' | 'refused'; readonly agent: AgentState }
  | { readonly kind: 'start' | 'resume' | 'stop' | 'none'; readonly agent: AgentState };

/** `mayRun`: its lease stands, and it is neither pausing guests nor ending its life. */
export function obeyed(before: AgentState, command: AgentCommand, mayRun: boolean, flaws: AgentFlaws = {}): Obedience {
  const { life, token } = command;
  const key = keyOf(command);
  if (command.epoch < before.epoch && !flaws.obeysOldEpoch) return { kind: 'refused', agent: before };
  const agent = { ...before, epoch: Math.max(before.epoch, command.epoch) };
  const done = agent.done[key];
  const latest = Math.max(agent.latest, token);

  if (command.kind === 'start') {
    // Succeeded, and its grant given back since: it was seen gone, and must not be told as if it still ran.
    if (done && (agent.grant === token || done !== 'succeeded')) return { kind: done, agent };
    if (agent.doing === key) return { kind: 'none', agent };
    const usedUp = agent.grant !== token && agent.latest > 0 && token <= agent.latest && !flaws.usesTokensTwice;
    if ((life !== agent.life && !flaws.obeysForOldLife) || !mayRun || usedUp) {
      if (agent.grant === token && !flaws.failsWhatItHolds) return { kind: 'unknown', agent: { ...agent, latest } };
      return { kind: 'failed', agent: { ...agent, latest, done: { ...agent.done, [key]: 'failed' } } };
    }
    const granted = { ...agent, grant: token, latest };
    if (agent.instance === 'running')
      return { kind: 'succeeded', agent: { ...granted, done: { ...agent.done, [key]: 'succeeded' } } };
    if (agent.instance === 'paused') return { kind: 'resume', agent: granted };
    return { kind: 'start', agent: { ...granted, instance: 'starting', doing: key } };
  }

  if (life !== agent.life || agent.grant > token) return { kind: 'refused', agent };
  if (done) return { kind: done, agent };
  return { kind: agent.instance === 'starting' ? 'none' : 'stop', agent: { ...agent, latest } };
}

/** The start under way has ended. Failed means that it certainly does not run, so its grant is given back. */
export function started(agent: AgentState, outcome: 'succeeded' | 'failed'): AgentState {
  const done = agent.doing === null ? agent.done : { ...agent.done, [agent.doing]: outcome };
  if (outcome === 'succeeded') return { ...agent, instance: 'running', doing: null, done };
  return { ...agent, instance: 'none', doing: null, done, grant: 0 };
}

/** A resume that failed leaves the guest paused under its grant: nothing final is known. */
export function resumed(agent: AgentState, key: string, outcome: 'succeeded' | 'failed'): AgentState {
  if (outcome === 'failed') return agent;
  return { ...agent, instance: 'running', done: { ...agent.done, [key]: outcome } };
}

export function stopped(agent: AgentState, key: string, outcome: 'succeeded' | 'failed'): AgentState {
  const done = { ...agent.done, [key]: outcome };
  return outcome === 'succeeded' ? { ...agent, instance: 'none', grant: 0, done } : { ...agent, done };
}

/** Another boot: nothing of the old life can run, and its grants are void. */
export function booted(agent: AgentState): AgentState {
  return { ...agent, life: agent.life + 1, grant: 0, instance: 'none', doing: null };
}
