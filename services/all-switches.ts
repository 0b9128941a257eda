/**
 * Several switches that only together cut a host's power, as the outlets of its two power supplies do. One of them off
 * proves nothing: the machine runs on from the other.
 */
import type { Outcome, PowerSwitch } from './ports.ts';

export function allSwitches(ways: readonly PowerSwitch[], level: number): PowerSwitch {
  const drive = async (state: 'on' | 'off'): Promise<Outcome> => {
    const bad = await Promise.all(
      ways.map(async (way) => {
        const outcome = await (state === 'on' ? way.on() : way.off());
        return outcome.kind === 'succeeded' ? [] : [{ ...outcome, reason: `${way.method}: ${outcome.reason}` }];
      }),
    ).then((each) => each.flat());
    if (bad.length === 0) return { kind: 'succeeded', detail: `read back ${state}, all ${ways.length}` };
    const reason = bad.map((one) => one.reason).join('; ');
    // One that may still come true makes the whole uncertain.
    return { kind: bad.some(({ kind }) => kind === 'unknown') ? 'unknown' : 'failed', reason };
  };

  return {
    method: ways.map((way) => way.method).join(' and '),
    level,
    readingsApartMs: Math.max(...ways.map(({ readingsApartMs }) => readingsApartMs)),
    off: () => drive('off'),
    on: () => drive('on'),
    async status() {
      const states = await Promise.all(ways.map((way) => way.status()));
      if (states.every((state) => state === 'off')) return 'off';
      return states.includes('on') ? 'on' : 'unknown';
    },
  };
}
