/** A person's own failure rates over the default ones. Everything wrong in the file is told at once, each with its line. */
import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { nearest } from '../../adapters/config/nearest.ts';
import { type Place, placesOf } from '../../adapters/config/places.ts';
import { reasonOf } from '../../adapters/config/problems.ts';
import { fail } from '../../services/errors.ts';
import { KIND_NAMES, type KindName, RATES, type Rates } from '../../sim/years/rates.ts';

/** More than once an hour is no failure rate but a broken machine. */
const PER_YEAR_AT_MOST = 8_760;
const LASTS_AT_MOST_MS = 30 * 86_400_000;
const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export function readRates(file: string): Rates {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    fail('RATES_UNREADABLE', { file, reason: reasonOf(cause) }, cause);
  }
  return parseRates(text, file);
}

/** The same for a text at hand. Throws RATES_INVALID. */
export function parseRates(text: string, file: string): Rates {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const places = placesOf(doc, lines);
  const problems: { readonly place: Place; readonly what: string }[] = doc.errors.map((error) => ({
    place: lines.linePos(error.pos[0]),
    what: `not YAML: ${error.message}`,
  }));
  const kinds = { ...RATES.kinds };
  let { personMs } = RATES;

  const wrong = (path: readonly string[], what: string) => void problems.push({ place: places.value(path), what });
  const entries = (value: unknown, path: readonly string[], known: readonly string[]): [string, unknown][] => {
    if (value === null || value === undefined) return [];
    if (typeof value !== 'object' || Array.isArray(value)) {
      wrong(path, `${path.join('.') || 'the file'} is no mapping — write ${known.slice(0, 2).join(', ')}`);
      return [];
    }
    return Object.entries(value).filter(([key]) => {
      if (known.includes(key)) return true;
      const meant = nearest(key, known);
      const todo = meant ? `did you mean "${meant}"?` : `known here: ${known.join(', ')}`;
      problems.push({ place: places.key([...path, key]), what: `unknown key "${key}" — ${todo}` });
      return false;
    });
  };
  const range = (value: unknown, path: readonly string[]): readonly [number, number] | null => {
    const [least, most, ...more] = Array.isArray(value) ? value.map(durationMs) : [];
    if (least && most && more.length === 0 && least <= most && most <= LASTS_AT_MOST_MS) return [least, most];
    wrong(path, `${path.join('.')} is not a range — write [least, most], for instance [30s, 2h], at most 30d`);
    return null;
  };

  const content = problems.length > 0 ? null : (doc.toJS({ maxAliasCount: 100 }) as unknown);
  for (const [key, value] of entries(content, [], [...KIND_NAMES, 'person'])) {
    if (key === 'person') {
      for (const [name, given] of entries(value, [key], ['reacts'])) personMs = range(given, [key, name]) ?? personMs;
      continue;
    }
    const kind = key as KindName;
    let { perYear, lastsMs } = kinds[kind];
    const known = lastsMs === null ? ['perYear'] : ['perYear', 'lasts'];
    for (const [name, given] of entries(value, [kind], known)) {
      if (name === 'lasts') lastsMs = range(given, [kind, name]) ?? lastsMs;
      else if (typeof given === 'number' && given >= 0 && given <= PER_YEAR_AT_MOST) perYear = given;
      else wrong([kind, name], `${kind}.perYear is not a number from 0 to ${PER_YEAR_AT_MOST}`);
    }
    kinds[kind] = { perYear, lastsMs };
  }
  if (problems.length === 0) return { kinds, personMs };
  const shown = problems.map(({ place, what }) => `${file}:${place.line}:${place.col} ${what}`).join('\n');
  return fail('RATES_INVALID', {
    count: problems.length === 1 ? '1 problem' : `${problems.length} problems`,
    file,
    problems: shown,
  });
}

/** `30s`, `1.5h`; undefined when it is no duration above zero. */
function durationMs(value: unknown): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(String(value)) ?? [];
  const ms = number === undefined ? 0 : Number(number) * UNITS[unit as keyof typeof UNITS];
  return ms > 0 ? ms : undefined;
}
