import type { Stored } from '../../machines/entries.ts';
import { sentence } from '../../machines/sentences.ts';
import type { Style, Terminal } from '../terminal.ts';

const BAD = /\.failed$|^(brake\.applied|guest\.(crashed|duplicated|hung|unplaced)|log\.|reinstall\.(aborted|replayed))/;
const GOOD = /^(start\.succeeded|host\.joined|fence\.proven|(migration|reinstall|qualify)\.succeeded)$/;

/** `15:04:05.123  #12  h3 has been silent for …`, in local time. */
export function renderEntry({ seq, entry }: Stored, paint: Terminal['paint']): string {
  const style: Style = BAD.test(entry.type) ? 'red' : GOOD.test(entry.type) ? 'green' : 'reset';
  const said = style === 'reset' ? sentence(entry) : paint(style, sentence(entry));
  return `${paint('dim', clock(entry.time))}  #${String(seq).padEnd(5)} ${said}`;
}

/** `15:04:05.123`, in local time. */
export function clock(time: string): string {
  const at = new Date(time);
  const padded = (n: number, digits = 2) => String(n).padStart(digits, '0');
  return `${padded(at.getHours())}:${padded(at.getMinutes())}:${padded(at.getSeconds())}.${padded(at.getMilliseconds(), 3)}`;
}
