import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { installHook } from '../../adapters/libvirt/hook.ts';
import { createStartGuard } from '../../adapters/libvirt/start-guard.ts';
import type { HypervisorEvent } from '../../services/ports.ts';
import { createDomains } from '../../sim/domains.ts';
import { createHook } from '../../sim/hook.ts';
import { createHypervisor, type HostTrouble } from '../../sim/hypervisor.ts';
import { MODEL } from '../../sim/model.ts';
import { createProcess } from '../../sim/process.ts';
import { createRandom } from '../../sim/random.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { domainXml, makeDisk } from '../libvirt/guests.ts';
import { startHost } from '../libvirt/host.ts';
import { type HypervisorHarness, hypervisorContract, type Program } from './hypervisor.ts';
import { really, virtually } from './time.ts';

async function simulated(): Promise<HypervisorHarness> {
  const scheduler = createScheduler();
  const trouble: HostTrouble = {
    libvirt: 'well',
    starts: 'well',
    storageLost: false,
    stuckGuests: false,
  };
  const listeners = new Set<(up: boolean) => void>();
  const programs = new Map<string, Program>();
  const hook = createHook(() => scheduler.now());
  hook.guard.setLeaseEnd(Number.MAX_SAFE_INTEGER);
  const domains = createDomains(() => {});
  domains.onNews(({ kind, guest }) => {
    if (kind !== 'started') return;
    const program = programs.get(guest);
    domains.get(guest)!.hung = program === 'deaf';
    const cause = program === 'leaves' ? 'shut-down' : program === 'panics' ? 'panicked' : null;
    if (cause) scheduler.at(scheduler.now() + 500, () => domains.end(guest, cause));
  });
  const turn = (is: HostTrouble['libvirt']) => {
    trouble.libvirt = is;
    for (const listener of listeners) listener(is === 'well');
  };
  const hypervisor = createHypervisor(createProcess(scheduler), {
    scheduler,
    random: createRandom(1),
    model: MODEL,
    domains,
    trouble,
    powered: () => true,
    awake: () => true,
    permits: hook.permits,
    peer: () => null,
    repaired: () => turn('well'),
    exchanged: () => {},
    installs: () => {},
    onLibvirt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  const events: HypervisorEvent[] = [];
  void (async () => {
    for await (const event of hypervisor.events(new AbortController().signal)) events.push(event);
  })();
  return {
    ...virtually(scheduler),
    hypervisor: {
      ...hypervisor,
      start(guest, program, token) {
        trouble.starts = program === 'broken' ? 'fail' : 'well';
        trouble.storageLost = program === 'imageless';
        return hypervisor.start(guest, program, token);
      },
    },
    events,
    because: { broken: 'QEMU cannot be started', imageless: 'the image store is not there' },
    definition(guest, program) {
      programs.set(guest, program);
      return program;
    },
    kill: async (guest) => domains.end(guest, 'died'),
    libvirt: async (is) => turn(is === 'killed' ? 'down' : is),
    grant: (guest, granted) => (granted ? hook.guard.allow(guest, '1.1') : hook.guard.revoke(guest)),
    async end() {},
  };
}

async function real(): Promise<HypervisorHarness> {
  const guests = Array.from({ length: 40 }, (_, n) => `g${n}`);
  const runDir = (directory: string) => join(directory, 'run');
  const host = await startHost(1, (directory) => {
    mkdirSync(runDir(directory), { recursive: true });
    installHook({ hooksDir: join(directory, 'etc', 'hooks'), runDir: runDir(directory) });
  });
  const guard = createStartGuard({ runDir: runDir(host.directory), guests });
  guard.setLeaseEnd(Number.MAX_SAFE_INTEGER);
  void host.follow();
  const libvirtd = {
    // Thawed, or started anew where none is left.
    well: 'kill -CONT $(pidof libvirtd) 2>/dev/null || kill -USR1 1',
    killed: 'kill -9 $(pidof libvirtd)',
    hung: 'kill -STOP $(pidof libvirtd)',
  };
  return {
    ...really,
    hypervisor: host.libvirt,
    events: host.events,
    because: { broken: '/nowhere/qemu', imageless: '/nowhere/disk.raw' },
    definition(guest, program) {
      const disk = join(host.directory, `${guest}.raw`);
      if (program === 'imageless') return domainXml(guest, '/nowhere/disk.raw');
      makeDisk(disk, program === 'broken' ? 'deaf' : program);
      const xml = domainXml(guest, disk);
      return program === 'broken' ? xml.replace('/usr/bin/qemu-system-x86_64', '/nowhere/qemu') : xml;
    },
    kill: async (guest) => void (await host.shell(`pkill -9 -f '^[^ ]*qemu-system[^ ]* -name guest=${guest},'`)),
    libvirt: async (is) => void (await host.shell(libvirtd[is])),
    grant: (guest, granted) => (granted ? guard.allow(guest, '1.1') : guard.revoke(guest)),
    end: host.down,
  };
}

hypervisorContract('simulated', simulated);
hypervisorContract('real', real);
