import { drill } from '../drill/drill.ts';

export default drill({
  about: 'rekindled of a host is killed: its guests notice nothing, and the next rekindled takes them over.',
  fault: (rig) => rig.fault('kill-daemon', 'h1'),
  untouched: ['g1', 'g2', 'g3', 'g4'],
  afterwards: async (rig, faultMs) => {
    await rig.check('the host is in service with its guests', 20_000, async () => {
      const said = (await rig.statuses()).find(({ name }) => name === 'h1')?.status;
      if (!said?.roles.lease || said.roles.lease.remainingMs === 0) return 'rekindled of h1 holds no lease yet';
      const host = said.hosts.find(({ name }) => name === 'h1');
      return host?.state === 'running' && host.guests.length === 3
        ? true
        : `h1 is ${host?.state} with ${host?.guests.length} guests`;
    });
    const starts = (await rig.log(1)).filter(
      ({ entry }) => entry.type === 'start.succeeded' && Date.parse(entry.time) > faultMs,
    );
    rig.note(
      'nothing was started',
      starts.map(({ entry }) => `${entry.subject} at ${entry.time}`),
    );
  },
});
