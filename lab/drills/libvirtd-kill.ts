import { drill } from '../drill/drill.ts';

export default drill({
  about: 'libvirtd of a host is killed: its guests notice nothing, it is restarted and sees them again.',
  fault: (rig) => rig.fault('kill-libvirtd', 'h1'),
  untouched: ['g1', 'g2', 'g3', 'g4'],
  afterwards: async (rig, faultMs) => {
    await rig.check('libvirt of the host is degraded and then restored', 30_000, async () => {
      const types = (await rig.log(1))
        .filter(({ entry }) => entry.subject === 'host/h1' && Date.parse(entry.time) > faultMs)
        .map(({ entry }) => entry.type);
      return types.includes('host.degraded') && types.includes('host.restored')
        ? true
        : `h1 had ${types.join(', ') || 'no entry'}`;
    });
    const { guests } = await rig.status();
    const lost = guests.filter(({ state }) => state !== 'running');
    rig.note(
      'all guests are known as running',
      lost.map(({ name, state }) => `${name} is ${state}`),
    );
  },
});
