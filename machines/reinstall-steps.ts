/** Which step of a reinstallation may follow on the present state: all others have no force (rejection.ts). */
import type { Entry, EntryOf } from './entries.ts';
import type { Fleet, JobStateName } from './fleet.ts';
import { unsafeToJoin } from './join.ts';
import { sameDisk } from './plan-disk.ts';
import { isUnderWay, isVetoable, modeOf, notReinstallable, reinstallHeld, unsafeToReinstall } from './reinstall.ts';
import { nameOf } from './sentences.ts';
import { get } from './table.ts';

type Step = Extract<Entry, { type: `reinstall.${string}` | 'host.enrolled' }>;
type StepOfBoot = Exclude<
  Step,
  EntryOf<
    | 'reinstall.requested'
    | 'reinstall.vetoed'
    | 'reinstall.armed'
    | 'reinstall.succeeded'
    | 'reinstall.failed'
    | 'reinstall.unknown'
  >
>;

/** States of the job in which each step is possible at all. */
const POSSIBLE: { readonly [T in StepOfBoot['type']]: readonly JobStateName[] } = {
  'reinstall.ticketed': ['armed', 'powered'],
  'reinstall.booted': ['armed', 'powered'],
  'reinstall.committed': ['booted'],
  'reinstall.sealed': ['committed'],
  'reinstall.left': ['booted', 'sealed'],
  'reinstall.aborted': ['armed', 'powered', 'booted', 'committed', 'sealed', 'first-boot'],
  'reinstall.replayed': ['armed', 'powered', 'booted', 'committed', 'sealed', 'first-boot'],
  'host.enrolled': ['sealed', 'first-boot', 'offered'],
};

/** A sentence, or null for a step with force. */
export function wrongStep(fleet: Fleet, entry: Step): string | null {
  const host = nameOf(entry.subject);
  const job = get(fleet.jobs, host);
  switch (entry.type) {
    case 'reinstall.succeeded':
    case 'reinstall.failed':
    case 'reinstall.unknown':
      return null;
    case 'reinstall.requested':
      return notReinstallable(fleet, host);
    case 'reinstall.armed': {
      if (get(fleet.intents, entry.data.job)?.subject !== entry.subject) return `${entry.data.job} is not pending`;
      if (isUnderWay(job) || job?.context.job === entry.data.job) return `${host} is being reinstalled already`;
      if (entry.data.mode !== modeOf(fleet, host)) return `${modeOf(fleet, host)} of ${host} was ordered`;
      return reinstallHeld(fleet, host);
    }
    case 'reinstall.vetoed':
      if (job?.context.job !== entry.data.job) return `${entry.data.job} is not the reinstallation of ${host}`;
      return isVetoable(job) ? null : `the reinstallation of ${host} is ${job.state}`;
    default:
      return wrongBoot(fleet, host, entry);
  }
}

function wrongBoot(fleet: Fleet, host: string, entry: StepOfBoot): string | null {
  const job = get(fleet.jobs, host);
  const { job: id, attempt } = entry.data;
  if (!job || job.context.job !== id || job.context.attempt !== attempt) return `try ${attempt} of ${id} is over`;
  if (!POSSIBLE[entry.type].includes(job.state)) return `the reinstallation of ${host} is ${job.state}`;
  const { token, disk, image, mode, enrolled } = job.context;
  switch (entry.type) {
    // Each of these is given out once: what a second one got would be in two hands.
    case 'reinstall.ticketed':
      return token === null ? unsafeToReinstall(fleet, host) : `its ticket of try ${attempt} was given out before`;
    case 'reinstall.booted':
      return token === null ? `no ticket of try ${attempt} was given out` : null;
    case 'host.enrolled':
      if (enrolled) return `${host} was enrolled before`;
      if (job.state === 'offered') return unsafeToJoin(fleet, host, entry);
      return entry.data.image === undefined ? `${host} was to be installed from an image` : null;
    case 'reinstall.committed': {
      if (mode !== 'install') return `${mode} writes nothing`;
      if (disk === null || !sameDisk(entry.data.disk, disk)) return 'it is not the disk of the plan';
      if (image?.manifest !== entry.data.manifest) return 'it is not the image of the plan';
      // The last moment: whatever has become of the host, of the brake or of a person's mind since it began counts here.
      return unsafeToReinstall(fleet, host);
    }
    case 'reinstall.left':
      return job.state === 'sealed' || mode !== 'install' ? null : `${host} has installed nothing`;
    default:
      return null;
  }
}
