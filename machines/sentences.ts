/** One plain sentence for every entry type: for the log, the live screen, explanations and the `why` of every state. */
import type { BlockAnswer, Entry, EntryOf, EntryType, Proof } from './entries.ts';

/** `3.2 s`, `45 s`, `12 min`, `250 ms`: as a person would say it. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** `a, b and 3 more`: never longer than a line. */
export function list(names: readonly string[], most = 5): string {
  if (names.length === 0) return 'none';
  if (names.length <= most) return names.join(', ');
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

/** `h3` of `host/h3`. */
export function nameOf(subject: string): string {
  return subject.slice(subject.indexOf('/') + 1);
}

const voters = (answers: readonly BlockAnswer[]) => list(answers.map((answer) => answer.voter));

export function proofSentence(proof: Proof): string {
  switch (proof.kind) {
    case 'R1':
      return `its agent saw nothing left running (${proof.how})`;
    case 'R2':
      return `power read off ${proof.readings.length} times, ${duration(proof.readingsApartMs)} apart (${proof.method})`;
    case 'R3':
      return `its lease ran out: ${voters(proof.blockedBy)} renew it no more and ${duration(proof.waitedMs)} were waited`;
    case 'R5':
      return `${proof.by} signed that it is off, having checked: ${proof.checked}`;
  }
}

const excluded = (refused: readonly { host: string; reason: string }[]) =>
  refused.length === 0 ? '' : ` (${list(refused.map((r) => `${r.host}: ${r.reason}`))})`;

/** Counted once, for this sentence is the `why` of every host and every guest. */
const sizes = new WeakMap<object, number>();
function sizeOf(table: object): number {
  const size = sizes.get(table) ?? Object.keys(table).length;
  sizes.set(table, size);
  return size;
}

type Sentences = { readonly [T in EntryType]: (data: EntryOf<T>['data'], name: string) => string };

const sentences: Sentences = {
  'cluster.configured': (d) =>
    `cluster ${d.spec.cluster} configured: ${sizeOf(d.spec.hosts)} hosts, ` +
    `${sizeOf(d.spec.guests)} guests, profile ${d.spec.profile}`,
  'cluster.frozen': (d) => `frozen by ${d.by}: ${d.reason}`,
  'cluster.thawed': (d) => `thawed by ${d.by}`,
  'leader.elected': (d) => `${d.node} leads`,
  'leases.reported': (d) =>
    `voters have leased lives that this log does not know: ${list(Object.entries(d.lives).map(([host, life]) => `${host} life ${life}`))}`,
  'brake.applied': (d) =>
    `storm brake on: ${d.silent.length} of ${d.of} hosts fell silent (${list(d.silent)}); nothing is fenced by itself`,
  'brake.released': (d) => `storm brake released by ${d.by}`,
  'headroom.changed': (d) => (d.survivable ? `headroom: ${d.why}` : `no headroom: ${d.why}`),
  'log.loss-detected': (d) => `the log lost entries ${d.from} to ${d.to}; the journal of ${d.journal} still has them`,
  'log.fork-detected': (d) =>
    `the log forked at entry ${d.seq}: ${d.ours.slice(0, 8)} here, ${d.theirs.slice(0, 8)} there`,
  'image.published': (d) => `${d.by} published image ${d.name} version ${d.version} (${d.manifest.slice(0, 12)})`,
  'timer.fired': (d, n) => {
    const late = LATE[d.timer.slice(d.timer.lastIndexOf('/') + 1)];
    return late ? late(n) : `time is up for ${d.timer}`;
  },

  'host.joined': (d, h) => `${h} registered as life ${d.incarnation.counter} with ${instances(d.instances.length)}`,
  'host.surveyed': (d, h) =>
    `${h} answered the survey as life ${d.incarnation.counter} with ${instances(d.instances.length)}`,
  'host.suspected': (d, h) => `${h} has been silent for ${duration(d.silentMs)} towards ${unheard(d.witnesses)}`,
  'host.cleared': (d, h) => `${h} is heard again: ${d.why}`,
  'host.degraded': (d, h) => `${d.what} on ${h} is in trouble: ${d.reason}`,
  'host.restored': (d, h) => `${d.what} on ${h} works again`,
  'host.quiesced': (d, h) => `${h} paused its guests for ${duration(d.pausedMs)} because its lease was ending`,
  'fence.requested': (d, h) => `${d.by} asked to fence ${h}: ${d.reason}`,
  'fence.proven': (d, h) => `${h} is proven stopped (${d.proof.kind}): ${proofSentence(d.proof)}`,
  'fence.failed': (d, h) => `${h} cannot be proven stopped: ${list(d.attempts.map((a) => `${a.method}: ${a.reason}`))}`,
  'maintenance.started': (d, h) => `${d.by} put ${h} into maintenance${d.drain ? ', to be emptied' : ''}`,
  'maintenance.ended': (d, h) => `${d.by} ended the maintenance of ${h}`,
  'drain.changed': (d, h) =>
    d.keeps.length === 0
      ? `nothing is left on ${h}`
      : `${h} cannot be emptied: ${d.keeps
          .slice(0, 5)
          .map(({ guest, code, reason }) => `${guest} stays (${code}), ${reason}`)
          .join('; ')}${d.keeps.length > 5 ? `; and ${d.keeps.length - 5} more` : ''}`,
  'spare.called': (d, h) => `${h}, a spare, is needed by ${list(d.guests)}: ${d.why}`,
  'power-on.succeeded': (d, h) => `${h} was switched on (${d.method})`,
  'power-on.failed': (d, h) => `${h} could not be switched on (${d.method}): ${d.reason}`,
  'power-on.unknown': (d, h) => `it is not known whether ${h} was switched on (${d.method}): ${d.reason}`,
  'boot.fallen-through': (d, h) =>
    `${h} found nothing to start on its disk: it asked ${d.by} for a network boot (${d.mac})`,
  'repair.succeeded': (d, h) => `${d.what} on ${h} was restarted`,
  'repair.failed': (d, h) => `${d.what} on ${h} could not be restarted: ${d.reason}`,
  'repair.unknown': (d, h) => `it is not known whether ${d.what} on ${h} was restarted: ${d.reason}`,
  'reinstall.requested': (d, h) => `${d.by} asked for ${WORK[d.mode]} of ${h}: ${d.reason}`,
  'reinstall.vetoed': (d, h) => `${d.by} stopped the reinstallation of ${h}`,
  'reinstall.armed': (d, h) => `${WORK[d.mode]} of ${h} begins, with image ${d.image.name} version ${d.image.version}`,
  'netboot.succeeded': (d, h) => `${h} is being booted from the network, try ${d.attempt} (${d.method})`,
  'netboot.failed': (d, h) => `${h} could not be booted from the network, try ${d.attempt} (${d.method}): ${d.reason}`,
  'netboot.unknown': (d, h) =>
    `it is not known whether ${h} is being booted from the network, try ${d.attempt} (${d.method}): ${d.reason}`,
  'reinstall.ticketed': (d, h) =>
    `${h} asked for its boot script (${d.mac}) and was given the ticket of try ${d.attempt}`,
  'reinstall.booted': (d, h) =>
    d.disk === null
      ? `the installer runs on ${h} and may write nothing: ${d.why}`
      : `the installer runs on ${h}; to be written: ${d.disk.device}${d.disk.serial ? `, serial ${d.disk.serial}` : ''} (${d.why})`,
  'reinstall.committed': (d, h) =>
    `the installer may write disk ${d.disk.serial ?? d.disk.wwn} of ${h} from now on, image ${d.manifest.slice(0, 12)}`,
  'reinstall.sealed': (d, h) =>
    `${h} is written and verified: ${Math.round(d.bytes / 2 ** 20)} MiB in ${duration(d.tookMs)}`,
  'reinstall.left': (d, h) => `the installer left ${h}: ${LEFT[d.how]}`,
  'reinstall.aborted': (d, h) => `try ${d.attempt} to install ${h} is over (${d.phase}): ${d.reason}`,
  'reinstall.replayed': (d, h) => `ALARM: somebody else holds the ticket of ${h}, try ${d.attempt}: ${d.reason}`,
  'reinstall.succeeded': (d, n) => {
    if (d.detail === 'dry-run' || d.detail === 'rescue') return `${WORK[d.detail]} of ${n} is done`;
    return d.detail === 'install' || d.detail === '' ? `${n} was reinstalled` : `${n} was reinstalled: ${d.detail}`;
  },
  'reinstall.failed': (d, n) => `${n} could not be reinstalled: ${d.reason}`,
  'reinstall.unknown': (d, n) => `it is not known whether ${n} was reinstalled: ${d.reason}`,

  'join.offered': (d, h) => `${d.by} took a ticket for ${h} to join, good for ${duration(d.withinMs)}: ${d.reason}`,
  'host.enrolled': (d, h) =>
    `${h} was enrolled with new keys, installed ${d.image === undefined ? 'by hand' : `from ${d.image.slice(0, 12)}`}`,
  'qualify.succeeded': (d, h) => `${h} passed its test${d.detail === '' ? '' : `: ${d.detail}`}`,
  'qualify.failed': (d, h) => `${h} failed its test: ${d.reason}`,
  'qualify.unknown': (d, h) => `it is not known whether ${h} passed its test: ${d.reason}`,

  'guest.crashed': (d, g) =>
    `${g} on ${d.host} ${crash[d.cause]}${d.gone ? ', nothing of it is left' : ''}: ${d.detail}`,
  'guest.hung': (d, g) => `${g} on ${d.host} does not answer (${d.probe}): ${d.detail}`,
  'guest.healthy': (d, g) => `${g} on ${d.host} answers (${d.probe})`,
  'guest.paused': (d, g) => `${g} on ${d.host} is paused: ${d.why}`,
  'guest.resumed': (d, g) => `${g} on ${d.host} runs on`,
  'guest.adopted': (d, g) => `${g} was found running on ${d.host} and taken over: ${d.why}`,
  'guest.duplicated': (d, g) => `${g} was found on more than one host: ${list(d.hosts)}`,
  'guest.ordered': (d, g) => `${d.by} wants ${g} ${d.desired}`,
  'guest.migration-requested': (d, g) =>
    d.drains === undefined
      ? `${d.by} wants ${g} moved ${d.to === null ? 'elsewhere' : `to ${d.to}`}`
      : `${g} is to leave ${d.drains}, which ${d.by} wants emptied`,
  'guest.granted': (d, g) => `placed ${g} on ${d.host}: ${d.why}${released(d.release)}`,
  'guest.unplaced': (d, g) => `no host for ${g}: ${d.why}${excluded(d.refused)}`,
  'start.succeeded': (d, g) => `${g} runs on ${d.host}`,
  'start.failed': (d, g) =>
    `${g} did not start on ${d.host}${d.lacks ? `, which does not reach its ${d.lacks}` : ''}: ${d.reason}`,
  'start.unknown': (d, g) => `it is not known whether ${g} started on ${d.host}: ${d.reason}`,
  'stop.succeeded': (d, g) => `${g} was stopped on ${d.host} and seen gone`,
  'stop.failed': (d, g) => `${g} could not be stopped on ${d.host}: ${d.reason}`,
  'stop.unknown': (d, g) => `it is not known whether ${g} stopped on ${d.host}: ${d.reason}`,
  'migration.succeeded': (d, g) => `${g} moved from ${d.from} to ${d.to}`,
  'migration.failed': (d, g) => `${g} did not move from ${d.from} to ${d.to}: ${d.reason}`,
  'migration.unknown': (d, g) => `it is not known whether ${g} moved from ${d.from} to ${d.to}: ${d.reason}`,
};

const WORK = { install: 'the reinstallation', 'dry-run': 'a dry run', rescue: 'a rescue' } as const;

/** Timers whose end says something in itself. */
const LATE: Readonly<Record<string, (host: string) => string>> = {
  drain: (h) => `guests that did not leave ${h} are tried again`,
  announce: (h) => `nobody stopped the reinstallation of ${h} in time`,
  'network-boot': (h) => `${h} did not go on to the installer in time`,
  install: (h) => `the installer on ${h} was not done in time`,
  'first-boot': (h) => `what was installed on ${h} did not register in time`,
  join: (h) => `${h} did not join in time`,
};

const LEFT = {
  kexec: 'it starts what it installed',
  reboot: 'it reboots',
  'power-off': 'it switches off',
  finished: 'its work is done',
} as const;

const crash = {
  'process-died': 'lost its QEMU process',
  panicked: 'panicked',
  'shut-down': 'shut itself down',
  destroyed: 'was destroyed from outside',
  quit: 'was ended there for want of a lease',
} as const;

const instances = (count: number) =>
  count === 0 ? 'no guests running' : `${count} ${count === 1 ? 'guest' : 'guests'} running`;

const unheard = (witnesses: EntryOf<'host.suspected'>['data']['witnesses']) =>
  witnesses.length === 0 ? 'the voters' : list(witnesses.map((witness) => witness.voter));

const released = (release: EntryOf<'guest.granted'>['data']['release']) =>
  release.kind === 'none' ? '' : `; its former grant is released by ${release.kind} (entry ${release.entry})`;

export function sentence(entry: Entry): string {
  const say = sentences[entry.type] as (data: Entry['data'], name: string) => string;
  return say(entry.data, nameOf(entry.subject));
}
