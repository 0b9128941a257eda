/** Another cluster than the lab's own: handed from who brings the lab up to the lab, in a file of its directory. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterSpec } from '../machines/spec.ts';
import { run } from './layout.ts';

export interface LabPlan {
  /** Hosts, arbiters and guests have names of the lab. */
  readonly spec: ClusterSpec;
  /** What a host does between its power button and its boot loader. */
  readonly firmwareMs: number;
}

const file = join(run, 'plan.json');

export const writePlan = (plan: LabPlan) => writeFileSync(file, JSON.stringify(plan));

export const readPlan = (): LabPlan | null =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as LabPlan) : null;
