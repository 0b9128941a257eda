/** What one run is made of: a cluster, how fast its parts are, and what happens to it. Plain data, so it can be kept and shrunk. */
import { z } from 'zod';
import { dataSchemas, type EntryType } from '../../machines/entries.ts';
import { specSchema } from '../../machines/spec.ts';
import { faultSchema } from '../faults.ts';

const ms = z.number().min(0);
const range = z.tuple([ms, ms]).readonly();

/**
 * Names of nodes in a fault may be aims, known only when it happens: `@leader`; `@subject`, the host that the awaited
 * entry is about; `@host-of g1`, where that guest can write.
 */
export const stepSchema = z.strictObject({
  atMs: ms,
  /** From `atMs` on the first entry of this type is waited for, and `delayMs` more. */
  after: z
    .strictObject({ type: z.enum(Object.keys(dataSchemas) as [EntryType, ...EntryType[]]), delayMs: ms })
    .optional(),
  fault: faultSchema,
});
export type Step = z.infer<typeof stepSchema>;

export const planSchema = z.strictObject({
  spec: specSchema,
  model: z.strictObject({ hostBootMs: range.optional(), streamElectionMs: range.optional() }),
  steps: z.array(stepSchema),
  /** From here on nothing new breaks. */
  faultsEndMs: ms,
  /** What a person would do at that moment to bring the cluster back. */
  mending: z.array(stepSchema),
  /** How long the cluster then has to come to rest. */
  quietMs: ms,
});
export type Plan = z.infer<typeof planSchema>;
