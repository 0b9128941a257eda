/** A fault in the words of the story language: what parse.ts reads back as that very fault. */
import type { Order } from '../../services/protocol.ts';
import type { Fault } from '../faults.ts';
import { guestOfPlaceholder, LEADER } from './ast.ts';

/** `500ms`, `3s`, `2min`: the shortest that loses nothing. */
export function sayMs(ms: number): string {
  if (ms > 0 && ms % 60_000 === 0) return `${ms / 60_000}min`;
  return ms > 0 && ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}

const percent = (ratio: number) => `${Number((Math.abs(ratio) * 100).toFixed(6))}%`;

function sayNode(node: string): string {
  if (node === LEADER) return 'the leader';
  const guest = guestOfPlaceholder(node);
  return guest === null ? node : `the host of ${guest}`;
}

export function sayFault(fault: Fault): string {
  const lasting = 'forMs' in fault && fault.forMs !== undefined ? ` for ${sayMs(fault.forMs)}` : '';
  return `${withoutEnd(fault)}${lasting}`;
}

function withoutEnd(fault: Fault): string {
  const node = 'node' in fault && fault.node !== undefined ? sayNode(fault.node) : '';
  switch (fault.kind) {
    case 'power-loss':
      return `power loss of ${node}`;
    case 'power-on':
      return `switch on ${node}`;
    case 'kernel-panic':
      return `kernel panic of ${node}`;
    case 'freeze':
      return `${node} stands still`;
    case 'kill-daemon':
      return `kill the daemon of ${node}`;
    case 'pause-daemon':
      return `pause the daemon of ${node}`;
    case 'kill-petter':
      return `kill the petter of ${node}`;
    case 'slow-disk':
      return `slow disk of ${node} with ${sayMs(fault.writeMs)} a write`;
    case 'libvirt':
      return `libvirt of ${node} ${fault.mode === 'down' ? 'is down' : 'hangs'}`;
    case 'storage-loss':
      return `storage loss of ${node}`;
    case 'starts':
      return `starts on ${node} ${fault.mode === 'fail' ? 'fail' : 'stay unanswered'}`;
    case 'stuck-guests':
      return `guests of ${node} are stuck`;
    case 'kill-guest':
      return `kill ${fault.guest}`;
    case 'guest-panic':
      return `panic of ${fault.guest}`;
    case 'guest-hang':
      return `${fault.guest} hangs`;
    case 'crash-loop':
      return `the next ${fault.times} ${fault.times === 1 ? 'start' : 'starts'} of ${fault.guest} crash`;
    case 'isolate':
      return `isolate ${node}`;
    case 'rejoin':
      return `reconnect ${node}`;
    case 'cut':
      return `cut from ${sayNode(fault.from)} to ${sayNode(fault.to)}`;
    case 'heal':
      return `heal from ${sayNode(fault.from)} to ${sayNode(fault.to)}`;
    case 'flap':
      return `link of ${node} flaps every ${sayMs(fault.periodMs)}`;
    case 'control-network-down':
      return 'control network down';
    case 'bad-network': {
      const how = [
        fault.lossRatio > 0 ? `${percent(fault.lossRatio)} loss` : '',
        fault.duplicateRatio > 0 ? `${percent(fault.duplicateRatio)} duplicates` : '',
        fault.delayMs > 0 ? `${sayMs(fault.delayMs)} delay` : '',
        fault.jitterMs > 0 ? `${sayMs(fault.jitterMs)} jitter` : '',
      ].filter((part) => part !== '');
      return `bad network${node === '' ? '' : ` of ${node}`} with ${how.join(', ')}`;
    }
    case 'bmc':
      return `bmc of ${node} ${{ dead: 'is dead', slow: 'is slow', ignores: 'ignores commands', lies: 'lies', alive: 'is alive' }[fault.mode]}`;
    case 'disk-ruined':
      return `the disk of ${node} is ruined`;
    case 'network-first':
      return `the firmware of ${node} tries the network first`;
    case 'disk-exchanged':
      return `the disk of ${node} is exchanged`;
    case 'installer-hangs':
      return `the next ${fault.times} ${fault.times === 1 ? 'installer' : 'installers'} on ${node} hang`;
    case 'pxe-ignored':
      return `the next ${fault.times} network ${fault.times === 1 ? 'boot' : 'boots'} of ${node} end at its disk`;
    case 'ticket-stolen':
      return `the next ticket of ${node} is stolen`;
    case 'join':
      return `${node} joins by hand`;
    case 'mac-forged':
      return `the address of ${node} is forged`;
    case 'image-server-down':
      return `${node} serves no images`;
    case 'server-down':
      return `nats-server of ${node} is down`;
    case 'log-stall':
      return 'the log stalls';
    case 'log-rollback':
      return `the log loses its last ${fault.entries} ${fault.entries === 1 ? 'entry' : 'entries'}`;
    case 'lost-acks':
      return `the log loses ${percent(fault.ratio)} of its acknowledgements`;
    case 'stale-reads':
      return `reads of the log are ${sayMs(fault.lagMs)} old`;
    case 'clock-drift':
      return `clock of ${node} runs ${percent(fault.ratio)} ${fault.ratio < 0 ? 'slow' : 'fast'}`;
    case 'clock-step':
      return `clock of ${node} jumps ${sayMs(Math.abs(fault.byMs))} ${fault.byMs < 0 ? 'back' : 'ahead'}`;
    case 'order':
      return `operator${fault.at === undefined ? '' : ` at ${sayNode(fault.at)}`}: ${sayOrder(fault.order)}`;
  }
}

const WORK = { install: 'reinstall', 'dry-run': 'rehearse the installation of', rescue: 'rescue' } as const;

function sayOrder(order: Order): string {
  switch (order.kind) {
    case 'freeze':
      return `freeze because "${order.reason}"`;
    case 'thaw':
      return 'thaw';
    case 'release-brake':
      return 'release the brake';
    case 'step-down':
      return 'step down';
    case 'fence':
      return `fence ${order.host} because "${order.reason}"`;
    case 'confirm-off':
      return `confirm ${order.host} off having checked "${order.checked}"`;
    case 'set-desired':
      return `${order.desired === 'running' ? 'start' : 'stop'} ${order.guest}`;
    case 'migrate':
      return `migrate ${order.guest}${order.to === null ? '' : ` to ${order.to}`}`;
    case 'reinstall':
      return `${WORK[order.mode]} ${order.host} because "${order.reason}"`;
    case 'veto-reinstall':
      return `veto the installation of ${order.host}`;
    case 'offer-join':
      return `ticket for ${order.host} because "${order.reason}"`;
    case 'publish-image':
      return `publish image ${order.name} ${order.version}`;
    case 'maintenance':
      return order.on
        ? `maintenance ${order.host}${order.drain ? '' : ' keeping guests'}`
        : `end maintenance ${order.host}`;
  }
}
