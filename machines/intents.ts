/**
 * What a machine may ask for. An intent is data: it waits in the fleet until its outcome is an entry, so a new
 * leader inherits the whole to-do list by reading the log.
 */
export type Intent =
  /** Make it certain that this life of the host can no longer write. Idempotent. */
  | { readonly type: 'fence'; readonly host: string; readonly counter: number }
  /** Power on a fenced host. Idempotent. */
  | { readonly type: 'power-on'; readonly host: string }
  /** Restart libvirtd on the host. Idempotent. */
  | { readonly type: 'repair'; readonly host: string; readonly what: 'libvirt' }
  /** Install a host from nothing, pending over its whole job (job.ts); or, when the intent's subject is a guest, make a new disk for it beside the old one, on this host if it can. */
  | { readonly type: 'reinstall'; readonly host: string }
  /** Boot a host that is proven stopped from the network, once: boot device set and read back, power off, then on. */
  | { readonly type: 'netboot'; readonly host: string; readonly job: string; readonly attempt: number }
  /** Test an installed host before it is capacity: virtualization, storage, ways, clock, a canary. Idempotent. */
  | { readonly type: 'qualify'; readonly host: string; readonly counter: number }
  /** Choose a host and grant. A decision: its outcome is `guest.granted` or `guest.unplaced`. */
  | {
      readonly type: 'place';
      readonly guest: string;
      readonly purpose: 'first-start' | 'in-place' | 'relocation' | 'migration';
      /** Hosts this guest just failed on. */
      readonly avoid: readonly string[];
      /** In place: only here. Otherwise a wish. */
      readonly prefer: string | null;
    }
  /** Start under a grant. At most once per token: the agent remembers. */
  | {
      readonly type: 'start';
      readonly guest: string;
      readonly host: string;
      readonly counter: number;
      readonly token: string;
      /** Token of a rebuilt disk that takes its place first. */
      readonly rebuilt?: string;
      /** That disk is empty: from the network, once. */
      readonly installs?: true;
    }
  /** Destroy and see it gone. Idempotent. */
  | {
      readonly type: 'stop';
      readonly guest: string;
      readonly host: string;
      readonly counter: number;
      readonly token: string;
      readonly graceful: boolean;
    }
  /** Probe first: ask both ends before a retry. `token` is the grant shared by source and target. */
  | {
      readonly type: 'migrate';
      readonly guest: string;
      readonly from: string;
      readonly to: string;
      readonly token: string;
    };

export type IntentType = Intent['type'];

/** A pending intent: `id` is `<subject>/<intent>@<seq of the entry that caused it>`. */
export interface PendingIntent {
  readonly id: string;
  readonly subject: string;
  readonly intent: Intent;
  /** Sequence and id of the causing entry. */
  readonly seq: number;
  readonly cause: string;
}

/** An armed timer: `id` is `<subject>/<name>`. Due at `dueMs` (entry time in epoch milliseconds plus the delay). */
export interface ArmedTimer {
  readonly id: string;
  readonly subject: string;
  readonly name: string;
  readonly armedSeq: number;
  readonly dueMs: number;
}

/** What a machine may emit: an intent, the withdrawal of its pending intents of a type, a timer, or its disarming. */
export type Output =
  | { readonly type: 'intent'; readonly intent: Intent }
  | { readonly type: 'withdraw'; readonly intent: IntentType }
  | { readonly type: 'timer'; readonly name: string; readonly afterMs: number }
  | { readonly type: 'disarm'; readonly name: string };
