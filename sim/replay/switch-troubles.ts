/** Power switches that did not do their work, as the failed proofs show it. */
import { list, nameOf } from '../../machines/sentences.ts';
import { type ClusterSpec, waysOf } from '../../machines/spec.ts';
import { get } from '../../machines/table.ts';
import type { Found, Happening, Step } from './script.ts';

/** What a switch needs at most between its command and the entry that tells of its success. */
const BEFORE_SUCCESS_MS = 2_000;
/** One that works has switched off and read twice within its readingsApartMs and this. */
const ANSWERS_WITHIN_MS = 1_000;

export function powerSwitchTroubles(steps: readonly Step[], spec: ClusterSpec): Found {
  const happenings: Happening[] = [];
  const assumed: string[] = [];
  const troubled = new Map<string, string>();
  /** When the fence under way began: the switch was in trouble by then. */
  const begun = new Map<string, number>();
  const outwaited = new Set<string>();

  const fails = (host: string, atMs: number, mode: 'dead' | 'ignores' | 'lies', entry: string) => {
    if ((get(spec.hosts, host)?.power.length ?? 0) === 0 || troubled.get(host) === mode) return;
    troubled.set(host, mode);
    const what = `the power switch of ${host} ${WORDS[mode]}`;
    happenings.push({ atMs, spreadMs: 0, what, entry, fault: { kind: 'bmc', node: host, mode } });
  };
  const works = (host: string, atMs: number, entry: string) => {
    if (!troubled.delete(host)) return;
    const what = `the power switch of ${host} answers again`;
    happenings.push({
      atMs: atMs - BEFORE_SUCCESS_MS,
      spreadMs: 0,
      what,
      entry,
      fault: { kind: 'bmc', node: host, mode: 'alive' },
    });
  };

  for (const { stored, atMs } of steps) {
    const { entry } = stored;
    const host = nameOf(entry.subject);
    if (entry.type === 'host.suspected') begun.set(host, atMs - entry.data.silentMs);
    if (entry.type === 'fence.requested') begun.set(host, atMs);
    const sinceMs = (begun.get(host) ?? atMs) - 1;
    if (entry.type === 'fence.failed') {
      const reason = entry.data.attempts.find(({ method }) => method !== 'lease' && method !== 'power')?.reason;
      if (reason !== undefined) fails(host, sinceMs, modeOf(reason), entry.id);
    }
    if (entry.type === 'power-on.failed' || entry.type === 'power-on.unknown') fails(host, atMs - 1, 'dead', entry.id);
    if (entry.type === 'power-on.succeeded') works(host, atMs, entry.id);
    if (entry.type !== 'fence.proven') continue;
    if (entry.data.proof.kind === 'R2') works(host, atMs, entry.id);
    if (entry.data.proof.kind !== 'R3') continue;
    const power = get(spec.hosts, host)?.power[0];
    const apartMs = power && Math.max(...waysOf(power).map(({ readingsApartMs }) => readingsApartMs));
    // A lease that had run out already is a quicker proof than any switch.
    if (apartMs === undefined || entry.data.proof.waitedMs < apartMs + ANSWERS_WITHIN_MS) continue;
    outwaited.add(host);
    fails(host, sinceMs, 'dead', entry.id);
  }
  if (outwaited.size > 0) {
    assumed.push(
      `where the lease proved a host stopped before its power switch did, the switch is taken as dead, not as slow (${list([...outwaited])})`,
    );
  }
  return { happenings, incidents: [], assumed, leftOut: [] };
}

const WORDS = {
  dead: 'does not answer',
  ignores: 'says yes and does nothing',
  lies: 'reads off while the host runs',
} as const;

/** In the words of services/controller/fence.ts. */
function modeOf(reason: string): keyof typeof WORDS {
  if (/yet the host was heard/.test(reason)) return 'lies';
  return /read back as on/.test(reason) ? 'ignores' : 'dead';
}
