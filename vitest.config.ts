import { defineConfig } from 'vitest/config';

/** Start no server and no machine, and measure no time, or mostly wait for a BMC: they may share the cores. */
const SHARING = [
  'api',
  'check',
  'config',
  'explore',
  'machines',
  'mutants',
  'power',
  'replay',
  'services',
  'sim',
  'story',
  'years',
];

const sharing = [...SHARING.map((name) => `test/${name}/**/*.test.ts`), 'test/contract/power.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'sharing', include: sharing, testTimeout: 60_000, maxWorkers: 2, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        // Real servers and machines: one file at a time keeps their timings honest.
        test: {
          name: 'real',
          include: ['test/**/*.test.ts'],
          exclude: sharing,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
