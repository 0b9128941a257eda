import { allSwitches } from '../../services/all-switches.ts';
import type { CheckedSwitch } from './power-switches.ts';

export function allSwitch(ways: readonly CheckedSwitch[], level: number): CheckedSwitch {
  return {
    ...allSwitches(ways, level),
    async check() {
      for (const way of ways) await way.check();
    },
  };
}
