import { styleText } from 'node:util';
import { expect, test } from 'vitest';
import { renderStatus } from '../../cli/render/status.ts';
import { cut, table, wrap } from '../../cli/render/table.ts';
import type { Style } from '../../cli/terminal.ts';
import { width } from '../../cli/terminal.ts';
import { statusOf } from '../../services/api-status.ts';
import { testView } from '../api/fixture.ts';

const plain = (_style: Style, text: string) => text;
const coloured = (style: Style, text: string) => styleText(style, text, { validateStream: false });

test('columns stay aligned whatever is coloured', () => {
  const lines = table(
    ['A', 'B', 'C'],
    [
      [coloured('red', 'long word'), 'x', 'end'],
      ['s', 'yy', 'end'],
    ],
    80,
  );
  expect(new Set(lines.slice(1).map((line) => width(line.slice(0, line.indexOf('end'))))).size).toBe(1);
});

test('a cut line fills the screen, says that it was cut, and leaves no colour on', () => {
  const line = cut(`ab ${coloured('red', 'cdefgh')} ijk`, 6);
  expect(width(line)).toBe(6);
  expect(line).toContain('…');
  expect(line.lastIndexOf('\x1b[39m')).toBeGreaterThan(line.lastIndexOf('\x1b[31m'));
  expect(cut('short', 5)).toBe('short');
});

test('a wrapped text loses no word', () => {
  const text = 'h3 cannot be proven stopped — check it by hand, then: rekindle confirm-off h3';
  const lines = wrap(text, 30);
  expect(lines.join(' ').replace(/ +/g, ' ')).toBe(text);
  expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(30);
});

test('no line of a status is wider than the screen', () => {
  for (const columns of [40, 80, 120]) {
    const lines = renderStatus(statusOf(testView()), coloured, columns);
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(columns);
  }
});

test('with many guests those in trouble are shown and the others counted', () => {
  const status = statusOf(testView());
  const [g1] = status.guests;
  const guests = Array.from(
    { length: 200 },
    (_, n) => ({ ...g1!, name: `g${n}`, state: n === 150 ? 'blocked' : 'running' }) as const,
  );
  const text = renderStatus({ ...status, guests }, plain, 100, 5).join('\n');
  expect(text).toContain('g150   blocked');
  expect(text).toContain('and 195 more');
});
