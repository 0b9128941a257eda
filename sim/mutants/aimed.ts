/** Plans made for one rule each: the moment in which it is needed, by hand. The seed still draws how long things take. */
import { commands } from './aimed/commands.ts';
import { fencing } from './aimed/fencing.ts';
import { leases } from './aimed/leases.ts';
import { log } from './aimed/log.ts';
import type { Aimed } from './aimed/parts.ts';
import { reinstalls } from './aimed/reinstall.ts';

export const AIMED: Readonly<Record<string, Aimed>> = { ...leases, ...fencing, ...log, ...commands, ...reinstalls };
