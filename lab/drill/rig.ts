/** The hands and eyes of a drill: faults, the nodes' own interface, the guests, and the list of what held. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadClientKeys } from '../../adapters/keys/load.ts';
import { stepDownStream, streamLeader } from '../../adapters/nats/admin.ts';
import { openConnections } from '../../adapters/nats/connections.ts';
import { PORTS } from '../../adapters/nats/server-config.ts';
import { inboxOf } from '../../adapters/nats/subjects.ts';
import type { Stored } from '../../machines/entries.ts';
import type { Status } from '../../services/api-status.ts';
import { ask, askLines, type LabStatus, labFault, labStatus } from '../client.ts';
import { keys } from '../cluster-file.ts';
import { until } from '../exec.ts';
import { CLUSTER, filesOf, GUESTS, LAYOUTS } from '../layout.ts';
import { readTinyGuest, tinyGuestsOf } from '../tiny-guest.ts';
import type { Check } from './drill.ts';
import type { Prober } from './prober.ts';

export type Rig = ReturnType<typeof createRig>;

/** A node that is frozen or going down does not hold up the others for longer. */
const ANSWER_MS = 1_500;
const LAB_ANSWERS_MS = 30_000;
/** Looking costs the nodes something on the lab's few cores. */
const LOOK_MS = 250;
const QUIET_MS = 1_500;

export function createRig(prober: Prober) {
  const checks: Check[] = [];
  const note = (name: string, problems: readonly string[]) => {
    checks.push({ name, ok: problems.length === 0, problems });
  };
  const noteTime = (name: string, problems: readonly string[]) => {
    checks.push({ name, ok: problems.length === 0, problems, timed: true });
  };

  /** Asked again: one answer that is late on a busy machine must not cost the report of a whole drill. */
  const lab = (): Promise<LabStatus> => until('the lab to answer', LAB_ANSWERS_MS, labStatus, LOOK_MS);

  /** Every node that is on, with the socket of its daemon. */
  const sockets = async () =>
    (await lab()).nodes.flatMap(({ name, init }) =>
      init ? [{ name, path: `/proc/${init}/root/run/rekindle/api.sock` }] : [],
    );

  /** What each node that answers says, the one that knows most first. */
  async function statuses(): Promise<{ name: string; path: string; status: Status }[]> {
    const asked = (await sockets()).map(async ({ name, path }) => {
      const status = (await ask(path, 'GET', '/v1/status', undefined, ANSWER_MS).catch(() => undefined)) as
        | Status
        | undefined;
      return status ? [{ name, path, status }] : [];
    });
    return (await Promise.all(asked)).flat().sort((a, b) => b.status.seq - a.status.seq);
  }

  async function best() {
    const [first] = await statuses();
    if (!first) throw new Error('no rekindled answers');
    return first;
  }

  const logAt = (path: string, seq: number) => askLines<Stored>(path, `/v1/log?from=${Math.max(1, seq)}`);

  const rig = {
    prober,
    checks,
    note,
    noteTime,
    lab,
    statuses,
    guests: GUESTS,

    /** Breaks something; resolves with the moment just before it began, epoch milliseconds. */
    fault: async (name: string, ...args: string[]) => (await labFault(name, args)).atMs,

    /** The cluster as the node sees it that has read furthest. */
    status: async () => (await best()).status,

    /** Entries from `seq` on, as the node has them that has read furthest. */
    log: async (seq: number) => logAt((await best()).path, seq),
    logAt,

    async why(subject: string): Promise<string[]> {
      const { path } = await best();
      return ((await ask(path, 'GET', `/v1/why?subject=${encodeURIComponent(subject)}`)) as { lines: string[] }).lines;
    },

    /** What is to be known of a bare machine from outside: its data disk, and the disks of the guests that prefer it. */
    machine: async (name: string) => {
      const node = LAYOUTS[(await lab()).layout].find((one) => one.name === name);
      if (!node) throw new Error(`no node ${name}`);
      const dataHash = createHash('sha256')
        .update(readFileSync(filesOf(node).dataDisk))
        .digest('hex');
      return { dataHash, guests: tinyGuestsOf([node]).map((guest) => ({ ...guest, ...readTinyGuest(guest) })) };
    },

    /** An order of a person, given at any node that can pass it on. */
    async order(order: object): Promise<void> {
      let last: unknown;
      for (const { path } of await statuses()) {
        try {
          await ask(path, 'POST', '/v1/orders', { by: 'drill', ...order }, 15_000);
          return;
        } catch (error) {
          last = error;
        }
      }
      throw last ?? new Error('no rekindled answers');
    },

    /** Records what must hold by then. Never rejects: a drill goes on and tells everything it saw. */
    async check(name: string, timeoutMs: number, holds: () => Promise<true | string>): Promise<void> {
      let why = 'not looked at yet';
      await until(
        name,
        timeoutMs,
        async () => {
          const answer = await holds().catch((error: unknown) => String(error));
          if (answer === true) return true;
          why = answer;
          return undefined;
        },
        LOOK_MS,
      ).then(
        () => note(name, []),
        () => note(name, [`after ${timeoutMs / 1000} s: ${why}`]),
      );
    },

    /** Every host in service, every guest where it prefers to be and answering, and nothing written for a while. */
    async calm(): Promise<Status> {
      let unrest = 'nobody was asked yet';
      let quiet = { seq: -1, sinceMs: 0 };
      const look = async () => {
        const said = await statuses();
        const status = said[0]?.status;
        unrest =
          unrestIn(said, (await lab()).nodes) ?? GUESTS.find(({ name }) => prober.lives(name).length === 0)?.name ?? '';
        if (unrest !== '' || status?.seq !== quiet.seq) quiet = { seq: status?.seq ?? -1, sinceMs: Date.now() };
        return unrest === '' && Date.now() - quiet.sinceMs >= QUIET_MS ? status : undefined;
      };
      return until('a calm cluster', 60_000, look, LOOK_MS).catch(() => {
        throw new Error(`the cluster did not become calm: ${unrest || 'it keeps writing entries'}`);
      });
    },

    /** Makes `stream` the node whose nats-server leads the stream, and `controller` the leading controller. */
    async lead({ stream, controller }: { stream: string; controller: string }): Promise<void> {
      await leadStream(await nodesOf(), stream);
      await until(
        `${controller} to lead`,
        60_000,
        async () => {
          const leader = (await rig.status()).roles.leader;
          if (leader === controller) return true;
          if (leader !== null) await rig.order({ kind: 'step-down' }).catch(() => {});
          return undefined;
        },
        LOOK_MS,
      );
    },
  };

  async function nodesOf() {
    return LAYOUTS[(await lab()).layout].filter(({ machine }) => !machine);
  }
  return rig;
}

/** What is not as it should be before a drill; undefined: nothing. */
function unrestIn(said: readonly { name: string; status: Status }[], nodes: LabStatus['nodes']): string | undefined {
  const top = said[0]?.status;
  const machines = nodes.filter(({ kind }) => kind === 'machine');
  if (!top || said.length < nodes.length - machines.length)
    return `only ${said.map(({ name }) => name).join(', ') || 'nobody'} answers`;
  for (const { name, status } of said) {
    const { leader, nats } = status.roles;
    if (leader === null || leader !== top.roles.leader)
      return `${name} hears ${leader} as leader, ${said[0]?.name} ${top.roles.leader}`;
    if (status.seq !== top.seq) return `${name} has read up to ${status.seq} of ${top.seq}`;
    const lost = nats.find(({ connected }) => !connected);
    if (lost) return `${name} is not connected to the nats-server of ${lost.server}`;
  }
  const bare = (host: string) => machines.some(({ name }) => name === host);
  const host = top.hosts.find(({ name, state, selfFencing }) => state !== 'running' || !(selfFencing || bare(name)));
  if (host) return `${host.name} is ${host.state}, self-fencing ${host.selfFencing}: ${host.why}`;
  // A drill before this one in the same lab has left it elsewhere: what is installed cannot be moved to yet.
  const roams = new Set(tinyGuestsOf(machines).flatMap(({ name, elsewhere }) => (elsewhere ? [name] : [])));
  for (const { name, prefers } of [...GUESTS, ...tinyGuestsOf(machines)]) {
    const guest = top.guests.find((one) => one.name === name);
    if (guest?.state !== 'running' || (guest.host !== prefers && !roams.has(name)))
      return `${name} is ${guest?.state} on ${guest?.host}: ${guest?.why}`;
  }
  return top.pending[0] && `${top.pending[0].id} is pending`;
}

/** Makes `wanted` the node whose nats-server leads the stream. */
export async function leadStream(nodes: readonly { name: string; control: string }[], wanted: string): Promise<void> {
  const admin = loadClientKeys(join(keys, 'clients/admin'), 'admin');
  const connections = openConnections({
    servers: nodes.map(({ name, control }) => ({ node: name, address: control, port: PORTS.client })),
    tls: admin.tls,
    seed: admin.seed,
    inbox: inboxOf('client', 'admin'),
    name: 'drill',
    say: { info() {}, warn() {}, error() {} },
  });
  try {
    await until(
      `${wanted} to lead the stream`,
      60_000,
      async () => {
        const leader = await streamLeader(connections, CLUSTER).catch(() => null);
        if (leader === wanted) return true;
        if (leader !== null) await stepDownStream(connections, CLUSTER, wanted).catch(() => {});
        return undefined;
      },
      LOOK_MS,
    );
  } finally {
    await connections.close();
  }
}
