/** A real iPXE, the network card of a QEMU machine, beside a site's own DHCP server: what it does with what we say. */
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { isRoot, openWorld, type World } from './world.ts';

const MAC = '52:54:00:78:00:01';
const OURS = 'http://10.78.0.1:8474';
const TOKEN = 'planted-token-0123456789';
const ANSWERED = 'machines that boot from the network are answered';
const OVMF = '/usr/share/OVMF';
/** The kernel is a script here, that shows by this that it was fetched and started. */
const STARTED = '77000000-0000-4000-8000-000000000009';

/** Boot sector: writes `D` to the serial port and halts. */
const SAYS_DISK = [0xba, 0xf8, 0x03, 0xb0, 0x44, 0xee, 0xf4, 0xeb, 0xfd];

const commandLines = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });

describe.skipIf(!isRoot)('a machine that boots from the network (needs root for network namespaces)', () => {
  let world: World;
  let directory: string;
  const said: string[] = [];
  let tell: (line: object | null) => void;
  let next: (holds: (line: Record<string, unknown>) => boolean) => Promise<unknown>;
  let saying: (what: string) => Promise<unknown>;
  let asked: () => Promise<{ asked: { kind: string; mac: string; uuid: string | null }; address: string }>;

  beforeAll(async () => {
    world = await openWorld(['ours', 'site', 'foreign']);
    directory = mkdtempSync(join(tmpdir(), 'rekindle-boot-'));
    chmodSync(directory, 0o711);
    mkdirSync(join(directory, 'installer'));
    writeFileSync(
      join(directory, 'installer/vmlinuz'),
      `#!ipxe\nchain ${OURS}/boot?mac=\${netX/mac}&uuid=${STARTED}&platform=\${platform} ||\nexit 1\n`,
    );
    writeFileSync(join(directory, 'installer/initrd.img'), 'initramfs');
    world.run('site', [
      ...['dnsmasq', '-d', '-C', '/dev/null', '--port=0', '--log-facility=-', '--no-ping', '--leasefile-ro'],
      ...['--interface=eth0', '--bind-interfaces', '--dhcp-range=10.78.0.100,10.78.0.200,10m', '--pid-file='],
    ]);
    const controller = world.run('ours', [
      process.execPath,
      new URL('controller.ts', import.meta.url).pathname,
      directory,
    ]);
    controller.stderr!.on('data', (chunk) => said.push(String(chunk)));
    tell = (line) => controller.stdin!.write(`${JSON.stringify(line)}\n`);
    const lines = createInterface({ input: controller.stdout! })[Symbol.asyncIterator]();
    next = async (holds: (line: Record<string, unknown>) => boolean) => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`the controller ended: ${said.join('\n')}`);
        said.push(value);
        const line = JSON.parse(value);
        if (holds(line)) return line;
      }
    };
    asked = () => next((line) => 'asked' in line) as ReturnType<typeof asked>;
    saying = (what) => next((line) => line.said === what);
    await saying(ANSWERED);
  });
  afterAll(async () => {
    await world?.close();
    if (directory) rmSync(directory, { recursive: true, force: true });
  });

  test('a node whose interface goes and returns answers again, and sees at once who else does', async () => {
    const foreign = world.run('foreign', [
      ...['dnsmasq', '-d', '-C', '/dev/null', '--port=0', '--log-facility=-', '--leasefile-ro', '--pid-file='],
      ...['--interface=eth0', '--bind-interfaces', '--dhcp-range=10.78.0.0,proxy,255.255.255.0'],
      ...['--pxe-service=x86PC,boot,evil', '--pxe-service=X86-64_EFI,boot,evil.efi'],
    ]);
    const link = (state: string) => world.run('ours', ['ip', 'link', 'set', 'eth0', state]);
    link('down');
    await saying('this node has no address in the provisioning network and answers nobody there');
    link('up');
    await saying(ANSWERED);
    expect(
      await saying('somebody else answers network boots: a machine might be given what is not ours'),
    ).toMatchObject({
      address: '10.78.0.3',
    });
    foreign.kill('SIGKILL');
    tell({ foreign: true });
    expect(await next((line) => 'foreign' in line)).toEqual({ foreign: '10.78.0.3 answers network boots too' });
  });

  const UUID = '77000000-0000-4000-8000-000000000001';
  const qemu = (firmware: readonly string[]) =>
    world.run('switch', [
      ...['qemu-system-x86_64', '-accel', 'tcg', '-m', '256', '-display', 'none', '-nodefaults', '-no-reboot'],
      ...['-uuid', UUID, '-netdev', 'tap,id=n0,ifname=tap0,script=no,downscript=no', ...firmware],
    ]);

  test.each([
    [
      'BIOS',
      () => {
        const disk = Buffer.alloc(1 << 20);
        disk.set(SAYS_DISK);
        disk.set([0x55, 0xaa], 510);
        writeFileSync(join(directory, 'disk'), disk);
        return [
          // From the network and from nothing else: the disk is iPXE's to start.
          ...['-boot', 'strict=on', '-device', `virtio-net-pci,netdev=n0,mac=${MAC},bootindex=1`],
          ...['-drive', `file=${directory}/disk,format=raw,if=ide`, '-serial', `file:${directory}/serial`],
        ];
      },
    ],
    [
      'UEFI',
      () => {
        copyFileSync(`${OVMF}/OVMF_VARS_4M.fd`, join(directory, 'vars.fd'));
        return [
          ...['-M', 'q35', '-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n'],
          ...['-drive', `if=pflash,format=raw,readonly=on,file=${OVMF}/OVMF_CODE_4M.fd`],
          ...['-drive', `if=pflash,format=raw,file=${directory}/vars.fd`],
          ...['-object', 'rng-random,id=r0,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=r0'],
          // Without a ROM of its own the card is the firmware's, which is not iPXE and fetches it by TFTP.
          ...['-device', `virtio-net-pci,netdev=n0,mac=${MAC},romfile=`],
        ];
      },
    ],
  ])(
    'by %s: asks who it is, waits while nobody decides, starts the installer, and later its disk',
    { timeout: 240_000 },
    async (by, firmware) => {
      tell({ arm: [{ host: 'b1', macs: [MAC] }] });
      const machine = qemu(firmware());
      try {
        expect(await asked()).toEqual({ asked: { kind: 'boot', mac: MAC, uuid: UUID }, address: 'provision.n1' });
        // Nobody leads: it comes again by itself.
        tell(null);
        expect((await asked()).asked).toEqual({ kind: 'boot', mac: MAC, uuid: UUID });
        tell({ kind: 'boot', job: '12.3', attempt: 1, host: 'b1', mode: 'install', token: TOKEN });
        expect((await asked()).asked).toEqual({ kind: 'boot', mac: MAC, uuid: STARTED });
        // It has gone through the daemon, and stands nowhere that another program or a log could show.
        expect([...said, ...commandLines()].join('\n')).not.toContain(TOKEN);
        expect(said.join('\n')).toContain('an armed machine asks for its network boot');
        tell({ kind: 'refused', reason: 'nothing to install', stop: true });
        // A UEFI goes through all its other boot entries first, which takes minutes.
        if (by === 'BIOS')
          await vi.waitFor(() => expect(readFileSync(join(directory, 'serial'), 'latin1')).toContain('D'), 30_000);
      } finally {
        const gone = once(machine, 'exit');
        machine.kill('SIGKILL');
        await gone;
      }
    },
  );
});
