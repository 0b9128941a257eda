/** Rules that others cover: broken alone, nothing is expected to miss them. */
import type { Mutant } from '../mutant.ts';

export const spareMutants: readonly Mutant[] = [
  {
    name: 'life-kept-over-reboot',
    rule: 'Another boot is another life: the grants of the old one are void.',
    section: 'Proof idea',
    file: 'services/agent/life.ts',
    from: 'if (before?.bootId === bootId) return before;',
    to: 'if (before) return before;',
    spare: 'a life that was blocked is ended all the same, and the first look of a daemon reports what is gone',
    hunts: ['reboots'],
  },
  {
    name: 'wait-without-margin',
    rule: 'The leader waits r(1 + 3ρ).',
    section: 'Leases',
    file: 'machines/times.ts',
    from: 'return remainingMs * (1 + 3 * RHO);',
    to: 'return remainingMs;',
    spare: 'the 2ρ by which the lease is shorter allow for all three clocks',
    hunts: ['drift', 'aimed late-block'],
  },
  {
    name: 'first-life-not-above-all',
    rule: 'What was installed has a life above all that were known.',
    section: 'Reinstallation',
    file: 'services/controller/provision.ts',
    from: 'const counter = knownLife(fleet().hosts[host]!.context) + LIVES_UNHEARD * job.context.attempt;',
    to: 'const counter = -1;',
    spare:
      'the lives before it are blocked, and who hears that its life is blocked takes one above it before it is given anything',
    hunts: ['aimed installed-with-a-new-life'],
  },
  {
    name: 'guests-of-an-installed-host-not-minded',
    rule: 'A host that holds a guest is not installed anew.',
    section: 'Reinstallation',
    file: 'machines/reinstall.ts',
    from: 'if (guests.length > 0) return',
    to: 'if (guests.length < 0) return',
    spare: 'the proof that a host is stopped releases every guest it held, and nothing is granted to it since',
    hunts: ['aimed returns-before-its-installation'],
  },
  {
    name: 'older-life-promised',
    rule: 'A voter promises nothing to a life when a newer one of that host holds the lease.',
    section: 'Leases',
    file: 'services/voter/voter.ts',
    from: 'if (counter < promises.newestLife(host, now)) return',
    to: 'if (counter < 0) return',
    spare: 'an agent asks for its present life only, and takes no answer for another',
    hunts: ['lease', 'late'],
  },
];
