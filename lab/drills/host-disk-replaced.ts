import { reinstalled } from '../drill/reinstalled.ts';

export default reinstalled({
  about:
    'The system disk of a bare machine is another one, empty, with another serial number. The only blank disk is taken in its place, as its cluster file allows (`adoptBlank`).',
  damage: ['disk-replaced'],
});
