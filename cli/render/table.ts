import { width } from '../terminal.ts';

/**
 * Aligned columns, two spaces apart. The last column takes what is left of `columns` and is cut with an ellipsis;
 * Infinity cuts nothing.
 */
export function table(header: readonly string[], rows: readonly (readonly string[])[], columns: number): string[] {
  const widths = header.map((title, column) => Math.max(width(title), ...rows.map((row) => width(row[column] ?? ''))));
  return [header, ...rows].map((row) => {
    const cells = row.map((cell, column) =>
      column === row.length - 1 ? cell : cell + ' '.repeat(widths[column]! - width(cell)),
    );
    return cut(cells.join('  ').trimEnd(), columns);
  });
}

/** Cuts a line to the screen. Styles inside stay balanced: only text without styles is ever cut. */
export function cut(line: string, columns: number): string {
  if (width(line) <= columns) return line;
  const kept: string[] = [];
  let taken = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the terminal's own
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith('\x1b')) kept.push(part);
    else {
      const room = Math.max(0, columns - 1 - taken);
      const letters = [...part];
      kept.push(letters.slice(0, room).join(''), letters.length > room && taken < columns ? '…' : '');
      taken += letters.length > room ? columns : letters.length;
    }
  }
  return kept.join('');
}

/** Breaks a text between words; later lines are indented. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && width(longer) > columns) {
      lines.push(line);
      line = `  ${word}`;
    } else line = longer;
  }
  return [...lines, line];
}
