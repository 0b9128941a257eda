/** What is checked, in which bounds, and how each of its rules is broken on purpose to see that the check would notice. */
import { electionWorld } from './election-world.ts';
import type { Limits, Result, World } from './explore.ts';
import { explore } from './explore.ts';
import type { GrantBounds, GrantFlaws } from './grant-state.ts';
import { grantWorld } from './grant-world.ts';
import { type HostFlaws, hostWorld } from './host-world.ts';
import { type LeaseBounds, type LeaseFlaws, leaseWorld } from './lease-world.ts';
import type { VoterFlaws } from './voter.ts';

export type CheckName = 'lease' | 'election' | 'host' | 'grants';

export interface Check {
  readonly check: CheckName;
  /** The bounds, for people. */
  readonly bounds: string;
  run(limits: Limits): Result;
}

export interface Variant extends Check {
  readonly name: string;
  /** What is done wrong. */
  readonly breaks: string;
}

const check = <S extends object>(name: CheckName, bounds: string, world: () => World<S>): Check => ({
  check: name,
  bounds,
  run: (limits) => explore(world(), limits),
});

const lease = ({ leaseTicks, renewals, lives }: LeaseBounds) =>
  check(
    'lease',
    `a promise of ${leaseTicks} ticks, ${renewals} renewal${renewals === 1 ? '' : 's'} under way, ${lives} ${lives === 1 ? 'life' : 'lives'}`,
    () => leaseWorld({ leaseTicks, renewals, lives }),
  );
const election = check('election', '2 candidates, 3 epochs', () => electionWorld());
const host = check('host', '1 guest', () => hostWorld());

const count = (n: number, one: string, many: string) => (n === 0 ? [] : [`${n} ${n === 1 ? one : many}`]);
const grantText = ({ entries, crashes, restarts, incidents, suspicions, lost, lives }: GrantBounds) =>
  [
    `${entries} entries`,
    ...(lost > 0 ? [`one loss of up to ${lost} of them`] : []),
    ...count(crashes, 'power loss', 'power losses'),
    ...count(restarts, 'restart of a daemon', 'restarts of a daemon'),
    ...count(incidents, 'incident', 'incidents'),
    ...count(suspicions, 'suspicion', 'suspicions'),
    ...count(lives, 'life per host', 'lives per host'),
  ].join(', ');
const grants = (bounds: GrantBounds) => check('grants', grantText(bounds), () => grantWorld(bounds));
const none = { entries: 8, crashes: 0, restarts: 0, incidents: 0, suspicions: 0, lost: 0, lives: 1 };

/** A few seconds: for the tests. */
export const SMALL: readonly Check[] = [
  host,
  lease({ leaseTicks: 1, renewals: 1, lives: 1 }),
  grants({ ...none, entries: 6, suspicions: 1, lost: 1 }),
];

/** Minutes, below 2 GB of memory. */
export const FULL: readonly Check[] = [
  host,
  election,
  lease({ leaseTicks: 2, renewals: 1, lives: 2 }),
  lease({ leaseTicks: 2, renewals: 2, lives: 1 }),
  grants({ ...none, suspicions: 1, lost: 2, lives: 2 }),
  grants({ ...none, incidents: 1, lost: 3 }),
  grants({ ...none, restarts: 1, incidents: 1 }),
  grants({ ...none, restarts: 1, suspicions: 1, lives: 2 }),
  grants({ ...none, crashes: 1, suspicions: 1, lives: 2 }),
  grants({ ...none, crashes: 1, suspicions: 1, lost: 2, lives: 2 }),
];

const leaseVariant = (name: string, breaks: string, flaws: LeaseFlaws): Variant => ({
  name,
  breaks,
  ...check('lease', 'a promise of 2 ticks, 1 renewal under way, 2 lives', () =>
    leaseWorld({ leaseTicks: 2, renewals: 1, lives: 2 }, flaws),
  ),
});
const electionVariant = (name: string, breaks: string, flaws: VoterFlaws): Variant => ({
  name,
  breaks,
  ...check('election', election.bounds, () => electionWorld(flaws)),
});
const hostVariant = (name: string, breaks: string, flaws: HostFlaws): Variant => ({
  name,
  breaks,
  ...check('host', host.bounds, () => hostWorld(flaws)),
});
const grantVariant = (name: string, breaks: string, flaws: GrantFlaws, more: Partial<GrantBounds>): Variant => ({
  name,
  breaks,
  ...check('grants', grantText({ ...none, ...more }), () => grantWorld({ ...none, ...more }, flaws)),
});

export const VARIANTS: readonly Variant[] = [
  leaseVariant('no-restart-wait', 'a restarted voter reports only what it remembers', { noRestartWait: true }),
  leaseVariant('lease-from-answer', 'a lease is counted from its answer, not from its sending', {
    leaseFromAnswer: true,
  }),
  leaseVariant('no-drift-margin', 'a lease lasts as long as a promise', { noDriftMargin: true }),
  leaseVariant('no-wait-margin', 'the leader waits r, not r(1 + 3ρ)', { noWaitMargin: true }),
  leaseVariant('no-wait', 'the blocks of a majority are proof at once', { noWait: true }),
  leaseVariant('block-forgotten', 'a block is gone when its voter restarts', { forgetsBlock: true }),
  leaseVariant('blocked-renewed', 'a voter renews a life that it has blocked', { renewsBlocked: true }),
  leaseVariant('one-voter-certificate', "one voter's block is a certificate", { oneVoterCertificate: true }),
  electionVariant('voter-epoch-forgotten', 'an epoch is gone when its voter restarts', { forgetsEpoch: true }),
  electionVariant('epoch-promised-twice', 'a voter promises an epoch that it has promised', {
    promisesEpochTwice: true,
  }),
  hostVariant('resume-without-lease', 'a paused guest is resumed without a new lease', { resumesWithoutLease: true }),
  hostVariant('stale-sight', 'what was seen before guests were resumed still lets the petter go on', {
    staleSight: true,
  }),
  hostVariant('resume-uncounted', 'a resume under way does not keep the petter from going on', {
    resumeUncounted: true,
  }),
  hostVariant('start-uncounted', 'a start under way does not keep the petter from going on', { startUncounted: true }),
  hostVariant('start-while-pausing', 'starts are begun while guests are being paused', { startsWhilePausing: true }),
  hostVariant('pet-until-end', 'the petter pets until the end of the lease, not W + δ before it', {
    petsUntilLeaseEnd: true,
  }),
  hostVariant('late-answers', 'answers count however long after their renewal they come', { listensForEver: true }),
  grantVariant(
    'fence-without-wait',
    'a block is proof though the lease stands',
    { proofWithoutWait: true },
    { suspicions: 1 },
  ),
  grantVariant(
    'lease-for-blocked',
    'a life that is proven stopped gets a lease again',
    { leaseForBlocked: true },
    { suspicions: 1 },
  ),
  grantVariant(
    'no-survey',
    'a new leader starts guests before every host has answered',
    { noSurvey: true },
    { lost: 1 },
  ),
  grantVariant(
    'survey-without-epoch',
    'an agent answers the survey and does not keep its epoch',
    { surveyWithoutEpoch: true },
    { lost: 2 },
  ),
  grantVariant(
    'survey-without-starts',
    'a start under way is not listed',
    { surveyWithoutStarting: true },
    { lost: 2 },
  ),
  grantVariant(
    'agent-epoch-forgotten',
    "an agent's epoch is gone when its daemon restarts",
    { forgetsEpoch: true },
    { restarts: 1, lost: 2 },
  ),
  grantVariant(
    'old-epoch-obeyed',
    'an agent obeys a leader older than one it obeyed',
    { obeysOldEpoch: true },
    { lost: 2 },
  ),
  grantVariant(
    'token-used-twice',
    'a start is obeyed again after its grant was given back',
    { usesTokensTwice: true },
    { incidents: 2 },
  ),
  grantVariant(
    'failed-stop',
    'a stop that failed is taken for one that succeeded',
    { failedStopIsStopped: true },
    { incidents: 2 },
  ),
  grantVariant(
    'unknown-start',
    'a start whose answer was lost is taken for one that failed',
    { unknownStartIsFailed: true },
    { incidents: 1 },
  ),
  grantVariant(
    'held-grant-failed',
    'an agent without a lease says that a start failed which an earlier daemon may have carried out',
    { failsWhatItHolds: true },
    { restarts: 1 },
  ),
  grantVariant(
    'no-lives',
    'a new leader does not heed which lives the voters have leased',
    { noLives: true },
    { suspicions: 1, lost: 2, lives: 2 },
  ),
  grantVariant(
    'registered-from-the-past',
    'a leader takes for a registration what a host told an earlier leader',
    { takesOldAnswers: true },
    { suspicions: 1, lost: 2, lives: 2 },
  ),
  grantVariant(
    'leased-under-any-epoch',
    'a voter leases a new life to an agent that may still obey an older leader than the voter does',
    { leasesAnyEpoch: true },
    { suspicions: 1, lost: 2, lives: 2 },
  ),
];
