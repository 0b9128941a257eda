import { expect, test } from 'vitest';
import { ERRORS, type ErrorCode, fail, failure } from '../../services/errors.ts';

const MEANING: Record<number, string> = {
  1: 'Rekindle or its surroundings failed',
  2: 'what was given is wrong',
  3: 'something needed is not there',
  4: 'the cluster refused',
  5: 'the outcome is not known: look before you repeat',
};

function page(): string {
  const codes = Object.keys(ERRORS) as ErrorCode[];
  return [
    '# Errors',
    '',
    'Every error names a code, says what happened and what to do next. Words in braces are filled in.',
    'With `--json` the same is an object `{"error": {"code", "message", "todo", "about"}}`.',
    '',
    'This page is made from the table in `services/errors.ts`: `npx vitest run test/api/errors.test.ts -u`.',
    '',
    '| exit code | meaning |',
    '|---|---|',
    ...Object.entries(MEANING).map(([code, meaning]) => `| ${code} | ${meaning} |`),
    '',
    ...codes.flatMap((code) => {
      const { message, todo, exit } = ERRORS[code];
      return [`## ${code}`, '', `> ${message.replaceAll('\n', '\n> ')}`, '', `To do: ${todo}. Exit code ${exit}.`, ''];
    }),
  ].join('\n');
}

test('docs/errors.md has every code, as the table has it', async () => {
  await expect(page()).toMatchFileSnapshot('../../docs/errors.md');
});

test.each(Object.entries(ERRORS))('%s reads as a sentence and says what to do', (code, { message, todo }) => {
  expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
  expect(message).not.toMatch(/[.\s]$/);
  expect(todo).not.toMatch(/[.\s]$/);
  expect(todo).toMatch(/\w/);
});

test('an error carries its code, its filled message, what to do, and its cause', () => {
  const cause = new Error('ECONNREFUSED');
  const error = failure('DAEMON_NOT_RUNNING', { socket: '/run/rekindle/api.sock' }, cause);
  expect(error).toMatchObject({
    code: 'DAEMON_NOT_RUNNING',
    message: 'no rekindled answers at /run/rekindle/api.sock',
    about: { socket: '/run/rekindle/api.sock' },
    exit: 3,
    cause,
  });
  expect(error.todo).toContain('rekindle up');
});

test('fail throws, and its details are checked by the compiler', () => {
  expect(() => fail('WRONG_ARGUMENT', { what: 'no such host', help: 'rekindle fence --help' })).toThrow('no such host');
  // @ts-expect-error: `help` is missing
  expect(() => fail('WRONG_ARGUMENT', { what: 'no such host' })).toThrow();
});
