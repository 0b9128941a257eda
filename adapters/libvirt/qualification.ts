/** The Qualification port: libvirt by `virsh`, images by a look at their files, other nodes by TCP. */
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DOMParser, type Element } from '@xmldom/xmldom';
import type { Hypervisor, Outcome, Qualification } from '../../services/ports.ts';
import { createShells, type Shells } from './shells.ts';

export interface QualificationPlan {
  readonly uri: string;
  readonly hypervisor: Pick<Hypervisor, 'start' | 'destroy' | 'state' | 'processes'>;
  readonly ways: Qualification['ways'];
}

const ASK_MS = 10_000;
/** A look at a file on a storage that hangs never ends. */
const LOOK_MS = 5_000;
/** Kinds of machine asked about: guests of a cluster are of a few kinds. */
const MAX_KINDS = 16;
const CANARY_MIB = 32;

const failed = (reason: string): Outcome => ({ kind: 'failed', reason });
export function createQualification({ uri, hypervisor, ways }: QualificationPlan): Qualification & { close(): void } {
  const shells = createShells(uri, 2);
  /** As the last test of virtualization found it: to ask again takes seconds on a host that has just booted. */
  let known: Capabilities | null = null;
  /** What went wrong tells of this host only while libvirt answers; without it nothing is known. */
  const judged = async (error: unknown): Promise<Outcome> => {
    const reason = error instanceof Error ? error.message : String(error);
    const answers = await shells.run(['list', '--name'], ASK_MS).then(
      (list) => list.error === null,
      () => false,
    );
    return { kind: answers ? 'failed' : 'unknown', reason };
  };
  return {
    ways,

    async virtualization(definitions) {
      try {
        known = null;
        const own = await capabilities(shells);
        const kinds = [...new Set(definitions.map((xml) => kindOf(xml).join(' ')).filter(Boolean))].slice(0, MAX_KINDS);
        for (const kind of kinds) {
          const { error } = await shells.run(['domcapabilities', ...kind.split(' ')], ASK_MS);
          if (error !== null) return judged(`libvirt cannot run ${kind}: ${error}`);
        }
        known = own;
        return { kind: 'succeeded', detail: `${own.type} ${own.arch} by ${own.emulator}` };
      } catch (error) {
        return judged(error);
      }
    },

    async images(definition) {
      try {
        const paths = await imagePaths(definition, shells);
        for (const path of paths) {
          const found = await Promise.race([
            stat(path).then(
              (it) => (it.isFile() || it.isBlockDevice() ? null : `${path} is neither a file nor a block device`),
              (error: NodeJS.ErrnoException) => `${path}: ${error.code}`,
            ),
            sleep(LOOK_MS, `${path} does not answer within ${LOOK_MS / 1_000} s`, { ref: false }),
          ]);
          if (found !== null) return failed(found);
        }
        return { kind: 'succeeded', detail: `${paths.length} images are there` };
      } catch (error) {
        return judged(error);
      }
    },

    async canary(name, token) {
      const beganMs = performance.now();
      try {
        // What an earlier try left behind.
        const before = await hypervisor.destroy(name);
        if (before.kind !== 'succeeded') return before;
        const started = await hypervisor.start(name, canaryXml(name, known ?? (await capabilities(shells))), token);
        const ended = await hypervisor.destroy(name);
        if (ended.kind !== 'succeeded') return ended;
        if ((await hypervisor.processes()).includes(name))
          return { kind: 'unknown', reason: `${name} is gone for libvirt, and its QEMU is not` };
        if (started.kind !== 'succeeded') return started;
        const tookMs = Math.round(performance.now() - beganMs);
        return { kind: 'succeeded', detail: `ran, and was gone after ${tookMs} ms` };
      } catch (error) {
        return judged(error);
      } finally {
        // Nobody but us ever starts it; but a person would wonder what it is.
        await shells.run(['undefine', name], ASK_MS).catch(() => {});
      }
    },

    close: () => shells.close(),
  };
}

interface Capabilities {
  readonly type: string;
  readonly arch: string;
  readonly machine: string;
  readonly emulator: string;
}

/** What libvirt takes where nothing is asked for: KVM where there is one. Throws when it does not say. */
async function capabilities(shells: Shells): Promise<Capabilities> {
  const { out, error } = await shells.run(['domcapabilities'], ASK_MS);
  const root = error === null ? new DOMParser().parseFromString(out, 'text/xml').documentElement : null;
  const text = (name: string) => root?.getElementsByTagName(name)[0]?.textContent;
  const found = { type: text('domain'), arch: text('arch'), machine: text('machine'), emulator: text('path') };
  if (found.type && found.arch && found.machine && found.emulator) return found as Capabilities;
  throw new Error(`libvirt does not say what it can run: ${error ?? 'its answer is not understood'}`);
}

/** What virsh is to be asked about a machine like this. */
function kindOf(definition: string): string[] {
  const domain = rootOf(definition);
  const type = domain.getElementsByTagName('os')[0]?.getElementsByTagName('type')[0];
  const words: [string, string | null | undefined][] = [
    ['--virttype', domain.getAttribute('type')],
    ['--arch', type?.getAttribute('arch')],
    ['--machine', type?.getAttribute('machine')],
    ['--emulatorbin', domain.getElementsByTagName('emulator')[0]?.textContent?.trim()],
  ];
  return words.flatMap(([option, value]) => (value ? [option, value] : []));
}

/** Of its disks on files, block devices and in pools. Those on the network are libvirt's to open, and are not looked at. */
async function imagePaths(definition: string, shells: Shells): Promise<string[]> {
  const disks = [...rootOf(definition).getElementsByTagName('disk')].filter(
    (disk) => (disk.getAttribute('device') ?? 'disk') === 'disk',
  );
  const paths: string[] = [];
  for (const disk of disks) {
    const source = [...disk.childNodes].find((node): node is Element => node.nodeName === 'source');
    const [pool, volume] = [source?.getAttribute('pool'), source?.getAttribute('volume')];
    const path = source?.getAttribute('file') || source?.getAttribute('dev');
    if (path) paths.push(path);
    else if (pool && volume) {
      const { out, error } = await shells.run(['vol-path', '--pool', pool, volume], ASK_MS);
      if (error !== null) throw new Error(error);
      paths.push(out.trim());
    }
  }
  return paths;
}

function rootOf(definition: string): Element {
  const root = new DOMParser().parseFromString(definition, 'text/xml').documentElement;
  if (!root) throw new Error('a definition is empty');
  return root;
}

/** No disk and no network: its firmware finds nothing to boot and waits. There is nothing that it could write to. */
function canaryXml(name: string, { type, arch, machine, emulator }: Capabilities): string {
  return `<domain type='${type}'>
  <name>${name}</name>
  <memory unit='MiB'>${CANARY_MIB}</memory><vcpu>1</vcpu>
  <os><type arch='${arch}' machine='${machine}'>hvm</type></os>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices><emulator>${emulator}</emulator><controller type='usb' model='none'/><memballoon model='none'/></devices>
</domain>`;
}
