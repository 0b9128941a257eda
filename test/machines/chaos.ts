/** Entries without rhyme or reason, and entries that a leader might well write: both from a stream of choices. */
import { drainSteps } from '../../machines/drain.ts';
import { dataSchemas, type Entry, type EntryType, type Proof, type Stored } from '../../machines/entries.ts';
import { type Fleet, GENESIS_HASH, latestLife } from '../../machines/fleet.ts';
import { place } from '../../machines/placement.ts';
import { isUnderWay } from '../../machines/reinstall.ts';
import { nameOf } from '../../machines/sentences.ts';
import { spareSteps } from '../../machines/spares.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { spec, T0 } from './given.ts';

export const ENTRY_TYPES = Object.keys(dataSchemas) as EntryType[];

export interface Draw {
  number(below: number): number;
  of<T>(choices: readonly T[]): T;
}

/** A stream of choices; the same seed gives the same story. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0 || 1;
  const number = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return below <= 0 ? 0 : (state >>> 8) % below;
  };
  return { number, of: (choices) => choices[number(choices.length)]! };
}

export const HOSTS = ['h1', 'h2', 'h3'];
export const GUESTS = ['g1', 'g2', 'g3', 'constructor'];

const machine = (host: string) => ({
  macs: [`52:54:00:00:00:0${host.slice(1)}`],
  disk: { serial: `disk-${host}` },
});
const DIGEST = 'a'.repeat(64);
const inventory = (host: string) => ({
  uuid: null,
  macs: machine(host).macs,
  firmware: 'uefi',
  memoryMiB: 1,
  cpus: 1,
  disks: [],
});
const target = (host: string) => ({ device: 'sda', serial: `disk-${host}`, wwn: null, bytes: 1 });

export const world = (draw?: Draw): ClusterSpec =>
  spec(
    {
      h1: {},
      h2: { machine: machine('h2') },
      h3: { spare: true, machine: { ...machine('h3'), bootOrder: 'disk-first' } },
    },
    Object.fromEntries(
      GUESTS.map((name, i) => [
        name,
        {
          prefers: HOSTS[i % 3]!,
          ...(i % 2 === 0 ? { rebuild: { disk: '/images/disk.raw', network: true as const } } : {}),
          apart: name === 'g1' ? ['g2'] : [],
          desired: draw?.of(['running', 'running', 'stopped'] as const) ?? 'running',
          ladder: {
            inPlace: { tries: draw?.number(3) ?? 2, withinMs: 60_000, backoffMs: 500 },
            relocate: { tries: draw?.number(3) ?? 2, withinMs: 60_000, backoffMs: 500 },
            reinstall: draw?.of(['never', 'allowed'] as const) ?? 'never',
          },
        },
      ]),
    ),
    {
      hostLadder: {
        powerCycle: { tries: 2, withinMs: 600_000, backoffMs: 1_000 },
        reinstall: draw?.of(['never', 'allowed'] as const) ?? 'never',
      },
      voters: ['h1'],
      provisioning: { network: '10.0.0.0/8', image: 'host', imageKeys: {}, perDay: 50, tries: 2 },
    },
  );

export function proof(draw: Draw): Proof {
  const blockedBy = [{ voter: 'h1', host: 'h3', counter: 1, epoch: 1, remainingMs: 10, signature: 's' }];
  return draw.of<Proof>([
    { kind: 'R1', how: 'no process' },
    {
      kind: 'R2',
      method: 'ipmi',
      readings: [
        { state: 'off', atMs: 1 },
        { state: 'off', atMs: 2 },
      ],
      readingsApartMs: 1,
      blockedBy,
    },
    { kind: 'R3', waitedMs: 5_000, blockedBy },
    { kind: 'R5', by: 'ann', checked: 'the LED', key: 'U', signature: 's', blockedBy },
  ]);
}

/** Data of the right shape and any content. */
export function anyData(type: EntryType, fleet: Fleet, draw: Draw): unknown {
  const host = () => draw.of([...HOSTS, 'h9']);
  const held = () =>
    draw.of([
      ...Object.values(fleet.guests).flatMap(({ context }) => (context.grant ? [context.grant.token] : [])),
      '1.1',
      '99.1',
    ]);
  const counter = () => draw.number(4);
  const intent = () => draw.of([...Object.keys(fleet.intents), 'guest/g1/start@1']);
  const startOf = () => ({ host: host(), counter: counter(), token: held() });
  const instances = () =>
    GUESTS.filter(() => draw.number(3) === 0).map((guest) => ({
      guest,
      token: draw.of([held(), null]),
      state: draw.of(['running', 'paused', 'starting'] as const),
    }));
  const answer = () => ({
    incarnation: { bootId: 'b', counter: counter() },
    selfFencing: true,
    watchdog: 'device',
    instances: instances(),
  });
  const bootOf = () => {
    const { job, attempt } = draw.of(Object.values(fleet.jobs))?.context ?? { job: '', attempt: 0 };
    return { job: draw.of([job, intent()]), attempt: draw.of([attempt || 1, 2]) };
  };
  const [noun, verb] = type.split('.') as [string, string];
  if (noun !== 'fence' && ['succeeded', 'failed', 'unknown'].includes(verb)) {
    const about =
      noun === 'start' || noun === 'stop'
        ? startOf()
        : noun === 'migration'
          ? { from: host(), to: host(), token: held() }
          : noun === 'power-on'
            ? { method: 'ipmi' }
            : noun === 'repair'
              ? { what: 'libvirt' }
              : noun === 'netboot'
                ? { ...bootOf(), method: 'ipmi' }
                : {};
    return { intent: intent(), ...about, ...(verb === 'succeeded' ? { detail: '' } : { reason: 'r' }) };
  }
  const refused = [{ host: 'h2', reason: 'full' }];
  const by = 'ann';
  const data: Partial<Record<EntryType, () => unknown>> = {
    'cluster.configured': () => ({ digest: 'd', spec: world(draw) }),
    'cluster.frozen': () => ({ by, reason: 'r' }),
    'cluster.thawed': () => ({ by }),
    'leader.elected': () => ({ node: host() }),
    'leases.reported': () => ({ lives: { [host()]: counter() } }),
    'brake.applied': () => ({ silent: [host()], of: 3 }),
    'brake.released': () => ({ by }),
    'headroom.changed': () => ({ survivable: true, why: 'w' }),
    'log.loss-detected': () => ({ from: 1, to: 2, journal: 'h1' }),
    'log.fork-detected': () => ({ seq: 1, ours: 'a', theirs: 'b' }),
    'timer.fired': () => {
      const armed = draw.of(Object.values(fleet.timers));
      return { timer: armed?.id ?? 'guest/g1/retry', armedSeq: (armed?.armedSeq ?? 1) + draw.of([0, 0, 1]) };
    },
    'host.joined': answer,
    'host.surveyed': answer,
    'host.suspected': () => ({ counter: counter(), silentMs: 1_000, witnesses: [{ voter: 'h1', heardAgoMs: null }] }),
    'host.cleared': () => ({ counter: counter(), why: 'heard' }),
    'host.degraded': () => ({
      what: draw.of(['libvirt', 'storage', 'disk', 'watchdog', 'log', 'netboot']),
      reason: 'r',
    }),
    'host.restored': () => ({ what: draw.of(['libvirt', 'storage', 'disk', 'watchdog', 'log']) }),
    'host.quiesced': () => ({ counter: counter(), pausedMs: 10 }),
    'fence.requested': () => ({ by, reason: 'r' }),
    'fence.proven': () => ({ counter: counter(), proof: proof(draw) }),
    'fence.failed': () => ({ counter: counter(), attempts: [{ method: 'ipmi', reason: 'dead' }] }),
    'maintenance.started': () => (draw.number(2) === 0 ? { by } : { by, drain: true }),
    'maintenance.ended': () => ({ by }),
    'drain.changed': () => ({ keeps: draw.of([[], [{ guest: draw.of(GUESTS), code: 'NO_PLACE', reason: 'r' }]]) }),
    'spare.called': () => ({ guests: [draw.of(GUESTS)], why: 'w' }),
    'image.published': () => ({ name: 'host', version: draw.number(3), manifest: DIGEST, by }),
    'boot.fallen-through': () => {
      const waits = draw.of(HOSTS.map((host) => fleet.timers[`host/${host}/rejoin`] ?? { armedSeq: draw.number(50) }));
      return { mac: machine(draw.of(HOSTS)).macs[0], by: 'h1', armedSeq: waits.armedSeq };
    },
    'reinstall.requested': () => ({ mode: draw.of(['install', 'dry-run', 'rescue']), by, reason: 'r', plan: DIGEST }),
    'reinstall.vetoed': () => ({ job: bootOf().job, by }),
    'reinstall.armed': () => ({
      ...bootOf(),
      mode: 'install',
      image: { name: 'host', version: 1, manifest: DIGEST },
    }),
    'reinstall.ticketed': () => ({ ...bootOf(), mac: machine('h2').macs[0], token: DIGEST }),
    'reinstall.booted': () => ({
      ...bootOf(),
      key: 'k',
      inventory: inventory('h2'),
      disk: draw.of([null, target('h2')]),
      why: 'w',
    }),
    'reinstall.committed': () => ({ ...bootOf(), disk: machine(draw.of(['h2', 'h3'])).disk, manifest: DIGEST }),
    'reinstall.sealed': () => ({ ...bootOf(), manifest: DIGEST, bytes: 1, tookMs: 1 }),
    'reinstall.left': () => ({ ...bootOf(), how: draw.of(['kexec', 'reboot', 'power-off', 'finished']) }),
    'reinstall.aborted': () => ({ ...bootOf(), phase: 'write', reason: 'r' }),
    'reinstall.replayed': () => ({ ...bootOf(), reason: 'r' }),
    'join.offered': () => ({ by, reason: 'r', key: 'k', withinMs: 900_000 }),
    'host.enrolled': () => ({
      ...bootOf(),
      keys: { agent: 'a', voter: 'v', controller: 'c', node: 'n' },
      image: DIGEST,
    }),
    'guest.crashed': () => ({
      ...startOf(),
      cause: draw.of(['process-died', 'panicked', 'shut-down', 'destroyed']),
      gone: draw.of([true, false]),
      detail: 'd',
    }),
    'guest.hung': () => ({ ...startOf(), probe: 'agent', detail: 'd' }),
    'guest.healthy': () => ({ ...startOf(), probe: 'http' }),
    'guest.paused': () => ({ ...startOf(), why: 'w' }),
    'guest.resumed': startOf,
    'guest.adopted': () => ({ host: host(), counter: counter(), why: 'found' }),
    'guest.duplicated': () => ({ hosts: ['h1', 'h2'] }),
    'guest.ordered': () => ({ desired: draw.of(['running', 'stopped']), by }),
    'guest.migration-requested': () =>
      draw.number(2) === 0 ? { to: draw.of([host(), null]), by } : { to: null, by, drains: host(), avoid: [host()] },
    'guest.granted': () => ({
      host: host(),
      counter: counter(),
      purpose: draw.of(['first-start', 'in-place', 'relocation', 'migration']),
      why: 'w',
      refused,
      release: draw.of([
        { kind: 'none', entry: '' },
        { kind: 'R1', entry: '1.1' },
      ]),
    }),
    'guest.unplaced': () => ({ why: 'w', refused }),
  };
  return dataSchemas[type].parse(data[type]!());
}

export function anySubject(type: EntryType, draw: Draw): string {
  if (draw.number(12) === 0) return draw.of(['cluster', 'host/h9', 'guest/g9', 'host/h1', 'guest/g1']);
  const word = type.slice(0, type.indexOf('.'));
  if (
    [
      'host',
      'fence',
      'maintenance',
      'drain',
      'spare',
      'boot',
      'power-on',
      'repair',
      'reinstall',
      'netboot',
      'qualify',
      'join',
    ].includes(word)
  )
    return `host/${draw.of(HOSTS)}`;
  if (['guest', 'start', 'stop', 'migration'].includes(word)) return `guest/${draw.of(GUESTS)}`;
  return 'cluster';
}

/** The next entry of a log: sometimes sheer noise, mostly what the state calls for. */
export function nextEntry(fleet: Fleet, draw: Draw): Stored {
  const seq = fleet.seq + 1;
  const plausible = draw.number(10) < 7 ? likely(fleet, draw) : null;
  const type = plausible?.type ?? draw.of(ENTRY_TYPES);
  const epoch =
    type === 'leader.elected' ? fleet.epoch + draw.number(3) : draw.number(15) === 0 ? draw.number(5) : fleet.epoch;
  const entry = {
    specversion: '1.0',
    id: `${epoch}.${seq}`,
    type,
    source: 'h1',
    subject: plausible?.subject ?? anySubject(type, draw),
    time: new Date(T0 + seq * 300 - draw.number(1_000)).toISOString(),
    epoch,
    cause: plausible?.cause ?? 'observation',
    prevhash: GENESIS_HASH,
    data: dataSchemas[type].parse(plausible?.data ?? anyData(type, fleet, draw)),
  } as Entry;
  return { seq, hash: String(seq).padStart(64, '0'), entry };
}

interface Likely {
  type: EntryType;
  subject: string;
  cause?: string;
  data: unknown;
}

/** The next step of a reinstallation. */
function installing(fleet: Fleet, host: string, id: string, draw: Draw): Likely | null {
  const subject = `host/${host}`;
  const image = { name: 'host', version: 1, manifest: DIGEST };
  if (!fleet.images.host)
    return {
      type: 'image.published',
      subject: 'cluster',
      data: { name: 'host', version: 1, manifest: DIGEST, by: 'ann' },
    };
  const job = fleet.jobs[host];
  if (job?.context.job !== id) {
    const mode = job?.state === 'waiting' ? job.context.mode : 'install';
    return { type: 'reinstall.armed', subject, data: { job: id, attempt: 1, mode, image } };
  }
  const { attempt, token, enrolled } = job.context;
  const of = { job: id, attempt };
  switch (job.state) {
    case 'armed':
    case 'powered': {
      const boot = Object.values(fleet.intents).find(({ intent: { type } }) => type === 'netboot');
      if (boot?.subject === subject && draw.number(2) === 0)
        return { type: 'netboot.succeeded', subject, data: { ...of, intent: boot.id, method: 'ipmi', detail: '' } };
      return token === null
        ? { type: 'reinstall.ticketed', subject, data: { ...of, mac: machine(host).macs[0], token: DIGEST } }
        : {
            type: 'reinstall.booted',
            subject,
            data: { ...of, key: 'k', inventory: inventory(host), disk: target(host), why: 'w' },
          };
    }
    case 'booted':
      return { type: 'reinstall.committed', subject, data: { ...of, disk: machine(host).disk, manifest: DIGEST } };
    case 'committed':
      return { type: 'reinstall.sealed', subject, data: { ...of, manifest: DIGEST, bytes: 1, tookMs: 1 } };
    case 'sealed':
      return { type: 'reinstall.left', subject, data: { ...of, how: 'kexec' } };
    case 'first-boot': {
      if (enrolled) {
        const counter = Math.max(0, latestLife(fleet.hosts[host]!.context)) + 1;
        const incarnation = { bootId: `b${counter}`, counter };
        return {
          type: 'host.joined',
          subject,
          data: { incarnation, selfFencing: true, watchdog: 'd', instances: [] },
        };
      }
      const keys = { agent: 'a', voter: 'v', controller: 'c', node: 'n' };
      return { type: 'host.enrolled', subject, data: { ...of, keys, image: DIGEST } };
    }
    default:
      return draw.number(2) === 0 ? { type: 'reinstall.failed', subject, data: { intent: id, reason: 'r' } } : null;
  }
}

/** What a leader and agents would write in this state: outcomes, places, proofs, timers, crashes. */
function likely(fleet: Fleet, draw: Draw): Likely | null {
  if (fleet.epoch === 0) return { type: 'leader.elected', subject: 'cluster', data: { node: 'h1' } };
  if (fleet.spec === null)
    return { type: 'cluster.configured', subject: 'cluster', data: { digest: 'd', spec: world(draw) } };
  if (fleet.frozen && draw.number(4) === 0) return { type: 'cluster.thawed', subject: 'cluster', data: { by: 'ann' } };
  if (fleet.brake && draw.number(4) === 0) return { type: 'brake.released', subject: 'cluster', data: { by: 'ann' } };
  const spare = Object.keys(fleet.hosts).find((host) => fleet.spec?.hosts[host]?.spare);
  if (spare && draw.number(4) === 0) {
    const { state, context } = fleet.hosts[spare]!;
    const subject = `host/${spare}`;
    if (state === 'running') return { type: 'maintenance.started', subject, data: { by: 'ann', drain: true } };
    if (state === 'maintenance')
      return context.fence === null
        ? { type: 'fence.proven', subject, data: { counter: latestLife(context), proof: proof(draw) } }
        : { type: 'maintenance.ended', subject, data: { by: 'ann' } };
  }
  const [step] = [...drainSteps(fleet), ...spareSteps(fleet)];
  if (step && draw.number(2) === 0) return step;
  const busy = Object.values(fleet.jobs).filter(isUnderWay);
  if (busy.length > 0 && draw.number(2) === 0) {
    const { id, job } = draw.of(busy).context;
    return installing(fleet, id, job, draw);
  }
  const { intent, subject, id, cause } = draw.of([...Object.values(fleet.intents)]) ?? {};
  const timer = draw.of(Object.values(fleet.timers));
  if (timer && draw.number(5) === 0)
    return { type: 'timer.fired', subject: timer.subject, data: { timer: timer.id, armedSeq: timer.armedSeq } };
  if (intent && subject && id && cause && draw.number(3) > 0) {
    const verdict = draw.of(['succeeded', 'succeeded', 'failed', 'unknown'] as const);
    const words = verdict === 'succeeded' ? { detail: '' } : { reason: 'r' };
    switch (intent.type) {
      case 'fence':
        return draw.number(3) === 0
          ? { type: 'fence.failed', subject, cause, data: { counter: intent.counter, attempts: [] } }
          : { type: 'fence.proven', subject, cause, data: { counter: intent.counter, proof: proof(draw) } };
      case 'place': {
        const [choice] = place(fleet, [intent]);
        if (!choice?.host) return { type: 'guest.unplaced', subject, cause, data: { why: 'w', refused: [] } };
        const { release } = fleet.guests[intent.guest]!.context;
        const counter = fleet.hosts[choice.host]!.context.incarnation!.counter;
        return {
          type: 'guest.granted',
          subject,
          cause,
          data: {
            host: choice.host,
            counter,
            purpose: intent.purpose,
            why: choice.why,
            refused: choice.refused,
            release: release ?? { kind: 'none', entry: '' },
          },
        };
      }
      case 'start':
      case 'stop':
        return {
          type: `${intent.type}.${verdict}`,
          subject,
          cause,
          data: { intent: id, host: intent.host, counter: intent.counter, token: intent.token, ...words },
        };
      case 'migrate':
        return {
          type: `migration.${verdict}`,
          subject,
          cause,
          data: { intent: id, from: intent.from, to: intent.to, token: intent.token, ...words },
        };
      case 'power-on':
        return { type: `power-on.${verdict}`, subject, cause, data: { intent: id, method: 'ipmi', ...words } };
      case 'repair':
        return { type: `repair.${verdict}`, subject, cause, data: { intent: id, what: 'libvirt', ...words } };
      case 'netboot': {
        const { job, attempt } = intent;
        return {
          type: `netboot.${verdict}`,
          subject,
          cause,
          data: { intent: id, job, attempt, method: 'ipmi', ...words },
        };
      }
      case 'qualify':
        return { type: `qualify.${verdict}`, subject, cause, data: { intent: id, ...words } };
      case 'reinstall':
        if (subject.startsWith('host/') && draw.number(4) > 0) return installing(fleet, nameOf(subject), id, draw);
        return { type: `reinstall.${verdict}`, subject, cause, data: { intent: id, ...words } };
    }
  }
  const name = draw.of(HOSTS);
  const host = fleet.hosts[name]?.context;
  const counter = host ? Math.max(0, latestLife(host)) : 0;
  const guest = draw.of(GUESTS);
  const { grant, release, observed } = fleet.guests[guest]?.context ?? {};
  const listed = (life: number) =>
    Object.values(fleet.guests).flatMap(({ context: c }) =>
      c.grant && c.release === null && c.grant.host === name && c.grant.counter === life && c.observed !== 'unknown'
        ? [{ guest: c.id, token: c.grant.token, state: 'running' }]
        : [],
    );
  const answer = (life: number, instances: unknown) => ({
    incarnation: { bootId: `b${life}`, counter: life },
    selfFencing: true,
    watchdog: 'd',
    instances,
  });
  switch (draw.number(9)) {
    case 0:
      return { type: 'host.joined', subject: `host/${name}`, data: answer(counter + 1, []) };
    case 1:
      return { type: 'host.surveyed', subject: `host/${name}`, data: answer(counter, listed(counter)) };
    case 2:
      return { type: 'host.suspected', subject: `host/${name}`, data: { counter, silentMs: 1_000, witnesses: [] } };
    case 3:
      return { type: 'host.cleared', subject: `host/${name}`, data: { counter, why: 'heard' } };
    case 4:
    case 5:
      if (!grant || release || observed === 'unknown') return null;
      return draw.number(3) === 0
        ? { type: 'guest.hung', subject: `guest/${guest}`, data: { ...grant, probe: 'agent', detail: 'd' } }
        : {
            type: 'guest.crashed',
            subject: `guest/${guest}`,
            data: { ...grant, cause: 'process-died', gone: draw.of([true, true, false]), detail: 'd' },
          };
    case 6:
      return {
        type: 'guest.ordered',
        subject: `guest/${guest}`,
        data: { desired: draw.of(['running', 'running', 'stopped']), by: 'ann' },
      };
    case 7:
      return { type: 'guest.migration-requested', subject: `guest/${guest}`, data: { to: null, by: 'ann' } };
    default:
      return { type: 'leader.elected', subject: 'cluster', data: { node: name } };
  }
}
