import { defineConfig } from 'vitest/config';

/** Start no server and no machine, and measure no time: they may share the cores. */
const PURE = [
  'api',
  'check',
  'config',
  'explore',
  'machines',
  'mutants',
  'replay',
  'services',
  'sim',
  'story',
  'years',
];

const pure = PURE.map((name) => `test/${name}/**/*.test.ts`);

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'pure', include: pure, testTimeout: 60_000, maxWorkers: 2, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        // Tests that start real servers share two cores; one file at a time keeps their timings honest.
        test: {
          name: 'real',
          include: ['test/**/*.test.ts'],
          exclude: pure,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
