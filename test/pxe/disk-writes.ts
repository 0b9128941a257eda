/**
 * What a disk was told to write, as QEMU's blklogwrites records it (the format of Linux's dm-log-writes), and all that a
 * loss of power can leave of it.
 */
export const SECTOR = 512;

export interface Write {
  readonly sector: number;
  readonly bytes: Buffer;
}

const MAGIC = 0x6a736677736872n;
const FLUSH = 1n;
const DISCARD = 4n;

/** Writes between one flush and the next: of the last of these a loss of power may take any part. */
export function writesBetweenFlushes(record: Buffer): Write[][] {
  if (record.readBigUInt64LE(0) !== MAGIC || record.readUInt32LE(24) !== SECTOR) throw new Error('no such record');
  const between: Write[][] = [[]];
  let at = SECTOR;
  for (let left = record.readBigUInt64LE(16); left > 0n; left--) {
    const sector = Number(record.readBigUInt64LE(at));
    const bytes = Number(record.readBigUInt64LE(at + 8)) * SECTOR;
    const flags = record.readBigUInt64LE(at + 16);
    at += SECTOR;
    if (flags & DISCARD) throw new Error(`sector ${sector} was discarded: it may hold anything then`);
    if (bytes > 0) between.at(-1)!.push({ sector, bytes: record.subarray(at, at + bytes) });
    if (flags & FLUSH) between.push([]);
    at += bytes;
  }
  return between.filter((writes) => writes.length > 0);
}

/**
 * Null, if the power may go at any time, and the disk then cannot boot (its first sector is zero), or is in all sectors what it was
 * `before`, or in all what it is `after`. Otherwise what else it can be.
 *
 * Between two flushes every sector may hold what it held at the first one or anything written to it since, whatever
 * others hold: so this is each cut within each write, for each order of them, and with any of them lost.
 */
export function brokenByLossOfPower(between: readonly Write[][], before: Buffer, after: Buffer): string | null {
  const others = [
    { whole: before, is: 'old', ...countedBy(before, before) },
    { whole: after, is: 'new', ...countedBy(before, after) },
  ];
  let start = before.subarray(0, SECTOR);
  for (const [flushes, writes] of between.entries()) {
    const starts = writes.filter(({ sector }) => sector === 0).map(({ bytes }) => bytes.subarray(0, SECTOR));
    const held = others.map(({ whole, is, wrong, write }) => {
      const already = wrong();
      return { whole, is, wrong: already + write(writes) };
    });
    for (const one of [start, ...starts].filter((bytes) => bytes.some((byte) => byte !== 0)))
      if (!held.some(({ whole, wrong }) => wrong === 0 && one.equals(whole.subarray(0, SECTOR)))) {
        const { is, wrong } = held.find(({ whole }) => one.equals(whole.subarray(0, SECTOR))) ?? { is: 'strange' };
        return `after ${flushes} of ${between.length} flushes: the ${is} first sector, and ${wrong} others that are not`;
      }
    start = starts.at(-1) ?? start;
  }
  return null;
}

/** Counts the sectors, but for the first, that are not what they are in `wanted`. `write` returns how many of what it writes are not. */
function countedBy(now: Buffer, wanted: Buffer) {
  const isWrong = new Uint8Array(wanted.length / SECTOR);
  let wrong = 0;
  const put = (at: number, bytes: Buffer, from: number): number => {
    const is = bytes.compare(wanted, at * SECTOR, (at + 1) * SECTOR, from, from + SECTOR) === 0 ? 0 : 1;
    wrong += is - isWrong[at]!;
    isWrong[at] = is;
    return is;
  };
  for (let at = 1; at < isWrong.length; at++) put(at, now, at * SECTOR);
  return {
    wrong: () => wrong,
    write: (writes: readonly Write[]) =>
      writes.reduce((sum, { sector, bytes }) => {
        for (let from = 0; from < bytes.length; from += SECTOR)
          if (sector + from / SECTOR > 0) sum += put(sector + from / SECTOR, bytes, from);
        return sum;
      }, 0),
  };
}
