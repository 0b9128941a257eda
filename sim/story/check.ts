/** Is a claim true now? The world is asked where the claim is about the world, the folded log where it is about belief. */
import { explain } from '../../machines/explain.ts';
import { list, sentence } from '../../machines/sentences.ts';
import { get } from '../../machines/table.ts';
import type { Claim, Counted } from './ast.ts';
import { type Chronicle, matches } from './chronicle.ts';
import { sayMs } from './say-fault.ts';

/** What the operator has been told so far, the last at the end. */
export type Answers = readonly string[];

/** What is seen instead; null when the claim holds. `fromMs`: since when occurrences count, ms since the beginning. */
export function contradiction(claim: Claim, chronicle: Chronicle, answers: Answers, fromMs: number): string | null {
  const { sim } = chronicle;
  const fleet = chronicle.fleet();
  switch (claim.kind) {
    case 'runs':
      return first(claim.guests, (guest) => {
        const [host, ...more] = sim.writers(guest);
        if (host === undefined) return `${guest} runs nowhere`;
        if (more.length > 0) return `${guest} runs on ${list([host, ...more])}`;
        return claim.hosts.length === 0 || claim.hosts.includes(host) ? null : `${guest} runs on ${host}`;
      });
    case 'runs-nowhere':
      return first(claim.guests, (guest) =>
        sim.writers(guest).length === 0 ? null : `${guest} runs on ${list(sim.writers(guest))}`,
      );
    case 'paused':
      return first(claim.guests, (guest) => {
        const states = Object.values(sim.nodes).flatMap((node) => node.instances().get(guest)?.state ?? []);
        if (states.length === 0) return `${guest} is nowhere`;
        return states.every((state) => state === 'paused') ? null : `${guest} runs`;
      });
    case 'unbroken':
      return first(claim.guests, (guest) => {
        const lost = chronicle.happenings().find(({ kind, of }) => kind === 'writer-lost' && of[0] === guest);
        return chronicle.downMs(guest) === 0 ? null : `${guest} was interrupted at ${seconds(lost?.atMs ?? 0)}`;
      });
    case 'down-at-most':
      return first(claim.guests, (guest) =>
        chronicle.downMs(guest) <= claim.ms
          ? null
          : `${guest} was down for ${sayMs(Math.round(chronicle.downMs(guest)))}`,
      );
    case 'together':
    case 'apart': {
      const places = claim.guests.flatMap((guest) => sim.writers(guest));
      const groups = claim.by === 'host' ? places : places.map((host) => sim.spec.hosts[host]?.domain ?? host);
      const seen = `${claim.guests.map((guest) => `${guest} is on ${list(sim.writers(guest))}`).join(', ')}`;
      if (places.length < claim.guests.length) return seen;
      const distinct = new Set(groups).size;
      return distinct === (claim.kind === 'together' ? 1 : claim.guests.length) ? null : seen;
    }
    case 'host-state':
      return first(claim.hosts, (host) => {
        const state = get(fleet.hosts, host)?.state ?? 'joining';
        return claim.states.includes(state) ? null : `${host} is ${state}`;
      });
    case 'guest-state':
      return first(claim.guests, (guest) => {
        const state = get(fleet.guests, guest)?.state ?? 'stopped';
        return claim.states.includes(state) ? null : `${guest} is ${state}`;
      });
    case 'power':
      return first(claim.nodes, (node) =>
        sim.nodes[node]?.powered() === claim.on ? null : `${node} is ${claim.on ? 'off' : 'on'}`,
      );
    case 'frozen':
      return (fleet.frozen !== null) === claim.is ? null : `the cluster is ${claim.is ? 'not ' : ''}frozen`;
    case 'brake':
      return (fleet.brake !== null) === claim.is ? null : `the brake is ${claim.is ? 'off' : 'on'}`;
    case 'headroom':
      return fleet.headroom?.survivable === claim.is ? null : (fleet.headroom?.why ?? 'headroom is not yet known');
    case 'led':
      return (sim.leader() !== null) === claim.is ? null : `${sim.leader()?.name ?? 'nobody'} leads`;
    case 'leads': {
      const leader = sim.leader()?.name;
      return leader !== undefined && claim.nodes.includes(leader) ? null : `${leader ?? 'nobody'} leads`;
    }
    case 'count': {
      const count = occurrences(claim.what, chronicle, fromMs);
      return count >= claim.least && count <= claim.most ? null : `there were ${count}`;
    }
    case 'before': {
      const index = (pattern: typeof claim.first) =>
        chronicle.logged().findIndex(({ stored }) => matches(pattern, stored.entry));
      const [one, other] = [index(claim.first), index(claim.second)];
      if (one < 0 || other < 0) return `there is no ${(one < 0 ? claim.first : claim.second).type}`;
      return one < other ? null : `${claim.second.type} came first`;
    }
    case 'why': {
      const lines = explain(subjectOf(claim.subject, chronicle), sim.entries(), fleet);
      return lines.some((line) => line.includes(claim.says)) ? null : `it says: ${lines[0]}`;
    }
    case 'log-says': {
      const said = chronicle.logged().some(({ stored }) => sentence(stored.entry).includes(claim.says));
      return said === claim.is ? null : `the log ${said ? 'says so' : 'does not say so'}`;
    }
    case 'answer':
      return answers.at(-1)?.includes(claim.says) ? null : `the operator was told "${answers.at(-1) ?? 'nothing'}"`;
    case 'agreement':
      return disagreement(chronicle);
  }
}

function first(names: readonly string[], check: (name: string) => string | null): string | null {
  for (const name of names) {
    const wrong = check(name);
    if (wrong !== null) return wrong;
  }
  return null;
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

function occurrences(what: Counted, chronicle: Chronicle, fromMs: number): number {
  if (what.kind === 'entry') {
    const { entry } = what;
    return chronicle.logged().filter(({ atMs, stored }) => atMs >= fromMs && matches(entry, stored.entry)).length;
  }
  return chronicle
    .happenings()
    .filter(({ atMs, kind, of }) => atMs >= fromMs && kind === what.kind && (what.of === null || of.includes(what.of)))
    .length;
}

function subjectOf(name: string | null, { sim }: Chronicle): string {
  if (name === null) return 'cluster';
  return Object.hasOwn(sim.spec.guests, name) ? `guest/${name}` : `host/${name}`;
}

function disagreement({ sim }: Chronicle): string | null {
  const heads = Object.values(sim.nodes).flatMap((node) => {
    const controller = node.powered() ? node.controller() : null;
    return controller ? [{ node: node.name, fleet: controller.fleet() }] : [];
  });
  const [one, ...others] = heads;
  const other = others.find(({ fleet }) => fleet.hash !== one?.fleet.hash);
  return one && other ? `${one.node} is at entry ${one.fleet.seq}, ${other.node} at ${other.fleet.seq}` : null;
}
