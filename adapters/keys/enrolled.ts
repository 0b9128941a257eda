/**
 * Public keys of hosts that were installed anew. The log brings them (`host.enrolled`); a copy beside the identities has
 * them ready before the log can be opened, for the servers that carry the log must know them first.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Fleet } from '../../machines/fleet.ts';
import { type Identities, identitiesSchema } from './identities.ts';
import { writeDurably } from './write-durably.ts';

const enrolledSchema = identitiesSchema.shape.nodes;
export type Enrolled = z.infer<typeof enrolledSchema>;

const fileOf = (state: string) => join(state, 'keys', 'enrolled.json');

/** Empty where there is no copy, or none that can be read: the log brings them again. */
export function readEnrolled(state: string): Enrolled {
  try {
    return enrolledSchema.parse(JSON.parse(readFileSync(fileOf(state), 'utf8')));
  } catch {
    return {};
  }
}

export function writeEnrolled(state: string, enrolled: Enrolled): void {
  writeDurably(fileOf(state), `${JSON.stringify(enrolled, null, 2)}\n`);
}

/** A host's latest keys take the place of those it had. */
export const withEnrolled = (identities: Identities, enrolled: Enrolled): Identities => ({
  ...identities,
  nodes: { ...identities.nodes, ...enrolled },
});

const known = z.looseObject({ enrolled: z.looseObject({ keys: enrolledSchema.valueType }).nullish() });

/** What the log says of them. */
export function enrolledIn(fleet: Fleet): Enrolled {
  const found = Object.entries(fleet.hosts).flatMap(([host, { context }]) => {
    const keys = known.safeParse(context).data?.enrolled?.keys;
    return keys ? [[host, keys] as const] : [];
  });
  return Object.fromEntries(found);
}
