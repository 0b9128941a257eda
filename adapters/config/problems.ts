/** What is wrong in a cluster file, in words: where, what, and what to write instead. */
import { z } from 'zod';
import { knownKeys, schemaAt } from './file-schema.ts';
import { nearest } from './nearest.ts';
import type { Place, Places } from './places.ts';

export interface Problem {
  readonly place: Place;
  readonly what: string;
  readonly todo: string;
}

/** Keys under which people write secrets. The value is never repeated in a message. */
const SECRET = /passw|passphrase|secret|token|api_?key|priv(ate)?_?key/i;
const NAMES_A_FILE = /file|script/i;
/** Somebody may have pasted the seed itself, so what stands there is not repeated. */
const publicKeyOf = (section: PropertyKey | undefined) =>
  `write ${section === 'operators' ? "the operator's public nkey" : 'the public nkey of who signs images'}, 56 characters beginning with U; the seed (SU…) stays with its owner`;

export function isSecretKey(key: string): boolean {
  return SECRET.test(key) && !NAMES_A_FILE.test(key);
}

/** Sentences for what the schema found. `data` is what was parsed. */
export function schemaProblems(issues: readonly z.core.$ZodIssue[], data: unknown, places: Places): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    const { path } = issue;
    const name = dotted(path);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ place: places.key([...path, key]), ...unknownKey(key, path, data) }));
    }
    const value = valueAt(data, path);
    const options =
      issue.code === 'invalid_value'
        ? issue.values.map(String)
        : 'options' in issue
          ? (issue.options ?? []).map(String)
          : [];
    const todo = `write ${options.length > 0 ? oneOf(options) : wanted(schemaAt(path, data))}`;
    if (value === undefined) {
      const parent = dotted(path.slice(0, -1));
      const what = `"${String(path.at(-1))}" is missing${parent ? ` in ${parent}` : ''}`;
      return [{ place: places.key(path), what, todo: todo.replace('write', 'add') }];
    }
    const place = places.value(path);
    if (issue.code === 'invalid_type') return [{ place, what: `${name} is ${kindOf(value)}`, todo }];
    if (options.length > 0) {
      const meant = nearest(String(value), options);
      const shown = typeof value === 'string' ? `"${value}"` : kindOf(value);
      return [{ place, what: `${name} is ${shown}`, todo: meant ? `did you mean ${meant}?` : `use ${oneOf(options)}` }];
    }
    if (issue.code === 'too_small' || issue.code === 'too_big') {
      if (value === '' || (Array.isArray(value) && value.length === 0))
        return [{ place, what: `${name} is empty`, todo }];
      const bound =
        issue.code === 'too_small'
          ? `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`
          : `at most ${issue.maximum}`;
      const size = Array.isArray(value) ? `has ${value.length} items` : `is ${String(value)}`;
      return [{ place, what: `${name} ${size}`, todo: `use ${bound}` }];
    }
    if (issue.code === 'invalid_format') {
      if (issue.format === 'url')
        return [{ place, what: `${name} is not a URL`, todo: 'write it as http://ADDRESS:PORT/PATH' }];
      if (path[0] === 'operators' || path[1] === 'imageKeys')
        return [{ place, what: `${name} is not a public key`, todo: publicKeyOf(path[0]) }];
      return [{ place, what: `${name} is ${JSON.stringify(value)}`, todo: issue.message }];
    }
    return [{ place, what: `${name} is not right`, todo: issue.message }];
  });
}

function unknownKey(key: string, path: readonly PropertyKey[], data: unknown): { what: string; todo: string } {
  const where = path.length > 0 ? ` in ${dotted(path)}` : '';
  const known = knownKeys(path, data);
  if (isSecretKey(key)) {
    const instead = known.includes('secretFiles')
      ? 'secretFiles'
      : known.includes('passwordFile')
        ? 'passwordFile'
        : undefined;
    return {
      what: `"${key}"${where} would put a secret into the log, which everyone may read`,
      todo: instead
        ? `write it to a file only root can read and name that file with ${instead}`
        : 'take it out of this file',
    };
  }
  const meant = nearest(key, known);
  return {
    what: `unknown key "${key}"${where}`,
    todo: meant ? `did you mean "${meant}"?` : `known here: ${known.join(', ')}`,
  };
}

/** What the schema wants there, as a noun phrase. */
function wanted(schema: z.ZodType | undefined): string {
  if (schema instanceof z.ZodObject) {
    const needed = Object.entries(schema.shape as Record<string, z.ZodType>).filter(
      ([, part]) => !part.safeParse(undefined).success,
    );
    return needed.length > 0 ? `a mapping with ${needed.map(([key]) => key).join(', ')}` : 'a mapping';
  }
  if (schema instanceof z.ZodRecord) return 'a mapping from names';
  if (schema instanceof z.ZodArray) return 'a list';
  if (schema instanceof z.ZodNumber) return schema.isInt ? 'a whole number' : 'a number';
  if (schema instanceof z.ZodEnum) return oneOf(schema.options.map(String));
  if (schema instanceof z.ZodDiscriminatedUnion) return 'a mapping with kind';
  return 'a text';
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const step of path)
    value = value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[step] : undefined;
  return value;
}

export function oneOf(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? 'nothing') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

export function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text ? `${text}.${String(step)}` : String(step)),
    '',
  );
}

/** Why a file could not be read, in words. */
export function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EISDIR') return 'it is a directory';
  return cause instanceof Error ? cause.message : String(cause);
}
