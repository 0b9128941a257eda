import type { Outcome } from '../../services/ports.ts';
import type { Ran } from './run.ts';

type Firmware = 'bios' | 'uefi';
/** One call of ipmitool with these words after its connection options; throws when the BMC was not reached. */
export type Ipmitool = (words: readonly string[]) => Promise<Ran>;

/** A BMC forgets the boot device 60 s after it was set, if no power on follows; longer than many machines test themselves. */
const KEEP = ['raw', '0x00', '0x08', '0x03', '0x08'];
const READ = ['chassis', 'bootparam', 'get', '5'];
/** Boot flags of parameter 5: valid, for one boot; with EFI. Second byte: PXE. */
const VALID = 0x80;
const PERSISTENT = 0x40;
const EFI = 0x20;
const PXE = 0x04;

export async function bootFromNetwork(
  firmware: Firmware,
  readBack: 'full' | 'device',
  ipmitool: Ipmitool,
): Promise<Outcome> {
  const flags = `0x${(VALID | (firmware === 'uefi' ? EFI : 0)).toString(16)}`;
  const tries = [
    ['chassis', 'bootdev', 'pxe', ...(firmware === 'uefi' ? ['options=efiboot'] : [])],
    // The same by hand: some BMCs lose ipmitool's options in the sequence of requests it makes of them.
    ['raw', '0x00', '0x08', '0x05', flags, '0x04', '0x00', '0x00', '0x00'],
  ];
  // Refused where a BMC does not know it; then what follows may come too late, and the boot loader's silence tells.
  await ipmitool(KEEP);
  let why = '';
  for (const words of tries) {
    const set = await ipmitool(words);
    if (set.kind === 'timed-out')
      return { kind: 'unknown', reason: 'told to boot from the network, no answer in time' };
    const read = await ipmitool(READ);
    const data = read.kind === 'ended' ? /^Boot parameter data: ([0-9a-f]{10})$/m.exec(read.stdout)?.[1] : undefined;
    if (data === undefined) {
      return { kind: 'unknown', reason: 'told to boot from the network, but its boot device could not be read' };
    }
    why = otherwise(Buffer.from(data, 'hex'), firmware, readBack);
    if (why === '') {
      const unseen = readBack === 'device' ? '; that it holds for one boot and this firmware is not shown' : '';
      return { kind: 'succeeded', detail: `next boot read back as from the network${unseen}` };
    }
  }
  const todo = 'update the BMC, or set network boot as the first choice in the firmware';
  return { kind: 'failed', reason: `told to boot from the network once, and read back: ${why}; ${todo}` };
}

/** What of it is not as wanted; empty when all is. */
function otherwise(data: Buffer, firmware: Firmware, readBack: 'full' | 'device'): string {
  const [flags = 0, device = 0] = data;
  const not: string[] = [];
  if ((device & 0x3c) !== PXE) not.push('another boot device');
  if (readBack === 'full' && (flags & VALID) === 0) not.push('boot flags not valid');
  // Kept for ever, it would install the host anew with each boot that is armed by mistake.
  if ((flags & PERSISTENT) !== 0) not.push('for every boot');
  if (readBack === 'full' && ((flags & EFI) !== 0) !== (firmware === 'uefi')) {
    not.push(firmware === 'uefi' ? 'by BIOS and not by UEFI' : 'by UEFI and not by BIOS');
  }
  return not.join(', ');
}
