import { join } from 'node:path';
import { expect } from 'vitest';
import { installHook } from '../../adapters/libvirt/hook.ts';
import { createStartGuard } from '../../adapters/libvirt/start-guard.ts';
import type { HypervisorEvent } from '../../services/ports.ts';
import { createDomains } from '../../sim/domains.ts';
import { createHypervisor, type HostTrouble, type HypervisorParts } from '../../sim/hypervisor.ts';
import { MODEL } from '../../sim/model.ts';
import { createProcess } from '../../sim/process.ts';
import { createRandom } from '../../sim/random.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { domainXml, makeDisk } from '../libvirt/guests.ts';
import { connect, startHost } from '../libvirt/host.ts';
import { type MigrationHarness, migrationContract } from './migration.ts';
import { really, virtually } from './time.ts';

async function simulated(): Promise<MigrationHarness> {
  const scheduler = createScheduler();
  const model = { ...MODEL };
  let connected = true;
  const hostOf = (permits: (guest: string) => boolean, peer: HypervisorParts['peer']) => {
    const trouble: HostTrouble = {
      libvirt: 'well',
      starts: 'well',
      storageLost: false,
      stuckGuests: false,
    };
    const domains = createDomains(() => {});
    const awake = () => true;
    const parts = {
      domains,
      trouble,
      awake,
      permits,
      peer,
      powered: awake,
      repaired() {},
      exchanged() {},
      installs() {},
      onLibvirt: () => () => {},
    };
    const hypervisor = createHypervisor(createProcess(scheduler), {
      ...parts,
      scheduler,
      random: createRandom(1),
      model,
    });
    const events: HypervisorEvent[] = [];
    void (async () => {
      for await (const event of hypervisor.events(new AbortController().signal)) events.push(event);
    })();
    return { hypervisor, events, parts };
  };
  const target = hostOf(
    (guest) => guest === 'g1',
    () => null,
  );
  const source = hostOf(
    () => true,
    (address) => (connected && address === 'b' ? target.parts : null),
  );
  const passing = virtually(scheduler);
  await passing.until('both follow', () => source.events.length + target.events.length === 2);
  return {
    ...passing,
    source,
    target,
    targetAddress: 'b',
    async start(guest, endless = false) {
      Object.assign(model, { migrationMs: endless ? [1e6, 1e6] : MODEL.migrationMs });
      expect(await source.hypervisor.start(guest, '', '1.1')).toMatchObject({ kind: 'succeeded' });
    },
    underWay: () => new Promise((resolve) => void scheduler.at(scheduler.now() + 100, resolve)),
    async cut(on) {
      connected = !on;
    },
    async freezeTarget(on) {
      target.parts.trouble.libvirt = on ? 'hung' : 'well';
    },
    async end() {},
  };
}

async function real(): Promise<MigrationHarness> {
  const a = await startHost(1);
  const b = await startHost(2, (directory) => {
    installHook({ hooksDir: join(directory, 'etc', 'hooks'), runDir: join(directory, 'run') });
    const guard = createStartGuard({ runDir: join(directory, 'run'), guests: ['g1', 'g2'] });
    guard.setLeaseEnd(Number.MAX_SAFE_INTEGER);
    guard.allow('g1', '1.1');
  });
  const targetAddress = '10.99.0.2';
  const cable = await connect(a, '10.99.0.1', b, targetAddress);
  await Promise.all([a.follow(), b.follow()]);
  return {
    ...really,
    source: { hypervisor: a.libvirt, events: a.events },
    target: { hypervisor: b.libvirt, events: b.events },
    targetAddress,
    async start(guest, endless = false) {
      const disk = join(a.directory, `${guest}.raw`);
      makeDisk(disk, 'dirties');
      expect(await a.libvirt.start(guest, domainXml(guest, disk), '1.1')).toMatchObject({ kind: 'succeeded' });
      // The firmware has read the boot sector: the guest itself runs now.
      await expect
        .poll(() => a.shell(`virsh -q domblkstat ${guest} vda`), { timeout: 10_000 })
        .toMatch(/rd_bytes [1-9]/);
      // At 1 MiB/s this guest changes its memory faster than it can be sent.
      if (endless) await a.shell(`virsh -q migrate-setspeed ${guest} 1`);
    },
    underWay: (guest) =>
      Promise.resolve(
        expect.poll(() => a.shell(`virsh -q domjobinfo ${guest}`), { timeout: 10_000 }).toMatch(/Data processed/),
      ),
    cut: (on) => (on ? cable.cut() : cable.mend()),
    freezeTarget: async (on) => void (await b.shell(`kill -${on ? 'STOP' : 'CONT'} $(pidof libvirtd)`)),
    end: async () => void (await Promise.all([a.down(), b.down()])),
  };
}

migrationContract('simulated', simulated);
migrationContract('real', real);
