/** A private host for tests: own namespaces, own libvirtd, never the machine's. Everything of it dies with `down`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hypervisor, HypervisorEvent, Qualification } from '../../services/ports.ts';

export interface TestHost {
  /** The real adapter, working inside the host. */
  readonly libvirt: Omit<Hypervisor, 'events'>;
  readonly qualification: Omit<Qualification, 'ways'>;
  /** PID of the host's init, for `nsenter` and for `ip link … netns`. */
  readonly pid: number;
  /** The host's own directory: `etc` is its /etc/libvirt, `run` the daemon's run directory. */
  readonly directory: string;
  /** Runs a shell line inside the host; its output. */
  shell(command: string): Promise<string>;
  /** Follows events from now on; resolves when the stream is connected. */
  follow(): Promise<void>;
  readonly events: readonly HypervisorEvent[];
  /** The first event since `from` (an index into `events`) that matches. Fails after 10 s. */
  event(matches: Partial<Record<string, unknown>>, from?: number): Promise<HypervisorEvent>;
  down(): Promise<void>;
}

const here = import.meta.dirname;

/** `number` 1 to 99 tells hosts of one test apart. `prepare` runs before libvirtd starts. */
export async function startHost(number = 1, prepare: (directory: string) => void = () => {}): Promise<TestHost> {
  const directory = mkdtempSync(join(tmpdir(), `rekindle-host${number}-`));
  mkdirSync(join(directory, 'run'), { mode: 0o700 });
  prepare(directory);
  const uuid = `77000000-0000-4000-8000-0000000000${String(number).padStart(2, '0')}`;
  const namespaces = ['-m', '-u', '-i', '-n', '-p', '-f', '--mount-proc', '--kill-child'];
  const command = ['--pdeathsig', 'KILL', 'unshare', ...namespaces, 'bash', join(here, 'hostinit.sh'), directory, uuid];
  const outer = spawn('setpriv', command, { stdio: 'ignore' });
  const pid = await childOf(outer.pid ?? 0);
  await sleep(50); // until /proc of the new namespace is mounted and node sees the right one

  const entering = ['-t', String(pid), '-m', '-u', '-i', '-n', '-p', '--wd=/', '--'];
  const worker = spawn('nsenter', [...entering, process.execPath, join(here, 'inside.ts'), join(directory, 'run')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const { call, events, ready } = talkTo(worker);
  await ready;
  const shell = (line: string) => call('shell', line) as Promise<string>;

  const inside = <T extends object>() =>
    new Proxy({} as T, {
      get:
        (_, name) =>
        (...given: unknown[]) =>
          call(String(name), ...given),
    });

  const host: TestHost = {
    pid,
    directory,
    events,
    shell,
    libvirt: inside<TestHost['libvirt']>(),
    qualification: inside<TestHost['qualification']>(),
    async follow() {
      void call('follow');
      await host.event({ kind: 'connected' });
    },
    async event(matches, from = 0) {
      for (let i = 0; i < 500; i++) {
        const found = events
          .slice(from)
          .find((event) =>
            Object.entries(matches).every(([key, value]) => (event as Record<string, unknown>)[key] === value),
          );
        if (found) return found;
        await sleep(20);
      }
      throw new Error(`no event ${JSON.stringify(matches)} in ${JSON.stringify(events.slice(from))}`);
    },
    async down() {
      worker.disconnect();
      const ended = new Promise((resolve) => outer.once('exit', resolve));
      process.kill(pid, 'SIGKILL');
      await ended;
      rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
  for (let tries = 0; ; tries++) {
    if (
      await host.libvirt.list().then(
        () => true,
        () => false,
      )
    )
      return host;
    if (tries > 200)
      throw new Error(
        `libvirtd of the test host does not answer: ${await shell('tail -5 /var/log/libvirt/libvirtd.log')}`,
      );
    await sleep(50);
  }
}

/** A cable between two hosts, with these addresses; `cut` takes it down at `b`. */
export async function connect(
  a: TestHost,
  addressA: string,
  b: TestHost,
  addressB: string,
): Promise<{ cut(): Promise<void>; mend(): Promise<void> }> {
  const outside = spawn('ip', [
    'link',
    'add',
    'eth0',
    'netns',
    String(a.pid),
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    String(b.pid),
  ]);
  await new Promise((resolve) => outside.once('exit', resolve));
  for (const [host, address] of [
    [a, addressA],
    [b, addressB],
  ] as const)
    await host.shell(`ip addr add ${address}/24 dev eth0 && ip link set eth0 up`);
  // Each must know the other by name, as libvirt asks the target what it is called.
  for (const host of [a, b])
    await host.shell(
      `printf '127.0.0.1 localhost\\n${addressA} host-01\\n${addressB} host-02\\n' > /run/hosts && mount --bind /run/hosts /etc/hosts`,
    );
  return {
    cut: async () => void (await b.shell('ip link set eth0 down')),
    mend: async () => void (await b.shell('ip link set eth0 up')),
  };
}

function talkTo(worker: ChildProcess) {
  const events: HypervisorEvent[] = [];
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let last = 0;
  let isReady = () => {};
  const ready = new Promise<void>((resolve) => (isReady = resolve));
  worker.on(
    'message',
    (message: { id?: number; value?: unknown; error?: string; event?: HypervisorEvent; ready?: true }) => {
      if (message.ready) return isReady();
      if (message.event) return events.push(message.event);
      const waiting = open.get(message.id ?? 0);
      open.delete(message.id ?? 0);
      if (message.error === undefined) waiting?.resolve(message.value);
      else waiting?.reject(new Error(message.error));
    },
  );
  const call = (name: string, ...given: unknown[]) =>
    new Promise((resolve, reject) => {
      last += 1;
      open.set(last, { resolve, reject });
      worker.send({ id: last, call: name, given });
    });
  return { call, events, ready };
}

async function childOf(parent: number): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    // setpriv becomes unshare, whose child is the host's init.
    const child = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && parentOf(entry) === parent);
    if (child) return Number(child);
    await sleep(10);
  }
  throw new Error('the test host did not start');
}
function parentOf(pid: string): number {
  try {
    return Number(
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) \S /s, '')
        .split(' ')[0],
    );
  } catch {
    return 0;
  }
}
