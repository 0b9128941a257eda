/** Look-ups in tables keyed by names that people choose: `constructor` is a name like any other. */
export function get<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
