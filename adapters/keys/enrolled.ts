/**
 * Public keys of hosts that were installed anew. The log brings them (`host.enrolled`); a copy beside the identities has
 * them ready before the log can be opened, for the servers that carry the log must know them first.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
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

/** What the log says of them, up to where it is folded. One with keys that are none is left out: a server would not start with them. */
export const enrolledIn = ({ enrolled }: Fleet): Enrolled =>
  Object.fromEntries(
    Object.entries(enrolled).flatMap(([host, keys]) => {
      const { data } = enrolledSchema.valueType.safeParse(keys);
      return data ? [[host, data]] : [];
    }),
  );
