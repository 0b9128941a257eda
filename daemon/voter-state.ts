import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openVoterRegisters } from '../adapters/sqlite/voter-registers.ts';

/**
 * The registers of this node's voter. They are made once, when the node is new; afterwards their absence means that a
 * voter has forgotten its word, and such a voter must not speak again under its old name.
 */
export function voterState(stateDir: string): ReturnType<typeof openVoterRegisters> {
  const marker = join(stateDir, 'voter.made');
  const registers = openVoterRegisters(join(stateDir, 'voter.sqlite'), { create: !existsSync(marker) });
  writeFileSync(marker, 'The registers in voter.sqlite were made once and must never be made again.\n', {
    mode: 0o600,
  });
  return registers;
}
