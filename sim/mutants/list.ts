/** Every rule that is broken on purpose. docs/mutants.md says what caught each. */
import { agentMutants } from './list/agent.ts';
import { controllerMutants } from './list/controller.ts';
import { machineMutants } from './list/machines.ts';
import { reinstallMutants } from './list/reinstall.ts';
import { spareMutants } from './list/spare.ts';
import { voterMutants } from './list/voter.ts';
import type { Mutant } from './mutant.ts';

export const MUTANTS: readonly Mutant[] = [
  ...voterMutants,
  ...agentMutants,
  ...controllerMutants,
  ...machineMutants,
  ...reinstallMutants,
  ...spareMutants,
];
