/** The kernel's watchdog device. */
import { openSync, readFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Watchdog } from './watchdog.ts';

/**
 * Opened by the first pet, which arms it, and never closed nor given the "magic close" letter V: whatever ends the petter,
 * it goes on counting. Timeout and nowayout are the driver's (module options), and are read back *before* it is
 * opened, so that a wrong setting is refused without arming anything. `sysfs`: where the kernel shows them.
 */
export function deviceWatchdog(path: string, timeoutMs: number, sysfs = '/sys/class/watchdog'): Watchdog {
  // /dev/watchdog is the kernel's other name for the first one.
  const name = basename(path) === 'watchdog' ? 'watchdog0' : basename(path);
  let device: number | null = null;
  let failed: string | null = null;

  const setting = (which: 'timeout' | 'nowayout') => readFileSync(join(sysfs, name, which), 'latin1').trim();
  const wrongSetting = (): string | null => {
    try {
      const seconds = Number(setting('timeout'));
      if (seconds * 1_000 !== timeoutMs) return `${path} reads back a timeout of ${seconds} s, not of ${timeoutMs} ms`;
      if (setting('nowayout') !== '1') return `${path} can be disarmed: load its driver with nowayout=1`;
      return null;
    } catch (error) {
      return `cannot read the settings of ${path}: ${error instanceof Error ? error.message : error}`;
    }
  };

  return {
    what: `device ${path}`,
    pet() {
      if (device === null && wrongSetting() !== null) return;
      try {
        device ??= openSync(path, 'w');
        writeSync(device, '\0');
        failed = null;
      } catch (error) {
        failed = `${path} cannot be petted: ${error instanceof Error ? error.message : error}`;
      }
    },
    trouble: () => wrongSetting() ?? failed ?? (device === null ? `${path} is not armed yet` : null),
  };
}
