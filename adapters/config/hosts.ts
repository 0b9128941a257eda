/** What the schema cannot see about hosts and arbiters: things that two of them share, and files named by place. */
import { isAbsolute } from 'node:path';
import { waysOf } from '../../machines/spec.ts';
import type { ClusterFileContent } from './file-schema.ts';
import type { Place, Places } from './places.ts';
import { dotted, isSecretKey, type Problem } from './problems.ts';

type Hosts = ClusterFileContent['hosts'];
type Arbiters = ClusterFileContent['arbiters'];

export function hostProblems(hosts: Hosts, arbiters: Arbiters, places: Places): Problem[] {
  const nodes = [
    ...Object.entries(hosts).map(([name, { address }]) => ({ path: ['hosts', name, 'address'], address })),
    ...Object.entries(arbiters).map(([name, { address }]) => ({ path: ['arbiters', name, 'address'], address })),
  ];
  const switches = Object.entries(hosts).flatMap(([name, host]) =>
    waysAt(name, host).flatMap(({ path, way }) =>
      way.kind === 'ipmi'
        ? [{ path, address: `${way.address} port ${way.port}` }]
        : way.kind === 'redfish'
          ? [{ path, address: [way.url, way.system].filter(Boolean).join(' ') }]
          : [],
    ),
  );
  return [
    ...shared(nodes, places, 'give every node its own address'),
    // Fencing one host would switch off the other, and take that for proof.
    ...shared(switches, places, "name each host's own BMC"),
    ...Object.entries(hosts).flatMap(([name, host]) => [
      ...fileProblems(name, host, places),
      ...parameterProblems(name, host, places),
      ...spareProblems(name, host, places),
    ]),
  ];
}

/** Each single switch with its place: those of an `all` too. */
function waysAt(name: string, { power }: Hosts[string]) {
  return power.flatMap((entry, index) => {
    const path: PropertyKey[] = ['hosts', name, 'power', index];
    return waysOf(entry).map((way, at) => ({ path: entry.kind === 'all' ? [...path, 'ways', at] : path, way }));
  });
}

interface Used {
  readonly path: readonly PropertyKey[];
  readonly address: string;
}

function shared(used: readonly Used[], places: Places, todo: string): Problem[] {
  const first = new Map<string, Used>();
  return used.flatMap((one) => {
    const other = first.get(one.address);
    if (!other) first.set(one.address, one);
    return other
      ? [
          {
            place: places.value(one.path),
            what: `${dotted(one.path)} is ${one.address}, as ${dotted(other.path)} is`,
            todo,
          },
        ]
      : [];
  });
}

/** Any node may have to read them, from any working directory. */
function fileProblems(name: string, host: Hosts[string], places: Places): Problem[] {
  const files: [PropertyKey[], string][] = [];
  for (const { path, way } of waysAt(name, host)) {
    if (way.kind !== 'fence-agent') files.push([[...path, 'passwordFile'], way.passwordFile]);
    else for (const [key, file] of Object.entries(way.secretFiles)) files.push([[...path, 'secretFiles', key], file]);
  }
  if (host.watchdog.kind === 'device') files.push([['hosts', name, 'watchdog', 'path'], host.watchdog.path]);
  if (host.watchdog.kind === 'process') files.push([['hosts', name, 'watchdog', 'socket'], host.watchdog.socket]);
  return files.flatMap(([path, file]) =>
    isAbsolute(file)
      ? []
      : [{ place: places.value(path), what: `${dotted(path)} is not an absolute path`, todo: 'begin it with /' }],
  );
}

function parameterProblems(name: string, host: Hosts[string], places: Places): Problem[] {
  return waysAt(name, host).flatMap(({ path: at, way }) => {
    if (way.kind !== 'fence-agent') return [];
    const path = [...at, 'parameters'];
    return Object.keys(way.parameters)
      .filter(isSecretKey)
      .map((key): Problem => {
        const place: Place = places.key([...path, key]);
        return {
          place,
          what: `"${key}" in ${dotted(path)} would put a secret into the log, which everyone may read`,
          todo: 'write it to a file only root can read and name that file with secretFiles',
        };
      });
  });
}

function spareProblems(name: string, { spare, power }: Hosts[string], places: Places): Problem[] {
  const todo = 'add power: that is how it is switched on when it is needed';
  return spare && power.length === 0
    ? [{ place: places.key(['hosts', name, 'spare']), what: `${name} is a spare without a power switch`, todo }]
    : [];
}

/** True but worth saying: hosts whose death no machine can prove. */
export function hostWarnings(hosts: Hosts): string[] {
  return Object.entries(hosts)
    .filter(([, { power, watchdog }]) => power.length === 0 && watchdog.kind === 'none')
    .map(
      ([name]) =>
        `${name} has neither power control nor a watchdog: if it falls silent, its guests wait for "rekindle confirm-off ${name}"`,
    );
}
