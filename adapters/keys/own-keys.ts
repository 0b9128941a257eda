/** The keys a newly installed host makes for itself. No private one ever leaves it. */
import { createPrivateKey } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { execa } from 'execa';
import { failure } from '../../services/errors.ts';
import type { Identities } from './identities.ts';
import { NODE_KEYS } from './identities.ts';
import { signerFrom } from './sign.ts';
import { writeDurably } from './write-durably.ts';

export type PublicKeys = Identities['nodes'][string];

export interface OwnKeys {
  readonly keys: PublicKeys;
  /** Certificate request (PEM), signed by the key in `node.key`. */
  readonly request: string;
}

/**
 * Makes what is missing in STATE/keys (seeds and TLS key of mode 0600, the request) and keeps what is there: after a loss
 * of power the same keys are shown again. Throws KEYS_NOT_MADE, KEY_UNREADABLE.
 */
export async function makeOwnKeys(state: string, host: string): Promise<OwnKeys> {
  const directory = join(state, 'keys');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const at = (name: string) => join(directory, name);
  const keys = Object.fromEntries(
    NODE_KEYS.map((role) => {
      if (!existsSync(at(`${role}.nk`))) makeSeed(at(`${role}.nk`));
      return [role, signerFrom(at(`${role}.nk`)).publicKey];
    }),
  ) as PublicKeys;
  // The private key is written by us, so that it is on disk as a whole or not at all.
  if (!existsSync(at('node.key')))
    writeDurably(at('node.key'), await openssl(host, ['ecparam', '-name', 'prime256v1', '-genkey', '-noout']));
  createPrivateKey(readFileSync(at('node.key')));
  const request = await openssl(host, ['req', '-new', '-sha256', '-key', at('node.key'), '-subj', `/CN=${host}`]);
  return { keys, request };
}

function makeSeed(file: string): void {
  const pair = createUser();
  writeDurably(file, Buffer.concat([pair.getSeed(), Buffer.from('\n')]));
  pair.clear();
}

/** What openssl prints. It goes through a pipe of ours, and argv names files only. */
async function openssl(host: string, words: readonly string[]): Promise<string> {
  const { failed, stdout, stderr } = await execa('openssl', [...words], {
    reject: false,
    timeout: 30_000,
    stdin: 'ignore',
  });
  if (failed || !stdout.includes('-----BEGIN'))
    throw failure('KEYS_NOT_MADE', {
      what: `keys of ${host}`,
      reason: stderr.split('\n')[0] || 'openssl did not run',
    });
  return `${stdout}\n`;
}
