/**
 * A voter keeps durable registers (highest epoch, and for each host the highest life blocked and the highest life
 * promised) and promises in memory. It knows nothing about guests or the log, so no trouble of the log can cost a lease.
 */
import { type Times, timesText } from '../../machines/times.ts';
import { createHearing } from '../hearing.ts';
import type { Bus, Clock, Say, Signer, VoterRegisters } from '../ports.ts';
import {
  addresses,
  type Renew,
  type RenewAnswer,
  renewSchema,
  type VoterAnswer,
  type VoterRequest,
  voterRequestSchema,
} from '../protocol.ts';
import { createPromises } from './promises.ts';

export interface VoterConfig {
  readonly node: string;
  readonly hosts: readonly string[];
  readonly times: Times;
}

export interface VoterPorts {
  readonly clock: Clock;
  readonly registers: VoterRegisters;
  readonly signer: Signer;
}

/** The text a voter signs when it answers Block; lease certificates are checked against it. */
export function blockText(answer: {
  voter: string;
  host: string;
  counter: number;
  epoch: number;
  remainingMs: number;
}): string {
  return `rekindle block ${answer.voter} ${answer.host} ${answer.counter} ${answer.epoch} ${answer.remainingMs}`;
}

export interface Voter {
  renew(message: Renew): RenewAnswer;
  answer(request: VoterRequest): VoterAnswer;
}

export function createVoter({ node, hosts, times }: VoterConfig, { clock, registers, signer }: VoterPorts): Voter {
  const startedAt = clock.now();
  const known = new Set(hosts);
  const ours = timesText(times);
  const promises = createPromises(times, startedAt);
  const hearing = createHearing(node, times.suspectMs / 2, clock);
  let leader: { node: string; epoch: number; untilMs: number } | null = null;

  const refused = (reason: string, remainingMs = 0): VoterAnswer => ({
    kind: 'refused',
    voter: node,
    epoch: registers.highestEpoch(),
    remainingMs,
    reason,
  });

  const livesPromised = (): Record<string, number> =>
    Object.fromEntries(
      hosts.map((host) => [host, registers.promisedCounter(host)] as const).filter(([, life]) => life >= 0),
    );

  const promiseLeader = (candidate: string, epoch: number, n: number): VoterAnswer => {
    leader = { node: candidate, epoch, untilMs: clock.now() + times.leaderLeaseMs };
    return { kind: 'promised', voter: node, epoch, n };
  };

  return {
    renew({ host, counter, n, unleasedMs, times: theirs, epoch }) {
      const refuse = (reason: string): RenewAnswer => ({ kind: 'refused', voter: node, n, reason });
      if (!known.has(host)) return refuse(`${host} is not a host of this cluster`);
      if (theirs !== ours)
        return refuse(`${host} counts with other times than voter ${node}; give both the same cluster file`);
      const blockedCounter = registers.blockedCounter(host);
      // The heart of R3: from the moment this register is on disk, no lease of that life is ever renewed here again.
      if (counter <= blockedCounter) return { kind: 'blocked', voter: node, n, blockedCounter };
      const now = clock.now();
      if (counter < promises.newestLife(host, now)) return refuse(`a newer life of ${host} holds the lease`);
      if (counter !== registers.promisedCounter(host)) {
        // Every leader asks a majority, in its election, for the lives they have promised. A life it was not told of then
        // first passes here, and so obeys no older leader: nobody but the new one can have given it a grant.
        if (epoch < registers.highestEpoch())
          return { kind: 'obey-first', voter: node, n, epoch: registers.highestEpoch() };
        registers.raisePromised(host, counter);
      }
      promises.extend(host, counter, now);
      if (unleasedMs <= times.suspectMs) hearing.heard(host);
      else hearing.noise(host);
      return { kind: 'promised', voter: node, n };
    },

    answer(request) {
      if ('node' in request) hearing.noise(request.node);
      switch (request.kind) {
        case 'silence':
          return { kind: 'silence', voter: node, host: request.host, heardAgoMs: hearing.silentMs(request.host) };

        case 'block': {
          if (!known.has(request.host)) return refused(`${request.host} is not a host of this cluster`);
          if (request.epoch < registers.highestEpoch()) return refused('a newer leader has been elected');
          registers.raiseEpoch(request.epoch);
          registers.raiseBlocked(request.host, request.counter);
          // Read after the block is durable: no promise can be extended behind this answer.
          const remainingMs = promises.remainingMs(request.host, request.counter, clock.now());
          const said = { voter: node, host: request.host, counter: request.counter, epoch: request.epoch, remainingMs };
          return { kind: 'blocked', answer: { ...said, signature: signer.sign(blockText(said)) } };
        }

        case 'campaign': {
          if (request.times !== ours) return refused('the candidate counts with other times');
          if (request.epoch <= registers.highestEpoch()) return refused('epoch is not new');
          const remainingMs = leader && leader.node !== request.node ? Math.max(0, leader.untilMs - clock.now()) : 0;
          if (remainingMs > 0) return refused(`${leader!.node} leads`, remainingMs);
          if (request.dry) return { kind: 'promised', voter: node, epoch: request.epoch, n: 0 };
          registers.raiseEpoch(request.epoch);
          promiseLeader(request.node, request.epoch, 0);
          // Read after the epoch is durable: a life that is promised later is promised under it.
          return { kind: 'elected', voter: node, epoch: request.epoch, lives: livesPromised() };
        }

        case 'renew-leader': {
          // A restarted voter has forgotten whom it promised; the durable epoch still tells an old leader from the last.
          if (request.epoch < registers.highestEpoch()) return refused('a newer leader has been elected');
          // This voter was away when the others elected: who renews this epoch has won it, so it is obeyed as if promised
          // then. Persisted first, as always. Refusing would leave the leader with one voter less until the next election.
          if (request.epoch > registers.highestEpoch()) registers.raiseEpoch(request.epoch);
          if (leader && leader.epoch === request.epoch && leader.node !== request.node)
            return refused(`${leader.node} leads`);
          return promiseLeader(request.node, request.epoch, request.n);
        }

        case 'resign':
          if (leader?.node === request.node && leader.epoch === request.epoch) leader = null;
          return { kind: 'promised', voter: node, epoch: registers.highestEpoch(), n: 0 };
      }
    },
  };
}

/** Puts a voter on the bus. Returns its end. */
export function serveVoter(config: VoterConfig, ports: VoterPorts & { bus: Bus; say: Say }): () => void {
  const voter = createVoter(config, ports);
  const ends = [
    ports.bus.serve(addresses.renewAll, (message, address) => {
      const renew = renewSchema.parse(message);
      // The address is what the sender's key permits it to use; the text is only what it says.
      if (address !== addresses.renew(renew.host)) return undefined;
      const answer = voter.renew(renew);
      if (answer.kind === 'refused') ports.say.warn('renewal refused', { host: renew.host, reason: answer.reason });
      return answer;
    }),
    ports.bus.serve(addresses.voter(config.node), (message) => voter.answer(voterRequestSchema.parse(message))),
  ];
  return () => {
    for (const end of ends) end();
  };
}
