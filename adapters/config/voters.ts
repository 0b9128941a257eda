import type { ClusterFileContent } from './file-schema.ts';
import { nearest } from './nearest.ts';
import type { Places } from './places.ts';
import type { Problem } from './problems.ts';

/** The electorate: as written, or else all nodes but spares where 1, 3 or 5 of them make one. */
export function votersOf(
  written: ClusterFileContent['voters'],
  nodes: readonly string[],
  spares: readonly string[],
  places: Places,
): { readonly voters: readonly string[]; readonly problems: readonly Problem[] } {
  const eligible = nodes.filter((node) => !spares.includes(node)).sort();
  const voters = written ?? eligible;
  const problems: Problem[] = [];
  if (!isOdd(voters.length)) {
    const todo =
      eligible.length === 2
        ? 'add an arbiter: two nodes cannot outvote each other'
        : `name 1, 3 or 5 nodes with voters: [${eligible.slice(0, eligible.length > 5 ? 5 : 3).join(', ')}]`;
    const what = written ? `voters names ${voters.length} nodes` : `${eligible.length} nodes cannot all be voters`;
    problems.push({ place: places.key(written ? ['voters'] : ['hosts']), what, todo });
  }
  for (const [index, name] of (written ?? []).entries()) {
    const place = places.value(['voters', index]);
    if (!nodes.includes(name)) {
      const meant = nearest(name, nodes);
      problems.push({
        place,
        what: `voter "${name}" is no host and no arbiter`,
        todo: meant ? `did you mean "${meant}"?` : `use some of ${nodes.join(', ')}`,
      });
    } else if (spares.includes(name)) {
      const todo = `name another voter, or take "spare" out of hosts.${name}`;
      problems.push({ place, what: `voter "${name}" is a spare, and a spare is mostly off`, todo });
    } else if (voters.indexOf(name) !== index) {
      problems.push({ place, what: `voter "${name}" is there twice`, todo: 'keep one' });
    }
  }
  return { voters, problems };
}

const isOdd = (count: number) => count === 1 || count === 3 || count === 5;
