/** The folded state: everything the engine believes, as plain JSON. Made only by `apply` (fold.ts). */
import type { EntryData, Incarnation, Proof } from './entries.ts';
import type { ArmedTimer, PendingIntent } from './intents.ts';
import type { Mode, Target } from './machine-facts.ts';
import type { ClusterSpec } from './spec.ts';

/** What each state of a host means to a person. */
export const HOST_STATES = {
  joining: 'known from the cluster file, never heard of',
  running: 'renews its lease and may run guests',
  suspect: 'silent towards a majority of voters',
  fencing: 'being proven unable to write',
  blocked: 'cannot be proven stopped; a person is asked',
  fenced: 'proven unable to write',
  restarting: 'fenced, its power is being switched on again',
  rejoining: 'powered on, expected to register',
  reinstalling: 'being installed from nothing',
  qualifying: 'installed and registered, being tested before it gets guests',
  draining: 'to be emptied: no guest is placed there any more',
  maintenance: 'kept free of guests by a person',
  quarantined: 'failed too often; a person decides',
  failed: 'all remedies used up',
  spare: 'given back and switched off until its room is needed',
} as const;
export type HostStateName = keyof typeof HOST_STATES;

/** What each state of a guest means to a person. */
export const GUEST_STATES = {
  stopped: 'not wanted running, and proven not to run',
  running: 'observed running under its grant',
  suspect: 'its host is silent, or its health is in doubt',
  stopping: 'being stopped and seen gone',
  restarting: 'being started again on the same host',
  relocating: 'being started on a host chosen anew',
  reinstalling: 'a new disk is being made for it',
  installing: 'being installed from the network, under its grant',
  migrating: 'moving alive; both ends share one grant',
  blocked: 'cannot be started now; the reason is beside it',
  frozen: 'left alone after something impossible was seen',
  failed: 'all remedies used up',
} as const;
export type GuestStateName = keyof typeof GUEST_STATES;

/** What each state of a reinstallation means to a person. */
export const JOB_STATES = {
  announced: 'ordered by a person; may be vetoed',
  waiting: 'waits for what holds it back',
  armed: 'to be booted from the network',
  powered: 'switched on, expected to ask for its boot script',
  booted: 'the installer runs; nothing was written',
  committed: 'its disk is being written',
  sealed: 'written and verified',
  'first-boot': 'starting what was installed',
  offered: 'a person makes a machine this host, by a ticket',
  accepted: 'done',
  failed: 'over; the reason is beside it',
} as const;
export type JobStateName = keyof typeof JOB_STATES;

export interface JobContext {
  /** The host. */
  readonly id: string;
  /** Id of the intent; before there is one, of the entry that asked for it. */
  readonly job: string;
  /** Network boots begun, this one included. */
  readonly attempt: number;
  /** `join`: nothing is installed and no power touched, a person brings the machine (join.ts). */
  readonly mode: Mode | 'join';
  readonly image: { readonly name: string; readonly version: number; readonly manifest: string } | null;
  /** Of this attempt: SHA-256 of the token given out, the installer's public key, the disk that its plan names. */
  readonly token: string | null;
  readonly key: string | null;
  readonly disk: Target | null;
  readonly enrolled: boolean;
  readonly vetoed: boolean;
  readonly poweredAtMs: number | null;
  /** The last network boots of this host, power on to boot script. */
  readonly bootMs: readonly number[];
  readonly why: string;
  readonly cause: string;
}

export interface HostContext {
  readonly id: string;
  /** Last registered life; null before the first. */
  readonly incarnation: Incarnation | null;
  /** Highest life that voters were reported to have leased, whether or not it has registered; −1 when none was. */
  readonly leased: number;
  readonly selfFencing: boolean;
  readonly watchdog: string;
  /** Epoch in which this host last answered a survey or registered. */
  readonly surveyedEpoch: number;
  /** Set while the host is proven unable to write: proof, for which life, by which entry. Cleared when it registers again. */
  readonly fence: { readonly counter: number; readonly proof: Proof; readonly entry: string } | null;
  /** Open troubles that do not cost the host its guests: `libvirt` and the like, with the reason. */
  readonly degraded: Readonly<Record<string, string>>;
  readonly maintenance: boolean;
  /** While its maintenance asks for it to be emptied: by which entry and person. Absent otherwise, as in every older log. */
  readonly drain?:
    | {
        readonly entry: string;
        readonly by: string;
        /** Guest to how often it was asked to leave, and the hosts that it then did not reach. */
        readonly tries: Readonly<Record<string, { readonly asked: number; readonly failed: readonly string[] }>>;
        /** What was last written down as keeping guests there. */
        readonly keeps: EntryData<'drain.changed'>['keeps'];
      }
    | undefined;
  /** Guests for which this spare was called, until it is in service or its first try has failed. Absent otherwise, as in every older log. */
  readonly called?: readonly string[] | undefined;
  /** Rung of the ladder: entry times (epoch ms) of the tries spent on each. */
  readonly tries: {
    readonly repair: readonly number[];
    readonly powerCycle: readonly number[];
    /** Power-ons in a row that did not succeed. */
    readonly powerOn: readonly number[];
    readonly reinstall: readonly number[];
  };
  /** A person has ordered its reinstallation, and the time for a veto is over. */
  readonly ordered: boolean;
  /** Tests it has failed since it was installed; null: it needs none. */
  readonly untested: number | null;
  /** Entry time of the last suspicion and its silence; null when none is open. */
  readonly suspectedAtMs: number | null;
  /** One sentence: why it is in this state. And the entry that said so. */
  readonly why: string;
  readonly cause: string;
}

/** The latest life this host is known to have begun; −1 when it was never heard of. */
export const latestLife = ({ incarnation, leased }: Pick<HostContext, 'incarnation' | 'leased'>): number =>
  Math.max(incarnation?.counter ?? -1, leased);

/** The latest life whose doings the log knows: it has registered, or is proven stopped. */
export const knownLife = (context: HostContext): number => Math.max(latestLife(context), context.fence?.counter ?? -1);

/** The right to run a guest. `token` is the id of the granting entry. */
export interface Grant {
  readonly host: string;
  readonly counter: number;
  readonly token: string;
}

export interface Release {
  readonly kind: 'R1' | 'R2' | 'R3' | 'R5';
  /** Id of the entry that carries the proof. */
  readonly entry: string;
}

export interface GuestContext {
  readonly id: string;
  readonly desired: 'running' | 'stopped';
  /** Latest grant, kept after its release. Null: never granted. */
  readonly grant: Grant | null;
  /** Proof that the holder of `grant` no longer runs it; null while it may. A new grant needs this (or `grant` null). */
  readonly release: Release | null;
  /** Where a live migration under way goes; null otherwise. */
  readonly migratingTo: { readonly host: string; readonly counter: number } | null;
  /** `gone` under a grant that is not released: its source was lost while it moved, and the target is not known to have it. */
  readonly observed: 'running' | 'paused' | 'gone' | 'unknown';
  /** Entry times (epoch ms) of the tries spent on each rung, and of the fruitless stops of the present grant. */
  readonly tries: {
    readonly inPlace: readonly number[];
    readonly relocate: readonly number[];
    readonly stop: readonly number[];
  };
  /** Hosts it failed to start on or crash-looped on since it last ran well. */
  readonly avoid: readonly string[];
  /**
   * Its disk was made anew, and lies beside the old one until the next start puts it in its place; `token` names it. `used`: it has
   * run since. Kept until it has run well for long: it is rebuilt once, not again and again. `installMs`: it is empty, and is installed
   * from the network within so long; `begun`: that start has been seen, and no good end of it.
   */
  readonly rebuilt: {
    readonly token: string;
    readonly used: boolean;
    readonly installMs?: number;
    readonly begun?: true;
  } | null;
  /** Starts that failed for want of its storage since it last started or storage was seen to be back. */
  readonly starved: number;
  readonly why: string;
  readonly cause: string;
}

export interface HostEntity {
  readonly state: HostStateName;
  readonly context: HostContext;
}
export interface GuestEntity {
  readonly state: GuestStateName;
  readonly context: GuestContext;
}

export interface JobEntity {
  readonly state: JobStateName;
  readonly context: JobContext;
}

export interface Fleet {
  /** Version of this shape: a checkpoint of another is not used. */
  readonly version: 4;
  /** Last entry folded: sequence, chain hash, time as it stands there (epoch ms). */
  readonly seq: number;
  readonly hash: string;
  readonly wallMs: number;
  /**
   * What all else is counted by: the time that passed from entry to entry, in ms. Never runs backwards, and goes on at once
   * after a wall clock that ran ahead has been put right. Only differences mean anything.
   */
  readonly nowMs: number;
  readonly epoch: number;
  readonly leader: string | null;
  readonly spec: ClusterSpec | null;
  readonly digest: string | null;
  readonly frozen: { readonly by: string; readonly reason: string; readonly entry: string } | null;
  readonly brake: { readonly silent: readonly string[]; readonly entry: string } | null;
  /** Hosts that were under suspicion when a person last released the brake: until they are back their silence brakes nothing. */
  readonly brakeWaived: readonly string[];
  readonly headroom: { readonly survivable: boolean; readonly why: string } | null;
  readonly hosts: Readonly<Record<string, HostEntity>>;
  readonly guests: Readonly<Record<string, GuestEntity>>;
  /** Host to its last reinstallation. */
  readonly jobs: Readonly<Record<string, JobEntity>>;
  /** When those of the last 24 h were begun, on `nowMs`. */
  readonly reinstalls: readonly number[];
  /** Name to what is installed by it. */
  readonly images: Readonly<Record<string, { readonly version: number; readonly manifest: string }>>;
  /** Host to the public keys that it made itself when it was last installed: the cluster file's keys of it count no more. */
  readonly enrolled: Readonly<Record<string, EntryData<'host.enrolled'>['keys']>>;
  readonly intents: Readonly<Record<string, PendingIntent>>;
  readonly timers: Readonly<Record<string, ArmedTimer>>;
}

export const GENESIS_HASH = '0'.repeat(64);

export const emptyFleet: Fleet = {
  version: 4,
  seq: 0,
  hash: GENESIS_HASH,
  wallMs: 0,
  nowMs: 0,
  epoch: 0,
  leader: null,
  spec: null,
  digest: null,
  frozen: null,
  brake: null,
  brakeWaived: [],
  headroom: null,
  hosts: {},
  guests: {},
  jobs: {},
  reinstalls: [],
  images: {},
  enrolled: {},
  intents: {},
  timers: {},
};
