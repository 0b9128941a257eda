/**
 * The site's own DHCP server on both networks: it knows its machines by their MACs, gives them the addresses they always
 * have, and knows nothing of booting from the network.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './exec.ts';
import { type LabNode, run } from './layout.ts';
import { BRIDGE } from './network.ts';

/** Resolves when it has opened its sockets. */
export async function startSite(machines: readonly LabNode[]): Promise<ChildProcess> {
  const file = join(run, 'site.conf');
  await writeFile(file, config(machines));
  const log = openSync(join(run, 'site.log'), 'a');
  const child = spawn('dnsmasq', ['--keep-in-foreground', `--conf-file=${file}`, '--pid-file='], {
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let wrong: string | undefined;
  child.once('error', (error) => {
    wrong = error.message;
  });
  child.once('exit', (code) => {
    wrong = `it ended with ${code}: see ${run}/site.log`;
  });
  await until('the DHCP server of the site', 3_000, () => {
    if (wrong) throw new Error(`the DHCP server of the site: ${wrong}`);
    return /:0043 /.test(readFileSync('/proc/net/udp', 'utf8')) || undefined;
  });
  return child;
}

const config = (machines: readonly LabNode[]) => `# The site's DHCP server.
port=0
log-facility=-
log-dhcp
user=root
no-ping
leasefile-ro
bind-interfaces
interface=${BRIDGE.control}
interface=${BRIDGE.data}
no-dhcp-interface=lo
dhcp-authoritative
dhcp-range=10.78.0.0,static,255.255.255.0,10m
dhcp-range=10.77.0.0,static,255.255.255.0,10m
# Neither network has a router or a name server.
dhcp-option=option:router
dhcp-option=option:dns-server
# iPXE waits 16 s for a router advertisement that never comes.
enable-ra
dhcp-range=fd78::,ra-only,64,10m
ra-param=${BRIDGE.control},10,0
${machines
  .flatMap(({ name, control, data, machine }) =>
    machine
      ? [`dhcp-host=${machine.macs.control},${control},${name}`, `dhcp-host=${machine.macs.data},${data},${name}`]
      : [],
  )
  .join('\n')}
`;
