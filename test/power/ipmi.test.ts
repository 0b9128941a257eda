import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ipmiSwitch } from '../../adapters/power/ipmi.ts';
import { type Bmc, ipmitools, PASSWORD, startBmc } from './bmc.ts';

let bmc: Bmc;
beforeAll(async () => {
  bmc = await startBmc();
});
afterAll(() => bmc.stop());

const timed = async <T>(promise: Promise<T>): Promise<{ value: T; ms: number }> => {
  const began = performance.now();
  return { value: await promise, ms: performance.now() - began };
};
const reasonOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing',
    (error: { code?: string }) => error.code,
  );

test('a dead BMC costs two seconds, not its defaults of twenty, and is said to be silent', async () => {
  const power = ipmiSwitch(bmc.spec());
  bmc.freeze();
  try {
    const { value, ms } = await timed(power.off());
    expect(value).toEqual({ kind: 'failed', reason: `ipmi 127.0.0.1:${bmc.port} does not answer within 5000 ms` });
    expect(ms).toBeLessThan(4_000);
    expect(await reasonOf(power.check())).toBe('POWER_SILENT');
  } finally {
    bmc.thaw();
  }
  await expect(power.check()).resolves.toBeUndefined();
});

test('a call that runs into its time limit is unknown, and nothing of it is left to act later', async () => {
  await ipmiSwitch(bmc.spec()).on();
  bmc.freeze();
  const { value, ms } = await timed(ipmiSwitch(bmc.spec({ timeoutMs: 300 })).off());
  // What was killed may take a moment to be gone.
  const left = await vi.waitUntil(() => ipmitools(bmc.port).length === 0, { interval: 5 }).catch(() => false);
  bmc.thaw();
  expect(value.kind).toBe('unknown');
  expect(ms).toBeLessThan(900);
  expect(left).toBe(true);
  expect(bmc.machineRuns()).toBe(true);
});

test.each([
  ['a wrong password', () => ({ passwordFile: bmc.secret('wrong', 'guess') }), 'POWER_REFUSED', /wrong password/],
  ['an unknown user', () => ({ user: 'nobody' }), 'POWER_REFUSED', /unknown user/],
  ['a cipher it does not have', () => ({ cipherSuite: 17 }), 'POWER_REFUSED', /invalid authentication algorithm/],
  ['no password file', () => ({ passwordFile: '/nowhere/password' }), 'SECRET_FILE_UNREADABLE', /no such file/],
  ['an empty password file', () => ({ passwordFile: bmc.secret('empty', '\n') }), 'SECRET_FILE_UNREADABLE', /empty/],
  [
    'a password file for all to read',
    () => ({ passwordFile: bmc.secret('open', PASSWORD, 0o644) }),
    'SECRET_FILE_EXPOSED',
    /chmod|mode 644/,
  ],
])('%s is told as what it is, at once', async (_, changes, code, words) => {
  const power = ipmiSwitch(bmc.spec(changes()));
  const began = performance.now();
  expect(await reasonOf(power.check())).toBe(code);
  const off = await power.off();
  expect(off.kind).toBe('failed');
  expect(off.kind === 'failed' && off.reason).toMatch(words);
  expect(JSON.stringify(off)).not.toContain(PASSWORD);
  expect(performance.now() - began).toBeLessThan(1_500);
});

test('the password is in no argument list and no environment', async () => {
  bmc.freeze();
  const waiting = ipmiSwitch(bmc.spec({ timeoutMs: 1_500 })).status();
  const seen = await vi.waitUntil(() => ipmitools(bmc.port)[0], { interval: 5 });
  await waiting;
  bmc.thaw();
  expect(seen).toContain('ipmitool');
  expect(seen).not.toContain(PASSWORD);
});

test('a missing ipmitool is an error that says what to install', () => {
  const module = new URL('../../adapters/power/ipmi.ts', import.meta.url).pathname;
  const script = `
    const { ipmiSwitch } = await import(${JSON.stringify(module)});
    await ipmiSwitch(${JSON.stringify(bmc.spec())}).check().catch((error) => console.log(error.code, error.todo));
  `;
  // Its own view of the machine, in which the directory of ipmitool is empty.
  const hide =
    'mkdir "$0/no-programs" && mount --bind "$0/no-programs" "$(dirname "$(command -v ipmitool)")" && exec "$@"';
  const wrapper = ['--mount', '--map-root-user', '/bin/sh', '-c', hide, bmc.directory];
  const said = execFileSync('unshare', [...wrapper, process.execPath, '--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(said.trim()).toBe('POWER_TOOL_MISSING apt-get install ipmitool');
});
