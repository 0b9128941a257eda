/** The cluster file with all that it names, so that another node can have the same. */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { fail } from '../../services/errors.ts';
import { parseClusterFile, readClusterFile } from './cluster-file.ts';

/** Where a guest's definition lies beside a cluster file that was made by {@link portableClusterFile}. */
const definitionAt = (guest: string) => `definitions/${guest}.xml`;

/**
 * `cluster.yaml` and `definitions/<guest>.xml`, by path below the directory of the cluster file. Wherever the definitions
 * lie here, in the copy they lie beside it. Secrets are named in it by file, as ever; they are not in it. Throws
 * CONFIG_UNREADABLE or CONFIG_INVALID, also when FILE has changed since `digest` was read from it.
 */
export function portableClusterFile(file: string, digest: string): Record<string, string> {
  const { spec, digest: found } = readClusterFile(file);
  if (found !== digest) fail('CONFIG_UNREADABLE', { file, reason: 'it has changed since rekindled read it' });
  const names = Object.keys(spec.guests);
  const definitions = Object.fromEntries(names.map((name) => [definitionAt(name), spec.guests[name]!.definition]));
  const doc = parseDocument(readFileSync(file, 'utf8'));
  // Judged as the other node will: with nothing to read but what it is given.
  const read = (path: string) => definitions[path] ?? fail('CONFIG_UNREADABLE', { file: path, reason: 'not copied' });
  try {
    for (const guest of names) doc.setIn(['guests', guest, 'definition'], definitionAt(guest));
    const copy = doc.toString({ lineWidth: 0 });
    if (parseClusterFile(copy, file, read).digest !== digest) throw new Error('it reads otherwise');
    return { 'cluster.yaml': copy, ...definitions };
  } catch (cause) {
    const reason = 'no copy of it with its definitions beside it can be made; write it without YAML anchors';
    return fail('CONFIG_UNREADABLE', { file, reason }, cause);
  }
}
