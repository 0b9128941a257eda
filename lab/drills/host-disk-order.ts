import { reinstalled } from '../drill/reinstalled.ts';

export default reinstalled({
  about:
    'A bare machine finds its data disk before its system disk, and its /boot is gone. The system disk is the one that is written, wherever it stands.',
  damage: ['disk-order', 'boot-deleted'],
});
