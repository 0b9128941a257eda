import { defineConfig } from 'vitest/config';

/** Start no server and measure no time, or mostly wait, for a BMC or a machine without KVM: they may share the cores. */
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

/** One alone of those that build an installer, for they build it in the same place. */
const WAITING = ['contract/power', 'image/boot', 'pxe/installer'];

const sharing = [
  ...SHARING.map((name) => `test/${name}/**/*.test.ts`),
  ...WAITING.map((name) => `test/${name}.test.ts`),
];

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
