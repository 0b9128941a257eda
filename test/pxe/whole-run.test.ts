/**
 * The whole way of a machine: told by its BMC, booted by a real iPXE, installed by the real controller's parts and the
 * leader's rules, its kernel refusing kexec, started by its firmware, enrolled. And nothing secret is anywhere on it.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createUser } from '@nats-io/nkeys';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createClock } from '../../adapters/clock/clock.ts';
import { readClusterFile } from '../../adapters/config/cluster-file.ts';
import { portableClusterFile } from '../../adapters/config/portable.ts';
import { createClusterKeys } from '../../adapters/keys/create.ts';
import { withEnrolled } from '../../adapters/keys/enrolled.ts';
import { createEnrolment } from '../../adapters/keys/enrolment.ts';
import type { Identities } from '../../adapters/keys/identities.ts';
import { secret, verifyRaw } from '../../adapters/keys/raw.ts';
import { ipmiSwitch } from '../../adapters/power/ipmi.ts';
import type { Draft } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import { buildInstaller } from '../../pxe/installer/build.ts';
import { cpio } from '../../pxe/installer/cpio.ts';
import { createInstallWatch } from '../../services/controller/install-watch.ts';
import { createProvisioning } from '../../services/controller/provision.ts';
import { running, type Story } from '../machines/given.ts';
import { type Bmc, startBmc } from '../power/bmc.ts';
import { dataDisk, noise, rawDisk, STARTED_BY_FIRMWARE } from './installer-disks.ts';
import { diskFile, drives } from './installer-machine.ts';
import { makeImage, type StandInImage } from './installer-stand-in.ts';
import { isRoot, openWorld, type World } from './world.ts';

const ROOT = join(import.meta.dirname, '../..');
const WORK = join(ROOT, '.lab/installer');
const MIB = 1 << 20;
const MAC = '52:54:00:78:00:01';
const BMC_PASSWORD = 'planted-bmc-pass';

describe.skipIf(!isRoot)(
  'a machine installed from its BMC to its enrolment (needs root for network namespaces)',
  () => {
    const place = mkdtempSync(join(tmpdir(), 'rekindle-whole-'));
    const at = (...parts: string[]) => join(place, ...parts);
    const signer = createUser();
    let world: World;
    let bmc: Bmc;
    let identities: Identities;
    let image: StandInImage;
    let s: Story;

    /** What must be nowhere, each by what it is. */
    const planted: [what: string, value: string][] = [
      ['the password of the BMC', BMC_PASSWORD],
      ['the key that signs images', Buffer.from(signer.getSeed()).toString()],
    ];
    /** What all may see: by name, all that was there to be seen. */
    const seen: Record<string, string> = {};
    const see = (name: string, what: string | Buffer) => {
      seen[name] = `${seen[name] ?? ''}${typeof what === 'string' ? what : what.toString('latin1')}\n`;
    };

    beforeAll(async () => {
      chmodSync(place, 0o711);
      bmc = await startBmc(BMC_PASSWORD);
      const nodes = { n1: { address: '10.78.0.1' }, b1: { address: '10.78.0.50' } };
      identities = await createClusterKeys({ cluster: 'lab', nodes, voters: ['n1'], out: at('keys') });
      for (const [name, value] of keysIn(at('keys'))) planted.push([name, value]);
      const ipmi = `{ kind: ipmi, address: 127.0.0.1, port: ${bmc.port}, user: admin, passwordFile: ${bmc.spec().passwordFile}, bootReadBack: device }`;
      const of = `macs: ['${MAC}'], firmware: bios, disk: { serial: TARGET }, dataDisks: [{ serial: DATA }]`;
      writeFileSync(
        at('cluster.yaml'),
        `cluster: lab
voters: [n1]
hosts:
  n1: { address: 10.78.0.1, capacity: { memoryMiB: 4096, vcpus: 4 } }
  b1: { address: 10.78.0.50, capacity: { memoryMiB: 4096, vcpus: 4 }, power: [${ipmi}], machine: { ${of} } }
hostLadder: { powerCycle: { tries: 0 }, reinstall: allowed }
provisioning: { network: 10.78.0.0/24, image: host, imageKeys: { builder: ${signer.getPublicKey()} } }
`,
      );

      const nodeKeys = { n1: identities.nodes.n1!.node };
      const imageKeys = { builder: signer.getPublicKey() };
      buildInstaller({ out: at('installer'), cluster: 'lab', nodeKeys, imageKeys, workDir: WORK, kernel: 'cloud' });
      image = makeImage(rawDisk(place, at('installer'), join(WORK, 'tree-cloud')), signer);
      mkdirSync(at('images', image.digest), { recursive: true });
      writeFileSync(at('images', image.digest, 'manifest.json'), image.manifest);
      writeFileSync(at('images', image.digest, 'manifest.sig'), `${image.signature}\n`);
      writeFileSync(at('images', image.digest, 'disk.raw.zst'), image.stream);
      refuseKexec(at('installer/initrd.img'));

      s = running(readClusterFile(at('cluster.yaml')).spec);
      s.append('image.published', 'cluster', { name: 'host', version: 1, manifest: image.digest, by: 'ann' });
      s.suspect('b1');
      s.prove('b1');
      world = await openWorld(['ours', 'site']);
    }, 300_000);
    afterAll(async () => {
      await world?.close();
      await bmc?.stop();
      rmSync(place, { recursive: true, force: true });
    });

    /** The real rules, on a log in memory. */
    const leader = () => {
      const fleet = () => s.fleet;
      const write = async (decide: (now: Fleet) => readonly Draft[]) => {
        const drafts = decide(s.fleet);
        for (const draft of drafts) s.write(draft);
        return drafts.length === 0 ? null : s.fleet.seq;
      };
      const { spec, digest } = readClusterFile(at('cluster.yaml'));
      const clock = createClock();
      const say = (what: string, about?: object) => see("the leader's log", `${what} ${JSON.stringify(about)}`);
      return createProvisioning({ write }, fleet, createInstallWatch(fleet, clock), {
        clock,
        say: { info: say, warn: say, error: say },
        secret: () => {
          const ticket = secret();
          planted.push(['the ticket', ticket]);
          return ticket;
        },
        verifyRaw,
        enrolment: createEnrolment({
          node: 'n1',
          state: at('keys/n1'),
          spec,
          identities: () => withEnrolled(identities, s.fleet.enrolled),
          clusterFiles: () => portableClusterFile(at('cluster.yaml'), digest),
        }),
      });
    };

    /** A controller, that asks this leader. Resolves once it answers machines. */
    const controller = async () => {
      const program = join(import.meta.dirname, 'controller.ts');
      const child = world.run('ours', [
        ...[process.execPath, program, place, at('cluster.yaml'), at('keys/n1/keys/node.nk')],
      ]);
      child.stderr!.on('data', (chunk) => see("the controller's log", chunk));
      const take = leader();
      const tell = (line: object) => child.stdin!.write(`${JSON.stringify(line)}\n`);
      await new Promise<void>((ready) => {
        void (async () => {
          for await (const line of createInterface({ input: child.stdout! })) {
            const { said, message } = JSON.parse(line);
            if (said === 'machines that boot from the network are answered') ready();
            if (said !== undefined) see("the controller's log", line);
            if (message === undefined) continue;
            const answer = await take(message);
            see('what machines asked, and were answered', `${withoutTicket(message.body)} ${withoutTicket(answer)}`);
            tell(answer);
          }
        })();
      });
      return tell;
    };

    test('comes up by its firmware where its kernel refuses kexec, becomes a node, and gives no secret away', async () => {
      const commandLines = watchCommandLines();
      world.run('site', [
        ...['dnsmasq', '-d', '-C', '/dev/null', '--port=0', '--log-facility=-', '--no-ping', '--leasefile-ro'],
        ...['--interface=eth0', '--bind-interfaces', '--dhcp-range=10.78.0.100,10.78.0.200,10m', '--pid-file='],
      ]);
      const tell = await controller();

      const [intent] = Object.keys(s.fleet.intents);
      const of = { job: intent!, attempt: 1 };
      const host = { name: 'host', version: 1, manifest: image.digest };
      s.append('reinstall.armed', 'host/b1', { ...of, mode: 'install', image: host });
      tell({ arm: [{ host: 'b1', macs: [MAC] }] });
      const power = ipmiSwitch(bmc.spec({ bootReadBack: 'device' }));
      const told = [await power.off(), await power.bootFromNetwork!('bios'), await power.on()];
      expect(told.map(({ kind }) => kind)).toEqual(['succeeded', 'succeeded', 'succeeded']);
      see("the BMC's outcomes", JSON.stringify(told));

      const target = diskFile(at('target'), 160 * MIB, Buffer.alloc(160 * MIB, noise(2 * MIB, 'old')));
      const data = diskFile(at('data'), 32 * MIB, dataDisk(32 * MIB));
      const before = readFileSync(data);
      const machine = world.run('switch', [
        ...['qemu-system-x86_64', '-M', 'q35', '-m', '512', '-smp', '2', '-accel', 'tcg,thread=multi', '-cpu', 'max'],
        ...['-nodefaults', '-display', 'none', '-serial', `file:${at('serial')}`],
        // As the BMC was told: once from the network, then from the disk.
        ...['-boot', 'once=n,order=c', '-netdev', 'tap,id=n0,ifname=tap0,script=no,downscript=no'],
        ...['-device', `virtio-net-pci,netdev=n0,mac=${MAC}`],
        ...['-object', `filter-dump,id=wire,netdev=n0,file=${at('wire')}`],
        // The first is the one to start from.
        ...drives([
          { file: target, serial: 'TARGET' },
          { file: data, serial: 'DATA' },
        ]),
      ]);
      machine.stderr!.on('data', (chunk) => see('what QEMU says', chunk));
      const serial = () => (existsSync(at('serial')) ? readFileSync(at('serial'), 'latin1') : '');
      const gone = once(machine, 'exit');
      try {
        const started = () => expect(serial()).toContain(STARTED_BY_FIRMWARE);
        await Promise.race([
          vi.waitFor(started, { timeout: 280_000, interval: 500 }),
          gone.then(() => {
            throw new Error(`the machine switched off: ${serial().slice(-2_000)}`);
          }),
        ]);
      } finally {
        machine.kill('SIGKILL');
        await gone;
        if (process.env.REKINDLE_CONSOLE) process.stderr.write(serial());
      }
      expect(serial()).toContain('leaving by reboot');
      expect(s.entries.map(({ entry }) => entry)).toContainEqual(
        expect.objectContaining({ type: 'reinstall.left', data: expect.objectContaining({ how: 'reboot' }) }),
      );
      expect(readFileSync(data).equals(before)).toBe(true);

      // What the installed system does at its first start.
      const disk = readFileSync(target);
      writeFileSync(at('partition'), disk.subarray(9 * MIB, 10 * MIB), { mode: 0o600 });
      const ticket = execFileSync('tar', ['-xOf', at('partition'), 'enrol.json'], { encoding: 'utf8' });
      planted.push(...pemLines("the installer's own key", JSON.parse(ticket).key));
      const enrol = world.run('ours', [
        ...[process.execPath, join(ROOT, 'cli/bin/rekindle.js'), '--state', at('state')],
        ...['--cluster', at('etc/cluster.yaml'), 'enrol', '--from', at('partition'), '--wipe'],
      ]);
      enrol.stdout!.on('data', (chunk) => see('what enrol says', chunk));
      enrol.stderr!.on('data', (chunk) => see('what enrol says', chunk));
      expect(await once(enrol, 'exit')).toEqual([0, null]);
      expect(s.fleet.enrolled.b1).toBeDefined();
      planted.push(...keysIn(at('state')));

      see('command lines', commandLines());
      see('entries of the log', JSON.stringify(s.entries));
      see("the machine's console", serial());
      for (const file of filesIn(at('run-netboot'))) see("dnsmasq's files", readFileSync(file));
      for (const file of filesIn(at('etc'))) see("the new host's files for all to read", readFileSync(file));
      for (const file of filesIn(at('state')).filter((name) => statSync(name).mode & 0o077))
        see("the new host's files for all to read", readFileSync(file));
      const wire = readFileSync(at('wire')).toString('latin1');
      see('what went over the wire', withoutTicket(wire));
      see('addresses asked for', (wire.match(/(GET|POST) \S+ HTTP\/1/g) ?? []).join('\n'));
      // But where the one key belongs.
      disk.fill(0, 9 * MIB, 10 * MIB);
      see('the disk', disk);
      see('the partition, after it was enrolled', existsSync(at('partition')) ? readFileSync(at('partition')) : '');

      const shown: Record<string, RegExp> = {
        'command lines': /^(?=.*ipmitool)(?=.*openssl)(?=.*dnsmasq)/s,
        'entries of the log': /host\.enrolled/,
        "the controller's log": /an armed machine asks for its network boot/,
        'what machines asked, and were answered': /"kind":"enrolled"/,
        "dnsmasq's files": /armed/,
        "the machine's console": /leaving by reboot/,
        'what went over the wire': /BOOTIF=01-52-54-00-78-00-01/,
        'addresses asked for': /GET \/boot\?mac=.*POST \/v1\/install/s,
        "the new host's files for all to read": /REKINDLE_NODE=b1/,
      };
      expect(Object.keys(shown).filter((where) => !shown[where]!.test(seen[where] ?? ''))).toEqual([]);
      expect(planted.map(([what]) => what)).toEqual(expect.arrayContaining(['the ticket', "the installer's own key"]));
      const found = Object.entries(seen).flatMap(([where, text]) =>
        planted.filter(([, value]) => text.includes(value)).map(([what]) => `${what} is in ${where}`),
      );
      expect(found).toEqual([]);
    }, 600_000);

    /** The boot script carries the ticket, the kernel's command line and the one hello that spends it. */
    function withoutTicket(what: unknown): string {
      const text = typeof what === 'string' ? what : JSON.stringify(what);
      const value = planted.find(([name]) => name === 'the ticket')?.[1];
      if (value === undefined) return text;
      const inScript = `rekindle.token=${value}`;
      return text.replaceAll(inScript, '').replaceAll(`"token":"${value}"`, '');
    }
  },
);

/** Command lines of all processes from now on, as `ps` would show them. */
function watchCommandLines(): () => string {
  const lines = new Set<string>();
  const looked = new Map<string, number>();
  const timer = setInterval(() => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const times = looked.get(pid) ?? 0;
      // A program shows its own soon after it is started.
      if (times > 20) continue;
      looked.set(pid, times + 1);
      try {
        lines.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      } catch {
        // Gone meanwhile.
      }
    }
  }, 5);
  return () => {
    clearInterval(timer);
    return [...lines].sort().join('\n');
  };
}

const filesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((name) => statSync(name).isFile());

const pemLines = (name: string, pem: string): [string, string][] =>
  pem
    .split('\n')
    .filter((line) => line.length > 30 && !line.startsWith('-'))
    .map((line) => [name, line]);

function keysIn(directory: string): [string, string][] {
  return filesIn(directory).flatMap((file): [string, string][] => {
    const name = file.slice(directory.length + 1);
    const content = readFileSync(file, 'utf8');
    if (file.endsWith('.nk')) return [[name, content.trim()]];
    return file.endsWith('.key') ? pemLines(name, content) : [];
  });
}

/** The same installer; its kernel is told, before all else, to refuse kexec as a locked-down one does. */
function refuseKexec(initrd: string): void {
  const init = readFileSync(join(ROOT, 'pxe/installer/init.sh'), 'utf8');
  const changed = init.replace('mount -t sysfs', 'echo 1 >/proc/sys/kernel/kexec_load_disabled\nmount -t sysfs');
  expect(changed).not.toBe(init);
  const archive = cpio([{ kind: 'file', path: 'init', content: Buffer.from(changed), executable: true }]);
  const installer = readFileSync(initrd);
  const aligned = Buffer.alloc(Math.ceil(installer.length / 4) * 4);
  installer.copy(aligned);
  writeFileSync(initrd, Buffer.concat([aligned, archive]));
}
