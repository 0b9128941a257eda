/**
 * Public keys of hosts that were installed anew. The log brings them (`host.enrolled`); a copy beside the identities has
 * them ready before the log can be opened, for the servers that carry the log must know them first.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Entry } from '../../machines/entries.ts';
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

const inFleet = z.looseObject({ enrolled: enrolledSchema });
const inEntry = z.looseObject({
  type: z.literal('host.enrolled'),
  subject: z.string().startsWith('host/'),
  data: z.looseObject({ keys: enrolledSchema.valueType }),
});

/** What the log says of them, up to where it is folded. */
export const enrolledIn = (fleet: Fleet): Enrolled => inFleet.safeParse(fleet).data?.enrolled ?? {};

/** What this entry says; empty where it is about something else. */
export function enrolledBy(entry: Entry): Enrolled {
  const found = inEntry.safeParse(entry).data;
  return found ? { [found.subject.slice('host/'.length)]: found.data.keys } : {};
}
