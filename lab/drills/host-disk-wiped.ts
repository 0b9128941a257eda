import { reinstalled } from '../drill/reinstalled.ts';

export default reinstalled({
  about:
    'A bare machine loses its power, its partition tables and its root file system: nothing on its disk boots. It is installed anew, its data disk untouched.',
  damage: ['disk-wiped'],
});
