/** The outlets a host hangs on: it runs while one of them is on. A BMC's power comes from them too. */
import type { Power } from './bmc.ts';

export function createOutlets(count: number, host: Power): Power[] {
  const on = Array.from({ length: count }, () => true);
  return on.map((_, at) => ({
    isOn: () => on[at]!,
    set(state) {
      on[at] = state;
      if (on.includes(true) !== host.isOn()) host.set(on.includes(true));
    },
  }));
}
