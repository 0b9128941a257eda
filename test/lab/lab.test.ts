/** The lab itself, without Rekindle: what it calls off is off, what it cuts is cut, and nothing of it is left behind. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabStatus } from '../../lab/client.ts';
import { until } from '../../lab/exec.ts';
import { project } from '../../lab/layout.ts';

const directory = mkdtempSync(join(tmpdir(), 'lab-'));
const LAB_RUN = join(directory, 'run');

interface Said {
  readonly code: number;
  readonly out: string;
}

async function lab(...args: string[]): Promise<Said> {
  const options = { env: { ...process.env, LAB_RUN }, timeout: 90_000 };
  return promisify(execFile)(process.execPath, [join(project, 'lab/lab.ts'), ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, out: `${stdout}${stderr}`.trim() }),
    (error: { code?: number; stdout?: string; stderr?: string }) => ({
      code: typeof error.code === 'number' ? error.code : 1,
      out: `${error.stdout ?? ''}${error.stderr ?? ''}`.trim(),
    }),
  );
}

async function done(...args: string[]): Promise<string> {
  const { code, out } = await lab(...args);
  if (code !== 0) throw new Error(`lab ${args.join(' ')}: ${out}`);
  return out;
}

const status = async () => JSON.parse(await done('status', '--json')) as LabStatus;
const guest = async (name: string) => (await status()).guests.find((one) => one.name === name)?.on;
const on = (node: string, ...command: string[]) => lab('exec', node, ...command);
const boot = (node: string) => done('exec', node, 'cat', '/proc/sys/kernel/random/boot_id');
const pings = async (from: string, to: string) =>
  (await on(from, 'busybox', 'ping', '-c', '1', '-W', '1', to)).code === 0;
const ipmi = async (...words: string[]) => {
  const password = readFileSync(join(LAB_RUN, 'bmc.password'), 'utf8').trim();
  return done(
    'exec',
    'h3',
    ...'ipmitool -I lanplus -C 3 -N 1 -R 1 -H 10.77.0.111 -U admin -P'.split(' '),
    password,
    'chassis',
    'power',
    ...words,
  );
};

/** Processes, loop devices, CPU groups and mounts of this lab that the machine still has. */
function left(): string[] {
  const processes = readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/cmdline`, 'latin1') + readFileSync(`/proc/${pid}/environ`, 'latin1');
        const ours = Number(pid) !== process.pid && text.includes(LAB_RUN) && !text.includes('vitest');
        return ours ? [`process ${pid}`] : [];
      } catch {
        return [];
      }
    });
  const loops = readdirSync('/sys/block').filter((name) => {
    const file = `/sys/block/${name}/loop/backing_file`;
    return existsSync(file) && readFileSync(file, 'utf8').includes(LAB_RUN);
  });
  const mounts = readFileSync('/proc/mounts', 'utf8').includes(LAB_RUN) ? ['mounts'] : [];
  return [...processes, ...loops, ...mounts];
}

const nothingLeft = () =>
  until(`nothing to be left, but ${left().join(', ')}`, 10_000, () => (left().length === 0 ? true : undefined), 100);

describe.runIf(process.getuid?.() === 0)('the lab', () => {
  beforeAll(async () => {
    await done('up', '--plain');
  }, 90_000);

  afterAll(async () => {
    await lab('down');
    rmSync(directory, { recursive: true, force: true });
  }, 30_000);

  it('does not come up twice', async () => {
    const second = await lab('up', '--plain');
    expect(second).toMatchObject({ code: 1 });
    expect(second.out).toContain('is up already');
  });

  it('gives each host a name, a boot and a /dev of its own', async () => {
    expect(await done('exec', 'h2', 'hostname')).toBe('h2');
    expect(await boot('h1')).not.toBe(await boot('h2'));
    expect((await on('h1', 'test', '-e', '/dev/kvm')).code).toBe(1);
  });

  it('cuts and heals cables, and drops one direction alone', async () => {
    await done('fault', 'cut', 'h2');
    expect(await pings('h1', '10.78.0.12')).toBe(false);
    expect(await pings('h1', '10.77.0.12')).toBe(false);
    await done('fault', 'heal', 'h2');
    await until('h2 to be back', 5_000, async () => ((await pings('h1', '10.78.0.12')) ? true : undefined));
    await done('fault', 'cut-control', 'h2');
    expect([await pings('h1', '10.78.0.12'), await pings('h1', '10.77.0.12')]).toEqual([false, true]);
    await done('fault', 'heal', 'all');

    await done('fault', 'cut-pair', 'h1', 'h2');
    await until('h3 to reach h2', 5_000, async () => ((await pings('h3', '10.78.0.12')) ? true : undefined));
    expect(await pings('h1', '10.78.0.12')).toBe(false);
    await done('fault', 'heal', 'h1');
    expect(await pings('h1', '10.78.0.12')).toBe(true);
  }, 60_000);

  it('stops every process of a frozen host while its kernel answers on', async () => {
    await done('fault', 'freeze', 'h2');
    expect(await pings('h1', '10.78.0.12')).toBe(true);
    const asked = await lab('exec', 'h1', 'timeout', '2', 'virsh', '-c', 'qemu+tcp://10.77.0.12/system', 'version');
    expect(asked.code).not.toBe(0);
    await done('fault', 'thaw', 'h2');
    expect((await lab('exec', 'h1', 'virsh', '-c', 'qemu+tcp://10.77.0.12/system', 'version')).code).toBe(0);
  }, 30_000);

  it('fills the disk of one host and of no other', async () => {
    await done('fault', 'disk-full', 'h1');
    const write = 'echo x > /var/lib/rekindle/test';
    expect((await on('h1', 'bash', '-c', write)).out).toContain('No space left');
    expect((await on('h2', 'bash', '-c', write)).code).toBe(0);
    await done('fault', 'disk-free', 'h1');
    expect((await on('h1', 'bash', '-c', write)).code).toBe(0);
  });

  it('panics, kills and crash-loops guests', async () => {
    await done('fault', 'panic', 'g4');
    expect(await done('exec', 'h2', 'virsh', 'domstate', 'g4', '--reason')).toContain('crashed');
    await done('fault', 'kill-qemu', 'g3');
    expect(await guest('g3')).toEqual([]);
    await done('fault', 'crash-loop', 'g2');
    await done('exec', 'h1', 'virsh', 'start', 'g2');
    await until('g2 to crash again', 30_000, async () => ((await guest('g2'))?.length === 0 ? true : undefined), 500);
    await done('fault', 'calm', 'g2');
  }, 60_000);

  it('ends everything of a host at once when its BMC is told to, unplugs it, and boots it anew', async () => {
    const before = await boot('h1');
    expect(await ipmi('status')).toContain('is on');
    await ipmi('off');
    expect(await ipmi('status')).toContain('is off');
    expect(await guest('g1')).toEqual([]);
    expect(await pings('h2', '10.78.0.11')).toBe(false);

    await ipmi('on');
    expect(await ipmi('status')).toContain('is on');
    await until('h1 to have booted', 20_000, async () => ((await on('h1', 'true')).code === 0 ? true : undefined), 250);
    expect(await boot('h1')).not.toBe(before);
  }, 60_000);

  it('takes a BMC off the net and puts it back', async () => {
    await done('fault', 'bmc-dead', 'h1');
    await expect(ipmi('status')).rejects.toThrow('Unable to establish');
    await done('fault', 'bmc-alive', 'h1');
    expect(await ipmi('status')).toContain('is on');
  }, 30_000);

  it('resets a host whose watchdog was petted once and then no more', async () => {
    const before = await boot('h3');
    const pet = `const link = require('node:net').connect('/run/watchdog.sock');
      link.once('data', () => link.write('pet ' + require('node:fs').readFileSync('/proc/uptime', 'utf8').split(' ')[0] * 1000 + '\\n'));
      link.on('data', (said) => String(said).includes('petted') && process.exit(0));`;
    await done('exec', 'h3', process.execPath, '-e', pet);
    await until(
      'h3 to be reset',
      20_000,
      async () => {
        const { code, out } = await on('h3', 'cat', '/proc/sys/kernel/random/boot_id');
        return code === 0 && out !== before ? true : undefined;
      },
      250,
    );
  }, 30_000);

  it('is gone with its first process, and comes up again after that', async () => {
    const outer = Number(readFileSync(join(LAB_RUN, 'outer.pid'), 'utf8'));
    process.kill(outer, 'SIGKILL');
    await nothingLeft();
    await done('up', '--plain');
    expect((await status()).phase).toBe('ready');
    await done('down');
    await nothingLeft();
    expect((await lab('down')).out).toBe('No lab was up.');
  }, 90_000);

  it('is gone when a drill is interrupted', async () => {
    const args = [join(project, 'lab/lab.ts'), 'drill', 'qemu-kill'];
    const drill = spawn(process.execPath, args, { env: { ...process.env, LAB_RUN }, stdio: 'ignore' });
    const ended = new Promise((resolve) => drill.once('exit', resolve));
    await until(
      'its hosts to be on',
      60_000,
      async () => ((await on('h3', 'true')).code === 0 ? true : undefined),
      500,
    );
    drill.kill('SIGINT');
    expect(await ended).toBe(130);
    await nothingLeft();
  }, 90_000);
});
