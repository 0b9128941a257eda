import { expect, test } from 'vitest';
import { parseRates } from '../../cli/simulate/rates-file.ts';
import { RATES } from '../../sim/years/rates.ts';

test('a file replaces what it names, and nothing else', () => {
  const rates = parseRates('link-down: { perYear: 2, lasts: [5s, 1.5h] }\nperson: { reacts: [5m, 20m] }\n', 'my.yaml');
  expect(rates.kinds['link-down']).toEqual({ perYear: 2, lastsMs: [5_000, 5_400_000] });
  expect(rates.personMs).toEqual([300_000, 1_200_000]);
  expect(rates.kinds['kernel-panic'].perYear).toBe(RATES.kinds['kernel-panic'].perYear);
  expect(parseRates('', 'empty.yaml')).toEqual({ kinds: RATES.kinds, personMs: RATES.personMs });
});

test('everything wrong is told at once, each with its place and what was meant', () => {
  const text = [
    'kernel-panik: { perYear: 1 }',
    'link-down: { peryear: 1, lasts: [2h, 5s] }',
    'host-hang: { perYear: often }',
    'kernel-panic: { lasts: [1s, 2s] }',
  ].join('\n');
  let error: unknown;
  try {
    parseRates(text, 'my.yaml');
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: 'RATES_INVALID', exit: 2 });
  expect((error as Error).message).toBe(
    [
      '5 problems found in the failure rates of my.yaml:',
      'my.yaml:1:1 unknown key "kernel-panik" — did you mean "kernel-panic"?',
      'my.yaml:2:14 unknown key "peryear" — did you mean "perYear"?',
      'my.yaml:2:33 link-down.lasts is not a range — write [least, most], for instance [30s, 2h], at most 30d',
      'my.yaml:3:23 host-hang.perYear is not a number from 0 to 8760',
      'my.yaml:4:17 unknown key "lasts" — known here: perYear',
    ].join('\n'),
  );
});
