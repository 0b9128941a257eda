/**
 * A dnsmasq of our own as proxyDHCP and TFTP server on one interface: kept alive, armed and disarmed for single machines.
 * It runs as its own user with three capabilities, and the kernel ends it with the daemon, however that ends.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import type { ArmedMachine, NetBoot, Say } from '../../services/ports.ts';
import {
  armedFile,
  armedLine,
  askedToBoot,
  dnsmasqConfig,
  filesIn,
  LOADERS,
  type NetBootPlace,
} from './dnsmasq-config.ts';
import { PROBE_MAC } from './rogue.ts';

const BACKOFF_MS = [100, 250, 500, 1_000, 5_000, 10_000];
/** Having run this long, it has earned a quick restart again. */
const STEADY_MS = 60_000;
const STOP_MS = 2_000;
const ARM_AGAIN_MS = 1_000;
/** MACs nobody knows that are told, for as long as the armed set stays as it is. */
const MAX_HINTS = 32;
/** Binding ports 67, 69 and 4011, and what dnsmasq insists on for DHCP. */
const CAPABILITIES = '-all,+net_bind_service,+net_admin,+net_raw';

export interface DnsmasqPlan {
  readonly place: NetBootPlace;
  /** Made here, and readable by others: it holds nothing secret. Every directory above must let others pass. */
  readonly directory: string;
  /** Where the boot loaders are copied from. */
  readonly loaders?: string;
  /** Unprivileged user that dnsmasq runs as. */
  readonly user?: string;
  /** Words before the command: how a test starts it in another network namespace. */
  readonly within?: readonly string[];
  readonly say: Say;
  /** An armed machine asked where to boot from. */
  readonly discovered: (mac: string) => void;
  /** A machine that is not armed asked, and heard nothing. */
  readonly ignored: (mac: string) => void;
  /** While a machine is armed, one that is not asked the same: a replaced network card may be why nothing happens. */
  readonly unknown: (mac: string) => void;
}

export interface Dnsmasq extends Pick<NetBoot, 'arm'> {
  pid(): number | null;
  stop(): Promise<void>;
}

/** Rejects when dnsmasq, its user or the loaders are not there; whatever goes wrong later is said and tried again. */
export async function startDnsmasq(plan: DnsmasqPlan): Promise<Dnsmasq> {
  const { directory, say, user = 'dnsmasq' } = plan;
  const files = filesIn(directory);
  const uid = await userId(user);
  prepare(plan, uid);

  let armed = new Map<string, string>();
  let hinted = new Set<string>();
  let ended = false;
  let child: ReturnType<typeof spawn> | null = null;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let armAgain: NodeJS.Timeout | undefined;

  const heard = (line: string) => {
    const asked = askedToBoot(line);
    if (!asked) return;
    if (armed.has(asked.mac)) return plan.discovered(asked.mac);
    if (asked.mac === PROBE_MAC) return;
    plan.ignored(asked.mac);
    if (armed.size > 0 && hinted.size < MAX_HINTS && !hinted.has(asked.mac)) {
      hinted.add(asked.mac);
      plan.unknown(asked.mac);
    }
  };

  const start = () => {
    const since = performance.now();
    let lastWords = '';
    const [command, ...words] = [
      ...(plan.within ?? []),
      'setpriv',
      ...[`--reuid=${user}`, '--regid=nogroup', '--clear-groups', '--no-new-privs', '--pdeathsig=TERM'],
      ...[`--inh-caps=${CAPABILITIES}`, `--ambient-caps=${CAPABILITIES}`, `--bounding-set=${CAPABILITIES}`],
      ...['dnsmasq', '--keep-in-foreground', `--conf-file=${files.config}`, '--pid-file='],
    ] as [string, ...string[]];
    const started = spawn(command, words, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', env: { PATH } });
    child = started;
    createInterface({ input: started.stderr! }).on('line', (line) => {
      lastWords = line.slice(0, 500);
      heard(line);
    });
    let over = false;
    const gone = (how: string) => {
      if (over) return;
      over = true;
      child = null;
      if (ended) return;
      if (performance.now() - since > STEADY_MS) failures = 0;
      const restartInMs = BACKOFF_MS[Math.min(failures++, BACKOFF_MS.length - 1)]!;
      say.error('dnsmasq ended and is started again', { how, restartInMs, lastWords });
      timer = setTimeout(start, restartInMs);
    };
    started.once('error', (error) => gone(error.message));
    started.once('exit', (code, signal) => gone(signal ?? `code ${code}`));
  };

  // Only replaced, never deleted: dnsmasq keeps what a deleted file said. Never a SIGHUP: 2.90 dies of it once it has
  // answered a machine whose tag came from such a file.
  const write = (mac: string, to: boolean) => {
    const temporary = join(directory, 'arming');
    writeFileSync(temporary, armedLine(mac, to));
    chmodSync(temporary, 0o644);
    renameSync(temporary, join(files.armed, armedFile(mac)));
  };
  const apply = (wanted: ReadonlyMap<string, string>) => {
    clearTimeout(armAgain);
    const failed: string[] = [];
    const change = (mac: string, to: boolean) => {
      try {
        write(mac, to);
        if (to) armed.set(mac, wanted.get(mac)!);
        else armed.delete(mac);
      } catch (error) {
        failed.push(`${mac}: ${error instanceof Error ? error.message : String(error)}`);
      }
    };
    // To disarm comes first: a machine too few is asked again, one too many is wiped.
    for (const mac of [...armed.keys()]) if (!wanted.has(mac)) change(mac, false);
    for (const mac of wanted.keys()) if (!armed.has(mac)) change(mac, true);
    if (failed.length === 0) return;
    say.error('network boot is not armed as it should be; tried again', { failed });
    armAgain = setTimeout(() => apply(wanted), ARM_AGAIN_MS);
  };

  start();
  return {
    arm(machines: readonly ArmedMachine[]) {
      const wanted = new Map(machines.flatMap(({ host, macs }) => macs.map((mac) => [mac, host] as const)));
      hinted = new Set();
      if (!ended) apply(wanted);
    },
    pid: () => child?.pid ?? null,
    async stop() {
      ended = true;
      clearTimeout(timer);
      clearTimeout(armAgain);
      armed = new Map();
      const last = child;
      if (!last || last.exitCode !== null || last.signalCode !== null) return;
      const exited = once(last, 'exit');
      last.kill('SIGTERM');
      const force = setTimeout(() => last.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(force);
    },
  };
}

const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

async function userId(user: string): Promise<number> {
  const { stdout, failed } = await execa('id', ['-u', user], { reject: false, timeout: 5_000 });
  if (failed) throw new Error(`there is no user "${user}" (Debian package dnsmasq-base makes it)`);
  return Number(stdout);
}

/** Nobody is armed by what a daemon before this one left behind: the leader says anew. */
function prepare({ place, directory, loaders = '/usr/lib/ipxe' }: DnsmasqPlan, uid: number): void {
  const files = filesIn(directory);
  rmSync(directory, { recursive: true, force: true });
  for (const each of [directory, files.armed, files.tftp]) {
    mkdirSync(each, { recursive: true });
    chmodSync(each, 0o755);
  }
  for (const loader of Object.values(LOADERS)) {
    const to = join(files.tftp, loader);
    copyFileSync(join(loaders, loader), to);
    chmodSync(to, 0o444);
    // tftp-secure gives out nothing but files of its own user.
    chownSync(to, uid, 0);
  }
  writeFileSync(files.config, dnsmasqConfig(place, directory));
  chmodSync(files.config, 0o644);
  for (let above = dirname(directory); above !== dirname(above); above = dirname(above))
    if ((statSync(above).mode & 0o001) === 0) throw new Error(`${above} does not let the user of dnsmasq pass`);
}
