/** Guests that would have to share a host by what several of them say, and are to be kept apart: no host could hold them. */
import type { ClusterFileContent } from './file-schema.ts';
import type { Places } from './places.ts';
import type { Problem } from './problems.ts';

type Guests = ClusterFileContent['guests'];

/** Each such pair once. What one guest says of another twice over is told elsewhere (guests.ts). */
export function companyProblems(guests: Guests, places: Places): Problem[] {
  const mates = matesOf(guests);
  const problems: Problem[] = [];
  const told = new Set<string>();
  for (const [name, { apart, together }] of Object.entries(guests)) {
    for (const [index, other] of apart.entries()) {
      const pair = [name, other].sort().join(' ');
      if (other === name || together.includes(other) || told.has(pair)) continue;
      const chain = shortest(name, other, mates);
      if (!chain) continue;
      told.add(pair);
      const links = chain.slice(1).map((mate, i) => `${chain[i]} with ${mate}`);
      problems.push({
        place: places.value(['guests', name, 'apart', index]),
        what: `${name} is to be kept apart from ${other}, and must share a host with it: ${links.join(', ')}`,
        todo: 'take this out, or one of those from together',
      });
    }
  }
  return problems;
}

/** Sharing a host holds both ways, whichever of the two says so. */
function matesOf(guests: Guests): ReadonlyMap<string, ReadonlySet<string>> {
  const mates = new Map<string, Set<string>>();
  const add = (a: string, b: string) => mates.set(a, (mates.get(a) ?? new Set()).add(b));
  for (const [name, { together }] of Object.entries(guests)) {
    for (const other of together) {
      add(name, other);
      add(other, name);
    }
  }
  return mates;
}

/** From one guest to the other over as few others as possible, both included; null when nothing binds them. */
function shortest(from: string, to: string, mates: ReadonlyMap<string, ReadonlySet<string>>): string[] | null {
  const cameFrom = new Map<string, string | null>([[from, null]]);
  // A map is walked through to what is added on the way.
  for (const [at] of cameFrom) {
    if (at === to) {
      const chain = [at];
      for (let back = cameFrom.get(at); back; back = cameFrom.get(back)) chain.unshift(back);
      return chain;
    }
    for (const mate of mates.get(at) ?? []) if (!cameFrom.has(mate)) cameFrom.set(mate, at);
  }
  return null;
}
