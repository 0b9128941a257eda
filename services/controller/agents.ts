/** Talking to agents: a command is sent again under the same intent until it is answered or its time is over. */
import { pause } from '../every.ts';
import type { Bus, Clock } from '../ports.ts';
import { addresses, type Command, type CommandAnswer, commandAnswerSchema } from '../protocol.ts';

const RESEND_MS = 2_000;

/** The agent's answer; `unknown` when there was none within `timeoutMs`. A lost reply is never a failure. */
export async function command(
  host: string,
  message: Command,
  timeoutMs: number,
  { bus, clock }: { bus: Bus; clock: Clock },
  signal: AbortSignal,
): Promise<CommandAnswer> {
  const deadline = clock.now() + timeoutMs;
  let last = 'no answer';
  while (!signal.aborted) {
    const leftMs = deadline - clock.now();
    if (leftMs <= 0) break;
    try {
      // An agent still at work answers the repeated command together with the first: it carries each out once.
      return commandAnswerSchema.parse(await bus.request(addresses.agent(host), message, Math.min(RESEND_MS, leftMs)));
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
      await pause(clock, Math.min(100, leftMs), signal);
    }
  }
  return { kind: 'unknown', reason: `agent of ${host}: ${last}` };
}
