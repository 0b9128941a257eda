import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { redfishSwitch } from '../../adapters/power/redfish.ts';
import { powerSchema } from '../../machines/spec.ts';
import { type Quirks, type RedfishBmc, startRedfishBmc, UUID } from './redfish-bmc.ts';

let bmc: RedfishBmc;
beforeAll(async () => {
  bmc = await startRedfishBmc();
});
beforeEach(() => {
  bmc.be({});
  bmc.begin();
});
afterAll(() => bmc?.stop());

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing',
    (error: { code?: string }) => error.code,
  );
const resets = () => bmc.log.filter((line) => line.includes('ComputerSystem.Reset'));

test.each<[string, Quirks]>([
  ['nothing strange', {}],
  ['no session service', { basicOnly: true }],
  ['202 and a state between for a while', { betweenMs: 600 }],
  ['paths that end with a slash', { slash: true }],
  ['one 500 before each answer', { stumbles: 1 }],
  ['a session that ended', { expires: 1 }],
])('with %s the host is switched off and on, by one reset each', async (_, quirks) => {
  const power = redfishSwitch(bmc.spec());
  bmc.be(quirks);
  expect(await power.off()).toEqual({ kind: 'succeeded', detail: 'read back off' });
  expect(bmc.isOn()).toBe(false);
  expect(await power.on()).toEqual({ kind: 'succeeded', detail: 'read back on' });
  expect(bmc.isOn()).toBe(true);
  expect(resets().map((line) => line.split(' ')[2])).toEqual(['ForceOff', 'On']);
});

test.each([400, 409] as const)('%d to an off of what went off just before is no failure', async (meanwhile) => {
  bmc.be({ meanwhile });
  const power = redfishSwitch(bmc.spec());
  expect(await power.off()).toMatchObject({ kind: 'succeeded' });
  expect(await power.off()).toMatchObject({ kind: 'succeeded' });
  expect(resets()).toHaveLength(1);
});

test('one that says 204 and does nothing is not believed, and is told once', async () => {
  bmc.be({ ignores: true });
  expect(await redfishSwitch(bmc.spec({ timeoutMs: 1_000 })).off()).toMatchObject({ kind: 'failed' });
  expect(resets()).toHaveLength(1);
});

test.each(['PoweringOff', 'Paused', 'off', null, 0])('state %j is not off', async (state) => {
  bmc.be({ state });
  expect(await redfishSwitch(bmc.spec()).status()).toBe('unknown');
});

test('a reset whose answer is lost is unknown and never sent again', async () => {
  bmc.be({ slowMs: 2_000 });
  expect(await redfishSwitch(bmc.spec({ timeoutMs: 800 })).off()).toMatchObject({ kind: 'unknown' });
  expect(resets()).toHaveLength(1);
  await vi.waitUntil(() => !bmc.isOn(), { timeout: 5_000 });
});

test('a session is shared, ended when idle, and not left behind', async () => {
  bmc.forgetSessions();
  const power = redfishSwitch(bmc.spec());
  await power.status();
  await power.status();
  expect(bmc.log.filter((line) => line.startsWith('POST'))).toHaveLength(1);
  expect(bmc.sessions()).toBe(1);
  await vi.waitUntil(() => bmc.sessions() === 0, { timeout: 8_000 });
});

test('of two systems none is taken by its position, and the one that is named is the one that goes off', async () => {
  bmc.be({ twoSystems: true });
  const unnamed = redfishSwitch(bmc.spec());
  await expect(unnamed.check()).rejects.toMatchObject({
    code: 'POWER_SYSTEM',
    message: expect.stringContaining('/redfish/v1/Systems/2'),
  });
  expect(await unnamed.off()).toMatchObject({ kind: 'failed' });
  expect(resets()).toEqual([]);
  for (const system of ['SN2', '/redfish/v1/Systems/2']) {
    await redfishSwitch(bmc.spec({ system })).off();
    expect([bmc.isOn('1'), bmc.isOn('2')]).toEqual([true, false]);
    bmc.begin();
  }
  await redfishSwitch(bmc.spec({ system: UUID.toUpperCase() })).off();
  expect([bmc.isOn('1'), bmc.isOn('2')]).toEqual([false, true]);
  expect(await codeOf(redfishSwitch(bmc.spec({ system: 'SN3' })).check())).toBe('POWER_SYSTEM');
});

test('a peer with another certificate is told nothing at all', async () => {
  const power = redfishSwitch(bmc.spec({ certificate: 'ab'.repeat(32) }));
  expect(await codeOf(power.check())).toBe('POWER_CERTIFICATE');
  expect(await power.off()).toMatchObject({ kind: 'failed' });
  expect(bmc.log).toEqual([]);
});

test('a redirect to another place is not followed: the token would go with it', async () => {
  bmc.be({ movedTo: 'https://127.0.0.1:1' });
  const power = redfishSwitch(bmc.spec());
  expect(await codeOf(power.check())).toBe('POWER_UNCLEAR');
  expect(await power.off()).toMatchObject({ kind: 'failed', reason: expect.stringContaining('points elsewhere') });
});

test.each([
  ['a wrong password', () => ({ passwordFile: bmc.secret('wrong', 'guess') }), 'POWER_REFUSED'],
  ['no password file', () => ({ passwordFile: '/nowhere/password' }), 'SECRET_FILE_UNREADABLE'],
  ['nobody there', () => ({ url: 'https://127.0.0.1:1' }), 'POWER_SILENT'],
])('%s is told as what it is', async (_, changes, code) => {
  const power = redfishSwitch(bmc.spec(changes()));
  expect(await codeOf(power.check())).toBe(code);
  const off = await power.off();
  expect(off).toMatchObject({ kind: 'failed' });
  expect(JSON.stringify(off)).not.toContain(bmc.password);
});

test('silence ends in time, and an endless answer is cut off', async () => {
  bmc.be({ silent: true });
  const began = performance.now();
  expect(await codeOf(redfishSwitch(bmc.spec({ timeoutMs: 500 })).check())).toBe('POWER_SILENT');
  expect(performance.now() - began).toBeLessThan(2_500);
  bmc.be({ large: true });
  expect(await codeOf(redfishSwitch(bmc.spec()).check())).toBe('POWER_UNCLEAR');
});

test.each<[string, Quirks, 'bios' | 'uefi']>([
  ['as it should', {}, 'uefi'],
  ['in another mode than now', {}, 'bios'],
  ['with an entity tag', { etag: 'weak' }, 'uefi'],
  ['with a strong entity tag', { etag: 'strong' }, 'uefi'],
  ['without a mode', { refusesMode: true }, 'uefi'],
  ['with a mode each time', { losesMode: true }, 'uefi'],
  ['at its settings', { settings: true }, 'uefi'],
])('network boot is taken %s, and read back', async (_, quirks, firmware) => {
  bmc.be(quirks);
  expect(await redfishSwitch(bmc.spec()).bootFromNetwork?.(firmware)).toEqual({
    kind: 'succeeded',
    detail: 'next boot read back as from the network',
  });
  expect(bmc.boot()).toEqual({
    BootSourceOverrideEnabled: 'Once',
    BootSourceOverrideTarget: 'Pxe',
    BootSourceOverrideMode: firmware === 'uefi' ? 'UEFI' : 'Legacy',
  });
});

test('network boot that is taken and not shown has failed, with what a person can do', async () => {
  bmc.be({ keepsBoot: true });
  expect(await redfishSwitch(bmc.spec({ timeoutMs: 10_000 })).bootFromNetwork?.('uefi')).toMatchObject({
    kind: 'failed',
    reason: expect.stringMatching(/read back as Disabled, None, UEFI; update the BMC/),
  });
});

test.each([
  ['https without a certificate', { url: 'https://10.0.9.1' }],
  ['http to another machine', { url: 'http://10.0.9.1', certificate: 'ab'.repeat(32) }],
  ['http to a name that only begins like loopback', { url: 'http://127.0.0.1.example.org' }],
  ['a path', { url: 'https://10.0.9.1/redfish', certificate: 'ab'.repeat(32) }],
])('%s is no way to a BMC', (_, changes) => {
  const spec = { kind: 'redfish', user: 'a', passwordFile: '/p', ...changes };
  expect(powerSchema.safeParse(spec).success).toBe(false);
});

test("Debian's own Redfish client finds in this service what we find", async () => {
  const ask = async (...words: string[]) => {
    const host = bmc.url.replace('https://', '');
    const login = ['-r', host, '-u', bmc.user, '-p', bmc.password, '-S', 'Always', '-A', 'Basic'];
    return (await promisify(execFile)('redfishtool', [...login, 'Systems', '-1', ...words])).stdout;
  };
  const power = redfishSwitch(bmc.spec());
  await ask('reset', 'ForceOff');
  expect(await power.status()).toBe('off');
  await power.on();
  expect(await ask('-P', 'PowerState')).toContain('On');
  await ask('setBootOverride', 'Once', 'Pxe');
  expect(bmc.boot()).toMatchObject({ BootSourceOverrideEnabled: 'Once', BootSourceOverrideTarget: 'Pxe' });
});
