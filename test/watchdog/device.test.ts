import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deviceWatchdog } from '../../adapters/watchdog/device.ts';
import { runDir } from './programs.ts';

/** Files laid out as the kernel lays out a device and its settings; the device itself is docs/watchdog.md's matter. */
function fakeDevice(settings: { timeout: string; nowayout: string }) {
  const directory = runDir();
  mkdirSync(join(directory, 'watchdog0'));
  for (const [name, value] of Object.entries(settings)) writeFileSync(join(directory, 'watchdog0', name), `${value}\n`);
  const path = join(directory, 'watchdog');
  writeFileSync(path, '');
  return { watchdog: deviceWatchdog(path, 8_000, directory), written: () => readFileSync(path, 'latin1') };
}

test('the device is armed by the first pet, and no pet is the letter that would disarm it', () => {
  const { watchdog, written } = fakeDevice({ timeout: '8', nowayout: '1' });
  expect(watchdog.trouble()).toMatch(/not armed yet/);
  watchdog.pet(0);
  watchdog.pet(1);
  expect(watchdog.trouble()).toBeNull();
  expect(written()).toHaveLength(2);
  expect(written()).not.toContain('V');
});

test.each([
  ['another timeout', { timeout: '60', nowayout: '1' }, /timeout of 60 s, not of 8000 ms/],
  ['a way out', { timeout: '8', nowayout: '0' }, /nowayout=1/],
])('a device with %s is refused and left unopened', (_, settings, words) => {
  const { watchdog, written } = fakeDevice(settings);
  watchdog.pet(0);
  expect(watchdog.trouble()).toMatch(words);
  expect(written()).toBe('');
});

test('no device is an answer, not a crash', () => {
  const watchdog = deviceWatchdog('/dev/watchdog7', 8_000, '/nowhere');
  watchdog.pet(0);
  expect(watchdog.trouble()).toMatch(/cannot read the settings of \/dev\/watchdog7/);
});
