/**
 * One IPMI 2.0 BMC per host: OpenIPMI's simulator on an address of its own at the switch, so that it answers whatever
 * the host's own links do. Its chassis control asks the lab to pull the plug.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './exec.ts';
import type { Host } from './host.ts';
import { filesOf, type LabNode, scripts, socket } from './layout.ts';
import { isMachine } from './machine.ts';
import type { Network } from './network.ts';

/** What a machine does between its power button and its boot loader; real servers take a minute or more. */
export const FIRMWARE_MS = 5_000;
const AUTH = 'none md2 md5 straight';

export type Bmc = ReturnType<typeof createBmc>;

export function createBmc(
  host: Host,
  network: Network,
  password: string,
  say: (what: string) => void,
  firmwareMs = FIRMWARE_MS,
) {
  const { node } = host;
  const bootable = isMachine(host) ? host : undefined;
  const read = (what: string) => {
    if (what === 'boot') return bootable?.bootNext() === 'network' ? 'pxe' : 'default';
    return what === 'power' && host.powered() ? 1 : 0;
  };
  const directory = filesOf(node).bmc;
  let running: ChildProcess | undefined;
  const failed = (error: unknown) => say(`${node.name} did not boot: ${error}`);

  return {
    alive: () => running !== undefined,

    async start(): Promise<void> {
      if (running) return;
      await writeFile(join(directory, 'lan.conf'), lanConf(node, password), { mode: 0o600 });
      await writeFile(join(directory, 'mc.emu'), MC);
      await network.plugBmc(node);
      const log = openSync(join(directory, 'sim.log'), 'a');
      const child = spawn('ipmi_sim', ['-c', 'lan.conf', '-f', 'mc.emu', '-s', '.', '-n'], {
        cwd: directory,
        stdio: ['ignore', log, log],
      });
      closeSync(log);
      running = child;
      await until(`the BMC of ${node.name}`, 5_000, () => {
        if (child.exitCode !== null) throw new Error(`ipmi_sim ended: see ${directory}/sim.log`);
        return listening(node.bmc) || undefined;
      });
    },

    /** As when it shares its host's power supply: silent, its address unknown to the switch. */
    async die(): Promise<void> {
      const child = running;
      if (!child) return;
      running = undefined;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      await network.unplugBmc(node);
    },

    /** The words ipmi_sim calls the chassis script with; returns what it expects to read. */
    async chassis(words: readonly string[]): Promise<string> {
      const [operation, ...rest] = words;
      if (operation === 'get') {
        return rest.map((what) => `${what}:${read(what)}\n`).join('');
      }
      for (let index = 0; operation === 'set' && index < rest.length; index += 2) {
        const [what, value] = rest.slice(index);
        // A BMC answers when the power is on, not when the machine has booted; off it says when all is off.
        if (what === 'boot') bootable?.setBootNext(value === 'pxe' ? 'network' : null);
        else if (what === 'power' && value === '1') host.powerOn(firmwareMs, 'its BMC switched it on').catch(failed);
        else if (what === 'reset') host.reset('its BMC reset it').catch(failed);
        else if (what === 'power' || what === 'shutdown') await host.powerOff('its BMC switched it off');
      }
      return '';
    },
  };
}

/** Linux lists UDP sockets as little-endian address and port in hexadecimal. */
function listening(address: string): boolean {
  const hex = (byte: string) => Number(byte).toString(16).padStart(2, '0').toUpperCase();
  const socket = `${address.split('.').reverse().map(hex).join('')}:026F`;
  return readFileSync('/proc/net/udp', 'utf8').includes(socket);
}

const MC = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`;

function lanConf(node: LabNode, password: string): string {
  const levels = ['callback', 'user', 'operator', 'admin']
    .map((level) => `    allowed_auths_${level} ${AUTH}\n`)
    .join('');
  return `name "${node.name}"
set_working_mc 0x20
  startlan 1
    addr ${node.bmc} 623
    priv_limit admin
${levels}    guid 770000000000400080000000000000${node.number}
  endlan
  chassis_control "${join(scripts, 'chassis.sh')} ${socket} ${node.name}"
  user 1 true "" "none" user 10 ${AUTH}
  user 2 true "admin" "${password}" admin 10 ${AUTH}
`;
}
