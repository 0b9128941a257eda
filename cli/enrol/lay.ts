/** Puts what the leader has given in its place, once all of it was checked. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readClusterFile } from '../../adapters/config/cluster-file.ts';
import { identitiesSchema } from '../../adapters/keys/identities.ts';
import type { PublicKeys } from '../../adapters/keys/own-keys.ts';
import { writeDurably } from '../../adapters/keys/write-durably.ts';
import { openAgentMemory } from '../../adapters/sqlite/agent-memory.ts';
import { nameSchema } from '../../machines/spec.ts';
import { fail } from '../../services/errors.ts';
import type { Ticket } from '../../services/provisioning.ts';
import type { Believed } from './ask.ts';

export interface Places {
  readonly state: string;
  /** The cluster file. Beside it go `definitions/` and `node`. */
  readonly cluster: string;
}

const KEY_FILES = ['keys/ca.crt', 'keys/client-cas.crt', 'keys/identities.json'];

/**
 * Durable when it returns, and may be repeated after any loss of power. The cluster file comes last: while it is missing,
 * rekindled does not start. Throws ENROL_ANSWER_WRONG before anything is written, and CONFIG_INVALID.
 */
export function layDown({ node, answer }: Believed, { cluster, host }: Ticket, keys: PublicKeys, places: Places): void {
  const wrong = (reason: string): never => fail('ENROL_ANSWER_WRONG', { node, host, reason });
  const { certificate, files, counter } = answer;
  const beside = Object.keys(files).filter((path) => !KEY_FILES.includes(path));
  const text = (path: string) => files[path] ?? wrong(`${path} is not in it`);
  for (const path of beside) if (!isOfTheClusterFile(path)) wrong(`it brings ${JSON.stringify(path)}`);
  const identities = parsed(text('keys/identities.json')) ?? wrong('keys/identities.json is no list of identities');
  if (identities.cluster !== cluster) wrong(`it is of cluster ${identities.cluster}, not ${cluster}`);
  if (!isDeepStrictEqual(identities.nodes[host], keys)) wrong(`it knows ${host} by other keys`);
  const flaw = certificateFlaw(certificate, text('keys/ca.crt'), host, join(places.state, 'keys', 'node.key'));
  if (flaw) wrong(flaw);
  const clusterFile = text('cluster.yaml');

  for (const path of KEY_FILES) writeDurably(join(places.state, path), text(path));
  writeDurably(join(places.state, 'keys', 'node.crt'), certificate);
  countFrom(counter, places.state);
  const directory = dirname(places.cluster);
  for (const path of beside) if (path !== 'cluster.yaml') writeDurably(join(directory, path), files[path]!, 0o644);
  writeDurably(join(directory, 'node'), `REKINDLE_NODE=${host}\n`, 0o644);
  writeDurably(places.cluster, clusterFile, 0o644);
  readClusterFile(places.cluster);
}

/** Lives up to `counter` are over: this host, which remembers none of them, begins above. */
function countFrom(counter: number, state: string): void {
  const memory = openAgentMemory(join(state, 'agent.sqlite'));
  try {
    if ((memory.incarnation()?.counter ?? -1) < counter)
      memory.setIncarnation({ bootId: 'before its enrolment', counter });
  } finally {
    memory.close();
  }
}

function isOfTheClusterFile(path: string): boolean {
  const guest = /^definitions\/(.+)\.xml$/.exec(path)?.[1];
  return path === 'cluster.yaml' || nameSchema.safeParse(guest).success;
}

function parsed(text: string) {
  try {
    return identitiesSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Null when it is of our key and our name, and comes from the root that all nodes trust. */
function certificateFlaw(chain: string, root: string, host: string, keyFile: string): string | null {
  try {
    const [leaf, ...issuers] = [...chain.split(/(?<=-----END CERTIFICATE-----)/), root]
      .filter((pem) => pem.trim() !== '')
      .map((pem) => new X509Certificate(pem));
    if (!leaf?.checkPrivateKey(createPrivateKey(readFileSync(keyFile)))) return 'its certificate is of another key';
    if (leaf.subject !== `CN=${host}`) return `its certificate is of ${leaf.subject}`;
    let of = leaf;
    for (const issuer of issuers) {
      if (!of.checkIssued(issuer) || !of.verify(issuer.publicKey)) return 'its certificate is not of this cluster';
      of = issuer;
    }
    return null;
  } catch {
    return 'its certificate cannot be read';
  }
}
