/** The real dnsmasq in a network of its own: who is answered, who is not, and what survives. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dnsmasq, startDnsmasq } from '../../pxe/server/dnsmasq.ts';
import type { Offer } from '../../pxe/server/rogue.ts';
import { isRoot, openWorld, type World } from './world.ts';

const OURS = '10.78.0.1';
const MAC = '52:54:00:78:00:01';
const OTHER = '52:54:00:78:00:02';
const host = (mac: string) => ({ host: 'b1', macs: [mac] });

describe.skipIf(!isRoot)('dnsmasq (needs root for network namespaces)', () => {
  let world: World;
  let directory: string;
  let dnsmasq: Dnsmasq;
  let machine: { ask(what: object): Promise<Record<string, unknown>> };
  const said: string[] = [];
  const told: string[] = [];
  const say = {
    info: (what: string) => said.push(what),
    warn: (what: string) => said.push(what),
    error: (what: string, about?: object) => said.push(`${what} ${JSON.stringify(about ?? {})}`),
  };

  const offers = async (
    mac: string,
    { architecture = 7, ipxe = false, waitMs = 400, wanted = 1, before = '' } = {},
  ) => {
    const discover = { mac, before, architecture, ipxe, waitMs, offers: wanted };
    return (await machine.ask({ discover })).offers as Offer[];
  };
  const until = async (holds: () => boolean | Promise<boolean>, limitMs = 5_000) => {
    const end = performance.now() + limitMs;
    while (!(await holds())) {
      if (performance.now() > end) throw new Error(`not so within ${limitMs} ms; said: ${said.join(' | ')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const alive = () => until(async () => (await offers(MAC, { waitMs: 100 })).length === 1);

  beforeAll(async () => {
    world = await openWorld(['ours', 'machine', 'site', 'foreign']);
    directory = mkdtempSync(join(tmpdir(), 'rekindle-netboot-'));
    chmodSync(directory, 0o711);
    dnsmasq = await startDnsmasq({
      place: { interface: 'eth0', address: OURS, network: '10.78.0.0', netmask: '255.255.255.0', port: 8474 },
      directory: join(directory, 'netboot'),
      within: world.within('ours'),
      say,
      discovered: (mac) => told.push(`armed ${mac}`),
      ignored: (mac) => told.push(`ignored ${mac}`),
      unknown: (mac) => told.push(`unknown ${mac}`),
    });
    const program = world.run('machine', [process.execPath, new URL('machine.ts', import.meta.url).pathname]);
    program.stderr!.on('data', (chunk) => said.push(String(chunk)));
    const answers = createInterface({ input: program.stdout! })[Symbol.asyncIterator]();
    machine = {
      async ask(what) {
        program.stdin!.write(`${JSON.stringify(what)}\n`);
        const { value, done } = await answers.next();
        if (done) throw new Error(`the machine's program ended: ${said.join('\n')}`);
        return JSON.parse(value as string) as Record<string, unknown>;
      },
    };
    dnsmasq.arm([host(MAC)]);
    await alive();
  });
  afterAll(async () => {
    await dnsmasq?.stop();
    await world?.close();
    if (directory) rmSync(directory, { recursive: true, force: true });
  });

  test('an armed machine is told where to boot from, another one hears nothing', async () => {
    dnsmasq.arm([host(MAC)]);
    const [uefi] = await offers(MAC);
    expect(uefi).toMatchObject({ mac: MAC, server: OURS, boots: true });
    const [ipxe] = await offers(MAC, { ipxe: true, architecture: 0 });
    expect(ipxe).toMatchObject({ server: OURS, bootFile: `http://${OURS}:8474/boot.ipxe` });
    expect(await offers(OTHER)).toEqual([]);
    expect(await offers(OTHER, { ipxe: true, architecture: 0 })).toEqual([]);
  });

  test('both are told of, each as what it is', async () => {
    dnsmasq.arm([host(MAC)]);
    told.length = 0;
    await offers(MAC);
    await offers(OTHER, { waitMs: 100 });
    await offers(OTHER, { waitMs: 100 });
    await until(() => told.length >= 4);
    expect(told).toEqual([`armed ${MAC}`, `ignored ${OTHER}`, `unknown ${OTHER}`, `ignored ${OTHER}`]);
  });

  test('while nobody is armed, each one that asks is told of, firmware or iPXE; our own look-out and plain clients are not', async () => {
    dnsmasq.arm([]);
    told.length = 0;
    await offers(MAC, { waitMs: 100 });
    await offers(OTHER, { waitMs: 100, ipxe: true, architecture: 0 });
    await machine.ask({ foreign: { answerMs: 100 } });
    await machine.ask({ discover: { mac: '52:54:00:78:00:03', plain: true, architecture: 0, waitMs: 100, offers: 1 } });
    await offers(MAC, { waitMs: 100 });
    await until(() => told.length >= 3);
    expect(told).toEqual([`ignored ${MAC}`, `ignored ${OTHER}`, `ignored ${MAC}`]);
  });

  test('200 rounds of arming and disarming, never one wrong answer', async () => {
    const wrong: string[] = [];
    for (let round = 0; round < 200; round++) {
      const armed = round % 2 === 0;
      const [now, before] = armed ? [MAC, OTHER] : [OTHER, MAC];
      dnsmasq.arm([host(now)]);
      const answered = (await offers(now, { before, waitMs: 2_000 })).map(({ mac }) => mac);
      if (answered.join() !== now) wrong.push(`round ${round}: ${now} is armed, answered: ${answered.join()}`);
    }
    dnsmasq.arm([]);
    expect(await offers(MAC)).toEqual([]);
    expect(await offers(OTHER)).toEqual([]);
    expect(wrong).toEqual([]);
    expect(said.filter((line) => line.startsWith('dnsmasq ended'))).toEqual([]);
  });

  test('killed, it is back within a second, and who was armed still is', async () => {
    dnsmasq.arm([host(MAC)]);
    const before = dnsmasq.pid()!;
    const killedAt = performance.now();
    process.kill(before, 'SIGKILL');
    await until(() => dnsmasq.pid() !== null && dnsmasq.pid() !== before);
    expect(performance.now() - killedAt).toBeLessThan(1_000);
    await alive();
    expect(await offers(OTHER)).toEqual([]);
  });

  test('armed anew while dnsmasq is dead, it comes back with the new set', async () => {
    dnsmasq.arm([host(MAC)]);
    process.kill(dnsmasq.pid()!, 'SIGKILL');
    await until(() => dnsmasq.pid() === null);
    dnsmasq.arm([host(OTHER)]);
    await until(async () => (await offers(OTHER, { waitMs: 100 })).length === 1);
    expect(await offers(MAC)).toEqual([]);
  });

  test('TFTP gives the two boot loaders and nothing else', async () => {
    const tftp = (name: string) => machine.ask({ tftp: { server: OURS, name } });
    for (const loader of ['undionly.kpxe', 'snponly.efi']) {
      const bytes = readFileSync(`/usr/lib/ipxe/${loader}`);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      expect(await tftp(loader)).toEqual({ bytes: bytes.length, sha256 });
    }
    for (const name of [
      '../dnsmasq.conf',
      '/etc/passwd',
      '../armed/52-54-00-78-00-01',
      join(directory, 'netboot/dnsmasq.conf'),
    ])
      expect(await tftp(name)).toHaveProperty('error');
  });

  test('it runs as a user of its own, with three capabilities and no way to more', () => {
    const status = readFileSync(`/proc/${dnsmasq.pid()}/status`, 'utf8');
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).not.toBe('0');
    expect(/^CapBnd:\s+(\w+)/m.exec(status)?.[1]).toBe('0000000000003400');
    expect(/^NoNewPrivs:\s+(\d)/m.exec(status)?.[1]).toBe('1');
  });

  test("the site's own DHCP server goes on giving addresses, to armed machines and others", async () => {
    const site = world.run('site', [
      ...['dnsmasq', '-d', '-C', '/dev/null', '--port=0', '--log-facility=-', '--no-ping', '--leasefile-ro'],
      ...['--interface=eth0', '--bind-interfaces', '--dhcp-range=10.78.0.100,10.78.0.200,10m', '--pid-file='],
    ]);
    try {
      dnsmasq.arm([host(MAC)]);
      const server = ({ server: address, boots }: Offer) => `${address} ${boots ? 'boot' : 'address'}`;
      await until(async () => (await offers(OTHER, { waitMs: 200 })).length === 1);
      expect((await offers(MAC, { wanted: 2, waitMs: 2_000 })).map(server).sort()).toEqual([
        `${OURS} boot`,
        '10.78.0.3 address',
      ]);
      expect((await offers(OTHER)).map(server)).toEqual(['10.78.0.3 address']);
      // Neither is a foreign network boot.
      expect(await machine.ask({ foreign: { answerMs: 500 } })).toEqual({ foreign: [] });
    } finally {
      site.kill('SIGKILL');
    }
  });

  test('somebody else who answers network boots is found', async () => {
    const foreign = world.run('foreign', [
      ...['dnsmasq', '-d', '-C', '/dev/null', '--port=0', '--log-facility=-', '--leasefile-ro', '--pid-file='],
      ...['--interface=eth0', '--bind-interfaces', '--dhcp-range=10.78.0.0,proxy,255.255.255.0'],
      ...['--pxe-service=x86PC,boot,evil', '--pxe-service=X86-64_EFI,boot,evil.efi'],
    ]);
    try {
      dnsmasq.arm([host(MAC)]);
      let found: unknown;
      await until(async () => {
        found = (await machine.ask({ foreign: { answerMs: 300 } })).foreign;
        return (found as string[]).length > 0;
      });
      expect(found).toEqual(['10.78.0.4']);
    } finally {
      foreign.kill('SIGKILL');
    }
  });

  test('a daemon that is killed takes its dnsmasq along', async () => {
    const program = `
      import { startDnsmasq } from ${JSON.stringify(new URL('../../pxe/server/dnsmasq.ts', import.meta.url).href)};
      const nothing = () => {};
      const dnsmasq = await startDnsmasq({
        place: { interface: 'eth0', address: '10.78.0.4', network: '10.78.0.0', netmask: '255.255.255.0', port: 8474 },
        directory: ${JSON.stringify(join(directory, 'second'))},
        say: { info: nothing, warn: nothing, error: nothing }, discovered: nothing, ignored: nothing, unknown: nothing,
      });
      console.log(dnsmasq.pid());`;
    const daemon = world.run('foreign', [process.execPath, '--input-type=module', '-e', program]);
    const [pid] = (await once(createInterface({ input: daemon.stdout! }), 'line')) as [string];
    const running = () => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('dnsmasq.conf');
    await until(running);
    daemon.kill('SIGKILL');
    await until(() => {
      try {
        return !running();
      } catch {
        return true;
      }
    });
  });

  test('it ends when it is told to, and hears no SIGHUP on the way', async () => {
    const pid = dnsmasq.pid()!;
    await dnsmasq.stop();
    expect(() => process.kill(pid, 0)).toThrow();
    expect(await offers(MAC)).toEqual([]);
  });
});
