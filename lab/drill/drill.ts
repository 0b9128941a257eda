/** What a drill is: a failure on purpose, and what must come of it. One file per drill in lab/drills/. */
import type { LayoutName } from '../layout.ts';
import type { ReinstallSteps } from './reinstall.ts';
import type { Rig } from './rig.ts';

export const PHASES = ['detectedMs', 'provenMs', 'decidedMs', 'runningMs', 'answeringMs'] as const;
export type Phase = (typeof PHASES)[number];

/**
 * Milliseconds from the fault: suspicion recorded, release proof recorded, last grant recorded, last start recorded as
 * observed running, all answering HTTP with a new boot. Null: did not happen, or is not asked for.
 */
export type Phases = Readonly<Record<Phase, number | null>>;

export interface Drill {
  /** What happens and what must come of it, for people. */
  readonly about: string;
  /** The bare machines it is about; it needs a layout that has them. What each goes through is measured too. */
  readonly machines?: readonly string[];
  /** Default: three hosts. */
  readonly layout?: LayoutName;
  /** Who leads the stream and the controllers before the fault. Default: h2 both, which is not the host that is lost. */
  readonly leads?: { readonly stream: string; readonly controller: string };
  /** Does it. Resolves with the moment from which times count, epoch milliseconds. */
  readonly fault: (rig: Rig) => Promise<number>;
  /** Guests that must start anew, each with the hosts it may be on afterwards. */
  readonly restarted?: Readonly<Record<string, readonly string[]>>;
  /** Guests that must live through it: same boot before and after. */
  readonly untouched?: readonly string[];
  /** How long all that may take. Default 40 s. */
  readonly withinMs?: number;
  /** Bounds that the measured phases must keep. */
  readonly bounds?: Partial<Record<Phase, number>>;
  /** What else must be true in the end; says so with `rig.check`. Runs once the guests are where they must be. */
  readonly afterwards?: (rig: Rig, faultMs: number) => Promise<void>;
}

export const drill = (one: Drill): Drill => one;

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What broke it; empty when it held. */
  readonly problems: readonly string[];
  /** It is about how fast, not about what. */
  readonly timed?: true;
}

export interface GuestReport extends Phases {
  readonly from: string | null;
  readonly to: string | null;
}

export interface TimelineLine {
  readonly atMs: number;
  readonly what: string;
}

/** The one object `drill NAME --json` prints. */
export interface DrillReport {
  readonly drill: string;
  readonly ok: boolean;
  readonly phases: Phases;
  /** Of a drill about bare machines, for each: milliseconds from the fault. */
  readonly steps?: Readonly<Record<string, ReinstallSteps>>;
  readonly guests: Readonly<Record<string, GuestReport>>;
  readonly checks: readonly Check[];
  readonly timeline: readonly TimelineLine[];
}
