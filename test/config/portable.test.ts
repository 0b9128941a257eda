import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readClusterFile } from '../../adapters/config/cluster-file.ts';
import { portableClusterFile } from '../../adapters/config/portable.ts';

const base = mkdtempSync(join(tmpdir(), 'rekindle-portable-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const xml = (guest: string) => `<domain type='qemu'><name>${guest}</name></domain>`;
const hosts = `cluster: lab
hosts: # three of them
  h1: { address: 10.0.0.1, capacity: { memoryMiB: 4096, vcpus: 4 } }
  h2: { address: 10.0.0.2, capacity: { memoryMiB: 4096, vcpus: 4 } }
  h3: { address: 10.0.0.3, capacity: { memoryMiB: 4096, vcpus: 4 } }
`;
function lay(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), text);
  }
}
/** Writes the copy elsewhere and reads it there. */
function carried(file: string, to: string) {
  const { digest } = readClusterFile(file);
  const files = portableClusterFile(file, digest);
  lay(Object.fromEntries(Object.entries(files).map(([path, text]) => [join(to, path), text])));
  return { digest, files, there: readClusterFile(join(base, to, 'cluster.yaml')).digest };
}

test('a copy reads as the same cluster on another node, wherever the definitions lay, and keeps its comments', () => {
  const guests = `guests:
  g1: { definition: ../xml/g1.xml, resources: { memoryMiB: 512, vcpus: 1 } } # the shop
  g2: { definition: ${join(base, 'far/away.xml')}, resources: { memoryMiB: 512, vcpus: 1 } }
`;
  lay({ 'etc/one.yaml': hosts + guests, 'xml/g1.xml': xml('g1'), 'far/away.xml': xml('g2') });
  const { digest, files, there } = carried(join(base, 'etc/one.yaml'), 'copy');
  expect(there).toBe(digest);
  expect(Object.keys(files)).toEqual(['cluster.yaml', 'definitions/g1.xml', 'definitions/g2.xml']);
  expect(files['cluster.yaml']).toMatch(/# three of them[\s\S]*# the shop/);
});

test('guests that share parts of the file keep them', () => {
  const shared = `guests:
  g1: { definition: g1.xml, resources: &r { memoryMiB: 512, vcpus: 1 } }
  g2: { definition: g2.xml, resources: *r }
`;
  lay({ 'etc/two.yaml': hosts + shared, 'etc/g1.xml': xml('g1'), 'etc/g2.xml': xml('g2') });
  const { digest, there } = carried(join(base, 'etc/two.yaml'), 'copy2');
  expect(there).toBe(digest);
});

test('a file that was changed under a running daemon is not handed on', () => {
  lay({ 'etc/four.yaml': hosts });
  const { digest } = readClusterFile(join(base, 'etc/four.yaml'));
  lay({ 'etc/four.yaml': hosts.replace('4096', '2048') });
  expect(() => portableClusterFile(join(base, 'etc/four.yaml'), digest)).toThrow(/has changed/);
});
