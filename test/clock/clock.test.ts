import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createClock } from '../../adapters/clock/clock.ts';
import { createMachine } from '../../adapters/clock/machine.ts';

const module = new URL('../../adapters/clock/clock.ts', import.meta.url).pathname;
const print = `const { createClock } = await import(${JSON.stringify(module)}); console.log(createClock().now());`;
const inAnotherProcess = (wrapper: string[] = []) => {
  const [program, ...args] = [...wrapper, process.execPath, '--input-type=module', '-e', print];
  return Number(execFileSync(program!, args, { encoding: 'utf8' }));
};

// A time namespace is the one honest way to make the two kernel clocks differ without putting the machine to sleep.
test('counts time that the monotonic clock has slept through', (context) => {
  const slept = 3_600;
  const wrapper = ['unshare', '--time', '--fork', '--boottime', String(slept)];
  try {
    execFileSync(wrapper[0]!, [...wrapper.slice(1), 'true'], { stdio: 'ignore' });
  } catch {
    return context.skip('needs root and a kernel with time namespaces');
  }
  const before = createClock().now();
  const awakeFor = inAnotherProcess(wrapper) - before;
  expect(awakeFor).toBeGreaterThan(slept * 1_000 - 50);
  expect(awakeFor).toBeLessThan(slept * 1_000 + 10_000);
});

test('the boot id is the one of the running kernel', () => {
  expect(createMachine().bootId()).toMatch(/^[0-9a-f-]{36}$/);
  expect(createMachine().bootId()).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
});
