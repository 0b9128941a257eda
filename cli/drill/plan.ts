/**
 * What of a story may be done to a cluster in service, and what exactly that would be. Only what can be undone, one thing
 * at a time, in one failure domain, and nothing that the cluster would answer by switching a host off. Pure.
 */
import { createHash } from 'node:crypto';
import type { Fleet } from '../../machines/fleet.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Status } from '../../services/api-status.ts';
import type { Fault } from '../../sim/faults.ts';
import type { Claim, FaultStep, Story } from '../../sim/story/ast.ts';
import { type Problem, parseStory } from '../../sim/story/parse.ts';
import { type Names, renamed } from '../../sim/story/rename.ts';
import { sayFault, sayMs } from '../../sim/story/say-fault.ts';
import { statementsOf } from '../../sim/story/tokens.ts';

export interface Situation {
  readonly fleet: Fleet;
  readonly status: Status;
}

export interface Plan {
  /** With the names of the cluster. */
  readonly story: Story;
  readonly cluster: string;
  /** The node on which it is given; processes are touched on no other. */
  readonly node: string;
  /** Failure domain in which all of it happens; null when it touches no host. */
  readonly domain: string | null;
  readonly steps: readonly { readonly atMs: number; readonly what: string; readonly undo: string }[];
  /** Of all that, the cluster file and the places of the guests it is about. */
  readonly hash: string;
}

/** Throws StoryError. `names`: what of the story's names is called otherwise here. */
export function planOf(text: string, names: Names, now: Situation): Plan | { readonly refusals: readonly Problem[] } {
  const story = renamed(parseStory(text), names);
  const { fleet, status } = now;
  const { spec } = fleet;
  if (spec === null) return { refusals: [{ line: 1, what: 'this cluster has no cluster file yet' }] };
  const refusals: Problem[] = [];
  const statements = statementsOf(text);
  const refuse = (word: string, what: string) =>
    refusals.push({ line: statements.find((one) => one.text.startsWith(word))?.line ?? 1, what });

  for (const kind of ['hosts', 'arbiters', 'guests'] as const) {
    const strange = Object.keys(story.spec[kind]).filter((name) => !Object.hasOwn(spec[kind], name));
    const known = Object.keys(spec[kind]).join(', ') || 'none';
    if (strange.length > 0)
      refuse(kind, `this cluster has no ${strange.join(', ')}; it has ${known}; say which with --as NAME=NAME`);
  }
  if (story.cold) refuse('cold', 'nobody switches a cluster in service off and on');
  const leader = status.roles.leader;
  if (story.leader !== null && story.leader !== leader) refuse('leader', `${leader ?? 'nobody'} leads now`);

  const touched = new Set<string>();
  const steps: Plan['steps'][number][] = [];
  const done: Fault[] = [];
  for (const step of story.steps) {
    if (step.kind === 'expect') {
      const blind = unseen(step.claim);
      if (blind !== null) refusals.push({ line: step.line, what: blind });
      continue;
    }
    for (const fault of step.faults) {
      const judged = judge(fault, step, spec, now, done);
      if (typeof judged === 'string') refusals.push({ line: step.line, what: judged });
      else {
        if (judged.host !== null) touched.add(judged.host);
        steps.push({ atMs: step.moment.ms, what: sayFault(fault), undo: judged.undo });
        done.push(fault);
      }
    }
  }
  const domains = new Set([...touched].map((host) => spec.hosts[host]?.domain ?? host));
  if (domains.size > 1)
    refusals.push({
      line: 1,
      what: `it reaches over ${[...domains].sort().join(' and ')}; one failure domain is the most`,
    });
  if (refusals.length > 0) return { refusals: refusals.sort((a, b) => a.line - b.line) };

  const places = Object.keys(story.spec.guests).map((guest) => [guest, placeOf(guest, fleet)]);
  const plan = {
    story: { ...story, leader: null },
    cluster: spec.cluster,
    node: status.node,
    domain: [...domains][0] ?? null,
    steps,
  };
  const hashed = JSON.stringify([plan.cluster, plan.node, fleet.digest, steps, places]);
  return { ...plan, hash: createHash('sha256').update(hashed).digest('hex').slice(0, 12) };
}

/** The host that a fault touches and how it is undone, or why it is not done. */
function judge(
  fault: Fault,
  { moment }: FaultStep,
  spec: ClusterSpec,
  { fleet, status }: Situation,
  done: readonly Fault[],
): { readonly host: string | null; readonly undo: string } | string {
  // What follows from an entry comes in the middle of a recovery.
  if (moment.kind !== 'at') return 'a fault in the middle of a recovery is for the simulator and the lab';
  switch (fault.kind) {
    case 'kill-guest': {
      const host = placeOf(fault.guest, fleet);
      if (host === null) return `${fault.guest} runs nowhere now`;
      if (host !== status.node) return elsewhere(fault.guest, host);
      return { host, undo: 'Rekindle starts it again' };
    }
    case 'pause-daemon': {
      if (fault.node !== status.node) return elsewhere(`the daemon of ${fault.node}`, fault.node);
      // Silent for as long as it takes to be suspected, the host would be switched off.
      const mostMs = spec.times.suspectMs / 2;
      if (fault.forMs > mostMs) return `at most ${sayMs(mostMs)} with the times of this cluster, or its host is fenced`;
      // Of an arbiter's vote nothing is known here, so it is not counted on.
      const others = spec.voters.filter((voter) => voter !== fault.node && Object.hasOwn(spec.hosts, voter));
      if (spec.voters.includes(fault.node) && others.length <= spec.voters.length / 2)
        return `${fault.node} votes, and without it the hosts that vote have no majority`;
      return { host: fault.node, undo: 'it goes on by itself, even if this command dies' };
    }
    case 'order':
      return judgeOrder(fault.order, fleet, done);
    default:
      return `"${sayFault(fault)}" is not surely undone; it is for the simulator and the lab`;
  }
}

function judgeOrder(
  order: Extract<Fault, { kind: 'order' }>['order'],
  fleet: Fleet,
  done: readonly Fault[],
): { readonly host: string | null; readonly undo: string } | string {
  const given = done.flatMap((fault) => (fault.kind === 'order' ? [fault.order] : []));
  if (order.kind === 'step-down') return { host: null, undo: 'another leads, or it leads again' };
  if (order.kind === 'set-desired') {
    const host = placeOf(order.guest, fleet);
    if (order.desired === 'stopped')
      return host === null ? `${order.guest} runs nowhere now` : { host, undo: 'it is ordered to start again' };
    return given.some((one) => one.kind === 'set-desired' && one.guest === order.guest)
      ? { host, undo: 'nothing' }
      : `${order.guest} was not stopped by this story`;
  }
  if (order.kind === 'maintenance') {
    if (!order.on)
      return given.some((one) => one.kind === 'maintenance' && one.host === order.host)
        ? { host: order.host, undo: 'nothing' }
        : `${order.host} was not put into maintenance by this story`;
    const guests = Object.keys(fleet.guests).filter((guest) => placeOf(guest, fleet) === order.host);
    return guests.length > 0
      ? `${guests.join(', ')} would be moved away from ${order.host}, and nobody would move them back`
      : { host: order.host, undo: 'its maintenance is ended' };
  }
  return `an order to ${order.kind} is given by a person who means it, not by a drill`;
}

const elsewhere = (what: string, host: string) => `${what} is on ${host}: run this drill there`;

const placeOf = (guest: string, { guests }: Fleet): string | null => {
  const context = guests[guest]?.context;
  return context === undefined || context.release !== null ? null : (context.grant?.host ?? null);
};

/** From one node, through its log alone, some things cannot be seen. */
function unseen(claim: Claim): string | null {
  if (claim.kind === 'power') return 'whether the power is on is not seen from here';
  if (claim.kind === 'agreement') return 'what the other nodes have read is not seen from here';
  if (claim.kind === 'count' && claim.what.kind === 'reset') return 'a reset is not seen from here';
  return null;
}
