/**
 * All keys of a new cluster, made once on one machine and carried from there:
 *
 *   OUT/<node>/keys/            copy to the node's state directory as `keys/`; a voter's holds the enrolment authority too
 *   OUT/clients/monitor|admin/  for a program that watches the log; for labs and operators
 *   OUT/clients/operator/       signs `confirm-off`; its public key goes into the cluster file
 *   OUT/authority/              issues further certificates; keep it offline
 *   OUT/identities.json         every public key; no secret
 */

import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { fail } from '../../services/errors.ts';
import { type Addresses, authority, clientCertificate, nodeCertificate } from './certificates.ts';
import { type Identities, NODE_KEYS } from './identities.ts';

export interface NewCluster {
  readonly cluster: string;
  /** Every node, hosts and arbiters. */
  readonly nodes: Readonly<Record<string, Addresses>>;
  readonly voters: readonly string[];
  /** Directory to fill; must not hold keys already. */
  readonly out: string;
}

const RESERVED = ['clients', 'authority'];

/** Throws KEYS_EXIST rather than ever replacing a cluster's identity, and KEYS_NOT_MADE when openssl fails. */
export async function createClusterKeys({ cluster, nodes, voters, out }: NewCluster): Promise<Identities> {
  if (existsSync(join(out, 'identities.json')) || existsSync(join(out, 'authority')))
    fail('KEYS_EXIST', { directory: out });
  for (const name of [...RESERVED.filter((name) => name in nodes), ...voters.filter((name) => !(name in nodes))]) {
    fail('KEYS_NOT_MADE', {
      what: `keys of ${name}`,
      reason: name in nodes ? 'this name is reserved' : 'this voter is no node',
    });
  }
  await mkdir(out, { recursive: true });

  const authorities = await privateDirectory(out, 'authority');
  const nodesAuthority = await authority(authorities, 'nodes', `${cluster} nodes`, { below: 1 });
  const clientsAuthority = await authority(authorities, 'clients', `${cluster} clients`);
  const trusted =
    (await readFile(`${nodesAuthority}.crt`, 'utf8')) + (await readFile(`${clientsAuthority}.crt`, 'utf8'));

  const identities: Identities = {
    cluster,
    voters: [...voters],
    nodes: {},
    clients: { monitor: '', admin: '' },
    operators: {},
  };
  for (const [node, at] of Object.entries(nodes)) {
    const keys = await privateDirectory(out, node, 'keys');
    await nodeCertificate(keys, node, at, nodesAuthority);
    await copyFile(`${nodesAuthority}.crt`, join(keys, 'ca.crt'));
    await writeFile(join(keys, 'client-cas.crt'), trusted);
    // One each, so that a certificate tells which voter made it. docs/decisions/0017.
    if (voters.includes(node))
      await authority(keys, 'enrolment', `${cluster} enrolment by ${node}`, { issuer: nodesAuthority });
    const made = await Promise.all(
      NODE_KEYS.map(async (key) => [key, await newSeed(join(keys, `${key}.nk`))] as const),
    );
    identities.nodes[node] = Object.fromEntries(made) as Record<(typeof NODE_KEYS)[number], string>;
  }
  for (const client of ['monitor', 'admin'] as const) {
    const directory = await privateDirectory(out, 'clients', client);
    await clientCertificate(directory, client, clientsAuthority);
    await copyFile(`${nodesAuthority}.crt`, join(directory, 'ca.crt'));
    identities.clients[client] = await newSeed(join(directory, `${client}.nk`));
  }
  identities.operators.operator = await newSeed(
    join(await privateDirectory(out, 'clients', 'operator'), 'operator.nk'),
  );

  const text = `${JSON.stringify(identities, null, 2)}\n`;
  for (const node of Object.keys(nodes)) await writeFile(join(out, node, 'keys', 'identities.json'), text);
  for (const client of ['monitor', 'admin']) await writeFile(join(out, 'clients', client, 'identities.json'), text);
  // Last, so that its presence means a complete set.
  await writeFile(join(out, 'identities.json'), text);
  return identities;
}

/** The seed that images are signed with. Resolves to its public key. Throws KEYS_EXIST rather than replace one. */
export async function createImageKey(file: string): Promise<string> {
  if (existsSync(file)) fail('KEYS_EXIST', { directory: file });
  return newSeed(file);
}

async function privateDirectory(...parts: string[]): Promise<string> {
  const directory = join(...parts);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  return directory;
}

/** Writes a new seed and returns its public key. */
async function newSeed(file: string): Promise<string> {
  const pair = createUser();
  await writeFile(file, Buffer.concat([pair.getSeed(), Buffer.from('\n')]), { mode: 0o600, flag: 'wx' });
  const publicKey = pair.getPublicKey();
  pair.clear();
  return publicKey;
}
