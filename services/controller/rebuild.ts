/**
 * The last rung of a guest's ladder: a new disk from its image. It is made beside the old one, which nobody's instance ever
 * sees half of: it takes its place only under the next grant, right before the start (agent/commands.ts).
 */
import { place } from '../../machines/placement.ts';
import { nameOf } from '../../machines/sentences.ts';
import { REBUILD_MS } from '../agent/commands.ts';
import { command } from './agents.ts';
import type { ExecuteContext, ExecutePorts, Pending } from './execute.ts';
import { record } from './record.ts';

const ANSWER_MS = 30_000;

/** Does nothing while no host can; looked at again. */
export async function rebuildGuest(
  { id, subject, intent, cause }: Pending<'reinstall'>,
  context: ExecuteContext,
  ports: ExecutePorts,
): Promise<void> {
  const guest = nameOf(subject);
  const fleet = context.fleet();
  const rebuild = fleet.spec?.guests[guest]?.rebuild;
  const [where] = place(fleet, [
    { type: 'place', guest, purpose: 'relocation', avoid: [], prefer: intent.host || null },
  ]);
  if (!rebuild || !where || where.host === null) return;
  // Entries are never numbered alike twice, so this names one new disk for ever.
  const message = { kind: 'rebuild', epoch: context.epoch, intent: id, guest, token: cause, rebuild } as const;
  const answer = await command(where.host, message, REBUILD_MS + ANSWER_MS, ports, context.signal);
  if (answer.kind === 'refused') return;
  await record('reinstall', id, cause, subject, {}, answer, context);
}
