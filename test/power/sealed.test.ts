import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createUser } from '@nats-io/nkeys';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { powerSwitches } from '../../adapters/power/power-switches.ts';
import { secretsOf } from '../../adapters/power/secret-file.ts';
import { overLan } from './agents.ts';
import { type Bmc, PASSWORD, startBmc } from './bmc.ts';

const bin = fileURLToPath(new URL('../../cli/bin/rekindle.js', import.meta.url));
let bmc: Bmc;
let state: string;
beforeAll(async () => {
  bmc = await startBmc();
  state = join(bmc.directory, 'node');
  await execa('mkdir', ['-p', join(state, 'keys')]);
  writeFileSync(join(state, 'keys/node.nk'), createUser().getSeed(), { mode: 0o600 });
});
afterAll(() => bmc?.stop());

const at = (name: string) => join(bmc.directory, name);
const seal = (file: string, input: string) =>
  execa(process.execPath, [bin, '--state', state, 'seal', file], { reject: false, input });
const opened = () => secretsOf(join(state, 'keys/node.nk'));

test('a sealed password switches by IPMI and by a fence agent, and stands nowhere in its file', async () => {
  const file = at('sealed');
  expect(await seal(file, `${PASSWORD}\nsecond line\n`)).toMatchObject({ exitCode: 0 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).not.toContain(PASSWORD);
  const power = [bmc.spec({ passwordFile: file }), overLan(bmc, { secretFiles: { password: file } })];
  for (const way of powerSwitches({ power }, opened())) await expect(way.check()).resolves.toBeUndefined();
});

test('a plain file is sealed in its own place', async () => {
  const file = bmc.secret('own', `${PASSWORD}\n`);
  await execa(`"${process.execPath}" "${bin}" --state "${state}" seal "${file}" < "${file}"`, { shell: true });
  expect(opened()(file, 'test')).toBe(PASSWORD);
});

test('another node, no node, or an altered file: not opened, and not taken for a password', async () => {
  const file = at('foreign');
  await seal(file, PASSWORD);
  const other = bmc.secret('other.nk', new TextDecoder().decode(createUser().getSeed()));
  expect(() => secretsOf(other)(file, 'test')).toThrow(expect.objectContaining({ code: 'SECRET_FILE_SEALED' }));
  const [plain] = powerSwitches({ power: [bmc.spec({ passwordFile: file })] });
  await expect(plain?.check()).rejects.toMatchObject({ code: 'SECRET_FILE_SEALED' });

  const content = readFileSync(file, 'utf8');
  const bytes = Buffer.from(content.split('\n')[1]!, 'base64');
  for (const index of [0, 20, 30, bytes.length - 1]) {
    const altered = Buffer.from(bytes);
    altered[index]! ^= 1;
    writeFileSync(file, `${content.split('\n')[0]}\n${altered.toString('base64')}\n`);
    expect(() => opened()(file, 'test')).toThrow(expect.objectContaining({ code: 'SECRET_FILE_SEALED' }));
  }
});

test.each([
  ['nothing to seal', '\n', 2, 'its first line is empty'],
  ['what is sealed already', 'rekindle-sealed-1\nx\n', 2, 'this is no secret'],
])('%s: refused, and the file stays as it is', async (_, input, code, words) => {
  const file = bmc.secret('kept', 'kept');
  const { exitCode, stderr } = await seal(file, input);
  expect([exitCode, stderr]).toEqual([code, expect.stringContaining(words)]);
  expect(readFileSync(file, 'utf8')).toBe('kept');
});

test("without the node's key there is no sealing, and no file", async () => {
  const { exitCode, stderr } = await execa(process.execPath, [bin, '--state', '/nowhere', 'seal', at('none')], {
    reject: false,
    input: PASSWORD,
  });
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain('/nowhere/keys/node.nk');
  expect(stderr).not.toContain(PASSWORD);
});
