/**
 * The cluster file: one YAML file that a person writes, read and checked as a whole. Whatever is wrong is told at once,
 * each with its place and what to do; nothing is half accepted.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { type ClusterSpec, specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';
import { fail } from '../../services/errors.ts';
import { crossCheck } from './cross-check.ts';
import { digestOf } from './digest.ts';
import { fileSchema } from './file-schema.ts';
import { hostWarnings } from './hosts.ts';
import { placesOf } from './places.ts';
import { type Problem, reasonOf, schemaProblems } from './problems.ts';
import { provisioningWarnings } from './provisioning.ts';

export interface ClusterFile {
  readonly spec: ClusterSpec;
  /** SHA-256 (hex) of the spec: the same on every node, or they do not speak of the same cluster. */
  readonly digest: string;
  /** Allowed, but a person should know. */
  readonly warnings: readonly string[];
}

/** Bound of the file and of each definition. */
const MAX_FILE_BYTES = 1 << 20;
/** The whole spec is one log entry, and stays well below what a NATS message may hold (max_payload). */
const MAX_SPEC_BYTES = 900 * 1024;
const MAX_SHOWN = 50;

/** Reads FILE and the definitions it names. Throws CONFIG_UNREADABLE or CONFIG_INVALID with every problem cross. */
export function readClusterFile(file: string): ClusterFile {
  let text: string;
  try {
    text = readBounded(file);
  } catch (cause) {
    fail('CONFIG_UNREADABLE', { file, reason: reasonOf(cause) }, cause);
  }
  return parseClusterFile(text, file, (path) => readBounded(resolve(dirname(file), path)));
}

/** The same for a text at hand. `read` gets a path as written in the file. */
export function parseClusterFile(text: string, file: string, read: (path: string) => string): ClusterFile {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = syntaxProblems(doc, lines, text);
  if (problems.some(({ what }) => !what.endsWith(TWICE))) refuse(problems, file);

  const data: unknown = doc.toJS({ maxAliasCount: 100 });
  const places = placesOf(doc, lines);
  if (data === null || typeof data !== 'object' || Array.isArray(data)) {
    const what = data === null ? 'the file is empty' : 'the file is not a mapping';
    refuse([{ place: { line: 1, col: 1 }, what, todo: 'start from the example in docs/cluster-file.md' }], file);
  }
  const parsed = fileSchema.safeParse(data, { reportInput: false });
  if (!parsed.success) problems.push(...schemaProblems(parsed.error.issues, data, places));
  const cross = crossCheck(data as Record<string, unknown>, places, read);
  problems.push(...cross.problems);
  if (problems.length > 0 || !parsed.success) refuse(problems, file);

  const content = parsed.data;
  const guests = Object.fromEntries(
    Object.entries(content.guests).map(([name, guest]) => [
      name,
      { ...guest, definition: cross.definitions.get(name) ?? '' },
    ]),
  );
  const times = { ...PROFILES[content.profile], ...content.times };
  const spec = specSchema.parse({ ...content, times, voters: cross.voters, guests });
  const bytes = JSON.stringify(spec).length;
  if (bytes > MAX_SPEC_BYTES) {
    const what = `with its definitions the file is ${Math.ceil(bytes / 1024)} KiB, more than one log entry holds (${MAX_SPEC_BYTES / 1024} KiB)`;
    refuse([{ place: { line: 1, col: 1 }, what, todo: 'shorten the definitions, or make two clusters of it' }], file);
  }
  return { spec, digest: digestOf(spec), warnings: [...hostWarnings(spec.hosts), ...provisioningWarnings(spec)] };
}

const TWICE = 'is there twice';

function syntaxProblems(doc: Document.Parsed, lines: LineCounter, text: string): Problem[] {
  return doc.errors.map((error) => {
    const place = lines.linePos(error.pos[0]);
    if (error.code === 'DUPLICATE_KEY') {
      const key = /^[^\s:]+/.exec(text.slice(error.pos[0], error.pos[0] + 80))?.[0] ?? 'this key';
      return { place, what: `"${key}" ${TWICE}`, todo: 'keep one, or rename one' };
    }
    if (error.code === 'TAB_AS_INDENT') return { place, what: 'a tab indents this line', todo: 'indent with spaces' };
    return { place, what: `not YAML: ${error.message}`, todo: 'correct the syntax' };
  });
}

function refuse(problems: readonly Problem[], file: string): never {
  const sorted = [...problems].sort((a, b) => a.place.line - b.place.line || a.place.col - b.place.col);
  const shown = sorted
    .slice(0, MAX_SHOWN)
    .map(({ place, what, todo }) => `${file}:${place.line}:${place.col} ${what} — ${todo}`);
  if (sorted.length > MAX_SHOWN) shown.push(`and ${sorted.length - MAX_SHOWN} more`);
  const count = sorted.length === 1 ? '1 problem' : `${sorted.length} problems`;
  fail('CONFIG_INVALID', { count, file, problems: shown.join('\n') });
}

function readBounded(path: string): string {
  const { size } = statSync(path);
  if (size > MAX_FILE_BYTES) throw new Error(`it is larger than ${MAX_FILE_BYTES / 1024} KiB`);
  return readFileSync(path, 'utf8');
}
