/** Keys of this node, or of a client, as files on disk. Private ones must be nobody else's to read. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../services/errors.ts';
import { readEnrolled, withEnrolled } from './enrolled.ts';
import { type Identities, identitiesSchema, NODE_KEYS, type Role } from './identities.ts';

/** What a TLS connection needs, as paths. */
export interface TlsFiles {
  /** Issuer of the nodes' certificates. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface NodeKeys {
  readonly tls: TlsFiles;
  /** Issuers a server accepts clients from: the nodes' and the clients' authority. */
  readonly clientCas: string;
  /** Paths of the seeds. */
  readonly seeds: Readonly<Record<Role | 'node', string>>;
  /** With the keys that the log has brought so far (enrolled.ts). */
  readonly identities: Identities;
}

export interface ClientKeys {
  readonly tls: TlsFiles;
  readonly seed: string;
  readonly identities: Identities;
}

/** `STATE/keys`. Throws KEYS_MISSING, KEYS_EXPOSED. */
export function loadNodeKeys(stateDir: string): NodeKeys {
  const at = (name: string) => join(stateDir, 'keys', name);
  const seeds = Object.fromEntries(NODE_KEYS.map((key) => [key, at(`${key}.nk`)])) as Record<Role | 'node', string>;
  for (const file of [at('node.key'), ...Object.values(seeds)]) mustBePrivate(file);
  for (const file of [at('ca.crt'), at('node.crt'), at('client-cas.crt')]) mustExist(file);
  return {
    tls: { ca: at('ca.crt'), cert: at('node.crt'), key: at('node.key') },
    clientCas: at('client-cas.crt'),
    seeds,
    identities: withEnrolled(loadIdentities(at('identities.json')), readEnrolled(stateDir)),
  };
}

/** `OUT/clients/monitor` or `OUT/clients/admin`. Throws KEYS_MISSING, KEYS_EXPOSED. */
export function loadClientKeys(directory: string, client: 'monitor' | 'admin'): ClientKeys {
  const at = (name: string) => join(directory, name);
  for (const file of [at(`${client}.key`), at(`${client}.nk`)]) mustBePrivate(file);
  for (const file of [at('ca.crt'), at(`${client}.crt`)]) mustExist(file);
  return {
    tls: { ca: at('ca.crt'), cert: at(`${client}.crt`), key: at(`${client}.key`) },
    seed: at(`${client}.nk`),
    identities: loadIdentities(at('identities.json')),
  };
}

export function loadIdentities(file: string): Identities {
  mustExist(file);
  try {
    return identitiesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    return fail('KEYS_MISSING', { file, reason: 'is not a list of identities' }, cause);
  }
}

function mustExist(file: string): void {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) fail('KEYS_MISSING', { file, reason: 'is not there' });
}

function mustBePrivate(file: string): void {
  mustExist(file);
  const mode = statSync(file).mode & 0o777;
  if (mode & 0o077) fail('KEYS_EXPOSED', { file, mode: mode.toString(8) });
}
