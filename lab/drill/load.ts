import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { project } from '../layout.ts';
import type { Drill } from './drill.ts';

const folder = join(project, 'lab/drills');

export const drillNames = () =>
  readdirSync(folder)
    .map((file) => file.replace(/\.ts$/, ''))
    .sort();

/** Rejects with the names there are. */
export async function loadDrill(name: string): Promise<Drill> {
  const file = join(folder, `${name}.ts`);
  if (!/^[a-z0-9-]+$/.test(name) || !existsSync(file))
    throw new Error(`no drill "${name}"; there are ${drillNames().join(', ')}`);
  return ((await import(file)) as { default: Drill }).default;
}
