/** 5: what can write, writes before the end of its host's lease. 6: no pet outlives the lease. */
import { RHO, WATCHDOG_SLACK_MS } from '../../../machines/times.ts';
import { type Invariant, type Scene, seconds } from './invariant.ts';

export function watchLeases({ spec, simulation, hosts, writersOn, violated }: Scene): Invariant {
  const { watchdogMs } = spec.times;
  /**
   * The watchdog counts W + δ in true time, which a node's clock may count ρ longer (A1). The proof has room for it: a
   * lease is 2ρ shorter than the promises.
   */
  const toleranceMs = (watchdogMs + WATCHDOG_SLACK_MS) * RHO;
  /** Latest end of a lease that any daemon of this boot has held, on that host's clock. */
  const leaseEnd = new Map<string, number>();
  const selfFencing = hosts.filter((host) => spec.hosts[host]!.watchdog.kind !== 'none');

  const learn = (host: string) => {
    const endMs = simulation.nodes[host]!.agent()?.leaseEndMs() ?? Number.NEGATIVE_INFINITY;
    if (endMs > (leaseEnd.get(host) ?? Number.NEGATIVE_INFINITY)) leaseEnd.set(host, endMs);
  };
  const check = (host: string) => {
    learn(host);
    const writers = writersOn(host);
    if (writers.size === 0) return;
    const clockMs = simulation.nodes[host]!.clockMs();
    const endMs = leaseEnd.get(host) ?? Number.NEGATIVE_INFINITY;
    if (clockMs > endMs + toleranceMs) {
      const late =
        endMs === Number.NEGATIVE_INFINITY ? 'without any lease' : `${seconds(clockMs - endMs)} after its lease`;
      violated(5, `${[...writers].join(', ')} can write on ${host} ${late}`);
    }
  };

  return {
    event(event) {
      switch (event.kind) {
        case 'power':
          // Clocks begin anew with each boot, and so does what they measure.
          leaseEnd.delete(event.host);
          return;
        case 'writer':
          if (event.on && selfFencing.includes(event.host)) check(event.host);
          return;
        case 'pet': {
          const { host, clockMs, untilMs } = event;
          learn(host);
          if (clockMs + watchdogMs + WATCHDOG_SLACK_MS > untilMs) {
            violated(6, `${host} petted its watchdog ${seconds(untilMs - clockMs)} before the moment it may pet until`);
          }
          const endMs = leaseEnd.get(host) ?? Number.NEGATIVE_INFINITY;
          const writers = writersOn(host);
          // Beyond the lease only what was seen still may be petted for.
          if (untilMs > endMs && writers.size > 0) {
            violated(6, `${host} pets its watchdog beyond its lease while ${[...writers].join(', ')} can write`);
          }
          return;
        }
      }
    },
    tick() {
      for (const host of hosts) learn(host);
      for (const host of selfFencing) check(host);
    },
  };
}
