/** Goal: a libvirt that is slow to answer is not made slower by ever new connections. Method: real virsh, a server that is silent. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createShells, type Shells } from '../../adapters/libvirt/shells.ts';

const directory = mkdtempSync(join(tmpdir(), 'rekindle-shells-'));
const socket = join(directory, 'libvirt.sock');
const uri = `qemu+unix:///system?socket=${socket}`;
let server: Server;
let shells: Shells;
afterEach(() => {
  shells.close();
  server?.close();
  rmSync(directory, { recursive: true, force: true });
});

test('who asks is answered in time; the virsh that is starting goes on, and no other is started in its place', async () => {
  let connections = 0;
  server = createServer(() => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  shells = createShells(uri, 2);
  for (let i = 0; i < 6; i++) {
    const began = performance.now();
    await expect(shells.run(['list'], 300)).rejects.toMatchObject({ code: 'LIBVIRT_SILENT' });
    expect(performance.now() - began).toBeLessThan(1_500);
  }
  expect(connections).toBeLessThanOrEqual(2);
  expect(connections).toBeGreaterThan(0);
});
