/** A file of the archive: a directory, a symbolic link, or bytes. `path` has no leading slash. */
export type Entry = { readonly path: string } & (
  | { readonly kind: 'directory' }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'file'; readonly content: Buffer; readonly executable: boolean }
);

/**
 * A `newc` archive as the kernel unpacks it. The same entries give the same bytes: sorted by path, no times, owned by
 * root. Directories on the way are added.
 */
export function cpio(entries: readonly Entry[]): Buffer {
  const all = new Map<string, Entry>();
  for (const entry of entries) {
    const parts = entry.path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join('/');
      if (!all.has(path)) all.set(path, { kind: 'directory', path });
    }
    all.set(entry.path, entry);
  }
  const sorted = [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const records = sorted.map((entry, index) => record(entry.path, index + 1, modeOf(entry), contentOf(entry)));
  return Buffer.concat([...records, record('TRAILER!!!', 0, 0, Buffer.alloc(0))]);
}

const modeOf = (entry: Entry): number =>
  entry.kind === 'directory' ? 0o040755 : entry.kind === 'link' ? 0o120777 : entry.executable ? 0o100755 : 0o100644;

const contentOf = (entry: Entry): Buffer =>
  entry.kind === 'directory' ? Buffer.alloc(0) : entry.kind === 'link' ? Buffer.from(entry.target) : entry.content;

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);

function record(path: string, inode: number, mode: number, content: Buffer): Buffer {
  const name = Buffer.from(`${path}\0`);
  const links = (mode & 0o170000) === 0o040000 ? 2 : 1;
  const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(head), name])), padded(content)]);
}
