/** Broken voters. */
import type { Mutant } from '../mutant.ts';

const file = 'services/voter/voter.ts';
const REGISTERS = '{ clock, registers, signer }: VoterPorts): Voter {';

export const voterMutants: readonly Mutant[] = [
  {
    name: 'blocked-life-renewed',
    rule: 'A voter never again promises anything to a life that it has blocked.',
    section: 'Leases',
    file,
    from: 'if (counter <= blockedCounter) return',
    to: 'if (counter < blockedCounter) return',
    hunts: ['lease'],
  },
  {
    name: 'block-not-persisted',
    rule: 'A block is on disk, and outlives the voter that gave it.',
    section: 'Leases',
    file,
    from: REGISTERS,
    to: `{ clock, registers: disk, signer }: VoterPorts): Voter {
  const inMemory = new Map<string, number>();
  const registers: VoterRegisters = {
    ...disk,
    blockedCounter: (host) => inMemory.get(host) ?? -1,
    raiseBlocked(host, counter) {
      inMemory.set(host, Math.max(counter, inMemory.get(host) ?? -1));
      return inMemory.get(host)!;
    },
  };`,
    hunts: ['voters', 'aimed block-forgotten'],
  },
  {
    name: 'voter-epoch-not-persisted',
    rule: 'A voter never promises an epoch twice, whatever happened to it in between.',
    section: 'Leases',
    file,
    from: REGISTERS,
    to: `{ clock, registers: disk, signer }: VoterPorts): Voter {
  let epoch = 0;
  const registers: VoterRegisters = {
    ...disk,
    highestEpoch: () => epoch,
    raiseEpoch: (to) => (epoch = Math.max(epoch, to)),
  };`,
    hunts: ['leaders', 'aimed epochs-forgotten'],
  },
  {
    name: 'epoch-promised-twice',
    rule: 'A voter promises each epoch to one candidate only.',
    section: 'Leases',
    file,
    from: 'if (request.epoch <= registers.highestEpoch()) return',
    to: 'if (request.epoch < registers.highestEpoch()) return',
    hunts: ['leaders', 'aimed epochs-forgotten'],
  },
  {
    name: 'lease-of-a-new-life-not-persisted',
    rule: 'Which lives a voter has leased is on disk, and outlives it.',
    section: 'Leases',
    file,
    from: REGISTERS,
    to: `{ clock, registers: disk, signer }: VoterPorts): Voter {
  const inMemory = new Map<string, number>();
  const registers: VoterRegisters = {
    ...disk,
    promisedCounter: (host) => inMemory.get(host) ?? -1,
    raisePromised(host, counter) {
      inMemory.set(host, Math.max(counter, inMemory.get(host) ?? -1));
      return inMemory.get(host)!;
    },
  };`,
    hunts: ['aimed lost-registration-of-restarted-voters'],
  },
  {
    name: 'leased-to-who-obeys-another',
    rule: 'A life new to a voter is leased only to an agent that has persisted the voter’s epoch.',
    section: 'Leases',
    file,
    from: 'if (epoch < registers.highestEpoch())\n',
    to: 'if (epoch < 0)\n',
    hunts: ['storm', 'aimed first-lease-under-an-old-epoch'],
  },
  {
    name: 'restart-wait-skipped',
    rule: 'A restarted voter answers as if it had promised everything to everybody when it started.',
    section: 'Leases',
    file: 'services/voter/promises.ts',
    from: 'let end = startedAt + restartPromiseMs(times);',
    to: 'let end = startedAt;',
    hunts: ['voters'],
  },
  {
    name: 'promise-not-extended',
    rule: 'What a voter says is left of its promise counts from the last renewal it has promised.',
    section: 'Leases',
    file: 'services/voter/promises.ts',
    from: 'Math.max(lives.get(counter) ?? 0, now + times.leaseMs)',
    to: 'lives.get(counter) ?? now + times.leaseMs',
    hunts: ['lease'],
  },
];
