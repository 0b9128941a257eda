import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openVoterRegisters } from '../../adapters/sqlite/voter-registers.ts';
import { inProcess, nextLine } from './in-process.ts';
import { codeOf, scratch } from './scratch.ts';

const open = (file: string, create = true) => openVoterRegisters(file, { create });

test('a voter that lost its registers does not begin again with empty ones', () => {
  expect(codeOf(() => open(join(scratch(), 'voter.sqlite'), false))).toBe('STATE_MISSING');
});

test('a second process cannot use the same registers', async () => {
  const file = join(scratch(), 'voter.sqlite');
  const other = inProcess(`
    const held = openVoterRegisters(${JSON.stringify(file)}, { create: true });
    say('open');
    setInterval(() => held.highestEpoch(), 1_000);
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
