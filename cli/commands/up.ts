import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readClusterFile } from '../../adapters/config/cluster-file.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Status } from '../../services/api-status.ts';
import { fail, RekindleError } from '../../services/errors.ts';
import { type Globals, type Register, wholeNumber } from '../cli.ts';
import type { Api } from '../client.ts';
import { lastWords, runningPid, until } from '../daemon.ts';
import { rekindledFile } from '../installation.ts';

interface Options {
  readonly node?: string;
  readonly wait: number;
}

export const up: Register = (program, cli) => {
  program
    .command('up')
    .description('start rekindled on this node, with its nats-server and petter, and wait until it has joined')
    .option('--node <NAME>', 'which node of the cluster file this is; default: the host name')
    .option('--wait <SECONDS>', 'how long to wait for it to join', wholeNumber, 60)
    .argument('[OPTIONS...]', 'further options of rekindled, after --')
    .action(async (further: string[], _options, command) => {
      const globals = cli.options<Options>(command);
      const node = nodeName(readClusterFile(globals.cluster).spec, globals.node);
      const log = join(globals.state, 'rekindled.log');
      const running = runningPid(globals.run);
      const started = running === null ? start(globals, node, log, further) : null;
      const pid = started?.pid ?? running!;
      const waitedS = globals.wait;

      let reason = 'it does not answer yet';
      const joined = await until(
        async () => {
          if (started?.died()) fail('DAEMON_DIED', { reason: lastWords(log, started.offset), log });
          const why = await whyNotJoined(cli.api(globals), node);
          reason = why ?? '';
          return why === null;
        },
        waitedS * 1_000,
        200,
      );
      started?.release();
      if (!joined) fail('NOT_JOINED', { pid, waitedS, reason, log });
      const line = running === null ? `${node} is up and has joined` : `${node} was up already and has joined`;
      cli.print(globals, { node, pid, joined: true }, [`${line} (rekindled is process ${pid}, its log ${log})`]);
    });
};

function nodeName(spec: ClusterSpec, given: string | undefined): string {
  const nodes = [...Object.keys(spec.hosts), ...Object.keys(spec.arbiters)];
  const name = given ?? hostname().split('.')[0] ?? '';
  if (nodes.includes(name)) return name;
  if (given) return fail('UNKNOWN_SUBJECT', { subject: `node ${given}`, known: nodes.join(', ') });
  return fail('NODE_UNNAMED', { hostname: name, nodes: nodes.join(', ') });
}

function start(globals: Globals, node: string, log: string, further: readonly string[]) {
  try {
    for (const directory of [globals.run, globals.state]) mkdirSync(directory, { recursive: true, mode: 0o700 });
    const out = openSync(log, 'a', 0o600);
    const offset = statSync(log).size;
    const args = [
      '--node',
      node,
      '--cluster',
      globals.cluster,
      '--state',
      globals.state,
      '--run',
      globals.run,
      ...further,
    ];
    const child = spawn(process.execPath, [rekindledFile, ...args], { detached: true, stdio: ['ignore', out, out] });
    closeSync(out);
    return {
      pid: child.pid!,
      offset,
      died: () => child.exitCode !== null || child.signalCode !== null,
      release: () => child.unref(),
    };
  } catch (cause) {
    const { code, path } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM')
      fail('NOT_PERMITTED', { what: `writing ${path ?? globals.state}` }, cause);
    throw cause;
  }
}

/** Null when the node takes its full part; otherwise a sentence. */
async function whyNotJoined(api: Api, node: string): Promise<string | null> {
  try {
    const { roles, hosts } = await api.get<Status>('/v1/status');
    const host = hosts.find(({ name }) => name === node);
    if (roles.waitingFor) return roles.waitingFor;
    if (roles.leader === null) return 'the cluster has no leader yet';
    if (roles.lease && roles.lease.remainingMs <= 0) return 'no majority of the voters has given this host a lease yet';
    return roles.lease && !(host && LIVE.has(host.state)) ? `the cluster has it as ${host?.state ?? 'unknown'}` : null;
  } catch (error) {
    if (error instanceof RekindleError && error.code === 'DAEMON_NOT_RUNNING') return 'it does not answer yet';
    throw error;
  }
}

const LIVE = new Set(['running', 'draining', 'maintenance']);
