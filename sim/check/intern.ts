/** Numbers for values that many states share, given in the order in which they are first met. */
export interface Interned<T> {
  id(value: T): number;
  value(id: number): T;
  size(): number;
}

export function intern<T>(keyOf: (value: T) => string): Interned<T> {
  const ids = new Map<string, number>();
  const values: T[] = [];
  return {
    id(value) {
      const key = keyOf(value);
      const known = ids.get(key);
      if (known !== undefined) return known;
      ids.set(key, values.length);
      values.push(value);
      return values.length - 1;
    },
    value: (id) => values[id]!,
    size: () => values.length,
  };
}
