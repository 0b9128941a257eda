/** A controller follows the log, folds it, and leads when a majority of voters lets it. */
import type { Stored } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Progress } from '../api-view.ts';
import { again } from '../every.ts';
import { createHearing } from '../hearing.ts';
import type { Bus, NetBoot, PowerSwitch, Verify } from '../ports.ts';
import { addresses, leaderHeartbeatSchema, renewSchema } from '../protocol.ts';
import { type Candidacy, stand } from './candidacy.ts';
import { createGreetings } from './greetings.ts';
import { createInstallWatch, type InstallWatch } from './install-watch.ts';
import { followNetBoot } from './net-boot.ts';
import { ReignOver } from './pen.ts';
import type { PowerTrouble } from './power-trouble.ts';
import { type ReignPorts, reign } from './reign.ts';
import { openReplica, type ReplicaPorts } from './replica.ts';

export interface ControllerConfig {
  readonly node: string;
  readonly spec: ClusterSpec;
  readonly digest: string;
  /** Public signing key of each node. */
  readonly keys: Readonly<Record<string, string>>;
}

export interface ControllerPorts extends ReplicaPorts {
  readonly bus: Bus;
  readonly verify: Verify;
  readonly switches: (host: string) => readonly PowerSwitch[];
  /** A sign of life of the host that does not come from its daemon. */
  readonly greets: (host: string) => Promise<boolean>;
  /** This node's answers to machines that boot from the network; null where it is not on their network. */
  readonly netBoot: NetBoot | null;
  readonly secret: ReignPorts['secret'];
  readonly verifyRaw: ReignPorts['verifyRaw'];
  readonly enrolment: ReignPorts['enrolment'];
  /** What this node knows of the hosts' power switches. */
  readonly powerTrouble?: PowerTrouble;
}

export interface Controller {
  fleet(): Fleet;
  entries(fromSeq: number, toSeq: number): readonly Stored[];
  onEntry(listener: (stored: Stored, fleet: Fleet) => void): () => void;
  heardAgoMs(host: string): number | null;
  /** What installers have told this leader lately, by host. */
  installs(): Readonly<Record<string, Progress>>;
  leader(): { readonly node: string; readonly epoch: number } | null;
  leading(): boolean;
  /** Why this node must not lead: its copy differs from the log, or its journal cannot be written. */
  broken(): string | null;
  stop(): Promise<void>;
}

/** A leader's last word on the end of the log counts for so many leader leases: time for the next election, not for much more. */
const FRESH = 3;

export async function startController(config: ControllerConfig, ports: ControllerPorts): Promise<Controller> {
  const { node, spec } = config;
  const { bus, clock, say } = ports;
  const replica = await openReplica(ports);
  const hearing = createHearing(node, spec.times.suspectMs / 2, clock);
  // Every controller that hears asks, not only the leader: whoever is elected in the middle of a silence knows already.
  const greetings = createGreetings(replica.fleet, hearing, spec.times, ports.greets, clock);
  const listen = (): (() => void) => {
    hearing.begin();
    const ends = [
      again(clock, greetings.tick),
      bus.serve(addresses.renewAll, (message, address) => {
        const renew = renewSchema.safeParse(message).data;
        if (!renew || address !== addresses.renew(renew.host)) return undefined;
        if (renew.unleasedMs <= spec.times.suspectMs) hearing.heard(renew.host);
        else hearing.noise(renew.host);
        return undefined;
      }),
    ];
    return () => {
      for (const end of ends) end();
    };
  };
  // The voters' nodes, who lead first, always hear the hosts. The others only while they lead: were every renewal sent to
  // every node, the traffic would grow with the square of the cluster.
  const leadsFirst = spec.voters.includes(node);
  /** The end of the log as a leader last told it. */
  let lastBeat: { readonly seq: number; readonly atMs: number } | null = null;
  const upToDate = () =>
    lastBeat !== null &&
    replica.head().seq >= lastBeat.seq &&
    clock.now() - lastBeat.atMs <= spec.times.leaderLeaseMs * FRESH;
  const ends = [
    ports.netBoot ? followNetBoot(node, replica, ports.netBoot, bus) : () => {},
    leadsFirst ? listen() : () => {},
    bus.serve(addresses.leader, (message) => {
      const beat = leaderHeartbeatSchema.safeParse(message).data;
      if (!beat) return undefined;
      hearing.noise(beat.node);
      lastBeat = { seq: beat.seq, atMs: clock.now() };
      // Two copies that differ are noticed within a heartbeat, not when somebody happens to read that far back.
      if (beat.hash !== null) replica.agrees(beat.seq, beat.hash);
      return undefined;
    }),
  ];

  let rule: Promise<void> = Promise.resolve();
  let installs: InstallWatch | null = null;
  const candidacy: Candidacy = stand(
    {
      node,
      voters: spec.voters,
      nodes: [...new Set([...spec.voters, ...Object.keys(spec.hosts), ...Object.keys(spec.arbiters)])],
      times: spec.times,
    },
    ports,
    {
      unfit: replica.broken,
      knownEpoch: () => replica.fleet().epoch,
      lead(epoch, lives, signal) {
        // Elected means heard by a majority: if that ended a time of deafness, everybody's silence begins anew here.
        for (const voter of spec.voters) hearing.noise(voter);
        if (!leadsFirst) signal.addEventListener('abort', listen(), { once: true });
        installs = createInstallWatch(replica.fleet, clock);
        rule = reign(
          { ...config, upToDate: upToDate(), installs, stepDown: () => void candidacy.stepDown() },
          { epoch, lives },
          replica,
          hearing,
          greetings,
          ports,
          signal,
        ).catch((error: unknown) => {
          if (error instanceof ReignOver || signal.aborted) return;
          say.error('the reign broke off', { epoch, error: String(error) });
          void candidacy.stepDown();
        });
      },
    },
  );

  return {
    fleet: replica.fleet,
    entries: replica.entries,
    onEntry: replica.onEntry,
    broken: replica.broken,
    leading: () => candidacy.leading() !== null,
    installs() {
      if (!installs || candidacy.leading() === null) return {};
      const told = Object.keys(replica.fleet().jobs).map((host) => [host, installs!.progress(host)] as const);
      return Object.fromEntries(told.filter((one): one is [string, Progress] => one[1] !== null));
    },
    leader() {
      const own = candidacy.leading();
      if (own) return { node, epoch: own.epoch };
      const beat = candidacy.leader();
      return beat && { node: beat.node, epoch: beat.epoch };
    },
    heardAgoMs: hearing.heardAgoMs,
    async stop() {
      await candidacy.stop();
      await rule;
      for (const end of ends) end();
      replica.stop();
    },
  };
}
