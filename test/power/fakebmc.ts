/** A second BMC nobody here wrote: pyghmi's, in Debian's Python. It takes every boot flag and shows none but "valid". */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freeUdpPort } from './bmc.ts';

/** Its own `main` would listen on every address of the machine. */
const PROGRAM = `
import sys
import pyghmi.ipmi.bmc as bmc
from pyghmi.cmd.fakebmc import FakeBmc
class Here(FakeBmc):
    def __init__(self, port):
        bmc.Bmc.__init__(self, {'admin': sys.argv[2]}, port=port, address='::1')
        self.powerstate = 'off'
        self.bootdevice = 'default'
    def set_boot_device(self, device):
        self.bootdevice = device
here = Here(int(sys.argv[1]))
print('listening', flush=True)
here.listen()
`;

export async function startFakebmc(password: string) {
  const port = await freeUdpPort();
  const child = spawn('/usr/bin/python3', ['-c', PROGRAM, String(port), password], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('fakebmc did not start'))),
  ]);
  return {
    address: '::1',
    port,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
