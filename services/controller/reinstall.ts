/** What a leader does about a pending reinstallation besides answering the machine (provision.ts): begin it, boot the machine, conclude it. */
import type { Draft } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import { imageFor, isUnderWay, jobOf, modeOf, reinstallHeld, unsafeToNetBoot } from '../../machines/reinstall.ts';
import { pause } from '../every.ts';
import type { ExecuteContext, ExecutePorts, Pending } from './execute.ts';
import { record } from './record.ts';

/** Begins the job, or writes down how it has ended. Called again whenever the state has changed. */
export async function reinstallHost(
  pending: Pending<'reinstall'>,
  context: ExecuteContext,
  ports: ExecutePorts,
): Promise<void> {
  const { id, intent, cause } = pending;
  const { host } = intent;
  const subject = `host/${host}`;
  const job = jobOf(context.fleet(), pending);
  if (isUnderWay(job)) return;
  if (!job) {
    await context.pen.write((fleet): Draft[] => {
      const image = imageFor(fleet, host);
      if (!fleet.intents[id] || jobOf(fleet, pending) || !image || reinstallHeld(fleet, host) !== null) return [];
      const mode = modeOf(fleet, host);
      return [{ type: 'reinstall.armed', subject, cause, data: { job: id, attempt: 1, mode, image } }];
    });
    return;
  }
  // Its last step, so that from the outcome every step before it is found.
  const { why, vetoed, mode, cause: last } = job.context;
  const conclude = (draft: Draft) => context.pen.write((fleet) => (fleet.intents[id] ? [draft] : []));
  if (job.state === 'accepted') {
    await conclude({ type: 'reinstall.succeeded', subject, cause: last, data: { intent: id, detail: mode } });
    return;
  }
  // Whatever stands on its disk now, nobody has tested it: it stays off. A person who said no may be standing before it.
  const off = vetoed ? null : await ports.power.off(host);
  const failed = off === null || off.outcome.kind === 'succeeded' || off.method === 'none';
  const reason = failed ? why : `${why}; and its power cannot be read back as off: ${reasonOf(off)}`;
  await conclude({
    type: failed ? 'reinstall.failed' : 'reinstall.unknown',
    subject,
    cause: last,
    data: { intent: id, reason },
  });
}

const reasonOf = ({ outcome }: { outcome: { kind: string; reason?: string } }) => outcome.reason ?? outcome.kind;

/**
 * A machine that asked for a network boot by itself asks again, and is answered now that it is armed: to cut its power would
 * only cost its self test, minutes on some. Firmware asks again after 4 and 12 s, and its boot loader takes some time.
 */
const ASKS_AGAIN_MS = 40_000;
const LOOK_MS = 250;

/** Sets the boot device and cycles the power, while the host is still to be booted and nothing speaks against it. */
export async function netBoot(
  { id, intent, cause }: Pending<'netboot'>,
  context: ExecuteContext,
  { power, boots, clock }: ExecutePorts,
): Promise<void> {
  const { host, job, attempt } = intent;
  const { fleet, signal } = context;
  const about = { job, attempt };
  const isOurs = (now: Fleet) => {
    const entity = now.jobs[host];
    return isUnderWay(entity) && entity!.context.job === job && entity!.context.attempt === attempt;
  };
  // By itself, or the leader before us has booted it and did not live to write it down. To cut its power now would cost this try.
  const hasMet = () => isOurs(fleet()) && fleet().jobs[host]!.context.token !== null;
  const asks = () => attempt === 1 && (boots.sinceMs(host) ?? ASKS_AGAIN_MS) < ASKS_AGAIN_MS && isOurs(fleet());
  while (asks() && !hasMet() && !signal.aborted) await pause(clock, LOOK_MS, signal);
  const answer = hasMet()
    ? { method: 'none', outcome: { kind: 'succeeded', detail: 'it has asked for its boot script' } as const }
    : await power.netBoot(
        host,
        fleet().spec?.hosts[host]?.machine?.firmware ?? 'uefi',
        () => isOurs(fleet()) && unsafeToNetBoot(fleet(), host) === null,
      );
  if (answer)
    await record('netboot', id, cause, `host/${host}`, { ...about, method: answer.method }, answer.outcome, context);
}
