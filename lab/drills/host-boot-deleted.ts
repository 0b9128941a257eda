import { reinstalled } from '../drill/reinstalled.ts';

export default reinstalled({
  about:
    'A bare machine loses its power, and all that was in its /boot. Its guest starts elsewhere; it is installed over the network, tested, and carries guests again, the one that left moved home alive; its data disk is untouched.',
  damage: ['boot-deleted'],
});
