import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fenceAgentSwitch } from '../../adapters/power/fence-agent.ts';
import { powerSwitches } from '../../adapters/power/power-switches.ts';
import type { FenceAgentSpec } from '../../machines/spec.ts';
import { agent, dummy, overLan } from './agents.ts';
import { type Bmc, ipmitools, startBmc } from './bmc.ts';

let bmc: Bmc;
beforeAll(async () => {
  bmc = await startBmc();
});
afterAll(() => bmc.stop());

const reasonOf = (spec: FenceAgentSpec) =>
  fenceAgentSwitch(spec)
    .check()
    .then(
      () => 'nothing',
      (error: Error) => error,
    );

test('an agent that hangs is killed in time with all its children', async () => {
  await fenceAgentSwitch(overLan(bmc)).on();
  bmc.freeze();
  const began = performance.now();
  const off = await fenceAgentSwitch(overLan(bmc, { timeoutMs: 1_500 })).off();
  const tookMs = performance.now() - began;
  // What was killed may take a moment to be gone.
  const left = await vi.waitUntil(() => ipmitools(bmc.port).length === 0, { interval: 5 }).catch(() => false);
  bmc.thaw();
  expect(off.kind).toBe('unknown');
  expect(tookMs).toBeLessThan(3_000);
  expect(left).toBe(true);
  expect(bmc.machineRuns()).toBe(true);
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
    () => overLan(bmc, { parameters: { ip: '127.0.0.1', password: 'lab-secret' } }),
    'FENCE_PARAMETER_WRONG',
    /secretFiles/,
  ],
  [
    'a secret for all to read',
    () => overLan(bmc, { secretFiles: { password: bmc.secret('open', 'x', 0o604) } }),
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
  const switches = powerSwitches({ power: [bmc.spec(), overLan(bmc, { readingsApartMs: 300 })] });
  expect(switches.map(({ method, readingsApartMs }) => [method, readingsApartMs])).toEqual([
    [`ipmi 127.0.0.1:${bmc.port}`, 1_000],
    ['fence_ipmilan 127.0.0.1', 300],
  ]);
});
