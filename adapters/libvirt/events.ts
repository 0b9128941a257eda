/** libvirt's events as one long-lived `virsh event` stream that comes back after libvirtd has died. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HypervisorEvent } from '../../services/ports.ts';
import { createEventParser } from './event-line.ts';
import { ENVIRONMENT, TIED } from './shell.ts';

/** `version` opens the connection and ends with `Running hypervisor: …`; then virsh registers for events, silently. */
const SCRIPT = 'version; event --all --loop --timestamp';
const CONNECTED = 'Running hypervisor: ';
/** Registering takes a few milliseconds; this leaves room for a busy machine. */
const REGISTERED_AFTER_MS = 150;
const RETRY_MS = { first: 100, most: 2_000 };
/** A libvirtd that hangs closes no socket: it is given up after 3 silent keepalives, 2 s apart. */
const KEEPALIVE = ['-k', '2', '-K', '3'];

/**
 * Events in order, for ever; ends when `signal` aborts. A slow reader holds virsh back through the pipe, so nothing
 * piles up here. Between `disconnected` and `connected`, and in the moment before `connected`, events may be lost: the
 * caller lists anew, and does so now and then anyhow.
 */
export async function* followEvents(uri: string, signal: AbortSignal): AsyncGenerator<HypervisorEvent> {
  let broken = false;
  for (let retryMs = RETRY_MS.first; !signal.aborted; retryMs = Math.min(retryMs * 2, RETRY_MS.most)) {
    let why = '';
    for await (const event of oneStream(uri, signal, (reason) => (why = reason))) {
      if (event.kind === 'connected') {
        retryMs = RETRY_MS.first;
        broken = false;
      }
      yield event;
    }
    if (signal.aborted) return;
    if (!broken) yield { kind: 'disconnected', detail: why };
    broken = true;
    await sleep(retryMs, undefined, { signal }).catch(() => {});
  }
}

async function* oneStream(
  uri: string,
  signal: AbortSignal,
  ended: (why: string) => void,
): AsyncGenerator<HypervisorEvent> {
  const child = spawn('setpriv', [...TIED, uri, ...KEEPALIVE, SCRIPT], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: ENVIRONMENT,
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-500);
  });
  child.on('error', (error) => {
    complaint = error.message;
  });
  const stop = () => child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });

  const parse = createEventParser();
  let listening = false;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (signal.aborted) return;
      if (!listening) {
        if (!line.startsWith(CONNECTED)) continue;
        listening = true;
        await sleep(REGISTERED_AFTER_MS);
        yield { kind: 'connected', detail: line.slice(CONNECTED.length) };
        continue;
      }
      const event = parse(line);
      // What cannot be read may have been what mattered: start over, and let the caller list.
      if (event === 'unreadable') return ended(`virsh said something unreadable: ${line.slice(0, 200)}`);
      if (event) yield event;
    }
    ended(complaint.trim().replaceAll('\n', '; ') || 'virsh ended');
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}
