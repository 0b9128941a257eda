/** A guest installed by network boot on the real libvirt and QEMU: dnsmasq is the site's boot server, its boot file the installer. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rebuildDisk } from '../../adapters/libvirt/rebuild.ts';
import { domainXml, makeDisk } from './guests.ts';
import { startHost, type TestHost } from './host.ts';

/**
 * Installers of two sectors; iPXE puts them at 0x7c00. One writes its second sector to the first of the disk (int 13h, function
 * 43h) and reboots by the keyboard controller, the other never ends.
 */
// biome-ignore format: code, then the address packet it hands over
const INSTALLER = [0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x14, 0x7c, 0xb8, 0x00, 0x43, 0xb2, 0x80, 0xcd, 0x13, 0xb0, 0xfe, 0xe6, 0x64, 0xeb, 0xfe,
  0x10, 0x00, 0x01, 0x00, 0x00, 0x7e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const ENDLESS = [0xfb, 0xf4, 0xeb, 0xfc];

let host: TestHost;
let tftp: string;
beforeAll(async () => {
  host = await startHost(7);
  await host.follow();
  tftp = join(host.directory, 'tftp');
  mkdirSync(tftp);
  // Without a router's advertisement iPXE waits for one for 16 s.
  const dhcp = '--dhcp-range=10.9.9.10,10.9.9.50 --no-ping --leasefile-ro --enable-ra --dhcp-range=fd78::,ra-only';
  const boot = `--dhcp-boot=installer.0 --enable-tftp --tftp-root=${tftp}`;
  await host.shell(
    `ip link add br0 type bridge; ip addr add 10.9.9.1/24 dev br0; ip addr add fd78::1/64 nodad dev br0; ip link set br0 up
     dnsmasq --conf-file=/dev/null --interface=br0 --bind-interfaces --port=0 --user=root --pid-file=/run/dnsmasq.pid ${dhcp} ${boot}`,
  );
}, 30_000);
afterAll(() => host.down());

/** The new, empty disk of a guest, and its definition: what it is started from otherwise must not count. */
async function spoiled(guest: string, program: readonly number[]) {
  const disk = join(host.directory, `${guest}.raw`);
  makeDisk(disk, 'deaf');
  const of = { disk: `${disk}.new`, format: 'raw', network: true, sizeMiB: 16 } as const;
  expect(await rebuildDisk(of, '3.14', 30_000)).toEqual({ kind: 'succeeded', detail: 'an empty disk was made' });
  const installer = Buffer.alloc(1024);
  installer.set(program);
  makeDisk(join(tftp, 'installed'), 'leaves');
  readFileSync(join(tftp, 'installed')).copy(installer, 512, 0, 512);
  writeFileSync(join(tftp, 'installer.0'), installer);
  const empty = `${of.disk}.rebuilt-3.14`;
  const definition = domainXml(guest, empty)
    .replace(/<target dev='vda'.*?\/>/, '$&<boot order="1"/>')
    .replace('<channel', "<interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface>$&");
  return { disk: empty, definition };
}
const bootable = (disk: string) => readFileSync(disk).readUInt16LE(510) === 0xaa55;
const since = async (from: number, matches: object) => {
  for (let rounds = 0; ; rounds++) {
    try {
      return await host.event({ ...matches }, from);
    } catch (error) {
      if (rounds === 5) throw error;
    }
  }
};

test('its reboot ends the installation, as a shutdown of the guest; the next start is from the disk', async () => {
  const { disk, definition } = await spoiled('g1', INSTALLER);
  expect(bootable(disk)).toBe(false);
  const from = host.events.length;
  expect(await host.libvirt.start('g1', definition, '1.1', true)).toEqual({ kind: 'succeeded', detail: 'running' });
  expect(await host.libvirt.list()).toContainEqual({ guest: 'g1', token: '1.1', state: 'running' });
  expect(await since(from, { kind: 'stopped', guest: 'g1' })).toMatchObject({ cause: 'shut-down' });
  expect(await host.libvirt.state('g1')).toBe('gone');
  expect(bootable(disk)).toBe(true);

  // What was installed powers off by itself, so its end shows that it was booted.
  const again = host.events.length;
  expect(await host.libvirt.start('g1', definition, '1.2')).toEqual({ kind: 'succeeded', detail: 'running' });
  expect(await host.shell('virsh dumpxml --inactive g1')).toMatch(/<on_reboot>restart<.*<boot order='1'\/>/s);
  expect(await since(again, { kind: 'stopped', guest: 'g1' })).toMatchObject({ cause: 'shut-down' });
}, 90_000);

test('one that does not end is destroyed like any guest, and told as something else than its end', async () => {
  const { disk, definition } = await spoiled('g2', ENDLESS);
  const from = host.events.length;
  expect(await host.libvirt.start('g2', definition, '1.1', true)).toMatchObject({ kind: 'succeeded' });
  expect(await host.libvirt.destroy('g2')).toEqual({ kind: 'succeeded', detail: 'gone' });
  expect(await since(from, { kind: 'stopped', guest: 'g2' })).toMatchObject({ cause: 'destroyed' });
  expect(bootable(disk)).toBe(false);
  const killed = host.events.length;
  expect(await host.libvirt.start('g2', definition, '1.2', true)).toMatchObject({ kind: 'succeeded' });
  await host.shell(`pkill -9 -f '^[^ ]*qemu-system[^ ]* -name guest=g2,'`);
  expect(await since(killed, { kind: 'stopped', guest: 'g2' })).toMatchObject({ cause: 'died' });
}, 60_000);
