/** 19: what is started fits its host, may run there, and keeps the company it should. */
import type { Invariant, Scene } from './invariant.ts';

export function watchPlacement({ spec, simulation, violated }: Scene): Invariant {
  const maintenance = new Set<string>();
  const linked = (relation: 'apart' | 'together', a: string, b: string) =>
    spec.guests[a]?.[relation].includes(b) === true || spec.guests[b]?.[relation].includes(a) === true;

  const check = (guest: string, host: string) => {
    const wanted = spec.guests[guest];
    const { capacity, storage } = spec.hosts[host]!;
    if (!wanted) return violated(19, `${guest} was started on ${host} and is in no cluster file`);
    const here = [...simulation.nodes[host]!.instances().keys()].filter((name) => spec.guests[name]);
    const memoryMiB = here.reduce((sum, name) => sum + spec.guests[name]!.resources.memoryMiB, 0);
    const vcpus = here.reduce((sum, name) => sum + spec.guests[name]!.resources.vcpus, 0);
    const said = `${guest} was started on ${host}`;
    if (memoryMiB > capacity.memoryMiB) violated(19, `${said}: ${memoryMiB} MiB in ${capacity.memoryMiB}`);
    if (vcpus > capacity.vcpus + 1e-6) violated(19, `${said}: ${vcpus} vCPUs on ${capacity.vcpus}`);
    if (wanted.hosts.length > 0 && !wanted.hosts.includes(host)) violated(19, `${said}, which is not among its hosts`);
    const missing = wanted.storage.find((pool) => !storage.includes(pool));
    if (missing !== undefined) violated(19, `${said}, which has no storage ${missing}`);
    for (const other of here)
      if (linked('apart', guest, other) && other !== guest) violated(19, `${said} beside ${other}`);
    const mates = Object.keys(spec.guests).filter((name) => name !== guest && linked('together', guest, name));
    const elsewhere = mates.filter((mate) => simulation.writers(mate).length > 0);
    if (elsewhere.length > 0 && !mates.some((mate) => here.includes(mate)))
      violated(19, `${said}, away from ${elsewhere.join(', ')}`);
  };

  return {
    event(event) {
      if (event.kind === 'started') return check(event.guest, event.host);
      if (event.kind === 'rollback') return maintenance.clear();
      if (event.kind !== 'entry') return;
      const { entry } = event.stored;
      const host = entry.subject.slice('host/'.length);
      if (entry.type === 'maintenance.started') maintenance.add(host);
      if (entry.type === 'maintenance.ended') maintenance.delete(host);
      if (entry.type === 'guest.granted' && maintenance.has(entry.data.host))
        violated(19, `${entry.id} grants ${entry.subject} to ${entry.data.host}, which is kept free for maintenance`);
    },
  };
}
