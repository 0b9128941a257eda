/** Which images of the store are still needed, by the log. */
import { z } from 'zod';

/** Of each name: what is published, and what was before, to go back to. */
const PUBLISHED_KEPT = 2;

/** What of the log's entries matters here; the rest of an entry is passed over. */
const publishedSchema = z.object({
  type: z.literal('image.published'),
  data: z.object({ name: z.string(), version: z.number(), manifest: z.string(), by: z.string() }),
});
const jobSchema = z.object({
  type: z.enum(['reinstall.armed', 'reinstall.succeeded', 'reinstall.failed']),
  subject: z.string(),
  data: z.object({ image: z.object({ manifest: z.string() }).optional() }),
});

export type Published = z.infer<typeof publishedSchema>['data'];

/** Every publication, the latest last. `entries`: of the log, in its order. */
export function published(entries: readonly unknown[]): readonly Published[] {
  return entries.flatMap((entry) => {
    const { success, data } = publishedSchema.safeParse(entry);
    return success ? [data.data] : [];
  });
}

/** Digests that must stay. The image of a job stays until its host has the outcome: the machine may be reading it. */
export function needed(entries: readonly unknown[]): ReadonlySet<string> {
  const byName = new Map<string, string[]>();
  for (const { name, manifest } of published(entries)) {
    byName.set(name, [...(byName.get(name) ?? []).filter((one) => one !== manifest), manifest]);
  }
  const jobs = new Map<string, string>();
  for (const entry of entries) {
    const { success, data } = jobSchema.safeParse(entry);
    if (!success) continue;
    if (data.type !== 'reinstall.armed') jobs.delete(data.subject);
    else if (data.data.image) jobs.set(data.subject, data.data.image.manifest);
  }
  return new Set([...[...byName.values()].flatMap((digests) => digests.slice(-PUBLISHED_KEPT)), ...jobs.values()]);
}
