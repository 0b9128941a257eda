/** What the API needs of the controller of its node. */
import type { Stored } from '../machines/entries.ts';
import type { Fleet } from '../machines/fleet.ts';
import type { LeaderAnswer, Order } from './protocol.ts';

export interface ControllerView {
  readonly node: string;
  fleet(): Fleet;
  /** Entries of the journal, `fromSeq` and `toSeq` included; those not there are left out. */
  entries(fromSeq: number, toSeq: number): readonly Stored[];
  /** Calls back after an entry has been folded and can be read with `entries`. Returns its end. */
  onEntry(listener: (stored: Stored) => void): () => void;
  /** Carries an order to the leader. Throws NO_LEADER when there is none, ORDER_UNKNOWN when its answer is lost. */
  order(order: Order): Promise<LeaderAnswer>;
  roles(): Roles;
  /**
   * Ends this node on purpose: its NATS server stopped gracefully, its petter left in a state that resets nothing, then
   * the process. Guests are not touched. Resolves when that has begun.
   */
  shutDown(): Promise<void>;
}

/** What this node knows about itself, beyond the log. */
export interface Roles {
  /** Who leads, as this node hears it; null when nobody does. */
  readonly leader: string | null;
  readonly leading: boolean;
  /** This host's lease. Null on an arbiter. `remainingMs` 0: it has none. */
  readonly lease: { readonly remainingMs: number; readonly paused: readonly string[] } | null;
  readonly nats: readonly { readonly server: string; readonly connected: boolean }[];
  /** Milliseconds since each host's last renewal was heard here; null: never. */
  readonly heardAgoMs: Readonly<Record<string, number | null>>;
  /** What installers have told this node lately, by host. Empty unless it leads: only the leader is told. */
  readonly installs: Readonly<Record<string, Progress>>;
  /** One sentence on what keeps this node from full service; null when nothing does. */
  readonly waitingFor: string | null;
}

/** `phase`: in the installer's words. `bytes` of `of` are done of it; both 0 where nothing can be counted. */
export interface Progress {
  readonly attempt: number;
  readonly phase: string;
  readonly bytes: number;
  readonly of: number;
}
