/**
 * The hardware below a host: its disk, its boot device, and the installer that runs in it after a boot from the network.
 * It speaks the very messages of services/provisioning.ts, to whichever node answers.
 */
import { createHash } from 'node:crypto';
import { type InstallAnswer, type InstallRequest, installAnswerSchema } from '../services/provisioning.ts';
import { createProcess, type Process } from './process.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Model, WorldEvent } from './simulation.ts';

export interface SimMachine {
  /** After the power-on self test. False: the system on its disk starts. */
  boot(): boolean;
  powerOff(): void;
  /** It has power, and its own system does not run. */
  busy(): boolean;
  /** The next boot is from the network. */
  bootFromNetwork(): void;
  /** A person has installed it, and gives it a ticket. */
  join(ticket: { readonly job: string; readonly attempt: number }): void;
  readonly troubles: MachineTroubles;
}

export interface MachineTroubles {
  /** What it boots from is gone. A system that runs goes on until its next boot. */
  ruined: boolean;
  /** Its firmware tries the network before the disk, whatever the cluster file says. */
  networkFirst: boolean;
  /** Network boots that end at its disk all the same; installers that stand still while they write. */
  ignoresNetwork: number;
  hangs: number;
  /** A second machine, on the same wire, shows the ticket of the next one. */
  stolen: boolean;
  /** A second machine asks for the next ticket, under this one's MAC address and before it. */
  forged: boolean;
  /** Of the disk that is in it. */
  serial: string;
}

export interface MachineParts {
  readonly name: string;
  readonly macs: readonly string[];
  readonly serial: string;
  /** When its disk does not start, its firmware goes on to the network. */
  readonly diskFirst: boolean;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly model: Model;
  readonly emit: (event: WorldEvent) => void;
  /** Passes a request on by some node that serves machines; null when none does, or none was answered. */
  readonly ask: (process: Process, body: string, signature: string | null) => Promise<unknown>;
  /** True while a node answers DHCP requests of this machine. */
  readonly isArmed: () => boolean;
  /** Nodes hear it ask for a network boot, and do not answer. */
  readonly asksInVain: (mac: string) => void;
  /** Some node serves images. */
  readonly hasImages: () => boolean;
  /** The system on its disk starts; with all that an installation leaves of the old one: nothing. */
  readonly start: (anew: { counter: number } | null) => void;
  readonly stop: () => void;
}

const RETRY_MS = 1_000;
const PROGRESS_MS = 2_000;
/** A firmware asks for a network boot at these distances, and gives up. */
const ASKS_MS = [0, 4_000, 8_000, 16_000];
/** A boot script that is refused costs this, until the firmware tries the next device. */
const REFUSED_MS = 5_000;
const IMAGE_BYTES = 4 * 2 ** 30;

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
/** What the simulated verifyRaw checks. */
export const signRaw = (key: string, text: string): string => digest(`${key} ${text}`);
/** Of the ticket that the person of the stories carries to a host: both halves, in the form of a public key. */
export const ticketKey = (host: string): string => Buffer.from(digest(`ticket of ${host}`), 'hex').toString('base64');

type Unsigned = { readonly kind: InstallRequest['kind'] } & Record<string, unknown>;

export function createMachine(parts: MachineParts): SimMachine {
  const { name, scheduler, model, emit } = parts;
  const random = parts.random;
  const troubles: MachineTroubles = {
    ruined: false,
    networkFirst: false,
    ignoresNetwork: 0,
    hangs: 0,
    stolen: false,
    forged: false,
    serial: parts.serial,
  };
  let network = false;
  let running: Process | null = null;
  let keys = 0;
  /** Left on the disk by the installer, for the one enrolment of what it installed. */
  let seed: Installer | null = null;

  interface Installer {
    readonly key: string;
    readonly of: { readonly job: string; readonly attempt: number };
    /** Absent where a person has installed it. */
    readonly manifest?: string;
    n: number;
  }

  const note = (what: Extract<WorldEvent, { kind: 'machine' }>['what'], of?: Installer['of']) =>
    emit({ kind: 'machine', atMs: scheduler.now(), host: name, what, serial: troubles.serial, ...of });

  const send = async (process: Process, body: string, signature: string | null): Promise<InstallAnswer | null> =>
    installAnswerSchema.safeParse(await parts.ask(process, body, signature)).data ?? null;

  /** Again and again, until it is answered with anything but "later". */
  const insist = async (process: Process, request: Unsigned, installer: Installer | null): Promise<InstallAnswer> => {
    for (;;) {
      const signed = installer ? { ...request, ...installer.of, n: installer.n++ } : request;
      const body = JSON.stringify(signed);
      const answer = await send(process, body, installer ? signRaw(installer.key, body) : null);
      if (answer && !(answer.kind === 'refused' && !answer.stop)) return answer;
      await process.delay(RETRY_MS);
    }
  };

  const hello = (plan: { job: string; attempt: number; token: string }, key: string): Unsigned => ({
    kind: 'hello',
    job: plan.job,
    attempt: plan.attempt,
    token: plan.token,
    key,
    inventory: {
      uuid: null,
      macs: parts.macs,
      firmware: 'uefi',
      memoryMiB: 16_384,
      cpus: 8,
      disks: [
        {
          device: 'sda',
          serial: troubles.serial,
          wwn: null,
          bytes: 64 * 2 ** 30,
          removable: false,
          blank: false,
          guid: null,
          signatures: [],
        },
      ],
    },
  });

  const write = async (process: Process, installer: Installer): Promise<void> => {
    const hung = troubles.hangs > 0;
    if (hung) troubles.hangs -= 1;
    const tookMs = random.between(model.installMs);
    let doneMs = 0;
    while (doneMs < tookMs) {
      await process.delay(PROGRESS_MS);
      if (!hung && parts.hasImages()) doneMs += PROGRESS_MS;
      const bytes = Math.floor((Math.min(doneMs, tookMs) / tookMs) * IMAGE_BYTES);
      const body = JSON.stringify({
        kind: 'progress',
        phase: 'write',
        bytes,
        ...installer.of,
        of: IMAGE_BYTES,
        n: installer.n++,
      });
      void send(process, body, signRaw(installer.key, body));
    }
  };

  const install = async (process: Process): Promise<void> => {
    const asks = JSON.stringify({ kind: 'boot', mac: parts.macs[0], uuid: null });
    if (troubles.forged) {
      troubles.forged = false;
      await send(process, asks, null);
    }
    const asked = await send(process, asks, null);
    if (asked?.kind !== 'boot') {
      await process.delay(REFUSED_MS);
      return fromDisk(process);
    }
    await process.delay(random.between(model.installerBootMs));
    const key = digest(`${name} ${++keys}`);
    const welcomed = insist(process, hello(asked, key), null);
    if (troubles.stolen) {
      troubles.stolen = false;
      void welcomed
        .then(() => send(process, JSON.stringify(hello(asked, digest(`thief ${name}`))), null))
        .then((answer) => answer?.kind === 'plan' && note('plan-stolen', { job: asked.job, attempt: asked.attempt }));
    }
    const answer = await welcomed;
    if (answer.kind !== 'plan') return parts.stop();
    const { plan } = answer;
    const installer: Installer = {
      key,
      of: { job: plan.job, attempt: plan.attempt },
      manifest: plan.image.manifest,
      n: 0,
    };
    if (plan.mode === 'install') return overwrite(process, installer);
    if (plan.mode === 'rescue') await process.delay(random.between(model.installMs));
    else await write(process, installer);
    await insist(process, { kind: 'finished', report: { disk: plan.disk.device } }, installer);
    parts.stop();
  };

  const overwrite = async (process: Process, installer: Installer): Promise<void> => {
    const { serial } = troubles;
    const { manifest } = installer;
    const go = await insist(process, { kind: 'commit', disk: { serial }, manifest }, installer);
    if (go.kind !== 'go' || go.disk.serial !== serial) return parts.stop();
    note('disk-given-up', installer.of);
    troubles.ruined = true;
    seed = null;
    await write(process, installer);
    const sealed = await insist(process, { kind: 'sealed', manifest, bytes: IMAGE_BYTES, tookMs: 1 }, installer);
    if (sealed.kind !== 'ok') return parts.stop();
    troubles.ruined = false;
    seed = installer;
    note('disk-written', installer.of);
    await insist(process, { kind: 'bye', how: 'kexec' }, installer);
    await process.delay(random.between(model.hostBootMs));
    return firstBoot(process);
  };

  const firstBoot = async (process: Process): Promise<void> => {
    const installer = seed!;
    const keys = { agent: 'A', voter: 'V', controller: 'C', node: name };
    const about = { keys, request: `request of ${name}`, image: installer.manifest };
    const answer = await insist(process, { kind: 'enrol', ...about }, installer);
    if (troubles.stolen && installer.manifest === undefined) {
      troubles.stolen = false;
      const thief = { ...about, kind: 'enrol', keys: { ...keys, node: 'thief' } } as const;
      const second = await insist(process, thief, installer);
      if (second.kind === 'enrolled') note('plan-stolen', installer.of);
    }
    const byHand = installer.manifest === undefined;
    if (answer.kind !== 'enrolled' && !byHand) return parts.stop();
    seed = null;
    end();
    if (answer.kind !== 'enrolled') return;
    if (byHand) {
      // What ran until now was another machine, and that is gone.
      parts.stop();
      note('brought', installer.of);
    }
    parts.start({ counter: answer.counter });
  };

  const fromDisk = async (process: Process): Promise<void> => {
    if (troubles.ruined) {
      note('no-boot');
      return parts.diskFirst ? fallThrough(process) : undefined;
    }
    if (seed) return firstBoot(process);
    end();
    parts.start(null);
  };

  const fallThrough = async (process: Process): Promise<void> => {
    for (const afterMs of ASKS_MS) {
      await process.delay(afterMs);
      if (parts.isArmed()) {
        note('network-boot');
        return install(process);
      }
      parts.asksInVain(parts.macs[0]!);
    }
  };

  const end = () => {
    running?.kill();
    running = null;
  };
  const run = (work: (process: Process) => Promise<void>): true => {
    const process = createProcess(scheduler);
    running = process;
    void work(process);
    return true;
  };

  return {
    troubles,
    busy: () => running !== null,
    bootFromNetwork() {
      network = true;
    },
    boot() {
      const fromNetwork = network;
      network = false;
      if (fromNetwork && troubles.ignoresNetwork > 0) troubles.ignoresNetwork -= 1;
      else if ((fromNetwork || troubles.networkFirst) && parts.isArmed()) {
        note('network-boot');
        return run(install);
      }
      if (troubles.networkFirst) parts.asksInVain(parts.macs[0]!);
      return troubles.ruined || seed ? run(fromDisk) : false;
    },
    join(ticket) {
      if (running !== null) return;
      troubles.ruined = false;
      seed = { key: ticketKey(name), of: ticket, n: 0 };
      run(firstBoot);
    },
    powerOff: end,
  };
}
