/** How the libvirt of this host reaches that of another: over TLS, each with what makes it a node of the cluster. */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TlsFiles } from '../keys/load.ts';

/**
 * Returns the URI of the libvirt at an address (IPv6 in brackets). libvirt looks for a client's files by name in one
 * directory: `RUN/libvirt-tls`, of links, so that no key is copied.
 *
 * The other end must show a certificate for that very address from the nodes' authority, and wants the same of us. Left out
 * (`no_sanity`) is only libvirt's look at its own certificate beforehand, which knows no authority between root and node.
 */
export function tlsPeers({ ca, cert, key }: TlsFiles, runDir: string): (address: string) => string {
  const directory = resolve(runDir, 'libvirt-tls');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const [name, file] of Object.entries({ 'cacert.pem': ca, 'clientcert.pem': cert, 'clientkey.pem': key })) {
    rmSync(join(directory, name), { force: true });
    symlinkSync(resolve(file), join(directory, name));
  }
  return (address) => `qemu+tls://${address}/system?pkipath=${encodeURIComponent(directory)}&no_sanity=1`;
}
