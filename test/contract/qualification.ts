import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Instance } from '../../machines/entries.ts';
import type { Qualification } from '../../services/ports.ts';
import type { Passing } from './time.ts';

export interface QualificationHarness extends Passing {
  readonly qualification: Omit<Qualification, 'ways'>;
  /** A definition whose images are there or not. */
  definition(images: 'there' | 'gone'): string;
  storage(is: 'there' | 'gone'): void;
  grant(name: string, granted: boolean): void;
  libvirt(is: 'well' | 'killed'): Promise<void>;
  /** What libvirt knows of, defined or running. */
  known(): Promise<readonly string[]>;
  running(): Promise<readonly Instance[]>;
  end(): Promise<void>;
}

export function qualificationContract(name: string, makeHarness: () => Promise<QualificationHarness>): void {
  describe(`Qualification, ${name}`, () => {
    let it: QualificationHarness;
    beforeAll(async () => {
      it = await makeHarness();
    }, 60_000);
    afterAll(() => it?.end());
    const settle = <T>(promise: Promise<T>) => it.settle(promise);
    const CANARY = 'rekindle-canary';

    test('a host that can run what the cluster has says what it runs it with', async () => {
      expect(await settle(it.qualification.virtualization([it.definition('there')]))).toMatchObject({
        kind: 'succeeded',
        detail: expect.stringMatching(/^\w+ x86_64 by /),
      });
    });

    test('images are there, or the one that is not is named', async () => {
      it.storage('there');
      expect(await settle(it.qualification.images(it.definition('there')))).toMatchObject({ kind: 'succeeded' });
      it.storage('gone');
      expect(await settle(it.qualification.images(it.definition('gone')))).toMatchObject({ kind: 'failed' });
      it.storage('there');
    });

    test('the canary runs when it is let through, again as well, and leaves nothing behind', async () => {
      it.grant(CANARY, true);
      for (const _ of [1, 2]) {
        expect(await settle(it.qualification.canary(CANARY, '0.0'))).toMatchObject({
          kind: 'succeeded',
          detail: expect.stringContaining('ran'),
        });
        expect(await settle(it.running())).toEqual([]);
        expect(await settle(it.known())).toEqual([]);
      }
    });

    test('without a grant it does not start: the hook is at work', async () => {
      it.grant(CANARY, false);
      expect(await settle(it.qualification.canary(CANARY, '0.0'))).toMatchObject({
        kind: 'failed',
        reason: expect.stringContaining('no grant'),
      });
      expect(await settle(it.known())).toEqual([]);
    });

    test('of a host whose libvirt does not answer nothing is known', async () => {
      await settle(it.libvirt('killed'));
      it.grant(CANARY, true);
      for (const answer of [it.qualification.virtualization([]), it.qualification.canary(CANARY, '0.0')])
        expect(await settle(answer)).toMatchObject({ kind: 'unknown' });
      await settle(it.libvirt('well'));
      await it.until('it answers again', async () => {
        const again = await settle(it.qualification.virtualization([]));
        return again.kind === 'succeeded';
      });
    }, 60_000);
  });
}
