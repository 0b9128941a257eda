import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { planSchema } from '../../sim/explore/plan.ts';
import { runSeed } from '../../sim/explore/run-seed.ts';

const kept = z
  .array(z.strictObject({ seed: z.number().int(), found: z.string(), why: z.string(), plan: planSchema }))
  .parse(JSON.parse(readFileSync(new URL('../../sim/explore/kept.json', import.meta.url), 'utf8')));

describe('what exploration once found stays mended', () => {
  test.each(kept)('seed $seed, $found: $why', { timeout: 120_000 }, async ({ seed, plan }) => {
    const { violations, unsettled } = await runSeed(seed, { plan });
    expect({ violations, unsettled }).toEqual({ violations: [], unsettled: [] });
  });
});
