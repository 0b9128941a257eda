import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ipmiSwitch } from '../../adapters/power/ipmi.ts';
import { type Bmc, PASSWORD, startBmc } from './bmc.ts';
import { startFakebmc } from './fakebmc.ts';

let sim: Bmc;
let fake: Awaited<ReturnType<typeof startFakebmc>>;
beforeAll(async () => {
  sim = await startBmc();
  fake = await startFakebmc(PASSWORD);
});
afterAll(async () => {
  await fake?.stop();
  await sim?.stop();
});

const overFake = () => ipmiSwitch(sim.spec({ address: fake.address, port: fake.port }));

test('a BMC that shows what it was told has its machine boot from the network', async () => {
  expect(await overFake().bootFromNetwork?.('bios')).toEqual({
    kind: 'succeeded',
    detail: 'next boot read back as from the network',
  });
});

test('one that drops the EFI bit is not believed for a UEFI machine, and a person learns what to do', async () => {
  const outcome = await overFake().bootFromNetwork?.('uefi');
  expect(outcome).toMatchObject({ kind: 'failed' });
  expect(JSON.stringify(outcome)).toMatch(/by BIOS and not by UEFI; update the BMC/);
});

test('ipmi_sim takes it and shows no valid flag: not believed, unless the cluster file says it shows no more', async () => {
  expect(await ipmiSwitch(sim.spec()).bootFromNetwork?.('bios')).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('boot flags not valid'),
  });
  expect(sim.boot()).toBe('pxe');
  expect(await ipmiSwitch(sim.spec({ bootReadBack: 'device' })).bootFromNetwork?.('uefi')).toEqual({
    kind: 'succeeded',
    detail: expect.stringMatching(/read back as from the network; .* is not shown/),
  });
});

test('one that takes it and keeps its boot device fails, however little it shows', async () => {
  rmSync(join(sim.directory, 'boot'), { force: true });
  sim.lie(true);
  const outcome = await ipmiSwitch(sim.spec({ bootReadBack: 'device' })).bootFromNetwork?.('bios');
  sim.lie(false);
  expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('another boot device') });
  expect(sim.boot()).toBe('none');
});

test('from a dead one it is failed, for nothing was told; from one that falls silent it is unknown', async () => {
  sim.freeze();
  const dead = await ipmiSwitch(sim.spec()).bootFromNetwork?.('bios');
  sim.thaw();
  expect(dead).toEqual({ kind: 'failed', reason: expect.stringContaining('does not answer') });
  sim.dawdle(6_000);
  const silent = await ipmiSwitch(sim.spec()).bootFromNetwork?.('bios');
  sim.dawdle(0);
  expect(silent).toMatchObject({ kind: 'unknown' });
});
