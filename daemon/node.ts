/** The composition root: one node's roles built from real adapters, in the order in which each needs the last. */
import { join } from 'node:path';
import { createClock } from '../adapters/clock/clock.ts';
import { createMachine } from '../adapters/clock/machine.ts';
import type { Role } from '../adapters/keys/identities.ts';
import { loadNodeKeys, type NodeKeys } from '../adapters/keys/load.ts';
import { secret, verifyRaw } from '../adapters/keys/raw.ts';
import { signerFrom, verify } from '../adapters/keys/sign.ts';
import { openBus } from '../adapters/nats/bus.ts';
import { type Connections, openConnections } from '../adapters/nats/connections.ts';
import { greets } from '../adapters/nats/greeting.ts';
import { openLog } from '../adapters/nats/log.ts';
import { PORTS, runsServer, serverAddress, serversFor } from '../adapters/nats/server-config.ts';
import { runServer } from '../adapters/nats/server-process.ts';
import { inboxOf } from '../adapters/nats/subjects.ts';
import { type CheckedSwitch, powerSwitches } from '../adapters/power/power-switches.ts';
import { type ReadSecret, secretsOf } from '../adapters/power/secret-file.ts';
import { openJournal } from '../adapters/sqlite/journal.ts';
import type { Stored } from '../machines/entries.ts';
import type { ClusterSpec } from '../machines/spec.ts';
import type { Agent } from '../services/agent/agent.ts';
import { serveApi } from '../services/api-serve.ts';
import { type Controller, startController } from '../services/controller/controller.ts';
import type { Bus, Clock, Say } from '../services/ports.ts';
import { serveVoter } from '../services/voter/voter.ts';
import { enrolmentOf } from './enrolment.ts';
import { startHostAgent } from './host-agent.ts';
import { holdIdentities, takeFromLog } from './identities.ts';
import type { NodeOptions } from './options.ts';
import { checkPower } from './power-check.ts';
import { type Provisioning, startProvisioning } from './provisioning.ts';
import { createView } from './view.ts';
import { voterState } from './voter-state.ts';

export interface RunningNode {
  /** Resolves when a person asked over the API that this node be shut down, nats-server and all. */
  readonly shutDownAsked: Promise<void>;
  /** Ends the daemon; guests run on. After `shutDownAsked` the nats-server ends too, otherwise it stays. */
  stop(): Promise<void>;
}

export interface RolePorts {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly say: Say;
}

export async function startNode(
  options: NodeOptions,
  spec: ClusterSpec,
  digest: string,
  say: Say,
): Promise<RunningNode> {
  const { node, state, run } = options;
  const ends: (() => unknown)[] = [];
  const clock = createClock();
  const keys = loadNodeKeys(state);
  const journal = openJournal(join(state, 'journal.sqlite'));
  ends.push(journal.close);

  const server =
    options.externalNats || !runsServer(spec, node)
      ? null
      : await runServer({
          spec,
          node,
          keys,
          directory: join(state, 'nats'),
          say,
          ...(options.natsServer ? { binary: options.natsServer } : {}),
        });

  const connections: Connections[] = [];
  const busOf = (role: Role): RolePorts & { connections: Connections } => {
    const opened = connect(role, node, spec, keys, say);
    connections.push(opened);
    return { clock, say, bus: openBus(opened, spec.cluster, node), connections: opened };
  };

  if (spec.voters.includes(node)) {
    const registers = voterState(state);
    const voter = { node, hosts: Object.keys(spec.hosts), times: spec.times };
    ends.push(
      serveVoter(voter, { ...busOf('voter'), registers, signer: signerFrom(keys.seeds.node) }),
      registers.close,
    );
  }

  let agent: Agent | null = null;
  let netBooting: Provisioning | null = null;
  let standDown = async () => {};
  if (spec.hosts[node]) {
    const host = await startHostAgent(options, spec, journal, createMachine(), keys.tls, {
      ...busOf('agent'),
      ...(spec.provisioning ? { foreignBoot: () => netBooting?.foreignBoot() } : {}),
    });
    agent = host.agent;
    standDown = host.standDown;
    ends.push(host.stop);
  }

  const controllerPorts = busOf('controller');
  let controller: Controller | null = null;
  const listeners = new Set<(stored: Stored) => void>();
  const opening = new AbortController();
  const identities = holdIdentities(state, keys.identities, server, say);
  const switches = switchesOf(spec, secretsOf(keys.seeds.node));
  const greetsAt = (host: string) => greets(serverAddress(spec, host), PORTS.client, spec.times.heartbeatMs);
  const powerCheck = checkPower(Object.keys(spec.hosts), switches, {
    ...controllerPorts,
    heartbeatMs: spec.times.heartbeatMs,
    heardAgoMs: (host) => controller?.heardAgoMs(host) ?? null,
  });
  ends.push(powerCheck.stop);
  const signer = signerFrom(keys.seeds.node);
  const published = () => Object.values(controller?.fleet().images ?? {}).map(({ manifest }) => manifest);
  netBooting = startProvisioning({ node, spec, state, run, ...controllerPorts, signer, verify, published });
  if (netBooting) ends.push(netBooting.stop);
  const enrolment = enrolmentOf(options, spec, digest, identities.current);
  const provisioning = { netBoot: netBooting?.netBoot ?? null, enrolment, secret, verifyRaw };
  // Waits for a majority of the servers; leases, guests and the API do not.
  const opened = openLog({
    connections: controllerPorts.connections,
    cluster: spec.cluster,
    replicas: spec.voters.length,
    signal: opening.signal,
  })
    .then(async (log) => {
      const endSeq = await log.lastSeq().catch(() => 0);
      controller = await startController(
        { node, spec, digest, keys: identities.signing },
        {
          ...controllerPorts,
          log,
          journal,
          verify,
          switches,
          greets: greetsAt,
          powerTrouble: powerCheck.trouble,
          ...provisioning,
        },
      );
      // Before the entry's writer goes on: the answer to the enrolment carries what is taken here.
      takeFromLog(identities, controller, endSeq);
      controller.onEntry((stored) => {
        for (const listener of listeners) listener(stored);
      });
    })
    .catch((error: unknown) => {
      if (!opening.signal.aborted) say.error('the log cannot be opened', { error: String(error) });
    });

  let askShutDown = () => {};
  let shuttingDown = false;
  const shutDownAsked = new Promise<void>((resolve) => {
    askShutDown = () => {
      shuttingDown = true;
      resolve();
    };
  });
  const view = createView({
    node,
    clock,
    controller: () => controller,
    agent: () => agent,
    connections,
    journal,
    bus: controllerPorts.bus,
    listeners,
    shutDown: async () => askShutDown(),
  });
  const closeApi = await serveApi(view, { socket: join(run, 'api.sock'), port: null });

  return {
    shutDownAsked,
    async stop() {
      opening.abort();
      await closeApi();
      await opened;
      await controller?.stop();
      if (shuttingDown) await standDown();
      for (const end of ends.reverse()) await end();
      await Promise.all(connections.map((each) => each.close()));
      if (shuttingDown) await server?.stop();
      else server?.leave();
    },
  };
}

function connect(role: Role, node: string, spec: ClusterSpec, keys: NodeKeys, say: Say): Connections {
  return openConnections({
    servers: serversFor(spec, node),
    tls: keys.tls,
    seed: keys.seeds[role],
    inbox: inboxOf(role, node),
    name: `${role} ${node}`,
    say,
  });
}

/** Each host's switches are made once and when first needed: a wrong password file of one host concerns that host. */
function switchesOf(spec: ClusterSpec, secret: ReadSecret): (host: string) => readonly CheckedSwitch[] {
  const made = new Map<string, readonly CheckedSwitch[]>();
  return (host) => {
    const known = made.get(host) ?? powerSwitches(spec.hosts[host]!, secret);
    made.set(host, known);
    return known;
  };
}
