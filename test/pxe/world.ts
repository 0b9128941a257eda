/**
 * A network of its own: one bridge with a namespace for each of `places` (10.78.0.1, .2, ... on eth0), in one `unshare`
 * that takes everything with it. Programs enter by a prefix of words. Needs root.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

export const isRoot = process.getuid?.() === 0;
export const BROADCAST = '10.78.0.255';

export interface World {
  /** Words before a command, for it to run in that place; `switch` is where the bridge is, and `tap0` for a machine. */
  within(place: string): readonly [string, ...string[]];
  run(place: string, command: readonly string[]): ChildProcess;
  close(): Promise<void>;
}

export async function openWorld(places: readonly string[]): Promise<World> {
  const setup = `
    set -e
    mount --make-rprivate /; mount -t tmpfs run /run; mkdir /run/netns
    ip link set lo up; ip link add br0 type bridge forward_delay 0; ip link set br0 up
    n=0
    for place in ${places.join(' ')}; do
      n=$((n+1)); ip netns add $place
      ip link add v$place type veth peer name eth0 netns $place; ip link set v$place master br0 up
      ip -n $place link set lo up; ip -n $place addr add 10.78.0.$n/24 brd + dev eth0; ip -n $place link set eth0 up
    done
    ip tuntap add tap0 mode tap; ip link set tap0 master br0 up
    echo ready
    exec sleep infinity`;
  const holder = spawn('unshare', ['-m', '-n', '-p', '-f', '--kill-child', 'bash', '-c', setup], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  holder.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const ready = (async () => {
    for await (const line of createInterface({ input: holder.stdout })) if (line === 'ready') return;
    throw new Error(`no network of its own: ${said}`);
  })();
  await ready;
  const inside = await childOf(holder.pid!);
  const within = (place: string) => {
    const network = place === 'switch' ? `/proc/${inside}/ns/net` : `/proc/${inside}/root/run/netns/${place}`;
    return ['nsenter', `--net=${network}`, '--'] as const;
  };
  const children = new Set<ChildProcess>();
  return {
    within: (place) => [...within(place)] as [string, ...string[]],
    run(place, command) {
      const [program, ...words] = [...within(place), ...command] as [string, ...string[]];
      const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] });
      children.add(child);
      return child;
    },
    async close() {
      for (const child of [...children, holder]) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
    },
  };
}

async function childOf(pid: number): Promise<number> {
  const child = Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')[0]);
  if (!(child > 0)) throw new Error('the network ended');
  return child;
}
