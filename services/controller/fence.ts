/**
 * Proving that one life of a host can no longer write. Block first; then every means at once, and the first proof wins:
 * power observed off (R2), or its lease waited out (R3). docs/safety.md, "Grants and release proofs".
 */
import type { BlockAnswer, Proof } from '../../machines/entries.ts';
import { type Times, waitOutMs } from '../../machines/times.ts';
import { pause } from '../every.ts';
import type { Hearing } from '../hearing.ts';
import { linked } from '../linked.ts';
import { majorityOf } from '../majority.ts';
import type { Bus, Clock, Outcome, PowerSwitch, Say, Verify } from '../ports.ts';
import { blockText } from '../voter/voter.ts';
import { askVoter } from './liveness.ts';

export interface FenceOrder {
  readonly host: string;
  readonly counter: number;
  readonly epoch: number;
  readonly voters: readonly string[];
  readonly times: Times;
  /** Only a host that stops itself makes its lease a proof. */
  readonly selfFencing: boolean;
  readonly switches: readonly PowerSwitch[];
  /** False: its power is only read. */
  readonly cutsPower: boolean;
  /** False once the host has registered another life, or is proven stopped: then its power is nobody's to cut. */
  readonly wanted: () => boolean;
}

export interface FencePorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly hearing: Hearing;
  readonly say: Say;
  readonly verify: Verify;
  /** Public signing key of each voter. */
  readonly keys: Readonly<Record<string, string>>;
}

export type FenceResult =
  | { readonly kind: 'proven'; readonly proof: Extract<Proof, { kind: 'R2' | 'R3' }> }
  | { readonly kind: 'failed'; readonly attempts: { method: string; reason: string }[] };

/** A block of the life by a majority: from here on no majority can renew its lease. `answeredMs`: when the last answer came. */
export interface Block {
  readonly answers: BlockAnswer[];
  readonly answeredMs: number;
}

/** Asks until a majority of voters has blocked; rejects when `signal` aborts. */
export async function block(
  order: FenceOrder,
  { bus, clock, verify, keys, say }: FencePorts,
  signal: AbortSignal,
): Promise<Block> {
  const majority = majorityOf(order.voters.length);
  for (;;) {
    if (signal.aborted) throw new Error('no longer leading');
    const answers: BlockAnswer[] = [];
    await new Promise<void>((resolve) => {
      const asked = order.voters.map(async (voter) => {
        const message = { kind: 'block', host: order.host, counter: order.counter, epoch: order.epoch };
        const answer = await askVoter(voter, message, bus, order.times.heartbeatMs * 2);
        if (answer?.kind === 'refused') say.warn('block refused', { voter, host: order.host, reason: answer.reason });
        if (answer?.kind !== 'blocked') return;
        const said = answer.answer;
        const about =
          said.voter === voter &&
          said.host === order.host &&
          said.counter === order.counter &&
          said.epoch === order.epoch;
        // A certificate is only worth its signatures: an answer that is not this voter's own does not count.
        if (!about || !verify(keys[voter] ?? '', blockText(said), said.signature))
          return say.error('block answer is not genuine', { voter });
        answers.push(said);
        if (answers.length >= majority) resolve();
      });
      void Promise.all(asked).then(() => resolve());
    });
    if (answers.length >= majority) return { answers: answers.slice(0, majority), answeredMs: clock.now() };
    await pause(clock, order.times.heartbeatMs, signal);
  }
}

export async function fence(order: FenceOrder, ports: FencePorts, signal: AbortSignal): Promise<FenceResult> {
  const blocked = await block(order, ports, signal);
  const settled = linked(signal);
  const attempts: { method: string; reason: string }[] = [];

  const ways: Promise<Extract<Proof, { kind: 'R2' | 'R3' }>>[] = [
    cutByLevel(order, blocked, ports, settled.signal, (power, error) =>
      attempts.push({ method: power.method, reason: error.message }),
    ),
  ];
  if (order.selfFencing) ways.push(waitOut(blocked, ports, settled.signal));
  else
    attempts.push({
      method: 'lease',
      reason: 'this host has no working watchdog, so the end of its lease proves nothing',
    });
  if (order.switches.length === 0)
    attempts.push({ method: 'power', reason: 'no power switch is configured for this host' });

  try {
    return { kind: 'proven', proof: await Promise.any(ways) };
  } catch {
    if (signal.aborted) throw new Error('no longer leading');
    return { kind: 'failed', attempts };
  } finally {
    settled.abort();
  }
}

/** R3: after a majority has blocked, wait until the last promise among them has surely ended. */
async function waitOut(
  { answers, answeredMs }: Block,
  { clock }: FencePorts,
  signal: AbortSignal,
): Promise<Extract<Proof, { kind: 'R3' }>> {
  // r was read before the answer travelled, so counting it from the answer's arrival only waits longer. The factor
  // covers this clock running fast and the voter's running slow, each by ρ.
  const waitMs = Math.max(...answers.map(({ remainingMs }) => waitOutMs(remainingMs)));
  const untilMs = answeredMs + waitMs;
  while (clock.now() < untilMs) {
    if (signal.aborted) throw new Error('not needed any more');
    await pause(clock, untilMs - clock.now(), signal);
  }
  return { kind: 'R3', waitedMs: Math.round(waitMs), blockedBy: answers };
}

/**
 * The switches of one level side by side. The next level only when each of them has come to its end: what it cuts is
 * dearer (a BMC loses its power with the outlets), or shared, and two commands to one machine are never under way at once.
 */
async function cutByLevel(
  order: FenceOrder,
  blocked: Block,
  ports: FencePorts,
  signal: AbortSignal,
  failed: (power: PowerSwitch, error: Error) => void,
): Promise<Extract<Proof, { kind: 'R2' }>> {
  const levelOf = ({ level = 1 }: PowerSwitch) => level;
  const levels = [...new Set(order.switches.map(levelOf))].sort((one, other) => one - other);
  for (const level of levels) {
    const ways = order.switches
      .filter((power) => levelOf(power) === level)
      .map((power) =>
        cutPower(order, power, blocked, ports, signal).catch((error: Error) => {
          failed(power, error);
          throw error;
        }),
      );
    const proof = await Promise.any(ways).catch(() => null);
    if (proof) return proof;
  }
  throw new Error('no switch proved it off');
}

/** R2: off is commanded, unless the host is to be left alone, then read back twice, apart by what this switch is known to need, with silence from the host in between. */
async function cutPower(
  order: FenceOrder,
  power: PowerSwitch,
  { answers, answeredMs }: Block,
  { clock, hearing, say }: FencePorts,
  signal: AbortSignal,
): Promise<Extract<Proof, { kind: 'R2' }>> {
  if (signal.aborted || !order.wanted()) throw new Error('not needed any more');
  const off: Outcome = order.cutsPower ? await power.off() : { kind: 'succeeded', detail: 'left alone' };
  // The reply to the command proves nothing; only the readings do. A command that failed outright is worth no reading.
  if (off.kind === 'failed') throw new Error(off.reason);
  if (off.kind === 'unknown')
    say.warn('power off not acknowledged, reading the state', {
      host: order.host,
      method: power.method,
      reason: off.reason,
    });

  const readOff = async () => {
    const state = await power.status();
    if (state !== 'off')
      throw new Error(
        order.cutsPower
          ? `read back as ${state} after the off command`
          : `left alone in maintenance, and read as ${state}`,
      );
    return { state, atMs: Math.round(clock.now() - answeredMs) };
  };
  const first = await readOff();
  const firstMs = clock.now();
  await pause(clock, power.readingsApartMs, signal);
  const second = await readOff();
  const heardAgoMs = hearing.heardAgoMs(order.host);
  if (heardAgoMs !== null && heardAgoMs < clock.now() - firstMs) {
    throw new Error('the switch reads off, yet the host was heard: this switch is not to be trusted');
  }
  return {
    kind: 'R2',
    method: power.method,
    readings: [first, second],
    readingsApartMs: power.readingsApartMs,
    blockedBy: answers,
  };
}
