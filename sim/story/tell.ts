/** The transcript: one line for everything that happened, in plain words, at its virtual time. */
import { duration, sentence } from '../../machines/sentences.ts';
import type { Fault } from '../faults.ts';
import type { WorldEvent } from '../simulation.ts';
import type { ExpectStep } from './ast.ts';
import type { LoggedEntry } from './chronicle.ts';
import { sayFault } from './say-fault.ts';
import type { World } from './world.ts';

export type Speaker = 'begins' | 'fault' | 'over' | 'world' | 'log' | 'order' | 'expect' | 'ends';

export interface Transcript {
  /** `atMs`: since the beginning of the story. */
  line(atMs: number, who: Speaker, what: string): void;
  text(): string;
}

/** `told`: is given each line as it comes. */
export function createTranscript(told: (line: string) => void = () => {}): Transcript {
  const lines: string[] = [];
  return {
    line(atMs, who, what) {
      // Tenths of a second: enough to follow, and not another text for every changed millisecond.
      const line = `${(Math.max(0, atMs) / 1_000).toFixed(1).padStart(6)}  ${who.padEnd(6)}  ${what}`;
      lines.push(line);
      told(line);
    },
    text: () => `${lines.join('\n')}\n`,
  };
}

/** What a world event means to a person; null for what is no news. */
export function sayWorld(event: WorldEvent, sim: World): { who: Speaker; what: string } | null {
  switch (event.kind) {
    case 'power':
      return { who: 'world', what: `${event.host} is ${event.on ? 'on' : 'off'}: ${event.why}` };
    case 'machine':
      return { who: 'world', what: `${event.host} ${MACHINE[event.what]}` };
    case 'writer':
      return { who: 'world', what: `${event.guest} ${event.on ? 'runs on' : stillness(event, sim)} ${event.host}` };
    case 'rollback':
      return { who: 'world', what: `the stream has lost its entries from ${event.fromSeq} on` };
    case 'fault':
      return isOrder(event.fault) ? null : { who: 'fault', what: sayFault(event.fault) };
    case 'fault-ended':
      return isOrder(event.fault) ? null : { who: 'over', what: sayFault(event.fault) };
    default:
      return null;
  }
}

const MACHINE = {
  'network-boot': 'boots from the network',
  'no-boot': 'has power and starts nothing: its disk is ruined',
  'plan-stolen': 'has a plan that another machine was given, too',
  'disk-given-up': 'has its disk overwritten from now on',
  'disk-written': 'has its disk written whole',
  brought: 'is the machine that a person has brought',
} as const;

/** Why an instance can no longer write. */
function stillness({ guest, host }: { guest: string; host: string }, { nodes }: World): string {
  const node = nodes[host];
  const instance = node?.powered() ? node.instances().get(guest) : undefined;
  if (!instance) return 'is gone from';
  return instance.state === 'paused' ? 'is paused on' : 'stands still on';
}

const isOrder = (fault: Fault) => fault.kind === 'order';

export function sayEntry({ stored: { seq, entry }, void: without }: LoggedEntry): string {
  const force = without === null ? '' : ` (without force: ${without})`;
  return `${String(seq).padStart(3)} ${entry.type}: ${sentence(entry)}${force}`;
}

export function sayVerdict({ words, span }: ExpectStep, wrong: string | null, afterMs: number | null): string {
  if (wrong !== null) return `${words}: NO, ${wrong}`;
  if (afterMs === null) return `${words}: yes`;
  const late = span.kind === 'within' && afterMs > span.ms ? ', by the allowance' : '';
  return `${words}: yes, after ${duration(afterMs)}${late}`;
}
