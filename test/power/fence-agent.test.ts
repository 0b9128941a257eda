import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FenceAgentSpec, fenceAgentSwitch } from '../../adapters/power/fence-agent.ts';
import { powerSwitches } from '../../adapters/power/power-switches.ts';
import { powerSchema } from '../../machines/spec.ts';
import { type Bmc, ipmitools, startBmc } from './bmc.ts';

let bmc: Bmc;
beforeAll(async () => {
  bmc = await startBmc();
});
afterAll(() => bmc.stop());

const agent = (
  spec: Omit<FenceAgentSpec, 'kind' | 'parameters' | 'secretFiles' | 'readingsApartMs' | 'timeoutMs'> &
    Partial<FenceAgentSpec>,
) => powerSchema.parse({ ...spec, kind: 'fence-agent' }) as FenceAgentSpec;
const overLan = (changes: Partial<FenceAgentSpec> = {}) =>
  agent({
    agent: 'fence_ipmilan',
    parameters: {
      ip: '127.0.0.1',
      ipport: String(bmc.port),
      username: 'admin',
      lanplus: '1',
      cipher: '3',
      power_wait: '0',
    },
    secretFiles: { password: bmc.spec().passwordFile },
    ...changes,
  });
const dummy = (parameters: Record<string, string>, changes: Partial<FenceAgentSpec> = {}) =>
  agent({ agent: 'fence_dummy', parameters, ...changes });
const reasonOf = (spec: FenceAgentSpec) =>
  fenceAgentSwitch(spec)
    .check()
    .then(
      () => 'nothing',
      (error: Error) => error,
    );

test('fence_ipmilan ends a real machine through a real BMC, and its status is what is believed', async () => {
  const power = fenceAgentSwitch(overLan());
  expect(power.method).toBe('fence_ipmilan 127.0.0.1');
  expect(await power.on()).toMatchObject({ kind: 'succeeded' });
  expect(bmc.machineRuns()).toBe(true);
  expect(await power.off()).toEqual({ kind: 'succeeded', detail: 'read back off' });
  expect(bmc.machineRuns()).toBe(false);
  expect(await power.off()).toMatchObject({ kind: 'succeeded' });
  expect(await power.status()).toBe('off');
});

test('a switch that acknowledges and does nothing is not believed', async () => {
  const power = fenceAgentSwitch(overLan({ timeoutMs: 3_000 }));
  await power.on();
  bmc.lie(true);
  expect((await power.off()).kind).not.toBe('succeeded');
  bmc.lie(false);
  expect(await power.off()).toMatchObject({ kind: 'succeeded' });
});

test('an agent that hangs is killed in time with all its children', async () => {
  await fenceAgentSwitch(overLan()).on();
  bmc.freeze();
  const began = performance.now();
  const off = await fenceAgentSwitch(overLan({ timeoutMs: 1_500 })).off();
  const tookMs = performance.now() - began;
  const left = ipmitools(bmc.port);
  bmc.thaw();
  expect(off.kind).toBe('unknown');
  expect(tookMs).toBeLessThan(3_000);
  expect(left).toEqual([]);
  expect(bmc.machineRuns()).toBe(true);
});

test('fence_dummy: off and on are read back from where the agent keeps them', async () => {
  const file = join(bmc.directory, 'dummy');
  const power = fenceAgentSwitch(dummy({ status_file: file, power_wait: '0' }));
  writeFileSync(file, 'on');
  expect(await power.status()).toBe('on');
  expect(await power.off()).toMatchObject({ kind: 'succeeded' });
  expect(readFileSync(file, 'utf8')).toBe('off');
  expect(await power.on()).toMatchObject({ kind: 'succeeded' });
});

test.each([
  [
    'a mistyped parameter',
    () => dummy({ status_flie: '/x' }),
    'FENCE_PARAMETER_UNKNOWN',
    /status_flie \(did you mean status_file\?\)/,
  ],
  ['a foreign parameter', () => dummy({ zzzzzzzz: 'x' }), 'FENCE_PARAMETER_UNKNOWN', /no parameter zzzzzzzz;/],
  ['an action of its own', () => dummy({ action: 'reboot' }), 'FENCE_PARAMETER_WRONG', /action/],
  [
    'a value that begins another line',
    () => dummy({ status_file: '/x\naction=on' }),
    'FENCE_PARAMETER_WRONG',
    /control character/,
  ],
  [
    'a password in the cluster file',
    () => overLan({ parameters: { ip: '127.0.0.1', password: 'lab-secret' } }),
    'FENCE_PARAMETER_WRONG',
    /secretFiles/,
  ],
  [
    'a secret for all to read',
    () => overLan({ secretFiles: { password: bmc.secret('open', 'x', 0o604) } }),
    'SECRET_FILE_EXPOSED',
    /mode 604/,
  ],
  [
    'an agent that is not installed',
    () => agent({ agent: 'fence_nonsuch' }),
    'POWER_TOOL_MISSING',
    /fence_nonsuch is not installed/,
  ],
])('%s is refused before anything is switched', async (_, spec, code, words) => {
  const file = join(bmc.directory, 'untouched');
  const error = await reasonOf(spec());
  expect(error).toMatchObject({ code });
  expect(String(error)).toMatch(words);
  expect(String(error)).not.toContain('lab-secret');
  expect(await fenceAgentSwitch(spec()).off()).toMatchObject({ kind: 'failed' });
  expect(existsSync(file)).toBe(false);
});

test('a value keeps its blanks and quotes on the way to the agent', async () => {
  const file = join(bmc.directory, ' "odd" name ');
  writeFileSync(file, 'on');
  expect(await fenceAgentSwitch(dummy({ status_file: file })).status()).toBe('on');
});

test.each(['fence_virsh', 'fence_xvm', 'fence_vmware_rest', 'fence_scsi', 'fence_ack_manual', 'fence_dummy'])(
  '%s is no proof that a host is off, and is refused as a power switch',
  (name) => {
    expect(() => powerSwitches({ power: [agent({ agent: name })] })).toThrow(
      expect.objectContaining({ code: 'FENCE_AGENT_NO_PROOF' }),
    );
  },
);

test('a host has its switches in the order of the cluster file', () => {
  const switches = powerSwitches({ power: [bmc.spec(), overLan({ readingsApartMs: 300 })] });
  expect(switches.map(({ method, readingsApartMs }) => [method, readingsApartMs])).toEqual([
    [`ipmi 127.0.0.1:${bmc.port}`, 1_000],
    ['fence_ipmilan 127.0.0.1', 300],
  ]);
});
