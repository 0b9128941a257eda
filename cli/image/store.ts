/** The images of this node, and what the cluster makes of them. */
import { existsSync } from 'node:fs';
import { readClusterFile } from '../../adapters/config/cluster-file.ts';
import { needed, published } from '../../adapters/image/keep.ts';
import { readSigned, type Signed, signedBy } from '../../adapters/image/manifest.ts';
import { createStore, verifyStream } from '../../adapters/image/store.ts';
import type { Stored } from '../../machines/entries.ts';
import { fail } from '../../services/errors.ts';
import { type Cli, type Globals, type Register, whoami } from '../cli.ts';
import { table } from '../render/table.ts';
import { megabytes } from './build.ts';

/** Throws IMAGE_INVALID, IMAGE_NOT_OURS. Resolves to the image and the name of the key that signed it. */
async function verified(globals: Globals, directory: string): Promise<Signed & { by: string }> {
  const keys = readClusterFile(globals.cluster).spec.provisioning?.imageKeys ?? {};
  const image = readSigned(directory);
  const by = signedBy(image, keys);
  if (by === null) {
    const names = Object.keys(keys).join(', ') || `(${globals.cluster} has none under provisioning.imageKeys)`;
    return fail('IMAGE_NOT_OURS', { where: directory, keys: names });
  }
  await verifyStream(image, directory);
  return { ...image, by };
}

/** Newest first; oldest entries of the log come first. */
async function logged(cli: Cli, globals: Globals): Promise<readonly unknown[]> {
  const entries: unknown[] = [];
  for (const type of ['image', 'reinstall']) {
    const lines = cli.api(globals).lines<Stored>('/v1/log', { type }, new AbortController().signal);
    for await (const { entry } of lines) entries.push(entry);
  }
  return entries;
}

/** A directory, or the beginning of a digest or the name of one in the store: then the newest of that name. */
async function whereIs(globals: Globals, image: string): Promise<string> {
  if (existsSync(image)) return image;
  const store = createStore(globals.state);
  const found = (await store.list()).findLast(
    ({ digest, manifest }) => manifest.name === image || (image.length >= 6 && digest.startsWith(image)),
  );
  return found ? store.place(found.digest) : fail('UNKNOWN_IMAGE', { image });
}

export const verify: Register = (group, cli) => {
  group
    .command('verify')
    .description('see that an image is whole and signed by a key of the cluster file')
    .argument('<IMAGE>', 'directory of one, or its name or digest in the store of this node')
    .action(async (given: string, _options, command) => {
      const globals = cli.options(command);
      const { manifest, digest, by } = await verified(globals, await whereIs(globals, given));
      cli.print(globals, { digest, signedBy: by, manifest }, [
        `${manifest.name} version ${manifest.version} is whole, and signed by ${by}`,
        `  ${digest}`,
      ]);
    });
};

export const publish: Register = (group, cli) => {
  group
    .command('publish')
    .description('from now on install hosts with this image; every controller fetches it from this one')
    .argument('<DIR>', 'directory that "image build" made')
    .action(async (directory: string, _options, command) => {
      const globals = cli.options(command);
      const image = await verified(globals, directory);
      await createStore(globals.state).add(image, directory);
      const { name, version } = image.manifest;
      const order = { kind: 'publish-image', name, version, manifest: image.digest, by: whoami() } as const;
      await cli.order(globals, order, `${name} version ${version} is published`);
    });
};

export const list: Register = (group, cli) => {
  group
    .command('list')
    .description('images of this node, and which are published')
    .action(async (_options, command) => {
      const globals = cli.options(command);
      const images = await createStore(globals.state).list();
      const current = new Map(published(await logged(cli, globals)).map(({ name, manifest }) => [name, manifest]));
      const rows = images.map(({ digest, manifest: { name, version, builtAt, stream } }) => ({
        name,
        version,
        builtAt,
        digest,
        bytes: stream.bytes,
        published: current.get(name) === digest,
      }));
      const missing = [...current].filter(([, digest]) => !images.some((image) => image.digest === digest));
      const cells = rows.map((row) => [
        row.name,
        String(row.version),
        row.builtAt.slice(0, 16).replace('T', ' '),
        row.digest.slice(0, 12),
        megabytes(row.bytes),
        row.published ? 'published' : '',
      ]);
      cli.print(globals, { images: rows, missing: Object.fromEntries(missing) }, [
        ...(rows.length > 0
          ? table(['NAME', 'VERSION', 'BUILT', 'DIGEST', 'STREAM', ''], cells, Infinity)
          : ['no images here']),
        ...missing.map(([name, digest]) => `${name} is published as ${digest.slice(0, 12)}, which is not here yet`),
      ]);
    });
};

export const gc: Register = (group, cli) => {
  group
    .command('gc')
    .description('remove images of this node that neither are published, nor were before, nor are being installed')
    .action(async (_options, command) => {
      const globals = cli.options(command);
      const store = createStore(globals.state);
      const keep = needed(await logged(cli, globals));
      const removed: string[] = [];
      for (const { digest } of await store.list()) {
        if (keep.has(digest)) continue;
        await store.remove(digest);
        removed.push(digest);
      }
      cli.print(
        globals,
        { removed },
        removed.length > 0 ? removed.map((digest) => `removed ${digest}`) : ['nothing to remove'],
      );
    });
};
