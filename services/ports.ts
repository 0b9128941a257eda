/**
 * Everything that touches the world, on one page. Adapters implement these over the real thing, the simulator over
 * an invented one; services know no other way out.
 *
 * Rule for all: a call that cannot know its outcome says `unknown`; it never guesses. Every call is bounded in time by
 * the adapter (`timeoutMs` where the caller decides).
 */
import type { Draft, EntryData, Instance, Stored } from '../machines/entries.ts';
import type { Fleet } from '../machines/fleet.ts';
import type { RebuildSpec } from '../machines/spec.ts';

/** The three values of an outcome. A lost reply, a time-out and unparsable output are `unknown`. */
export type Outcome =
  | { readonly kind: 'succeeded'; readonly detail: string }
  /** `lacks`: what kept a start from succeeding is no fault of the guest; this host did not reach its images. */
  | { readonly kind: 'failed'; readonly reason: string; readonly lacks?: 'storage' }
  | { readonly kind: 'unknown'; readonly reason: string };

export interface Clock {
  /** Milliseconds, monotonic, counting suspend (CLOCK_BOOTTIME). Only differences mean anything. */
  now(): number;
  /** Wall clock in epoch milliseconds. For people and for due times of timers; never for a lease. */
  wall(): number;
  /** Calls back once, `afterMs` from now at the earliest. Returns its cancellation. */
  after(afterMs: number, callback: () => void): () => void;
}

/** One life of the operating system. Changes with every boot and with nothing else. */
export interface Machine {
  bootId(): string;
}

/** `timeout`: nobody answered in time, so the outcome is unknown. `no-responders`: nobody was asked. */
export class BusError extends Error {
  override readonly name = 'BusError';
  readonly kind: 'timeout' | 'no-responders';

  constructor(kind: BusError['kind'], address: string) {
    super(kind === 'timeout' ? `no answer from ${address} in time` : `nobody serves ${address}`);
    this.kind = kind;
  }
}

/** Request, reply and publish between nodes over two servers at once; a message sent twice is handled once. */
export interface Bus {
  /** First answer wins. Rejects with BusError `timeout` or `no-responders`. */
  request(address: string, message: unknown, timeoutMs: number): Promise<unknown>;
  /** Calls back with each distinct answer until `timeoutMs` or until `onAnswer` returns true (enough). */
  gather(address: string, message: unknown, timeoutMs: number, onAnswer: (answer: unknown) => boolean): Promise<void>;
  publish(address: string, message: unknown): void;
  /** Calls back whenever a way to a server has come up. Returns its end. */
  onReach(callback: () => void): () => void;
  /** Answers requests; a handler that returns undefined stays silent. Returns its end. */
  serve(address: string, handler: (message: unknown, address: string) => unknown | Promise<unknown>): () => void;
}

export type Appended =
  | { readonly kind: 'stored'; readonly stored: Stored }
  /** Somebody else wrote at this place: fold up to the end and decide again. */
  | { readonly kind: 'conflict' }
  /** Not known to be stored or lost within the bound. Fold, compare id and hash, decide again. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** `unreadable`: the entry at `seq` cannot be parsed; whoever meets it must stop rather than skip it. */
export class LogError extends Error {
  override readonly name = 'LogError';
  readonly kind = 'unreadable';
  readonly seq: number;

  constructor(seq: number, cause: unknown) {
    super(`entry ${seq} of the log cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.seq = seq;
  }
}

/** The replicated, append-only log. Only the leader appends; everybody follows. */
export interface Log {
  /** Appends after `head` exactly. Resolves an ambiguous time-out itself by re-reading that place; keeps trying through an election until `signal` aborts. */
  append(
    draft: Draft,
    head: { seq: number; hash: string },
    by: { node: string; epoch: number; atMs: number },
    signal: AbortSignal,
  ): Promise<Appended>;
  /** Stores an entry again, byte for byte, after a loss. */
  restore(stored: Stored, signal: AbortSignal): Promise<Appended>;
  /** Last sequence as the server that answers knows it: of the past, when it has been left without a majority. Rejects when none answers. */
  lastSeq(): Promise<number>;
  /** Every entry after `seq`, in order, without gaps, for ever; ends when `signal` aborts. Throws LogError `unreadable` on an entry it cannot parse. */
  follow(seq: number, signal: AbortSignal): AsyncIterable<Stored>;
}

/** A voter's durable registers: the highest epoch, and for each host the highest blocked and the highest promised life. Every write is on disk (synchronous FULL) before the call returns. */
export interface VoterRegisters {
  highestEpoch(): number;
  /** Stores the greater of the two; returns it. */
  raiseEpoch(epoch: number): number;
  /** Highest counter of `host` that may never again be renewed; −1 when none. */
  blockedCounter(host: string): number;
  raiseBlocked(host: string, counter: number): number;
  /** Highest counter of `host` that was ever promised a lease; −1 when none. */
  promisedCounter(host: string): number;
  raisePromised(host: string, counter: number): number;
}

/** What an agent must remember over its own death. Durable before the call returns. */
export interface AgentMemory {
  incarnation(): { bootId: string; counter: number } | null;
  setIncarnation(incarnation: { bootId: string; counter: number }): void;
  highestEpoch(): number;
  raiseEpoch(epoch: number): number;
  grants(): readonly HeldGrant[];
  /** Persisted before the start it permits. */
  putGrant(grant: HeldGrant): void;
  dropGrant(guest: string): void;
  /** Drops the grant, and remembers in the same write that its end is still to be told. At most one per guest: the latest. */
  giveBack(ended: EndedGrant): void;
  /** Given back, and no leader has answered a report of it yet. */
  untold(): readonly EndedGrant[];
  /** A leader has answered. */
  setTold(token: string): void;
  /** Highest token ever granted or stopped here for `guest`, kept when its grant is dropped; null when none. */
  highestToken(guest: string): string | null;
  /** Stores the later of the two (compareTokens). `putGrant` does so by itself. */
  raiseToken(guest: string, token: string): void;
  /** Outcome of a command already carried out, so that a repeated one is answered and not repeated. Bounded: oldest forgotten. */
  done(intent: string): Outcome | null;
  setDone(intent: string, outcome: Outcome): void;
}
export interface HeldGrant {
  readonly guest: string;
  readonly counter: number;
  readonly token: string;
}
/** A grant whose instance was seen gone, and how it ended. */
export interface EndedGrant extends HeldGrant {
  readonly cause: EntryData<'guest.crashed'>['cause'];
  readonly detail: string;
}

/** A controller's copy of the log and its latest checkpoint. */
export interface Journal {
  head(): { seq: number; hash: string };
  add(entries: readonly Stored[]): void;
  read(fromSeq: number, toSeq: number): readonly Stored[];
  checkpoint(): { seq: number; stateHash: string; fleet: Fleet } | null;
  setCheckpoint(checkpoint: { seq: number; stateHash: string; fleet: Fleet }): void;
  /** The same in steps of a few milliseconds; the one before counts until the last of them. Given up half-way it does no harm. */
  checkpointInSteps(checkpoint: { seq: number; stateHash: string; fleet: Fleet }): Iterable<void>;
}

export type HypervisorEvent =
  | {
      readonly kind: 'started' | 'resumed' | 'paused' | 'panicked' | 'io-error' | 'migrated-in';
      readonly guest: string;
      readonly detail: string;
    }
  /** `died`: QEMU ended by itself or was killed. `shut-down`: the guest powered off. `destroyed`: somebody told libvirt. */
  | {
      readonly kind: 'stopped';
      readonly guest: string;
      readonly cause: 'died' | 'shut-down' | 'destroyed' | 'panicked' | 'migrated';
      readonly detail: string;
    }
  /** The stream broke (libvirtd died) or is back; after `connected` the caller lists anew. */
  | { readonly kind: 'disconnected' | 'connected'; readonly detail: string };

/** Virtual machines of this host. Guests are named as in the cluster file. */
export interface Hypervisor {
  /** Instances as libvirt tells them; rejects when libvirt does not answer. `token` from the domain's own metadata. */
  list(): Promise<Instance[]>;
  /** Guests with a living QEMU process on this host, seen without libvirt's help. */
  processes(): Promise<readonly string[]>;
  define(guest: string, definition: string): Promise<Outcome>;
  /**
   * Defines and starts under `token`; succeeded means observed running. `installs`: from its network card alone, and its next
   * reboot or power-off ends the instance, told as `shut-down`.
   */
  start(guest: string, definition: string, token: string, installs?: boolean): Promise<Outcome>;
  /**
   * Makes a new disk beside `disk`, complete, compared with its image and on stable storage. Nothing that exists is touched.
   * Left-overs of earlier ones are removed.
   */
  rebuild(guest: string, rebuild: RebuildSpec, token: string, timeoutMs: number): Promise<Outcome>;
  /** Puts that disk in the place of the old one, at once and whole. Succeeded also where it was done before. The guest must run nowhere. */
  exchange(guest: string, disk: string, token: string): Promise<Outcome>;
  /** Succeeded means observed gone: no domain active and no QEMU process. */
  destroy(guest: string): Promise<Outcome>;
  shutdown(guest: string, timeoutMs: number): Promise<Outcome>;
  /** Succeeded means observed paused, with in-flight I/O drained. */
  pause(guest: string): Promise<Outcome>;
  resume(guest: string): Promise<Outcome>;
  /** Verified on both ends; on `unknown` the caller inspects both. */
  migrate(guest: string, toAddress: string, timeoutMs: number): Promise<Outcome>;
  /** Ends a migration under way. Succeeded: the guest runs here. */
  abortMigration(guest: string): Promise<Outcome>;
  state(guest: string): Promise<'running' | 'paused' | 'gone' | 'unknown'>;
  /** Guest agent's answer to a ping. */
  pingAgent(guest: string, timeoutMs: number): Promise<boolean>;
  /** False: QEMU's monitor has been occupied for long (a hung QEMU). */
  responsive(guest: string): Promise<boolean>;
  events(signal: AbortSignal): AsyncIterable<HypervisorEvent>;
  /** Restarts libvirtd itself; guests run on. */
  repair(): Promise<Outcome>;
}

/** Tests of this host before it is given guests. None of them touches a guest or writes to its disks. */
export interface Qualification {
  /** libvirt answers, and this machine can run what these definitions ask for. */
  virtualization(definitions: readonly string[]): Promise<Outcome>;
  /** The images that the definition names are there. Looked at, never opened: a replicated one may be in use elsewhere. */
  images(definition: string): Promise<Outcome>;
  /** Every other node that runs a nats-server: whether a connection to it is made in time. */
  ways(): Promise<Readonly<Record<string, boolean>>>;
  /** A tiny guest of this name is started, seen running, destroyed and seen gone; nothing of it is left. */
  canary(name: string, token: string): Promise<Outcome>;
}

/** Lets libvirt's hook see what is granted here, so that nobody starts a guest behind Rekindle's back. */
export interface StartGuard {
  allow(guest: string, token: string): void;
  revoke(guest: string): void;
  /** No start is let through after `leaseEndMs` on the Clock. */
  setLeaseEnd(leaseEndMs: number): void;
}

/** Makes a newly installed host one of us. What it gives out is public; private keys are made on the host and stay there. */
export interface Enrolment {
  /** Certificate chain (PEM) for the request (PEM), good for this host's name and address only, whatever the request asks. */
  certify(
    host: string,
    request: string,
  ): Promise<
    { readonly kind: 'certified'; readonly certificate: string } | { readonly kind: 'failed'; readonly reason: string }
  >;
  /** What the host needs besides: `keys/…` by path below the state directory, `cluster.yaml` and `definitions/…` below that of the cluster file. */
  files(): Readonly<Record<string, string>>;
}

/** Reaches a service as a client would, for guest health. True: answered as it should. */
export interface ServiceProbe {
  tcp(address: string, port: number, timeoutMs: number): Promise<boolean>;
  http(url: string, timeoutMs: number): Promise<boolean>;
}

/** One way to cut the power of one host and to read it back. */
export interface PowerSwitch {
  /** For people and for the log: `ipmi 10.0.0.5`. */
  readonly method: string;
  /** Switches of one level are tried side by side, those of the next when all before have failed. Default: 1. */
  readonly level?: number;
  readonly readingsApartMs: number;
  off(): Promise<Outcome>;
  on(): Promise<Outcome>;
  status(): Promise<'on' | 'off' | 'unknown'>;
  /** The next boot, and no other, is from the network. Succeeded means read back. Absent: this switch cannot. */
  bootFromNetwork?(firmware: 'bios' | 'uefi'): Promise<Outcome>;
}

/** A machine that may boot from the network now. All others get no answer. */
export interface ArmedMachine {
  readonly host: string;
  /** Lower case, with colons. */
  readonly macs: readonly string[];
}

/** This node's answers to machines that boot from the network. */
export interface NetBoot {
  /** Replaces what was armed before; takes effect at once. Never rejects: what goes wrong is said, and tried again. */
  arm(machines: readonly ArmedMachine[]): void;
  /** Calls back with the MAC whenever a machine that is not armed asks for a network boot, and is not answered. Returns its end. */
  onIgnored(listener: (mac: string) => void): () => void;
}

/** The tiny separate process that pets the watchdog. It is given the moment it may pet until, and nothing else. */
export interface Petter {
  /** Pets happen only at p with p + W + δ ≤ `untilMs` (Clock). */
  setUntil(untilMs: number): void;
  /** What is really armed: read back, not asked for. Null: this host cannot stop itself. */
  armed(): { readonly timeoutMs: number; readonly what: string } | null;
}

/** This node's own key. */
export interface Signer {
  readonly publicKey: string;
  sign(text: string): string;
}
/** True when `signature` over `text` is of `publicKey`. */
export type Verify = (publicKey: string, text: string, signature: string) => boolean;

/** Structured log lines for people; never a secret. */
export interface Say {
  info(what: string, about?: Record<string, unknown>): void;
  warn(what: string, about?: Record<string, unknown>): void;
  error(what: string, about?: Record<string, unknown>): void;
}
