/** Randomness that comes from a seed and from nothing else. */
export interface Random {
  /** Evenly in [0, 1). */
  next(): number;
  /** Evenly in [least, most). */
  between(range: readonly [number, number]): number;
  /** A whole number in [0, n). */
  below(n: number): number;
  chance(ratio: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** A stream of its own: what one part of the world draws does not change what another gets. */
  fork(name: string): Random;
}

/** sfc32 (Doty-Humphrey, PractRand), seeded by a hash of the text; passes PractRand and costs four additions a number. */
export function createRandom(seed: string | number): Random {
  let [a, b, c] = [hash(`${seed}/a`), hash(`${seed}/b`), hash(`${seed}/c`)];
  let counter = 1;
  const next = () => {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 4_294_967_296;
  };
  for (let i = 0; i < 12; i++) next();
  const random: Random = {
    next,
    between: ([least, most]) => least + next() * (most - least),
    below: (n) => Math.floor(next() * n),
    chance: (ratio) => ratio > 0 && next() < ratio,
    pick: (from) => from[Math.floor(next() * from.length)]!,
    fork: (name) => createRandom(`${seed}/${name}`),
  };
  return random;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h | 0;
}
