import { reinstalled } from '../drill/reinstalled.ts';

export default reinstalled({
  about:
    'The boot loader of a bare machine stops half way: its firmware has started something and never gets it back. It is installed anew, its data disk untouched.',
  damage: ['grub-broken'],
});
