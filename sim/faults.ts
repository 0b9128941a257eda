/**
 * Everything that can be done to a simulated cluster, as data: a plan of faults can be stored, shrunk and told again.
 * A fault with `forMs` ends by itself; one without lasts until its opposite. Durations are virtual milliseconds.
 */
import { z } from 'zod';
import { orderSchema } from '../services/protocol.ts';

const node = z.string();
const ms = z.number().min(0);
const ratio = z.number().min(0).max(1);
const forMs = ms.optional();

export const faultSchema = z.discriminatedUnion('kind', [
  /** All power of a host is gone at once. With `forMs` it comes back then; else only `power-on` or the BMC turns it on. */
  z.strictObject({ kind: z.literal('power-loss'), node, forMs }),
  z.strictObject({ kind: z.literal('power-on'), node }),
  /** The kernel dies and the machine boots again by itself. */
  z.strictObject({ kind: z.literal('kernel-panic'), node }),
  /** Every process of a host stands still, its guests too; its watchdog counts on. */
  z.strictObject({ kind: z.literal('freeze'), node, forMs: ms }),
  /** rekindled dies and is started again by its supervisor. */
  z.strictObject({ kind: z.literal('kill-daemon'), node }),
  /** rekindled stands still (a stopped process, a long pause), the rest of the host does not. */
  z.strictObject({ kind: z.literal('pause-daemon'), node, forMs: ms }),
  /** Every durable write of rekindled takes this long, and holds it up meanwhile. */
  z.strictObject({ kind: z.literal('slow-disk'), node, writeMs: ms, forMs }),
  z.strictObject({ kind: z.literal('kill-petter'), node }),
  /** `down`: calls fail at once, events stop. `hung`: calls time out. Guests run on. */
  z.strictObject({ kind: z.literal('libvirt'), node, mode: z.enum(['down', 'hung']), forMs: ms }),
  z.strictObject({ kind: z.literal('kill-guest'), guest: node }),
  z.strictObject({ kind: z.literal('guest-panic'), guest: node }),
  /** The guest answers no probe any more, until it is restarted or `forMs` is over. */
  z.strictObject({ kind: z.literal('guest-hang'), guest: node, forMs }),
  /** The next `times` starts of this guest, on whichever host, end in a crash shortly after. */
  z.strictObject({ kind: z.literal('crash-loop'), guest: node, times: z.number().int().min(1) }),
  /** Starts on this host fail (`failed`) or are never answered (`unknown`, though the guest runs). */
  z.strictObject({ kind: z.literal('starts'), node, mode: z.enum(['fail', 'unknown']), forMs: ms }),
  /** Stops and pauses on this host do nothing and say `unknown`: a QEMU in uninterruptible sleep. */
  z.strictObject({ kind: z.literal('stuck-guests'), node, forMs: ms }),
  /** The image store is not reachable from this host: starts fail, running guests pause with an I/O error. */
  z.strictObject({ kind: z.literal('storage-loss'), node, forMs: ms }),
  /** No packet to or from this node. */
  z.strictObject({ kind: z.literal('isolate'), node, forMs }),
  z.strictObject({ kind: z.literal('rejoin'), node }),
  /** Nothing that `from` sends reaches `to`. */
  z.strictObject({ kind: z.literal('cut'), from: node, to: node, forMs }),
  z.strictObject({ kind: z.literal('heal'), from: node, to: node }),
  /** The link of a node goes away and comes back, each for `periodMs`. */
  z.strictObject({ kind: z.literal('flap'), node, periodMs: ms, forMs: ms }),
  z.strictObject({ kind: z.literal('control-network-down'), forMs: ms }),
  /** On every hop, of every node or of one. */
  z.strictObject({
    kind: z.literal('bad-network'),
    node: node.optional(),
    lossRatio: ratio.default(0),
    duplicateRatio: ratio.default(0),
    delayMs: ms.default(0),
    jitterMs: ms.default(0),
    forMs: ms,
  }),
  /**
   * `dead`: no answer. `slow`: answers after 30 s. `ignores`: says ok, changes nothing, reads on. `lies`: says ok and off, and the
   * host is on (a breach of assumption A4).
   */
  z.strictObject({ kind: z.literal('bmc'), node, mode: z.enum(['dead', 'slow', 'ignores', 'lies', 'alive']), forMs }),
  /** What a host boots from is gone. It runs on until its next boot, and starts no more from then on. */
  z.strictObject({ kind: z.literal('disk-ruined'), node }),
  /** Its firmware asks for a network boot at every start, before it tries its disk. */
  z.strictObject({ kind: z.literal('network-first'), node }),
  /** In place of the disk of a host there is another one, with nothing of ours on it. */
  z.strictObject({ kind: z.literal('disk-exchanged'), node }),
  /** The next `times` installers on this host stand still while they write. */
  z.strictObject({ kind: z.literal('installer-hangs'), node, times: z.number().int().min(1) }),
  /** The next `times` boots from the network of this host end at its disk all the same. */
  z.strictObject({ kind: z.literal('pxe-ignored'), node, times: z.number().int().min(1) }),
  /** A second machine shows the ticket of this host's next boot from the network. */
  z.strictObject({ kind: z.literal('ticket-stolen'), node }),
  /** A second machine asks under this host's MAC address for the boot script of its next boot from the network, and is faster. */
  z.strictObject({ kind: z.literal('mac-forged'), node }),
  /** A person has installed this host, and gives it the ticket that it was offered last; or nothing that is one. */
  z.strictObject({ kind: z.literal('join'), node }),
  /** This node answers no machine under installation, and serves no image. */
  z.strictObject({ kind: z.literal('image-server-down'), node, forMs: ms }),
  /** The nats-server of a node is down; its rekindled uses the other one. */
  z.strictObject({ kind: z.literal('server-down'), node, forMs: ms }),
  /** The stream has no leader: nothing is appended or read at its end. */
  z.strictObject({ kind: z.literal('log-stall'), forMs: ms }),
  /** The stream forgets its last acknowledged entries. */
  z.strictObject({ kind: z.literal('log-rollback'), entries: z.number().int().min(1) }),
  /** So many acknowledgements of appends get lost after the entry was stored. */
  z.strictObject({ kind: z.literal('lost-acks'), ratio, forMs: ms }),
  /** Reads of the stream's end answer what was true `lagMs` ago. */
  z.strictObject({ kind: z.literal('stale-reads'), lagMs: ms, forMs: ms }),
  /** The clock of a node runs fast (positive) or slow by this ratio; up to RHO it is within assumption A1. */
  z.strictObject({ kind: z.literal('clock-drift'), node, ratio: z.number().min(-0.5).max(0.5) }),
  /** The wall clock of a node jumps. */
  z.strictObject({ kind: z.literal('clock-step'), node, byMs: z.number() }),
  /** What a person asks for, given at this node. */
  z.strictObject({ kind: z.literal('order'), at: node.optional(), order: orderSchema }),
]);

export type Fault = z.infer<typeof faultSchema>;
export type FaultKind = Fault['kind'];

export interface TimedFault {
  readonly atMs: number;
  readonly fault: Fault;
}
