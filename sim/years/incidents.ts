/** What fails in N years, and which of it belongs together. */
import type { ClusterSpec } from '../../machines/spec.ts';
import { createRandom } from '../random.ts';
import { KIND_NAMES, KINDS, type KindName, type Per, type Rates } from './rates.ts';

export const YEAR_MS = 365 * 86_400_000;
export const YEARS_AT_MOST = 10_000;
/** What begins this long after the end of another incident, or sooner, is simulated together with it. */
export const APART_MS = 600_000;
/** Harmless as long as nothing else happens, so it makes no story of its own. */
const LATENT: ReadonlySet<KindName> = new Set<KindName>(['bmc-dead']);
/** No story is longer than this, or the cluster is never well. */
const LONGEST_MS = YEAR_MS;

export interface Incident {
  readonly kind: KindName;
  /** Node, failure domain or guest; the cluster itself has its own name. */
  readonly subject: string;
  /** Since the beginning of the years; in a story since its beginning, negative when it was there before. */
  readonly atMs: number;
  /** 0: over at once. */
  readonly lastsMs: number;
  /** In [0, 1): how bad it is, where that differs. */
  readonly degree: number;
}

export interface Story {
  /** `<seed of the years>.<number>`: with cluster file and rates it tells all of it again. */
  readonly seed: string;
  readonly atMs: number;
  readonly incidents: readonly Incident[];
}

/** Failure domains with more than one node: the others are the nodes themselves. */
export function domainsOf(spec: ClusterSpec): ReadonlyMap<string, readonly string[]> {
  const domains = new Map<string, string[]>();
  for (const [node, { domain }] of Object.entries({ ...spec.hosts, ...spec.arbiters })) {
    if (domain !== undefined) domains.set(domain, [...(domains.get(domain) ?? []), node]);
  }
  return new Map([...domains].filter(([, nodes]) => nodes.length > 1));
}

function subjects(spec: ClusterSpec): Readonly<Record<Per, readonly string[]>> {
  const [hosts, arbiters] = [Object.keys(spec.hosts), Object.keys(spec.arbiters)];
  const guests = Object.keys(spec.guests).filter((guest) => spec.guests[guest]!.desired === 'running');
  return {
    node: [...hosts, ...arbiters],
    host: hosts,
    domain: [...domainsOf(spec).keys()],
    cluster: [spec.cluster],
    guest: guests,
  };
}

/**
 * Stories that begin within `years`. Each component has a stream of chance of its own, so a longer time, another profile
 * or a BMC more leaves the stories before and beside it as they were.
 */
export function storiesOf(spec: ClusterSpec, rates: Rates, seed: number, years: number): Story[] {
  // One year more, so that the last story has its end.
  const incidents = drawn(spec, rates, seed, years * YEAR_MS + LONGEST_MS);
  const latent = incidents.filter(({ kind }) => LATENT.has(kind));
  const groups: Incident[][] = [];
  let endMs = Number.NEGATIVE_INFINITY;
  for (const incident of incidents) {
    if (LATENT.has(incident.kind)) continue;
    if (incident.atMs > endMs + APART_MS) groups.push([]);
    groups.at(-1)!.push(incident);
    endMs = Math.max(endMs, incident.atMs + incident.lastsMs);
  }
  return groups
    .filter(([first]) => first!.atMs < years * YEAR_MS)
    .map((group, i) => {
      const atMs = group[0]!.atMs;
      const groupEndMs = Math.max(...group.map((one) => one.atMs + one.lastsMs)) + APART_MS;
      const there = latent.filter((one) => one.atMs < groupEndMs && one.atMs + one.lastsMs > atMs);
      return {
        seed: `${seed}.${i + 1}`,
        atMs,
        incidents: inOrder([...there, ...group]).map((one) => ({ ...one, atMs: one.atMs - atMs })),
      };
    });
}

/** The story of that seed; null when there is none within `YEARS_AT_MOST`. */
export function storyOf(spec: ClusterSpec, rates: Rates, seed: string): Story | null {
  const [years, number] = seed.split('.').map(Number) as [number, number];
  const there = subjects(spec);
  const perYear = KIND_NAMES.reduce((sum, kind) => sum + rates.kinds[kind].perYear * there[KINDS[kind].per].length, 0);
  // Each story has an incident of its own, so before this year it cannot be.
  for (let horizon = Math.ceil((number - 1) / perYear / 2) + 1; horizon <= 2 * YEARS_AT_MOST; horizon *= 2) {
    const story = storiesOf(spec, rates, years, horizon)[number - 1];
    if (story) return story;
  }
  return null;
}

function drawn(spec: ClusterSpec, rates: Rates, seed: number, untilMs: number): Incident[] {
  const found: Incident[] = [];
  const there = subjects(spec);
  for (const kind of KIND_NAMES) {
    const { perYear, lastsMs } = rates.kinds[kind];
    if (perYear === 0) continue;
    for (const subject of there[KINDS[kind].per]) {
      const random = createRandom(`${seed}/${kind}/${subject}`);
      for (let atMs = 0; ; ) {
        atMs += Math.round((-Math.log(1 - random.next()) * YEAR_MS) / perYear);
        const [length, degree] = [random.next(), random.next()];
        if (atMs >= untilMs) break;
        found.push({ kind, subject, atMs, lastsMs: lastsMs === null ? 0 : spread(lastsMs, length), degree });
      }
    }
  }
  return inOrder(found);
}

/** Evenly on a logarithmic scale, whole milliseconds. */
export function spread([least, most]: readonly [number, number], at: number): number {
  return Math.round(least * (most / least) ** at);
}

const inOrder = (incidents: Incident[]) => incidents.sort((a, b) => a.atMs - b.atMs);
