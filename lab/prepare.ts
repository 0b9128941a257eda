/**
 * What a lab with bare machines needs besides, made once and kept in the cache: keys of the nodes, the installer that
 * carries them, and the image of a host. Each is made again only when what it is made of has changed. The image takes
 * minutes, and Debian's packages from the network.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage } from '../adapters/image/build.ts';
import { createClusterKeys } from '../adapters/keys/create.ts';
import { type Identities, identitiesSchema } from '../adapters/keys/identities.ts';
import { buildInstaller } from '../pxe/installer/build.ts';
import { addressesOf, CLUSTER, cache, LAYOUTS, project } from './layout.ts';
import { IMAGE, imageKey } from './metal.ts';

const kept = join(cache, 'metal');
export const prepared = {
  keys: join(kept, 'keys'),
  /** `vmlinuz` and `initrd.img`. */
  installer: join(kept, 'installer'),
  image: join(kept, 'image'),
};

/** The same for every layout with machines: of the one with most of them. */
export async function prepareMetal(say: (what: string) => void, signal?: AbortSignal): Promise<void> {
  const named = LAYOUTS['metal-four'].map((node) => ({
    name: node.name,
    addresses: addressesOf(node),
    votes: !node.machine,
  }));
  await once(prepared.keys, stampOf(['adapters/keys'], JSON.stringify(named)), () =>
    createClusterKeys({
      cluster: CLUSTER,
      // Those of machines are carried nowhere: each makes its own when it is installed.
      nodes: Object.fromEntries(named.map(({ name, addresses }) => [name, addresses])),
      voters: named.flatMap(({ name, votes }) => (votes ? [name] : [])),
      out: prepared.keys,
    }),
  );
  const nodeKeys = Object.fromEntries(Object.entries(keptIdentities().nodes).map(([name, { node }]) => [name, node]));
  const imageKeys = { lab: imageKey().publicKey };
  await once(prepared.installer, stampOf(['pxe/installer'], JSON.stringify({ nodeKeys, imageKeys })), async () => {
    say('making the installer');
    buildInstaller({
      cluster: CLUSTER,
      out: prepared.installer,
      nodeKeys,
      imageKeys,
      workDir: join(cache, 'installer-build'),
      kernel: 'cloud',
    });
  });
  await once(prepared.image, stampOf(IN_THE_IMAGE, JSON.stringify({ imageKeys, CMDLINE })), () => {
    say('making the image of a host, which takes some minutes');
    return buildImage({
      name: IMAGE,
      out: prepared.image,
      seedFile: imageKey().seedFile,
      kernel: 'cloud',
      packages: [],
      files: {},
      rootMiB: null,
      mirror: null,
      cache: join(cache, 'image-build'),
      fresh: false,
      level: 3,
      cmdline: CMDLINE,
      epochS: Math.floor(Date.now() / 1_000),
      installation: project,
      say: (line) => say(`  ${line.trim()}`),
      signal: signal ?? new AbortController().signal,
    });
  });
}

export const keptIdentities = (): Identities =>
  identitiesSchema.parse(JSON.parse(readFileSync(join(prepared.keys, 'identities.json'), 'utf8')));

/** Without KVM each line on the console is slow, and on busy cores a kernel takes a late timer for a broken one. */
const CMDLINE = 'quiet panic=30 no_timer_check mitigations=off';

const IN_THE_IMAGE = ['adapters', 'cli', 'daemon', 'machines', 'packaging', 'pxe', 'services', 'package-lock.json'];

/** Of the files below these places, by name and content. */
function stampOf(places: readonly string[], more: string): string {
  const hash = createHash('sha256').update(more);
  for (const place of places) {
    const path = join(project, place);
    const files = place.includes('.')
      ? [path]
      : readdirSync(path, { recursive: true, withFileTypes: true })
          .filter((one) => one.isFile())
          .map((one) => join(one.parentPath, one.name))
          .sort();
    for (const file of files) hash.update(`${file}\n`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** The stamp is written last: what was half made is made again. */
async function once(directory: string, stamp: string, make: () => Promise<unknown>): Promise<void> {
  const file = `${directory}.stamp`;
  if (existsSync(directory) && existsSync(file) && readFileSync(file, 'utf8') === stamp) return;
  rmSync(file, { force: true });
  rmSync(directory, { recursive: true, force: true });
  await make();
  writeFileSync(file, stamp);
}
