/** A small signed image in a store of its own, as docs/images.md describes it. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPair } from '@nats-io/nkeys';
import type { Manifest } from '../../services/provisioning.ts';

export interface TestImage {
  readonly key: string;
  readonly digest: string;
  readonly signature: string;
  readonly stream: Buffer;
}

export function makeImage(
  store: string,
  signer: KeyPair,
  change: (manifest: Manifest) => object = (manifest) => manifest,
): TestImage {
  const stream = randomBytes(300_000);
  const sha256 = createHash('sha256').update(stream).digest('hex');
  const manifest: Manifest = {
    format: 1,
    name: 'host',
    version: 1,
    builtAt: '2026-11-23T00:00:00Z',
    raw: { bytes: 1 << 20, sha256: '0'.repeat(64) },
    stream: { file: 'disk.zst', bytes: stream.length, sha256 },
    firmware: ['bios', 'uefi'],
    boot: { kernel: '/vmlinuz', initrd: '/initrd.img', cmdline: 'root=LABEL=root' },
  };
  const text = JSON.stringify(change(manifest));
  const digest = createHash('sha256').update(text).digest('hex');
  const signature = `${Buffer.from(signer.sign(Buffer.from(text))).toString('base64')}\n`;
  const place = join(store, digest);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'manifest.json'), text);
  writeFileSync(join(place, 'manifest.sig'), signature);
  writeFileSync(join(place, 'disk.zst'), stream);
  return { key: signer.getPublicKey(), digest, signature, stream };
}
