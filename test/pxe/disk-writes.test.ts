/** That what is said of every loss of power would be noticed if it were not so. */
import { expect, test } from 'vitest';
import { brokenByLossOfPower, SECTOR, type Write, writesBetweenFlushes } from './disk-writes.ts';

const disk = (text: string) => Buffer.concat([...text].map((letter) => sector(letter)));
const sector = (letter: string) => Buffer.alloc(SECTOR, letter === '0' ? 0 : letter);
const write = (at: number, text: string): Write => ({ sector: at, bytes: disk(text) });
const OLD = disk('oooo');
const NEW = disk('nnnn');

const RIGHT = [[write(0, '0')], [write(1, 'nn0')], [write(3, 'n')], [write(0, 'n')]];

test('the first sector emptied first and written last is safe at any time', () => {
  expect(brokenByLossOfPower(RIGHT, OLD, NEW)).toBeNull();
});

test.each([
  ['the old one is still there while the rest is written', [[write(1, 'n')], ...RIGHT], /after 0 .* the old first/],
  ['no flush is between it and the first that is destroyed', [RIGHT.slice(0, 2).flat(), ...RIGHT.slice(2)], /the old/],
  ['something is written after it', [...RIGHT.slice(0, 2), RIGHT[3]!, RIGHT[2]!], /after 2 .* the new first/],
  ['no flush is between it and the last before it', [...RIGHT.slice(0, 2), RIGHT.slice(2).flat()], /the new/],
  [
    'a part of the disk is never written',
    [RIGHT[0]!, [write(1, 'nn')], RIGHT[3]!],
    /the new first sector, and 1 others/,
  ],
  ['something else is in it for a while', [RIGHT[0]!, [write(0, 'x')], ...RIGHT.slice(1)], /the strange first/],
])('a disk can break when %s', (_, between, says) => {
  expect(brokenByLossOfPower(between, OLD, NEW)).toMatch(says);
});

test('a record is read with its flushes; a discard is none that could be judged', () => {
  const entry = (at: number, text: string, flags: bigint) => {
    const head = Buffer.alloc(SECTOR);
    [BigInt(at), BigInt(text.length), flags].forEach((value, index) => void head.writeBigUInt64LE(value, index * 8));
    return Buffer.concat([head, disk(text)]);
  };
  const record = (...entries: Buffer[]) => {
    const head = Buffer.alloc(SECTOR);
    [0x6a736677736872n, 1n, BigInt(entries.length)].forEach(
      (value, index) => void head.writeBigUInt64LE(value, index * 8),
    );
    head.writeUInt32LE(SECTOR, 24);
    return Buffer.concat([head, ...entries]);
  };
  const read = writesBetweenFlushes(record(entry(1, 'ab', 0n), entry(7, 'c', 0n), entry(0, '', 1n), entry(0, 'd', 0n)));
  expect(read).toEqual([[write(1, 'ab'), write(7, 'c')], [write(0, 'd')]]);
  expect(() => writesBetweenFlushes(record(entry(4, '', 4n)))).toThrow(/sector 4 was discarded/);
});
