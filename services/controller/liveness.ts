/** Which hosts are silent: heard by this controller, confirmed by a majority of voters. One witness is never enough. */
import { type Fleet, type HostEntity, latestLife } from '../../machines/fleet.ts';
import type { Times } from '../../machines/times.ts';
import type { Hearing } from '../hearing.ts';
import { majorityOf } from '../majority.ts';
import type { Bus } from '../ports.ts';
import { addresses, type VoterAnswer, voterAnswerSchema } from '../protocol.ts';

export interface Silence {
  readonly host: string;
  readonly counter: number;
  readonly silentMs: number;
  readonly witnesses: readonly { voter: string; heardAgoMs: number | null }[];
}

/** Does the host owe the cluster its voice? One in maintenance that is proven stopped does not. */
export const owesItsVoice = ({ state, context }: HostEntity): boolean =>
  context.fence === null &&
  (state === 'running' || state === 'qualifying' || state === 'draining' || state === 'maintenance');

/** Really heard, just now: a node that was deaf until a moment ago has only begun to count everybody's silence. */
export function isHeard(host: string, hearing: Hearing, times: Times): boolean {
  const agoMs = hearing.heardAgoMs(host);
  return agoMs !== null && agoMs <= times.heartbeatMs * 2;
}

/** Hosts that should be heard and are not, by this node alone. */
export function quietHosts(fleet: Fleet, hearing: Hearing, times: Times): string[] {
  const quiet: string[] = [];
  for (const host in fleet.hosts)
    if (owesItsVoice(fleet.hosts[host]!) && hearing.silentMs(host) > times.suspectMs) quiet.push(host);
  return quiet.sort();
}

/** Asks the voters; null unless a majority has not heard the host either. */
export async function confirmSilence(
  host: string,
  fleet: Fleet,
  hearing: Hearing,
  times: Times,
  bus: Bus,
): Promise<Silence | null> {
  const voters = fleet.spec?.voters ?? [];
  const majority = majorityOf(voters.length);
  const witnesses: { voter: string; heardAgoMs: number | null }[] = [];
  let silent = 0;
  await new Promise<void>((resolve) => {
    const asked = voters.map(async (voter) => {
      const answer = await askVoter(voter, { kind: 'silence', host }, bus, times.heartbeatMs * 2);
      if (answer?.kind !== 'silence') return;
      witnesses.push({ voter, heardAgoMs: answer.heardAgoMs === null ? null : Math.round(answer.heardAgoMs) });
      // A heartbeat of tolerance: this node and the voter did not hear the last renewal at the same instant.
      if (answer.heardAgoMs === null || answer.heardAgoMs > times.suspectMs - times.heartbeatMs) silent += 1;
      if (silent >= majority) resolve();
    });
    void Promise.all(asked).then(() => resolve());
  });
  const known = fleet.hosts[host]?.context;
  // A node that stood still wakes up with an old silence in its hands; what it has heard while asking counts for more.
  if (silent < majority || known === undefined || hearing.silentMs(host) <= times.suspectMs) return null;
  return { host, counter: latestLife(known), silentMs: Math.round(hearing.silentMs(host)), witnesses: [...witnesses] };
}

/** One voter's answer, or null when it gave none in time. */
export async function askVoter(
  voter: string,
  message: object,
  bus: Bus,
  timeoutMs: number,
): Promise<VoterAnswer | null> {
  try {
    return voterAnswerSchema.parse(await bus.request(addresses.voter(voter), message, timeoutMs));
  } catch {
    return null;
  }
}
