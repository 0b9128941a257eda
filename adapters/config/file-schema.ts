/** The shape of a cluster file: the spec as a person writes it, with what can be derived left out. */
import { z } from 'zod';
import { arbiterSchema, guestSchema, hostSchema, nameSchema, specSchema, timesSchema } from '../../machines/spec.ts';

/** Names of hosts, arbiters and guests are checked apart (references.ts), so that a bad name does not hide what is below it. */
const named = <T extends z.ZodType>(value: T) => z.record(z.string(), value);

export const fileSchema = specSchema.extend({
  profile: specSchema.shape.profile.default('standard'),
  times: timesSchema.partial().default({}),
  voters: z.array(nameSchema).optional(),
  hosts: named(hostSchema),
  arbiters: named(arbiterSchema).default({}),
  guests: named(guestSchema).default({}),
});
export type ClusterFileContent = z.infer<typeof fileSchema>;

/** The part of the schema that holds for `path`, with wrappers taken off; undefined where the schema knows nothing. */
export function schemaAt(path: readonly PropertyKey[], data: unknown): z.ZodType | undefined {
  let schema: z.ZodType | undefined = unwrap(fileSchema);
  let value = data;
  for (const step of [...path, null]) {
    if (schema instanceof z.ZodDiscriminatedUnion) schema = optionFor(schema, value);
    if (step === null || schema === undefined) break;
    if (schema instanceof z.ZodObject) schema = (schema.shape as Record<PropertyKey, z.ZodType>)[step];
    else if (schema instanceof z.ZodRecord) schema = schema.valueType as z.ZodType;
    else if (schema instanceof z.ZodArray) schema = schema.element as z.ZodType;
    else return undefined;
    schema = schema && unwrap(schema);
    value = value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[step] : undefined;
  }
  return schema;
}

/** Keys a mapping may have there; empty where any key may stand. */
export function knownKeys(path: readonly PropertyKey[], data: unknown): readonly string[] {
  const schema = schemaAt(path, data);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function unwrap(schema: z.ZodType): z.ZodType {
  let inner = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodOptional) inner = inner.unwrap() as z.ZodType;
  return inner;
}

function optionFor(union: z.ZodDiscriminatedUnion, value: unknown): z.ZodType | undefined {
  const kind = value !== null && typeof value === 'object' ? (value as { kind?: unknown }).kind : undefined;
  return (union.options as readonly z.ZodObject[]).find((option) => option.shape.kind?.safeParse(kind).success);
}
