/** Goal: hosts, and nobody else, reach a host's libvirt. Method: a real libvirtd, configured as in an image of a host. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClusterKeys } from '../../adapters/keys/create.ts';
import { createEnrolment } from '../../adapters/keys/enrolment.ts';
import type { TlsFiles } from '../../adapters/keys/load.ts';
import { makeOwnKeys } from '../../adapters/keys/own-keys.ts';
import { tlsPeers } from '../../adapters/libvirt/peers.ts';
import { specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';
import { startHost, type TestHost } from './host.ts';

const scratch = mkdtempSync(join(tmpdir(), 'rekindle-peers-'));
const keysOf = (node: string) => join(scratch, node, 'keys');
let host: TestHost;

/** b1 was installed anew: its certificate is from a voter, and the host's libvirt is b1's. */
beforeAll(async () => {
  const address = '127.0.0.1';
  const nodes = { h1: { address }, b1: { address } };
  const identities = await createClusterKeys({ cluster: 'test', nodes, voters: ['h1'], out: scratch });
  rmSync(keysOf('b1'), { recursive: true });
  const { request } = await makeOwnKeys(join(scratch, 'b1'), 'b1');
  const capacity = { memoryMiB: 1, vcpus: 1 };
  const spec = specSchema.parse({
    cluster: 'test',
    profile: 'fast',
    times: PROFILES.fast,
    voters: ['h1'],
    hosts: { h1: { address, capacity }, b1: { address, migrationAddress: '127.0.0.3', capacity } },
  });
  const state = join(scratch, 'h1');
  const enrolment = createEnrolment({
    node: 'h1',
    state,
    spec,
    identities: () => identities,
    clusterFiles: () => ({}),
  });
  const answer = await enrolment.certify('b1', request);
  if (answer.kind !== 'certified') throw new Error(answer.reason);
  writeFileSync(join(keysOf('b1'), 'node.crt'), answer.certificate);
  cpSync(join(keysOf('h1'), 'ca.crt'), join(keysOf('b1'), 'ca.crt'));

  const inImage = readFileSync(join(import.meta.dirname, '../../packaging/image/etc/libvirt/libvirtd.conf'), 'utf8');
  const config = inImage.replaceAll('/var/lib/rekindle/keys', keysOf('b1'));
  host = await startHost(1, (directory) => writeFileSync(join(directory, 'libvirtd.conf'), config));
});
afterAll(async () => {
  await host?.down();
  rmSync(scratch, { recursive: true, force: true });
});

const tlsOf = (node: string): TlsFiles => ({
  ca: join(keysOf(node), 'ca.crt'),
  cert: join(keysOf(node), 'node.crt'),
  key: join(keysOf(node), 'node.key'),
});
/** What libvirt on `address` calls its host, or why it cannot be asked. */
function ask(who: string, tls: TlsFiles, address = '127.0.0.1'): Promise<string> {
  const run = join(scratch, 'run', who);
  mkdirSync(run, { recursive: true });
  return host.shell(`timeout 10 virsh -q -c '${tlsPeers(tls, run)(address)}' hostname 2>&1 || true`);
}

test('a host that was installed with the cluster and one that was enrolled later both reach it, at its migration address too', async () => {
  expect(await ask('h1', tlsOf('h1'))).toBe('host-01\n');
  expect(await ask('b1', tlsOf('b1'))).toBe('host-01\n');
  expect(await ask('h1', tlsOf('h1'), '127.0.0.3')).toBe('host-01\n');
});

test('a monitor, whose certificate is from the authority of clients, does not', async () => {
  const monitor = join(scratch, 'clients/monitor');
  const tls = { ca: join(monitor, 'ca.crt'), cert: join(monitor, 'monitor.crt'), key: join(monitor, 'monitor.key') };
  const said = await ask('monitor', tls);
  expect(said).not.toContain('host-01');
  expect(said).toMatch(/certificate|TLS|handshake|Unable to|Cannot/i);
});

test('who answers at an address that its certificate does not name is not believed', async () => {
  expect(await ask('h1', tlsOf('h1'), '127.0.0.2')).toContain('owner does not match the hostname 127.0.0.2');
});

test('nobody gets in without TLS', async () => {
  expect(await host.shell('virsh -q -c qemu+tcp://127.0.0.1/system hostname 2>&1 || true')).toContain('refused');
});
