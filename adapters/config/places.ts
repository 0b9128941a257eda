/** Where in the file something stands, so that every problem names its line and column. */
import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml';

export interface Place {
  /** Both from 1. */
  readonly line: number;
  readonly col: number;
}

export interface Places {
  /** Of the key at `path`, or of the nearest thing above it that is in the file. */
  readonly key: (path: readonly PropertyKey[]) => Place;
  /** Of the value at `path`, or likewise. */
  readonly value: (path: readonly PropertyKey[]) => Place;
}

export function placesOf(doc: Document, lines: LineCounter): Places {
  const find = (path: readonly PropertyKey[], want: 'key' | 'value'): Place => {
    let node: unknown = doc.contents;
    let at: Place = { line: 1, col: 1 };
    for (const [depth, step] of path.entries()) {
      const container = isAlias(node) ? node.resolve(doc) : node;
      let key: unknown;
      if (isMap(container)) {
        const pair = container.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === step);
        [key, node] = [pair?.key, pair?.value];
      } else if (isSeq(container)) {
        key = node = container.items[Number(step)];
      } else break;
      const shown = depth === path.length - 1 && want === 'value' && offset(node) !== undefined ? node : key;
      const start = offset(shown);
      if (start === undefined) break;
      at = lines.linePos(start);
    }
    return at;
  };
  return { key: (path) => find(path, 'key'), value: (path) => find(path, 'value') };
}

function offset(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
