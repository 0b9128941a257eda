/** The options of hosts, guests and the rest of a story's cluster. */
import type { Model } from '../simulation.ts';
import { type Phrase, phrase } from './phrase.ts';
import type { Slots } from './slots.ts';

/** What an option changes, in the shape of the cluster file's schema. */
export type Change = Readonly<Record<string, unknown>>;

const phrases = <T>(patterns: Readonly<Record<string, (slots: Slots) => T>>): readonly Phrase<T>[] =>
  Object.entries(patterns).map(([pattern, make]) => phrase(pattern, make));

const BMC = { kind: 'ipmi', address: 'bmc', user: 'drill', passwordFile: '/password', readingsApartMs: 100 };
const outlet = (plug: string) => ({
  kind: 'fence-agent',
  agent: 'fence_apc_snmp',
  parameters: { plug },
  readingsApartMs: 100,
});
const outlets = (level: number) => ({ kind: 'all', level, ways: [outlet('1'), outlet('2')] });

/** Changes below `resources` or `ladder` are merged, the others replaced. */
export const HOST_OPTIONS = phrases<Change>({
  'rack NAME': ({ NAME }) => ({ domain: NAME }),
  'memory MIB': ({ MIB }) => ({ capacity: { memoryMiB: MIB } }),
  'vcpus N': ({ N }) => ({ capacity: { vcpus: N } }),
  'storage NAMES': ({ NAMES }) => ({ storage: NAMES }),
  'no bmc': () => ({ power: [] }),
  'two outlets': () => ({ power: [outlets(1)] }),
  'a bmc then two outlets': () => ({ power: [BMC, outlets(2)] }),
  installable: () => ({ machine: {} }),
  'boots from its disk first': () => ({ machine: { bootOrder: 'disk-first' } }),
  spare: () => ({ spare: true }),
  'no watchdog': () => ({ watchdog: { kind: 'none' } }),
});

export const ARBITER_OPTIONS = phrases<Change>({ 'rack NAME': ({ NAME }) => ({ domain: NAME }) });

export const GUEST_OPTIONS = phrases<Change>({
  'on HOST': ({ HOST }) => ({ prefers: HOST }),
  'only on HOSTS': ({ HOSTS }) => ({ hosts: HOSTS }),
  'priority N': ({ N }) => ({ priority: N }),
  'together with GUESTS': ({ GUESTS }) => ({ together: GUESTS }),
  'apart from GUESTS': ({ GUESTS }) => ({ apart: GUESTS }),
  'memory MIB': ({ MIB }) => ({ resources: { memoryMiB: MIB } }),
  'vcpus N': ({ N }) => ({ resources: { vcpus: N } }),
  'storage NAMES': ({ NAMES }) => ({ storage: NAMES }),
  'N restarts|restart': ({ N }) => ({ ladder: { inPlace: { tries: N } } }),
  'N relocations|relocation': ({ N }) => ({ ladder: { relocate: { tries: N } } }),
  'may be reinstalled': () => ({
    ladder: { reinstall: 'allowed' },
    rebuild: { disk: '/images/disk.qcow2', from: '/images/golden.qcow2' },
  }),
  'is installed from the network within MS': ({ MS }) => ({
    ladder: { reinstall: 'allowed' },
    rebuild: { disk: '/images/disk.qcow2', network: true, timeoutMs: MS },
  }),
  'quits when the lease ends': () => ({ onQuiesce: 'quit' }),
  'probed every MS': ({ MS }) => ({ probes: [{ kind: 'agent', everyMs: MS, misses: 3 }] }),
  'boots in MS': ({ MS }) => ({ bootGraceMs: MS }),
  'stopped at first': () => ({ desired: 'stopped' }),
});

export const HOST_LADDER_OPTIONS = phrases<Change>({
  'N repairs|repair': ({ N }) => ({ repair: { tries: N, backoffMs: 2_000 } }),
  'N power cycles|cycle': ({ N }) => ({ powerCycle: { tries: N, withinMs: 3_600_000, backoffMs: 5_000 } }),
  'N tries|try to switch on': ({ N }) => ({ powerOn: { tries: N, withinMs: 86_400_000, backoffMs: 5_000 } }),
  'may be reinstalled': () => ({ reinstall: 'allowed' }),
  'back within MS': ({ MS }) => ({ rejoinWithinMs: MS }),
});

export const INSTALLATION_OPTIONS = phrases<Change>({
  'N tries|try': ({ N }) => ({ tries: N }),
  'N at once': ({ N }) => ({ atOnce: N }),
  'N a day': ({ N }) => ({ perDay: N }),
  'announced for MS': ({ MS }) => ({ announceMs: MS }),
  'boots within MS': ({ MS }) => ({ bootWithinMs: MS }),
  'stalls after MS': ({ MS }) => ({ stallMs: MS }),
  'back within MS': ({ MS }) => ({ firstBootWithinMs: MS }),
});

const takes =
  (key: keyof Model) =>
  (slots: Slots): Partial<Model> => ({ [key]: [slots.MS, slots.MS] });

export const MODEL_OPTIONS = phrases<Partial<Model>>({
  'a start MS': takes('startMs'),
  'a migration MS': takes('migrationMs'),
  'a host boot MS': takes('hostBootMs'),
  'an installation MS': takes('installMs'),
  'a daemon restart MS': takes('daemonRestartMs'),
  'a bmc command MS': takes('bmcOffMs'),
  'a log election MS': takes('streamElectionMs'),
});
