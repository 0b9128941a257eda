/**
 * Answers machines under installation (services/provisioning.ts), on the state and for the leader alone. Each answer that
 * permits anything is given only after its entry is stored, and each entry is refused where it has no force
 * (machines/reinstall-steps.ts), so whoever leads next answers alike.
 */
import type { Draft } from '../../machines/entries.ts';
import { type Fleet, type JobEntity, knownLife } from '../../machines/fleet.ts';
import { planDisk, sameDisk } from '../../machines/plan-disk.ts';
import { isEnrolled, isUnderWay, unsafeToReinstall } from '../../machines/reinstall.ts';
import { sha256 } from '../../machines/reinstall-plan.ts';
import { wrongStep } from '../../machines/reinstall-steps.ts';
import { imageSources } from '../../machines/sources.ts';
import type { Clock, Enrolment, Say, Verify } from '../ports.ts';
import { type InstallAnswer, type InstallRequest, installRequestSchema, type Provision } from '../provisioning.ts';
import type { InstallWatch } from './install-watch.ts';
import type { Pen } from './pen.ts';

export interface ProvisionPorts {
  readonly clock: Clock;
  readonly say: Say;
  /** 256 random bits as text that a kernel's command line can carry. */
  readonly secret: () => string;
  /** Ed25519, with public key and signature in base64. */
  readonly verifyRaw: Verify;
  /** Null: this node can enrol nobody. */
  readonly enrolment: Enrolment | null;
}

type Of<K extends InstallRequest['kind']> = Extract<InstallRequest, { kind: K }>;
type Signed = Exclude<InstallRequest, Of<'boot'> | Of<'hello'>>;

/** A life that was leased, and ended before it registered, is known to voters alone. Nobody boots so often unheard. */
const LIVES_UNHEARD = 100;

const REPORT_LINES = 32;
const REPORT_CHARACTERS = 1_024;

const OK: InstallAnswer = { kind: 'ok' };
/** `stop`: this try is over. Otherwise the same may be asked again. */
const refused = (reason: string, stop: boolean): InstallAnswer => ({ kind: 'refused', reason, stop });

export function createProvisioning(
  pen: Pen,
  fleet: () => Fleet,
  watch: InstallWatch,
  { clock, say, secret, verifyRaw, enrolment }: ProvisionPorts,
): (message: Provision) => Promise<InstallAnswer> {
  /** Null: written, and with force. Otherwise why not. */
  const step = async (draft: Draft): Promise<string | null> => {
    let why: string | null = null;
    const seq = await pen.write((now) => {
      why = wrongStep(now, draft as Parameters<typeof wrongStep>[1]);
      return why === null ? [draft] : [];
    });
    return seq === null ? (why ?? 'the state has changed meanwhile') : null;
  };
  const about = (host: string) => ({
    subject: `host/${host}`,
    cause: fleet().jobs[host]?.context.cause ?? 'observation',
  });
  const boot = ({ context: { job, attempt } }: JobEntity) => ({ job, attempt });

  const planOf = ({ context }: JobEntity): InstallAnswer => {
    const { id: host, job, attempt, mode, image, disk } = context;
    const { spec, epoch } = fleet();
    if (!spec || !image || mode === 'join') return refused('the cluster file has changed', true);
    return {
      kind: 'plan',
      plan: {
        job,
        attempt,
        mode,
        host,
        cluster: spec.cluster,
        epoch,
        // A rescue writes nothing, so it needs none: all that there are become unwritable.
        disk: disk ?? { device: 'none', serial: null, wwn: null, bytes: 0 },
        image: { name: image.name, manifest: image.manifest },
        sources: imageSources(spec, host),
        wallMs: Math.round(clock.wall()),
      },
    };
  };

  const giveTicket = async ({ mac, uuid }: Of<'boot'>): Promise<InstallAnswer> => {
    const { jobs, spec } = fleet();
    const host = Object.keys(jobs).find((name) => {
      const machine = spec?.hosts[name]?.machine;
      if (!machine?.macs.includes(mac)) return false;
      return machine.uuid === undefined || uuid === null || uuid.toLowerCase() === machine.uuid;
    });
    const job = host === undefined ? undefined : jobs[host];
    // It boots from its disk at once: whoever just restarts a machine should not wait for us.
    const mode = job?.context.mode ?? 'join';
    if (host === undefined || !job || !isUnderWay(job) || mode === 'join')
      return refused('nothing is to be installed on this machine', true);
    const token = secret();
    const why = await step({
      type: 'reinstall.ticketed',
      ...about(host),
      data: { ...boot(job), mac, token: sha256(token) },
    });
    if (why !== null) return refused(why, false);
    return { kind: 'boot', ...boot(job), host, mode, token };
  };

  const welcome = async (request: Of<'hello'>, job: JobEntity): Promise<InstallAnswer> => {
    const { id: host, token, key, mode } = job.context;
    if (sha256(request.token) !== token) {
      say.warn('a ticket that was never given out', { host });
      return refused('this is not the ticket that was given out', true);
    }
    if (key === request.key) return planOf(job);
    if (key !== null) {
      // Two installers with one ticket: one of them has read it on the wire, and nobody can say which.
      say.error('a ticket was shown twice: somebody else has it', { host, job: job.context.job });
      const reason = 'its ticket was shown a second time, with another key';
      await step({ type: 'reinstall.replayed', ...about(host), data: { ...boot(job), reason } });
      return refused(reason, true);
    }
    const { inventory } = request;
    const { disk, why: chosen } = planDisk(fleet().spec!.hosts[host]!.machine!, inventory, null);
    const why = await step({
      type: 'reinstall.booted',
      ...about(host),
      data: { ...boot(job), key: request.key, inventory, disk, why: chosen },
    });
    if (why !== null) return refused(why, true);
    if (disk === null && mode !== 'rescue') return refused(chosen, true);
    const now = fleet().jobs[host]!;
    // Somebody with the same ticket was faster: this one is told at its next try.
    return now.context.key === request.key ? planOf(now) : refused('asked at the same time as another', false);
  };

  const commit = async ({ disk, manifest }: Of<'commit'>, job: JobEntity): Promise<InstallAnswer> => {
    const { id: host } = job.context;
    const go = (): InstallAnswer => ({ kind: 'go', ...boot(job), epoch: fleet().epoch, disk });
    if (job.state === 'committed') {
      // The answer was lost, and nothing is written yet, for it asks immediately before its first byte. So what has happened
      // since then counts as it would have the first time.
      const since = unsafeToReinstall(fleet(), host);
      const { disk: chosen, image } = job.context;
      const asked = chosen !== null && sameDisk(disk, chosen) && manifest === image?.manifest;
      if (!asked) return refused('it is not the disk and the image that it was given', true);
      return since === null ? go() : refused(since, false);
    }
    const why = await step({ type: 'reinstall.committed', ...about(host), data: { ...boot(job), disk, manifest } });
    // A freeze ends, a brake is released; what else there is ends the try by itself.
    return why === null ? go() : refused(why, false);
  };

  const enrol = async (request: Of<'enrol'>, job: JobEntity): Promise<InstallAnswer> => {
    const { id: host } = job.context;
    if (!enrolment) return refused('this node cannot enrol anybody', false);
    const { keys, image } = request;
    const given = await enrolment.certify(host, request.request);
    if (given.kind === 'failed') return refused(given.reason, false);
    // Its answer was lost, or the power was: the same keys get the same answer, until the host has registered with them.
    const again = isEnrolled(job) && sameKeys(fleet().enrolled[host], keys);
    const of = image === undefined ? {} : { image };
    const entry = { type: 'host.enrolled', ...about(host), data: { ...boot(job), keys, ...of } } as const;
    const why = again ? null : await step(entry);
    // A freeze ends, a brake is released; whatever else stands against a ticket has made it void.
    if (why !== null) return refused(why, job.state !== 'offered' || job.context.enrolled);
    // What was enrolled before, in vain, may have begun to count from there.
    const counter = knownLife(fleet().hosts[host]!.context) + LIVES_UNHEARD * job.context.attempt;
    return { kind: 'enrolled', certificate: given.certificate, files: { ...enrolment.files() }, counter };
  };

  const end = async (draft: Draft): Promise<InstallAnswer> => {
    const why = await step(draft);
    return why === null ? OK : refused(why, true);
  };

  const signed = async (request: Signed, job: JobEntity): Promise<InstallAnswer> => {
    const { id: host, mode } = job.context;
    const subject = about(host);
    switch (request.kind) {
      case 'commit':
        return commit(request, job);
      case 'progress':
        return OK;
      case 'sealed': {
        if (job.state === 'sealed') return OK;
        if (request.manifest !== job.context.image?.manifest) return refused('it is not the image of the plan', true);
        const { manifest, bytes, tookMs } = request;
        return end({ type: 'reinstall.sealed', ...subject, data: { ...boot(job), manifest, bytes, tookMs } });
      }
      case 'finished': {
        const report = Object.fromEntries(
          Object.entries(request.report)
            .slice(0, REPORT_LINES)
            .map(([key, value]) => [key, value.slice(0, REPORT_CHARACTERS)]),
        );
        return end({ type: 'reinstall.left', ...subject, data: { ...boot(job), how: 'finished', report } });
      }
      case 'bye': {
        // Said once more, or after all was said.
        if (job.state === 'first-boot' || job.state === 'accepted') return OK;
        const early = job.state !== 'sealed' && mode === 'install';
        return early
          ? end({ type: 'reinstall.aborted', ...subject, data: { ...boot(job), phase: job.state, reason: 'it left' } })
          : end({ type: 'reinstall.left', ...subject, data: { ...boot(job), how: request.how, report: {} } });
      }
      case 'failed': {
        const { phase, reason, log } = request;
        say.warn('the installer gave up', { host, phase, reason, log });
        return end({ type: 'reinstall.aborted', ...subject, data: { ...boot(job), phase, reason } });
      }
      case 'enrol':
        return enrol(request, job);
    }
  };

  return async ({ body, signature }) => {
    const request = parsed(body);
    if (!request) return refused('this request is not understood', true);
    if (request.kind === 'boot') return giveTicket(request);
    const job = Object.values(fleet().jobs).find(({ context }) => context.job === request.job);
    if (!job || job.context.attempt !== request.attempt || job.state === 'failed')
      return refused(job?.state === 'failed' ? job.context.why : 'this try is over', true);
    if (request.kind === 'hello') return welcome(request, job);
    const { key } = job.context;
    if (key === null || signature === null || !verifyRaw(key, body, signature))
      return refused('it is not signed by the installer of this try', true);
    if (!watch.heard(job, request)) return refused(`${request.n} was said before`, false);
    return signed(request, job);
  };
}

function sameKeys(known: Fleet['enrolled'][string] | undefined, keys: Of<'enrol'>['keys']): boolean {
  const { agent, voter, controller, node } = keys;
  return known?.agent === agent && known.voter === voter && known.controller === controller && known.node === node;
}

function parsed(body: string): InstallRequest | undefined {
  try {
    return installRequestSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
