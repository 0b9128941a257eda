/** A story file as statements, and a statement as words. */
export interface Statement {
  readonly line: number;
  readonly text: string;
  /** Indented lines below it. */
  readonly more: readonly string[];
}

export interface Token {
  readonly text: string;
  /** Was written in double quotes: text, never a keyword or a name. */
  readonly quoted: boolean;
}

/** Lines that are indented belong to the one before. Empty lines and comments are left out. */
export function statementsOf(text: string): Statement[] {
  const statements: { line: number; text: string; more: string[] }[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (/^\s/.test(raw) && statements.length > 0) statements.at(-1)!.more.push(line);
    else statements.push({ line: index + 1, text: line, more: [] });
  }
  return statements;
}

/** Words, quoted texts, commas and colons. A `#` begins a comment. Throws on a quote without its end. */
export function tokensOf({ text, more }: Statement): Token[] {
  const tokens: Token[] = [];
  for (const line of [text, ...more]) {
    for (const [all, quoted] of line.matchAll(/#.*|"([^"]*)"|[,:]|[^\s,:"#]+|"/g)) {
      if (all.startsWith('#')) break;
      if (all === '"') throw new Error('a quotation mark is without its other one');
      tokens.push(quoted === undefined ? { text: all, quoted: false } : { text: quoted, quoted: true });
    }
  }
  return tokens;
}

/** Before and after the first colon; null when there is none. */
export function atColon(tokens: readonly Token[]): { readonly head: Token[]; readonly rest: Token[] } | null {
  const colon = tokens.findIndex(({ text, quoted }) => text === ':' && !quoted);
  return colon < 0 ? null : { head: tokens.slice(0, colon), rest: tokens.slice(colon + 1) };
}

export function atCommas(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (token.text === ',' && !token.quoted) parts.push([]);
    else parts.at(-1)!.push(token);
  }
  return parts;
}

/** The words again, as a person wrote them. */
export const say = (tokens: readonly Token[]): string =>
  tokens
    .map(({ text, quoted }) => (quoted ? `"${text}"` : text))
    .join(' ')
    .replace(/ ([,:])/g, '$1');
