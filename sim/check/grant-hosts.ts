/** What a host of the check of the grants (grant-world.ts) may do or suffer next. */
import { type AgentState, booted, keyOf, obeyed, resumed, started, stopped, tokenText } from './agent.ts';
import type { Message } from './grant-leader.ts';
import type { GrantBounds, GrantFlaws, GrantState, Host, Left } from './grant-state.ts';
import type { Interned } from './intern.ts';

type Step = (told: string, state: GrantState) => void;

export interface Net {
  readonly messages: Interned<Message>;
  /** Sets of messages, as rising numbers. */
  readonly sets: Interned<readonly number[]>;
  send(state: GrantState, message: Message): GrantState;
}

export const spend = (state: GrantState, what: keyof Left): GrantState => ({
  ...state,
  left: { ...state.left, [what]: state.left[what] - 1 },
});

export const withHost = (state: GrantState, h: number, host: Partial<Host>): GrantState => {
  const hosts = state.hosts.map((one, i) => (i === h ? { ...one, ...host } : one)) as unknown as [Host, Host];
  const writers = hosts.filter(({ up, agent }) => up && agent.instance === 'running').length;
  return { ...state, hosts, wrong: writers > 1 ? 1 : state.wrong };
};

/** Under its grant's token the guest can write from now on. */
const runs = (state: GrantState, h: number, agent: AgentState): GrantState => {
  const next = withHost(state, h, { agent });
  if (agent.grant < state.latest) return { ...next, wrong: next.wrong || 2 };
  return { ...next, latest: agent.grant };
};

export function createHostSteps(bounds: GrantBounds, flaws: GrantFlaws, { messages, sets, send }: Net) {
  const deliver = (state: GrantState, h: number, message: Message, step: Step) => {
    if ((message.kind !== 'start' && message.kind !== 'stop') || message.host !== h) return;
    const host = state.hosts[h]!;
    const { epoch, intent, token } = message;
    const told = `host ${h + 1} gets the ${message.kind} of leader ${epoch} under token ${tokenText(token)}`;
    const { kind, agent } = obeyed(host.agent, message, host.leased, flaws);
    if (kind === 'refused') {
      if (agent.epoch !== host.agent.epoch)
        step(`${told} and refuses it`, withHost(state, h, { agent, obeyed: Math.max(host.obeyed, epoch) }));
      return;
    }
    const wrong = epoch < host.obeyed ? 3 : state.wrong;
    const next: GrantState = { ...withHost(state, h, { agent, obeyed: Math.max(host.obeyed, epoch) }), wrong };
    const answer = (to: GrantState, verdict: 'succeeded' | 'failed' | 'unknown') =>
      send(to, { kind: 'outcome', epoch, intent, verdict });
    switch (kind) {
      case 'succeeded':
      case 'failed':
      case 'unknown':
        return step(`${told} and answers ${kind}`, answer(next, kind));
      case 'start':
      case 'none':
        return step(`${told}`, next);
      case 'resume':
        return step(
          `${told} and resumes it`,
          answer(runs(next, h, resumed(agent, keyOf(message), 'succeeded')), 'succeeded'),
        );
      case 'stop':
        step(
          `${told} and destroys it`,
          answer(withHost(next, h, { agent: stopped(agent, keyOf(message), 'succeeded') }), 'succeeded'),
        );
        if (agent.instance !== 'none' && state.left.incidents > 0)
          step(
            `${told} and cannot destroy it`,
            spend(
              answer(withHost(next, h, { agent: stopped(agent, keyOf(message), 'failed') }), 'failed'),
              'incidents',
            ),
          );
    }
  };

  const hostSteps = (state: GrantState, h: number, step: Step) => {
    const host = state.hosts[h]!;
    const { agent, up, leased } = host;
    const { instance, life } = agent;
    const name = `host ${h + 1}`;
    if (!up) {
      if (life + 1 < bounds.lives) step(`${name} boots`, withHost(state, h, { agent: booted(agent), up: true }));
      return;
    }
    if (state.left.crashes > 0)
      step(
        `${name} loses its power`,
        spend(
          withHost(state, h, { up: false, leased: false, agent: { ...agent, instance: 'none', doing: null } }),
          'crashes',
        ),
      );
    // Without a guest here, and not blocked, having no lease for a while is no more than late messages.
    if (leased && (instance === 'running' || instance === 'paused' || (instance === 'none' && host.blocked >= life))) {
      const paused = instance === 'running' ? 'paused' : instance;
      step(
        `the lease of ${name} runs out${instance === 'running' ? '; it has paused the guest' : ''}`,
        withHost(state, h, { leased: false, agent: { ...agent, instance: paused } }),
      );
    }
    if (!leased && (host.blocked < life || flaws.leaseForBlocked)) {
      // A voter of the second leader's majority is among those that lease a new life, and lets it in under epoch 2 only.
      const epoch = state.lives && life > host.promised && !flaws.leasesAnyEpoch ? 2 : agent.epoch;
      const obedient = { ...agent, epoch: Math.max(agent.epoch, epoch) };
      const back = withHost(state, h, {
        leased: true,
        promised: Math.max(life, host.promised),
        agent: obedient,
        obeyed: Math.max(host.obeyed, epoch),
      });
      const resumes = instance === 'paused' && agent.grant > 0;
      const held = resumes ? runs(back, h, { ...obedient, instance: 'running' }) : back;
      const told = `${name} gets a lease${resumes ? ' and resumes the guest' : ''}`;
      // A life that holds nothing yet registers, once, and is asked; what it answers may arrive late. The second leader asks
      // on its own account, below.
      const registers = life > 0 && obedient.epoch < 2;
      const answer = { kind: 'surveyed', epoch: 1, host: h, life, instance: 'none', token: 0 } as const;
      step(told, registers ? send(held, answer) : held);
    }
    if (host.blocked >= life && instance !== 'starting' && life + 1 < bounds.lives)
      step(
        `${name} hears that it is blocked, destroys its guest and begins life ${life + 1}`,
        withHost(state, h, { leased: false, agent: booted(agent) }),
      );
    if (state.elected) {
      const known = flaws.surveyWithoutEpoch ? agent : { ...agent, epoch: Math.max(agent.epoch, 2) };
      const after = withHost(state, h, {
        agent: known,
        obeyed: flaws.surveyWithoutEpoch ? host.obeyed : Math.max(host.obeyed, 2),
      });
      const listed = instance === 'starting' && flaws.surveyWithoutStarting ? 'none' : instance;
      if (leased)
        step(
          `${name} answers the survey of leader 2`,
          send(after, { kind: 'surveyed', epoch: 2, host: h, life, instance: listed, token: agent.grant }),
        );
      else if (agent.epoch < 2) step(`${name} hears of epoch 2 and has no lease to answer with`, after);
    }
    if (instance === 'starting') {
      const answered = (to: GrantState, verdict: 'succeeded' | 'failed'): GrantState =>
        sets.value(to.net).reduce((at, id) => {
          const m = messages.value(id);
          return m.kind === 'start' && m.host === h && keyOf(m) === agent.doing && m.epoch <= agent.epoch
            ? send(at, { kind: 'outcome', epoch: m.epoch, intent: m.intent, verdict })
            : at;
        }, to);
      step(`the guest starts on ${name}`, answered(runs(state, h, started(agent, 'succeeded')), 'succeeded'));
      if (state.left.incidents > 0)
        step(
          `the start fails on ${name}`,
          spend(answered(withHost(state, h, { agent: started(agent, 'failed') }), 'failed'), 'incidents'),
        );
    }
    if (state.left.incidents > 0 && instance === 'running' && agent.grant > 0) {
      const about = { host: h, life, token: agent.grant };
      const dead = withHost(state, h, { agent: { ...agent, instance: 'none', grant: 0 } });
      step(`the guest dies on ${name}`, spend(send(dead, { kind: 'crashed', ...about }), 'incidents'));
      step(`the guest hangs on ${name}`, spend(send(state, { kind: 'hung', ...about }), 'incidents'));
    }
    if (state.left.restarts > 0) {
      const epoch = flaws.forgetsEpoch ? 0 : agent.epoch;
      for (const now of instance === 'starting' ? (['none', 'running'] as const) : [instance]) {
        const again = { ...agent, epoch, doing: null, instance: now };
        const next =
          now === 'running' && instance !== 'running' ? runs(state, h, again) : withHost(state, h, { agent: again });
        step(
          `the daemon of ${name} restarts${instance === 'starting' ? `; the guest is found ${now}` : ''}`,
          spend(next, 'restarts'),
        );
      }
    }
    for (const id of sets.value(state.net)) deliver(state, h, messages.value(id), step);
  };

  return hostSteps;
}
