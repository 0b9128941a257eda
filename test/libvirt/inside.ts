/** Runs inside a private host (host.ts) and drives the real adapter there on behalf of a test. */
import { execFileSync } from 'node:child_process';
import { createLibvirt } from '../../adapters/libvirt/hypervisor.ts';
import { createQualification } from '../../adapters/libvirt/qualification.ts';

const runDir = process.argv[2] ?? '';
const libvirt = createLibvirt({
  runDir,
  peer: (address) => `qemu+tcp://${address}/system`,
  // As an init system would: the old one ends, PID 1 starts a new one, guests are left alone.
  repairCommand: ['sh', '-c', 'kill -9 $(pidof libvirtd); sleep 0.1; kill -USR1 1'],
});
const qualification = createQualification({ uri: 'qemu:///system', hypervisor: libvirt, ways: async () => ({}) });
const following = new AbortController();

const calls: Record<string, (...given: never[]) => unknown> = {
  ...qualification,
  ...libvirt,
  shell: (command: string) => execFileSync('sh', ['-c', command], { encoding: 'utf8', timeout: 20_000 }),
  follow: async () => {
    for await (const event of libvirt.events(following.signal)) process.send?.({ event });
  },
  unfollow: () => following.abort(),
};

process.on('message', async ({ id, call, given }: { id: number; call: string; given: never[] }) => {
  try {
    process.send?.({ id, value: await calls[call]?.(...given) });
  } catch (error) {
    process.send?.({ id, error: String(error) });
  }
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });
