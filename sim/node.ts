/** One node of the invented data centre: its power, its disks, its processes, and the very services of the daemon. */
import { type Agent, startAgent } from '../services/agent/agent.ts';
import { createQualify } from '../services/agent/qualify.ts';
import { type Controller, startController } from '../services/controller/controller.ts';
import type { ArmedMachine, Enrolment, Say, VoterRegisters } from '../services/ports.ts';
import { addresses } from '../services/protocol.ts';
import { serveVoter } from '../services/voter/voter.ts';
import { createDomains } from './domains.ts';
import { createHook } from './hook.ts';
import { createHypervisor, type HostTrouble } from './hypervisor.ts';
import { digest, signerOf, verify, verifyRaw } from './keys.ts';
import { createMachine } from './machine.ts';
import {
  createJournal,
  createMemory,
  createRegisters,
  journalOnDisk,
  memoryOnDisk,
  registersOnDisk,
} from './memory.ts';
import { createNodeClock } from './node-clock.ts';
import { createProcess, type Process } from './process.ts';
import { createQualification } from './qualification.ts';
import { remember } from './settled.ts';
import { createWatchdog } from './watchdog.ts';
import type { WorldNode, WorldParts } from './world-node.ts';

const CRASH_AFTER_START_MS = 700;
const GREETING_MS = 2;
/** Not on disk yet when the power fails (SQLite with synchronous NORMAL): up to this many entries of the journal. */
const UNSYNCED_AT_MOST = 3;

const enrolment: Enrolment = {
  certify: async (host) => ({ kind: 'certified', certificate: `certificate of ${host}` }),
  files: () => ({}),
};
/** As HTTP clients wait for an answer. */
const ASK_MS = 5_000;

/** Tells of each life that is promised for the first time. */
const toldRegisters = (disk: VoterRegisters, leased: (host: string, counter: number) => void): VoterRegisters => ({
  ...disk,
  raisePromised(host, counter) {
    const isNew = counter > disk.promisedCounter(host);
    const life = disk.raisePromised(host, counter);
    if (isNew) leased(host, counter);
    return life;
  },
});

export function createNode(name: string, parts: WorldParts): WorldNode {
  const { spec, scheduler, model, network, stream, emit } = parts;
  const random = parts.random.fork(name);
  const hostSpec = spec.hosts[name];
  const registers = toldRegisters(createRegisters(), (host, counter) =>
    emit({ kind: 'leased', atMs: scheduler.now(), voter: name, host, counter, epoch: registers.highestEpoch() }),
  );
  let memory = createMemory();
  let journal = createJournal(parts.journaled, parts.checkpoint);
  const clock = createNodeClock(scheduler, random.between([1_000, 10_000_000]));
  const trouble: HostTrouble = {
    libvirt: 'well',
    starts: 'well',
    storageLost: false,
    stuckGuests: false,
  };
  const libvirtListeners = new Set<(up: boolean) => void>();
  const writers = new Map<string, string | null>();
  const hook = createHook(clock.nowMs);
  const secrets = random.fork('secrets');
  const ignored = new Set<(mac: string) => void>();
  let armed: readonly ArmedMachine[] = [];
  let imageLosses = 0;
  let boots = 0;
  let on = false;
  let booting = false;
  let freezes = 0;
  let daemonPauses = 0;
  let writeMs = 0;
  let resets = 0;
  let daemon: Process | null = null;
  let controller: Controller | null = null;
  let agent: Agent | null = null;

  const awake = () => on && freezes === 0;

  /** Says who can write from now on; called after anything that may have changed it. */
  const noteWriters = () => {
    const now = new Map<string, string | null>();
    if (awake()) for (const [guest, { state, token }] of domains.all()) if (state === 'running') now.set(guest, token);
    for (const [guest, token] of writers) {
      if (now.has(guest)) continue;
      writers.delete(guest);
      emit({ kind: 'writer', atMs: scheduler.now(), guest, host: name, on: false, token });
    }
    for (const [guest, token] of now) {
      if (writers.has(guest)) continue;
      writers.set(guest, token);
      emit({ kind: 'writer', atMs: scheduler.now(), guest, host: name, on: true, token });
    }
  };

  const domains = createDomains(noteWriters);
  domains.onNews((news) => {
    if (news.kind !== 'started') return;
    const { guest } = news;
    const domain = domains.get(guest);
    emit({ kind: 'started', atMs: scheduler.now(), guest, host: name, token: domain?.token ?? '' });
    const left = parts.crashes.get(guest) ?? 0;
    if (left === 0) return;
    parts.crashes.set(guest, left - 1);
    scheduler.at(
      scheduler.now() + CRASH_AFTER_START_MS,
      () => domains.get(guest) === domain && domains.end(guest, 'panicked'),
    );
  });

  const watchdog = createWatchdog({
    scheduler,
    random: random.fork('watchdog'),
    clock,
    timeoutMs: spec.times.watchdogMs,
    present: hostSpec !== undefined && hostSpec.watchdog.kind !== 'none',
    awake,
    petted: (clockMs, untilMs) => emit({ kind: 'pet', atMs: scheduler.now(), host: name, clockMs, untilMs }),
    bite() {
      resets += 1;
      node.powerOff('reset by its watchdog', true);
    },
  });

  const startDaemon = async (): Promise<void> => {
    const process = createProcess(scheduler);
    daemon = process;
    for (let i = 0; i < freezes + daemonPauses; i++) process.pause();
    const said = parts.say(name);
    const say: Say = {
      ...said,
      info(what, about) {
        if (what === 'elected leader')
          emit({ kind: 'elected', atMs: scheduler.now(), node: name, epoch: Number(about?.epoch) });
        said.info(what, about);
      },
    };
    const bus = network.bus(name, process);
    const ports = { clock: clock.clockOf(process), bus, say };
    const hold = () => writeMs > 0 && process.holdUp(writeMs);
    if (spec.voters.includes(name)) {
      serveVoter(
        { node: name, hosts: Object.keys(spec.hosts), times: spec.times },
        { ...ports, registers: registersOnDisk(registers, hold), signer: signerOf(name) },
      );
    }
    const opened = await startController(
      { node: name, spec, digest: 'sim', keys: parts.keys },
      {
        ...ports,
        log: stream.log(name, process),
        step: parts.step,
        journal: journalOnDisk(journal, () => process.alive() && hold()),
        verify,
        switches: parts.switchesFor(process),
        netBoot: {
          arm(machines) {
            armed = machines;
          },
          onIgnored(listener) {
            ignored.add(listener);
            return () => ignored.delete(listener);
          },
        },
        enrolment,
        secret: () => digest(`${name} ${secrets.next()}`),
        verifyRaw,
        async greets(host) {
          await process.delay(GREETING_MS);
          const there = parts.nodeAt(spec.hosts[host]?.address ?? '');
          return there?.awake() === true && network.connects(name, host);
        },
      },
    );
    if (daemon !== process) return;
    controller = opened;
    if (!hostSpec) return;
    agent = startAgent(
      { host: name, spec, journalHead: () => journal.head() },
      {
        ...ports,
        machine: { bootId: () => `${name}-${boots}` },
        memory: memoryOnDisk(memory, hold),
        hypervisor: createHypervisor(process, {
          scheduler,
          random: random.fork(`hypervisor ${scheduler.now()}`),
          model,
          domains,
          trouble,
          powered: () => on,
          awake,
          permits: hook.permits,
          peer(address) {
            const peer = parts.nodeAt(address);
            return peer && network.connects(name, peer.name) ? peer : null;
          },
          repaired: () => node.setLibvirt('well'),
          exchanged: (guest) => void parts.crashes.delete(guest),
          installs: (guest, ended) =>
            void (ended ? parts.crashes.delete(guest) : parts.crashes.set(guest, Number.MAX_SAFE_INTEGER)),
          onLibvirt(listener) {
            libvirtListeners.add(listener);
            return () => libvirtListeners.delete(listener);
          },
        }),
        guard: hook.guard,
        petter: watchdog.portOf(process),
        qualify: testOf(process),
        probe: { tcp: answersProbe, http: answersProbe },
      },
    );
  };

  const testOf = (process: Process) =>
    createQualify(name, spec, {
      clock: clock.clockOf(process),
      guard: hook.guard,
      say: parts.say(name),
      qualification: createQualification(
        process,
        { random: random.fork(`qualification ${scheduler.now()}`), model, trouble, permits: hook.permits },
        async () => Object.fromEntries(spec.voters.map((voter) => [voter, network.connects(name, voter)])),
      ),
    });

  /** Probes name no guest, so one of this host that hangs is what a probe from this host meets. */
  const answersProbe = async () => ![...domains.all().values()].some(({ hung, installing }) => hung || installing);

  const endDaemon = () => {
    daemon?.kill();
    daemon = null;
    controller = null;
    agent = null;
    armed = [];
    ignored.clear();
    libvirtListeners.clear();
    // Without power nobody closes its connections.
    network.drop(name, on);
  };

  const startSystem = (why: string) => {
    on = true;
    boots += 1;
    clock.boot();
    Object.assign(trouble, { libvirt: 'well', stuckGuests: false } satisfies Partial<HostTrouble>);
    network.setUp(name, true);
    watchdog.boot();
    emit({ kind: 'power', atMs: scheduler.now(), host: name, on: true, why });
    void startDaemon();
  };

  const others = () => Object.values(parts.nodes).filter((other) => other.name !== name && other.awake());
  const machine = createMachine({
    name,
    macs: hostSpec?.machine?.macs ?? [],
    serial: hostSpec?.machine?.disk.serial ?? name,
    diskFirst: hostSpec?.machine?.bootOrder === 'disk-first',
    scheduler,
    random: random.fork('machine'),
    model,
    emit,
    isArmed: () => others().some((other) => other.armed().some(({ host }) => host === name)),
    asksInVain(mac) {
      for (const other of others()) other.ignores(mac);
    },
    hasImages: () => others().some((other) => other.servesImages()),
    async ask(process, body, signature) {
      for (const from of others()) {
        if (!from.controller() || !from.servesImages()) continue;
        const address = addresses.provision(from.name);
        const message = { kind: 'provision', from: from.name, body, signature };
        const answer = await network
          .bus(from.name, process)
          .request(address, message, ASK_MS)
          .catch(() => null);
        if (answer !== null) return answer;
      }
      return null;
    },
    start(anew) {
      if (anew) {
        memory = createMemory();
        memory.setIncarnation({ bootId: 'before it was installed', counter: anew.counter });
        journal = createJournal(parts.journaled);
      }
      startSystem(anew ? 'newly installed' : 'boots from its disk');
    },
    stop: () => node.powerOff('switched off by its installer'),
  });

  const node: WorldNode = {
    name,
    machine,
    armed: () => armed,
    ignores(mac) {
      for (const listener of ignored) listener(mac);
    },
    setImages(there) {
      imageLosses += there ? -1 : 1;
    },
    servesImages: () => imageLosses === 0,
    isHost: hostSpec !== undefined,
    clock,
    domains,
    trouble,
    permits: hook.permits,
    watchdog,
    get memory() {
      return memory;
    },
    registers,
    powered: () => on,
    hasPower: () => on || booting || machine.busy(),
    awake,
    controller: () => controller,
    agent: () => agent,
    instances: domains.all,
    clockMs: clock.nowMs,
    resets: () => resets,

    powerOff(why, back = false) {
      // A boot under way ends here too.
      if (booting) {
        boots += 1;
        booting = false;
        if (back) node.powerOn('boots again');
      }
      if (machine.busy()) {
        machine.powerOff();
        boots += 1;
        emit({ kind: 'power', atMs: scheduler.now(), host: name, on: false, why });
        if (back) node.powerOn('boots again');
      }
      if (!on) return;
      on = false;
      boots += 1;
      freezes = 0;
      daemonPauses = 0;
      endDaemon();
      watchdog.powerOff();
      domains.powerLoss();
      network.setUp(name, false);
      hook.clear();
      if (random.chance(0.5)) journal.lose(random.below(UNSYNCED_AT_MOST + 1));
      emit({ kind: 'power', atMs: scheduler.now(), host: name, on: false, why });
      if (back) node.powerOn('boots again');
    },
    powerOn(why) {
      if (on || booting || machine.busy()) return;
      booting = true;
      const boot = boots;
      scheduler.at(scheduler.now() + random.between(model.hostBootMs), () => {
        if (boot !== boots) return;
        booting = false;
        if (!machine.boot()) startSystem(why);
      });
    },
    settle(guests) {
      on = true;
      boots = 1;
      network.setUp(name, true);
      watchdog.boot();
      remember(memory, registers, name, guests, Object.keys(spec.hosts));
      for (const [guest, token] of guests) domains.create(guest, token);
      emit({ kind: 'power', atMs: scheduler.now(), host: name, on: true, why: 'it has run for long' });
      scheduler.at(scheduler.now() + random.between(model.hostBootMs), () => {
        if (on && boots === 1 && !daemon) void startDaemon();
      });
    },
    killDaemon() {
      if (!daemon) return;
      endDaemon();
      const boot = boots;
      scheduler.at(scheduler.now() + random.between(model.daemonRestartMs), () => {
        if (boot === boots && on && !daemon) void startDaemon();
      });
    },
    pauseDaemon(paused) {
      if (!paused && daemonPauses === 0) return;
      daemonPauses += paused ? 1 : -1;
      if (paused) daemon?.pause();
      else daemon?.resume();
    },
    freeze(frozen) {
      if (!on || (!frozen && freezes === 0)) return;
      freezes += frozen ? 1 : -1;
      network.setUp(name, freezes === 0);
      if (frozen) daemon?.pause();
      else daemon?.resume();
      noteWriters();
    },
    setWriteMs(ms) {
      writeMs = ms;
    },
    setLibvirt(mode) {
      const before = trouble.libvirt;
      trouble.libvirt = mode;
      if (before === mode || (before !== 'well' && mode !== 'well')) return;
      for (const listener of libvirtListeners) listener(mode === 'well');
    },
    setStorage(there) {
      trouble.storageLost = !there;
      if (there) return;
      for (const guest of [...domains.all().keys()]) domains.set(guest, 'paused', 'io-error');
    },
  };
  return node;
}
