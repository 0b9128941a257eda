import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseClusterFile } from '../../adapters/config/cluster-file.ts';
import { fileSchema } from '../../adapters/config/file-schema.ts';

const page = readFileSync(new URL('../../docs/cluster-file.md', import.meta.url), 'utf8');

function keysOf(schema: z.ZodType, found = new Set<string>()): Set<string> {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) keysOf(schema.unwrap() as z.ZodType, found);
  else if (schema instanceof z.ZodRecord) keysOf(schema.valueType as z.ZodType, found);
  else if (schema instanceof z.ZodArray) keysOf(schema.element as z.ZodType, found);
  else if (schema instanceof z.ZodDiscriminatedUnion)
    for (const option of schema.options) keysOf(option as z.ZodType, found);
  else if (schema instanceof z.ZodObject) {
    for (const [key, value] of Object.entries(schema.shape)) {
      found.add(key);
      keysOf(value as z.ZodType, found);
    }
  }
  return found;
}

test('every key of the schema is documented', () => {
  const keys = [...keysOf(fileSchema)];
  expect(keys.length).toBeGreaterThan(50);
  expect(keys.filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
});

test('the example in the page is a valid cluster file', () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const read = (path: string) => `<domain type='kvm'><name>${/(\w[\w-]*)\.xml$/.exec(path)?.[1]}</name></domain>`;
  const { spec, warnings } = parseClusterFile(example, 'docs/cluster-file.md', read);
  expect(spec.voters).toEqual(['a1', 'h1', 'h2']);
  expect(warnings).toEqual([]);
});
