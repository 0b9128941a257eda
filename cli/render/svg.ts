/** Bar charts as inline SVG, coloured by the page (classes `bar`, `bad`, `axis`), readable without any script. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Written at its end. */
  readonly shown: string;
  readonly bad?: boolean;
}

const [WIDTH, ROW, LABEL, VALUE] = [880, 26, 220, 190];
const [COLUMNS_HEIGHT, FOOT, HEAD] = [180, 24, 20];

export const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** Lying bars, one a row; negative ones grow to the left of a common line. */
export function lyingBars(title: string, bars: readonly Bar[]): string {
  const values = bars.map(({ value }) => value);
  const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
  const room = WIDTH - LABEL - VALUE;
  const scale = most - least === 0 ? 0 : room / (most - least);
  const zero = LABEL - least * scale;
  const rows = bars.map(({ label, value, shown, bad }, i) => {
    const y = i * ROW;
    const wide = Math.max(1, Math.abs(value) * scale);
    const x = value < 0 ? zero - wide : zero;
    return (
      `<text x="${LABEL - 10}" y="${y + 17}" text-anchor="end">${escaped(label)}</text>` +
      `<rect class="bar${bad ? ' bad' : ''}" x="${fixed(x)}" y="${y + 4}" width="${fixed(wide)}" height="${ROW - 8}" rx="2"/>` +
      `<text x="${fixed(Math.max(zero, x + wide) + 8)}" y="${y + 17}">${escaped(shown)}</text>`
    );
  });
  const axis = `<line class="axis" x1="${fixed(zero)}" x2="${fixed(zero)}" y1="0" y2="${bars.length * ROW}"/>`;
  return svg(title, bars.length * ROW, rows.join('') + axis);
}

/** Standing bars side by side: a histogram. */
export function standingBars(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const step = WIDTH / bars.length;
  const columns = bars.map(({ label, value, shown }, i) => {
    const high = (value / most) * COLUMNS_HEIGHT;
    const [x, y] = [i * step, HEAD + COLUMNS_HEIGHT - high];
    const middle = fixed(x + step / 2);
    return (
      `<rect class="bar" x="${fixed(x + 3)}" y="${fixed(y)}" width="${fixed(step - 6)}" height="${fixed(high)}" rx="2"/>` +
      `<text x="${middle}" y="${fixed(y - 6)}" text-anchor="middle">${escaped(value > 0 ? shown : '')}</text>` +
      `<text x="${middle}" y="${HEAD + COLUMNS_HEIGHT + 17}" text-anchor="middle">${escaped(label)}</text>`
    );
  });
  const foot = HEAD + COLUMNS_HEIGHT;
  return svg(
    title,
    foot + FOOT,
    `${columns.join('')}<line class="axis" x1="0" x2="${WIDTH}" y1="${foot}" y2="${foot}"/>`,
  );
}

const fixed = (n: number) => String(Math.round(n * 10) / 10);

function svg(title: string, height: number, content: string): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">${content}</svg>`;
}
