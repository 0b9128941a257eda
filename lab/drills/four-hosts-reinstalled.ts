import { reinstalled } from '../drill/reinstalled.ts';

/** Suspected after 3.5 s; a busy lab takes longer. */
const BRAKE_MS = 30_000;

export default reinstalled({
  about:
    'Four of seven hosts lose their power and their /boot together. The storm brake holds all of it until a person releases it; then the four are installed at once, two by UEFI and two by BIOS.',
  layout: 'metal-four',
  machines: ['b1', 'b2', 'b3', 'b4'],
  damage: ['boot-deleted'],
  withinMs: 1_800_000,
  meanwhile: async (rig) => {
    await rig.check(
      'the storm brake holds',
      BRAKE_MS,
      async () => (await rig.status()).brake !== null || 'it does not',
    );
    await rig.order({ kind: 'release-brake' });
  },
});
