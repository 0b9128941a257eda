/** Runs `source` in a process of its own, so that it can be killed, squeezed or kept alive beside the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

const at = (path: string) => JSON.stringify(new URL(`../../adapters/sqlite/${path}`, import.meta.url).pathname);
const PRELUDE = `
  const { openVoterRegisters } = await import(${at('voter-registers.ts')});
  const { openAgentMemory } = await import(${at('agent-memory.ts')});
  const { openJournal } = await import(${at('journal.ts')});
  const { lockNode } = await import(${at('node-lock.ts')});
  const say = (word) => process.stdout.write(word + '\\n');
`;

export interface Other {
  readonly process: ChildProcess;
  readonly lines: AsyncIterableIterator<string>;
  readonly ended: Promise<unknown>;
}

export function inProcess(source: string, wrapper: readonly string[] = []): Other {
  const [program, ...args] = [...wrapper, process.execPath, '--input-type=module', '-e', PRELUDE + source];
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
    await ended;
  });
  return { process: child, lines: createInterface({ input: child.stdout! })[Symbol.asyncIterator](), ended };
}

export async function nextLine({ lines }: Other): Promise<string> {
  const { value, done } = await lines.next();
  return done ? '(ended)' : value;
}
