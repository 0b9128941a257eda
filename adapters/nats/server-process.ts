/**
 * This node's nats-server: started in a session of its own so that it outlives the daemon, adopted by the next daemon,
 * started again when it dies, and always stopped with SIGTERM, which hands its leaderships over at once where a kill
 * costs an election of 4 to 9 s.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { execa } from 'execa';
import { fail, failure, RekindleError } from '../../services/errors.ts';
import type { Say } from '../../services/ports.ts';
import type { Identities } from '../keys/identities.ts';
import { judgeServer, readServer } from './read-back.ts';
import { findServer } from './server-binary.ts';
import { filesOf, isClustered, PORTS, type ServerPlan, serverAddress, serverConfig } from './server-config.ts';

const START_MS = 15_000;
const STOP_MS = 15_000;
const WATCH_MS = 250;
const POLL_MS = 25;
const BACKOFF_MS = [0, 250, 1_000, 2_000, 5_000, 10_000];
/** Having run this long, a server has earned a quick restart again. */
const STEADY_MS = 60_000;

export interface ServerProcess {
  pid(): number | null;
  /** From now on it takes these keys and no others; who is connected under another is cut off, all else stays. Throws NATS_CONFIG_INVALID. */
  setIdentities(identities: Identities): Promise<void>;
  /** What the running server lacks, for people to see; null when nothing. */
  readonly degraded: RekindleError | null;
  /** Lets it run on: the daemon ends, the server does not. */
  leave(): void;
  /** Ends it gracefully. Throws NATS_WILL_NOT_STOP; never kills. */
  stop(): Promise<void>;
}

/**
 * Resolves once the server answers its monitoring port. Throws NATS_MISSING, NATS_TOO_OLD, NATS_CONFIG_INVALID,
 * NATS_PORT_TAKEN, NATS_START_FAILED, NATS_WITHOUT_JETSTREAM.
 */
export async function runServer(
  plan: ServerPlan & { readonly binary?: string; readonly say: Say },
): Promise<ServerProcess> {
  const { say, spec, node, directory } = plan;
  const files = filesOf(directory);
  const ports = (plan.portsOf ?? (() => PORTS))(node);
  const address = serverAddress(spec, node);
  const url = `http://127.0.0.1:${ports.monitoring}`;
  const { path, version } = await findServer(plan.binary);

  await mkdir(directory, { recursive: true, mode: 0o700 });
  const config = serverConfig(plan);
  const unchanged = (await readFile(files.config, 'utf8').catch(() => '')) === config;
  const put = async (text: string, check: boolean) => {
    await writeFile(`${files.config}.new`, text, { mode: 0o600 });
    if (check) await mustBeValid(path, `${files.config}.new`);
    await rename(`${files.config}.new`, files.config);
  };
  let pid = await runningPid(files.pid, files.config);
  // Where none runs, the one that is started is the check.
  await put(config, pid !== null);
  if (pid !== null && !unchanged) {
    say.info('configuration changed, nats-server is started anew', { pid });
    await stopProcess(pid, files.log);
    pid = null;
  }
  if (pid === null) pid = await start();
  else {
    say.info('nats-server already runs and is adopted', { pid });
    await answering(pid);
    // The daemon before may have ended between writing this file and having it read.
    await readAnew();
  }
  const degraded = judgeServer(await readServer(url), spec.voters.includes(node), path);
  if (degraded) say.warn(degraded.message, { code: degraded.code, todo: degraded.todo });

  async function readAnew(): Promise<void> {
    if (pid !== null && (await isOurs(pid, files.config))) process.kill(pid, 'SIGHUP');
  }

  async function start(): Promise<number> {
    await mustBeFree(address, ports.client, 'client');
    if (isClustered(spec)) await mustBeFree(address, ports.cluster, 'cluster');
    await mustBeFree('127.0.0.1', ports.monitoring, 'monitoring');
    const child = spawn(path, ['-c', files.config], { detached: true, stdio: 'ignore', cwd: directory });
    child.unref();
    // What goes wrong here shows as "not alive" below.
    child.on('error', () => {});
    if (child.pid === undefined)
      return fail('NATS_START_FAILED', { reason: `${path} cannot be executed`, log: files.log });
    await answering(child.pid);
    say.info('nats-server started', { pid: child.pid, version, url });
    return child.pid;
  }

  async function answering(started: number): Promise<void> {
    const until = performance.now() + START_MS;
    while (performance.now() < until && (await isOurs(started, files.config))) {
      const there = await readServer(url).catch(() => null);
      if (there?.name === node) return;
      await wait(POLL_MS);
    }
    await mustBeValid(path, files.config);
    fail('NATS_START_FAILED', { reason: await lastWords(files.log), log: files.log });
  }

  const over = new AbortController();
  const watching = (async () => {
    let failures = 0;
    let since = performance.now();
    while (!over.signal.aborted) {
      await wait(WATCH_MS, undefined, { signal: over.signal, ref: false }).catch(() => {});
      if (over.signal.aborted || (pid !== null && (await isOurs(pid, files.config)))) continue;
      if (performance.now() - since > STEADY_MS) failures = 0;
      const backoffMs = BACKOFF_MS[Math.min(failures++, BACKOFF_MS.length - 1)]!;
      say.error('nats-server died', { pid, restartInMs: backoffMs, reason: await lastWords(files.log) });
      pid = null;
      await wait(backoffMs, undefined, { signal: over.signal, ref: false }).catch(() => {});
      if (over.signal.aborted) return;
      since = performance.now();
      pid = await start().catch((cause: unknown) => {
        say.error(
          cause instanceof Error ? cause.message : String(cause),
          cause instanceof RekindleError ? { code: cause.code } : {},
        );
        return null;
      });
      // What was written while it started may have come too late for it.
      await readAnew();
    }
  })();
  let writing: Promise<void> = Promise.resolve();

  return {
    pid: () => pid,
    degraded,
    setIdentities(identities) {
      // One after another: the last one given is the one in force.
      const write = writing.then(async () => {
        await put(serverConfig({ ...plan, keys: { ...plan.keys, identities } }), true);
        await readAnew();
      });
      writing = write.catch(() => {});
      return write;
    },
    leave: () => over.abort(),
    async stop() {
      over.abort();
      await watching;
      if (pid !== null) await stopProcess(pid, files.log);
      pid = null;
    },
  };
}

async function mustBeValid(path: string, file: string): Promise<void> {
  const { failed, stderr } = await execa(path, ['-t', '-c', file], { reject: false, timeout: 10_000, stdin: 'ignore' });
  if (failed) fail('NATS_CONFIG_INVALID', { file, reason: stderr.trim().split('\n')[0] ?? '' });
}

function mustBeFree(address: string, port: number, use: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'another program listens there' : cause.message;
      reject(failure('NATS_PORT_TAKEN', { use, address, port, reason }, cause));
    });
    probe.listen({ host: address, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}

async function runningPid(pidFile: string, config: string): Promise<number | null> {
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  return pid > 0 && (await isOurs(pid, config)) ? pid : null;
}

/** A pid alone proves nothing: it may have been given to another program. A zombie has no command line either. */
async function isOurs(pid: number, config: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(config);
}

async function stopProcess(pid: number, log: string): Promise<void> {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    return; // It ended by itself.
  }
  const until = performance.now() + STOP_MS;
  while (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')) {
    if (performance.now() > until) fail('NATS_WILL_NOT_STOP', { pid, waitedS: STOP_MS / 1_000, log });
    await wait(POLL_MS);
  }
}

/** The last error the server logged, or its last line. */
async function lastWords(log: string): Promise<string> {
  const lines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-50);
  // Whoever looks whether it greets goes away without a handshake.
  const said = lines.findLast((line) => /\[(ERR|FTL)\] (?!.*TLS handshake error)/.test(line)) ?? lines.at(-1);
  return said?.replace(/^\[\d+\] \S+ \S+ /, '') || 'it wrote no log';
}
