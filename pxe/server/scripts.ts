/**
 * What iPXE is told. Whatever comes from a request was parsed by a schema before it gets here, and every word that is put
 * into a script is checked once more: none may hold a blank, `$`, `|`, `&` or `#`.
 */
import { z } from 'zod';
import type { InstallAnswer } from '../../services/provisioning.ts';

/** Times a machine is told to come again because no leader answers, so many seconds apart: some five minutes. */
export const MAX_TRIES = 60;
export const AGAIN_S = 5;
/** The same, where a leader answers and has no ticket: a job that is between two states is soon in one. */
const MAX_TRIES_REFUSED = 6;
/** Of downloads of kernel and initramfs, over all controllers. */
const ROUNDS = 2;

/** What the first stage asks with. iPXE leaves empty what a machine does not have. */
export const bootQuerySchema = z.object({
  mac: z
    .string()
    .toLowerCase()
    .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/),
  uuid: z.guid().toLowerCase().nullable().catch(null),
  platform: z.enum(['pcbios', 'efi']),
  tries: z.coerce.number().int().min(0).max(MAX_TRIES).default(0),
});
export type BootQuery = z.infer<typeof bootQuerySchema>;

/** First stage: iPXE says who it is. `netX` is the interface it was booted by. */
export function firstStage(url: string): string {
  return script(
    'set tries:int32 0',
    ':ask',
    `chain --replace --autofree ${word(url)}/boot?mac=\${netX/mac}&uuid=\${uuid}&platform=\${platform} ||`,
    'inc tries',
    `iseq \${tries} ${MAX_TRIES} && goto end ||`,
    `sleep ${AGAIN_S}`,
    'goto ask',
    ':end',
    'exit 1',
  );
}

/**
 * Kernel and initramfs from the first of `urls` that gives both. The token stands in this script and on the command line
 * of the installer, and is good for one request.
 */
export function installScript(
  answer: Extract<InstallAnswer, { kind: 'boot' }>,
  query: BootQuery,
  urls: readonly string[],
): string {
  const sources = Array.from({ length: ROUNDS }, () => urls).flat();
  const parameters = [
    'initrd=initrd.img',
    'panic=10',
    'quiet',
    // A machine without a serial port ignores it; on one with, somebody can see what goes wrong.
    'console=tty0',
    'console=ttyS0,115200n8',
    `BOOTIF=01-${query.mac.replaceAll(':', '-')}`,
    `rekindle.job=${word(answer.job)}`,
    `rekindle.attempt=${answer.attempt}`,
    `rekindle.token=${word(answer.token)}`,
    `rekindle.url=${urls.map(word).join(',')}`,
  ];
  return script(
    `echo Rekindle: ${answer.mode} of ${word(answer.host)}, attempt ${answer.attempt}`,
    ...sources.flatMap((url, index) => [
      `kernel ${word(url)}/installer/vmlinuz ${parameters.join(' ')} || goto next${index}`,
      `initrd --name initrd.img ${word(url)}/installer/initrd.img || goto next${index}`,
      'boot ||',
      `:next${index}`,
      'imgfree ||',
    ]),
    'echo Rekindle: no controller gave kernel and initramfs of the installer',
    'exit 1',
  );
}

/**
 * On to the local disk. A UEFI firmware tries its next boot entry after a failure and stops in its menu after a success;
 * a BIOS may have nothing after the network, so the first disk is started from here.
 */
export function localScript(platform: BootQuery['platform']): string {
  return platform === 'efi'
    ? script('echo Rekindle: nothing to install, on to the local disk', 'exit 1')
    : script(
        'echo Rekindle: nothing to install, on to the local disk',
        'sanboot --no-describe --drive 0x80 ||',
        'exit 1',
      );
}

/** To come again, because nobody decides at the moment (`refused`: for the moment a leader has refused), and in the end to the local disk. */
export function againScript({ mac, uuid, platform, tries }: BootQuery, url: string, refused: boolean): string {
  if (tries >= (refused ? MAX_TRIES_REFUSED : MAX_TRIES)) return localScript(platform);
  const query = new URLSearchParams({ mac, uuid: uuid ?? '', platform, tries: String(tries + 1) });
  return script(
    `echo Rekindle: ${refused ? 'not now' : 'no controller decides at the moment'}, again in ${AGAIN_S} s`,
    `sleep ${AGAIN_S}`,
    `chain --replace --autofree ${word(url)}/boot?${query} ||`,
    `chain --replace --autofree ${word(url)}/boot.ipxe ||`,
    'exit 1',
  );
}

const script = (...lines: readonly string[]): string => `#!ipxe\n${lines.join('\n')}\n`;

/** Throws on anything that iPXE could read as more than one word. */
function word(text: string): string {
  if (!/^[A-Za-z0-9._~:/=+@-]{1,256}$/.test(text))
    throw new Error('a word for a boot script has a character it must not have');
  return text;
}
