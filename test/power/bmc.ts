/** A BMC nobody here wrote: OpenIPMI's `ipmi_sim` on loopback. The machine it powers is a real process. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { IpmiSpec } from '../../machines/spec.ts';
import { powerSchema } from '../../machines/spec.ts';

export const PASSWORD = 'lab-secret';

export interface Bmc {
  readonly directory: string;
  readonly port: number;
  /** As the cluster file would have it, with changes. */
  spec(changes?: Partial<IpmiSpec>): IpmiSpec;
  secret(name: string, content: string, mode?: number): string;
  /** Whether the process that stands for the machine lives. */
  machineRuns(): boolean;
  /** Boot device it would start from, in ipmi_sim's words. */
  boot(): string;
  /** Hangs, answers nothing. */
  freeze(): void;
  thaw(): void;
  /** Accepts commands and carries none out. */
  lie(lying: boolean): void;
  /** Carries out what it is told so many milliseconds later, and answers nothing meanwhile. */
  dawdle(ms: number): void;
  stop(): Promise<void>;
}

export async function startBmc(password = PASSWORD): Promise<Bmc> {
  const directory = mkdtempSync(join(tmpdir(), 'rekindle-bmc-'));
  const at = (name: string) => join(directory, name);
  const port = await freeUdpPort();
  const secret = (name: string, content: string, mode = 0o600) => {
    writeFileSync(at(name), content);
    chmodSync(at(name), mode);
    return at(name);
  };

  // ipmi_sim's descriptors must not live on in the machine, or the simulator's death would not free its port.
  secret(
    'chassis.sh',
    `#!/bin/sh
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
cd '${directory}'
alive() { [ -s pid ] && kill -0 "$(cat pid)" 2>/dev/null; }
shift; op=$1; shift
case $op in
get) for p in "$@"; do
  if [ "$p" = power ] && alive; then echo power:1
  elif [ "$p" = boot ]; then echo "boot:$(cat boot 2>/dev/null || echo none)"
  else echo "$p:0"; fi
done ;;
set) while [ $# -gt 1 ]; do
  if [ "$1" = power ] && [ ! -e lying ]; then
    [ -s slow ] && sleep "$(cat slow)"
    if [ "$2" = 1 ]; then alive || { setsid sleep 600 </dev/null >/dev/null 2>&1 & echo $! > pid; }
    else alive && kill -9 "$(cat pid)"; rm -f pid; fi
  fi
  if [ "$1" = boot ] && [ ! -e lying ]; then
    [ -s slow ] && sleep "$(cat slow)"
    echo "$2" > boot
  fi
  shift 2; done ;;
esac
exit 0
`,
    0o700,
  );
  writeFileSync(
    at('lan.conf'),
    `name "bmc"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid 77000000000040008000000000000001
  endlan
  chassis_control "${at('chassis.sh')} 0x20"
  user 2 true "admin" "${password}" admin 10 none md2 md5 straight
`,
  );
  writeFileSync(
    at('bmc.emu'),
    'mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nsel_enable 0x20 1000 0x0a\nmc_enable 0x20\n',
  );
  const sim = spawn('ipmi_sim', ['-c', at('lan.conf'), '-f', at('bmc.emu'), '-s', at('state'), '-n'], {
    stdio: 'ignore',
  });
  const ended = once(sim, 'exit');
  const passwordFile = secret('password', `${password}\n`);

  const bmc: Bmc = {
    directory,
    port,
    spec: (changes) => ({
      ...(powerSchema.parse({
        kind: 'ipmi',
        address: '127.0.0.1',
        port,
        user: 'admin',
        passwordFile,
        cipherSuite: 3,
      }) as IpmiSpec),
      ...changes,
    }),
    secret,
    machineRuns() {
      if (!existsSync(at('pid'))) return false;
      try {
        return process.kill(Number(readFileSync(at('pid'), 'utf8')), 0);
      } catch {
        return false;
      }
    },
    boot: () => (existsSync(at('boot')) ? readFileSync(at('boot'), 'utf8').trim() : 'none'),
    freeze: () => sim.kill('SIGSTOP'),
    thaw: () => sim.kill('SIGCONT'),
    lie(lying) {
      if (lying) secret('lying', '');
      else rmSync(at('lying'), { force: true });
    },
    dawdle(ms) {
      if (ms > 0) secret('slow', String(ms / 1_000));
      else rmSync(at('slow'), { force: true });
    },
    async stop() {
      sim.kill('SIGKILL');
      await ended;
      if (bmc.machineRuns()) process.kill(Number(readFileSync(at('pid'), 'utf8')), 'SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
  // It tells nobody when it listens.
  for (let tries = 0; tries < 100; tries++) {
    if (listens(port)) return bmc;
    await wait(20);
  }
  await bmc.stop();
  throw new Error('ipmi_sim does not listen');
}

export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

function listens(port: number): boolean {
  const wanted = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/udp', 'utf8').includes(wanted);
}

/** Argument list and environment of each living ipmitool that talks to the BMC at `port`. */
export function ipmitools(port: number): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        if (!args[0]!.endsWith('ipmitool') || !args.includes(String(port))) return [];
        return [`${args.join(' ')}\n${readFileSync(`/proc/${pid}/environ`, 'utf8')}`];
      } catch {
        // Gone while we looked.
        return [];
      }
    });
}
