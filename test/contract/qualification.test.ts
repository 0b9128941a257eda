import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { installHook } from '../../adapters/libvirt/hook.ts';
import { createStartGuard } from '../../adapters/libvirt/start-guard.ts';
import { createHook } from '../../sim/hook.ts';
import type { HostTrouble } from '../../sim/hypervisor.ts';
import { MODEL } from '../../sim/model.ts';
import { createProcess } from '../../sim/process.ts';
import { createQualification } from '../../sim/qualification.ts';
import { createRandom } from '../../sim/random.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { domainXml, makeDisk } from '../libvirt/guests.ts';
import { startHost, type TestHost } from '../libvirt/host.ts';
import { type QualificationHarness, qualificationContract } from './qualification.ts';
import { really, virtually } from './time.ts';

async function simulated(): Promise<QualificationHarness> {
  const scheduler = createScheduler();
  const trouble: HostTrouble = { libvirt: 'well', starts: 'well', storageLost: false, stuckGuests: false };
  const hook = createHook(() => scheduler.now());
  hook.guard.setLeaseEnd(Number.MAX_SAFE_INTEGER);
  const parts = { random: createRandom(1), model: MODEL, trouble, permits: hook.permits };
  return {
    ...virtually(scheduler),
    qualification: createQualification(createProcess(scheduler), parts, async () => ({})),
    definition: () => '',
    storage(is) {
      trouble.storageLost = is === 'gone';
    },
    grant: (name, granted) => (granted ? hook.guard.allow(name, '0.0') : hook.guard.revoke(name)),
    async libvirt(is) {
      trouble.libvirt = is === 'killed' ? 'down' : 'well';
    },
    known: async () => [],
    running: async () => [],
    async end() {},
  };
}

async function realHost() {
  const runDir = (directory: string) => join(directory, 'run');
  const host = await startHost(1, (directory) => {
    mkdirSync(runDir(directory), { recursive: true });
    installHook({ hooksDir: join(directory, 'etc', 'hooks'), runDir: runDir(directory) });
  });
  const guard = createStartGuard({ runDir: runDir(host.directory), guests: ['g1'] });
  guard.setLeaseEnd(Number.MAX_SAFE_INTEGER);
  return { host, guard };
}

async function real(): Promise<QualificationHarness> {
  const { host, guard } = await realHost();
  const disk = join(host.directory, 'g1.raw');
  makeDisk(disk, 'deaf');
  return {
    ...really,
    qualification: host.qualification,
    definition: (images) => domainXml('g1', images === 'there' ? disk : '/nowhere/disk.raw'),
    storage() {},
    grant: (name, granted) => (granted ? guard.allow(name, '0.0') : guard.revoke(name)),
    libvirt: async (is) => void (await host.shell(is === 'killed' ? 'kill -9 $(pidof libvirtd)' : 'kill -USR1 1')),
    known: async () =>
      (await host.shell('virsh -q -c qemu:///system list --all --name')).split('\n').filter((line) => line.trim()),
    running: () => host.libvirt.list(),
    end: host.down,
  };
}

qualificationContract('simulated', simulated);
qualificationContract('real', real);

test('a machine that guests ask for and this host has not is named, and so is what is wrong with each image', async () => {
  const host: TestHost = (await realHost()).host;
  try {
    const xml = domainXml('g1', '/nowhere/disk.raw');
    const { virtualization, images } = host.qualification;
    expect(await virtualization([xml.replace("type='qemu'", "type='xen'")])).toEqual({
      kind: 'failed',
      reason: expect.stringMatching(/cannot run --virttype xen --arch x86_64/),
    });
    expect(await images(xml)).toEqual({ kind: 'failed', reason: '/nowhere/disk.raw: ENOENT' });
    expect(await images(domainXml('g1', '/proc'))).toMatchObject({
      reason: '/proc is neither a file nor a block device',
    });
    const pool = xml
      .replace("type='file' device", "type='volume' device")
      .replace("file='/nowhere/disk.raw'", "pool='p1' volume='v1'");
    expect(await images(pool)).toMatchObject({ kind: 'failed', reason: expect.stringContaining("'p1'") });
    const network = xml.replace("file='/nowhere/disk.raw'", "protocol='rbd' name='pool/g1'");
    expect(await images(network)).toMatchObject({ kind: 'succeeded' });
  } finally {
    await host.down();
  }
});
