/**
 * The Hypervisor port over libvirt's QEMU driver, by `virsh`.
 *
 * Success is what was observed afterwards, never virsh's word for it: an action whose answer was lost is looked at, and
 * where the look does not settle it the outcome is `unknown`.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { RebuildSpec } from '../../machines/spec.ts';
import type { Hypervisor, Outcome } from '../../services/ports.ts';
import { installForm, withGrant } from './definition.ts';
import { createDomains } from './domains.ts';
import { followEvents } from './events.ts';
import { createMigration } from './migration.ts';
import { named } from './name.ts';
import { killQemu, qemuProcesses } from './processes.ts';
import { exchangeDisk, rebuildDisk } from './rebuild.ts';
import { createResponsiveness } from './responsive.ts';
import { createShells } from './shells.ts';

export interface LibvirtOptions {
  readonly uri?: string;
  /** Where definitions lie for the moment virsh reads them; mode 0700. */
  readonly runDir: string;
  /** URI of the libvirt at an address, for migration. Default: `qemu+tls://ADDRESS/system`. */
  readonly peer?: (address: string) => string;
  /** Command that restarts libvirtd and leaves QEMU processes alone. */
  readonly repairCommand?: readonly [string, ...string[]];
}

export interface LibvirtHypervisor extends Hypervisor {
  /** Ends the shells. Guests run on. */
  close(): void;
}

/** Bounds. A start waits for storage and for memory to be set up; a stop for QEMU to write out what it holds. */
const DEFINE_MS = 5_000;
const START_MS = 30_000;
const DESTROY_MS = 8_000;
const SHUTDOWN_MS = 5_000;
/** A QEMU that has not ended this long after libvirt was told is killed here; libvirt itself would wait for 10 s. */
const KILL_AFTER_MS = 2_000;
const PAUSE_MS = 3_000;
const REPAIR_MS = 30_000;
const LOOK_AGAIN_MS = 25;
/**
 * What libvirt and QEMU say when a disk of the guest cannot be opened on this host: libvirt of files and block devices that
 * it looks at itself, of a pool that is down, QEMU of all others.
 */
const IMAGE_NOT_REACHED = /Cannot access (?:storage|backing) file|storage pool '.*' is not active|Could not open '/i;

export function createLibvirt(options: LibvirtOptions): LibvirtHypervisor {
  const uri = options.uri ?? 'qemu:///system';
  const peer = options.peer ?? ((address: string) => `qemu+tls://${address}/system`);
  const [repairProgram, ...repairArguments] = options.repairCommand ?? ['systemctl', 'restart', 'libvirtd'];
  // Apart, so that questions are answered while slow actions hold their shells, and a hung QEMU holds neither.
  const queries = createShells(uri, 2);
  const actions = createShells(uri, 8);
  const probes = createShells(uri, 4);
  const domains = createDomains(queries);
  const migration = createMigration({ uri, peer, queries, look });
  const responsiveness = createResponsiveness(queries, probes);
  let definitions = 0;

  const hasProcess = (guest: string) => qemuProcesses().some((process) => process.guest === guest);

  /** Never rejects. `gone` needs both witnesses: libvirt knows of no active domain, and the kernel of no QEMU. */
  async function look(guest: string): Promise<'running' | 'paused' | 'gone' | 'unknown'> {
    try {
      const state = await domains.state(named(guest));
      if (state === 'starting') return 'running';
      if (state !== 'inactive') return state;
      return hasProcess(guest) ? 'unknown' : 'gone';
    } catch {
      return 'unknown';
    }
  }

  /** Runs one virsh command. `lost`: no answer came, so libvirtd may still carry it out, at any time. */
  const act = async (words: readonly string[], timeoutMs: number): Promise<{ error: string | null; lost: boolean }> => {
    try {
      return { ...(await actions.run(words, timeoutMs)), lost: false };
    } catch (error) {
      return { error: message(error), lost: true };
    }
  };

  async function define(guest: string, definition: string, token: string | null): Promise<Outcome> {
    const file = join(options.runDir, 'definitions', `${named(guest)}.${definitions++}.xml`);
    try {
      const xml = withGrant(guest, definition, token);
      mkdirSync(join(options.runDir, 'definitions'), { recursive: true, mode: 0o700 });
      writeFileSync(file, xml, { mode: 0o600 });
      const { error } = await actions.run(['define', file], DEFINE_MS);
      if (error !== null) return { kind: 'failed', reason: error };
      // Nobody but Rekindle starts its guests, the boot of the host included.
      const autostart = await actions.run(['autostart', '--disable', guest], DEFINE_MS);
      if (autostart.error !== null) return { kind: 'failed', reason: autostart.error };
      return { kind: 'succeeded', detail: 'defined' };
    } catch (error) {
      return silent(error) ? { kind: 'unknown', reason: message(error) } : { kind: 'failed', reason: message(error) };
    } finally {
      rmSync(file, { force: true });
    }
  }

  async function start(guest: string, given: string, token: string, installs = false): Promise<Outcome> {
    const definition = installs ? installForm(guest, given) : given;
    const before = await look(guest);
    if (before === 'unknown') return { kind: 'unknown', reason: `whether ${guest} runs here already cannot be seen` };
    if (before !== 'gone') {
      const held = await domains.token(guest).catch(() => null);
      return before === 'running' && held === token
        ? { kind: 'succeeded', detail: 'was running under this grant already' }
        : {
            kind: 'failed',
            reason: `${guest} is here already, ${before}, under ${held ? `grant ${held}` : 'no grant'}`,
          };
    }
    const defined = await define(guest, definition, token);
    if (defined.kind !== 'succeeded') return defined;
    // `--force-boot` throws away a saved memory image: the disk has moved on since, and the two together are garbage.
    const { error, lost } = await act(['start', '--force-boot', guest], START_MS);
    const after = await look(guest);
    if (after === 'running') return { kind: 'succeeded', detail: 'running' };
    if (after === 'gone' && !lost) {
      const reason = error ?? `${guest} ended right after its start`;
      return IMAGE_NOT_REACHED.test(reason) ? { kind: 'failed', reason, lacks: 'storage' } : { kind: 'failed', reason };
    }
    return { kind: 'unknown', reason: `${guest} is ${after} after its start${error ? `: ${error}` : ''}` };
  }

  /** Looks until the guest is gone or the time is over. `meanwhile` is called before each look. */
  async function awaitGone(guest: string, timeoutMs: number, meanwhile: (elapsedMs: number) => void = () => {}) {
    const began = performance.now();
    for (;;) {
      const elapsedMs = performance.now() - began;
      meanwhile(elapsedMs);
      const state = await look(guest);
      if (state === 'gone' || elapsedMs > timeoutMs) return state;
      await sleep(LOOK_AGAIN_MS);
    }
  }

  async function destroy(guest: string): Promise<Outcome> {
    const telling = act(['destroy', guest], DESTROY_MS);
    let killed = false;
    const state = await awaitGone(guest, DESTROY_MS, (elapsedMs) => {
      // Gone is what counts, and it is looked for in /proc: helping libvirt along loosens nothing.
      if (killed || elapsedMs < KILL_AFTER_MS) return;
      killed = true;
      killQemu(guest);
    });
    // Also when it is gone already: a destroy still on its way could hit the next instance.
    const { error, lost } = await telling;
    if (state === 'gone' && !lost)
      return { kind: 'succeeded', detail: killed ? 'gone; its QEMU had to be killed' : 'gone' };
    return {
      kind: 'unknown',
      reason: `${guest} is ${state} after ${DESTROY_MS} ms of being destroyed: ${error ?? 'libvirt said it was done'}`,
    };
  }

  async function shutdown(guest: string, timeoutMs: number): Promise<Outcome> {
    const { error, lost } = await act(['shutdown', guest], Math.min(timeoutMs, SHUTDOWN_MS));
    const state = error === null ? await awaitGone(guest, timeoutMs) : await look(guest);
    if (state === 'gone') return { kind: 'succeeded', detail: 'gone' };
    if (state === 'unknown' || lost)
      return { kind: 'unknown', reason: error ?? 'libvirt does not say whether it is gone' };
    return {
      kind: 'failed',
      reason: error ?? `${guest} is still ${state} ${timeoutMs} ms after it was asked to shut down`,
    };
  }

  async function turn(guest: string, verb: 'suspend' | 'resume', wanted: 'paused' | 'running'): Promise<Outcome> {
    const { error, lost } = await act([verb, guest], PAUSE_MS);
    const state = await look(guest);
    if (lost) return { kind: 'unknown', reason: `${guest} is ${state}: ${error}` };
    if (state === wanted) return { kind: 'succeeded', detail: wanted };
    if (state === 'unknown') return { kind: 'unknown', reason: error ?? 'libvirt does not say whether it did' };
    return { kind: 'failed', reason: `${guest} is ${state}${error ? `: ${error}` : ''}` };
  }

  async function repair(): Promise<Outcome> {
    const began = performance.now();
    const { failed, shortMessage } = await execa(repairProgram, repairArguments, {
      reject: false,
      timeout: REPAIR_MS,
      killSignal: 'SIGKILL',
      stdio: 'ignore',
    });
    if (failed) return { kind: 'failed', reason: shortMessage ?? 'the repair command failed' };
    while (performance.now() - began < REPAIR_MS) {
      const answered = await domains.list().then(
        () => true,
        () => false,
      );
      if (answered)
        return {
          kind: 'succeeded',
          detail: `libvirt answers ${Math.round(performance.now() - began)} ms after its restart`,
        };
      await sleep(100);
    }
    return { kind: 'failed', reason: `libvirt does not answer ${REPAIR_MS} ms after its restart` };
  }

  /** A bad name is an answer of its own, not a broken call. */
  const forGuest =
    <Rest extends unknown[]>(work: (guest: string, ...rest: Rest) => Promise<Outcome>) =>
    async (guest: string, ...rest: Rest): Promise<Outcome> => {
      try {
        return await work(named(guest), ...rest);
      } catch (error) {
        return { kind: 'failed', reason: message(error) };
      }
    };

  return {
    list: domains.list,
    processes: async () => [...new Set(qemuProcesses().map(({ guest }) => guest))],
    state: look,
    define: forGuest((guest, definition: string) => define(guest, definition, null)),
    start: forGuest(start),
    rebuild: forGuest((_guest, rebuild: RebuildSpec, token: string, timeoutMs: number) =>
      rebuildDisk(rebuild, token, timeoutMs),
    ),
    exchange: forGuest((_guest, disk: string, token: string) => exchangeDisk(disk, token)),
    destroy: forGuest(destroy),
    shutdown: forGuest(shutdown),
    pause: forGuest((guest) => turn(guest, 'suspend', 'paused')),
    // libvirt asks no hook before a resume: the caller checks its lease and its grant before, and pauses again when an
    // event tells of a resume that was not its own.
    resume: forGuest((guest) => turn(guest, 'resume', 'running')),
    migrate: forGuest(migration.migrate),
    abortMigration: forGuest(migration.abort),
    pingAgent: (guest, timeoutMs) => responsiveness.agent(named(guest), timeoutMs),
    responsive: (guest) => responsiveness.qemu(named(guest)),
    events: (signal) => followEvents(uri, signal),
    repair,
    close() {
      for (const shells of [queries, actions, probes]) shells.close();
    },
  };
}

const message = (error: unknown) => (error instanceof Error ? error.message : String(error));
const silent = (error: unknown) => (error as { code?: string }).code === 'LIBVIRT_SILENT';
