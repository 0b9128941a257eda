/**
 * The reinstallation of one host, from the order to the registration of what was installed, as a table
 * (docs/decisions/0016). It stands beside the host (host.ts), and is over when the host's intent `reinstall` is.
 *
 * Nothing here decides whether a disk may be written: that is asked of the state at the very entry (reinstall.ts).
 */
import { job, newJob } from './job-parts.ts';

const note = (then = '') => ({ type: 'note', params: { then } }) as const;
const timer = (name: string) => ({ type: 'timer', params: { name } }) as const;
const disarm = (name: string) => ({ type: 'disarm', params: { name } }) as const;
const arm = (name: 'network-boot' | 'install' | 'first-boot') => ({ type: 'arm', params: { name } }) as const;

const again = { target: 'armed', reenter: true, actions: ['again', note('it is tried once more')] } as const;
const noTryLeft = { target: 'failed', actions: note('no try is left') } as const;
/** This try is over. The next begins with a new ticket and a new power cycle. */
const over = [{ guard: 'triesLeft', ...again }, noTryLeft] as const;
const late = (name: string) =>
  [
    { guard: { type: 'lateTry', params: { name } }, ...again },
    { guard: timer(name), ...noTryLeft },
  ] as const;

const ends = { 'reinstall.aborted': over, 'reinstall.replayed': over } as const;
const vetoed = { 'reinstall.vetoed': { target: 'failed', actions: ['veto', note()] } } as const;

/** The host is taken for something else: most likely it came back by itself, as a life of its own. */
const lost = { guard: 'hostLeft', target: 'failed', actions: note('so it is not installed') } as const;
const heard = { 'host.joined': lost, 'host.surveyed': lost, 'host.cleared': lost, 'leases.reported': lost } as const;
/** Enrolled with the key that only the installer of this try had, and registered. */
const accepted = { guard: 'accepted', target: 'accepted', actions: note('its reinstallation has succeeded') } as const;

const booted = [
  { guard: 'nothingToWrite', target: 'failed', actions: ['boot', note('a person decides')] },
  { target: 'booted', actions: ['boot', note()] },
] as const;

/** The disk holds the new system, whole. */
const starts = {
  ...ends,
  ...heard,
  'host.joined': [accepted, lost],
  'host.enrolled': { actions: ['enrol', note()] },
  'timer.fired': late('first-boot'),
} as const;

/** A person's part (join.ts): whatever becomes of it, nothing is done to the machine. */
const joins = [
  { guard: 'accepted', target: 'accepted', actions: note('it has joined') },
  { target: 'failed', actions: note('its ticket is void') },
] as const;
const joining = {
  entry: 'armJoin',
  on: {
    'host.joined': joins,
    'host.surveyed': joins,
    // Of the machine that was enrolled, when its leader died before it registered: its survey tells.
    'leases.reported': { guard: 'strangerLeft', target: 'failed', actions: note('its ticket is void') },
    'host.enrolled': { actions: ['enrol', 'armJoin', note('it is expected to register')] },
    'timer.fired': { guard: timer('join'), target: 'failed', actions: note() },
  },
  exit: disarm('join'),
} as const;

export const jobMachine = job.createMachine({
  id: 'job',
  context: ({ input }) => newJob(input?.id ?? ''),
  initial: 'announced',
  on: {
    'reinstall.requested': { target: '.announced', actions: ['request', note('it begins unless it is vetoed')] },
    'reinstall.armed': { target: '.armed', reenter: true, actions: ['begin', note()] },
    'join.offered': { target: '.offered', reenter: true, actions: ['offer', note()] },
  },
  states: {
    announced: {
      entry: 'armAnnounce',
      on: {
        ...vetoed,
        'timer.fired': [
          { guard: 'hostTaken', target: 'waiting', actions: note('it begins when nothing holds it back') },
          { guard: timer('announce'), target: 'failed', actions: note('the host is in use again') },
        ],
      },
      exit: disarm('announce'),
    },
    waiting: { on: { ...vetoed, ...heard } },
    armed: {
      entry: 'netboot',
      on: {
        ...ends,
        ...heard,
        ...vetoed,
        'netboot.succeeded': { target: 'powered', actions: ['power', note()] },
        'netboot.failed': [{ guard: 'triesLeft', actions: ['again', 'armRetry', note('after a pause')] }, noTryLeft],
        'netboot.unknown': [{ guard: 'triesLeft', actions: ['again', 'armRetry', note('after a pause')] }, noTryLeft],
        'timer.fired': { guard: timer('netboot'), actions: 'netboot' },
        'reinstall.ticketed': { actions: ['ticket', note()] },
        'reinstall.booted': booted,
      },
      exit: [{ type: 'withdraw', params: { intent: 'netboot' } }, disarm('netboot')],
    },
    powered: {
      entry: 'armBoot',
      on: {
        ...ends,
        ...heard,
        ...vetoed,
        'timer.fired': late('network-boot'),
        'reinstall.ticketed': { actions: ['ticket', arm('network-boot'), note()] },
        'reinstall.booted': booted,
      },
      exit: disarm('network-boot'),
    },
    booted: {
      entry: arm('install'),
      on: {
        ...ends,
        ...heard,
        ...vetoed,
        'timer.fired': late('install'),
        'reinstall.committed': { target: 'committed', actions: note() },
        'reinstall.left': [{ guard: 'onlyLooks', target: 'accepted', actions: note() }, ...over],
      },
      exit: disarm('install'),
    },
    committed: {
      entry: arm('install'),
      on: {
        ...ends,
        ...heard,
        'timer.fired': late('install'),
        'reinstall.sealed': { target: 'sealed', actions: note() },
      },
      exit: disarm('install'),
    },
    sealed: {
      entry: arm('first-boot'),
      on: { ...starts, 'reinstall.left': { target: 'first-boot', actions: note() } },
      exit: disarm('first-boot'),
    },
    'first-boot': { entry: arm('first-boot'), on: starts, exit: disarm('first-boot') },
    offered: joining,
    accepted: {},
    failed: {},
  },
});
