import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUser, fromPublic } from '@nats-io/nkeys';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClusterKeys } from '../../adapters/keys/create.ts';
import type { Identities } from '../../adapters/keys/identities.ts';
import { loadClientKeys, loadNodeKeys } from '../../adapters/keys/load.ts';
import { signerFrom, verify } from '../../adapters/keys/sign.ts';

let out: string;
let made: Identities;
const plan = () => ({
  cluster: 'lab',
  nodes: { h1: { address: '10.78.0.11' }, arb: { address: 'arb.example.org' } },
  voters: ['h1', 'arb'],
  out,
});
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'rekindle-keys-'));
  made = await createClusterKeys(plan());
});
afterAll(() => rm(out, { recursive: true, force: true }));

const files = async () =>
  (await readdir(out, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name));

test('every private file is for its owner alone, and identities hold nothing private', async () => {
  const secret = (await files()).filter((file) => /\.(key|nk)$/.test(file));
  expect(secret).toHaveLength(2 + 2 * 5 + 2 + 2 * 2 + 1);
  for (const file of secret) expect((await stat(file)).mode & 0o777, file).toBe(0o600);
  expect(await readFile(join(out, 'identities.json'), 'utf8')).not.toMatch(/"S[A-Z2-7]{50,}"/);
});

test('nothing is left of the making', async () => {
  expect((await files()).filter((file) => file.endsWith('.cnf'))).toEqual([]);
});

test('certificates name node, address and loopback, and are of the right authority', async () => {
  const text = async (node: string) =>
    (await execa('openssl', ['x509', '-in', join(out, node, 'keys/node.crt'), '-noout', '-text'])).stdout;
  expect(await text('h1')).toContain('DNS:h1, DNS:localhost, IP Address:10.78.0.11, IP Address:127.0.0.1');
  expect(await text('arb')).toContain('DNS:arb, DNS:localhost, DNS:arb.example.org, IP Address:127.0.0.1');
  const { stdout } = await execa('openssl', [
    'verify',
    '-CAfile',
    join(out, 'h1/keys/ca.crt'),
    join(out, 'arb/keys/node.crt'),
  ]);
  expect(stdout).toContain('OK');
  await expect(
    execa('openssl', ['verify', '-CAfile', join(out, 'h1/keys/ca.crt'), join(out, 'clients/monitor/monitor.crt')]),
  ).rejects.toThrow();
});

describe('making', () => {
  test('never replaces the keys of a cluster', async () => {
    const before = await readFile(join(out, 'h1/keys/node.nk'), 'utf8');
    await expect(createClusterKeys(plan())).rejects.toMatchObject({ code: 'KEYS_EXIST' });
    expect(await readFile(join(out, 'h1/keys/node.nk'), 'utf8')).toBe(before);
  });

  test('refuses names that would collide and voters that are no nodes', async () => {
    const at = { address: '10.0.0.1' };
    const elsewhere = join(out, 'elsewhere');
    await expect(createClusterKeys({ ...plan(), out: elsewhere, nodes: { clients: at }, voters: [] })).rejects.toThrow(
      /reserved/,
    );
    await expect(createClusterKeys({ ...plan(), out: elsewhere, voters: ['h7'] })).rejects.toThrow(/h7.*no node/);
  });
});

describe('loading', () => {
  test('finds all of a node, and of a client', () => {
    expect(loadNodeKeys(join(out, 'arb')).identities).toEqual(made);
    expect(loadClientKeys(join(out, 'clients/admin'), 'admin').seed).toMatch(/admin\.nk$/);
  });

  test('says which file is missing, and refuses one that others may read', async () => {
    expect(() => loadNodeKeys(join(out, 'nowhere'))).toThrow(/nowhere\/keys\/node\.key is not there/);
    const file = join(out, 'h1/keys/voter.nk');
    await chmod(file, 0o640);
    expect(() => loadNodeKeys(join(out, 'h1'))).toThrow(/others may read .*voter\.nk \(mode 640\)/);
    await chmod(file, 0o600);
  });
});

describe('signing', () => {
  test('a signature is of one key and one text', () => {
    const signer = signerFrom(join(out, 'h1/keys/node.nk'));
    const other = signerFrom(join(out, 'arb/keys/node.nk'));
    expect(signer.publicKey).toBe(made.nodes.h1!.node);
    const signature = signer.sign('host h3 is off');
    expect(verify(signer.publicKey, 'host h3 is off', signature)).toBe(true);
    expect(verify(signer.publicKey, 'host h2 is off', signature)).toBe(false);
    expect(verify(other.publicKey, 'host h3 is off', signature)).toBe(false);
  });

  test('rubbish verifies nothing and throws nothing', () => {
    expect(verify('UABC', 'x', 'y')).toBe(false);
    expect(verify(made.nodes.h1!.node, 'x', '')).toBe(false);
  });

  test('an unusable seed is not quoted in the error', async () => {
    const file = join(out, 'damaged.nk');
    const seed = (await readFile(join(out, 'h1/keys/node.nk'), 'utf8')).trim();
    await writeFile(file, `${seed.slice(0, -4)}AAAA`, { mode: 0o600 });
    let error: unknown;
    try {
      signerFrom(file);
    } catch (cause) {
      error = cause;
    }
    expect(error).toMatchObject({ code: 'KEY_UNREADABLE' });
    expect(`${error} ${(error as Error).stack} ${String((error as Error).cause)}`).not.toContain(seed.slice(0, 20));
  });
});

test('keys and signatures are those of the nkeys library, both ways', async () => {
  for (let round = 0; round < 50; round++) {
    const theirs = createUser();
    const file = join(out, 'one.nk');
    await writeFile(file, theirs.getSeed(), { mode: 0o600 });
    const ours = signerFrom(file);
    const text = `${round} ${'ä'.repeat(round)}`;
    const signature = Buffer.from(ours.sign(text), 'base64url');
    expect(ours.publicKey).toBe(theirs.getPublicKey());
    expect(signature).toEqual(Buffer.from(theirs.sign(Buffer.from(text))));
    expect(fromPublic(ours.publicKey).verify(Buffer.from(text), signature)).toBe(true);
    expect(verify(ours.publicKey, text, ours.sign(text))).toBe(true);
    expect(verify(ours.publicKey, `${text}.`, ours.sign(text))).toBe(false);
  }
  await rm(join(out, 'one.nk'));
});

test.each(['', 'U', 'x', `U${'A'.repeat(55)}`, `S${'A'.repeat(57)}`, `U${'A'.repeat(200)}`])(
  'no key verifies anything: %j',
  (key) => {
    expect(verify(key, 'text', Buffer.alloc(64).toString('base64url'))).toBe(false);
  },
);
