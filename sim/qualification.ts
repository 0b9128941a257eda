/** The Qualification port of one rekindled: what is wrong with its host is what the tests find. */
import type { Outcome, Qualification } from '../services/ports.ts';
import type { HypervisorParts } from './hypervisor.ts';
import type { Process } from './process.ts';

const SILENT_MS = 10_000;

const failed = (reason: string): Outcome => ({ kind: 'failed', reason });

export function createQualification(
  process: Process,
  { random, model, trouble, permits }: Pick<HypervisorParts, 'random' | 'model' | 'trouble' | 'permits'>,
  ways: Qualification['ways'],
): Qualification {
  const asked = async (ms: number, answer: () => Outcome): Promise<Outcome> => {
    await process.delay(ms);
    if (trouble.libvirt === 'well') return answer();
    if (trouble.libvirt === 'hung') await process.delay(SILENT_MS);
    return { kind: 'unknown', reason: `libvirt is ${trouble.libvirt}` };
  };
  return {
    ways,
    virtualization: () =>
      asked(random.between(model.libvirtCallMs), () => ({ kind: 'succeeded', detail: 'qemu x86_64 by the simulator' })),
    images: () =>
      asked(random.between(model.libvirtCallMs), () =>
        trouble.storageLost
          ? failed('the image store is not there')
          : { kind: 'succeeded', detail: 'images are there' },
      ),
    // No domain of the host's: nothing of it is seen by anybody who counts guests, and it writes nowhere.
    canary: (name) =>
      asked(random.between(model.startMs), () => {
        if (!permits(name)) return failed(`${name} has no grant on this host, or its lease is over`);
        if (trouble.starts === 'fail') return failed('QEMU cannot be started');
        if (trouble.starts === 'unknown' || trouble.stuckGuests)
          return { kind: 'unknown', reason: 'no answer to the start' };
        return { kind: 'succeeded', detail: 'ran, and was gone' };
      }),
  };
}
