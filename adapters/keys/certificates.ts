/**
 * Certificates by openssl: P-256, one authority for the nodes and one for clients that are not nodes. Two, because a
 * server takes a route from whoever holds a certificate of the nodes' authority: a monitor must not be able to join.
 * Private keys go straight from openssl into files of mode 0600; argv holds names of files only.
 */
import { rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { failure } from '../../services/errors.ts';

/** Ten years: replacing them is a deliberate act, and a cluster must not stop on a date nobody remembers. */
export const VALID_DAYS = 3_650;

interface Certificate {
  /** `DIRECTORY/NAME.key` and `.crt` are written. */
  readonly directory: string;
  readonly name: string;
  /** Common name: for people, and for a client that checks which node it reached. */
  readonly subject: string;
  /** X.509v3 extensions, one `name = value` each. */
  readonly extensions: readonly string[];
  /** Base path of the issuer's `.crt` and `.key`; without it the certificate signs itself. */
  readonly issuer?: string;
}

/** With `issuer` an intermediate one; `below`: how many authorities it may make itself. */
export function authority(
  directory: string,
  name: string,
  subject: string,
  { below = 0, issuer }: { readonly below?: number; readonly issuer?: string } = {},
): Promise<string> {
  return issue({
    directory,
    name,
    subject,
    ...(issuer ? { issuer } : {}),
    extensions: [`basicConstraints = critical,CA:TRUE,pathlen:${below}`, 'keyUsage = critical,keyCertSign,cRLSign'],
  });
}

/** For a node: server and client at once. A host may be named by its own name, its addresses or the loopback. */
export function nodeCertificate(directory: string, node: string, at: Addresses, issuer: string): Promise<string> {
  return issue({ directory, name: 'node', subject: node, issuer, extensions: nodeExtensions(node, at) });
}

/** What others dial: IP or DNS name. The second is where its libvirt is reached, when it is another one. */
export interface Addresses {
  readonly address: string;
  readonly migrationAddress?: string | undefined;
}

/** What a node's certificate says of it, whoever issues it. */
export function nodeExtensions(node: string, { address, migrationAddress = address }: Addresses): string[] {
  const dialled = [address, migrationAddress].map((one) => `${isIP(one) ? 'IP' : 'DNS'}:${one}`);
  const names = new Set([`DNS:${node}`, 'DNS:localhost', ...dialled, 'IP:127.0.0.1']);
  return [...leaf, 'extendedKeyUsage = serverAuth,clientAuth', `subjectAltName = ${[...names].join(',')}`];
}

export function clientCertificate(directory: string, client: string, issuer: string): Promise<string> {
  return issue({
    directory,
    name: client,
    subject: client,
    issuer,
    extensions: [...leaf, 'extendedKeyUsage = clientAuth'],
  });
}

/** libvirt takes no certificate without keyEncipherment, although nothing is enciphered with a P-256 key. */
const leaf = ['basicConstraints = critical,CA:FALSE', 'keyUsage = critical,digitalSignature,keyEncipherment'];

/** Returns the base path of what it wrote. */
async function issue(certificate: Certificate): Promise<string> {
  const base = join(certificate.directory, certificate.name);
  const request = `${base}.cnf`;
  await writeFile(
    request,
    `[req]\ndistinguished_name = subject\nprompt = no\nx509_extensions = extensions\n` +
      `[subject]\nCN = ${certificate.subject}\n[extensions]\n${certificate.extensions.join('\n')}\n`,
  );
  const of = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', String(VALID_DAYS)];
  const by = certificate.issuer ? ['-CA', `${certificate.issuer}.crt`, '-CAkey', `${certificate.issuer}.key`] : [];
  const { failed, stderr } = await execa(
    'openssl',
    ['req', '-x509', '-sha256', ...of, ...by, '-config', request, '-keyout', `${base}.key`, '-out', `${base}.crt`],
    { reject: false, timeout: 30_000, stdin: 'ignore' },
  );
  await rm(request);
  if (failed)
    throw failure('KEYS_NOT_MADE', {
      what: `certificate of ${certificate.subject}`,
      reason: stderr || 'openssl did not run',
    });
  return base;
}
