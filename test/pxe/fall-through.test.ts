/** Real firmware, a disk made as an image's whose kernel is gone, the real dnsmasq: it asks for a network boot by itself. */
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeDisk } from '../../adapters/image/disk.ts';
import { createRunner } from '../../adapters/image/tools.ts';
import { type Dnsmasq, startDnsmasq } from '../../pxe/server/dnsmasq.ts';
import { isRoot, openWorld, type World } from './world.ts';

const MAC = '52:54:00:78:00:01';
const OVMF = '/usr/share/OVMF';

describe.skipIf(!isRoot)('a machine whose disk does not start (needs root for network namespaces)', () => {
  let world: World;
  let dnsmasq: Dnsmasq;
  let heard = (_what: string) => {};
  const directory = mkdtempSync(join(tmpdir(), 'rekindle-fall-'));
  const at = (...parts: string[]) => join(directory, ...parts);

  beforeAll(async () => {
    chmodSync(directory, 0o711);
    world = await openWorld(['ours', 'site']);
    for (const part of ['tree/boot', 'scratch']) mkdirSync(at(part), { recursive: true });
    const kernel = { kernel: '/boot/vmlinuz', initrd: '/boot/initrd.img', cmdline: '' };
    const what = { image: 'tiny 1', tree: at('tree'), rootMiB: 48, disk: at('disk'), scratch: at('scratch') };
    await makeDisk(createRunner(new AbortController().signal), { ...what, kernel, epochS: 1_700_000_000 });
    world.run('site', [
      ...['dnsmasq', '-d', '-C', '/dev/null', '--port=0', '--log-facility=-', '--no-ping', '--leasefile-ro'],
      ...['--interface=eth0', '--bind-interfaces', '--dhcp-range=10.78.0.100,10.78.0.200,10m', '--pid-file='],
    ]);
    dnsmasq = await startDnsmasq({
      place: { interface: 'eth0', address: '10.78.0.1', network: '10.78.0.0', netmask: '255.255.255.0', port: 8474 },
      directory: at('netboot'),
      within: world.within('ours'),
      say: { info() {}, warn() {}, error() {} },
      discovered: (mac) => heard(`answered ${mac}`),
      ignored: (mac) => heard(`ignored ${mac}`),
      unknown() {},
    });
  });
  afterAll(async () => {
    await dnsmasq?.stop();
    await world?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const nic = ['-netdev', 'tap,id=n0,ifname=tap0,script=no,downscript=no'];
  const card = `virtio-net-pci,netdev=n0,mac=${MAC},bootindex=2`;
  const flash = (file: string, more = '') => ['-drive', `if=pflash,format=raw,file=${file}${more}`];

  test.each([
    ['BIOS', () => ['-device', card]],
    [
      'UEFI',
      () => {
        copyFileSync(`${OVMF}/OVMF_VARS_4M.fd`, at('vars.fd'));
        return [
          ...['-device', `${card},romfile=`, '-object', 'rng-random,id=r0,filename=/dev/urandom'],
          ...['-device', 'virtio-rng-pci,rng=r0', '-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n'],
          ...[...flash(`${OVMF}/OVMF_CODE_4M.fd`, ',readonly=on'), ...flash(at('vars.fd'))],
        ];
      },
    ],
  ])('%s: asks, and once more when it is armed then', { timeout: 300_000 }, async (_by, firmware) => {
    dnsmasq.arm([]);
    const first = new Promise<string>((resolve) => {
      heard = resolve;
    });
    const machine = world.run('switch', [
      ...['qemu-system-x86_64', '-M', 'q35', '-accel', 'tcg', '-m', '256', '-display', 'none'],
      ...['-nodefaults', '-snapshot', ...nic, ...firmware()],
      ...['-drive', `file=${at('disk')},format=raw,if=none,id=d0`, '-device', 'virtio-blk-pci,drive=d0,bootindex=1'],
    ]);
    try {
      expect(await first).toBe(`ignored ${MAC}`);
      const second = new Promise<string>((resolve) => {
        heard = (what) => what.startsWith('answered') && resolve(what);
      });
      dnsmasq.arm([{ host: 'b1', macs: [MAC] }]);
      expect(await second).toBe(`answered ${MAC}`);
    } finally {
      const gone = once(machine, 'exit');
      machine.kill('SIGKILL');
      await gone;
    }
  });
});
