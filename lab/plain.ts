/** Guests without Rekindle, for trying the lab itself: defined and started by hand where they prefer to be. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sh } from './exec.ts';
import { definitionOf } from './guests.ts';
import type { Host } from './host.ts';
import { GUESTS, shared } from './layout.ts';

export async function startPlainly(hosts: ReadonlyMap<string, Host>): Promise<void> {
  await Promise.all(
    GUESTS.map(async (guest) => {
      const init = hosts.get(guest.prefers)?.init();
      const virsh = ['-t', String(init), '-m', '-u', '-i', '-n', '-p', '--', 'virsh', '-q', '-c', 'qemu:///system'];
      const file = join(shared, `${guest.name}.xml`);
      await writeFile(file, definitionOf(guest));
      await sh('nsenter', [...virsh, 'define', file]);
      await sh('nsenter', [...virsh, 'start', guest.name]);
    }),
  );
}
