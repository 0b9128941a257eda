/** Broken decisions: times, grants, brake, placement; and a broken petter. */
import type { Mutant } from '../mutant.ts';

const TIMES = 'machines/times.ts';
const BRAKE = 'machines/brake.ts';
const PLACEMENT = 'machines/placement.ts';
const REJECTION = 'machines/rejection.ts';

export const machineMutants: readonly Mutant[] = [
  {
    name: 'no-drift-margin',
    rule: 'Clocks may differ by ρ; every wait and every lease allows for it.',
    section: 'Assumptions',
    file: TIMES,
    from: 'export const RHO = 0.005;',
    to: 'export const RHO = 0;',
    hunts: ['drift'],
  },
  {
    name: 'lease-as-long-as-promise',
    rule: 'A lease is 2ρ shorter than the promises it rests on.',
    section: 'Leases',
    file: TIMES,
    from: 'return times.leaseMs * (1 - 2 * RHO);',
    to: 'return times.leaseMs;',
    hunts: ['drift', 'aimed late-block'],
  },
  {
    name: 'petter-pets-to-the-end',
    rule: 'The watchdog is petted at p only if p + W + δ ≤ E.',
    section: 'Leases',
    file: 'sim/watchdog.ts',
    from: 'if (nowMs + timeoutMs + WATCHDOG_SLACK_MS > petter.untilMs) return;',
    to: 'if (nowMs > petter.untilMs) return;',
    hunts: ['lease'],
  },
  {
    name: 'suspicion-taken-as-proof',
    rule: 'A new grant needs a release proof of the last one.',
    section: 'Grants and release proofs',
    file: 'machines/guest.ts',
    from: "'host.suspected': { guard: 'ofHost', target: 'suspect', actions: note() },",
    to: "'host.suspected': { guard: 'ofHost', target: 'relocating', actions: ['placeAnywhere', note()] },",
    also: [
      {
        file: REJECTION,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
        from: 'if (release === null) return `${grant.host} may still run ${name} under ${grant.token}`;',
        to: 'if (release === null) return null;',
      },
    ],
    hunts: ['lease'],
  },
  {
    name: 'migration-to-a-later-life',
    rule: 'A migration goes to the life that its grant names; a later one has no part in it.',
    section: 'Grants and release proofs',
    file: 'services/controller/migrate.ts',
    from: 'const over = held?.migratingTo ? null : held?.grant?.host === from ? to : from;',
    to: 'const over: string | null = null;',
    also: [
      {
        file: 'services/controller/migrate.ts',
        from: '[held?.grant, held?.migratingTo].find((end) => end?.host === host)?.counter ?? -1;',
        to: '(held, fleet.hosts[host]?.context.incarnation?.counter ?? -1);',
      },
    ],
    hunts: ['aimed migration-to-the-next-life'],
  },
  {
    name: 'dead-source-frees-migrating-guest',
    rule: 'While a guest moves both ends hold its grant: the death of one proves nothing of the other.',
    section: 'Grants and release proofs',
    file: 'machines/guest.ts',
    from: "'fence.proven': [...ends, ...down],",
    to: "'fence.proven': [...down],",
    also: [
      {
        file: 'machines/grants.ts',
        from: 'if (grant === null || context.release !== null || context.migratingTo !== null) return null;',
        to: 'if (grant === null || context.release !== null) return null;',
      },
    ],
    hunts: ['migrations', 'aimed source-dies-after-hand-over'],
  },
  {
    name: 'brake-off',
    rule: 'When more than a third of the hosts fall silent together, none is fenced without a person.',
    section: 'Placement and headroom',
    file: BRAKE,
    from: 'const apply = silent.size > limit;',
    to: 'const apply = silent.size > of;',
    hunts: ['storm', 'aimed half-gone'],
  },
  {
    name: 'majority-not-minded',
    rule: 'No fence of ours costs the voters their majority.',
    section: 'What may run without the durable log',
    file: BRAKE,
    from: 'if (lost + 1 > spare) tooMany.add(host);\n    else lost += 1;',
    to: 'lost += spare;',
    hunts: ['aimed second-voter-ordered-off'],
  },
  {
    name: 'capacity-ignored',
    rule: 'Capacity is hard.',
    section: 'Placement and headroom',
    file: PLACEMENT,
    from: 'if (memoryMiB > freeMemory) return',
    to: 'if (memoryMiB < 0) return',
    hunts: ['placement'],
  },
  {
    name: 'apart-ignored',
    rule: 'Guests to be kept apart never share a host.',
    section: 'Placement and headroom',
    file: PLACEMENT,
    from: 'if (foe !== undefined) return',
    to: "if (foe === '') return",
    hunts: ['placement'],
  },
  {
    name: 'maintenance-ignored',
    rule: 'Nothing is placed on a host in maintenance.',
    section: 'Placement and headroom',
    file: 'machines/inventory.ts',
    from: "if (state !== 'running') return state",
    to: "if (state !== 'running' && state !== 'maintenance') return state",
    also: [
      {
        file: REJECTION,
        from: "if (host.state !== 'running') return",
        to: "if (host.state !== 'running' && host.state !== 'maintenance') return",
      },
    ],
    hunts: ['placement'],
  },
];
