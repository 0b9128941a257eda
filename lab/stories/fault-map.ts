/** What the lab does for each fault of the story language, or why it cannot. Pure. */
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Fault } from '../../sim/faults.ts';

/** A fault of lab/faults.ts with its arguments. */
export type Call = readonly [name: string, ...args: string[]];

export interface LabFault {
  readonly begin: readonly Call[];
  /** Carried out when its time is over. */
  readonly end: readonly Call[];
  /** Begun and ended again and again, each for so long. */
  readonly everyMs?: number;
}

const lab = (begin: Call, end?: Call): LabFault => ({ begin: [begin], end: end ? [end] : [] });

/** A string says why not. Nodes may still be placeholders. Orders are not the lab's: a rekindled is asked. */
export function labFault(fault: Exclude<Fault, { kind: 'order' }>, spec: ClusterSpec): LabFault | string {
  switch (fault.kind) {
    case 'power-loss':
      return lab(['power-loss', fault.node], ['power-on', fault.node]);
    case 'power-on':
      return lab(['power-on', fault.node]);
    case 'kernel-panic':
      return lab(['reset', fault.node]);
    case 'freeze':
      return lab(['freeze', fault.node], ['thaw', fault.node]);
    case 'kill-daemon':
      return lab(['kill-daemon', fault.node]);
    case 'pause-daemon':
      return lab(['pause-daemon', fault.node], ['resume-daemon', fault.node]);
    case 'kill-petter':
      return lab(['kill-petter', fault.node]);
    case 'libvirt':
      // Its time is an upper bound here as in the simulator: whoever restarts it ends it.
      return fault.mode === 'down'
        ? lab(['kill-libvirtd', fault.node])
        : lab(['pause-libvirtd', fault.node], ['resume-libvirtd', fault.node]);
    case 'kill-guest':
      return lab(['kill-qemu', fault.guest]);
    case 'guest-panic':
      return lab(['panic', fault.guest]);
    case 'guest-hang':
      return fault.forMs === undefined
        ? lab(['hang', fault.guest, 'inside'])
        : 'a guest of the lab that hangs stays so until it is restarted; leave out its "for"';
    case 'crash-loop':
      return crashLoop(fault, spec);
    case 'isolate':
      return lab(['cut', fault.node], ['heal', fault.node]);
    case 'rejoin':
      return lab(['heal', fault.node]);
    case 'cut':
      return lab(['cut-oneway', fault.from, fault.to], ['heal-oneway', fault.from, fault.to]);
    case 'heal':
      return lab(['heal-oneway', fault.from, fault.to]);
    case 'flap':
      return { ...lab(['cut', fault.node], ['heal', fault.node]), everyMs: fault.periodMs };
    case 'control-network-down':
      return lab(['cut-control', 'all'], ['heal', 'all']);
    case 'bad-network':
      if (fault.node === undefined) return 'the lab can make the network of one host bad, not that of all';
      if (fault.duplicateRatio > 0 || fault.delayMs > 0 || fault.jitterMs > 0)
        return 'the lab can lose packets; it has no delay, jitter or duplicates';
      return lab(['loss', fault.node, String(fault.lossRatio * 100)], ['heal', fault.node]);
    case 'bmc':
      if (fault.mode === 'alive') return lab(['bmc-alive', fault.node]);
      return fault.mode === 'dead'
        ? lab(['bmc-dead', fault.node], ['bmc-alive', fault.node])
        : `a BMC of the lab is alive or dead; none ${{ slow: 'is slow', ignores: 'ignores commands', lies: 'lies' }[fault.mode]}`;
    case 'clock-step':
      return 'the lab steps a clock only by killing rekindled first, which is another story';
    default:
      return WITHOUT[fault.kind] ?? `the lab has no fault for ${fault.kind}`;
  }
}

const WITHOUT: Partial<Record<Fault['kind'], string>> = {
  'slow-disk': "the lab's disks are in memory; none can be slow",
  'storage-loss': "the lab's guests share one storage; a host cannot lose it",
  starts: 'the lab has no host on which starts fail or stay unanswered',
  'stuck-guests': 'every QEMU of the lab can be stopped',
  'server-down': 'rekindled starts a killed nats-server again at once; the lab cannot keep one down',
  'log-stall': "the lab's stream cannot be made to stall",
  'log-rollback': "the lab's stream loses no entry",
  'lost-acks': "the lab's stream loses no acknowledgement",
  'stale-reads': "the lab's stream gives no old answers",
  'clock-drift': 'all hosts of the lab share one kernel, whose clock does not drift from itself',
};

/** A guest of the lab, once told to, crashes after every start: that is N crashes only where nobody tries N times. */
function crashLoop(
  { guest, times }: Extract<Fault, { kind: 'crash-loop' }>,
  { guests }: ClusterSpec,
): LabFault | string {
  const { inPlace, relocate } = guests[guest]!.ladder;
  const tries = inPlace.tries + relocate.tries;
  if (times >= tries) return lab(['crash-loop', guest]);
  return `in the lab ${guest} crashes at every start; say at least ${tries}, all that its ladder tries`;
}
