import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openVoterRegisters } from '../../adapters/sqlite/voter-registers.ts';
import { inProcess, nextLine } from './in-process.ts';
import { codeOf, scratch } from './scratch.ts';

const open = (file: string, create = true) => openVoterRegisters(file, { create });

test('registers only rise, whatever is asked and in whatever order, over any number of restarts', () => {
  const file = join(scratch(), 'voter.sqlite');
  const host = fc.constantFrom('h1', 'h2');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('epoch' as const), value: fc.nat(50) }),
    fc.record({ kind: fc.constant('block' as const), host, value: fc.nat(50) }),
    fc.record({ kind: fc.constant('restart' as const) }),
  );
  let registers = open(file);
  const model = { epoch: 0, h1: -1, h2: -1 };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
      for (const s of steps) {
        if (s.kind === 'restart') {
          registers.close();
          registers = open(file, false);
        } else if (s.kind === 'epoch') {
          model.epoch = Math.max(model.epoch, s.value);
          expect(registers.raiseEpoch(s.value)).toBe(model.epoch);
        } else {
          const of = s.host as 'h1' | 'h2';
          model[of] = Math.max(model[of], s.value);
          expect(registers.raiseBlocked(of, s.value)).toBe(model[of]);
        }
        expect(registers.highestEpoch()).toBe(model.epoch);
        expect([registers.blockedCounter('h1'), registers.blockedCounter('h2')]).toEqual([model.h1, model.h2]);
      }
    }),
    { numRuns: 40 },
  );
  registers.close();
});

test('what a raise returned survives kill -9 in the middle of the next', async () => {
  const file = join(scratch(), 'voter.sqlite');
  const voter = inProcess(`
    const registers = openVoterRegisters(${JSON.stringify(file)}, { create: true });
    for (let n = 1; ; n++) say(String(registers.raiseBlocked('h1', n)));
  `);
  let acknowledged = 0;
  for await (const line of voter.lines) {
    acknowledged = Number(line);
    if (acknowledged === 50) voter.process.kill('SIGKILL');
  }
  const registers = open(file, false);
  expect(acknowledged).toBeGreaterThanOrEqual(50);
  expect(registers.blockedCounter('h1')).toBeGreaterThanOrEqual(acknowledged);
  registers.close();
});

test('a value that is no counter is refused and raises nothing', () => {
  const registers = open(join(scratch(), 'voter.sqlite'));
  registers.raiseEpoch(7);
  for (const value of [7.5, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => registers.raiseEpoch(value)).toThrow();
  expect(registers.highestEpoch()).toBe(7);
  registers.close();
});

test('a voter that lost its registers does not begin again with empty ones', () => {
  expect(codeOf(() => open(join(scratch(), 'voter.sqlite'), false))).toBe('STATE_MISSING');
});

test('a second process cannot use the same registers', async () => {
  const file = join(scratch(), 'voter.sqlite');
  const other = inProcess(`
    openVoterRegisters(${JSON.stringify(file)}, { create: true });
    say('open');
    setInterval(() => {}, 1_000);
  `);
  expect(await nextLine(other)).toBe('open');
  expect(codeOf(() => open(file))).toBe('STATE_IN_USE');
  other.process.kill('SIGKILL');
  await other.ended;
  expect(codeOf(() => open(file).close())).toBe('none');
});

test('damage is found at the start, not years later', () => {
  const file = join(scratch(), 'voter.sqlite');
  const registers = open(file);
  for (let n = 0; n < 200; n++) registers.raiseBlocked(`h${n}`, n);
  registers.close();
  const bytes = readFileSync(file);
  bytes.fill(0x5a, 4_096 + 40, 4_096 + 600);
  writeFileSync(file, bytes);
  expect(codeOf(() => open(file))).toBe('STATE_CORRUPT');
  writeFileSync(file, 'not a database at all, but long enough to be looked at as one'.repeat(100));
  expect(codeOf(() => open(file))).toBe('STATE_CORRUPT');
});

test('a full disk stops no epoch, costs nothing that was held, is said, and is over as soon as there is space', async () => {
  const directory = scratch();
  const file = join(directory, 'voter.sqlite');
  const voter = inProcess(
    `
    const fs = await import('node:fs');
    const registers = openVoterRegisters(${JSON.stringify(file)}, { create: true });
    registers.raiseEpoch(41);
    fs.writeFileSync(${JSON.stringify(join(directory, 'ballast'))}, '');
    const ballast = fs.openSync(${JSON.stringify(join(directory, 'ballast'))}, 'a');
    try { for (;;) fs.writeSync(ballast, Buffer.alloc(4096)); } catch (error) { say(error.code); }
    say(String(registers.raiseEpoch(42)));
    let n = 0;
    try { for (;; n++) registers.raiseBlocked('a-host-of-a-rather-long-name-' + n, n); } catch (error) { say(error.code); }
    say(String([registers.highestEpoch(), registers.blockedCounter('a-host-of-a-rather-long-name-' + (n - 1))].join() === [42, n - 1].join()));
    fs.ftruncateSync(ballast, 0);
    say(String(registers.raiseBlocked('a-host-of-a-rather-long-name-' + n, n) === n));
  `,
    [
      'unshare',
      '--mount',
      '--map-root-user',
      'sh',
      '-c',
      `mount -t tmpfs -o size=64k none '${directory}' && exec "$@"`,
      'sh',
    ],
  );
  const said = [];
  for await (const line of voter.lines) said.push(line);
  expect(said).toEqual(['ENOSPC', '42', 'STATE_DISK_FULL', 'true', 'true']);
});
